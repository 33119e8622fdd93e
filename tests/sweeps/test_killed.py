"""Clients that are killed, that share a store, or that find the disk full: nothing done is lost or done twice."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

import cheap
import pytest

from landscape_lib.sweeps import status

from .conftest import ENVIRONMENT, HERE, exported, finish, stored, undisturbed, until


def kill(client):
    client.kill()
    client.wait()


def done(store):
    return status(store)[0].done if store.exists() and status(store) else 0


@pytest.mark.parametrize("workers, points, seconds, most", [(None, 200, 0.0, 25), (2, 50, 0.05, 6)])
def test_a_client_killed_five_times_and_started_again_makes_the_undisturbed_table(
    workers, points, seconds, most, start, tmp_path
):
    """It is killed a random time after at most so many more runs. With points that take no time, mostly in a write."""
    store, log, chance = tmp_path / "points.sqlite", tmp_path / "log", random.Random(0)
    settings = {"workers": workers, "points": points, "seconds": seconds}
    kills = []
    for _ in range(5):
        target = len(cheap.runs(log)) + chance.randint(1, most)
        client = start(**settings)
        until(lambda target=target: len(cheap.runs(log)) >= target)
        time.sleep(chance.uniform(0, 0.02))
        kill(client)
        (progress,) = status(store)
        assert progress.running == 0, "its claims are known to be nobody's"
        assert progress.done < points, "else nothing was tested"
        kills.append((len(cheap.runs(log)), stored(tmp_path)))
    finish(start(**settings))
    assert exported(tmp_path, points, seconds=seconds) == undisturbed(tmp_path, points)
    runs = cheap.runs(log)
    assert set(runs) == set(range(points))
    assert len(runs) - points <= 5 * (workers or 1), "a kill costs what was in flight, and no more"
    for ran, done in kills:
        assert not done & set(runs[ran:]), "what is done is not done again"


def test_workers_die_with_their_client(start, tmp_path):
    client = start(workers=2, points=4, seconds=600)
    until(lambda: len(cheap.runs(tmp_path / "log")) == 2)
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(client.pid)], capture_output=True, text=True)
    workers = [int(pid) for pid in children.stdout.split()]
    assert len(workers) >= 2
    kill(client)
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers))


def test_two_clients_on_one_store_do_every_point_once(start, tmp_path):
    settings = {"workers": 2, "points": 40, "seconds": 0.05}
    for client in [start(**settings), start(**settings)]:
        finish(client)
    assert sorted(cheap.runs(tmp_path / "log")) == list(range(40))
    assert exported(tmp_path, 40, seconds=0.05) == undisturbed(tmp_path, 40)


def test_a_client_takes_over_what_a_killed_one_had_claimed(start, tmp_path):
    """Points 0 and 1 would take for ever with the first client, which is killed while the second waits for them."""
    store, log = tmp_path / "points.sqlite", tmp_path / "log"
    first = start(workers=2, points=6, seconds=0.5)
    until(lambda: len(cheap.runs(log)) == 2)
    first.send_signal(signal.SIGSTOP)
    second = start(workers=2, points=6, seconds=0.5)
    until(lambda: done(store) >= 2)
    assert second.poll() is None
    kill(first)
    finish(second)
    assert exported(tmp_path, 6, seconds=0.5) == undisturbed(tmp_path, 6)
    assert len(cheap.runs(log)) <= 8


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_a_client_and_its_workers_at_once(start, tmp_path):
    client = start(workers=2, points=4, seconds=600)
    until(lambda: len(cheap.runs(tmp_path / "log")) == 2)
    client.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in client.communicate(timeout=60)[1]
    (progress,) = status(tmp_path / "points.sqlite")
    assert (progress.waiting, progress.left_behind) == (4, 0), "claims are given back"


def test_a_client_goes_on_when_the_disk_has_room_again(start, tmp_path):
    """A limit on the size of files is an honest write error; the limit is lifted while the client waits."""
    client = start(points=60, file_size=60_000)
    assert "trying again for 600 s" in client.stderr.readline()
    held = done(tmp_path / "points.sqlite")
    time.sleep(1.5)
    assert client.poll() is None and done(tmp_path / "points.sqlite") == held < 60
    resource.prlimit(client.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    finish(client)
    assert exported(tmp_path, 60, seconds=0.0) == undisturbed(tmp_path, 60)
    assert cheap.runs(tmp_path / "log") == list(range(60)), "the result was held, not computed again"


def test_a_client_whose_disk_stays_full_ends_and_the_next_one_goes_on(start, tmp_path):
    client = start(points=60, file_size=60_000, patience=0.2)
    printed = client.communicate(timeout=60)[1]
    assert client.returncode == 1 and "what is in the store is safe: make room, and start again" in printed
    stored = done(tmp_path / "points.sqlite")
    assert 0 < stored < 60
    finish(start(points=60))
    assert exported(tmp_path, 60, seconds=0.0) == undisturbed(tmp_path, 60)
    assert len(cheap.runs(tmp_path / "log")) == 61


def test_on_a_small_disk_that_fills_and_is_cleared(tmp_path):
    """A file system of 300 kB, all but 40 of them taken until the client complains."""
    (disk := tmp_path / "disk").mkdir()
    store, complaints = tmp_path / "points.sqlite", tmp_path / "complaints"
    settings = f'{{"store": "{disk}/points.sqlite", "log": "{tmp_path}/log", "points": 60}}'
    program = f"""
        mount -t tmpfs -o size=300k none {disk} && head -c 260000 /dev/zero > {disk}/filler || exit 9
        '{sys.executable}' '{HERE / "client.py"}' '{settings}' 2> {complaints} & client=$!
        until grep -q 'trying again' {complaints}; do sleep 0.1; done
        rm {disk}/filler; wait $client && cp {disk}/points.sqlite {store}
    """
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a file system of our own")
    subprocess.run(["unshare", "-rm", "sh", "-c", program], env=ENVIRONMENT, check=True, timeout=120)
    assert (
        "disk is full (0.0 MB free)" in complaints.read_text()
        or "disk I/O error (0.0 MB free)" in complaints.read_text()
    )
    assert exported(tmp_path, 60, seconds=0.0) == undisturbed(tmp_path, 60)
    assert cheap.runs(tmp_path / "log") == list(range(60))
