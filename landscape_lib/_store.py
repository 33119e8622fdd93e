"""The points of sweeps in one SQLite file: each asked, claimed by a client, and finished or failed in a transaction.

The file has a rollback journal and not a write-ahead log: a log needs memory shared by all clients, which network file
systems do not give. Writes are rare (one a point), so nothing is lost by it. Killed at any instant, by a signal or a
power failure, the next client to open it finds each transaction whole or not at all. Several machines may share a
store on a network file system whose locks work (NFS 4, Lustre with flock); a local disk is safer.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

APPLICATION, SCHEMA = 0x4C4C5357, 1  # "LLSW" in the file's head: another program's database is not taken for a store
BEAT, STALE = 5.0, 60.0  # seconds: a client says that it lives, and is given up when it has not
PATIENCE = 30.0  # seconds to wait for another client's transaction

TABLES = """
CREATE TABLE clients (id INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT, pid INTEGER, born TEXT, beat REAL);
CREATE TABLE points (
  key TEXT PRIMARY KEY, experiment TEXT NOT NULL, arguments TEXT NOT NULL, code TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
  client INTEGER, rows TEXT, error TEXT, made TEXT, seconds REAL
) WITHOUT ROWID;
CREATE TABLE grids (name TEXT, position INTEGER, key TEXT NOT NULL, PRIMARY KEY (name, position)) WITHOUT ROWID;
CREATE INDEX grids_by_key ON grids (key);
"""


class StoreError(Exception):
    """A store that cannot be used, with the reason."""


@dataclass
class Client:
    """Who claims points: a row of the store, and a thread that keeps saying that this process lives."""

    id: int
    stop: threading.Event = field(default_factory=threading.Event)


class Store:
    """An open store. The thread that opened it uses it."""

    def __init__(self, path: str | Path, *, create: bool = True) -> None:
        self.path = Path(path)
        if not create and not self.path.is_file():
            raise StoreError(f"{self.path}: no such store")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        except (OSError, sqlite3.OperationalError) as error:
            raise StoreError(
                f"{self.path}: cannot be opened: {error}; name a file in a folder that can be written"
            ) from None
        self._seen: dict[int, tuple[float, float]] = {}  # another client's beat, and when we saw it change
        try:
            self._db.execute("PRAGMA synchronous = EXTRA")  # a commit survives a power failure, its journal's end too
            with self.transaction():
                self._check()
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise StoreError(f"{self.path}: not a store of sweeps: {error}") from None
        except StoreError:
            self._db.close()
            raise

    def _check(self) -> None:
        (application,), (schema,) = (self._one(f"PRAGMA {name}") for name in ("application_id", "user_version"))
        if (application, schema) == (APPLICATION, SCHEMA):
            return
        if application == APPLICATION:
            raise StoreError(f"{self.path}: a store of version {schema}, need {SCHEMA}; name another file")
        if application or schema or self._one("SELECT count(*) FROM sqlite_master")[0]:
            raise StoreError(f"{self.path}: a database of another program; name another file")
        for statement in TABLES.split(";"):
            self._db.execute(statement)
        self._db.execute(f"PRAGMA application_id = {APPLICATION}")
        self._db.execute(f"PRAGMA user_version = {SCHEMA}")

    def _one(self, query: str, *values: Any) -> Any:
        return self._db.execute(query, values).fetchone()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and alone: others wait."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def close(self) -> None:
        self._db.close()

    def ask(self, name: str, points: Sequence[tuple[str, str, str, str]], *, retry_failed: bool = False) -> None:
        """Write down a grid, (key, experiment, arguments, code) a point: what is not known yet waits."""
        with self.transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO points (key, experiment, arguments, code) VALUES (?, ?, ?, ?)", points
            )
            db.execute("DELETE FROM grids WHERE name = ?", (name,))
            db.executemany("INSERT INTO grids VALUES (?, ?, ?)", [(name, i, p[0]) for i, p in enumerate(points)])
            if retry_failed:
                db.execute(
                    "UPDATE points SET state = 'waiting', error = NULL WHERE state = 'failed' "
                    "AND key IN (SELECT key FROM grids WHERE name = ?)",
                    (name,),
                )

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Be a client for a while; in the end, however it comes, what was claimed and not finished waits again."""
        with self.transaction() as db:
            row = (HOST, os.getpid(), _born(os.getpid()), time.time())
            number = db.execute("INSERT INTO clients (host, pid, born, beat) VALUES (?, ?, ?, ?)", row).lastrowid
        assert number is not None
        client = Client(number)
        HERE.add((str(self.path.resolve()), number))
        threading.Thread(target=_beat, args=(self.path, client), daemon=True).start()
        try:
            yield client
        finally:
            client.stop.set()
            HERE.discard((str(self.path.resolve()), number))
            with suppress(sqlite3.Error), self.transaction():  # a full disk, say: the next client sees us gone
                self._release(number)

    def _release(self, client: int) -> None:
        self._db.execute(
            "UPDATE points SET state = 'waiting', client = NULL WHERE state = 'running' AND client = ?", (client,)
        )
        self._db.execute("DELETE FROM clients WHERE id = ?", (client,))

    def claim(self, name: str, client: Client, most: int) -> list[str]:
        """Take up to ``most`` waiting points of a grid, in its order, after those of clients that are gone."""
        with self.transaction() as db:
            held = "SELECT DISTINCT client FROM points JOIN grids USING (key) WHERE name = ? AND state = 'running'"
            for (other,) in db.execute(held, (name,)).fetchall():
                if other != client.id and self._gone(other):
                    self._release(other)
            chosen = db.execute(
                "SELECT key FROM grids JOIN points USING (key) WHERE name = ? AND state = 'waiting' "
                "ORDER BY position LIMIT ?",
                (name, most),
            ).fetchall()
            db.executemany(
                "UPDATE points SET state = 'running', client = ? WHERE key = ?", [(client.id, key) for (key,) in chosen]
            )
        return [key for (key,) in chosen]

    def _gone(self, client: int) -> bool:
        row = self._one("SELECT host, pid, born, beat FROM clients WHERE id = ?", client)
        if row is None:
            return True
        host, pid, born, beat = row
        if host == HOST and born and _born(pid) != born:
            return True
        if host == HOST and pid == os.getpid() and (str(self.path.resolve()), client) not in HERE:
            return True
        # Clocks of machines differ, so what counts is how long we have not seen the beat change.
        last, since = self._seen.get(client, (None, 0.0))
        if beat != last:
            self._seen[client] = (beat, time.monotonic())
            return False
        return time.monotonic() - since > STALE

    def finish(self, key: str, rows: str, made: str, seconds: float) -> None:
        """Keep a point's rows. Where another client was as fast, the first result stays."""
        self._end(key, "done", rows=rows, made=made, seconds=seconds)

    def fail(self, key: str, error: str, made: str | None, seconds: float | None) -> None:
        """Keep a point's traceback."""
        self._end(key, "failed", error=error, made=made, seconds=seconds)

    def _end(self, key: str, state: str, **values: Any) -> None:
        names = ", ".join(f"{name} = :{name}" for name in values)
        with self.transaction() as db:
            db.execute(
                f"UPDATE points SET state = :state, client = NULL, {names} WHERE key = :key AND state != 'done'",
                {"key": key, "state": state, **values},
            )

    def counts(self, name: str) -> dict[str, int]:
        """How many points of a grid are waiting, running, done, failed."""
        found = self._db.execute(
            "SELECT state, count(*) FROM grids JOIN points USING (key) WHERE name = ? GROUP BY state", (name,)
        )
        return {"done": 0, "running": 0, "failed": 0, "waiting": 0, **dict(found.fetchall())}

    def results(self, name: str) -> list[tuple[list[dict[str, Any]], dict[str, Any], float]]:
        """(rows, provenance, seconds) of each finished point of a grid, in its order."""
        found = self._db.execute(
            "SELECT rows, made, seconds FROM grids JOIN points USING (key) WHERE name = ? AND state = 'done' "
            "ORDER BY position",
            (name,),
        )
        return [(json.loads(rows), json.loads(made), seconds) for rows, made, seconds in found]


HERE: set[tuple[str, int]] = set()  # the clients of this process: one that is not among them has ended


def _beat(path: Path, client: Client) -> None:
    while not client.stop.wait(BEAT):
        try:
            db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            try:
                db.execute("UPDATE clients SET beat = ? WHERE id = ?", (time.time(), client.id))
            finally:
                db.close()
        except sqlite3.Error:
            continue  # the next beat may come through


def _host() -> str:
    """This machine, this boot, these process numbers: containers have their own."""
    parts = [socket.gethostname()]
    if sys.platform == "linux":
        with suppress(OSError):
            parts += [Path("/proc/sys/kernel/random/boot_id").read_text().strip(), os.readlink("/proc/self/ns/pid")]
    return " ".join(parts)


def _born(pid: int) -> str:
    """When a process began, in the kernel's ticks: another of its number differs. "" if dead, or not to be known."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state in "ZX" else rest[18]


HOST = _host()
