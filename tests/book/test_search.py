"""The search of the site, from a file: it finds sections, and its excerpts can be read."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from builder.site.search import sections

from .conftest import ToyBook


def results(page: Page, built: ToyBook, asked: str) -> Page:
    page.goto(f"{(built.html / 'search.html').as_uri()}?q={asked}")
    return page


def test_a_search_leads_to_a_section_with_words_around_the_hit(page: Page, built: ToyBook):
    results(page, built, "slider")
    expect(page.get_by_role("status")).to_contain_text("with “slider”")
    first = page.locator(".search li").first
    assert first.locator("a").inner_text() == "3 Play" and "1. A toy" in first.locator(".where").inner_text()
    assert first.locator("mark").first.inner_text().lower() == "slider"
    first.locator("a").click()
    assert "notebooks/01_toy.html#" in page.url and page.locator(":target h2").inner_text().startswith("3 Play")


def test_formulas_in_excerpts_are_plain_symbols(page: Page, built: ToyBook):
    results(page, built, "patterns")
    assert not [text for text in page.locator(".search p").all_inner_texts() if "\\" in text or "$" in text]
    found = {section.title: section.text for section in sections({"a.html": PAGE})}
    assert found == {"Here": "Take N* weights, N_Δ of them.", "There": "More."}


PAGE = r"""<article class="bd-article"><section id="here"><h1>Here<a class="headerlink">#</a></h1>
<p>Take <span>\(N^*\)</span> weights, <span>\(N_\Delta\)</span> of them.</p><div class="cell_input">code</div>
<section id="there"><h2>There</h2><p>More.</p></section></section></article>"""


def test_what_is_not_there_and_nothing_asked(page: Page, built: ToyBook):
    results(page, built, "zzzyx")
    expect(page.get_by_role("status")).to_contain_text("Nothing with “zzzyx”")
    results(page, built, "")
    expect(page.get_by_role("status")).to_contain_text("Type a word")


def test_what_is_asked_is_only_text(page: Page, built: ToyBook):
    results(page, built, "%3Cimg%20src=x%20onerror=alert(1)%3E%20(")
    expect(page.get_by_role("status")).to_contain_text("<img src=x onerror=alert(1)> (")
    assert page.locator("article img").count() == 0
