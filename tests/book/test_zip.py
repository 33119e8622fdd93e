"""The book in one file: unpacked elsewhere, it is the same book."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from builder.classroom.zips import WHOLE, pack_whole, zipped
from builder.site.launch import OFFER_OF_ZIP

from . import _pages
from .test_exercises import CHAPTERS

TRIED = CHAPTERS[0].stem  # one chapter: the bytes of all are the same


@pytest.fixture(scope="module")
def packed(html: Path) -> bytes:
    return pack_whole(CHAPTERS, html)


@pytest.fixture(scope="module")
def folder(packed: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("a folder with spaces, ü")
    file = place / "book.zip"
    file.write_bytes(packed)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        archive.extractall(place)
    yield place / WHOLE.stem


def test_it_opens_by_a_double_click_without_a_network_and_its_search_finds(browser: Browser, folder: Path):
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto((folder / "index.html").as_uri())
    page.wait_for_url("**/book/index.html")
    assert "Loss Landscapes" in page.title()
    page.keyboard.press("Control+k")
    page.keyboard.type("jamming")
    page.keyboard.press("Enter")
    expect(page.locator("#search-results li a", has_text="Jamming").first).to_be_visible(timeout=10_000)
    context.close()


def test_its_site_is_the_one_that_was_built(folder: Path, html: Path):
    def files(site: Path) -> dict[str, bytes]:
        return {file.relative_to(site).as_posix(): file.read_bytes() for file in site.rglob("*") if file.is_file()}

    packed, site = files(folder / "site"), files(html)
    site.pop(WHOLE.name, None)  # a file cannot hold itself, nor need its home page offer it
    home = "book/index.html"
    assert packed.pop(home) == site.pop(home).replace(OFFER_OF_ZIP.encode(), b"")
    assert packed == site


def test_a_chapter_and_its_slides_work_there(browser: Browser, folder: Path):
    """What a place may make a difference to."""
    site, name = folder / "site", f"notebooks/{TRIED}.html"
    assert not _pages.broken_links(site, name)
    with _pages.opened(browser, site, name) as seen:
        assert (seen.errors, seen.missing, seen.elsewhere()) == ([], [], [])
        explorer = seen.page.locator("[data-card=explorer]").first
        picture = explorer.locator("img:not(.on-paper, .stacked img)")
        before = picture.get_attribute("src")
        explorer.locator("input[type=range]").first.press("End")
        assert picture.get_attribute("src") != before
    with _pages.lecture(browser, site, f"{TRIED}.html") as seen:
        seen.page.keyboard.press("ArrowRight")
        assert seen.page.evaluate("Reveal.getSlidePastCount()") == 1
        assert (seen.errors, seen.missing, seen.elsewhere()) == ([], [], [])


def test_notebooks_and_what_they_need_are_in_it(folder: Path):
    for path in CHAPTERS:
        assert (folder / "notebooks" / path.name).read_bytes() == path.read_bytes()
    code = "import landscape_lib, landscape_lib.report as r; print(landscape_lib.__file__, len(r.load_claims()))"
    code += "; print(len(r.read_results('jamming_paper_mnist')))"
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder / "notebooks", env=environment, text=True, capture_output=True)
    assert done.returncode == 0 and str(folder) in done.stdout, done.stderr
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 50_000_000


def test_the_same_contents_give_the_same_bytes(packed: bytes, html: Path):
    assert pack_whole(CHAPTERS, html) == packed
    contents = {"b": b"1", "a/c": b"2"}
    assert zipped("x", contents) == zipped("x", dict(reversed(contents.items())))
