"""Every page of the built site, in a browser, with no network."""

from __future__ import annotations

import copy
import io
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlparse

import nbformat
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from builder.execute.parameter_cell import parameters
from builder.paths import is_appendix
from landscape_lib.report import anchor, load_claims

from . import _pages
from ._pages import CONTRAST, DESK, PHONE, WCAG, Seen, in_scheme, settle, soup
from ._toy import CHAPTER
from .conftest import HTML, ROOT, ToyBook
from .test_build import RECORD_KEYS

PAGES = sorted(
    path.relative_to(HTML).as_posix() for folder in ("book", "notebooks") for path in (HTML / folder).glob("*.html")
)
CHAPTERS = [name for name in PAGES if name.startswith("notebooks/")]
WHOLE = [name for name in CHAPTERS if not is_appendix(Path(name))]  # an appendix asks and plays if it likes
WEIGHT = 1_500_000  # bytes that a page may load, less the frames of its explorers
FRAMES = 400_000  # bytes of an explorer
UNTYPESET = "not typeset: install node and npm, then `make book`"


# ---- Every page: opened once at each width, for all tests that only look at it ----


@pytest.fixture(scope="module", params=PAGES)
def seen(request: pytest.FixtureRequest, browser: Browser, html: Path) -> Iterator[Seen]:
    with _pages.opened(browser, html, request.param, DESK) as seen:
        yield seen


def test_site_has_pages():
    assert {"book/index.html", "book/how_to_read.html", "book/scoreboard.html", "book/notation.html"} <= set(PAGES)


def test_page_loads_without_error_and_asks_no_other_host(seen: Seen):
    assert not seen.elsewhere(), f"MathJax is asked for where formulas are {UNTYPESET}"
    assert not seen.missing
    assert not seen.errors


def test_page_is_light(seen: Seen):
    files = {url for url in seen.asked if urlparse(url).scheme == "file"}
    weights = {url: Path(unquote(urlparse(url).path)).stat().st_size for url in files}
    frames = seen.page.evaluate(
        """() => [...document.querySelectorAll("script.explorer-frames")]
            .reduce((sum, frames) => sum + new Blob([frames.textContent]).size, 0)"""
    )
    heaviest = sorted(weights.items(), key=lambda item: -item[1])[:5]
    assert len(weights) > 10 and sum(weights.values()) - frames <= WEIGHT, heaviest


def test_formulas_are_typeset(seen: Seen, html: Path):
    words = copy.copy(soup(html, seen.name).main)
    assert words is not None
    for node in words.select("pre, code, script, annotation"):
        node.decompose()
    raw = re.findall(r"(?:\\[(\[]|\$\$|\\begin\{).{0,40}", words.get_text())
    assert not raw, UNTYPESET
    typeset = seen.page.evaluate(
        """() => {
            const formulas = [...document.querySelectorAll(".math")];
            const width = formula => formula.querySelector(".katex-html")?.getBoundingClientRect().width ?? 0;
            return {
                formulas: formulas.length,
                bad: formulas.filter(formula => width(formula) < 1 || !formula.querySelector("math annotation"))
                    .concat([...document.querySelectorAll(".katex-error")]).map(node => node.outerHTML.slice(0, 99)),
                fonts: [...document.fonts].filter(font => font.family.startsWith("KaTeX"))
                    .map(font => `${font.family} ${font.status}`),
            };
        }"""
    )
    assert not typeset["bad"]
    assert not [font for font in typeset["fonts"] if font.endswith("error")]
    assert bool(typeset["formulas"]) == ("KaTeX_Main loaded" in typeset["fonts"])
    assert typeset["formulas"] or seen.name not in ("book/notation.html", CHAPTERS[0])


def test_icons_are_drawn(seen: Seen, html: Path):
    assert not _pages.undrawn_icons(seen.page, html)


def test_nothing_is_wider_than_the_screen(seen: Seen):
    assert not _pages.overflow(seen.page)


def test_no_accessibility_violation_in_light_and_in_dark(seen: Seen):
    assert seen.page.evaluate("document.documentElement.dataset.theme") == "light"
    assert not _pages.violations(seen.page, WCAG)
    in_scheme(seen.page, "dark")
    assert not _pages.violations(seen.page, CONTRAST)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_overflows_a_phone(browser: Browser, html: Path, name: str):
    with _pages.opened(browser, html, name, PHONE) as seen:
        for scheme in ("light", "dark"):
            in_scheme(seen.page, scheme)
            assert not _pages.overflow(seen.page)
        assert not seen.errors


# ---- Every page, as it was written ----


@pytest.mark.parametrize("name", PAGES)
def test_links_and_anchors_lead_somewhere(html: Path, name: str):
    assert not _pages.broken_links(html, name)


def test_every_picture_says_what_it_shows(html: Path):
    assert not _pages.unsaid_pictures(html, PAGES)


@pytest.mark.parametrize("name", WHOLE)
def test_each_frame_of_an_explorer_is_there_and_says_what_it_shows(html: Path, name: str):
    explorers = soup(html, name).select("[data-card=explorer]")
    assert explorers
    for explorer in explorers:
        text = explorer.select_one("script.explorer-frames").string
        frames = json.loads(text)
        sizes = [len(json.loads(control["data-setting"])) for control in explorer.select("[data-setting]")]
        assert len(text.encode()) <= FRAMES and len(frames) == sizes[0] * (sizes[1] if len(sizes) > 1 else 1)
        assert all(frame["src"].startswith("data:image/png") and len(frame["alt"]) > 20 for frame in frames.values())
        assert len({frame["src"] for frame in frames.values()}) > 1


