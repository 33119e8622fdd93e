"""Decks as files of the site: their HTML, formulas typeset, and what they load."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode

from ..execute.records import Chapter
from ..messages import say
from ..paths import is_appendix, write
from ..site.assets import Formula, typeset, unbroken
from ..site.slideshow import title
from .selection import deck

HERE = Path(__file__).parent
REVEAL = ("dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js", "LICENSE")
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)(?<!\\)\$", re.DOTALL)
LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\([^()\s]+\)")
MARK = re.compile(r"⟦(\d+)(?:-⟧|⟧([,.;:!?)]*))")  # with a dash, on a line of its own


def with_marks(lecture: NotebookNode, place: str) -> list[Formula]:
    """Put a mark in the place of each formula, which Markdown cannot misread; return the formulas."""
    formulas: list[Formula] = []

    def mark(formula: re.Match[str]) -> str:
        displayed = formula[1] is not None
        formulas.append(Formula(place, (formula[1] if displayed else formula[2]).strip(), displayed, is_note))
        return f"⟦{len(formulas) - 1}{'-' * displayed}⟧"

    for cell in lecture.cells:
        if cell.cell_type == "markdown":
            is_note = cell.metadata["slideshow"]["slide_type"] == "notes"
            source = LINK.sub(r"\1", cell.source).replace("](../book/static/", "](../_static/")
            # Code may hold a dollar that begins no formula.
            pieces = re.split(r"(^```.*?^```|`[^`\n]+`)", source, flags=re.MULTILINE | re.DOTALL)
            cell.source = "".join(piece if i % 2 else FORMULA.sub(mark, piece) for i, piece in enumerate(pieces))
    return formulas


def marked(formula: Formula, made: str) -> str:
    """A typeset formula in an element like those of the pages."""
    name, kind = ("div" if formula.displayed else "span"), ("said math" if formula.alone else "math")
    return f'<{name} class="{kind} notranslate nohighlight">{made}</{name}>'


def exported(chapter: Chapter, lecture: NotebookNode, formulas: Sequence[str]) -> str:
    """The HTML of a chapter's deck, with the formulas that its marks stand for."""
    from nbconvert import SlidesExporter

    template = (HERE / "deck.html.j2").read_text(encoding="utf-8")
    exporter = SlidesExporter(raw_template=template, exclude_anchor_links=True)
    name = title(chapter.cells[0]) if chapter.cells else chapter.path.stem
    text, _ = exporter.from_notebook_node(lecture, resources={"title": f"Slides: {name}"})
    return MARK.sub(lambda mark: unbroken(formulas[int(mark[1])], mark[2] or ""), text)


def write_decks(chapters: Sequence[Chapter], katex: Path | None, site: Path) -> None:
    """Write the decks into the site, with the files of reveal.js that they load; none where npm had none to give."""
    if katex is None:
        say("slides: none made, since reveal.js comes with npm too")
        return
    reveal, folder = katex.parent / "reveal.js", site / "slides"
    (folder / "reveal.js").mkdir(parents=True)
    for name in REVEAL:
        shutil.copy(reveal / name, folder / "reveal.js")
    shutil.copy(HERE / "deck.js", folder)
    others = [record for chapter in chapters if is_appendix(chapter.path) for record in chapter.claims]
    chapters = [chapter for chapter in chapters if not is_appendix(chapter.path)]
    lectures = [deck(chapter, others) for chapter in chapters]
    names = [f"slides/{chapter.path.stem}.html" for chapter in chapters]
    formulas = [with_marks(lecture, name) for lecture, name in zip(lectures, names, strict=True)]
    made = iter(typeset([formula for each in formulas for formula in each], katex))
    for chapter, lecture, name, each in zip(chapters, lectures, names, formulas, strict=True):
        write(site / name, exported(chapter, lecture, [marked(formula, next(made)) for formula in each]))
