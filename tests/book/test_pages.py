"""Every page of the built site, in a browser, with no network."""

from __future__ import annotations

import copy
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from PIL import Image
from playwright.sync_api import Browser, Page, Response, expect

from landscape_lib.report import anchor, load_claims

from .conftest import HTML, ROOT
from .test_build import RECORD_KEYS

PAGES = sorted(
    path.relative_to(HTML).as_posix() for folder in ("book", "notebooks") for path in (HTML / folder).glob("*.html")
)
WEIGHT = 1_500_000  # bytes that a page may load, less the frames of its explorers
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
CONTRAST = {"runOnly": ["color-contrast"]}  # all else that axe looks at is the same in the dark
UNTYPESET = "not typeset: install node and npm, then `make book`"


def opened(page: Page, address: str, scheme: str = "light", width: int = 1280) -> Page:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(address)
    # What is folded is read too. Then wait until nothing moves and every font is there.
    page.evaluate(
        """async () => {
            for (const fold of document.querySelectorAll("main details")) fold.open = true;
            await document.fonts.ready;
            await Promise.all(document.getAnimations().map(animation => animation.finished));
        }"""
    )
    return page


@cache
def soup(html: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((html / name).read_text(encoding="utf-8"), "html.parser")


def test_site_has_pages(html: Path):
    assert {"book/index.html", "book/how_to_read.html", "book/scoreboard.html", "book/notation.html"} <= set(PAGES)


@dataclass(frozen=True)
class Seen:
    """A page as it stands open, and what happened until it did."""

    name: str
    page: Page
    errors: list[str]
    asked: list[str]
    missing: list[str]


@pytest.fixture(scope="module", params=PAGES)
def seen(request: pytest.FixtureRequest, browser: Browser, html: Path) -> Iterator[Seen]:
    """Each page, opened once for all tests that only look at it: from its file, light, without a network."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, reduced_motion="reduce")
    seen = Seen(request.param, context.new_page(), [], [], [])
    seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
    seen.page.on("console", lambda said: seen.errors.append(said.text) if said.type == "error" else None)
    seen.page.on("request", lambda request: seen.asked.append(request.url))
    seen.page.on("requestfailed", lambda request: seen.missing.append(request.url))
    opened(seen.page, (html / seen.name).as_uri())
    yield seen
    context.close()


@pytest.mark.elsewhere
def test_page_loads_without_error_and_asks_no_other_host(seen: Seen):
    outside = [url for url in seen.asked if urlparse(url).scheme not in ("file", "data", "blob")]
    assert not outside, f"asks {outside}; MathJax is asked for where formulas are {UNTYPESET}"
    assert not seen.missing
    assert not seen.errors


@pytest.mark.published
@pytest.mark.parametrize("name", PAGES)
def test_page_is_light_and_whole_over_http(browser: Browser, server: str, name: str):
    context = browser.new_context()
    page = context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, f"{server}/{name}").wait_for_load_state("networkidle")
    assert not [url for url in asked if not url.startswith((server, "data:", "blob:"))]
    assert not [answer.url for answer in answers if answer.status >= 400]
    weights = {answer.url.removeprefix(server): len(answer.body()) for answer in answers}
    frames = page.evaluate(
        """() => [...document.querySelectorAll("script.explorer-frames")]
            .reduce((sum, frames) => sum + new Blob([frames.textContent]).size, 0)"""
    )
    context.close()
    heaviest = sorted(weights.items(), key=lambda item: -item[1])[:5]
    assert len(weights) > 10 and sum(weights.values()) - frames <= WEIGHT, heaviest


def test_formulas_are_typeset(seen: Seen, html: Path):
    words = copy.copy(soup(html, seen.name).main)
    assert words is not None
    for node in words.select("pre, code, script, annotation"):
        node.decompose()
    raw = re.findall(r"(?:\\[(\[]|\$\$|\\begin\{).{0,40}", words.get_text())
    assert not raw, UNTYPESET
    found = seen.page.evaluate(
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
    assert not found["bad"]
    assert not [font for font in found["fonts"] if font.endswith("error")]
    assert bool(found["formulas"]) == ("KaTeX_Main loaded" in found["fonts"])
    assert found["formulas"] or seen.name not in ("book/notation.html", "notebooks/03_jamming.html")


def test_formula_wider_than_the_page_scrolls_by_keyboard(page: Page, html: Path):
    opened(page, (html / "book/notation.html").as_uri(), width=200)
    box = page.locator(".katex-display")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle(), timeout=5000)
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(box).not_to_have_attribute("tabindex", re.compile(".*"))


def faults(page: Page, options: dict) -> list[str]:
    found = Axe().run(page, options=options).response
    assert found["passes"], "axe looked"
    return [f"{one['id']} ({len(one['nodes'])}): {one['nodes'][0]['html'][:200]}" for one in found["violations"]]


def test_no_accessibility_violation(seen: Seen):
    assert seen.page.evaluate("document.documentElement.dataset.theme") == "light"
    assert not faults(seen.page, WCAG)


@pytest.mark.parametrize("name", PAGES)
def test_contrast_is_enough_in_the_dark(page: Page, html: Path, name: str):
    opened(page, (html / name).as_uri(), "dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert not faults(page, CONTRAST)


@pytest.mark.elsewhere
def test_search_finds_a_word(page: Page, html: Path):
    opened(page, (html / "book/index.html").as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("jamming")
    page.keyboard.press("Enter")
    expect(page.locator("#search-results li a", has_text="Jamming").first).to_be_visible(timeout=10_000)


@pytest.mark.published
def test_icons_are_drawn(seen: Seen, html: Path):
    found = seen.page.evaluate(
        """() => [...document.querySelectorAll(".fa-solid, .fas, .fa-regular, .far, .fa-brands, .fab")]
            .filter(icon => icon.offsetParent)
            .map(icon => [icon, getComputedStyle(icon, "::before")])
            .map(([icon, drawn]) => [icon.className, drawn.content, drawn.fontFamily, drawn.fontWeight,
                                     icon.getBoundingClientRect().width])"""
    )
    fonts = html / "_static" / "vendor" / "fontawesome" / "webfonts"
    for name, content, family, weight, width in found:
        file = "fa-brands-400" if "Brands" in family else "fa-solid-900" if weight == "900" else "fa-regular-400"
        with TTFont(fonts / f"{file}.woff") as font:
            assert width > 0 and len(content) == 3 and ord(content[1]) in font.getBestCmap(), name
    loaded = seen.page.evaluate("[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family).join()")
    assert found and "Font Awesome" in loaded


def test_figures_are_dark_on_a_dark_screen_and_white_on_paper(page: Page, html: Path):
    name = next(name for name in PAGES if name.startswith("notebooks/"))
    opened(page, (html / name).as_uri(), "dark")
    figure = page.locator("article img:not(.dark-light)").first
    corner = Image.open(io.BytesIO(figure.screenshot())).convert("RGB").getpixel((3, 3))
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert f"rgb{corner}" == ground, "a figure's paper is the page's"
    page.emulate_media(media="print", color_scheme="dark")
    assert figure.evaluate("image => getComputedStyle(image).filter") == "none"
    seen = "addEventListener('beforeprint', () => { window.printed = document.documentElement.dataset.theme; })"
    page.evaluate(seen)
    page.pdf()
    assert page.evaluate("[window.printed, document.documentElement.dataset.theme]") == ["light", "dark"]


def test_who_wants_no_motion_gets_none(page: Page, html: Path):
    page.emulate_media(reduced_motion="reduce")
    opened(page, (html / PAGES[0]).as_uri(), "light")
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(node => {
            const {transitionDuration, animationDuration, scrollBehavior} = getComputedStyle(node);
            return /[1-9]/.test(transitionDuration + animationDuration) || scrollBehavior === "smooth";
        }).map(node => node.tagName + "." + node.className)"""
    )
    assert moving == []


