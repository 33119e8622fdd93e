"""A sweep is the same table on any executor, in the grid's order."""

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
import torch

from landscape_lib.experiments.jamming import train_widths
from landscape_lib.sweeps import processes, sweep

POINT = {"dataset": "digits", "labels": "parity", "widths": (3, 8), "seeds": (0, 1), "d": 5, "L": 2, "steps": 60}


@pytest.fixture(scope="module")
def pool():
    """Two worker processes: starting them takes seconds, so the tests share them."""
    with processes(2) as executor:
        yield executor


def count(P, rows=1):
    return [{"P": P, "row": row} for row in range(rows)]


def test_processes_make_the_table_that_one_process_makes(pool):
    grid = [{**POINT, "P": P} for P in (40, 20)]
    here, there = (
        sweep(train_widths, grid).drop(columns="seconds"),
        sweep(train_widths, grid, pool).drop(columns="seconds"),
    )
    # The same operations on one thread; alignment in memory may change a last digit, which 60 steps carry below 1e-9.
    pd.testing.assert_frame_equal(here, there, rtol=1e-9)
    assert here["P"].tolist() == [40] * 4 + [20] * 4  # the grid's order, not the order of finishing


def test_each_worker_has_one_torch_thread(pool):
    assert {pool.submit(torch.get_num_threads).result() for _ in range(8)} == {1}


def test_a_failure_in_a_worker_reaches_the_caller_with_its_words(pool):
    wrong = {**POINT, "P": 20, "loss": "no such loss"}
    with pytest.raises(ValueError, match="unknown loss 'no such loss'") as failure:
        sweep(train_widths, [{**POINT, "P": 20}, wrong], pool)
    assert failure.value.__notes__ == [f"sweep: at {wrong}"]


def test_order_is_the_grids_whatever_the_executor():
    grid = [{"P": P, "rows": P % 3} for P in range(20)]
    expected = [(P, row) for P in range(20) for row in range(P % 3)]
    with ThreadPoolExecutor(4) as threads:
        for executor in (None, threads):
            assert list(sweep(count, iter(grid), executor).itertuples(index=False, name=None)) == expected


def test_a_failure_reaches_the_caller_and_ends_the_sweep():
    def fail(P):
        if P == 2:
            raise ArithmeticError("at P=2")
        return count(P)

    with pytest.raises(ArithmeticError, match="at P=2") as failure:
        sweep(fail, [{"P": P} for P in range(5)])
    assert failure.value.__notes__ == ["sweep: at {'P': 2}"]


def test_an_empty_grid_is_refused(as_user):
    with pytest.raises(ValueError, match="sweep: the grid has no points"):
        sweep(count, [])


@pytest.mark.parametrize("workers", [0, -1, 2.0, True, None])
def test_door_processes(as_user, workers):
    with pytest.raises(ValueError, match=f"workers is {workers!r}, need a whole number of at least 1"):
        processes(workers)
