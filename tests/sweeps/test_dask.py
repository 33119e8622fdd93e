"""Sweeps on a Dask cluster: a real scheduler and real workers, each a process, on this machine's loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import cheap
import pytest

from landscape_lib.cli import main
from landscape_lib.experiments import jamming
from landscape_lib.sweeps import ExecutorError, cluster, status, sweep

from .conftest import ENVIRONMENT, exported, finish, undisturbed, until


class Dask:
    """A scheduler and its workers."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start("scheduler", "--port", str(port), "--no-dashboard")

    def worker(self) -> subprocess.Popen[bytes]:
        return self._start("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--no-bokeh"[:14])

    def _start(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        more = {
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",  # one death is enough
            "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",
        }
        command = [sys.executable, "-m", "distributed.cli.dask_" + what, "--host", "127.0.0.1", *options]
        process = subprocess.Popen(command, env={**ENVIRONMENT, **more}, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
