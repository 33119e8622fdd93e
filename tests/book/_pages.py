"""Looking at a page of a site in a browser: what it asked for, what went wrong, what does not fit."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from playwright.sync_api import Browser, Page

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
CONTRAST = {"runOnly": ["color-contrast"]}  # all else that axe looks at is the same in the dark
PHONE, DESK = 360, 1280  # pixels


@dataclass(frozen=True)
class Seen:
    """A page as it stands open, and what happened until it did."""

    name: str
    page: Page
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def elsewhere(self) -> list[str]:
        """The addresses asked for that are not the site's."""
        return [url for url in self.asked if urlparse(url).scheme not in ("file", "data", "blob")]


@contextlib.contextmanager
def opened(browser: Browser, site: Path, name: str, width: int = DESK) -> Iterator[Seen]:
    """A page opened from its file, light, without a network or motion, all of it unfolded."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, offline=True, reduced_motion="reduce", color_scheme="light"
    )
    seen = Seen(name, context.new_page())
    seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
    seen.page.on("console", lambda message: seen.errors.append(message.text) if message.type == "error" else None)
    seen.page.on("request", lambda request: seen.asked.append(request.url))
    seen.page.on("requestfailed", lambda request: seen.missing.append(request.url))
    seen.page.goto((site / name).as_uri())
    settle(seen.page)
    yield seen
    context.close()


def settle(page: Page) -> None:
    """Unfold what is folded, to be read too; then wait until nothing moves and every font is there."""
    page.evaluate(
        """async () => {
            for (const fold of document.querySelectorAll("main details")) fold.open = true;
            for (const show of document.querySelectorAll(".show-what-follows")) show.click();
            await document.fonts.ready;
            await Promise.all(document.getAnimations().map(animation => animation.finished));
        }"""
    )


def in_scheme(page: Page, scheme: str) -> None:
    """Show a page to a reader whose system is light or dark: it follows."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.wait_for_function("scheme => document.documentElement.dataset.theme === scheme", arg=scheme)
    settle(page)


def violations(page: Page, options: dict) -> list[str]:
    """What axe finds."""
    axe = Axe().run(page, options={**options, "resultTypes": ["violations"]}).response
    assert axe["passes"], "axe looked"
    return [
        f"{violation['id']} ({len(violation['nodes'])}): {violation['nodes'][0]['html'][:200]}"
        for violation in axe["violations"]
    ]


def overflow(page: Page) -> list[str]:
    """What is wider than the page, and not in a box of its own that scrolls."""
    return page.evaluate(
        """() => {
            const root = document.documentElement, held = node => {
                for (let up = node; up && up !== document.body; up = up.parentElement)
                    if (["auto", "scroll", "hidden"].includes(getComputedStyle(up).overflowX)) return true;
                return false;
            };
            const past = [...document.querySelectorAll("main *")].filter(node =>
                node.getBoundingClientRect().right > innerWidth + 1 && node.offsetParent !== null && !held(node));
            const by = root.scrollWidth - innerWidth;
            return past.slice(0, 5).map(node => node.outerHTML.slice(0, 99)).concat(by > 0 ? [`by ${by} pixels`] : []);
        }"""
    )


def undrawn_icons(page: Page, site: Path) -> list[str]:
    """The icons on a page that its fonts cannot draw; a page without any is no proof."""
    icons = page.evaluate(
        """() => [...document.querySelectorAll(".fa-solid, .fas, .fa-regular, .far, .fa-brands, .fab")]
            .filter(icon => icon.offsetParent)
            .map(icon => [icon, getComputedStyle(icon, "::before")])
            .map(([icon, drawn]) => [icon.className, drawn.content, drawn.fontFamily, drawn.fontWeight,
                                     icon.getBoundingClientRect().width])"""
    )
    loaded = page.evaluate("[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family).join()")
    assert icons and "Font Awesome" in loaded
    undrawn = []
    for name, content, family, weight, width in icons:
        file = "fa-brands-400" if "Brands" in family else "fa-solid-900" if weight == "900" else "fa-regular-400"
        known = glyphs(site / "_static" / "vendor" / "fontawesome" / "webfonts" / f"{file}.woff")
        if not (width > 0 and len(content) == 3 and ord(content[1]) in known):
            undrawn.append(name)
    return undrawn


@cache
def glyphs(file: Path) -> set[int]:
    with TTFont(file) as font:
        return set(font.getBestCmap())


@cache
def soup(site: Path, name: str) -> BeautifulSoup:
    """A page of a site that does not change any more."""
    return BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")


@cache
def ids(site: Path, name: str) -> frozenset[str]:
    return frozenset(str(node["id"]) for node in soup(site, name).select("[id]"))


