"""The scoreboard in a browser: filters, rows and the boxes in the chapters, the plain table without script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from landscape_lib.report import anchor

from ._toy import CHAPTER
from .conftest import ToyBook

NAMES = ("Chapter", "Verdict", "Live and larger run")


@pytest.fixture(scope="module")
def board(built: ToyBook) -> Path:
    """A site with claims of two chapters: reproduced, not reproduced, and a chapter of one that is open."""
    return built.html


def shown(page: Page) -> list[str]:
    rows = page.locator("table.scoreboard tbody tr").all()
    return [row.locator("code").first.inner_text() for row in rows if row.is_visible()]


def choice(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name="Filter the claims").get_by_label(name)


EVERY = ["toy.mean", "toy.high", "toy.unmeasured", "more.open"]  # not reproduced, both; open, both


def test_filters_by_mouse(page: Page, board: Path):
    page.goto((board / "book/scoreboard.html").as_uri())
    count = page.get_by_role("status").filter(has_text="claims")
    assert shown(page) == EVERY and count.inner_text() == "4 of 4 claims"
    choice(page, "Live and larger run").select_option("differ")
    assert shown(page) == ["toy.mean"], "what counts is the larger run, which says the opposite"
    choice(page, "Live and larger run").select_option("all")
    choice(page, "Verdict").select_option("open")
    assert shown(page) == EVERY[2:] and count.inner_text() == "2 of 4 claims"
    choice(page, "Live and larger run").select_option("larger only")
    assert shown(page) == ["more.open"]
    headings = page.locator("article h2")
    assert [heading.is_visible() for heading in headings.all()] == [False, True], "a chapter without rows is away"
    choice(page, "Chapter").select_option(label="Chapter 1: toy")
    assert shown(page) == [] and count.inner_text() == "0 of 4 claims"
    for name in NAMES:
        choice(page, name).select_option("all")
    assert shown(page) == EVERY


def test_filters_by_keyboard_alone(page: Page, board: Path):
    page.goto((board / "book/scoreboard.html").as_uri())
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.parentElement.textContent.startsWith('Verdict')"):
            break
    page.keyboard.press("ArrowDown")  # all → not reproduced
    assert shown(page) == ["toy.mean", "toy.high"]
    page.keyboard.press("ArrowUp")
    assert shown(page) == EVERY
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('summary')"):
            break
    page.keyboard.press("Enter")
    assert page.get_by_text("Samples of mean zero.").locator("visible=true").count() == 1


def test_a_choice_is_in_the_address_and_a_link_to_a_hidden_row_shows_it(page: Page, board: Path):
    address = (board / "book/scoreboard.html").as_uri()
    page.goto(address)
    choice(page, "Verdict").select_option("not reproduced")
    chosen = page.url
    assert chosen.startswith(address + "#")
    page.goto("about:blank")
    page.goto(chosen)
    assert shown(page) == ["toy.mean", "toy.high"] and choice(page, "Verdict").input_value() == "not reproduced"
    page.evaluate("location.hash = 'claim-more.open'")
    page.wait_for_function("document.querySelector('[id=\"claim-more.open\"]').closest('tr').offsetParent")
    assert shown(page) == EVERY
    assert page.locator('[id="claim-more.open"]').evaluate("node => node.getBoundingClientRect().top < innerHeight")
    page.goto("about:blank")
    page.goto(address + "#verdict=maybe&agreement=differ")
    assert shown(page) == ["toy.mean"], "a value that no row has is as good as none"


def test_without_script_the_whole_table_stands(browser: Browser, board: Path):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto((board / "book/scoreboard.html").as_uri())
    assert shown(page) == EVERY
    assert page.locator("select").count() == 0, "no filter that does nothing"
    page.locator(".scoreboard summary").first.click()
    assert page.get_by_text("Samples of mean zero.").first.is_visible()
    context.close()


def test_on_a_phone_each_cell_says_what_it_is(page: Page, board: Path):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto((board / "book/scoreboard.html").as_uri())
    table = page.locator("table.scoreboard").first
    assert table.evaluate("node => node.parentElement.scrollWidth <= node.parentElement.clientWidth"), (
        "nothing to scroll"
    )
    label = "node => getComputedStyle(node, '::before').content"
    cells = table.locator("tbody tr").first.locator("td").all()[1:]
    names = ["Live", "Larger run", "Both", "Accepted", "The paper"]
    assert [json.loads(cell.evaluate(label)) for cell in cells] == names
    assert page.get_by_role("table").first.get_by_role("cell").count() >= 6, "and is a table to who hears it"


def test_the_field_is_a_table_on_a_screen_and_cards_on_a_phone(page: Page, board: Path):
    page.goto((board / CHAPTER).as_uri())
    table, is_card = page.locator("table.field"), "node => getComputedStyle(node.rows[1]).display == 'block'"
    fits = "node => node.parentElement.scrollWidth <= node.parentElement.clientWidth"
    for width, cards in ((1280, False), (360, True), (1280, False)):
        page.set_viewport_size({"width": width, "height": 740})
        page.wait_for_function(f"cards => ({is_card})(document.querySelector('table.field')) == cards", arg=cards)
        assert table.evaluate(fits), "nothing to scroll"


def test_from_each_box_to_its_row_and_back(page: Page, board: Path):
    records = json.loads((board.parent / "claims.json").read_text(encoding="utf-8"))
    assert records
    for record in records:
        name, chapter = anchor(record), f"notebooks/{record['page']}.html"
        page.goto((board / chapter).as_uri())
        box = page.locator(f'.claim[id="{name}"]')
        assert box.count() == 1 and record["verdict"] in box.inner_text()
        box.locator("summary").click()
        box.get_by_role("link", name=f"{record['id']} on the scoreboard").click()
        assert page.url.endswith(f"book/scoreboard.html#{name}")
        row = page.locator("tr", has=page.locator(f'[id="{name}"]'))
        row.wait_for(state="visible")
        assert row.evaluate("row => row.matches(':has(:target)')")
        assert record["verdict"] in row.inner_text()
        row.locator(f'a[href$="#{name}"]').click()
        assert page.url.endswith(f"{chapter}#{name}")
        box.wait_for(state="visible")
        assert box.evaluate("node => node.matches(':target')")
