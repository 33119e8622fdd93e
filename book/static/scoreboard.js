// Filters for the scoreboard. Without script the whole table stands. What is chosen stands in the address after #, so
// that it can be sent to somebody; #claim-… leads to its row, which is shown whatever was chosen.
(() => {
  "use strict";
  const rows = [...document.querySelectorAll("table.scoreboard tbody tr")].map(row => {
    const section = row.closest("section");
    const { chapter, verdict, agreement } = row.querySelector("[data-verdict]").dataset;
    return { row, section, chapter, verdict, agreement };
  });
  if (!rows.length) return;

  const heading = ({ section }) => section.querySelector("h2").firstChild.textContent.trim();
  const NAMES = {
    chapter: ["Chapter", heading],
    verdict: ["Verdict", ({ verdict }) => verdict],
    agreement: ["Live and larger run", ({ agreement }) => agreement],
  };
  const bar = document.createElement("div"), count = document.createElement("p"), selects = {};
  bar.className = "filters";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Filter the claims");
  count.setAttribute("role", "status");
  for (const [name, [title, text]] of Object.entries(NAMES)) {
    const select = (selects[name] = document.createElement("select")), label = document.createElement("label");
    select.add(new Option("all", "all"));
    for (const [value, words] of new Map(rows.map(row => [row[name], text(row)]))) select.add(new Option(words, value));
    select.addEventListener("change", () => {
      const chosen = Object.entries(selects).filter(([, { value }]) => value !== "all");
      history.replaceState(null, "", `#${new URLSearchParams(chosen.map(([key, { value }]) => [key, value]))}`);
      apply();
    });
    label.append(title, " ", select);
    bar.append(label);
  }
  bar.append(count);
  rows[0].section.before(bar);

  function apply() {
    for (const claim of rows)
      claim.row.hidden = Object.entries(selects).some(([name, { value }]) => value !== "all" && value !== claim[name]);
    for (const section of new Set(rows.map(({ section }) => section)))
      section.hidden = rows.every(({ row, section: its }) => its !== section || row.hidden);
    count.textContent = `${rows.filter(({ row }) => !row.hidden).length} of ${rows.length} claims`;
  }

  // What the address asks for: a row, or a choice. A value that no row has is as good as none.
  function read() {
    const target = document.getElementById(location.hash.slice(1));
    const wanted = new URLSearchParams(target ? "" : location.hash.slice(1));
    for (const [name, select] of Object.entries(selects)) {
      select.value = wanted.get(name) ?? "all";
      if (select.selectedIndex < 0) select.value = "all";
    }
    apply();
    if (target) target.scrollIntoView();
  }
  addEventListener("hashchange", read);
  read();
})();
