"""What a chapter says of its slides, and the plan of its time that follows. `slides/` makes them.

Each cell says it in its metadata, under `slideshow`:

    slide_type  slide: a section begins here. Its heading, question and formulas stand on the slide, its prose goes to
                the speaker's notes.  subslide: one more slide of the section.  fragment: one more step on a slide.
                notes: for the speaker only.  skip, as without a type: not in the deck.
    minutes     of a slide, in a lecture of ninety minutes
    forty       of a slide, in a class of forty; without, a short class leaves the section out
    ask         of a slide, or of a subslide of words: what to ask the class
    expect      of the same: what it will answer, and what to say then
    source      of a slide: whose work it tells
    text        Markdown to stand on the slide in the place of what would be chosen from the cell
    part        the heading, in a cell with several, under which the slide's own words are
"""

from __future__ import annotations

import re

from ..execute.records import Cell, Chapter
from ..messages import BuildError
from ..paths import is_appendix, show

TYPES = ("slide", "subslide", "fragment", "notes", "skip")
LECTURE, SHORT = 90, 40  # minutes
LONG = 20  # seconds from which a cell is worth running before class
HEADING = re.compile(r"^#{1,3} .*$", re.MULTILINE)


def check_slides(chapter: Chapter) -> None:
    """Refuse a chapter without slides, an unknown type, a section without its minutes, and too many minutes.

    An appendix has no slides: what it measured stands in the boxes of its chapter's claims.
    """
    if is_appendix(chapter.path):
        return
    total = short = 0.0
    begun = False
    for cell in chapter.cells:
        kind = cell.slideshow.get("slide_type", "skip")
        if kind not in TYPES:
            raise BuildError(f"{cell.place}: unknown slide_type {kind!r}; known are {', '.join(TYPES)}")
        if kind in ("subslide", "fragment", "notes") and not begun:
            raise BuildError(f"{cell.place}: a {kind} before the first slide")
        if kind == "slide":
            begun = True
            if cell.kind != "markdown":
                raise BuildError(f"{cell.place}: a slide of code; a section begins with a Markdown cell")
            minutes, forty = cell.slideshow.get("minutes"), cell.slideshow.get("forty", 0)
            if not isinstance(minutes, int | float) or minutes <= 0:
                raise BuildError(f"{cell.place}: a slide without minutes; say how long its section takes in a lecture")
            if not isinstance(forty, int | float) or forty < 0:
                raise BuildError(f"{cell.place}: forty is {forty!r}; it is a number of minutes")
            total, short = total + minutes, short + forty
    place = show(chapter.path)
    if not begun:
        raise BuildError(f"{place}: no cell has a slide_type of slide; its metadata say what goes into the deck")
    for minutes, limit, name in ((total, LECTURE, "minutes"), (short, SHORT, "forty")):
        if minutes > limit:
            raise BuildError(f"{place}: the {name} of its slides add up to {minutes:g}, more than {limit}")


def own(cell: Cell) -> tuple[str, str, str]:
    """What a Markdown cell says before its heading, the heading, and what it says under it."""
    source = re.sub(r"<!--.*?-->", "", cell.source, flags=re.DOTALL)
    headings = list(HEADING.finditer(source))
    if not headings:
        return "", "", source
    part = cell.slideshow.get("part")
    first = next((i for i, heading in enumerate(headings) if part and part in heading[0]), 0)
    end = headings[first + 1].start() if part and first + 1 < len(headings) else None
    return source[: headings[first].start()], headings[first][0], source[headings[first].end() : end]


def title(cell: Cell) -> str:
    """The heading of a section, without its mark."""
    text = cell.slideshow.get("text", "")
    heading = HEADING.search(text) or HEADING.search(own(cell)[1])
    return heading[0].lstrip("# ") if heading else cell.source.strip().splitlines()[0]


def timing(chapter: Chapter) -> str:
    """The plan of a chapter, in Markdown, with what its cells took where it was executed."""
    rows, slow, section = [], [], ""
    for cell in chapter.cells:
        if cell.slideshow.get("slide_type") == "slide":
            section = title(cell)
            rows.append((section, cell.slideshow["minutes"], cell.slideshow.get("forty", 0)))
        if (seconds := chapter.seconds.get(cell.id, 0)) >= LONG:
            slow.append(f"- {section or 'at the top'}: {seconds:.0f} s, `{cell.source.strip().splitlines()[0]}`")
    rows.append(("**together**", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    table = ["| Section | Minutes, of ninety | Minutes, of forty |", "| --- | --- | --- |"]
    table += [f"| {name} | {minutes:g} | {f'{forty:g}' if forty else 'skip'} |" for name, minutes, forty in rows]
    if slow:
        table += ["", "Run before class, since these cells take long:", "", *slow]
    elif chapter.seconds:
        table += ["", f"No cell takes {LONG} seconds or more: all can run in class."]
    return "\n".join(table) + "\n"


def links(chapter: Chapter) -> str:
    """HTML that leads to a chapter's deck, and to the short one if a short class has sections; an appendix has none."""
    if is_appendix(chapter.path):
        return ""
    deck = f"../slides/{chapter.path.stem}.html"
    leads = f'<a href="{deck}">Slides of this chapter</a>'
    if any(cell.slideshow.get("forty") for cell in chapter.cells):
        leads += f', <a href="{deck}?short">in forty minutes</a>'
    return f'<p class="deck">{leads}</p>'
