"""Many runs of an experiment, on any executor; with a store, each finished point is kept whatever happens next."""

import datetime
import inspect
import json
import os
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from landscape_lib._fingerprint import fingerprint
from landscape_lib._processes import Processes
from landscape_lib._store import Client, Store, StoreError
from landscape_lib._threads import one_thread

Rows = Sequence[Mapping[str, Any]]
DEATHS = 3  # a point that has killed so many workers is at fault itself


def processes(workers: int) -> Processes:
    """An executor of processes, each with one torch thread; the same on every platform, since each starts afresh.

    A worker that dies takes its own call with it and no other, and is replaced.
    """
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ValueError(f"processes: workers is {workers!r}, need a whole number of at least 1")
    return Processes(workers)


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
) -> pd.DataFrame:
    """Run ``experiment(**point)`` at every point of the grid and put all rows into one table, in the grid's order.

    Without an executor the points run here, one after another. With one, put the longest points first.

    >>> sweep(lambda P: [{"P": P, "half": P / 2}], [{"P": 2}, {"P": 4}])
       P  half
    0  2   1.0
    1  4   2.0

    Without a ``store``, the first failure ends the sweep. With one (the path of a file), each finished point is kept in
    it in one transaction, and a point that is there already, made by the same code, is not run again. A failed point
    is kept with its traceback, and the others go on; the table then holds what is done, and ``table.attrs["failed"]``
    how many are missing. ``retry_failed`` runs them again. Several clients may share a store, and do no point twice.
    ``window`` points are in flight at a time, by default as many as the executor has workers. When the disk is full,
    a result is held for ``patience`` seconds and written as soon as there is room.
    """
    points = [dict(point) for point in grid]
    if not points:
        raise ValueError("sweep: the grid has no points")
    title = f"{experiment.__module__}.{experiment.__qualname__}"
    if store is not None:
        table = _kept(experiment, points, executor, Path(store), name or title, retry_failed, window, patience)
    else:
        call = partial(_call, experiment)
        results = map(call, points) if executor is None else executor.map(call, points)
        table = pd.DataFrame([row for rows in tqdm(results, total=len(points), desc="sweep") for row in rows])
    table.attrs["experiment"] = title  # parts of the table keep it
    return table


def _call(experiment: Callable[..., Rows], point: Mapping[str, Any]) -> Rows:
    try:
        return experiment(**point)
    except Exception as error:
        error.add_note(f"sweep: at {dict(point)}")  # notes travel between processes, tracebacks do not
        raise


def _kept(
    experiment: Callable[..., Rows],
    points: Sequence[Mapping[str, Any]],
    executor: Executor | None,
    path: Path,
    name: str,
    retry_failed: bool,
    window: int | None,
    patience: float,
) -> pd.DataFrame:
    code, title = fingerprint(experiment), f"{experiment.__module__}.{experiment.__qualname__}"
    arguments = [_arguments(experiment, point) for point in points]
    keys = [sha256(json.dumps([title, text, code]).encode()).hexdigest() for text in arguments]
    by_key = dict(zip(keys, points, strict=True))
    if len(by_key) < len(points):
        twice = next(i for i, key in enumerate(keys) if key in keys[:i])
        raise ValueError(f"sweep: the grid has a point twice: {dict(points[twice])}; leave one of them out")
    store = Store(path)
    try:
        store.ask(
            name,
            [(key, title, text, code) for key, text in zip(keys, arguments, strict=True)],
            retry_failed=retry_failed,
        )
        with store.client() as client:
            _drive(store, client, name, partial(_run, experiment, code), by_key, executor, window, patience)
        results, counts = store.results(name), store.counts(name)
    finally:
        store.close()
    table = pd.DataFrame([row for rows, _, _ in results for row in rows])
    table.attrs["failed"] = counts["failed"]
    table.attrs["recorded"] = _recorded([made for _, made, _ in results], sum(seconds for *_, seconds in results))
    table.attrs["recorded"]["library"] = code
    table.attrs["points"] = f"[{','.join(arguments)}]"  # one text, since pandas copies attributes deeply at every step
    return table


def _drive(
    store: Store,
    client: Client,
    name: str,
    run: Callable[[Mapping[str, Any]], dict[str, Any]],
    points: Mapping[str, Mapping[str, Any]],
    executor: Executor | None,
    window: int | None,
    patience: float,
) -> None:
    """Claim, submit, and keep what comes back, until every point is done or has failed, by us or by other clients."""
    counts = store.counts(name)
    flying: dict[Future[dict[str, Any]], str] = {}
    deaths: dict[str, int] = {}
    bar = tqdm(total=len(points), initial=counts["done"] + counts["failed"], desc="sweep")
    bar.set_postfix(failed=counts["failed"])
    try:
        while True:
            room = (window or _workers(executor)) - len(flying)
            for key in store.claim(name, client, room) if room > 0 else ():
                flying[_submit(executor, run, points[key])] = key
            for future in wait(flying, timeout=1, return_when=FIRST_COMPLETED).done if flying else ():
                key = flying.pop(future)
                outcome = _outcome(future)
                if outcome is None and (deaths_now := deaths.get(key, 0) + 1) < DEATHS:
                    deaths[key] = deaths_now
                    flying[_submit(executor, run, points[key])] = key
                else:
                    _keep(store, key, outcome or _dead(future), patience)
            counts = store.counts(name)
            if bar.n < (ended := counts["done"] + counts["failed"]):  # by us or by others
                bar.set_postfix(failed=counts["failed"], refresh=False)
                bar.update(ended - bar.n)
            if not flying:
                if not counts["waiting"] + counts["running"]:
                    return
                if not counts["waiting"]:
                    time.sleep(1)  # the rest is with other clients: what they leave unfinished will wait again
    finally:
        bar.close()
        for future in flying:
            future.cancel()


