"""The record of a claim: all that any medium says of it, and how its numbers are written."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from ._rules import Interval, Verdict, checked


class Words(TypedDict):
    """What the claim's entry says, in plain words."""

    statement: str
    measures: str
    accepted: str
    falsified_by: str
    null: str
    contested: str | None
    differs: str | None
    settled_by: str | None


class Record(TypedDict):
    """A claim as it was measured; ``value`` and ``ci`` are None where it could not be."""

    id: str
    chapter: str
    verdict: Verdict
    value: float | None
    ci: list[float] | None
    n_seeds: int  # how many repetitions the interval stands on
    repeated: str  # and of what: seeds, or training sets
    budget: str
    dataset: str
    data_sha256: str
    reference: dict[str, Any]  # the paper's key, what it says, and its value
    commit: str | None
    seconds: float
    reason: str | None  # of an open claim
    tags: list[dict[str, str]]  # what is to be known beside the verdict: tag, because
    words: Words
    page: NotRequired[str]  # the notebook that states it, once a book is built


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


def measured(record: Mapping[str, Any]) -> str:
    """The measured side of a record in words: ``0.75 [0.70, 0.81]``, or why there is no number."""
    if record["value"] is None:
        return unmeasured(record["reason"])
    return with_interval(record["value"], tuple(record["ci"]))


def told(record: Mapping[str, Any]) -> tuple[str, str, str]:
    """The same as the beginning of a sentence: what stands before, the words that are to be seen, and what follows.

    >>> told({"value": None, "reason": "no peak"})
    ('', 'Could not be measured', ': no peak')
    """
    if record["value"] is None:
        return "", "Could not be measured", f": {record['reason']}"
    return "Measured ", measured(record), ""


def unmeasured(reason: str | None) -> str:
    """What stands where there is no number."""
    return f"could not be measured: {reason}"


def because(record: Mapping[str, Any]) -> str:
    """Why a claim with a number is open; of any other, nothing."""
    return record["reason"] if record["verdict"] == "open" and record["value"] is not None else ""


def conditions(record: Mapping[str, Any]) -> list[str]:
    """On what a claim was measured: its seeds or training sets, its budget, its data."""
    return [f"{record['n_seeds']} {record['repeated']}", f"{record['budget']} budget", record["dataset"]]


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
