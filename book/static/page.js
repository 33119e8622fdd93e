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
      part.style.width = `${100 / width}%`;
      part.style.marginLeft = `${(-100 * left) / width}%`;
    });
    image.after(stack);
    image.classList.add("in-parts");
    const follow = () => stack.querySelectorAll("img").forEach(part => { part.src = image.src; });
    new MutationObserver(follow).observe(image, { attributeFilter: ["src"] }); // an explorer's picture changes
  }
});

// On a phone the style sheet makes a card of each row of these; then each cell needs its column's name. Laid out so, a
// browser may take it for no table any more: the roles say that it is one.
addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("table:is(.scoreboard, .runs)")) {
    const names = [...table.querySelectorAll("thead th")].map(cell => cell.textContent.trim());
    const roles = { table: [table], rowgroup: table.querySelectorAll("thead, tbody"), row: table.rows };
    Object.assign(roles, { columnheader: table.querySelectorAll("th"), cell: table.querySelectorAll("td") });
    for (const [role, nodes] of Object.entries(roles)) for (const node of nodes) node.setAttribute("role", role);
    for (const cell of roles.cell) cell.dataset.label = names[cell.cellIndex];
    table.classList.add("cards");
  }
});

// Paper is white: print in the light colours whatever the screen has.
{
  const root = document.documentElement;
  let onScreen;
  addEventListener("beforeprint", () => { onScreen = root.dataset.theme; root.dataset.theme = "light"; });
  addEventListener("afterprint", () => { root.dataset.theme = onScreen; });
}
