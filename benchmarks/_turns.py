"""Sides of a benchmark take turns, so that what else the machine does slows all of them alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

Side = Callable[[], Any]


def take_turns(sides: Mapping[str, Side], rounds: int) -> dict[str, float]:
    """Milliseconds of the processor that each takes, the median of its turns."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            began = time.process_time()
            side()
            seconds[name].append(time.process_time() - began)
    return {name: 1e3 * statistics.median(times) for name, times in seconds.items()}


def show_ratios(heading: str, times: Mapping[str, float], ours: str) -> None:
    """A line a side: milliseconds, and how many times ours."""
    print(f"{heading:20}      ms    ratio")
    for name, middle in times.items():
        print(f"{name:20} {middle:7.2f} {middle / times[ours]:8.1f}")