def _run(experiment: Callable[..., Rows], code: str, point: Mapping[str, Any], elsewhere: bool) -> dict[str, Any]:
    """One point, where it is computed: its rows as text, or its traceback; plain values, whatever happened."""
    if elsewhere:
        one_thread()
        if (mine := fingerprint(experiment)) != code:
            raise StoreError(
                f"sweep: a worker has other code than this client ({mine}, not {code}); "
                "install the same landscape_lib there, and start again"
            )
    start = time.perf_counter()
    outcome: dict[str, Any] = {}
    try:
        rows = [{str(key): plain(value, key) for key, value in row.items()} for row in experiment(**point)]
        outcome["rows"] = json.dumps(rows)
    except Exception as error:
        outcome["error"] = "".join(traceback.format_exception(error, limit=-20))
    made = {**_here(), "date": datetime.date.today().isoformat()}
    return {**outcome, "made": json.dumps(made), "seconds": time.perf_counter() - start}


def _submit(
    executor: Executor | None, run: Callable[..., dict[str, Any]], point: Mapping[str, Any]
) -> Future[dict[str, Any]]:
    if executor is not None:
        return executor.submit(run, point, True)
    future: Future[dict[str, Any]] = Future()
    future.set_result(run(point, False))
    return future


def _outcome(future: Future[dict[str, Any]]) -> dict[str, Any] | None:
    """What a worker sent back; None if it died."""
    try:
        return future.result()
    except BrokenExecutor:
        return None


def _dead(future: Future[dict[str, Any]]) -> dict[str, Any]:
    return {"error": f"{DEATHS} workers died of it: {future.exception()}", "made": None, "seconds": None}


def _keep(store: Store, key: str, outcome: Mapping[str, Any], patience: float) -> None:
    """Write down what came of a point; while that fails (a full disk), hold it and try again."""
    until, told = time.monotonic() + patience, False
    while True:
        try:
            if "error" in outcome:
                return store.fail(key, outcome["error"], outcome["made"], outcome["seconds"])
            return store.finish(key, outcome["rows"], outcome["made"], outcome["seconds"])
        except sqlite3.OperationalError as error:
            why = f"{store.path}: {error}"
            if time.monotonic() > until:
                raise StoreError(f"{why}; what is stored is safe: make room and start again") from None
            if not told:
                print(f"sweep: {why}; holding the result and trying again for {patience:.0f} s", file=sys.stderr)
            told = True
            time.sleep(min(1.0, patience / 10))


def _workers(executor: Executor | None) -> int:
    if executor is None:
        return 1
    if client := getattr(executor, "_client", None):  # Dask's: twice the threads it has now, so that it may grow
        return 2 * sum(client.nthreads().values()) + 8
    return getattr(executor, "_max_workers", None) or os.cpu_count() or 1


def plain(value: Any, name: object) -> Any:
    """A value of a row as JSON has it, NaN and infinities included; NumPy's numbers become Python's."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"a row has a {type(value).__name__} under {name!r}; need text, a number, a truth value or None")


def _arguments(experiment: Callable[..., Rows], point: Mapping[str, Any]) -> str:
    """The arguments of a point as canonical JSON: tuples are lists, and names are in order."""

    def listed(value: Any, name: str) -> Any:
        if isinstance(value, Mapping):
            return {str(key): listed(item, f"{name}.{key}") for key, item in value.items()}
        return [listed(item, name) for item in value] if isinstance(value, list | tuple) else plain(value, name)

    try:
        inspect.signature(experiment).bind(**point)
        return json.dumps({name: listed(value, name) for name, value in point.items()}, sort_keys=True)
    except TypeError as error:
        raise ValueError(f"sweep: the point {dict(point)} is none of {experiment.__qualname__}: {error}") from None


@cache
def _here() -> dict[str, str | None]:
    """Code, versions and machine of this process, once: what is loaded stays, whatever happens to the files."""
    from landscape_lib.report.provenance import provenance  # here, so that no other worker waits for matplotlib

    now = provenance()
    return {
        "commit": now.revision,
        "machine": f"{now.machine}, {now.cores} cores",
        "versions": f"Python {now.python}, torch {now.torch}",
    }


def _recorded(made: Sequence[Mapping[str, Any]], seconds: float) -> dict[str, Any]:
    """Where the points of a table were made, all machines and days together."""
    together = {
        name: "; ".join(sorted({one[name] for one in made if one[name]})) or None
        for name in ("commit", "machine", "versions")
    }
    days = sorted({one["date"] for one in made})
    return {**together, "date": " to ".join(days[:1] + days[1:][-1:]), "seconds": round(seconds, 1)}
