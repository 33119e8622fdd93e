"""Claims: what a paper says, the rule that decides, and what we measured.

The rules stand beside their chapters, in ``notebooks/*.claims.yml``, fixed before the measurement. A notebook states
the measured side with :func:`claim`; the verdict follows from the interval over seeds and from nothing else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from landscape_lib._budgets import BUDGETS
from landscape_lib._origin import provenance

from ._boxes import box, plain
from ._records import Record, measured
from ._rules import Entry, Interval, Verdict, decide, find_up, load_claims
from ._sources import Made, facts, joint_hash, repetitions


def claim(id: str, measure: Callable[[], tuple[float, Interval]], *, of: Made | Sequence[Made]) -> None:
    """State what was measured for a claim, and show the verdict.

    ``measure()`` gives the value, in the unit that the entry's ``measures`` names, and its 95% interval; an interval
    that leaves the value out is widened to it. A measurement that cannot be made raises ValueError, or gives an
    interval without an end: the claim is then open, with the reason. ``of`` is what it was measured on, as for `show`
    and `explore`: a table, a `Source`, or several. From it come the data and their hash, the budget, and how many
    repetitions the interval stands on (`repetitions`).

    What is displayed holds plain text, a box, and in the output's metadata the record that the build collects. Returns
    nothing, so a cell may end in it.
    """
    entries = load_claims()
    if id not in entries:
        raise ValueError(f"claim {id!r} has no rule; there is {', '.join(entries)}; add its rule to the claims first")
    entry, made = entries[id], facts(of)
    budget = made["budget"] or "class"
    if budget not in BUDGETS:
        raise ValueError(f"claim {id}: measured at budget {budget!r}; accepted: {', '.join(BUDGETS)}, not both in one")
    estimate, reason = _measured(measure)
    number = repetitions(of)
    verdict: Verdict = "open"
    if estimate is not None:
        verdict, reason = _verdict(entry, *estimate, number)
    record: Record = {
        "id": id,
        "chapter": entry.chapter,
        "verdict": verdict,
        "value": None if estimate is None else estimate[0],
        "ci": None if estimate is None else list(estimate[1]),
        "n_seeds": number,
        "budget": budget,
        "dataset": made["dataset"],
        "data_sha256": joint_hash(made["data_sha256"].split("; ")),
        "reference": dict(entry.paper),
        "commit": provenance().revision,
        "seconds": made["seconds"],
        "reason": reason,
        "words": {
            "statement": entry.statement,
            "measures": entry.measures,
            "accepted": str(entry.rule),
            "falsified_by": entry.falsified_by,
            "null": entry.null,
        },
    }
    _show({"text/plain": plain(record), "text/html": box(record)}, record)


def print_records(path: str | Path | None = None, as_json: bool = False) -> None:
    """Print the claims that the last build measured, as a table or as JSON (``landscape claims``)."""
    file = Path(path) if path is not None else find_up("_build/claims.json")
    if file is None or not file.is_file():
        raise FileNotFoundError(f"no claim records at {file or '_build/claims.json'}: run `make book` first")
    records = json.loads(file.read_text(encoding="utf-8"))
    if as_json:
        print(json.dumps(records, indent=1, ensure_ascii=False))
        return
    rows = [("claim", "verdict", "measured", "seeds", "budget", "data")]
    rows += [(r["id"], r["verdict"], measured(r), str(r["n_seeds"]), r["budget"], r["dataset"]) for r in records]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _measured(measure: Callable[[], tuple[float, Interval]]) -> tuple[tuple[float, Interval] | None, str | None]:
    """What was measured, or why it could not be."""
    try:
        estimate = measure()
    except ValueError as error:
        return None, str(error)
    value, (low, high) = estimate  # what is no estimate is a fault of the code, and no open claim
    value, low, high = float(value), float(low), float(high)
    if math.isnan(value) or math.isnan(low) or math.isnan(high):
        return None, f"what was measured is {value} in an interval from {low} to {high}: a NaN is no result"
    if not all(map(math.isfinite, (value, low, high))):
        return None, "some replicates are undefined, so the interval has no end"
    if low > high:
        raise ValueError(f"claim: an interval from {low} down to {high}; need (low, high)")
    return (value, (min(low, value), max(high, value))), None


def _verdict(entry: Entry, value: float, ci: Interval, number: int) -> tuple[Verdict, str | None]:
    """The verdict, and the reason where the claim stays open."""
    verdict = decide(entry.rule, value, ci, number)
    if verdict != "open":
        return verdict, None
    if number < entry.rule.min_seeds:
        return verdict, f"{number} seeds, the rule asks for {entry.rule.min_seeds}"
    return verdict, "the interval straddles a bound of the rule"


def _show(bundle: dict[str, str], record: Record) -> None:
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        print(bundle["text/plain"])
        return
    if get_ipython() is None:  # a plain script: display() would print the bundle itself
        print(bundle["text/plain"])
    else:
        display(bundle, raw=True, metadata={"landscape": record})
