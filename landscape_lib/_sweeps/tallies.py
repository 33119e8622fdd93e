"""How far a sweep is, as far as its store knows."""

from __future__ import annotations

import time
from dataclasses import dataclass

from landscape_lib._sweeps import clients
from landscape_lib._sweeps.clients import Client
from landscape_lib._sweeps.store import Store


@dataclass(frozen=True)
class Progress:
    """How far a sweep is: points by state, and what the rest may take."""

    name: str
    done: int
    running: int
    failed: int
    waiting: int
    left_behind: int  # of those that wait: claimed by a client that is gone
    workers: int  # that compute for it now
    mean_seconds: float | None  # of a finished point
    failures: tuple[tuple[str, str], ...]  # arguments and traceback
    others: int  # finished points in the same store that belong to no grid: of other code, or no longer asked

    @property
    def points(self) -> int:
        """All of them."""
        return self.done + self.running + self.failed + self.waiting

    @property
    def seconds_left(self) -> float | None:
        """If the other points take as long as the finished ones, with the workers of now, or one if there are none.

        What runs is half done on the average.
        """
        if self.mean_seconds is None:
            return None
        busy = min(self.running, self.workers)
        return self.mean_seconds * (self.waiting + self.running - busy / 2) / max(1, self.workers)


def progress(store: Store) -> list[Progress]:
    """Each grid of a store, by name."""
    return [_progress(store, name) for (name,) in store.look("SELECT DISTINCT name FROM grids ORDER BY name")]


def _progress(store: Store, name: str) -> Progress:
    points = store.look(
        "SELECT state, arguments, error, seconds, workers, clients.id, host, pid, born, beat "
        "FROM grids JOIN points USING (key) LEFT JOIN clients ON clients.id = client WHERE name = ? ORDER BY position",
        name,
    )
    count = dict.fromkeys(("done", "running", "failed", "waiting", "left behind"), 0)
    seconds, failures, workers = [], [], {}
    for state, arguments, error, took, its_workers, *client in points:
        if state == "running":
            if _gone(Client(*client), store):
                state = "left behind"
            else:
                workers[client[0]] = its_workers or 1
        count[state] += 1
        if state == "done":
            seconds.append(took)
        elif state == "failed":
            failures.append((arguments, error))
    ((others,),) = store.look("SELECT count(*) FROM points WHERE state = 'done' AND key NOT IN (SELECT key FROM grids)")
    return Progress(
        name,
        count["done"],
        count["running"],
        count["failed"],
        count["waiting"] + count["left behind"],
        count["left behind"],
        sum(workers.values()),
        sum(seconds) / len(seconds) if seconds else None,
        tuple(failures),
        others,
    )


def _gone(client: Client, store: Store) -> bool:
    """One look has only the clocks to go by, where the client is on another machine."""
    if client.id is None or clients.dead(client, store.path):
        return True
    return client.host != clients.host() and time.time() - client.beat > clients.STALE
