"""Claims: what a paper says, the rule that decides, and what we measured.

The rules stand beside their chapters, in ``notebooks/*.claims.yml``, fixed before the measurement. A notebook states
the measured side with :func:`claim`; the verdict follows from the interval over seeds and from nothing else.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ._provenance import provenance
from ._rules import Entry, Interval, Verdict, checked, decide, find_up, load_claims
from ._sources import Made, facts, joint_hash, repetitions

BUDGETS = ("class", "paper")


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
    verdict, reason = ("open", reason) if estimate is None else _verdict(entry, *estimate, number)
    record: dict[str, Any] = {
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
    }
    _show({"text/plain": _plain(record, entry), "text/html": _box(record, entry)}, record)


def with_interval(value: float, ci: Interval) -> str:
    """Print a value with its interval, to two significant digits of the interval's width.

    >>> with_interval(0.7512, (0.7012, 0.8103))
    '0.75 [0.70, 0.81]'
    >>> with_interval(1234.5, (1100.0, 1400.0))
    '1230 [1100, 1400]'
    >>> with_interval(0.0, (0.0, 0.0))
    '0 [0, 0]'
    """
    low, high = checked(value, ci)
    if high == low:
        return f"{value:.3g} [{low:.3g}, {high:.3g}]"
    digits = 1 - math.floor(math.log10(high - low))
    if digits > 6:
        return f"{value:.3e} [{low:.3e}, {high:.3e}]"
    # + 0.0 turns a rounded -0.0 into 0.0
    return "{} [{}, {}]".format(*(f"{round(x, digits) + 0.0:.{max(digits, 0)}f}" for x in (value, low, high)))


def anchor(record: Mapping[str, Any]) -> str:
    """What a claim's box in its chapter and its row on the scoreboard are called in an address.

    A page measures live on one data set, but it may show what several gave at the paper budget.

    >>> anchor({"id": "jam.jump", "budget": "class", "dataset": "digits"})
    'claim-jam.jump'
    >>> anchor({"id": "jam.jump", "budget": "paper", "dataset": "mnist, random"})
    'claim-jam.jump-paper-mnist-random'
    """
    if record["budget"] == "class":
        return f"claim-{record['id']}"
    return f"claim-{record['id']}-{record['budget']}-" + re.sub(r"[^\w.]+", "-", record["dataset"]).strip("-")


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


def measured(record: Mapping[str, Any]) -> str:
    """The measured side of a record in words: ``0.75 [0.70, 0.81]``, or why there is no number."""
    if record["value"] is None:
        return f"could not be measured: {record['reason']}"
    return with_interval(record["value"], tuple(record["ci"]))


def _measured(measure: Callable[[], tuple[float, Interval]]) -> tuple[tuple[float, Interval] | None, str | None]:
    """What was measured, or why it could not be."""
    try:
        value, (low, high) = measure()
    except ValueError as error:
        return None, str(error)
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


def _plain(record: Mapping[str, Any], entry: Entry) -> str:
    # What nbval compares: rounded to what the interval supports, and nothing that changes from run to run.
    lines = [f"claim {record['id']}: {record['verdict']}", f"measured: {measured(record)}", f"accepted: {entry.rule}"]
    if record["verdict"] == "open" and record["value"] is not None:
        lines.append(f"open because {record['reason']}")
    return "\n".join([*lines, f"{record['n_seeds']} seeds, {record['budget']} budget, {record['dataset']}"])


_EDGE = {"reproduced": "#009e73", "not reproduced": "#d55e00", "open": "#808080"}
_MARK = {"reproduced": "✓", "not reproduced": "✗", "open": "?"}


def _box(record: Mapping[str, Any], entry: Entry) -> str:
    """The box in HTML: readable without a style sheet; the book's own adds colour and shows the link."""
    verdict, e, place = record["verdict"], html.escape, anchor(record)
    because = f" ({record['reason']})" if verdict == "open" and record["value"] is not None else ""
    where = f"{record['n_seeds']} seeds, {record['budget']} budget, {record['dataset']}"
    return (
        f'<div id="{e(place)}" class="claim claim-{verdict.replace(" ", "-")}" role="group"'
        f' aria-label="Claim {e(entry.id)}"'
        f' style="border:1px solid {_EDGE[verdict]};border-left-width:0.5em;padding:0.5em 1em;margin:1em 0">\n'
        f'<p><strong class="claim-verdict">{_MARK[verdict]} {verdict}</strong>{e(because)}'
        f" · <code>{e(entry.id)}</code></p>\n<p>{e(entry.statement)}</p>\n"
        f"<p>Measured: <strong>{e(measured(record))}</strong> ({e(entry.measures)}; {e(where)}).<br>\n"
        f"Accepted: {e(str(entry.rule))}. The paper: {e(entry.paper['says'])}</p>\n"
        f"<details><summary>What would falsify it</summary>\n<p>{e(entry.falsified_by)}</p>\n"
        f"<p>The null, which the rule must reject: {e(entry.null)}</p></details>\n"
        f'<p class="claim-link" style="display:none"><a href="../book/scoreboard.html#{e(place)}">'
        f"{e(entry.id)} on the scoreboard</a></p>\n</div>"
    )


def _show(bundle: dict[str, str], record: dict[str, Any]) -> None:
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
