"""What a medium is: a module of functions that tell what is recorded, in MyST, each in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

from nbformat import NotebookNode

from landscape_lib.report import Entry, Record, Strip

from ..execute.records import Chapter
from .board import Row
from .concepts import Concept
from .status import History

Fill: TypeAlias = Callable[[str, str], str]  # from a place, for messages, and its text to the text that is told there


class Medium(Protocol):
    """`site/page.py` is one, `pdf/paper.py` the other. Slides are a selection, and have a way of their own."""

    def prose(self, text: str) -> str:
        """What an author wrote."""

    def strip_text(self, made: Strip) -> str:
        """Where a figure comes from."""

    def chapter_notebook(self, chapter: Chapter, fill: Fill, with_deck: bool, stated: frozenset[str]) -> NotebookNode:
        """A chapter, ``with_deck`` with a link to its slides; ``stated`` are the claims of the chapters before."""

    def links(self, chapter: Chapter) -> str:
        """Where a chapter's slides are."""

    def scoreboard(self, entries: Iterable[Entry], records: Iterable[Record]) -> str:
        """Every claim, with what was measured."""

    def field_table(self, rows: Sequence[Row]) -> str:
        """The claims of a chapter: who says so, what was measured, why it differs, and what would settle it."""

    def concept_map(self, concepts: list[Concept], pages: Mapping[int, str]) -> str:
        """What each chapter of the course needs of others; ``pages`` are the notebooks that are there, by number."""

    def runs_table(self, runs: Sequence[Mapping[str, str]]) -> str:
        """How each chapter ran."""

    def history_table(self, pages: Sequence[str], history: History) -> str:
        """When each page was changed."""
