"""Clients in processes of their own, and what the table of an undisturbed sweep looks like."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import cheap
import pytest

from landscape_lib.report import write_results
from landscape_lib.sweeps import sweep

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT)])}  # of clients, and of Dask


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "points.sqlite"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def start(store: Path, log: Path):
    """Start a client on the store and log of this test; it is killed with the test."""
    started = []

    def start(**asked: Any) -> subprocess.Popen[str]:
        settings = json.dumps({"store": store, "log": log, **asked}, default=str)
        command = [sys.executable, "-W", "error", str(HERE / "client.py"), settings]
        client = subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
        started.append(client)
        return client

    yield start
    for client in started:
        client.kill()
        client.wait()
        client.stderr.close()


def finish(client: subprocess.Popen[str]) -> str:
    """Wait until a client has done all; what it said."""
    _, printed = client.communicate(timeout=120)
    assert client.returncode == 0, printed
    return printed


def until(happened: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait for something, for long: other tests may have the machine."""
    end = time.monotonic() + seconds
    while not (result := happened()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return result


def undisturbed(folder: Path, points: int) -> bytes:
    """The table of a sweep in one process without a store, which nothing happens to."""
    table = sweep(cheap.logged, cheap.grid(points, folder / "log of the undisturbed sweep"))
    return _written(table, folder / "undisturbed.csv")


def exported(folder: Path, points: int, **more: Any) -> bytes:
    """The table of a store whose points are done."""
    ran = len(cheap.runs(folder / "log"))
    table = sweep(cheap.logged, cheap.grid(points, folder / "log", **more), store=folder / "points.sqlite")
    assert len(cheap.runs(folder / "log")) == ran, "all was done"
    return _written(table, folder / "exported.csv")


def stored(folder: Path) -> set[int]:
    """The x of the points that are done."""
    with closing(sqlite3.connect(folder / "points.sqlite")) as store:
        return {
            json.loads(point)["x"] for (point,) in store.execute("SELECT arguments FROM points WHERE state = 'done'")
        }


def _written(table: Any, file: Path) -> bytes:
    write_results(table, file, command="test")
    return file.read_bytes()
