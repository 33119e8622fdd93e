"""Processes that work: one thread each, replaced when they die, gone when nobody needs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import cheap
import pytest
import torch

from landscape_lib.sweeps import WorkerDiedError, processes, status, sweep

from .conftest import ENVIRONMENT, until


def gone(pids):
    return not any(os.path.exists(f"/proc/{pid}") for pid in pids)


def test_a_death_is_laid_to_its_own_call_and_the_executor_goes_on():
    with processes(2) as pool:
        deaths = [pool.submit(cheap.die), pool.submit(cheap.leave, 3)]
        rest = [pool.submit(abs, -i) for i in range(6)]
        assert [future.result() for future in rest] == list(range(6))
        with pytest.raises(WorkerDiedError, match=r"killed by signal 9; often the memory was not enough"):
            deaths[0].result()
        with pytest.raises(WorkerDiedError, match=r"exit code 3"):
            deaths[1].result()


def test_a_sweep_without_a_store_ends_when_a_worker_dies(tmp_path):
    with pytest.raises(WorkerDiedError), processes(1) as pool:
        sweep(cheap.dying, cheap.grid(5, tmp_path / "log", times=1), pool)


def test_errors_come_back_with_where_they_were_raised():
    with processes(1) as pool:
        for kind in (LookupError, EOFError):
            with pytest.raises(kind, match="no") as error:
                pool.submit(cheap.refuse, kind).result()
            assert "in refuse" in str(error.value.__cause__)
        for fails in (True, False):
            with pytest.raises(RuntimeError, match="cannot be sent back: .*lock"):
                pool.submit(cheap.unpicklable, fails).result()
        with pytest.raises(Exception, match="pickle"):
            pool.submit(lambda: 1).result()
        assert pool.submit(abs, -1).result() == 1


def test_processes_start_when_needed_and_end_with_the_executor():
    with processes(8) as pool:
        first = pool.submit(os.getpid).result()
        assert first == pool.submit(os.getpid).result() != os.getpid(), "one is enough for one call at a time"
    assert gone([first])


def test_left_by_an_error_it_waits_for_nobody(tmp_path):
    began = time.monotonic()
    with pytest.raises(ZeroDivisionError), processes(2) as pool:
        pids = [pool.submit(os.getpid).result()]
        for x in range(4):
            pool.submit(cheap.logged, x, str(tmp_path / "log"), seconds=600)
        until(lambda: len(cheap.runs(tmp_path / "log")) == 2)
        raise ZeroDivisionError
    assert gone(pids) and time.monotonic() - began < 300
    assert len(cheap.runs(tmp_path / "log")) == 2, "what had not begun does not begin"


def test_a_worker_killed_while_idle_is_replaced():
    with processes(1) as pool:
        pid = pool.submit(os.getpid).result()
        os.kill(pid, signal.SIGKILL)
        until(lambda: not pool._all[0].process.is_alive())
        assert pool.submit(os.getpid).result() != pid


DEAF = """
import os, re, signal
from landscape_lib.sweeps import processes

if __name__ == "__main__":
    with processes(1) as pool:
        pid = pool.submit(os.getpid).result()
        blocked = pool.submit(eval, "open('/proc/self/status').read()").result()
        assert int(re.search(r"SigBlk:\\s*(\\w+)", blocked)[1], 16) & 1 << signal.SIGINT - 1, "not from its birth on"
        os.kill(pid, signal.SIGINT)
        assert pool.submit(os.getpid).result() == pid
"""


def test_even_the_first_process_leaves_ctrl_c_to_its_caller(tmp_path):
    """In a program of its own: with the first child of all comes a process of Python's that undoes masks."""
    (script := tmp_path / "script.py").write_text(DEAF)
    done = subprocess.run([sys.executable, str(script)], env=ENVIRONMENT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_each_has_one_torch_thread_whenever_torch_is_imported():
    with processes(1) as pool:
        assert pool.submit(eval, "__import__('torch').get_num_threads()").result() == 1
        assert pool.submit(torch.get_num_threads).result() == 1


def test_a_script_without_a_main_guard_is_told_what_is_wrong_and_no_point_is_blamed(tmp_path):
    (script := tmp_path / "script.py").write_text(
        "import cheap\nfrom landscape_lib.sweeps import processes, sweep\n"
        "with processes(1) as pool:\n"
        f"    sweep(cheap.logged, cheap.grid(2, '{tmp_path}/log'), pool, store='{tmp_path}/points.sqlite')\n"
    )
    done = subprocess.run([sys.executable, str(script)], env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "ExecutorError" in done.stderr and "must stand under `if __name__ == '__main__':`" in done.stderr
    assert status(tmp_path / "points.sqlite")[0].waiting == 2


def test_a_script_without_a_main_guard_is_refused_with_as_few_points_as_workers_too(tmp_path):
    """There the parent waited for its child's claim, and the child for its parent's."""
    (script := tmp_path / "script.py").write_text(
        "import cheap\nfrom landscape_lib.sweeps import processes, sweep\n"
        f"points = cheap.grid(1, {str(tmp_path / 'log')!r})\n"
        "with processes(1) as pool:\n"
        f"    sweep(cheap.logged, points, pool, store={str(tmp_path / 's.sqlite')!r})\n"
    )
    done = subprocess.run([sys.executable, str(script)], env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.returncode and "__main__" in done.stderr.strip().splitlines()[-1]


def test_a_worker_that_shows_progress_ends_without_a_complaint(tmp_path):
    (script := tmp_path / "script.py").write_text(
        "import cheap\nfrom landscape_lib.sweeps import processes\n"
        "if __name__ == '__main__':\n"
        "    with processes(2) as pool:\n"
        "        assert pool.submit(cheap.with_a_bar, 3).result() == 3\n"
    )
    done = subprocess.run([sys.executable, str(script)], env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0 and "leaked" not in done.stderr