@pytest.mark.parametrize("name", WHOLE)
def test_a_chapter_asks_before_it_tells(html: Path, name: str):
    page = soup(html, name)
    for kind in ("choice", "curve", "quiz"):
        assert page.select(f"[data-card={kind}]"), f"{name} has no {kind}"
    asked = [form["data-name"] for form in page.select("[data-card=choice], [data-card=curve]")]
    answered = {answer["data-name"]: answer["data-about"] for answer in page.select("[data-card=answer]")}
    assert sorted(asked) == sorted(answered)
    assert all("Measured." in answer.get_text() for answer in page.select("[data-card=answer]"))


@pytest.mark.parametrize("name", CHAPTERS)
def test_each_figure_has_its_strip(html: Path, name: str):
    page, stem = soup(html, name), Path(name).stem
    strips = [strip.get_text() for strip in page.select("details.provenance dl")]
    assert len(page.select("main article img")) == len(strips) > 0, "the hero's too"
    assert all("SHA-256" in strip and "landscape_lib." in strip and "commit" in strip for strip in strips)
    live = [strip for strip in strips if f"{stem}, cell " in strip]
    assert len(page.select("main .cell_output figure")) == len(live)
    staged = ROOT / "_build" / "stage" / "notebooks" / f"{stem}.ipynb"
    ran = " ".join(f"{name}={value}" for name, value in parameters(staged, nbformat.read(staged, as_version=4)).items())
    assert all(f"make book CHAPTER={stem} {ran}" in strip for strip in live)


def test_each_claim_of_a_built_chapter_is_on_record(html: Path):
    records = json.loads((ROOT / "_build" / "claims.json").read_text(encoding="utf-8"))
    assert all(set(record) >= RECORD_KEYS for record in records)
    built = {Path(name).stem for name in PAGES if name.startswith("notebooks/")}
    expected = {entry.id for entry in load_claims(ROOT / "notebooks").values() if entry.chapter in built}
    assert {record["id"] for record in records} == expected
    rows = soup(html, "book/scoreboard.html")
    for record in records:
        row = rows.find(id=anchor(record))
        assert row is not None and record["verdict"] in row.find_parent("tr").get_text()
        box = soup(html, f"notebooks/{record['page']}.html").find(id=anchor(record))
        assert box is not None and record["verdict"] in box.get_text()
        assert box.find("a", href=f"../book/scoreboard.html#{anchor(record)}")


# ---- What one page shows of all ----


def test_search_finds_a_word(page: Page, html: Path):
    page.goto((html / "book/index.html").as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("jamming")
    page.keyboard.press("Enter")
    expect(page.locator("#search-results li a", has_text="Jamming").first).to_be_visible(timeout=10_000)


def test_formula_wider_than_the_page_scrolls_by_keyboard(page: Page, built: ToyBook):
    page.set_viewport_size({"width": 200, "height": 800})
    page.goto((built.html / "book/notation.html").as_uri())
    settle(page)
    box = page.locator(".katex-display")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle(), timeout=5000)
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(box).not_to_have_attribute("tabindex", re.compile(".*"))


def test_figures_are_dark_on_a_dark_screen_and_white_on_paper(page: Page, built: ToyBook):
    page.goto((built.html / CHAPTER).as_uri())
    in_scheme(page, "dark")
    figure = page.locator("article img:not(.dark-light)").first
    other = figure.evaluate(
        "image => { const other = image.cloneNode(); other.classList.add('dark-light');"
        " image.after(other); return getComputedStyle(other).filter; }"
    )
    assert other == "none", "colours that stand for values stay"
    corner = Image.open(io.BytesIO(figure.screenshot())).convert("RGB").getpixel((3, 3))
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert f"rgb{corner}" == ground, "a figure's paper is the page's"
    page.emulate_media(media="print", color_scheme="dark")
    assert figure.evaluate("image => getComputedStyle(image).filter") == "none"
    seen = "addEventListener('beforeprint', () => { window.printed = document.documentElement.dataset.theme; })"
    page.evaluate(seen)
    page.pdf()
    assert page.evaluate("[window.printed, document.documentElement.dataset.theme]") == ["light", "dark"]


def test_who_wants_no_motion_gets_none(page: Page, built: ToyBook):
    page.emulate_media(reduced_motion="reduce")
    page.goto((built.html / CHAPTER).as_uri())
    settle(page)
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(node => {
            const {transitionDuration, animationDuration, scrollBehavior} = getComputedStyle(node);
            return /[1-9]/.test(transitionDuration + animationDuration) || scrollBehavior === "smooth";
        }).map(node => node.tagName + "." + node.className)"""
    )
    assert moving == []


def test_panels_stand_below_each_other_on_a_phone(page: Page, built: ToyBook):
    page.set_viewport_size({"width": PHONE, "height": 800})
    page.goto((built.html / CHAPTER).as_uri())
    settle(page)
    whole, stack = page.locator("img.panels").first, page.locator(".stacked").first
    assert page.locator("img.panels").count() == 2
    boxes = [part.bounding_box() for part in stack.locator("> div").all()]
    assert len(boxes) >= 2 and all(box["width"] > PHONE - 10 and box["height"] > 100 for box in boxes)
    alone = page.locator(".cell_output img:not(.panels):visible").first.bounding_box()
    assert alone and alone["width"] > PHONE - 10, "a picture has the whole width"
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE
    assert all(above["y"] + above["height"] <= below["y"] for above, below in pairwise(boxes))
    assert whole.get_attribute("alt") and stack.get_attribute("aria-hidden") == "true"
    slider = page.locator(".explorer:has(img.panels) input").first
    before = page.locator(".explorer .stacked img").first.get_attribute("src")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".explorer .stacked img").first).not_to_have_attribute("src", before)
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(stack).to_be_hidden()
    assert whole.bounding_box()["width"] > 500
