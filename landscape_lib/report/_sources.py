"""What a figure is made of: facts gathered at run time, never typed."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pandas as pd

from landscape_lib._origin import provenance


@dataclass(frozen=True)
class Source:
    """The experiment behind a figure: the function that ran, its seeds, its data, and the seconds it took.

    A table made by `landscape_lib.sweeps.sweep` holds all of these and stands in its place; so does a part of one. A
    row has its ``seed``, or as words of numbers the ``seeds`` of all the networks that it is about.
    """

    experiment: Callable[..., Any]
    seeds: Sequence[int]
    dataset: str
    data_sha256: str
    seconds: float


Made: TypeAlias = Source | pd.DataFrame

# Of a table: how many points of its grid it has no rows of, and in which words that is told.
LACKS = {"failed": "failed", "unfinished": "not finished"}


def facts(of: Made | Sequence[Made], reproduces: str | None = None) -> dict[str, Any]:
    """What the strip under a figure says; ``reproduces`` names the original figure.

    ``of`` several, the figure shows them together: seconds are added, those of parts of one table once, and of each
    other fact all different ones stand. ``each`` tells which facts belong together, where they are not all the same.

    >>> made = facts(Source(sorted, seeds=[0, 1, 2, 7], dataset="digits", data_sha256="0" * 64, seconds=1.23))
    >>> made["experiment"], made["seeds"], made["seconds"]
    ('builtins.sorted', '0 to 2, 7', 1.2)
    """
    together = _several(of)
    if not together:
        raise ValueError("of: an empty list; a figure says what it is made of")
    each = list({json.dumps(told): told for told in map(_facts, together)}.values())
    joined: dict[str, Any] = {
        name: "; ".join(dict.fromkeys(part[name] for part in each if part[name])) or None for name in each[0]
    } | {"seconds": _seconds(together)}
    if len(each) > 1:
        joined["each"] = each
    budgets = dict.fromkeys(part["budget"] or "live" for part in each)
    joined["budget"] = None if budgets.keys() == {"live"} else " and ".join(budgets)
    return {**joined, "reproduces": reproduces}


def _facts(of: Made) -> dict[str, Any]:
    now = provenance()
    made = _of_table(of) if isinstance(of, pd.DataFrame) else _of_source(of)
    if not made["seeds"]:
        raise ValueError("of: no seeds, so nothing was measured; a figure says which seeds made it")
    # A table from a store or a file was measured earlier, and perhaps elsewhere: it says when and where.
    recorded = of.attrs.get("recorded", {}) if isinstance(of, pd.DataFrame) else {}
    return {
        **made,
        "budget": recorded.get("budget"),
        "commit": recorded.get("commit", now.revision),
        "machine": recorded.get("machine", f"{now.machine}, {now.cores} cores"),
        "versions": recorded.get("versions", f"Python {now.python}, torch {now.torch}"),
        "date": recorded.get("date", now.date),
        "measured_by": recorded.get("command"),
        "missing": lacking(of) if isinstance(of, pd.DataFrame) and recorded else None,
    }


def lacking(table: pd.DataFrame) -> str:
    """What a table from a sweep, or from a file, lacks of its grid.

    >>> table = pd.DataFrame()
    >>> lacking(table)
    'no point of its grid is missing'
    >>> table.attrs |= {"failed": 1, "unfinished": 3}
    >>> lacking(table)
    'missing points: 1 failed, 3 not finished'
    """
    lost = ", ".join(f"{table.attrs[name]} {words}" for name, words in LACKS.items() if table.attrs.get(name))
    return f"missing points: {lost}" if lost else "no point of its grid is missing"


def _of_source(of: Source) -> dict[str, Any]:
    if not isinstance(of, Source):
        raise ValueError(f"of: got {type(of).__name__}; need a report.Source, or a table that sweep made")
    if not (isinstance(of.dataset, str) and of.dataset.strip()) or not re.fullmatch("[0-9a-f]{64}", of.data_sha256):
        raise ValueError(f"of: data set {of.dataset!r} of hash {of.data_sha256!r}; need its name and 64 hex digits")
    if not (math.isfinite(of.seconds) and of.seconds >= 0):
        raise ValueError(f"of: {of.seconds} seconds; need the time that it took")
    return {
        "experiment": f"{of.experiment.__module__}.{of.experiment.__qualname__}",
        "seeds": ranges(of.seeds),
        "dataset": of.dataset,
        "data_sha256": of.data_sha256,
    }


def _of_table(table: pd.DataFrame) -> dict[str, Any]:
    seeds = "seeds" if "seeds" in table else "seed"
    columns = ("dataset", "data_sha256", seeds, *(("seconds",) if _whole(table) is None else ()))
    if missing := [name for name in columns if name not in table] + ["experiment"] * ("experiment" not in table.attrs):
        raise ValueError(f"of: the table has no {', '.join(missing)}; need one that sweep made of an experiment's rows")
    return {
        "experiment": table.attrs["experiment"],
        "seeds": ranges(_seeds(table)),
        "dataset": ", ".join(sorted(table.dataset.unique())),
        "data_sha256": data_hash(table),
    }


def _whole(table: pd.DataFrame) -> float | None:
    """The seconds of a measurement whose rows may not say theirs."""
    return table.attrs.get("recorded", {}).get("seconds")


def _seconds(together: Sequence[Made]) -> float:
    """What was spent on all of them, however many processes shared it; no row twice, of whatever parts it is in."""
    seconds = sum(of.seconds for of in together if isinstance(of, Source))
    parts: dict[str, list[pd.DataFrame]] = {}  # of one table, or of several of one experiment
    for of in together:
        if isinstance(of, pd.DataFrame):
            parts.setdefault(json.dumps(of.attrs, sort_keys=True, default=str), []).append(of)
    for tables in parts.values():
        common = [name for name in tables[0] if all(name in table for table in tables)]
        if "seconds" in common:
            rows = pd.concat([table[common] for table in tables])
            seconds += float(rows.seconds[~rows.reset_index().duplicated().to_numpy()].sum())
        else:
            seconds += _whole(tables[0]) or 0.0
    return round(seconds, 1)


def _several(of: Made | Sequence[Made]) -> list[Made]:
    return [of] if not isinstance(of, Sequence) or isinstance(of, str) else list(of)


def tables(of: Made | Sequence[Made]) -> list[str]:
    """The measured tables behind a figure, each as CSV to six digits; what no table holds has none."""
    return [part.to_csv(index=False, float_format="%.6g") for part in _several(of) if isinstance(part, pd.DataFrame)]


def data_hash(table: pd.DataFrame) -> str:
    """The SHA-256 of the data behind a table's rows: theirs if they share one, else that of all of theirs together.

    Together they are sorted and put one on a line: patterns drawn for each seed have a hash each.

    >>> data_hash(pd.DataFrame({"data_sha256": ["ab", "ab"]}))
    'ab'
    >>> len(data_hash(pd.DataFrame({"data_sha256": ["ab", "cd"]})))
    64
    """
    return joint_hash(table.data_sha256)


def joint_hash(hashes: Iterable[str]) -> str:
    """One hash that stands for several, in whatever order they come."""
    each = sorted(set(hashes))
    return each[0] if len(each) == 1 else hashlib.sha256("\n".join(each).encode()).hexdigest()


def repetitions(of: Made | Sequence[Made]) -> tuple[int, str]:
    """How many independent repetitions an interval of a table stands on, and of what: training sets where there are
    several, else seeds of networks. Of several tables, those of the one that has fewest.

    >>> repetitions(pd.DataFrame({"task_seed": [1, 1], "seeds": ["0 1 2", "0 1 2"]}))
    (3, 'seeds')
    >>> repetitions(pd.DataFrame({"task_seed": [1, 2, 2], "seed": [0, 1, 2]}))
    (2, 'training sets')
    """
    return min(map(_repetitions, _several(of)))


def _repetitions(of: Made) -> tuple[int, str]:
    if isinstance(of, Source):
        return len(set(of.seeds)), "seeds"
    if "task_seed" in of and of.task_seed.nunique() > 1:
        return int(of.task_seed.nunique()), "training sets"
    return len(_seeds(of)), "seeds"


def _seeds(table: pd.DataFrame) -> set[int]:
    """The seeds of a table's rows: the number in ``seed``, or the words of ``seeds``."""
    column = table["seeds" if "seeds" in table else "seed"]
    return {int(word) for words in column.unique() for word in str(words).split()}


def ranges(numbers: Iterable[int]) -> str:
    """Whole numbers in words: runs of three or more are joined.

    >>> ranges([3, 1, 2, 0, 9])
    '0 to 3, 9'
    """
    runs: list[list[int]] = []
    for number in sorted({int(number) for number in numbers}):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)
