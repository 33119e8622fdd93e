"""Who works on a store of sweeps: whether the process that has claimed a point is still there.

A lease would not do with less. What has expired on one machine's clock has not on another's, so that we would still
count how long we saw no renewal (`Watch`). A point may take hours in this process, so that a thread would still renew
it (`Heart`). And a sweep that was killed and is started again must not wait until its own lease has expired (`born`).
"""

from __future__ import annotations

import os
import socket
import sqlite3
import sys
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

BEAT, STALE = 5.0, 60.0  # seconds: a client says that it lives, and is given up when it has not for so long
HERE: set[tuple[Path, int]] = set()  # stores and clients of this process: of its clients, the others have ended


@dataclass(frozen=True)
class Client:
    """A row of the store: a process that claims points."""

    id: int
    host: str
    pid: int
    born: str
    beat: float


def host() -> str:
    """This machine, this boot, these process numbers: containers have their own."""
    names = [socket.gethostname()]
    if sys.platform == "linux":
        with suppress(OSError):
            names += [Path("/proc/sys/kernel/random/boot_id").read_text().strip(), os.readlink("/proc/self/ns/pid")]
    return " ".join(names)


def born(pid: int) -> str:
    """When a process began, in the kernel's ticks: another of its number differs. "" if dead, or not to be known."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state in "ZX" else rest[18]


def dead(client: Client, store: Path) -> bool:
    """True where it is certain: the process was on this machine, and is no more, or has ended that sweep."""
    if client.host != host():
        return False
    if client.pid == os.getpid() and client.born == born(client.pid):
        return (store, client.id) not in HERE
    return bool(client.born) and born(client.pid) != client.born


class Watch:
    """Tells which clients have fallen silent. Clocks of machines differ, so it counts how long we saw no beat."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[float, float]] = {}

    def silent(self, client: Client) -> bool:
        beat, since = self._seen.get(client.id, (None, 0.0))
        if beat != client.beat:
            self._seen[client.id] = (client.beat, time.monotonic())
            return False
        return time.monotonic() - since > STALE


class Heart:
    """A thread that says, in the store, that this client lives."""

    def __init__(self, store: Path, client: int) -> None:
        self._stop = threading.Event()
        self._who = (store, client)
        HERE.add(self._who)
        threading.Thread(target=self._beat, daemon=True).start()

    def _beat(self) -> None:
        store, client = self._who
        while not self._stop.wait(BEAT):
            with suppress(sqlite3.Error), closing(sqlite3.connect(store, timeout=BEAT, isolation_level=None)) as db:
                db.execute("UPDATE clients SET beat = ? WHERE id = ?", (time.time(), client))  # if not, the next may

    def stop(self) -> None:
        self._stop.set()
        HERE.discard(self._who)
