// Results of a search: sections, with the words around the first hit. All of it is in the page; nothing is fetched.
addEventListener("DOMContentLoaded", () => {
  "use strict";
  const place = document.getElementById("search-results");
  const asked = new URLSearchParams(location.search).get("q")?.trim() ?? "";
  const add = (parent, tag, text, attributes = {}) => {
    const node = parent.appendChild(document.createElement(tag));
    if (text) node.textContent = text;
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  for (const input of document.querySelectorAll("input[name=q]")) input.value = asked;
  place.setAttribute("role", "region");
  place.setAttribute("aria-label", "Search results");
  const status = add(place, "p", "", { role: "status" });
  if (!asked) return (status.textContent = "Type a word or two.");

  const fold = word => word.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");
  const index = new MiniSearch({ fields: ["title", "text"], storeFields: ["address", "title", "page", "text"], processTerm: fold });
  index.addAll(window.landscapeSections);
  const options = { prefix: true, fuzzy: term => (term.length > 5 ? 0.15 : false), boost: { title: 3 }, combineWith: "AND" };
  const found = index.search(asked, options).slice(0, 30);
  const many = `${found.length} section${found.length === 1 ? "" : "s"}`;
  status.textContent = found.length ? `${many} with “${asked}”.` : `Nothing with “${asked}”. Try fewer words, or other ones.`;

  const list = add(place, "ul", "", { class: "search" });
  for (const { address, title, page, text, terms } of found) {
    const item = add(list, "li");
    add(item, "a", title, { href: address });
    if (page !== title) add(item, "span", ` — ${page}`, { class: "where" });
    excerpt(add(item, "p"), text, terms);
  }

  function excerpt(paragraph, text, terms) {
    const folded = fold(text).length === text.length ? fold(text) : text.toLowerCase();
    const spot = Math.max(0, Math.min(...terms.map(term => folded.indexOf(term)).filter(at => at >= 0), Infinity));
    const first = Number.isFinite(spot) ? Math.max(0, text.lastIndexOf(" ", spot - 80) + 1) : 0;
    const shown = text.slice(first, first + 240);
    if (first > 0) paragraph.append("… ");
    const hits = new RegExp(`(${terms.map(term => term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "gi");
    for (const [i, part] of shown.split(hits).entries()) i % 2 ? add(paragraph, "mark", part) : paragraph.append(part);
    if (first + 240 < text.length) paragraph.append(" …");
  }
});
