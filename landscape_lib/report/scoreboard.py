"""The scoreboard: every claim, what its paper says, what we measured, and the verdict in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .claims import measured
from .rules import VERDICTS, Entry

Record = Mapping[str, Any]


def scoreboard(entries: Iterable[Entry], records: Iterable[Record]) -> str:
    """The page's body in MyST Markdown: a count of verdicts, then a table for each chapter.

    A row has the anchor ``claim-<id>``. A claim without a record is open: not measured in this build.
    """
    by_id = {record["id"]: record for record in records}
    chapters: dict[str, list[Entry]] = {}
    for entry in entries:
        chapters.setdefault(entry.chapter, []).append(entry)
    everything = [entry for chapter in chapters.values() for entry in chapter]
    verdicts = [by_id[entry.id]["verdict"] if entry.id in by_id else "open" for entry in everything]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in VERDICTS)
    parts = [f"{len(everything)} claims: {counts}."]
    for chapter, members in chapters.items():
        number, _, name = chapter.partition("_")
        rows = "\n".join(_row(entry, by_id.get(entry.id)) for entry in members)
        falsified = "\n".join(
            f"- `{entry.id}`: {escape(entry.falsified_by)} Its null: {escape(entry.null)}" for entry in members
        )
        parts.append(
            f"## Chapter {int(number)}: {name.replace('_', ' ')}\n\n"
            "| Claim | Verdict | Measured | Accepted | The paper |\n| --- | --- | --- | --- | --- |\n"
            f"{rows}\n\n### What would falsify them\n\n{falsified}"
        )
    return "\n\n".join(parts) + "\n"


def _row(entry: Entry, record: Record | None) -> str:
    anchor = f'<span id="claim-{entry.id}"></span>'
    paper = f"{escape(entry.paper['says'])} {{cite}}`{entry.paper['key']}`"
    if record is None:
        verdict, number = "open", "not measured in this build"
    else:
        where = f"{record['n_seeds']} seeds, {record['budget']} budget, {record['dataset']}"
        verdict, number = record["verdict"], f"{escape(measured(record))}<br>{escape(where)}"
    cells = [
        f"{anchor}`{entry.id}`<br>{escape(entry.statement)}",
        f'<span class="verdict verdict-{verdict.replace(" ", "-")}">{verdict}</span>',
        f"{escape(entry.measures)}:<br>{number}",
        escape(str(entry.rule)),
        paper,
    ]
    return f"| {' | '.join(cells)} |"


def escape(text: str) -> str:
    r"""Plain words as Markdown: nothing in them is markup, nor ends a table's cell.

    >>> print(escape("N* < c P | $x$"))
    N\* \< c P \| \$x\$
    """
    return re.sub(r"([\\`*_{}\[\]<>|$~#])", r"\\\1", " ".join(text.split()))
