"""Many runs of an experiment, on any executor; with a store, each finished point is kept, whatever happens next."""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from multiprocessing import current_process
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from landscape_lib._fingerprint import fingerprint, parts
from landscape_lib._sweeps.driver import ExecutorError, drive, patiently
from landscape_lib._sweeps.point import OtherCodeError, Outcome, Rows, canonical, run
from landscape_lib._sweeps.processes import Processes, WorkerDiedError
from landscape_lib._sweeps.store import Point, Store, StoreError
from landscape_lib._sweeps.tallies import Progress, progress

__all__ = [
    "ExecutorError",
    "OtherCodeError",
    "Progress",
    "StoreError",
    "WorkerDiedError",
    "cluster",
    "processes",
    "status",
    "sweep",
]


def processes(workers: int) -> Processes:
    """An executor of processes, each with one torch thread; the same on every platform, since each starts afresh.

    A worker that dies takes its own call with it and no other, and is replaced. None outlives its parent.
    """
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ValueError(f"processes: workers is {workers!r}, need a whole number of at least 1")
    if getattr(current_process(), "_inheriting", False):  # what the standard library looks at for the same purpose
        raise RuntimeError("processes: asked for by a process that is only starting: a script without a main guard")
    return Processes(workers)


@contextmanager
def cluster(address: str, *, timeout: float = 10.0) -> Iterator[Executor]:
    """An executor on the Dask cluster whose scheduler listens at ``address``, such as "tcp://10.0.0.5:8786"."""
    try:
        from distributed import Client
    except ImportError:
        raise ValueError('cluster: Dask is not installed: pip install "dask[distributed]"') from None
    client, error = _in_time(lambda: Client(address, timeout=timeout, set_as_default=False), 2 * timeout)
    if client is None:
        raise ValueError(f"cluster: no Dask scheduler answers at {address!r} in {timeout:g} s: {error}")
    try:
        yield client.get_executor(pure=False)  # a point that is asked twice is meant so
    finally:
        client.close()


def _in_time(call: Callable[[], Any], seconds: float) -> tuple[Any, Exception | None]:
    """What it returns or raises. One that takes longer is left behind: Dask waits for ever for what is no scheduler."""
    answer: list[Any] = [None, TimeoutError("what is there does not speak as one")]

    def run() -> None:
        try:
            answer[:] = call(), None
        except Exception as error:
            answer[:] = None, error

    waiting = threading.Thread(target=run, daemon=True)
    waiting.start()
    waiting.join(seconds)
    return answer[0], answer[1]


