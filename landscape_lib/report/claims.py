"""Claims: what a paper says, the rule that decides, and what we measured.

The rules stand in ``book/claims.yml``, fixed before the measurement. A notebook states the measured side with
:func:`claim`; the verdict follows from the interval over seeds and from nothing else.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from .provenance import provenance
from .rules import Entry, Interval, Verdict, checked, decide, find_up, load_claims

BUDGETS = ("class", "paper")


def claim(
    id: str,
    value: float | None,
    *,
    ci: Interval | None,
    n_seeds: int,
    budget: str,
    dataset: str,
    data_sha256: str,
    seconds: float | None = None,
    reason: str | None = None,
) -> None:
    """State what was measured for a claim, and show the verdict.

    ``value`` is in the unit that the entry's ``measures`` names, ``ci`` its interval over ``n_seeds`` seeds
    (:func:`bootstrap`). A measurement that could not be made has ``value=None, ci=None`` and a ``reason``: the claim
    is then open. What is displayed holds plain text, a box, and in the output's metadata the record that the
    build collects. Returns nothing, so a cell may end in it.
    """
    entries = load_claims()
    if id not in entries:
        raise ValueError(f"claim {id!r} is not in book/claims.yml, which has {', '.join(entries)}; add its rule first")
    if budget not in BUDGETS:
        raise ValueError(f"claim {id}: budget {budget!r}; accepted: {', '.join(BUDGETS)}")
    if len(data_sha256) != 64 or not set(data_sha256) <= set("0123456789abcdef"):
        raise ValueError(f"claim {id}: data_sha256 {data_sha256!r}; need the 64 hexadecimal digits of the data's hash")
    if n_seeds < 0:
        raise ValueError(f"claim {id}: n_seeds {n_seeds}; need the number of seeds behind the interval")
    entry = entries[id]
    verdict, interval, reason = _verdict(entry, value, ci, n_seeds, reason)
    record: dict[str, Any] = {
        "id": id,
        "chapter": entry.chapter,
        "verdict": verdict,
        "value": None if value is None else float(value),
        "ci": interval,
        "n_seeds": int(n_seeds),
        "budget": budget,
        "dataset": dataset,
        "data_sha256": data_sha256,
        "reference": dict(entry.paper),
        "commit": provenance().revision,
        "seconds": None if seconds is None else float(seconds),
        "reason": reason,
    }
    _show({"text/plain": _plain(record, entry), "text/html": _box(record, entry)}, record)


def bootstrap(
    samples: ArrayLike,
    statistic: Callable[[np.ndarray], Any] = np.mean,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, Interval]:
    """A statistic of the seeds, and its percentile bootstrap interval (Efron & Tibshirani 1993, ch. 13).

    ``samples`` has one row (or number) a seed; whole seeds are drawn with replacement. Percentile rather than BCa:
    it exists when all seeds agree and never leaves what the statistic can be. It is a little narrow: with ten
    Gaussian seeds its 95% interval of the mean holds the truth nine times in ten.

    >>> value, (low, high) = bootstrap([0.71, 0.78, 0.69, 0.75, 0.80])
    >>> print(with_interval(value, (low, high)))
    0.746 [0.710, 0.782]
    """
    rows = _seeds(samples, level, "bootstrap")
    draws = np.random.default_rng(seed).integers(len(rows), size=(resamples, len(rows)))
    drawn = [float(statistic(rows[draw])) for draw in draws]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(statistic(rows)), (float(low), float(high))


def jackknife(
    samples: ArrayLike, statistic: Callable[[np.ndarray], Any] = np.mean, *, level: float = 0.95
) -> tuple[float, Interval]:
    """A smooth statistic of a few seeds, and Student's interval from its jackknife (Efron & Tibshirani 1993, ch. 11).

    ``samples`` has one row (or number) a seed; with s_i the statistic without seed i, the standard error is
    [(n − 1)/n Σ (s_i − s̄)²]^½. With five seeds a percentile bootstrap is a third too narrow; this one is not, and for
    the mean it is Student's own. A statistic that jumps, a best width or a median, has no jackknife, but a `bootstrap`.

    >>> value, (low, high) = jackknife([0.71, 0.78, 0.69, 0.75, 0.80])
    >>> print(with_interval(value, (low, high)))
    0.75 [0.69, 0.80]
    """
    rows = _seeds(samples, level, "jackknife")
    n, value = len(rows), float(statistic(rows))
    without = np.array([float(statistic(np.delete(rows, i, axis=0))) for i in range(n)])
    error = np.sqrt((n - 1) / n * np.square(without - without.mean()).sum())
    half = float(error * student.ppf((1 + level) / 2, n - 1))
    return value, (value - half, value + half)


def _seeds(samples: ArrayLike, level: float, what: str) -> np.ndarray:
    """The samples, one row a seed, after the door."""
    rows = np.asarray(samples, dtype=float)
    if rows.ndim == 0 or len(rows) < 2:
        raise ValueError(f"{what}: got samples of shape {rows.shape}; need at least two seeds along the first axis")
    if not np.isfinite(rows).all():
        raise ValueError(f"{what}: samples hold NaN or infinity; leave out or repair those seeds, and say so")
    if not 0 < level < 1:
        raise ValueError(f"{what}: level {level}; need a number between 0 and 1, such as 0.95")
    return rows


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


def _verdict(
    entry: Entry, value: float | None, ci: Interval | None, n_seeds: int, reason: str | None
) -> tuple[Verdict, list[float] | None, str | None]:
    """The verdict, the interval as the record holds it, and the reason where the claim stays open."""
    if value is None:
        if not reason or ci is not None:
            raise ValueError(f"claim {entry.id}: a value of None needs ci=None and reason='why it was not measured'")
        return "open", None, reason
    if ci is None or reason is not None:
        raise ValueError(f"claim {entry.id}: a measured value needs ci=(low, high) and no reason")
    try:
        interval = list(checked(value, ci))
        verdict = decide(entry.rule, value, ci, n_seeds)
    except ValueError as error:
        raise ValueError(f"claim {entry.id}: {error}") from None
    if verdict == "open" and n_seeds < entry.rule.min_seeds:
        reason = f"{n_seeds} seeds, the rule asks for {entry.rule.min_seeds}"
    elif verdict == "open":
        reason = "the interval straddles a bound of the rule"
    return verdict, interval, reason


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
