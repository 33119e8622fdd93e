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
  for (const image of document.querySelectorAll(".cell_output figure img")) { // panels side by side keep a size to read
    const boxed = () => {
      if (image.naturalWidth < 1.8 * image.naturalHeight) return;
      const box = Object.assign(document.createElement("div"), { className: "panels" });
      image.replaceWith(box);
      box.append(image);
      sizes.observe(box);
    };
    if (image.complete) boxed();
    else image.addEventListener("load", boxed, { once: true });
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
