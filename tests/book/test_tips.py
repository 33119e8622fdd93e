"""What the pages show on hover: made right from its sources, and shown to mouse, keyboard and finger."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

from builder.site import hover

from ._toy import CHAPTER
from .conftest import ROOT, ToyBook

SHOWN = "#landscape-tip:not([hidden])"


@pytest.fixture(scope="module")
def site(built: ToyBook) -> Path:
    return built.html


# ---- The texts ----


def test_notation_of_the_book_is_whole():
    rows = {(row["tex"], row["chapter"]): row for row in hover.notation(ROOT / "book" / "notation.md")}
    table = [line for line in (ROOT / "book" / "notation.md").read_text().splitlines() if line.startswith("| $")]
    assert len(rows) == len(table), "one symbol a row, and none stands twice"
    assert not [line for line in table if "," in re.sub(r"[=(].*", "", line.split("|")[1])]
    assert rows["\\mathcal N", None]["symbol"] == "𝒩" and rows["\\chi^2", 4]["symbol"] == "χ²"
    assert rows[r"N_\Delta", None]["code"] == "unsatisfied"
    assert rows["f", None]["symbol"] == "f", "its arguments are no part of the symbol"
    assert ("W", None) not in rows and rows["W", 3]["means"].startswith("width"), "a chapter's own"
    assert not any(set(row["symbol"] + row["means"]) & set("$\\{}^") for row in rows.values())


@pytest.mark.parametrize(
    "row, says",
    [
        (r"| $\aleph$ | | a cardinal |", r"line 3 ($\aleph$): \aleph has no plain form"),
        (r"| $x$ | | root $\sqrt{1 + x}$ |", r"line 3 ($x$): {1 has no plain form"),
        (r"| $x$ | an input |", "line 3: need | $symbol$ | `code` or nothing | meaning |"),
    ],
)
def test_a_row_that_cannot_be_shown_is_named(tmp_path: Path, row: str, says: str):
    file = tmp_path / "notation.md"
    file.write_text(f"| Symbol | In code | Meaning |\n| --- | --- | --- |\n{row}\n")
    with pytest.raises(hover.BuildError) as stopped:
        hover.notation(file)
    assert says in str(stopped.value)


def test_a_term_stands_once(tmp_path: Path):
    file = tmp_path / "glossary.md"
    file.write_text("# Glossary\n\n### A gap\n\nA [hole](#hole)\nof $10^{-12}$.\n\n## More\n\n### Hole\n\nA gap.\n")
    assert hover.glossary(file) == {
        "a-gap": {"term": "A gap", "text": "A hole of 10⁻¹²."},
        "hole": {"term": "Hole", "text": "A gap."},
    }
    file.write_text(file.read_text() + "\n### A gap\n\nAgain.\n")
    with pytest.raises(hover.BuildError, match="A gap: stands twice"):
        hover.glossary(file)


BIB = "@article{key, author = {%s}, title = {T}, %s year = {2020}, doi = {10.1/X}}"


@pytest.mark.parametrize(
    "authors, who",
    [
        ("d'Ascoli, St{\\'e}phane", "S. d'Ascoli"),
        ("Kingma, Diederik P. and Ba, Jimmy", "D. P. Kingma and J. Ba"),
        ("A, X and B, X and C, X and D, X", "X. A, X. B, X. C and X. D"),
        ("A, X and B, X and C, X and D, X and E, X", "X. A, X. B, X. C and 2 others"),
    ],
)
def test_reference(tmp_path: Path, authors: str, who: str):
    file = tmp_path / "references.bib"
    file.write_text(BIB % (authors, "journal = {J}, volume = {3},"))
    assert hover.references(file) == {"10.1/x": {"authors": who, "title": "T", "place": "J 3 (2020)", "doi": "10.1/X"}}
    file.write_text(BIB % (authors, ""))
    with pytest.raises(hover.BuildError, match="references.bib, key: need author, title, year, and journal"):
        hover.references(file)


@pytest.mark.parametrize(
    "where, text, says",
    [
        ("page", "[A](https://doi.org/10.1000/no_(1)x)", "book/index.md: links to doi:10.1000/no_(1)x, which"),
        ("cell", "See <https://doi.org/10.1000/none>.", "notebooks/01_toy.ipynb, cell 3: links to doi:10.1000/none,"),
        ("page", "[A](glossary.md#gup)", "book/index.md: links to glossary.md#gup; book/glossary.md has pattern,"),
        ("cell", "[A](../book/glossary.md#gup)", "notebooks/01_toy.ipynb, cell 3: links to glossary.md#gup;"),
    ],
)
def test_a_link_that_would_show_nothing_stops_the_build(where: str, text: str, says: str):
    known = hover.tips(ROOT / "book")
    good = "[Geiger](https://doi.org/10.1103/PHYSREVE.100.012115), a [gap](../book/glossary.md#gap)."
    places = {"book/index.md": good, "notebooks/01_toy.ipynb, cell 3": good}
    hover.check_links(places, known)
    with pytest.raises(hover.BuildError) as stopped:
        hover.check_links(
            places | {("book/index.md" if where == "page" else "notebooks/01_toy.ipynb, cell 3"): text}, known
        )
    assert says in str(stopped.value)
    assert hover.as_script(known).startswith("window.landscapeTips = {")


# ---- The pages ----

KATEX = (
    '<span class="katex-mathml"><math><semantics><mrow></mrow><annotation encoding="application/x-tex">%s</annotation>'
)
KATEX = f'{KATEX}</semantics></math></span><span class="katex-html" aria-hidden="true">formula</span>'


def legend(page: Page) -> list[str]:
    """The symbols in the tip that is shown."""
    return [symbol.inner_text() for symbol in page.locator(f"{SHOWN} b").all()]


def see(page: Page, selector: str) -> str:
    page.mouse.move(0, 0)
    page.locator(selector).first.hover()
    return page.wait_for_selector(SHOWN).inner_text()


@pytest.mark.parametrize("typeset", ["katex", "source"])
@pytest.mark.parametrize(
    "tex, symbols",
    [
        ("N^*", ["N*"]),
        ("N / N^{*}", ["N", "N*"]),
        (r"\theta", ["θ"]),
        (r"N_{\Delta}/N", ["NΔ", "N"]),
        (r"\mathcal{L} = \frac{1}{P} \sum_\mu \tfrac12 \max(0, \Delta_\mu)^2 .", ["ℒ", "P", "Δμ"]),
        (r"y f(x)", ["yμ", "f", "xμ"]),
        (r"N = (d + 1)\, h + (L - 1)\, h^2", ["N", "d", "h", "L"]),
        (r"\mathcal{N}_0, N_0, x', h_{ab}^2, \mathrm{d}, \text{the share of N}, \hat P, W_h, \mathbb{P}, w", ["w"]),
        (r"c_{0} P, c_1", ["P"]),
        (r"N, \mathcal{N}(0, 1)", ["N", "𝒩"]),
    ],
)
def test_legend_of_a_formula(page: Page, site: Path, tmp_path: Path, tex: str, symbols: list[str], typeset: str):
    page.goto(snippet(site, tmp_path / "page.html", KATEX % tex if typeset == "katex" else rf"\({tex}\)"))
    page.locator(".math").hover()
    page.wait_for_selector(SHOWN)
    assert legend(page) == symbols


def snippet(site: Path, file: Path, formula: str) -> str:
    """The address of a page that holds one formula, and the book's scripts."""
    address = (site / "_static").as_uri()
    scripts = "".join(f'<script src="{address}/{name}"></script>' for name in ("tips-data.js", "tips.js"))
    article = f'<article class="bd-article">A <span class="math">{formula}</span>.</article>'
    file.write_text(f'<meta charset="utf-8">{article}{scripts}')
    return file.as_uri()


