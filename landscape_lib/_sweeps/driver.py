"""The loop of a sweep with a store: claim points, send them to the executor, keep what comes back."""

from __future__ import annotations

import math
import os
import pickle
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import suppress
from typing import Any, TypeVar

from tqdm import tqdm

from landscape_lib._sweeps.point import OtherCodeError, Outcome
from landscape_lib._sweeps.store import Store, StoreError

DEATHS = 3  # a point that has killed so many workers is at fault itself
TICK = 1.0  # seconds between looks at what other clients did
AT_FAULT = 1, 8  # SQLite's codes for what it cannot run and may not write: trying again helps with a full disk only

T = TypeVar("T")


class ExecutorError(RuntimeError):
    """The executor cannot run what it is given, or takes no more calls."""


def drive(
    store: Store,
    points: Mapping[str, Mapping[str, Any]],
    call: Callable[[Mapping[str, Any]], Outcome],
    executor: Executor | None,
    *,
    window: int | None,
    patience: float,
) -> None:
    """Go on until every point, by its key, is done or has failed, by this client or by others on the same store."""
    client = patiently(store, patience, store.enter)
    flight = _Flight(call, executor)
    bar = _Bar(store, len(points))
    try:
        while True:
            workers, width = flight.workers()
            room = (window or width) - len(flight)
            keys = patiently(store, patience, store.claim, client, room, workers) if room > 0 else []
            for key in keys:
                flight.start(key, points[key])
            for key, outcome in flight.landed(TICK):
                patiently(store, patience, store.keep, key, outcome)
            if bar.update(now=not flight) == 0 and not flight:
                return
            if not flight and not keys:
                time.sleep(TICK)  # what is left is with other clients, and waits again if they leave it
    finally:
        bar.close()
        try:
            with suppress(sqlite3.Error):  # what has landed meanwhile is kept, if it can be
                for key, outcome in flight.end():
                    store.keep(key, outcome)
        finally:
            store.leave(client)


class _Flight:
    """The points that are with the executor."""

    def __init__(self, call: Callable[[Mapping[str, Any]], Outcome], executor: Executor | None) -> None:
        self._call, self._executor = call, executor
        self._dask = getattr(executor, "_client", None)
        self._keys: dict[Future[Outcome], tuple[str, Mapping[str, Any]]] = {}
        self._deaths: dict[str, int] = {}
        self._threads, self._asked = 0, -math.inf

    def __len__(self) -> int:
        return len(self._keys)

    def workers(self) -> tuple[int, int]:
        """How many workers there are, and how many points to have in flight: as many, or more if workers may join."""
        if self._executor is None:
            return 1, 1
        if self._dask is None:
            count = getattr(self._executor, "_max_workers", None) or os.cpu_count() or 1
            return count, count
        if self._dask.status == "closed":  # it tried to connect again, in vain
            raise ExecutorError("sweep: the cluster's scheduler is gone; what is done stays done: start again")
        if self._dask.status == "running" and time.monotonic() - self._asked > 5 * TICK:
            with suppress(OSError):
                self._threads = sum(self._dask.nthreads().values())  # an adaptive cluster grows by what waits for it
                if not self._threads and self._asked < 0:
                    print("sweep: the cluster has no workers yet; the points wait for them", file=sys.stderr)
            self._asked = time.monotonic()
        return self._threads, 2 * self._threads + 8

    def start(self, key: str, point: Mapping[str, Any]) -> None:
        """Send a point on its way, or run it here if there is no executor."""
        future: Future[Outcome] = Future()
        if self._executor is None:
            future.set_result(self._call(point))
        else:
            try:
                future = _explained(self._executor.submit, self._call, point)
            except BrokenExecutor as error:
                raise ExecutorError(
                    f"sweep: the executor is broken: {error} Start again: what is done stays done. With "
                    "`landscape_lib.sweeps.processes` a sweep goes on when a worker dies"
                ) from error
        self._keys[future] = (key, point)

    def landed(self, seconds: float) -> Iterator[tuple[str, Outcome]]:
        """What has come back; waits for the first, but not for long. A point whose worker died starts again.

        A point leaves the flight when the next one is asked for: one that could not be kept is here still.
        """
        for future in wait(self._keys, seconds, FIRST_COMPLETED).done:
            key, point = self._keys[future]
            try:
                outcome = _explained(future.result)
            except (BrokenExecutor, CancelledError) as death:
                # A cluster that has lost sight of a point cancels it: no worker has died of that.
                self._deaths[key] = self._deaths.get(key, 0) + isinstance(death, BrokenExecutor)
                if self._deaths[key] < DEATHS:
                    del self._keys[future]
                    self.start(key, point)
                    continue
                outcome = Outcome(error=f"WorkerDiedError: {DEATHS} workers died of this point; {death}\n")
            except Exception as error:
                if type(error).__name__ != "KilledWorker":  # Dask's, which has tried the point elsewhere itself
                    raise
                outcome = Outcome(error=f"KilledWorker: {error}\n")
            yield key, outcome
            del self._keys[future]

    def end(self) -> list[tuple[str, Outcome]]:
        """Call back what has not begun; what has come back, and was not taken note of."""
        if self._dask is None or self._dask.status == "running":
            for future in self._keys:
                future.cancel()
        back = [(key, future) for future, (key, _) in self._keys.items() if future.done() and not future.cancelled()]
        return [(key, future.result()) for key, future in back if future.exception() is None]


def _explained(call: Callable[..., T], *arguments: Any) -> T:
    """An experiment's own errors come back as outcomes; what is raised is between us and the workers."""
    try:
        return call(*arguments)
    except (BrokenExecutor, OtherCodeError):
        raise
    except (pickle.PickleError, AttributeError, ImportError, TypeError) as error:
        raise ExecutorError(
            f"sweep: the experiment cannot run in another process: {error}; define it, and what it is given, at the "
            "top of a module that the workers can import"
        ) from error
    except (RuntimeError, OSError) as error:
        raise ExecutorError(f"sweep: the executor takes no more calls: {error}") from error


class _Bar:
    """Progress, ours and that of other clients."""

    def __init__(self, store: Store, total: int) -> None:
        self._store, self._looked, self._left = store, 0.0, total
        self._bar = tqdm(total=total, initial=total - store.left(), desc="sweep")

    def update(self, *, now: bool) -> int:
        """Show how far the sweep is; how many points are left."""
        if now or time.monotonic() - self._looked > TICK:
            self._left, self._looked = self._store.left(), time.monotonic()
            self._bar.set_postfix(failed=self._store.failed(), refresh=False)
            if came := self._bar.total - self._left - self._bar.n:
                self._bar.update(came)
            if sys.stderr.isatty():
                self._bar.refresh()  # the clock goes on; a log file takes a line a point
        return self._left

    def close(self) -> None:
        self._bar.close()


def patiently(store: Store, patience: float, write: Callable[..., T], *arguments: Any) -> T:
    """Write; while the disk is full or another client is in the way, try again every second or so."""
    until, warned = time.monotonic() + patience, False
    while True:
        try:
            return write(*arguments)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in AT_FAULT:  # a longer code says more of the same kind
                raise
            free = shutil.disk_usage(store.path.parent).free / 1e6
            why = f"{store.path}: {error} ({free:.1f} MB free)"
            if time.monotonic() > until:
                raise StoreError(f"{why}; what is in the store is safe: make room, and start again") from None
            if not warned:
                print(f"sweep: {why}; trying again for {patience:.0f} s", file=sys.stderr)
            warned = True
            time.sleep(min(1.0, patience / 10))
