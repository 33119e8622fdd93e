"""A sweep with a store: the same table, every point once, whatever fails."""

from __future__ import annotations

import math
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from types import SimpleNamespace

import cheap
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib._sweeps import driver
from landscape_lib._sweeps.point import OtherCodeError, canonical
from landscape_lib._sweeps.store import Store
from landscape_lib.report import read_results, write_results
from landscape_lib.sweeps import ExecutorError, StoreError, processes, status, sweep

from .conftest import undisturbed


@pytest.fixture(scope="module")
def pool():
    with processes(2) as executor:
        yield executor


def values(x):
    return [{"x": x, "nan": math.nan, "inf": -math.inf, "third": x / 3, "none": None, "yes": x > 1, "big": 10**30}]


def scalars(x):
    return [{"x": np.int64(x), "f": np.float64(x / 3), "g": np.float32(x / 3), "b": np.bool_(x > 1), "s": np.str_("s")}]


def many(x, rows):
    return [{"x": x, "row": row} for row in range(rows)]


def nothing(x):
    return []


@pytest.mark.parametrize("workers", [None, "threads", "processes"])
def test_the_table_is_that_of_a_sweep_without_a_store(workers, store, log, pool, tmp_path):
    points = cheap.grid(12, log)
    with ThreadPoolExecutor(3) as threads:
        executor = {None: None, "threads": threads, "processes": pool}[workers]
        table = sweep(cheap.logged, points, executor, store=store)
    pd.testing.assert_frame_equal(table, sweep(cheap.logged, cheap.grid(12, tmp_path / "other log")))
    assert table.attrs["experiment"] == "cheap.logged" and table.attrs["failed"] == 0
    write_results(table, tmp_path / "kept.csv", command="test")
    assert (tmp_path / "kept.csv").read_bytes() == undisturbed(tmp_path, 12)
    assert sorted(cheap.runs(log)) == list(range(12))


def test_what_is_stored_is_not_run_again_and_a_larger_grid_runs_only_what_is_new(store, log):
    first = sweep(cheap.logged, cheap.grid(4, log), store=store)
    pd.testing.assert_frame_equal(first, sweep(cheap.logged, cheap.grid(4, log), store=store))
    assert cheap.runs(log) == [0, 1, 2, 3]
    larger = sweep(cheap.logged, cheap.grid(6, log)[::-1], store=store)
    assert cheap.runs(log) == [0, 1, 2, 3, 5, 4]
    assert larger.seed.unique().tolist() == [5, 4, 3, 2, 1, 0], "the order is the grid's, not that of running"
    sweep(cheap.logged, cheap.grid(2, log), store=store)
    assert [(progress.points, progress.done, progress.others) for progress in status(store)] == [(2, 2, 4)]


@given(st.permutations(["a", "b", "c"]), st.integers(0, 5))
def test_the_same_arguments_are_the_same_point_whatever_their_order_and_kind(names, x):
    def experiment(a, b, c):
        return []

    values = {"a": (x, 2), "b": {"deep": [x]}, "c": np.int64(x)}
    same = {"a": [x, 2], "b": {"deep": np.array([x])}, "c": x}
    assert canonical(experiment, {name: values[name] for name in names}) == canonical(experiment, same)
    assert canonical(experiment, same) != canonical(experiment, {**same, "c": float(x)})


@pytest.mark.parametrize("experiment", [values, scalars])
def test_values_come_back_as_they_were(experiment, store):
    grid = [{"x": 1}, {"x": 2}]
    kept = sweep(experiment, grid, store=store)
    again = sweep(experiment, grid, store=store)
    pd.testing.assert_frame_equal(kept, again)
    expected = pd.DataFrame([row for point in grid for row in experiment(**point)])
    if experiment is scalars:  # NumPy's numbers become Python's, to the same digits
        expected = expected.astype({"g": float, "s": str})
    pd.testing.assert_frame_equal(kept, expected, check_exact=True)


