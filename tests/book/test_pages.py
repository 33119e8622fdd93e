"""Every page of the built site, in a browser, with no network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page, Route

from landscape_lib.report import load_claims

from .conftest import HTML, ROOT
from .test_build import RECORD_KEYS

PAGES = sorted(
    path.relative_to(HTML).as_posix() for folder in ("book", "notebooks") for path in (HTML / folder).glob("*.html")
)
# The theme's own: it loads a script twice that declares this.
THEIRS = ("THEBE_JS_URL",)


@pytest.fixture
def page(browser: Browser, html: Path) -> Iterator[Page]:
    """A page that reaches local files and nothing else."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.route("**/*", only_local)
    yield context.new_page()
    context.close()


def only_local(route: Route) -> None:
    if urlparse(route.request.url).scheme in ("file", "data", "blob"):
        route.continue_()
    else:
        route.abort()


def soup(html: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((html / name).read_text(encoding="utf-8"), "html.parser")


def test_site_has_pages(html: Path):
    assert {"book/index.html", "book/how_to_read.html", "book/scoreboard.html", "book/notation.html"} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_page_loads_without_error(page: Page, html: Path, name: str):
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    missing: list[str] = []
    page.on("requestfailed", lambda request: missing.append(request.url) if request.url.startswith("file") else None)
    page.goto((html / name).as_uri())
    page.wait_for_load_state()
    # A blocked request to another host shows as this line: the network is off here, not the page broken.
    ours = [text for text in errors if "net::ERR_FAILED" not in text and not any(known in text for known in THEIRS)]
    assert not missing
    assert not ours


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_overflows_a_phone(page: Page, html: Path, name: str, scheme: str):
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto((html / name).as_uri())
    wide = page.evaluate(
        """() => {
            const root = document.documentElement, held = node => {
                for (let up = node; up && up !== document.body; up = up.parentElement)
                    if (["auto", "scroll", "hidden"].includes(getComputedStyle(up).overflowX)) return true;
                return false;
            };
            const past = [...document.querySelectorAll("main *")].filter(node =>
                node.getBoundingClientRect().right > innerWidth + 1 && node.offsetParent !== null && !held(node));
            const by = root.scrollWidth - innerWidth;
            return {by, what: past.slice(0, 5).map(node => node.outerHTML.slice(0, 99))};
        }"""
    )
    assert wide["by"] <= 0 and not wide["what"], wide


@pytest.mark.parametrize("name", PAGES)
def test_links_and_anchors_lead_somewhere(html: Path, name: str):
    broken = []
    for link in soup(html, name).select("a[href], link[href], script[src], img[src]"):
        target = link.get("href") or link.get("src")
        if urlparse(str(target)).scheme or str(target).startswith("//"):
            continue
        where, anchor = urldefrag(unquote(str(target)))
        file = (html / name).parent / where.split("?")[0] if where else html / name
        if not file.exists() or (
            anchor and file.suffix == ".html" and not soup(html, str(file.resolve().relative_to(html))).find(id=anchor)
        ):
            broken.append(target)
    assert not broken


def test_every_picture_says_what_it_shows(html: Path):
    seen: dict[str, str] = {}
    for name in PAGES:
        for image in soup(html, name).select("main img"):
            alt, source = str(image.get("alt", "")).strip(), str(image["src"])
            assert len(alt) > 20, f"{name}: {source[:60]} has alt text {alt!r}; say what it shows"
            assert not alt.endswith((".png", ".svg", ".jpg")), f"{name}: {alt!r} is a file's name"
            assert seen.setdefault(alt, source) == source, f"{name}: two pictures have the alt text {alt!r}"


def test_each_claim_of_a_built_chapter_is_on_record(html: Path):
    records = json.loads((ROOT / "_build" / "claims.json").read_text(encoding="utf-8"))
    assert all(set(record) >= RECORD_KEYS for record in records)
    built = {Path(name).stem for name in PAGES if name.startswith("notebooks/")}
    expected = {entry.id for entry in load_claims(ROOT / "book" / "claims.yml").values() if entry.chapter in built}
    assert {record["id"] for record in records} == expected
    rows = soup(html, "book/scoreboard.html")
    for record in records:
        row = rows.find(id=f"claim-{record['id']}")
        assert row is not None and record["verdict"] in row.find_parent("tr").get_text()