@pytest.mark.parametrize(
    "name, symbol, means", [("03_toy", "W", "width of the transition"), ("04_toy", "w", "all the parameters")]
)
def test_a_chapters_own_symbols_hold_in_it_only(
    page: Page, site: Path, tmp_path: Path, name: str, symbol: str, means: str
):
    page.goto(snippet(site, tmp_path / f"{name}.html", KATEX % symbol))
    assert means in see(page, ".math")


def test_hover_shows_terms_references_and_symbols(page: Page, site: Path):
    page.goto((site / CHAPTER).as_uri())
    assert "minus the output times the label" in see(page, "article a[href$='glossary.html#gap']")
    text = see(page, "article a[href*='doi.org/10.1103']")
    assert "M. Geiger" in text and "Physical Review E 100 (2019)" in text and "10.1103/PhysRevE.100.012115" in text
    see(page, "div.math")
    assert legend(page) == ["Δμ", "yμ", "f", "xμ"]
    # The tip may be entered, and stays; it goes when the pointer leaves both.
    page.locator(SHOWN).hover()
    page.wait_for_timeout(500)
    assert page.locator(SHOWN).count() == 1
    page.mouse.move(2, 2)
    page.wait_for_selector(SHOWN, state="detached")


def test_focus_shows_and_escape_hides(page: Page, site: Path):
    page.goto((site / CHAPTER).as_uri())
    link = page.locator("article a[href$='glossary.html#gap']").first
    link.focus()  # as by Tab: a script's focus is visible where the keyboard is in use
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    tip = page.locator(SHOWN)
    assert "minus the output" in tip.inner_text()
    assert tip.get_attribute("role") == "tooltip" and link.get_attribute("aria-describedby") == tip.get_attribute("id")
    page.keyboard.press("Escape")
    assert tip.count() == 0 and link.get_attribute("aria-describedby") is None
    assert link.evaluate("node => node === document.activeElement"), "the focus stays"
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert tip.count() == 1, "it can be had again"
    page.keyboard.press("Tab")
    page.wait_for_function("document.activeElement.matches('div.math')")
    assert legend(page) == ["Δμ", "yμ", "f", "xμ"], "a formula on a line of its own is reached by the keyboard"


