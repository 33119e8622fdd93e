"""Networks compressed until they jam: each fits what it had before, and not one pattern more."""

import inspect

import numpy as np
import pytest
import torch

from landscape_lib.experiments.grids.just_jammed import FIRST, grid
from landscape_lib.experiments.jamming import task
from landscape_lib.experiments.just_jammed import compress, present
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.training import quadratic_hinge

SMALL = {"L": 1, "h": 6, "seeds": (0, 1, 2), "begin": 1.5}  # N = 42


@pytest.fixture(scope="module")
def rows():
    return compress(**SMALL)


def test_a_pattern_that_is_not_there_costs_nothing():
    outputs = torch.tensor([[[0.5], [-3.0]]])
    assert present(outputs, torch.tensor([[1.0, 0.0]])).tolist() == [[0.125, 0.0]]
    assert present(outputs, torch.tensor([[1.0, -1.0]])).equal(quadratic_hinge(outputs, torch.tensor([[1.0, -1.0]])))


def test_networks_jam_with_a_few_patterns_a_weight(rows):
    assert [row["seed"] for row in rows] == [0, 1, 2]
    jammed = [row for row in rows if row["stopped"] == "jammed"]
    assert jammed
    for row in jammed:
        assert row["N"] == effective_parameters(6, 6, 1) == 42
        assert round(1.5 * 42) < row["P"] < 3.6 * 42
        assert row["loss"] > 1e-12 and 0 < row["unsatisfied"] <= row["P"]
        counts = [np.array(row[name].split(), dtype=int) for name in ("overlaps", "negative_gaps")]
        assert 0 < counts[0].sum() <= row["P"] and counts[1].sum() <= row["P"]
        assert row["data_sha256"] == task("random", "random", 152, 6, row["seed"]).sha256


def test_a_point_repeats_itself(rows):
    again = compress(**SMALL)
    assert [{**row, "seconds": 0} for row in again] == [{**row, "seconds": 0} for row in rows]


def test_those_that_never_jam_say_why():
    (full,) = compress(1, 6, seeds=[0], begin=0.5, most=0.6)
    assert full["stopped"] == "fits all there are" and full["loss"] is None and full["overlaps"] == ""
    (none,) = compress(1, 3, seeds=[0], begin=8.0, most=9.0)
    assert none["stopped"] == "does not fit the first patterns" and none["unsatisfied"] is None


@pytest.mark.parametrize("budget", ["class", "paper"])
def test_every_point_of_the_grid_can_run_and_another_seed_means_other_networks(budget):
    first, second = ([seed for point in grid(budget, seed=seed) for seed in point["seeds"]] for seed in (0, 1))
    assert len({*first, *second}) == len(first) + len(second) >= 40 and min(first) == FIRST
    for point in grid(budget, seed=1):
        inspect.signature(compress).bind(**point)


@pytest.mark.parametrize(("begin", "most"), [(0.0, 1.0), (2.0, 2.0), (3.0, 1.0)])
def test_door(begin, most):
    with pytest.raises(ValueError, match=f"patterns a weight from {begin} to {most}, need 0 < begin < most"):
        compress(1, 6, seeds=[0], begin=begin, most=most)
