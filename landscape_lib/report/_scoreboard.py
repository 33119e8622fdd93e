"""The scoreboard: every claim, what its paper says, what we measured, and the verdict in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._claims import anchor, measured
from ._rules import VERDICTS, Entry

Record = Mapping[str, Any]


def scoreboard(entries: Iterable[Entry], records: Iterable[Record]) -> str:
    """The page's body in MyST Markdown: a count of verdicts, then a table for each chapter.

    A claim has a row for each measurement, live and then at the paper budget, with its anchor (`claims.anchor`) and a
    link to the box of that name in its chapter. A claim without a record is open: not measured in this build.
    """
    by_id: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record["budget"]):  # class before paper
        by_id.setdefault(record["id"], []).append(record)
    chapters: dict[str, list[tuple[Entry, Sequence[Record | None]]]] = {}
    for entry in entries:
        chapters.setdefault(entry.chapter, []).append((entry, by_id.get(entry.id) or [None]))
    measured_at = [at for members in chapters.values() for _, at in members]
    paper = [record for at in measured_at for record in at if record and record["budget"] == "paper"]
    parts = [_count([at[0] for at in measured_at], "claim") + "."]
    if paper:
        parts.append(f"At the paper budget {_count(paper, 'measurement')}.")
    for chapter, members in chapters.items():
        number, _, name = chapter.partition("_")
        rows = "\n".join(_row(entry, record, at[0] is record) for entry, at in members for record in at)
        parts.append(f"## Chapter {int(number)}: {name.replace('_', ' ')}\n\n{_HEAD}{rows}\n````")
    return "\n\n".join(parts) + "\n"


def _count(records: Sequence[Record | None], noun: str) -> str:
    verdicts = [record["verdict"] if record else "open" for record in records]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in VERDICTS)
    return f"{len(records)} {noun}{'' if len(records) == 1 else 's'}: {counts}"


_HEAD = """````{list-table}
:class: scoreboard
:header-rows: 1
:widths: 26 14 24 11 11 14

* - Claim
  - Verdict
  - Measured
  - Budget, data
  - Accepted
  - The paper
"""


def _row(entry: Entry, record: Record | None, first: bool) -> str:
    """A row of the list-table. What the filters ask for stands on its anchor; script reads it there.

    The ``first`` row of a claim has the plain anchor too, at whatever budget it was measured.
    """
    plain = f"claim-{entry.id}"
    place = anchor(record) if record else plain
    if record is None:
        verdict, because, budget = "open", "", ""
        number, where = "not measured in this build", "none"
        name = f"<code>{entry.id}</code>"
    else:
        verdict, budget, number = record["verdict"], record["budget"], f"**{escape(measured(record))}**"
        because = f"<br>{escape(record['reason'])}" if verdict == "open" and record["value"] is not None else ""
        where = f"{budget} budget<br>{escape(record['dataset'])}<br>{record['n_seeds']} seeds"
        box = f"../notebooks/{entry.chapter}.html#{place}"
        name = f'<a href="{box}"><code>{entry.id}</code> in chapter {int(entry.chapter[:2])}</a>'
    spot = f'<span id="{plain}"></span>' if first and place != plain else ""
    spot += f'<span id="{place}" data-chapter="{entry.chapter}" data-verdict="{verdict}" data-budget="{budget}"></span>'
    cells = [
        f"{spot}{name}<br>{escape(entry.statement)}\n\n"
        "    <details><summary>What would falsify it</summary>\n\n"
        f"    {escape(entry.falsified_by)}\n\n    The null, which the rule must reject: {escape(entry.null)}\n\n"
        "    </details>",
        f'<span class="verdict verdict-{verdict.replace(" ", "-")}">{verdict}</span>{because}',
        f"{number}<br>{escape(entry.measures)}",
        where,
        escape(str(entry.rule)),
        f"{escape(entry.paper['says'])} {{cite}}`{entry.paper['key']}`",
    ]
    return "* - " + "\n  - ".join(cells)


def escape(text: str) -> str:
    r"""Plain words as Markdown: nothing in them is markup, nor begins a list.

    >>> print(escape("N* < c P & $x$"), escape("2. A"), escape("- B"))
    N\* \< c P \& \$x\$ 2\. A \- B
    """
    words = re.sub(r"([\\`*_{}\[\]<>&|$~#])", r"\\\1", " ".join(text.split()))
    return re.sub(r"^(\d*)([-+.)] )", r"\1\\\2", words)
