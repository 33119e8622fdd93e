"""The scoreboard, a row a claim: what its paper says, what we measured live and in larger runs, and the verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from landscape_lib.report import VERDICTS, Entry, Record, anchor, because, conditions, measured

from .myst import escape, list_table, words

HEAD = ["Claim", "Live", "Larger run", "Both", "Accepted", "The paper"]
WIDTHS = "30 19 19 8 9 15"


@dataclass(frozen=True)
class Row:
    """A claim, what was measured of it live, and in larger runs, the one that counts first."""

    entry: Entry
    live: tuple[Record, ...]
    larger: tuple[Record, ...]

    @property
    def verdict(self) -> str:
        """That of the largest run."""
        return next((record["verdict"] for record in (*self.larger, *self.live)), "open")

    @property
    def agreement(self) -> str:
        """Whether the live verdict is that of the larger run that counts."""
        if not self.live or not self.larger:
            return "live only" if self.live else "larger only" if self.larger else "not measured"
        return "agree" if self.live[0]["verdict"] == self.larger[0]["verdict"] else "differ"

    @property
    def why(self) -> str:
        """Why live, larger run and paper differ, where they do."""
        differs = self.agreement == "differ" or self.verdict != "reproduced"
        return (self.entry.differs or "") if differs else ""


def scoreboard_rows(entries: Iterable[Entry], records: Iterable[Record]) -> tuple[list[str], dict[str, list[Row]]]:
    """The sentences that count verdicts, and the rows of each chapter, a claim a row, by the chapter."""
    by_id: dict[str, list[Record]] = {}
    for record in records:
        by_id.setdefault(record["id"], []).append(record)
    chapters: dict[str, list[Row]] = {}
    for entry in entries:
        of_claim = by_id.get(entry.id, [])
        live, larger = (tuple(r for r in of_claim if (r["budget"] == "class") is is_live) for is_live in (True, False))
        chapters.setdefault(entry.chapter, []).append(Row(entry, live, larger))
    every = [row for rows in chapters.values() for row in rows]
    counts = [f"{count([row.verdict for row in every])}, each by its largest run."]
    if both := [row.agreement for row in every if row.live and row.larger]:
        counts.append(
            f"Measured live and in a larger run: {len(both)}; of these {both.count('agree')} verdicts agree, and "
            f"{both.count('differ')} differ."
        )
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
        table = list_table("scoreboard", [HEAD, *map(cells, rows)], widths=WIDTHS)
        parts.append(f"{heading(chapter)}\n\n{table}")
    return "\n\n".join(parts) + "\n"


def field_table(rows: Sequence[Row]) -> str:
    """A chapter's claims in MyST Markdown: who says so, what we measured at both scales, why that differs."""
    lines = [
        ["Claim, who says so, who contests it", "Ours, live", "Ours, larger", "Why they differ; what would settle it"]
    ]
    for row in rows:
        entry = row.entry
        said = f"{words(entry.statement)} {{cite}}`{entry.paper['key']}`"
        contested = f"<br>Contested: {words(entry.contested)}" if entry.contested else ""
        live, larger = ("<br>".join(map(brief, records)) or "—" for records in (row.live, row.larger))
        settled = f"*To settle it:* {words(entry.settled_by)}" if entry.settled_by else ""
        lines.append([said + contested, live, larger, "<br>".join(filter(None, [words(row.why), settled])) or "—"])
    return list_table("field", lines, widths="36 15 15 34") + "\n"


def brief(record: Record) -> str:
    """Verdict and number of one run, with a link to its box."""
    tags = "".join(f'<br><span class="claim-tag">{escape(tag["tag"])}</span>' for tag in record["tags"])
    return f"{verdict_link(record)}<br>{escape(measured(record))}{tags}"


def verdict_link(record: Record) -> str:
    verdict, page = record["verdict"], record.get("page", record["chapter"])
    target = f"../notebooks/{page}.html#{anchor(record)}"
    return f'<a class="verdict verdict-{verdict.replace(" ", "-")}" href="{target}">{verdict}</a>'


def count(verdicts: Sequence[str]) -> str:
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in VERDICTS)
    return f"{len(verdicts)} claim{'' if len(verdicts) == 1 else 's'}: {counts}"


def cells(row: Row) -> list[str]:
    """A row of the list-table. What the filters ask for stands on its anchor; script reads it there."""
    entry, plain = row.entry, f"claim-{row.entry.id}"
    facts = {"chapter": entry.chapter, "verdict": row.verdict, "agreement": row.agreement}
    said = " ".join(f'data-{name}="{fact}"' for name, fact in facts.items())
    spot = f'<span id="{plain}" {said}></span>'
    folded = [("What is measured", entry.measures), ("What would falsify it", entry.falsified_by)]
    folded += [("The null, which the rule must reject", entry.null)]
    folded += [("Contested", entry.contested or ""), ("Why measurements differ", row.why)]
    folded += [("What would settle it", entry.settled_by or "")]
    more = "\n\n".join(f"    {name}: {words(text)}" for name, text in folded if text)
    mark = {"agree": "✓ agree", "differ": "≠ differ"}.get(row.agreement, row.agreement)
    return [
        f"{spot}{words(entry.statement)}<br><code>{entry.id}</code>\n\n"
        f"    <details><summary>What would falsify it</summary>\n\n{more}\n\n    </details>",
        "<br>".join(measurement(record, plain) for record in row.live) or "not measured",
        "<br>".join(measurement(record, plain) for record in row.larger) or "none",
        mark,
        escape(str(entry.rule)),
        f"{words(entry.paper['says'])} {{cite}}`{entry.paper['key']}`",
    ]


def measurement(record: Record, plain: str) -> str:
    """What one run gave: verdict, number, conditions, and the tags that say what to make of it."""
    place = anchor(record)
    spot = f'<span id="{place}"></span>' if place != plain else ""
    reason = f" ({escape(because(record))})" if because(record) else ""
    tags = "".join(
        f'<br><span class="claim-tag">{escape(tag["tag"])}</span> {words(tag["because"])}' for tag in record["tags"]
    )
    repeated, _, dataset = conditions(record)
    return (
        f"{spot}{verdict_link(record)}{reason}<br>**{escape(measured(record))}**<br>{escape(dataset)}, {repeated}{tags}"
    )
