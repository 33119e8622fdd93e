// Previews on hover and on keyboard focus: what the symbols of a formula mean, a term, a reference. Their texts are in
// tips-data.js, made from notation.md, glossary.md and references.bib while the book was built (book/builder/site/hover.py).
(() => {
  "use strict";
  const { notation, glossary, doi } = window.landscapeTips;
  const article = document.querySelector("article.bd-article");
  if (!article) return;

  // ---- What a formula says ----

  // The tokens of TeX: commands and single characters. Words in it are dropped, braces around one token too; an accent
  // or a font makes another symbol of the token after it.
  function tokens(tex) {
    const words = /\\(text|textrm|mathrm|operatorname|begin|end|label|tag)\*?\s*\{[^{}]*\}/g;
    const spaces = /\\(left|right|[bB]ig[lr]?|q?quad|displaystyle|limits)(?![a-zA-Z])|\\[,;:! ()[\]]|[\s&~]/g;
    let all = tex.replace(words, " ").replace(spaces, " ").match(/\\[a-zA-Z]+|\\.|\S/g) || [];
    for (let i = 0; i + 2 < all.length; i++)
      if (all[i] === "{" && all[i + 2] === "}" && all[i + 1] !== "{") all.splice(i, 3, all[i + 1]);
    const marks = /^\\(mathcal|mathbb|mathbf|mathsf|mathfrak|boldsymbol|bm|hat|bar|tilde|vec|dot|widehat|overline)$/;
    for (let i = 0; i + 1 < all.length; i++) if (marks.test(all[i])) all.splice(i, 2, `${all[i]} ${all[i + 1]}`);
    return all;
  }

  // The rows of the notation that hold here: a chapter's own meaning of a symbol goes before the book's. Longest first,
  // so that N^* is not N.
  const chapter = Number((location.pathname.match(/\/(\d\d)_[^/]*$/) || [])[1]);
  const rows = new Map(notation.filter(row => row.chapter === null).map(row => [row.tex, row]));
  for (const row of notation) if (row.chapter === chapter) rows.set(row.tex, row);
  const symbols = [...rows.values()].map(row => ({ row, is: tokens(row.tex) }));
  // The index μ counts patterns and is often left out: y is y_μ.
  for (const { row, is } of [...symbols])
    if (is.slice(-2).join("") === "_\\mu") symbols.push({ row, is: is.slice(0, -2) });
  symbols.sort((a, b) => b.is.length - a.is.length);

  // The rows for the known symbols in a formula. A subscript, a star or a prime that the notation does not have makes
  // another symbol; a power does not. What stands in a subscript is an index.
  function legend(tex) {
    const all = tokens(tex), found = new Set();
    for (let i = 0; i < all.length; i++) {
      const known = symbols.find(({ is }) => {
        const next = i + is.length, after = all[next] === "^" ? all[next + 1] : all[next];
        return is.every((token, k) => token === all[i + k]) && !/^(_|'|\*|\\star|\\ast|\\prime)$/.test(after);
      });
      if (known) {
        found.add(known.row);
        i += known.is.length - 1;
      } else if (all[i] === "_" && all[++i] === "{") {
        for (let depth = 1; depth && ++i < all.length; ) depth += (all[i] === "{") - (all[i] === "}");
      }
    }
    return [...found];
  }

  // ---- What is shown, for which element ----

  function element(name, ...children) {
    const node = document.createElement(name);
    node.append(...children);
    return node;
  }
  // Plain words, with what follows a _ set low.
  const words = text => text.split(/_(\S)/).map((part, i) => (i % 2 ? element("sub", part) : part));

  const inCode = code => (code ? [" (in code: ", element("code", code), ")"] : []);
  const symbolLine = ({ symbol, code, means }) =>
    element("p", element("b", ...words(symbol)), " ", ...words(means), ...inCode(code));
  const termLines = ({ term, text }) => [element("p", element("b", term)), element("p", ...words(text))];
  const paperLines = ({ authors, title, place, doi }) =>
    [element("p", authors), element("p", element("i", title)), element("p", place), element("p", `doi:${doi}`)];

  const tips = new Map(); // element → function that makes the nodes of its tip
  const onGlossary = /\/glossary\.html$/.test(location.pathname);
  for (const link of article.querySelectorAll("a[href]:not(.headerlink)")) {
    const [page, anchor = ""] = link.getAttribute("href").split("#");
    const toDoi = /^https?:\/\/(dx\.)?doi\.org\//.test(page);
    const paper = toDoi && doi[decodeURIComponent(link.pathname.slice(1)).toLowerCase()];
    const term = (/glossary\.html$/.test(page) || (onGlossary && !page)) && glossary[anchor];
    if (paper) tips.set(link, () => paperLines(paper));
    else if (term) {
      tips.set(link, () => termLines(term));
      link.classList.add("term");
    } else if (link.title && /bibliography\.html$/.test(page)) {
      const reference = link.title; // the browser would show it too, and only to a mouse
      link.removeAttribute("title");
      tips.set(link, () => [element("p", reference)]);
    }
  }

  // KaTeX leaves a formula's source in an annotation; MathJax has not run yet, so the source is the text. On the page
  // of the notation itself a legend would repeat the row.
  for (const formula of /\/notation\.html$/.test(location.pathname) ? [] : article.querySelectorAll(".math")) {
    const source = formula.querySelector('annotation[encoding="application/x-tex"]') || formula;
    const rows = legend(source.textContent);
    if (!rows.length) continue;
    tips.set(formula, () => rows.map(symbolLine));
    formula.classList.add("has-legend");
    if (formula.matches("div")) {
      formula.tabIndex = 0; // one on its own line is a stop for the keyboard; those in a text would be too many
      formula.setAttribute("role", "group");
      formula.setAttribute("aria-label", "Formula");
    }
  }

  // ---- The tip: one element, which the pointer may enter, and Escape dismisses (WCAG 1.4.13) ----

  const tip = element("div");
  Object.assign(tip, { id: "landscape-tip", hidden: true });
  tip.setAttribute("role", "tooltip");
  document.body.append(tip);
  let shown = null, dismissed = null, timer = 0;

  function find(node) {
    while (node && !tips.has(node)) node = node.parentElement;
    return node;
  }
  const focused = () => (document.activeElement.matches(":focus-visible") ? find(document.activeElement) : null);

  function hide() {
    clearTimeout(timer);
    if (shown) shown.removeAttribute("aria-describedby");
    tip.hidden = true;
    shown = null;
  }

  // Below the line of text that is pointed at, above where there is no room, and always within the window.
  function show(node, y) {
    hide();
    shown = node;
    tip.replaceChildren(...tips.get(node)());
    tip.hidden = false;
    node.setAttribute("aria-describedby", tip.id);
    const lines = [...node.getClientRects()];
    const line = lines.find(({ top, bottom }) => top <= y && y <= bottom) || lines[0];
    const { clientWidth, clientHeight } = document.documentElement, { width, height } = tip.getBoundingClientRect();
    const start = line.width > width ? line.left + (line.width - width) / 2 : line.left;
    const below = line.bottom + 6 + height <= clientHeight || line.top - 6 < height;
    tip.style.left = `${scrollX + Math.max(8, Math.min(start, clientWidth - width - 8))}px`;
    tip.style.top = `${scrollY + (below ? line.bottom + 6 : line.top - 6 - height)}px`;
  }

  document.addEventListener("pointerover", event => {
    if (event.pointerType === "touch") return;
    clearTimeout(timer);
    if (tip.contains(event.target)) return;
    const pointed = find(event.target);
    if (pointed !== dismissed) dismissed = null;
    const next = pointed || focused();
    // The moment before hiding is enough to move into the tip.
    if (next !== shown && next !== dismissed)
      timer = setTimeout(() => (next ? show(next, event.clientY) : hide()), next ? 100 : 250);
    else if (!next) hide();
  });
  document.documentElement.addEventListener("pointerleave", () => (timer = setTimeout(hide, 250)));
  // A finger has no hover: it taps. A link that is tapped is followed.
  document.addEventListener("pointerup", event => {
    if (event.pointerType !== "touch" || tip.contains(event.target)) return;
    const node = find(event.target);
    if (node && !event.target.closest("a")) show(node, event.clientY);
    else hide();
  });
  document.addEventListener("focusin", () => focused() && show(focused()));
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    dismissed = shown;
    hide();
  });
})();
