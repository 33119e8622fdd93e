"""A chapter as plain records: what its cells say, and what their outputs hold.

A notebook is read once. What `landscape_lib.report` recorded in its outputs' metadata, claims, figures and cards, is
what checks go by, and what page, slides and paper are made from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, cast

import nbformat
from nbformat import NotebookNode

from landscape_lib.report import Record, Wording

from ..paths import is_appendix, show
from .cache import executed, seconds


class Slideshow(TypedDict, total=False):
    """What a cell says of slides; `site/slideshow.py` tells the meaning."""

    slide_type: str
    minutes: float
    forty: float
    text: str
    part: str
    ask: str
    expect: str
    source: str


@dataclass(frozen=True)
class Figure:
    """A picture that `report.show` or `report.explore` showed, with the facts of its strip."""

    name: str
    caption: str
    alt: str
    source: Mapping[str, Any]
    classes: str  # of the picture on a page
    png: str  # in base64
    tables: list[str]  # as CSV


@dataclass(frozen=True)
class Card:
    """An explorer, a prediction, its answer, or a question of the quiz."""

    markup: str
    wording: Wording
    asks: str | None  # the name of the prediction
    answers: str | None  # the same
    question: str | None  # its name in the quiz


@dataclass(frozen=True)
class Output:
    """One output of a cell, as Jupyter has it, and what it records."""

    node: NotebookNode
    claim: Record | None
    figure: Figure | None
    card: Card | None
    field: list[str] | None  # the claims that a table of the field lists

    @property
    def data(self) -> Mapping[str, str]:
        """What it shows, by MIME type."""
        return self.node.get("data", {})

    @property
    def printed(self) -> str | None:
        """What was printed."""
        is_printed = self.node.output_type == "stream" and self.node.name == "stdout"
        return self.node.text.rstrip() if is_printed else None


@dataclass(frozen=True)
class Cell:
    """A cell; ``place`` is where messages find it."""

    place: str
    number: int
    kind: str  # markdown, code or raw
    id: str
    source: str
    tags: frozenset[str]
    slideshow: Slideshow
    outputs: tuple[Output, ...]
    node: NotebookNode


@dataclass(frozen=True)
class Chapter:
    """A notebook; ``seconds`` is what its cells took, by their ids, where it was executed."""

    path: Path
    cells: tuple[Cell, ...]
    seconds: Mapping[str, float]
    node: NotebookNode

    @property
    def outputs(self) -> Iterator[tuple[Cell, Output]]:
        """All outputs, each with its cell."""
        return ((cell, output) for cell in self.cells for output in cell.outputs)

    @property
    def numbers(self) -> dict[str, str]:
        """The number of each figure, by its name: 3.2 is the second of chapter 3, A3.2 of its appendix."""
        chapter = f"{'A' if is_appendix(self.path) else ''}{int(self.path.stem[:2])}"
        return {figure.name: f"{chapter}.{number}" for number, figure in enumerate(self.figures, 1)}

    @property
    def claims(self) -> Iterator[Record]:
        return (output.claim for _, output in self.outputs if output.claim)

    @property
    def figures(self) -> Iterator[Figure]:
        return (output.figure for _, output in self.outputs if output.figure)


def read(path: Path, notebook: NotebookNode, seconds: Mapping[str, float] | None = None) -> Chapter:
    """The records of a notebook, executed or not; ``path`` is where it stands in the repository."""
    cells = tuple(_cell(path, number, cell) for number, cell in enumerate(notebook.cells))
    return Chapter(path, cells, seconds or {}, notebook)


def read_source(path: Path) -> Chapter:
    """A chapter as it is written."""
    return read(path, nbformat.read(path, as_version=4))


def read_execution(path: Path, file: Path) -> Chapter:
    """A chapter with the outputs of an execution."""
    return read(path, executed(path, file), seconds(file))


def _cell(path: Path, number: int, cell: NotebookNode) -> Cell:
    return Cell(
        place=f"{show(path)}, cell {number}",
        number=number,
        kind=cell.cell_type,
        id=cell.get("id", ""),
        source=cell.source,
        tags=frozenset(cell.metadata.get("tags", [])),
        slideshow=cell.metadata.get("slideshow", {}),
        outputs=tuple(map(_output, cell.get("outputs", []))),
        node=cell,
    )


def _output(node: NotebookNode) -> Output:
    facts = node.get("metadata", {})
    return Output(node, _claim(facts), _figure(node, facts), _card(facts), facts.get("landscape_field"))


def _claim(facts: Mapping[str, Any]) -> Record | None:
    """The record of a claim; what an execution of an older library does not say is not known."""
    if (record := facts.get("landscape")) is None:
        return None
    unsaid = {"contested": None, "differs": None, "settled_by": None}
    return cast("Record", {"tags": [], "repeated": "seeds", **record, "words": {**unsaid, **record["words"]}})


def _figure(node: NotebookNode, facts: Mapping[str, Any]) -> Figure | None:
    if (figure := facts.get("landscape_figure")) is None:
        return None
    png = "".join(node.data.get("image/png", "").split())
    return Figure(
        figure["name"],
        figure["caption"],
        figure["alt"],
        figure["source"],
        figure.get("classes", ""),
        png,
        figure.get("tables", []),
    )


def _card(facts: Mapping[str, Any]) -> Card | None:
    if (markup := facts.get("landscape_card")) is None:
        return None
    prediction, question = facts.get("landscape_prediction", {}), facts.get("landscape_quiz", {})
    wording = facts["landscape_words"]
    return Card(markup, wording, prediction.get("asks"), prediction.get("answers"), question.get("id"))
