"""The book as records: everything that its pages are made from, read once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landscape_lib.report import Entry, Record, load_claims

from ..execute.records import Chapter, read_execution, read_source
from ..messages import BuildError
from ..paths import BOOK, EXECUTED, NOTEBOOKS, chapters
from .checks import check_chapter, checked_claims
from .hover import check_links, tips

MARKS = {"scoreboard.md": ("scoreboard",), "status.md": ("runs", "history")}  # which these pages need, once


@dataclass(frozen=True)
class Book:
    """Chapters in their order, executed; ``planned`` are those that never ran here, as they are written."""

    chapters: list[Chapter]
    planned: list[Chapter]
    pages: Mapping[str, str]  # the text of each page of prose, by its file's name
    rules: Mapping[str, Entry]
    claims: list[Record]
    tips: Mapping[str, Any]

    @property
    def stated(self) -> str:
        """The claims as they are published: what was measured, without the words of the rules."""
        records = [{name: value for name, value in record.items() if name != "words"} for record in self.claims]
        return json.dumps(records, indent=1, ensure_ascii=False) + "\n"


def latest(path: Path) -> Path | None:
    """The last execution of a chapter."""
    return max((EXECUTED / path.stem).glob("*.ipynb"), key=os.path.getmtime, default=None)


def read_book(executions: Mapping[Path, Path]) -> Book:
    """Read and check the book, from executions of its chapters."""
    built = [read_execution(path, file) for path, file in sorted(executions.items())]
    planned = [read_source(path) for path in chapters(None) if path not in executions]
    rules = load_claims(NOTEBOOKS)
    claims = checked_claims(built, rules)
    for chapter in built:
        check_chapter(chapter)
    pages = {page.name: page.read_text(encoding="utf-8") for page in sorted(BOOK.glob("*.md"))}
    for name, marks in MARKS.items():
        for mark in marks:
            if pages[name].count(f"<!-- {mark} -->") != 1:
                raise BuildError(f"book/{name}: needs one line <!-- {mark} -->, where a table goes")
    known = tips(BOOK)
    places = {f"book/{name}": text for name, text in pages.items()}
    places |= {cell.place: cell.source for chapter in built for cell in chapter.cells if cell.kind == "markdown"}
    check_links(places, known)
    return Book(built, planned, pages, rules, claims, known)
