"""The scoreboard: every claim, what its paper says, what we measured, and the verdict in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from landscape_lib.report import VERDICTS, Entry, Record, anchor, because, conditions, measured

from .myst import escape, list_table

HEAD = ["Claim", "Verdict", "Measured", "Budget, data", "Accepted", "The paper"]


@dataclass(frozen=True)
class Row:
    """A measurement of a claim, in plain words; without a record, that there is none.

    The ``first`` row of a claim answers to its plain anchor too, at whatever budget it was measured.
    """

    entry: Entry
    record: Record | None
    first: bool

    @property
    def verdict(self) -> str:
        return self.record["verdict"] if self.record else "open"

    @property
    def measured(self) -> str:
        return measured(self.record) if self.record else "not measured in this build"

    @property
    def because(self) -> str:
        return because(self.record) if self.record else ""

    @property
    def conditions(self) -> list[str]:
        """Budget, data and seeds."""
        if self.record is None:
            return ["none"]
        seeds, *others = conditions(self.record)
        return [*others, seeds]

    @property
    def place(self) -> str:
        """The anchor of the row, and of the claim's box in its chapter."""
        return anchor(self.record) if self.record else f"claim-{self.entry.id}"


def scoreboard_rows(entries: Iterable[Entry], records: Iterable[Record]) -> tuple[list[str], dict[str, list[Row]]]:
    """The sentences that count verdicts, and the rows of each chapter, by the chapter.

    A claim has a row for each measurement, live and then at the paper budget. A claim without a record is open.
    """
    by_id: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record["budget"]):  # class before paper
        by_id.setdefault(record["id"], []).append(record)
    chapters: dict[str, list[Row]] = {}
    for entry in entries:
        measurements: list[Record | None] = [*by_id.get(entry.id, [])] or [None]
        rows = [Row(entry, record, record is measurements[0]) for record in measurements]
        chapters.setdefault(entry.chapter, []).extend(rows)
    every = [row for rows in chapters.values() for row in rows]
    counts = [count([row for row in every if row.first], "claim") + "."]
    if paper := [row for row in every if row.record and row.record["budget"] == "paper"]:
        counts.append(f"At the paper budget {count(paper, 'measurement')}.")
    return counts, chapters


def heading(chapter: str) -> str:
    """The heading of a chapter's rows, in Markdown."""
    number, _, name = chapter.partition("_")
    return f"## Chapter {int(number)}: {name.replace('_', ' ')}"


def scoreboard(entries: Iterable[Entry], records: Iterable[Record]) -> str:
    """The page's body in MyST Markdown: a count of verdicts, then a table for each chapter.

    Each row has its anchor, and a link to the box of that name in its chapter.
    """
    parts, chapters = scoreboard_rows(entries, records)
    for chapter, rows in chapters.items():
        table = list_table("scoreboard", [HEAD, *map(cells, rows)], widths="26 14 24 11 11 14")
        parts.append(f"{heading(chapter)}\n\n{table}")
    return "\n\n".join(parts) + "\n"


def count(rows: Sequence[Row], noun: str) -> str:
    verdicts = [row.verdict for row in rows]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in VERDICTS)
    return f"{len(rows)} {noun}{'' if len(rows) == 1 else 's'}: {counts}"


def cells(row: Row) -> list[str]:
    """A row of the list-table. What the filters ask for stands on its anchor; script reads it there."""
    entry, place, verdict = row.entry, row.place, row.verdict
    name, number = f"<code>{entry.id}</code>", row.measured
    if row.record:
        number = f"**{escape(number)}**"
        name = f'<a href="../notebooks/{entry.chapter}.html#{place}">{name} in chapter {int(entry.chapter[:2])}</a>'
    plain, budget = f"claim-{entry.id}", row.record["budget"] if row.record else ""
    spot = f'<span id="{plain}"></span>' if row.first and place != plain else ""
    spot += f'<span id="{place}" data-chapter="{entry.chapter}" data-verdict="{verdict}" data-budget="{budget}"></span>'
    because = f"<br>{escape(row.because)}" if row.because else ""
    return [
        f"{spot}{name}<br>{escape(entry.statement)}\n\n"
        "    <details><summary>What would falsify it</summary>\n\n"
        f"    {escape(entry.falsified_by)}\n\n    The null, which the rule must reject: {escape(entry.null)}\n\n"
        "    </details>",
        f'<span class="verdict verdict-{verdict.replace(" ", "-")}">{verdict}</span>{because}',
        f"{number}<br>{escape(entry.measures)}",
        "<br>".join(map(escape, row.conditions)),
        escape(str(entry.rule)),
        f"{escape(entry.paper['says'])} {{cite}}`{entry.paper['key']}`",
    ]
