// What is wider than a phone scrolls in its own box, and the keyboard must reach that box: it is a tab stop while it has
// something to scroll. The theme does the same for code and tables.
const reach = box => {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
};
addEventListener("DOMContentLoaded", () => {
  const sizes = new ResizeObserver(entries => entries.forEach(entry => reach(entry.target)));
  const boxes = document.querySelectorAll(".katex-display");
  boxes.forEach(box => sizes.observe(box));
  document.fonts.ready.then(() => boxes.forEach(reach));
});

// Panels side by side would be too small on a phone. There the picture is shown once for each panel, below each other,
// cut where the library found nothing drawn: class "panels", and "cut-…" in thousandths of its width. Readers of the
// alternative text keep the whole picture.
addEventListener("DOMContentLoaded", () => {
  for (const image of document.querySelectorAll("img.panels")) {
    const stack = Object.assign(document.createElement("div"), { className: "stacked" });
    stack.ariaHidden = "true";
    const cuts = [...image.classList].filter(name => name.startsWith("cut-")).map(name => Number(name.slice(4)) / 1000);
    [0, ...cuts].forEach((left, i) => {
      const width = (cuts[i] ?? 1) - left;
      const panel = stack.appendChild(document.createElement("div"));
      const part = panel.appendChild(Object.assign(document.createElement("img"), { src: image.src, alt: "" }));
      part.classList.toggle("dark-light", image.classList.contains("dark-light"));
      part.style.width = `${100 / width}%`;
      part.style.marginLeft = `${(-100 * left) / width}%`;
    });
    image.after(stack);
    image.classList.add("in-parts");
    const follow = () => stack.querySelectorAll("img").forEach(part => { part.src = image.src; });
    new MutationObserver(follow).observe(image, { attributeFilter: ["src"] }); // an explorer's picture changes
  }
});

// Where these are too narrow, the style sheet makes a card of each row; then each cell needs its column's name. Laid out
// so, a browser may take it for no table any more: the roles say that it is one.
addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("table:is(.scoreboard, .runs, .field)")) {
    const names = [...table.querySelectorAll("thead th")].map(cell => cell.textContent.trim());
    const roles = { table: [table], rowgroup: table.querySelectorAll("thead, tbody"), row: table.rows };
    Object.assign(roles, { columnheader: table.querySelectorAll("th"), cell: table.querySelectorAll("td") });
    for (const [role, nodes] of Object.entries(roles)) for (const node of nodes) node.setAttribute("role", role);
    for (const cell of roles.cell) cell.dataset.label = names[cell.cellIndex];
    const narrow = parseFloat(getComputedStyle(document.documentElement).fontSize) * (table.matches(".field") ? 34 : 48);
    const follow = ([{ contentRect }]) => table.classList.toggle("cards", contentRect.width < narrow);
    new ResizeObserver(follow).observe(table.parentElement);
  }
});

// A prediction hides what follows, down to what was measured, until the reader commits or asks to see it. A search in the
// page finds what is hidden, and a link to it shows it. Without script nothing is hidden.
addEventListener("DOMContentLoaded", () => {
  const blocks = [...document.querySelectorAll("article section > :not(section)")];
  const asks = "[data-card=choice], [data-card=curve]";
  const kept = form => `landscape shown ${location.pathname} ${form.dataset.about}`;
  const store = { get: name => { try { return sessionStorage.getItem(name); } catch { return null; } },
                  set: name => { try { sessionStorage.setItem(name, "1"); } catch { /* it is hidden again on return */ } } };
  const open = new Set(), covers = new Map();
  for (const form of document.querySelectorAll(asks)) {
    const answer = document.querySelector(`[data-card=answer][data-about="${form.dataset.about}"]`);
    const from = blocks.findIndex(block => block.contains(form)), to = blocks.findIndex(block => block.contains(answer));
    if (!answer || from < 0 || to <= from) continue;
    covers.set(form, blocks.slice(from + 1, to + 1).filter(block => !block.querySelector(asks)));
    if (store.get(kept(form)) || form.querySelector("button[type=submit]").disabled) open.add(form);
    const show = document.createElement("button");
    show.type = "button";
    show.className = "show-what-follows";
    show.textContent = "Show what follows";
    show.addEventListener("click", () => reveal(form));
    form.querySelector("button[type=submit]").after(" ", show);
  }
  const draw = () => {
    const hidden = new Set([...covers].filter(([form]) => !open.has(form)).flatMap(([, covered]) => covered));
    for (const covered of covers.values()) for (const block of covered)
      if (hidden.has(block)) block.setAttribute("hidden", "until-found");
      else block.removeAttribute("hidden");
    for (const form of covers.keys()) form.querySelector(".show-what-follows").hidden = open.has(form);
  };
  const reveal = (...forms) => {
    for (const form of forms) { open.add(form); store.set(kept(form)); }
    draw();
  };
  const reveal_at = spot => reveal(...[...covers].filter(([, all]) => all.some(block => block.contains(spot))).map(([f]) => f));
  document.addEventListener("landscape-prediction", ({ detail }) => {
    for (const form of covers.keys())
      if (form.dataset.about === detail && form.querySelector("button[type=submit]").disabled) open.add(form);
    draw();
  });
  document.addEventListener("beforematch", ({ target }) => reveal_at(target));
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const first = target?.matches("section") ? target.firstElementChild : target; // a section's heading
    if (first && first.closest("[hidden]")) { reveal_at(first); target.scrollIntoView(); }
  };
  addEventListener("hashchange", follow);
  draw();
  follow();
});

// Paper is white: print in the light colours whatever the screen has.
{
  const root = document.documentElement;
  let onScreen;
  addEventListener("beforeprint", () => { onScreen = root.dataset.theme; root.dataset.theme = "light"; });
  addEventListener("afterprint", () => { root.dataset.theme = onScreen; });
}
