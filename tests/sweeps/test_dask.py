"""Sweeps on a Dask cluster: a real scheduler and real workers, each a process, on this machine's loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time

import cheap
import pandas as pd
import pytest

from landscape_lib.cli import main
from landscape_lib.experiments import jamming
from landscape_lib.experiments.grids import jamming as grids
from landscape_lib.sweeps import ExecutorError, cluster, status, sweep

from .conftest import ENVIRONMENT, exported, finish, stored, undisturbed, until

# The scheduler tries a point on a second worker, and no more, when the first one dies.
SETTINGS = {**ENVIRONMENT, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}


class Dask:
    """A scheduler, and workers that may be killed."""

    def __init__(self, folder) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.folder, self.address = folder, f"tcp://127.0.0.1:{port}"
        self.scheduler = self._start("scheduler", "--port", str(port), "--dashboard-address", ":0")
        self.workers: list[subprocess.Popen[bytes]] = []

    def need(self, workers: int) -> None:
        """As many workers as that, in the place of those that died."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < workers:
            options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder))
            self.workers.append(self._start("worker", self.address, *options))
        while len(self.workers) > workers:
            self._kill(self.workers.pop())
        with cluster(self.address, timeout=60.0) as executor:
            until(lambda: len(executor._client.nthreads()) == workers)

    def _start(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", what, *options, "--host", "127.0.0.1"]
        return subprocess.Popen(command, env=SETTINGS, stderr=subprocess.DEVNULL)

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()

    def end(self) -> None:
        for process in [*self.workers, self.scheduler]:
            self._kill(process)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    dask = Dask(tmp_path_factory.mktemp("dask"))
    yield dask
    dask.end()


@pytest.fixture
def dask(shared):
    """A scheduler and two workers."""
    shared.need(2)
    return shared


def test_the_table_is_the_undisturbed_one(dask, store, log, tmp_path):
    with cluster(dask.address) as executor:
        kept = sweep(cheap.logged, cheap.grid(20, log), executor, store=store)
        free = sweep(cheap.logged, cheap.grid(20, log), executor)
    pd.testing.assert_frame_equal(kept, free)
    assert exported(tmp_path, 20) == undisturbed(tmp_path, 20)
    assert sorted(cheap.runs(log)) == sorted([*range(20)] * 2)


def test_a_worker_killed_in_the_middle_loses_nothing_that_is_done(dask, store, log, start, tmp_path):
    client = start(scheduler=dask.address, points=30, seconds=0.1)
    until(lambda: len(cheap.runs(log)) >= 8)
    dask.workers[0].kill()
    finish(client)
    assert exported(tmp_path, 30, seconds=0.1) == undisturbed(tmp_path, 30)
    # What the worker was at is run again, and perhaps what it had just ended and not yet handed over.
    assert 30 <= len(cheap.runs(log)) <= 32


def test_a_point_that_kills_every_worker_has_failed_and_the_others_are_done(dask, store, log):
    dask.need(3)
    with cluster(dask.address) as executor:  # one at a time, so that no other point dies with it
        table = sweep(cheap.dying, cheap.grid(6, log, times=99), executor, store=store, window=1)
    assert table.x.tolist() == [0, 1, 2, 4, 5]
    assert cheap.runs(log).count(3) == 2
    ((_, error),) = status(store)[0].failures
    assert error.startswith("KilledWorker: Attempted to run task")


def test_a_killed_client_goes_on_when_it_is_started_again(dask, store, log, start, tmp_path):
    settings = {"scheduler": dask.address, "points": 30, "seconds": 0.1}
    kills = []
    for lines in (4, 10):
        client = start(**settings)
        until(lambda lines=lines: len(cheap.runs(log)) >= lines)
        client.kill()
        client.wait()
        assert status(store)[0].running == 0
        kills.append((len(cheap.runs(log)), stored(tmp_path)))
    finish(start(**settings))
    assert exported(tmp_path, 30, seconds=0.1) == undisturbed(tmp_path, 30)
    for runs, done in kills:
        assert not done & set(cheap.runs(log)[runs:]), "what is done is not done again"
    # At a kill twelve points are in flight; until the scheduler sees that nobody wants them, workers go on with them.
    assert 30 <= len(cheap.runs(log)) <= 30 + 2 * 12


def test_a_cluster_without_workers_is_told_and_waited_for(shared, start, tmp_path):
    shared.need(0)
    client = start(scheduler=shared.address, points=4)
    assert "the cluster has no workers yet" in client.stderr.readline()
    shared.need(2)
    finish(client)
    assert exported(tmp_path, 4, seconds=0.0) == undisturbed(tmp_path, 4)


def test_two_clients_share_a_cluster_and_a_store(dask, store, log, start, tmp_path):
    for client in [start(scheduler=dask.address, points=30, seconds=0.05) for _ in range(2)]:
        finish(client)
    assert sorted(cheap.runs(log)) == list(range(30))
    assert exported(tmp_path, 30, seconds=0.05) == undisturbed(tmp_path, 30)


def test_the_command_sweeps_on_a_cluster(dask, store, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(jamming, "EXPERIMENT", cheap.logged)
    monkeypatch.setattr(grids, "grid", lambda budget, dataset, seed: cheap.grid(4, tmp_path / "log"))
    line = ["sweep", "jamming", "--scheduler", dask.address, "--store", str(store), "--out", str(tmp_path / "t.csv")]
    assert main(line) == 0
    assert capsys.readouterr().out == f"{tmp_path / 't.csv'}: 8 rows\n"
    assert pd.read_csv(tmp_path / "t.csv").seed.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_where_nobody_answers_it_is_said_soon():
    began = time.monotonic()
    for address in ("tcp://127.0.0.1:9", "nonsense:// here", "10.0.0.5"):
        says = f"no Dask scheduler answers at '{address}' in 0.5 s"
        with pytest.raises(ValueError, match=says), cluster(address, timeout=0.5):
            pass
    assert time.monotonic() - began < 60


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match='pip install "dask'), cluster("tcp://127.0.0.1:9"):
        pass


def test_a_client_of_dask_is_no_executor(store, log, as_user):
    class Client:
        get_executor = None

    with pytest.raises(ValueError, match="of a Dask client, take client.get_executor"):
        sweep(cheap.logged, cheap.grid(1, log), Client(), store=store)


def test_when_the_scheduler_dies_the_sweep_ends_in_words_and_goes_on_elsewhere(tmp_path, store, log):
    def strike():
        until(lambda: len(cheap.runs(log)) >= 5)
        dask.scheduler.kill()

    dask, points = Dask(tmp_path), cheap.grid(30, log, seconds=0.1)
    try:
        dask.need(1)
        killer = threading.Thread(target=strike)
        killer.start()
        with pytest.raises(ExecutorError, match="scheduler is gone"), cluster(dask.address, timeout=3.0) as executor:
            sweep(cheap.logged, points, executor, store=store)
        killer.join()
    finally:
        dask.end()
    (progress,) = status(store)
    assert 0 < progress.done < 30 and progress.running == 0
    sweep(cheap.logged, points, store=store)
    assert exported(tmp_path, 30, seconds=0.1) == undisturbed(tmp_path, 30)
    assert len(cheap.runs(log)) <= 32


def test_what_listens_but_is_no_scheduler_is_told(tmp_path):
    """A server that takes the connection and never says a word: the dashboard's port is taken for the scheduler's."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        says = f"no Dask scheduler answers at 'tcp://127.0.0.1:{port}'"
        with pytest.raises(ValueError, match=says), cluster(f"tcp://127.0.0.1:{port}", timeout=1.0):
            pass