def test_panels_stand_below_each_other_on_a_phone(page: Page, html: Path):
    opened(page, (html / next(name for name in PAGES if "double_descent" in name)).as_uri(), width=360)
    whole, stack = page.locator("img.panels").first, page.locator(".stacked").first
    assert page.locator("img.panels").count() >= 5
    boxes = [part.bounding_box() for part in stack.locator("> div").all()]
    assert len(boxes) >= 2 and all(box["width"] > 300 and box["height"] > 100 for box in boxes)
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


@pytest.mark.published
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_overflows_a_phone(page: Page, html: Path, name: str, scheme: str):
    opened(page, (html / name).as_uri(), scheme, width=360)
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


@pytest.mark.published
@pytest.mark.elsewhere
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


@pytest.mark.published
def test_every_picture_says_what_it_shows(html: Path):
    seen: dict[str, str] = {}
    for name in PAGES:
        for image in soup(html, name).select("article img"):
            alt, source = str(image.get("alt", "")).strip(), str(image["src"])
            assert len(alt) > 20, f"{name}: {source[:60]} has alt text {alt!r}; say what it shows"
            assert not alt.endswith((".png", ".svg", ".jpg")), f"{name}: {alt!r} is a file's name"
            assert seen.setdefault(alt, source) == source, f"{name}: two pictures have the alt text {alt!r}"


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
