"""A book as it is published: pages with buttons, the whole of it offered on the home page. Tried on the toy."""

from __future__ import annotations

import zipfile

import pytest
from playwright.sync_api import Browser, Response

from builder.classroom.zips import WHOLE
from builder.pdf.latex import PDF

from . import _pages
from ._toy import CHAPTER
from .conftest import ROOT, ToyBook
from .test_pages import WEIGHT

HOME = "book/index.html"


@pytest.mark.parametrize("name", [CHAPTER, HOME, "book/status.html"])
def test_a_page_with_buttons_fits_and_all_of_it_is_there(browser: Browser, published: ToyBook, name: str):
    assert not _pages.broken_links(published.html, name)
    with _pages.opened(browser, published.html, name) as seen:
        assert (seen.errors, seen.missing, seen.elsewhere()) == ([], [], [])
        assert seen.page.locator(".dropdown-source-buttons, .dropdown-launch-buttons").count() > 0
        assert not _pages.undrawn_icons(seen.page, published.html)
        assert not _pages.violations(seen.page, _pages.WCAG)
    with _pages.opened(browser, published.html, name, _pages.PHONE) as seen:
        for scheme in ("light", "dark"):
            _pages.in_scheme(seen.page, scheme)
            assert not _pages.overflow(seen.page)


@pytest.mark.parametrize("name", [CHAPTER, HOME, "slides/01_toy.html"])
def test_a_page_over_http_asks_no_other_host_and_is_light(browser: Browser, server: str, name: str):
    page = browser.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server}/{name}", wait_until="networkidle")
    weight = sum(len(answer.body()) for answer in answers)
    page.close()
    assert not [url for url in asked if not url.startswith((server, "data:", "blob:"))]
    assert not [answer.url for answer in answers if answer.status >= 400]
    assert len(asked) > 5 and weight <= WEIGHT


def test_the_zip_does_not_offer_itself(published: ToyBook):
    with zipfile.ZipFile(published.html / WHOLE.name) as archive:
        inside = archive.read(f"{WHOLE.stem}/site/{HOME}").decode()
    outside = (published.html / HOME).read_text(encoding="utf-8")
    assert WHOLE.name in outside and PDF.name in outside
    assert WHOLE.name not in inside and PDF.name in inside


def test_the_home_page_has_the_spot_where_the_whole_book_is_offered():
    assert (ROOT / "book" / "index.md").read_text(encoding="utf-8").count("<!-- downloads -->") == 1
