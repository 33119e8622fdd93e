"""Claims: what a paper says, the rule that decides, and what we measured.

The rules stand beside their chapters, in ``notebooks/*.claims.yml``, fixed before the measurement. A notebook states
the measured side with :func:`claim`; the verdict follows from the interval over seeds and from nothing else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from landscape_lib._budgets import BUDGETS
from landscape_lib._origin import provenance

from ._boxes import box, plain
from ._card import display_bundle
from ._outcomes import Outcome, attempt
from ._records import Record, conditions, measured
from ._rules import Entry, Interval, Verdict, decide, find_up, load_claims
from ._sources import Made, facts, joint_hash, repetitions


def claim(id: str, measure: Callable[[], tuple[float, Interval]], *, of: Made | Sequence[Made]) -> Outcome:
    """Measure what a claim is about, show the verdict, and give back what came of it.

    ``measure()`` calls the statistic that the entry names ``by``: it gives the value, in the unit of ``measures``, and
    its 95% interval. Where it cannot be measured (see `attempt`) the claim is open, with the reason. ``of`` is what it
    was measured on, as for `show` and `explore`: a table, a `Source`, or several. From it come the data and their hash,
    the budget, and how many repetitions the interval stands on (`repetitions`).

    What is displayed holds plain text, a box, and in the output's metadata the record that the build collects. A cell
    may end in a claim: the `Outcome` displays nothing more.
    """
    entries = load_claims()
    if id not in entries:
        raise ValueError(f"claim {id!r} has no rule; there is {', '.join(entries)}; add its rule to the claims first")
    entry, made = entries[id], facts(of)
    budget = made["budget"] or "class"
    if budget not in BUDGETS:
        raise ValueError(f"claim {id}: measured at budget {budget!r}; accepted: {', '.join(BUDGETS)}, not both in one")
    outcome, (number, repeated) = attempt(measure), repetitions(of)
    if outcome.measured and math.isnan(outcome.interval[0]):
        raise TypeError(f"claim {id}: measured {outcome.value} alone; need a value and its interval")
    verdict, reason = _verdict(entry, outcome, number, repeated)
    record: Record = {
        "id": id,
        "chapter": entry.chapter,
        "verdict": verdict,
        "value": outcome.value if outcome.measured else None,
        "ci": list(outcome.interval) if outcome.measured else None,
        "n_seeds": number,
        "repeated": repeated,
        "budget": budget,
        "dataset": made["dataset"],
        "data_sha256": joint_hash(made["data_sha256"].split("; ")),
        "reference": dict(entry.paper),
        "commit": provenance().revision,
        "seconds": made["seconds"],
        "reason": reason,
        "tags": [
            {"tag": tag.tag, "because": tag.because} for tag in entry.tags if tag.is_about(budget, made["dataset"])
        ],
        "words": {
            "statement": entry.statement,
            "measures": entry.measures,
            "accepted": str(entry.rule),
            "falsified_by": entry.falsified_by,
            "null": entry.null,
            "contested": entry.contested,
            "differs": entry.differs,
            "settled_by": entry.settled_by,
        },
    }
    display_bundle({"text/plain": plain(record), "text/html": box(record)}, {"landscape": record})
    return replace(outcome, id=id, verdict=verdict, reason=reason)


def print_records(path: str | Path | None = None, as_json: bool = False) -> None:
    """Print the claims that the last build measured, as a table or as JSON (``landscape claims``)."""
    file = Path(path) if path is not None else find_up("_build/claims.json")
    if file is None or not file.is_file():
        raise FileNotFoundError(f"no claim records at {file or '_build/claims.json'}: run `make book` first")
    records = json.loads(file.read_text(encoding="utf-8"))
    if as_json:
        print(json.dumps(records, indent=1, ensure_ascii=False))
        return
    rows = [("claim", "verdict", "measured", "on", "budget", "data")]
    rows += [(r["id"], r["verdict"], measured(r), conditions(r)[0], r["budget"], r["dataset"]) for r in records]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _verdict(entry: Entry, outcome: Outcome, number: int, repeated: str) -> tuple[Verdict, str | None]:
    """The verdict, and the reason where the claim stays open."""
    if not outcome.measured:
        return "open", outcome.reason
    verdict = decide(entry.rule, outcome.value, outcome.interval, number)
    if verdict != "open":
        return verdict, None
    if number < entry.rule.min_seeds:
        return verdict, f"{number} {repeated}, the rule asks for {entry.rule.min_seeds}"
    return verdict, "the interval straddles a bound of the rule"