def broken_links(site: Path, name: str) -> list[str]:
    """The links of a page that lead to no file of the site, or to a place that is not on it."""
    broken = []
    for link in soup(site, name).select("a[href], link[href], script[src], img[src]"):
        target = str(link.get("href") or link.get("src"))
        if urlparse(target).scheme or target.startswith("//"):
            continue
        where, anchor = urldefrag(unquote(target))
        file = (site / name).parent / where.split("?")[0] if where else site / name
        page = file.suffix == ".html" and file.exists()
        if not file.exists() or (anchor and page and anchor not in ids(site, str(file.resolve().relative_to(site)))):
            broken.append(target)
    return broken


def unsaid_pictures(site: Path, names: list[str]) -> list[str]:
    """The pictures of some pages whose alternative text says nothing, or what that of another picture says."""
    unsaid, seen = [], dict[str, str]()
    for name in names:
        for image in soup(site, name).select("article img"):
            alt, source = str(image.get("alt", "")).strip(), str(image["src"])
            if len(alt) <= 20:
                unsaid.append(f"{name}: {source[:60]} has alt text {alt!r}; say what it shows")
            if alt.endswith((".png", ".svg", ".jpg")):
                unsaid.append(f"{name}: {alt!r} is a file's name")
            if seen.setdefault(alt, source) != source:
                unsaid.append(f"{name}: two pictures have the alt text {alt!r}")
    return unsaid


# ---- Slides ----


@contextlib.contextmanager
def lecture(browser: Browser, site: Path, name: str) -> Iterator[Seen]:
    """A deck opened from its file at the size of a slide, without a network."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True, reduced_motion="reduce")
    seen = Seen(name, context.new_page())
    warns = ("error", "warning")
    seen.page.on("console", lambda message: seen.errors.append(message.text) if message.type in warns else None)
    seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
    seen.page.on("requestfailed", lambda request: seen.missing.append(request.url[:200]))
    seen.page.on("request", lambda request: seen.asked.append(request.url))
    seen.page.goto((site / "slides" / name).as_uri())
    ready(seen.page)
    yield seen
    context.close()


def ready(page: Page) -> None:
    page.wait_for_function("window.Reveal?.isReady()")
    page.evaluate("document.fonts.ready.then(() => true)")


def broken_slides(page: Page) -> list[str]:
    """What does not fit on its slide or has no notes; each question is answered, as a reader would."""
    return page.evaluate(
        """async () => {
            const faults = [];
            for (const slide of Reveal.getSlides()) {
                const { h, v } = Reveal.getIndices(slide);
                Reveal.slide(h, v, 99);  // with all of its fragments
                await Promise.all([...slide.querySelectorAll("img")].map((image) => image.decode()));
                for (const form of slide.querySelectorAll("form.predict")) {  // with the answer that a guess gets
                    form.querySelector("input")?.click();
                    form.querySelector("[role=slider]")?.dispatchEvent(new KeyboardEvent("keydown", { key: "End" }));
                    form.requestSubmit();
                    if (!/Measured|furthest/.test(form.innerText)) faults.push(`no answer: ${form.innerText}`);
                }
                const say = (what) => faults.push(`${h}/${v ?? 0}: ${what}`);
                const room = slide.getBoundingClientRect();
                const notes = slide.querySelector(":scope > aside.notes");
                if (!(notes?.children.length > 1)) say("no notes but the plan");
                for (const part of slide.querySelectorAll("*")) {
                    if (part.closest("aside.notes, .katex, svg, .explorer [role=status], [hidden]")) continue;
                    const box = part.getBoundingClientRect();
                    const off = Math.max(box.right - room.right, box.bottom - room.bottom, room.top - box.top);
                    if (box.width && off > 1)
                        say(`overflows: ${part.outerHTML.slice(0, 60)}`);
                }
                for (const image of slide.querySelectorAll("img:not(.on-paper), canvas")) {
                    const box = image.getBoundingClientRect();
                    const shape = (image.naturalWidth || image.width) / (image.naturalHeight || image.height);
                    const drawn = Math.min(box.width, box.height * shape);
                    const alt = image.alt || image.getAttribute("aria-label");
                    if (!alt || drawn < 440) say(`a figure ${Math.round(drawn)} wide: ${alt}`);
                }
                const words = [...slide.querySelectorAll(":scope > :is(p, ul, h1, h2)")].map((part) => part.innerText);
                if (words.join(" ").split(/\\s+/).length > 70) say("a wall of text");
            }
            return faults;
        }"""
    )


def raw_formulas(page: Page) -> dict[str, object]:
    """How many formulas a deck has, those that are not typeset, TeX that stands in its text, those drawn in notes."""
    return page.evaluate(
        """() => ({
            formulas: document.querySelectorAll(".math").length,
            left: [...document.querySelectorAll(".math:not(:has(math))")].map((formula) => formula.outerHTML),
            raw: [...document.querySelectorAll("section > :is(p, ul), aside.notes")]
                .map((part) => {
                    const rest = part.cloneNode(true);
                    rest.querySelectorAll(".math, code").forEach((formula) => formula.remove());
                    return rest.textContent;
                })
                .filter((text) => /\\$|⟦|\\\\[a-z]/.test(text)),
            drawn: document.querySelectorAll("aside.notes .katex-html").length,
        })"""
    )