def test_an_experiment_may_have_many_rows_or_none(store):
    assert len(sweep(many, [{"x": 0, "rows": 100_000}, {"x": 1, "rows": 0}], store=store)) == 100_000
    assert len(sweep(nothing, [{"x": 0}], store=store)) == 0


def test_a_failure_is_kept_with_its_traceback_and_the_others_go_on(store, log, pool):
    table = sweep(cheap.fragile, cheap.grid(7, log), pool, store=store)
    assert table.seed.unique().tolist() == [1, 2, 4, 5] and table.attrs["failed"] == 3
    (progress,) = status(store)
    assert (progress.done, progress.failed, progress.running, progress.waiting) == (4, 3, 0, 0)
    arguments, error = progress.failures[1]
    assert '"x": 3' in arguments
    assert error.startswith("Traceback") and error.endswith("ArithmeticError: no value at x = 3\n")
    assert "in fragile" in error and "point.py" not in error, "from the experiment on"


def test_failed_points_run_again_only_when_asked(store, log):
    (ill := log.with_name("ill")).touch()
    points = cheap.grid(3, log)
    assert sweep(cheap.curable, points, store=store).attrs["failed"] == 3
    ill.unlink()
    assert sweep(cheap.curable, points, store=store).attrs["failed"] == 3
    cured = sweep(cheap.curable, points, store=store, retry_failed=True)
    assert cured.attrs["failed"] == 0 and cheap.runs(log) == [0, 1, 2]


def test_an_experiment_that_exits_has_failed(store, pool):
    for executor in (None, pool):
        table = sweep(cheap.leaving, [{"x": 0}, {"x": 1}, {"x": 2}], executor, store=store, retry_failed=True)
        assert table.x.tolist() == [0, 2]
        assert status(store)[0].failures[0][1].endswith("SystemExit: enough\n")


@pytest.mark.parametrize("what", ["list", "set", "complex", "path", "bytes"])
def test_rows_hold_plain_values(what, store):
    sweep(cheap.odd_rows, [{"x": 1, "what": what}], store=store)
    ((_, error),) = status(store)[0].failures
    assert "'odd' is a " in error and error.endswith("need text, a number, a truth value or None\n")


def test_a_worker_that_dies_takes_one_run_with_it(store, log):
    with processes(2) as pool:
        table = sweep(cheap.dying, cheap.grid(8, log, times=1), pool, store=store)
    assert table.x.tolist() == list(range(8)) and table.attrs["failed"] == 0
    assert sorted(cheap.runs(log)) == sorted([*range(8), 3])


def test_a_point_that_keeps_killing_its_worker_has_failed_and_the_others_are_done(store, log):
    with processes(2) as pool:
        table = sweep(cheap.dying, cheap.grid(8, log, times=99), pool, store=store)
    assert table.x.tolist() == [0, 1, 2, 4, 5, 6, 7]
    assert sorted(cheap.runs(log)) == sorted([*range(8), 3, 3])
    ((arguments, error),) = status(store)[0].failures
    assert '"x": 3' in arguments and "3 workers died of this point" in error and "killed by signal 9" in error


def test_a_pool_of_the_standard_library_breaks_but_what_is_done_is_kept(store, log):
    points = cheap.grid(6, log, times=1)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool, pytest.raises(ExecutorError, match="broken"):
        sweep(cheap.dying, points, pool, store=store)
    assert status(store)[0].done == 3
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert sweep(cheap.dying, points, pool, store=store).x.tolist() == list(range(6))
    assert sorted(cheap.runs(log)) == sorted([*range(6), 3])


def test_an_interrupted_sweep_keeps_what_is_done_and_leaves_no_claim(store, log, monkeypatch):
    calls = []

    def interrupt(self, key, outcome, keep=Store.keep):
        keep(self, key, outcome)
        calls.append(key)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Store, "keep", interrupt)
    with pytest.raises(KeyboardInterrupt), processes(2) as pool:
        sweep(cheap.logged, cheap.grid(20, log, seconds=0.2), pool, store=store)
    monkeypatch.undo()
    (progress,) = status(store)
    assert progress.done >= 1 and progress.running == 0 and progress.left_behind == 0
    assert progress.done + progress.waiting == 20


