"""What a chapter says of its slides, and the plan of its time that follows. `slides/` makes them.

Each cell says it in its metadata, under `slideshow`:

    slide_type  slide: a section begins here. Its heading, question and formulas stand on the slide, its prose goes to
                the speaker's notes.  subslide: one more slide of the section.  fragment: one more step on a slide.
                notes: for the speaker only.  skip, as without a type: not in the deck.
    minutes     of a slide, in a lecture of ninety minutes
    forty       of a slide, in a class of forty; without, a short class leaves the section out
    text        Markdown to stand on the slide in the place of what would be chosen from the cell
    part        the heading, in a cell with several, under which the slide's own words are
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from ..messages import BuildError
from ..paths import show

TYPES = ("slide", "subslide", "fragment", "notes", "skip")
LECTURE, SHORT = 90, 40  # minutes
LONG = 20  # seconds from which a cell is worth running before class
HEADING = re.compile(r"^#{1,3} .*$", re.MULTILINE)


def about(cell: NotebookNode) -> dict[str, Any]:
    return cell.metadata.get("slideshow", {})


def check_slides(path: Path, notebook: NotebookNode) -> None:
    """Refuse a chapter without slides, an unknown type, a section without its minutes, and too many minutes."""
    total = short = 0.0
    found = False
    for number, cell in enumerate(notebook.cells):
        place = f"{show(path)}, cell {number}"
        kind = about(cell).get("slide_type", "skip")
        if kind not in TYPES:
            raise BuildError(f"{place}: unknown slide_type {kind!r}; known are {', '.join(TYPES)}")
        if kind in ("subslide", "fragment", "notes") and not found:
            raise BuildError(f"{place}: a {kind} before the first slide")
        if kind == "slide":
            found = True
            if cell.cell_type != "markdown":
                raise BuildError(f"{place}: a slide of code; a section begins with a Markdown cell")
            minutes, forty = about(cell).get("minutes"), about(cell).get("forty", 0)
            if not isinstance(minutes, int | float) or minutes <= 0:
                raise BuildError(f"{place}: a slide without minutes; say how long its section takes in a lecture")
            if not isinstance(forty, int | float) or forty < 0:
                raise BuildError(f"{place}: forty is {forty!r}; it is a number of minutes")
            total, short = total + minutes, short + forty
    if not found:
        raise BuildError(f"{show(path)}: no cell has a slide_type of slide; its metadata say what goes into the deck")
    for minutes, limit, name in ((total, LECTURE, "minutes"), (short, SHORT, "forty")):
        if minutes > limit:
            raise BuildError(f"{show(path)}: the {name} of its slides add up to {minutes:g}, more than {limit}")


def own(cell: NotebookNode) -> tuple[str, str, str]:
    """What a Markdown cell says before its heading, the heading, and what it says under it."""
    source = re.sub(r"<!--.*?-->", "", cell.source, flags=re.DOTALL)
    headings = list(HEADING.finditer(source))
    if not headings:
        return "", "", source
    part = about(cell).get("part")
    first = next((i for i, found in enumerate(headings) if part and part in found[0]), 0)
    end = headings[first + 1].start() if part and first + 1 < len(headings) else None
    return source[: headings[first].start()], headings[first][0], source[headings[first].end() : end]


def title(cell: NotebookNode) -> str:
    """The heading of a section, without its mark."""
    text = about(cell).get("text", "")
    heading = HEADING.search(text) or HEADING.search(own(cell)[1])
    return heading[0].lstrip("# ") if heading else cell.source.strip().splitlines()[0]


def timing(notebook: NotebookNode, seconds: dict[str, float]) -> str:
    """The plan of a chapter, in Markdown; ``seconds`` is what its cells took, by their ids."""
    rows, slow, section = [], [], ""
    for cell in notebook.cells:
        if about(cell).get("slide_type") == "slide":
            section = title(cell)
            rows.append((section, about(cell)["minutes"], about(cell).get("forty", 0)))
        if (took := seconds.get(cell.get("id", ""), 0)) >= LONG:
            slow.append(f"- {section or 'at the top'}: {took:.0f} s, `{cell.source.strip().splitlines()[0]}`")
    rows.append(("**together**", *(sum(column) for column in list(zip(*rows, strict=True))[1:])))
    table = ["| Section | Minutes, of ninety | Minutes, of forty |", "| --- | --- | --- |"]
    table += [f"| {name} | {minutes:g} | {f'{forty:g}' if forty else 'skip'} |" for name, minutes, forty in rows]
    if slow:
        table += ["", "Run before class, since these cells take long:", "", *slow]
    elif seconds:
        table += ["", f"No cell takes {LONG} seconds or more: all can run in class."]
    return "\n".join(table) + "\n"


def links(chapter: str, notebook: NotebookNode) -> str:
    """HTML that leads to a chapter's deck, and to the short one if a short class has sections."""
    found = f'<a href="../slides/{chapter}.html">Slides of this chapter</a>'
    if any(about(cell).get("forty") for cell in notebook.cells):
        found += f', <a href="../slides/{chapter}.html?short">in forty minutes</a>'
    return f'<p class="deck">{found}</p>'
