"""The file: what it refuses, who owns a point, and what happens to the points of clients that are gone."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress

import pytest

from landscape_lib._sweeps import clients
from landscape_lib._sweeps.point import Outcome
from landscape_lib._sweeps.store import APPLICATION, TABLES, Point, Store, StoreError
from landscape_lib._sweeps.tallies import progress
from landscape_lib.sweeps import status

DONE, FAILED = Outcome(rows="[]", made="{}", seconds=2.0), Outcome(error="Traceback\nE: no\n", made="{}", seconds=9.0)


def points(count, code="c"):
    return [Point(f"{code}{i}", "f", f'{{"x": {i}}}', code) for i in range(count)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "points.sqlite"


@pytest.fixture
def store(path):
    with Store(path) as opened:
        opened.ask("grid", points(5))
        yield opened


def test_points_are_claimed_in_the_grids_order_and_once(store, path):
    me = store.enter()
    with Store(path) as other:
        other.ask("grid", points(5))
        her = other.enter()
        assert store.claim(me, 2, 2) == ["c0", "c1"]
        assert other.claim(her, 2, 2) == ["c2", "c3"]
        assert store.claim(me, 9, 2) == ["c4"] and other.claim(her, 9, 2) == []
        other.leave(her)
        assert store.claim(me, 9, 2) == ["c2", "c3"], "who leaves gives back"
    store.leave(me)


def test_many_clients_at_once_never_share_a_point(path):
    claimed = []

    def work():
        with Store(path) as opened:
            opened.ask("grid", points(60))
            me = opened.enter()
            while keys := opened.claim(me, 3, 1):
                claimed.extend(keys)
                for key in keys:
                    opened.keep(key, DONE)
            opened.leave(me)

    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(claimed) == sorted(point.key for point in points(60))


def test_the_first_result_of_a_point_stays_and_a_failure_never_replaces_one(store):
    store.keep("c0", DONE)
    store.keep("c0", Outcome(rows="[1]", made="{}", seconds=1.0))
    store.keep("c0", FAILED)
    assert list(store.outcomes()) == [DONE]
    store.keep("c1", FAILED)
    store.keep("c1", DONE)
    assert list(store.outcomes()) == [DONE, DONE] and store.failed() == 0 and store.left() == 3


def test_another_grid_of_the_same_name_does_not_disturb_a_client(store, path):
    me = store.enter()
    with Store(path) as other:
        other.ask("grid", points(3, code="d"))
        assert [sweep.points for sweep in status(path)] == [3], "the last one asked is what status tells of"
        assert store.claim(me, 9, 1) == [point.key for point in points(5)]
    store.leave(me)


@pytest.mark.parametrize(
    "who, gone",
    [
        ({}, False),
        ({"pid": 2**22 + 1}, True),
        ({"born": "1"}, True),  # its number has been given to another process
        ({"host": "elsewhere"}, False),
        ({"host": "elsewhere", "pid": 2**22 + 1}, False),
    ],
)
def test_a_client_of_this_machine_is_dead_with_its_process(who, gone, store, path):
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    living = {"host": clients.host(), "pid": sleeper.pid, "born": clients.born(sleeper.pid)}
    client = clients.Client(id=7, beat=0.0, **{**living, **who})
    assert clients.dead(client, path) is gone
    sleeper.communicate()
    assert clients.dead(client, path) is (who.get("host") is None)


def test_a_zombie_is_dead():
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has taken note
    assert os.path.exists(f"/proc/{killed.pid}") and clients.born(killed.pid) == ""
    killed.communicate()


def test_a_client_elsewhere_is_given_up_when_its_heart_has_stood_still(store, path, monkeypatch):
    monkeypatch.setattr(clients, "STALE", 0.2)
    her, me = store.enter(), store.enter()
    store._db.execute("UPDATE clients SET host = 'elsewhere' WHERE id = ?", (her,))
    assert store.claim(her, 2, 1) == ["c0", "c1"]
    assert store.claim(me, 9, 1) == ["c2", "c3", "c4"]
    for _ in range(4):
        store._db.execute("UPDATE clients SET beat = beat + 1 WHERE id = ?", (her,))
        assert store.claim(me, 9, 1) == []
        time.sleep(0.1)
    assert store.claim(me, 9, 1) == []
    time.sleep(0.3)
    assert store.claim(me, 9, 1) == ["c0", "c1"], "whatever her clock says"
    store.leave(her)
    store.leave(me)


def test_a_client_says_that_it_lives_while_it_computes(store, monkeypatch):
    monkeypatch.setattr(clients, "BEAT", 0.02)
    me = store.enter()
    (first,) = store._row("SELECT beat FROM clients")
    end = time.monotonic() + 30
    while store._row("SELECT beat FROM clients") == (first,):
        assert time.monotonic() < end, "no beat"
        time.sleep(0.02)
    store.leave(me)


def test_a_sweep_of_this_process_that_ended_without_leaving_holds_nothing(store, path):
    lost, me = store.enter(), store.enter()
    store.claim(lost, 2, 1)
    store._hearts[lost].stop()  # what an interrupt in the midst of leaving comes to
    assert store.claim(me, 9, 1) == [point.key for point in points(5)]
    store.leave(me)


def test_progress_counts_and_estimates(store, path):
    her, me = store.enter(), store.enter()
    store.claim(her, 1, 3)
    store.claim(me, 2, 2)
    store.keep("c1", DONE)
    store.keep("c2", FAILED)
    (counts,) = progress(store)
    assert (counts.done, counts.running, counts.failed, counts.waiting, counts.points) == (1, 1, 1, 2, 5)
    assert (counts.workers, counts.mean_seconds) == (3, 2.0)
    assert counts.seconds_left == pytest.approx(2.0 * (2 + 1 - 1 / 2) / 3)
    assert counts.failures == (('{"x": 2}', "Traceback\nE: no\n"),)
    store._hearts[her].stop()
    (counts,) = progress(store)
    assert (counts.running, counts.waiting, counts.left_behind, counts.workers) == (0, 3, 1, 0)
    assert counts.seconds_left == 6.0, "with one worker, if nobody works"
    store.leave(me)
    store.ask("grid", points(5, code="d"))
    (counts,) = progress(store)
    assert (counts.done, counts.waiting, counts.others, counts.seconds_left) == (0, 5, 1, None)


def test_what_is_no_store_is_refused(path, tmp_path):
    sqlite3.connect(path).executescript("CREATE TABLE letters (a); PRAGMA user_version = 2")
    with pytest.raises(StoreError, match="a database of another program; name another file"):
        Store(path)
    (text := tmp_path / "text").write_text("P,N\n1,2\n" * 100)
    with pytest.raises(StoreError, match="no store of sweeps, or damaged: file is not a database"):
        Store(text)
    with pytest.raises(StoreError, match="unable to open database file; name a file in a folder that you may write"):
        Store(tmp_path)
    with pytest.raises(StoreError, match="cannot be opened: .*text"):
        Store(text / "points.sqlite")
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(StoreError, match="empty.sqlite: no such store"):
        status(tmp_path / "empty.sqlite")
    assert (tmp_path / "empty.sqlite").stat().st_size == 0
    with pytest.raises(StoreError, match="missing.sqlite: no such store"):
        status(tmp_path / "missing.sqlite")
    assert not (tmp_path / "missing.sqlite").exists(), "looking makes nothing"


def test_a_store_of_another_version_is_refused(store, path):
    store._db.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreError, match="a store of version 1, and this library knows version 2; name another file"):
        Store(path)


def test_an_empty_file_becomes_a_store(path):
    path.touch()  # a client killed between opening and writing leaves this
    with Store(path) as opened:
        opened.ask("grid", points(1))
    assert status(path)[0].waiting == 1


def test_a_folder_is_made_for_it(tmp_path):
    with Store(tmp_path / "new" / "folder" / "points.sqlite") as opened:
        assert opened.path.is_file()


def test_a_large_grid_is_no_burden(path):
    """20,000 points; a claim must not look through all those that are done."""
    many = [Point(f"{i:064x}", "f", '{"x": "' + "a" * 300 + f'{i}"}}', "c") for i in range(20_000)]
    with Store(path) as opened:
        opened.ask("grid", many)
        opened._db.execute("UPDATE points SET state = 'done', rows = ?, made = '{}', seconds = 1", ("a" * 1000,))
        opened._db.execute("UPDATE points SET state = 'waiting' WHERE key > ?", (many[-11].key,))
        assert opened.left() == 10
        me, work = opened.enter(), [0]
        opened._db.set_progress_handler(lambda: work.__setitem__(0, work[0] + 1), 1000)
        assert opened.claim(me, 2, 1) == [many[-10].key, many[-9].key]
        assert opened.left() == 10 and work[0] < 10, "thousands of steps of SQLite's machine, so not a row each"
        opened.leave(me)


def test_a_store_that_another_client_is_laying_out_is_not_taken_for_a_foreign_database(path, monkeypatch):
    def meanwhile(self, query, *values, ask=Store._row):
        row = ask(self, query, *values)
        if query == "PRAGMA application_id" and not tried:
            tried.append(query)  # between the first look and the second, another client gets as far as it can
            with closing(sqlite3.connect(path, timeout=0)) as other, suppress(sqlite3.OperationalError):
                other.executescript(f"BEGIN; {TABLES}; PRAGMA application_id = {APPLICATION}; COMMIT")
        return row

    tried = []
    monkeypatch.setattr(Store, "_row", meanwhile)
    with Store(path) as opened:
        opened.ask("grid", points(1))
    assert tried and status(path)[0].waiting == 1
