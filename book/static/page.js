// A formula wider than the page scrolls in its own box, and the keyboard must reach that box: it is a tab stop while it
// has something to scroll. The theme does the same for code and tables.
addEventListener("DOMContentLoaded", () => {
  const boxes = document.querySelectorAll(".katex-display");
  const reach = box => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const sizes = new ResizeObserver(entries => entries.forEach(entry => reach(entry.target)));
  boxes.forEach(box => sizes.observe(box));
  document.fonts.ready.then(() => boxes.forEach(reach));
});

// Paper is white: print in the light colours whatever the screen has.
{
  const root = document.documentElement;
  let onScreen;
  addEventListener("beforeprint", () => { onScreen = root.dataset.theme; root.dataset.theme = "light"; });
  addEventListener("afterprint", () => { root.dataset.theme = onScreen; });
}