def test_escape_dismisses_what_the_mouse_is_on(page: Page, site: Path):
    page.goto((site / CHAPTER).as_uri())
    see(page, "div.math")
    page.keyboard.press("Escape")
    box = page.locator("div.math").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2 + 9, box["y"] + box["height"] / 2)
    page.wait_for_timeout(500)
    assert page.locator(SHOWN).count() == 0, "not shown again while the pointer stays on it"


def test_a_citation_shows_its_reference_once(page: Page, site: Path):
    page.goto((site / "book/index.html").as_uri())
    text = see(page, "article a[href*='bibliography.html#']")
    assert "Jamming transition as a paradigm" in text and "doi:10.1103" in text
    assert page.locator("article a[href*='bibliography.html#'][title]").count() == 0, "or the browser shows it too"


@pytest.mark.parametrize("what", ["a[href*='doi.org']", "a[href*='glossary.html#']", ".has-legend"])
def test_a_tip_stays_within_a_phone(page: Page, site: Path, what: str):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto((site / CHAPTER).as_uri())
    for target in page.locator(f"article {what}").all()[::5]:
        if not target.is_visible():
            continue
        page.mouse.move(0, 0)
        page.wait_for_selector(SHOWN, state="detached")
        target.hover()
        box = page.wait_for_selector(SHOWN).bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360
        assert box["y"] >= 0 and box["y"] + box["height"] <= 740
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_finger_taps(browser: Browser, site: Path):
    # Without motion: on a busy machine a tap would land while the page still scrolls, or a font still comes in.
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto((site / CHAPTER).as_uri())
    page.evaluate("document.fonts.ready.then(() => true)")
    formula = page.locator("article .has-legend").first
    formula.scroll_into_view_if_needed()
    formula.tap()
    assert page.locator(SHOWN).inner_text().startswith("N*")
    page.locator("article h1").tap()
    assert page.locator(SHOWN).count() == 0
    context.close()


def test_every_term_has_its_place_on_the_page(site: Path):
    glossary = BeautifulSoup((site / "book/glossary.html").read_text(encoding="utf-8"), "html.parser")
    assert set(hover.glossary(ROOT / "book" / "glossary.md")) <= {
        section["id"] for section in glossary.select("article section")
    }


def test_a_link_to_a_term_leads_there(site: Path):
    assert 'href="glossary.html#gap"' in (site / "book/index.html").read_text()
    assert 'href="../book/glossary.html#gap"' in (site / CHAPTER).read_text()
    assert "minus the output" in (site / "_static/tips-data.js").read_text()
