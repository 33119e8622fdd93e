"""Many runs of an experiment, on any executor."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import pandas as pd
from tqdm import tqdm

from landscape_lib._threads import one_thread

Rows = Sequence[Mapping[str, Any]]


def processes(workers: int) -> ProcessPoolExecutor:
    """A pool of processes, each with one torch thread; the same on every platform, since each starts afresh."""
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ValueError(f"processes: workers is {workers!r}, need a whole number of at least 1")
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=one_thread)


def sweep(
    experiment: Callable[..., Rows], grid: Iterable[Mapping[str, Any]], executor: Executor | None = None
) -> pd.DataFrame:
    """Run ``experiment(**point)`` at every point of the grid and put all rows into one table, in the grid's order.

    Without an executor the points run here, one after another. With one, put the longest points first.

    >>> sweep(lambda P: [{"P": P, "half": P / 2}], [{"P": 2}, {"P": 4}])
       P  half
    0  2   1.0
    1  4   2.0
    """
    points = list(grid)
    if not points:
        raise ValueError("sweep: the grid has no points")
    call = partial(_call, experiment)
    results = map(call, points) if executor is None else executor.map(call, points)
    table = pd.DataFrame([row for rows in tqdm(results, total=len(points), desc="sweep") for row in rows])
    table.attrs["experiment"] = f"{experiment.__module__}.{experiment.__qualname__}"  # parts of the table keep it
    return table


def _call(experiment: Callable[..., Rows], point: Mapping[str, Any]) -> Rows:
    try:
        return experiment(**point)
    except Exception as error:
        error.add_note(f"sweep: at {dict(point)}")  # notes travel between processes, tracebacks do not
        raise
