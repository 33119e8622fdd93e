"""Experiments that cost nothing, in a module that every worker can import. What runs writes a line in a log."""

import os
import signal
import sys
import threading
import time
from pathlib import Path


def grid(count, log, **more):
    return [{"x": x, "log": str(log), **more} for x in range(count)]


def logged(x, log, seconds=0.0, rows=2):
    note(log, x)
    time.sleep(seconds)
    return [
        {
            "dataset": "none",
            "data_sha256": "0" * 64,
            "seed": x,
            "row": row,
            "value": (x + 0.1) ** 0.5 / (row + 3),
            "even": x % 2 == 0,
            "word": None if x % 5 else f"x = {x}",
            "seconds": seconds,
        }
        for row in range(rows)
    ]


def fragile(x, log):
    """Fails at every third x, with an error of its own."""
    if x % 3 == 0:
        note(log, x)
        raise ArithmeticError(f"no value at x = {x}")
    return logged(x, log)


def curable(x, log):
    """Fails while there is a file called "ill" beside the log."""
    if Path(log).with_name("ill").exists():
        raise ArithmeticError("ill")
    return logged(x, log)


def dying(x, log, times):
    """Kills its own process, the first so many times that it runs at x = 3."""
    note(log, x)
    if x == 3 and runs(log).count(3) <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return [{"x": x}]


def leaving(x):
    if x == 1:
        sys.exit("enough")
    return [{"x": x}]


def odd_rows(x, what):
    return [{"x": x, "odd": {"list": [1], "set": {1}, "complex": 1j, "path": Path("."), "bytes": b"1"}[what]}]


def note(log, x):
    """One write, which the system does not mix with those of other processes."""
    with open(log, "ab", buffering=0) as stream:
        stream.write(f"{x}\n".encode())


def runs(log):
    """The x of every run so far."""
    return [int(line) for line in Path(log).read_text().split()] if Path(log).exists() else []


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def leave(code):
    os._exit(code)


def refuse(kind):
    raise kind("no")


def unpicklable(fails):
    if fails:
        error = LookupError("no")
        error.lock = threading.Lock()
        raise error
    return threading.Lock()


def unfindable(x):
    return []


lost, unfindable = unfindable, None  # the module has no such name any more, as a worker will find


def with_a_bar(n):
    from tqdm import tqdm

    return len(list(tqdm(range(n), disable=True)))
