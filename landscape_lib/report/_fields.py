"""The field and our measurement: each claim of a chapter, who says so, what we measured, and what would settle it."""

from __future__ import annotations

from collections import Counter

from ._card import display_bundle
from ._outcomes import Outcome
from ._rules import Entry, load_claims

HEAD = ("Claim", "Contested", "Ours, live", "Why they differ", "What would settle it")


def field(*outcomes: Outcome) -> None:
    """Show a table of claims measured in this chapter: what `claim` gave back of each.

    On the page the build adds what the larger runs gave, and the claims that only the appendix measures.
    """
    if not outcomes:
        raise ValueError("field: no outcomes; give what claim() returned, one for each claim of the chapter")
    for outcome in outcomes:
        if not isinstance(outcome, Outcome) or outcome.id is None:
            raise ValueError(f"field: got {outcome!r}; need what claim() returned")
    entries = load_claims()
    rows = [(entries[outcome.id or ""], outcome) for outcome in outcomes]
    if twice := [name for name, times in Counter(entry.id for entry, _ in rows).items() if times > 1]:
        raise ValueError(f"field: {', '.join(twice)} given twice")
    text = "\n".join(f"{entry.id}: {outcome.verdict}, {outcome}" for entry, outcome in rows)
    lines = [" | ".join(HEAD), " | ".join("---" for _ in HEAD)]
    lines += [" | ".join(_cells(entry, f"**{outcome.verdict}**, {outcome}")) for entry, outcome in rows]
    table = "\n".join(f"| {line} |" for line in lines)
    display_bundle({"text/plain": text, "text/markdown": table}, {"landscape_field": [entry.id for entry, _ in rows]})


def _cells(entry: Entry, live: str) -> list[str]:
    claim = f"{entry.statement} ({entry.paper['key']}: {entry.paper['says']})"
    parts = [claim, entry.contested or "", live, entry.differs or "", entry.settled_by or ""]
    return [part.replace("|", "\\|").replace("*", "\\*") if part != live else part for part in parts]
