"""Wide networks beside their kernels: what is known at every width, and what vanishes with it."""

import math

import pytest
import torch

from landscape_lib.experiments.feature_lazy import task
from landscape_lib.experiments.wide_networks import (
    kernels_at_start,
    outputs_at_start,
    sample_outputs,
    widths_in_training,
)
from landscape_lib.measure.kernel import infinite_kernels, tangent_kernels
from landscape_lib.nets import MLP, Population

TINY = {"dataset": "digits", "P": 12, "seeds": (0, 1, 2), "tests": 20, "d": 5, "L": 1}


def mean(rows, name):
    return sum(row[name] for row in rows) / len(rows)


def test_what_training_adds_to_the_kernel_vanishes_with_width():
    narrow, wide = (widths_in_training(**TINY, h=h) for h in (24, 192))
    for name, power in (("distance", 0.5), ("kernel_change", 1), ("first_motion", 1)):
        assert mean(narrow, name) > 0.5 * 8**power * mean(wide, name), name
    assert all(row["stopped"] == "time" and row["N"] == 6 * 24 + 25 for row in narrow)
    # L = 1: ‖Δw‖² of order one in all, 1/h of each weight of the first layer
    assert all(0 < row["first_motion"] * 5 * 192 < row["weight_motion"] for row in wide)


def test_implicit_steps_measure_the_same():
    rows, others = (widths_in_training(**TINY, h=48, implicit=i, turn=t) for i, t in ((True, 1e-2), (False, 1e-5)))
    for row, other in zip(rows, others, strict=True):
        for name in ("distance", "kernel_change", "first_motion", "weight_motion"):
            assert row[name] == pytest.approx(other[name], rel=0.03), name


def test_a_kernels_fluctuation_and_the_means_deviation_are_what_they_say():
    rows = kernels_at_start("digits", 6, seeds=range(4), points=10)
    x = task("digits", "parity", 2, None, 0, 10).test_inputs
    kernels = tangent_kernels(Population(lambda seed: MLP(64, 6, 2, parametrisation="ntk", seed=seed), range(4)), x)
    middle, limit = kernels.mean(0), infinite_kernels(x, L=2).ntk
    for row, kernel in zip(rows, kernels, strict=True):
        assert row["fluctuation"] == pytest.approx(((kernel - middle).norm() / middle.norm()).item() * math.sqrt(4 / 3))
    square = (middle - limit).square().sum() - (kernels - middle).square().sum() / 3 / 4
    assert rows[0]["bias"] == pytest.approx((square.clamp(min=0).sqrt() / limit.norm()).item())
    wide = kernels_at_start("digits", 96, seeds=range(20), points=10)
    narrow = kernels_at_start("digits", 6, seeds=range(20), points=10)
    assert mean(narrow, "fluctuation") == pytest.approx(4 * mean(wide, "fluctuation"), rel=0.4)  # h^(−1/2)


@pytest.mark.parametrize("L, h", [(1, 4), (1, 16), (2, 16)])
def test_the_outputs_kurtosis_is_exact_at_every_width(L, h):
    (row,) = outputs_at_start(h, L=L, networks=20_000)
    assert abs(row["kurtosis"] - row["exact"]) < 4 * row["kurtosis_error"] < row["exact"]
    assert row["variance"] == pytest.approx(1, abs=4 * math.sqrt((row["exact"] + 2) / 20_000))
    assert len(row["outputs"].split()) == 500


def test_outputs_are_drawn_as_networks_are():
    """The covariance between points is that of `MLP`s, which have zero biases at the start."""
    x = torch.tensor([[1.0, 1.0], [-1.0, 1.0]]).double()
    f, nets = (
        sample_outputs(x, 5, 2, 4000, seed=1),
        Population(lambda seed: MLP(2, 5, 2, outputs=5, parametrisation="ntk", seed=seed), range(800)),
    )
    g = nets(x).permute(0, 2, 1).reshape(-1, 2)
    for product in (lambda v: v[:, 0] * v[:, 1], lambda v: v[:, 0].square()):
        one, other = product(f), product(g)
        error = (one.var() / len(one) + 5 * other.var() / len(other)).sqrt()  # five outputs of a network are not five
        assert abs(one.mean() - other.mean()) < 4 * error


def test_door(as_user):
    with pytest.raises(ValueError, match="1 seeds, need at least two: one kernel does not fluctuate"):
        kernels_at_start("digits", 4, seeds=(0,))
    with pytest.raises(ValueError, match="h is 0"):
        widths_in_training(**TINY, h=0)
