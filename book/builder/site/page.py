"""The page: what is recorded, told to a browser. Its functions and those of `pdf/paper.py` have the same names."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping

import nbformat
from nbformat import NotebookNode

from landscape_lib.figures import marked_cuts
from landscape_lib.report import Code, Link, Strip, anchor, box, classes, strip, strip_html

from ..execute.parameter_cell import parameters
from ..execute.records import Cell, Chapter, Figure, Output
from ..paths import BOOK, is_appendix
from .board import field_table, scoreboard
from .citation import bibtex
from .concepts import Concept, drawing, listed
from .medium import Fill
from .myst import with_formulas
from .slideshow import links
from .solutions import stub, without_markers
from .status import history_table, runs_table
from .tables import links as links_to_tables

PICTURE = re.compile(r"!\[[^\]]*\]\(\.\./book/static/([\w-]+\.png)\)")
__all__ = [
    "chapter_notebook",
    "concept_map",
    "field_table",
    "history_table",
    "links",
    "prose",
    "runs_table",
    "scoreboard",
    "strip_text",
]


def prose(text: str) -> str:
    """Markdown as its author wrote it, in which the pictures of `book/static` say where a phone may cut them."""

    def marked(picture: re.Match[str]) -> str:
        named = classes(marked_cuts(BOOK / "static" / picture[1]))
        return picture[0] + (f"{{.{named.replace(' ', ' .')}}}" if named else "")

    return PICTURE.sub(marked, text)


def concept_map(concepts: list[Concept], pages: Mapping[int, str]) -> str:
    return f"{drawing(concepts, pages)}\n\n{listed(concepts, pages)}"


def strip_text(made: Strip) -> str:
    return strip_html(made)


def chapter_notebook(
    chapter: Chapter, fill: Fill, with_deck: bool, stated: frozenset[str] = frozenset()
) -> NotebookNode:
    """The notebook that the page is made from: figures described, with strips under them, cards in HTML."""
    cells = [made for cell in chapter.cells for made in _cells(chapter, cell, fill)]
    title = cells[0].source if cells else ""
    # The text speaks of chapters by their numbers; an appendix says in its title what it belongs to.
    numbered = title if is_appendix(chapter.path) else re.sub(r"\A# ", f"# {int(chapter.path.stem[:2])}. ", title)
    if with_deck:
        numbered = re.sub(r"\A# .*", lambda heading: f"{heading[0]}\n\n{links(chapter)}\n", numbered)
    if cells:
        cells[0].source = numbered
    return like(chapter, cells)


def _cells(chapter: Chapter, cell: Cell, fill: Fill) -> list[NotebookNode]:
    made = copy.deepcopy(cell.node)
    if cell.kind == "markdown":
        made.source = fill(cell.place, cell.source)
    if "exercise" in cell.tags:
        made.source = without_markers(cell.source)
        made.metadata["tags"] = sorted(cell.tags - {"exercise"} | {"hide-cell"})
        made.metadata["mystnb"] = {"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
        return [stub_cell(cell), made]
    if cell.kind != "code":
        return [made]
    made.outputs = [_output(chapter, output) for output in cell.outputs if output.field is None]
    figures = [output.figure for output in cell.outputs if output.figure]
    for figure in figures:
        made.metadata["mystnb"] = described(figure, f"**Fig. {chapter.numbers[figure.name]}.** ")
    below = [strip_cell(cell, strip_text(with_more(chapter, cell, figure))) for figure in figures]
    return [made, *below, *beside_figure(made), *field_cells(cell, fill)]


def _output(chapter: Chapter, output: Output) -> NotebookNode:
    made = copy.deepcopy(output.node)
    if record := output.claim:
        cite = bibtex(anchor(record), f"claim {record['id']}", chapter.path.stem, record["commit"])
        made.data["text/html"] = box(record, cite)
    if output.card:
        made.data = NotebookNode(without(output, "application/") | {"text/html": output.card.markup})
    return made


def with_more(chapter: Chapter, cell: Cell, figure: Figure) -> Strip:
    """The strip of a figure, with its tables to download, and how it is cited."""
    made = strip_of(chapter, cell, figure)
    rows: dict[str, tuple[str | Link, ...]] = {}
    if files := links_to_tables(figure):
        rows["Table"] = tuple(part for link in files for part in (link, "; "))[:-1]
    what = f"Fig. {chapter.numbers[figure.name]}"
    rows["Cite"] = (
        Code(bibtex(figure.name, what, chapter.path.stem, figure.source["commit"], figure.source["date"][:4])),
    )
    return Strip(made.line, {**made.rows, **rows})


# What paper shares.


def beside_figure(made: NotebookNode) -> list[NotebookNode]:
    """Take cards and claims from a cell with a figure into one of their own: MyST would make figures of them."""
    if "figure" not in made.metadata.get("mystnb", {}):
        return []
    kept = [
        output for output in made.outputs if "image/png" in output.get("data", {}) or output.output_type == "stream"
    ]
    moved = [output for output in made.outputs if output not in kept]
    made.outputs = kept
    if not moved:
        return []
    source = "# of the cell above"  # MyST leaves out cells without a source
    return [nbformat.v4.new_code_cell(source, id=f"{made.id}-more", outputs=moved, metadata={"tags": ["remove-input"]})]


def like(chapter: Chapter, cells: list[NotebookNode]) -> NotebookNode:
    """A notebook of the same kind with other cells, which need no widgets."""
    metadata = {name: value for name, value in chapter.node.metadata.items() if name != "widgets"}
    kind = {name: chapter.node[name] for name in ("nbformat", "nbformat_minor")}
    return nbformat.from_dict({**kind, "metadata": metadata, "cells": cells})


def stub_cell(cell: Cell) -> NotebookNode:
    """An exercise as it is set."""
    return nbformat.v4.new_markdown_cell(f"```python\n{stub(cell.source)}\n```", id=f"{cell.id}-stub")


def described(figure: Figure, number: str = "") -> dict[str, dict[str, str]]:
    """A figure's words, where MyST-NB looks for them; a ``number`` goes before its caption."""
    return {
        "image": {"alt": figure.alt, "classes": figure.classes},
        "figure": {"name": figure.name, "caption": number + with_formulas(figure.caption)},
    }


def strip_of(chapter: Chapter, cell: Cell, figure: Figure) -> Strip:
    """The strip of a figure, with the command that makes it again."""
    settings = parameters(chapter.path, chapter.node)
    choices = " ".join(f"{name}={value}" for name, value in settings.items())
    return strip(
        figure.source,
        place=f"{chapter.path.stem}, cell {cell.number}",
        command=f"make book CHAPTER={chapter.path.stem} {choices}",
        budget=str(settings["BUDGET"]) if "BUDGET" in settings else None,
    )


def field_cells(cell: Cell, fill: Fill) -> list[NotebookNode]:
    """In the place of a table of the field, the one that knows the larger runs too."""
    text = fill(cell.place, "<!-- field -->")
    return [nbformat.v4.new_markdown_cell(text, id=f"field-{cell.number}") for output in cell.outputs if output.field]


def strip_cell(cell: Cell, text: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(text, id=f"made-of-{cell.number}")


def without(output: Output, kinds: str | tuple[str, ...]) -> dict[str, str]:
    """What an output shows, less some MIME types."""
    return {mime: content for mime, content in output.data.items() if not mime.startswith(kinds)}