def test_a_finished_point_whose_writing_is_interrupted_is_written_on_the_way_out(store, log, monkeypatch):
    calls = []

    def interrupt(self, key, outcome, keep=Store.keep):
        calls.append(key)
        if len(calls) == 1:
            raise KeyboardInterrupt
        keep(self, key, outcome)

    monkeypatch.setattr(Store, "keep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sweep(cheap.logged, cheap.grid(3, log), store=store)
    assert calls == calls[:1] * 2 and status(store)[0].done == 1


def test_while_the_disk_is_full_results_are_held_and_then_written(store, log, monkeypatch, capsys):
    """SQLite's own error: the file may have so many pages and no more, until somebody makes room."""
    points, naps = cheap.grid(40, log, rows=20), []
    opened = []

    def limited(self, *arguments, init=Store.__init__, **more):
        init(self, *arguments, **more)
        self._db.execute("PRAGMA max_page_count = 40")
        opened.append(self)

    def make_room(seconds):
        naps.append(status(store)[0].done)
        if len(naps) == 3:
            opened[0]._db.execute("PRAGMA max_page_count = 100000")

    monkeypatch.setattr(Store, "__init__", limited)
    monkeypatch.setattr(driver, "time", SimpleNamespace(monotonic=time.monotonic, sleep=make_room))
    table = sweep(cheap.logged, points, store=store)
    assert table.attrs["failed"] == 0 and cheap.runs(log) == list(range(40))
    assert len(naps) == 3 and len(set(naps)) == 1 and 0 < naps[0] < 40
    printed = capsys.readouterr().err
    assert "database or disk is full" in printed and "MB free" in printed and printed.count("\n") == 1


def test_when_patience_ends_the_store_is_whole_and_the_next_start_goes_on(store, log, monkeypatch):
    def limited(self, *arguments, init=Store.__init__, **more):
        init(self, *arguments, **more)
        self._db.execute("PRAGMA max_page_count = 40")

    with monkeypatch.context() as patch, pytest.raises(StoreError, match="what is in the store is safe: make room"):
        patch.setattr(Store, "__init__", limited)
        sweep(cheap.logged, cheap.grid(40, log, rows=20), store=store, patience=0.1)
    done = status(store)[0].done
    assert 0 < done < 40
    assert len(sweep(cheap.logged, cheap.grid(40, log, rows=20), store=store)) == 800
    assert len(cheap.runs(log)) == 41, "the one that could not be written, and no other, is run again"


def test_two_clients_in_two_threads_share_the_work(store, log):
    tables = []

    def work(executor):
        tables.append(sweep(cheap.logged, cheap.grid(30, log, seconds=0.02), executor, store=store))

    with ThreadPoolExecutor(2) as workers:
        clients = [threading.Thread(target=work, args=(workers,)) for _ in range(2)]
        [client.start() for client in clients]
        [client.join() for client in clients]
    pd.testing.assert_frame_equal(*tables)
    assert sorted(cheap.runs(log)) == list(range(30))


def test_a_worker_with_other_code_ends_the_sweep(store, log, monkeypatch):
    monkeypatch.setattr(
        "landscape_lib.sweeps.parts", lambda experiment: {"": {}, "landscape_lib.nets": {"MLP": "other"}}
    )
    with ThreadPoolExecutor(1) as threads, pytest.raises(OtherCodeError, match="cheap, landscape_lib.nets"):
        sweep(cheap.logged, cheap.grid(3, log), threads, store=store)
    assert cheap.runs(log) == [] and status(store)[0].waiting == 3


def test_what_cannot_travel_is_said(store, pool):
    with pytest.raises(ExecutorError, match="cannot run in another process"):
        sweep(cheap.lost, [{"x": 1}], pool, store=store)


@pytest.mark.parametrize(
    "given, says",
    [
        ({"grid": []}, "the grid has no points"),
        ({"grid": [{"x": 1}, {"x": 2}, {"x": 1}]}, "the grid has a point twice: {'x': 1}"),
        ({"grid": [{"y": 1}]}, "{'y': 1} is no point of values: missing a required argument: 'x'"),
        ({"grid": [{"x": object}]}, "'x' is a type, need text, a number"),
        ({"grid": [{"x": {1, 2}}]}, "'x' is a set, need text, a number"),
        ({"experiment": lambda x: []}, "has no name of its own to keep its points under"),
        ({"experiment": "values"}, "experiment is a str, need a function"),
        ({"executor": 2}, "executor is a int, need a concurrent.futures.Executor"),
        ({"window": 0}, "window is 0, need a whole number of at least 1"),
        ({"window": True}, "window is True, need"),
        ({"patience": -1}, "patience is -1, need a number of seconds"),
        ({"patience": math.nan}, "patience is nan, need a number of seconds"),
    ],
)
def test_door(given, says, store, as_user):
    with pytest.raises(ValueError) as error:
        sweep(**{"experiment": values, "grid": [{"x": 1}], "store": store, **given})
    assert says in str(error.value)
    assert not store.exists(), "nothing is begun"


def test_a_damaged_store_is_refused_and_not_touched(store, log):
    sweep(cheap.logged, cheap.grid(50, log), store=store)
    whole = store.read_bytes()
    for damaged in (b"x,y\n1,2\n" * 1000, whole[:100] + b"\xff" * (len(whole) - 100)):
        store.write_bytes(damaged)
        with pytest.raises(StoreError, match="points.sqlite"):
            sweep(cheap.logged, cheap.grid(51, log), store=store)
        assert store.read_bytes() == damaged
        with pytest.raises(StoreError, match="points.sqlite"):
            status(store)


def test_what_is_finished_can_be_had_before_the_rest_and_nothing_runs(store, log, tmp_path):
    sweep(cheap.logged, cheap.grid(3, log), store=store)
    table = sweep(cheap.logged, cheap.grid(5, log), store=store, only_finished=True)
    assert table.seed.unique().tolist() == [0, 1, 2] == sorted(cheap.runs(log)) and table.attrs["unfinished"] == 2
    assert write_results(table, tmp_path / "t.csv", command="do")["unfinished"] == 2
    assert read_results(tmp_path / "t.csv").attrs["unfinished"] == 2
    assert sweep(cheap.logged, cheap.grid(5, log), store=store).attrs["unfinished"] == 0


def test_what_is_finished_needs_a_store(as_user):
    with pytest.raises(ValueError, match="only_finished needs a store"):
        sweep(cheap.logged, [{"x": 1, "log": "none"}], only_finished=True)


def test_nothing_is_retried_by_a_look(tmp_path, store, log):
    with pytest.raises(ValueError, match="cannot retry_failed"):
        sweep(cheap.logged, cheap.grid(2, log), store=store, only_finished=True, retry_failed=True)
    with pytest.raises(StoreError, match="no such store"):
        sweep(cheap.logged, cheap.grid(2, log), store=store, only_finished=True)
    assert not store.exists()


def test_a_store_that_may_not_be_written_is_told_at_once(store, log, monkeypatch):
    sweep(cheap.logged, cheap.grid(2, log), store=store)
    opened = Store.__init__

    def read_only(self, path, **options):
        opened(self, path, **options)
        self._db.execute("PRAGMA query_only = 1")  # the answer of a file system that is mounted for reading

    monkeypatch.setattr(Store, "__init__", read_only)
    began = time.monotonic()
    with pytest.raises(StoreError, match="readonly"):
        sweep(cheap.logged, cheap.grid(3, log), store=store)
    assert time.monotonic() - began < 60