def sweep(
    experiment: Callable[..., Rows],
    grid: Iterable[Mapping[str, Any]],
    executor: Executor | None = None,
    *,
    store: str | Path | None = None,
    name: str | None = None,
    retry_failed: bool = False,
    window: int | None = None,
    patience: float = 600.0,
    only_finished: bool = False,
) -> pd.DataFrame:
    """Run ``experiment(**point)`` at every point of the grid and put all rows into one table, in the grid's order.

    Without an executor the points run here, one after another. With one, put the longest points first.

    >>> sweep(lambda P: [{"P": P, "half": P / 2}], [{"P": 2}, {"P": 4}])
       P  half
    0  2   1.0
    1  4   2.0

    Without a store, the first failure ends the sweep. With one, which is the path of a file, each finished point is
    written to it in one transaction, and a point that it has already, made by the same code, is not run again. So a
    sweep that was killed goes on when it is called again. Several clients may share a store. A point that fails is
    kept with its traceback, the others go on, and ``table.attrs["failed"]`` counts those that the table lacks;
    ``retry_failed`` runs them again. ``name`` is what `status` calls the sweep. At most ``window`` points are with the
    executor at a time, by default as many as it has workers. While the disk is full, what cannot be written is held
    for ``patience`` seconds. ``only_finished`` runs nothing: the table holds what the store has so far, and
    ``table.attrs["unfinished"]`` counts the points that neither are done nor have failed.
    """
    points = [dict(point) for point in grid]
    if not points:
        raise ValueError("sweep: the grid has no points")
    if not (executor is None or isinstance(executor, Executor)):
        hint = "; of a Dask client, take client.get_executor(pure=False)" * hasattr(executor, "get_executor")
        raise ValueError(f"sweep: executor is a {type(executor).__name__}, need a concurrent.futures.Executor{hint}")
    if window is not None and (isinstance(window, bool) or not isinstance(window, int) or window < 1):
        raise ValueError(f"sweep: window is {window!r}, need a whole number of at least 1")
    if not (isinstance(patience, int | float) and 0 <= patience < math.inf):
        raise ValueError(f"sweep: patience is {patience!r}, need a number of seconds")
    if only_finished and store is None:
        raise ValueError("sweep: only_finished needs a store, which holds what is finished")
    if only_finished and retry_failed:
        raise ValueError("sweep: only_finished runs nothing, so it cannot retry_failed; ask for one of them")
    if not hasattr(experiment, "__qualname__"):
        raise ValueError(f"sweep: experiment is a {type(experiment).__name__}, need a function")
    title = f"{experiment.__module__}.{experiment.__qualname__}"
    if store is None:
        call = partial(_call, experiment)
        results = map(call, points) if executor is None else executor.map(call, points)
        table = pd.DataFrame([row for rows in tqdm(results, total=len(points), desc="sweep") for row in rows])
    else:
        asked = _asked(experiment, title, points)
        by_key = {point.key: arguments for point, arguments in zip(asked, points, strict=True)}
        there = partial(run, experiment, None if executor is None else parts(experiment))
        try:
            with Store(store, create=not only_finished) as opened:
                patiently(opened, patience, partial(opened.ask, name or title, asked, retry_failed=retry_failed))
                if not only_finished:
                    drive(opened, by_key, there, executor, window=window, patience=patience)
                outcomes, failed = list(opened.outcomes()), opened.failed()
                table = _table(outcomes, asked, failed)
                table.attrs["unfinished"] = len(asked) - len(outcomes) - failed
        except sqlite3.Error as error:
            raise StoreError(f"{store}: {error}; if the file is damaged, name another") from error
    table.attrs["experiment"] = title  # parts of the table keep it
    return table


def status(store: str | Path) -> list[Progress]:
    """How far the sweeps in a store are, by name. It only looks: clients go on undisturbed."""
    try:
        with Store(store, create=False) as opened:
            return progress(opened)
    except sqlite3.Error as error:
        raise StoreError(f"{store}: {error}") from error


def _call(experiment: Callable[..., Rows], point: Mapping[str, Any]) -> Rows:
    try:
        return experiment(**point)
    except Exception as error:
        error.add_note(f"sweep: at {dict(point)}")  # notes travel between processes, tracebacks do not
        raise


def _asked(experiment: Callable[..., Rows], title: str, points: Sequence[Mapping[str, Any]]) -> list[Point]:
    """The points as the store knows them: by a hash of function, arguments and code."""
    if "<" in title:  # two lambdas of a module, or two closures of a function, would be taken for each other
        raise ValueError(
            f"sweep: {title} has no name of its own to keep its points under; define it with def in a module"
        )
    code, asked, seen = fingerprint(experiment), [], set()
    for point in points:
        arguments = canonical(experiment, point)
        key = sha256(json.dumps([title, arguments, code]).encode()).hexdigest()
        if key in seen:  # its rows would count twice in every mean
            raise ValueError(f"sweep: the grid has a point twice: {point}; leave one of them out")
        seen.add(key)
        asked.append(Point(key, title, arguments, code))
    return asked


def _table(outcomes: Sequence[Outcome], asked: Sequence[Point], failed: int) -> pd.DataFrame:
    """The rows of the finished points, and where they were made: all machines and days together."""
    table = pd.DataFrame([row for outcome in outcomes for row in json.loads(outcome.rows or "[]")])
    made = [json.loads(outcome.made or "{}") for outcome in outcomes]
    recorded: dict[str, Any] = {
        name: "; ".join(sorted({str(facts[name]) for facts in made if facts[name]})) or None
        for name in ("commit", "machine", "versions")
    }
    days = sorted({facts["date"] for facts in made})
    recorded["date"] = " to ".join(dict.fromkeys(days[:1] + days[-1:]))
    recorded["seconds"] = round(sum(outcome.seconds or 0.0 for outcome in outcomes), 1)
    recorded["library"] = asked[0].code
    # The points as one text, since pandas copies attributes deeply at every step.
    points = f"[{', '.join(point.arguments for point in asked)}]"
    table.attrs |= {"failed": failed, "recorded": recorded, "points": points}
    return table
