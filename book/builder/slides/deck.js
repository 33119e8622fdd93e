// Inside a card the keys are the card's. Escape hands them back, and so do a mouse that has done its work, a commitment,
// and Page Up and Page Down, which are what a presenter's remote sends. With `?short` the deck is that of a short class,
// also where somebody writes it behind the address of a slide.
const held = () => document.activeElement.closest("[data-card]");
const release = () => held() && document.activeElement.blur();
let mouse = false;
document.addEventListener("pointerdown", () => { mouse = true; }, true);
document.addEventListener("keydown", (event) => {
  mouse = false;
  if (!held() || !["Escape", "PageUp", "PageDown"].includes(event.key)) return;
  release();
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "PageDown") Reveal.next();
  if (event.key === "PageUp") Reveal.prev();
}, true);
document.addEventListener("submit", release);
document.addEventListener("click", (event) => mouse && !event.target.closest("select") && release());
document.addEventListener("change", () => mouse && release());
const shorten = () => location.hash.includes("short") && location.replace("?short");
window.addEventListener("hashchange", shorten);
shorten();
if (location.search.includes("short")) document.querySelectorAll("[data-long]").forEach((section) => section.remove());
Reveal.initialize({
  width: 1280, height: 720, margin: 0.03, center: false, display: "flex",
  transition: "none", backgroundTransition: "none", hash: true,
  slideNumber: "c/t", navigationMode: "linear", plugins: [RevealNotes],
  keyboardCondition: () => !held(),
});
