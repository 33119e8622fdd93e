"""The points of sweeps in one SQLite file: each is claimed by a client, and finished or failed, in a transaction.

The file has a rollback journal and not a write-ahead log: a log needs memory shared by all clients, which network file
systems do not give. Writes are rare (two a point), so nothing is lost by it. Whatever kills a client, a signal or a
power failure, the next one to open the file finds each transaction whole or not at all. Clients on several machines may
share a store where the file system's locks work (NFS 4, Lustre mounted with flock); a local disk is safer.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landscape_lib._sweeps import clients
from landscape_lib._sweeps.clients import Client, Heart, Watch
from landscape_lib._sweeps.point import Outcome

APPLICATION, SCHEMA = 0x4C4C5357, 2  # "LLSW" in the file's head: another program's database is not taken for a store
BUSY = 30.0  # seconds to wait for another client's transaction

TABLES = """
CREATE TABLE clients (id INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT, pid INTEGER, born TEXT, beat REAL,
  workers INTEGER);
CREATE TABLE points (
  key TEXT PRIMARY KEY, experiment TEXT NOT NULL, arguments TEXT NOT NULL, code TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
  client INTEGER, rows TEXT, error TEXT, made TEXT, seconds REAL
) WITHOUT ROWID;
CREATE TABLE grids (name TEXT, position INTEGER, key TEXT NOT NULL, PRIMARY KEY (name, position)) WITHOUT ROWID;
CREATE INDEX grids_by_key ON grids (key);
"""
# The grid that this client works on, whatever others ask meanwhile: `open` until the point is done or has failed.
MINE = """
CREATE TEMP TABLE mine (position INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, open INTEGER NOT NULL DEFAULT 1);
CREATE INDEX temp.open_ones ON mine (position) WHERE open
"""


class StoreError(Exception):
    """A store that cannot be used, with the reason."""


@dataclass(frozen=True)
class Point:
    """What the store knows of a point before it runs; ``code`` is the fingerprint of what runs it."""

    key: str
    experiment: str
    arguments: str
    code: str


class Store:
    """An open store, for the thread that opened it."""

    def __init__(self, path: str | Path, *, create: bool = True) -> None:
        self.path = Path(path).resolve()
        if not create and not (self.path.is_file() and self.path.stat().st_size):  # to look changes nothing
            raise StoreError(f"{path}: no such store; a sweep with this path makes it")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=BUSY, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: cannot be opened: {error}; name a file in a folder that you may write") from None
        try:
            self._db.execute("PRAGMA synchronous = EXTRA")  # a commit survives a power failure, its journal's end too
            self._db.execute("PRAGMA temp_store = MEMORY")
            for statement in MINE.split(";"):
                self._db.execute(statement)
            with self.transaction("DEFERRED"):  # one look: another client may be laying it out
                ready = self._is_laid_out()
            if not ready:
                with self.transaction():
                    if not self._is_laid_out():  # another client was as fast
                        self._lay_out()
        except (sqlite3.Error, StoreError) as error:
            self._db.close()
            if isinstance(error, sqlite3.OperationalError):  # locked, full, read-only
                raise StoreError(f"{path}: cannot be used: {error}") from None
            if isinstance(error, sqlite3.Error):
                raise StoreError(f"{path}: no store of sweeps, or damaged: {error}; name another file") from None
            raise
        self._watch, self._hearts = Watch(), dict[int, Heart]()

    def _is_laid_out(self) -> bool:
        (application,), (schema,) = (self._row(f"PRAGMA {name}") for name in ("application_id", "user_version"))
        if application == APPLICATION and schema != SCHEMA:
            known = f"this library knows version {SCHEMA}"
            raise StoreError(f"{self.path}: a store of version {schema}, and {known}; name another file")
        if application != APPLICATION and self._row("SELECT count(*) FROM sqlite_master")[0]:
            raise StoreError(f"{self.path}: a database of another program; name another file")
        return bool(application == APPLICATION)

    def _lay_out(self) -> None:
        for statement in TABLES.split(";"):
            self._db.execute(statement)
        self._db.execute(f"PRAGMA application_id = {APPLICATION}")
        self._db.execute(f"PRAGMA user_version = {SCHEMA}")

    def _row(self, query: str, *values: Any) -> Any:
        return self._db.execute(query, values).fetchone()

    @contextmanager
    def transaction(self, kind: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """All or nothing, and alone: others wait. One that only reads may be deferred."""
        self._db.execute(f"BEGIN {kind}")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk has ended it already
                self._db.execute("ROLLBACK")
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def ask(self, name: str, points: Sequence[Point], *, retry_failed: bool = False) -> None:
        """Write down the grid that this client will work on; what is not known yet waits."""
        rows = [(point.key, point.experiment, point.arguments, point.code) for point in points]
        with self.transaction() as db:
            db.executemany("INSERT OR IGNORE INTO points (key, experiment, arguments, code) VALUES (?, ?, ?, ?)", rows)
            db.execute("DELETE FROM grids WHERE name = ?", (name,))
            db.executemany("INSERT INTO grids VALUES (?, ?, ?)", [(name, i, row[0]) for i, row in enumerate(rows)])
            db.execute("DELETE FROM mine")
            db.executemany(
                "INSERT INTO mine (position, key) VALUES (?, ?)", [(i, row[0]) for i, row in enumerate(rows)]
            )
            if retry_failed:
                again = "UPDATE points SET state = 'waiting', error = NULL WHERE state = 'failed'"
                db.execute(f"{again} AND key IN (SELECT key FROM mine)")

    def enter(self) -> int:
        """Be a client, until `leave`; the number to claim with."""
        me = (clients.host(), os.getpid(), clients.born(os.getpid()), time.time())
        with self.transaction() as db:
            number = db.execute("INSERT INTO clients (host, pid, born, beat) VALUES (?, ?, ?, ?)", me).lastrowid
        assert number is not None
        self._hearts[number] = Heart(self.path, number)
        return number

    def leave(self, client: int) -> None:
        """Be no client any more: what was claimed and not finished waits again."""
        self._hearts.pop(client).stop()
        with suppress(sqlite3.Error), self.transaction():  # if the disk is full, the next client sees us gone
            self._release(client, for_good=True)

    def _release(self, client: int, *, for_good: bool) -> None:
        waits = "UPDATE points SET state = 'waiting', client = NULL WHERE state = 'running' AND client = ?"
        self._db.execute(waits, (client,))
        if for_good:  # one that has only fallen silent, a laptop asleep, may wake and go on
            self._db.execute("DELETE FROM clients WHERE id = ?", (client,))

    def claim(self, client: int, most: int, workers: int) -> list[str]:
        """Take up to ``most`` waiting points, in the grid's order; those of clients that are gone wait again first.

        ``workers`` is how many points the client computes at a time, for those who ask how long it will take.
        """
        with self.transaction() as db:
            db.execute("UPDATE clients SET workers = ? WHERE id = ? AND workers IS NOT ?", (workers, client, workers))
            for other in self._holders():
                gone = clients.dead(other, self.path)
                if other.id != client and (gone or self._watch.silent(other)):
                    self._release(other.id, for_good=gone)
            waiting = "SELECT key FROM mine CROSS JOIN points USING (key) WHERE open AND state = 'waiting'"
            keys = [key for (key,) in db.execute(f"{waiting} ORDER BY position LIMIT ?", (most,))]
            takes = "UPDATE points SET state = 'running', client = ? WHERE key = ?"
            db.executemany(takes, [(client, key) for key in keys])
        return keys

    def _holders(self) -> list[Client]:
        """The clients that have claimed open points of the grid."""
        holders = self.look(
            "SELECT DISTINCT clients.id, host, pid, born, beat FROM mine CROSS JOIN points USING (key) "
            "JOIN clients ON clients.id = client WHERE open AND state = 'running'"
        )
        return [Client(*row) for row in holders]

    def keep(self, key: str, outcome: Outcome) -> None:
        """Write down what came of a point. Of two clients that ran the same one, the first to be done is believed."""
        state = "done" if outcome.error is None else "failed"
        with self.transaction() as db:
            db.execute(
                "UPDATE points SET state = ?, client = NULL, rows = ?, error = ?, made = ?, seconds = ? "
                "WHERE key = ? AND state != 'done'",
                (state, outcome.rows, outcome.error, outcome.made, outcome.seconds, key),
            )
            db.execute("UPDATE mine SET open = 0 WHERE key = ?", (key,))

    def left(self) -> int:
        """How many points of the grid are neither done nor failed, whoever works on them."""
        ended = "SELECT key FROM mine CROSS JOIN points USING (key) WHERE open AND state IN ('done', 'failed')"
        self._db.execute(f"UPDATE mine SET open = 0 WHERE key IN ({ended})")
        return int(self._row("SELECT count(*) FROM mine WHERE open")[0])

    def failed(self) -> int:
        """How many points of the grid have failed."""
        return int(self._row("SELECT count(*) FROM mine CROSS JOIN points USING (key) WHERE state = 'failed'")[0])

    def outcomes(self) -> Iterator[Outcome]:
        """What came of the finished points of the grid, in its order."""
        done = "SELECT rows, error, made, seconds FROM mine CROSS JOIN points USING (key) WHERE state = 'done'"
        return (Outcome(*row) for row in self._db.execute(f"{done} ORDER BY position"))

    def look(self, query: str, *values: Any) -> list[Any]:
        """The rows of a query that changes nothing."""
        return self._db.execute(query, values).fetchall()
