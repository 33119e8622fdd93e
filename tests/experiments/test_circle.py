"""The toy of chapter 6: what it is, and that large scales leave the units where they were."""

import math

import pytest
import torch

from landscape_lib.experiments import circle
from landscape_lib.measure.ntk import directions


def test_the_points_lie_evenly_on_the_circle_and_four_arcs_alternate():
    points, t = circle.toy(12, seed=3)
    assert points.inputs.norm(dim=1).tolist() == pytest.approx([math.sqrt(2)] * 12)
    assert points.labels.tolist() == [1.0 if math.cos(2 * angle) > 0 else -1.0 for angle in t.tolist()]
    gaps = t.sort().values.diff()
    assert gaps.tolist() == pytest.approx([math.pi / 6] * 11)


def test_lazy_units_stay_and_others_gather():
    few, lazy = circle.learn((0.01, 100.0), P=12, h=30, seed=1)[0]
    assert torch.equal(few.before, lazy.before), "one network, at both scales"
    assert (lazy.after - lazy.before).norm() < 0.05 * lazy.before.norm()
    assert (few.after - few.before).norm() > 3 * few.before.norm()
    assert directions(few.after) < 0.7 * directions(lazy.after)
    for one in (few, lazy):
        assert one.F.shape == one.around.shape and one.F[0].item() == pytest.approx(one.F[-1].item())


def test_directions_of_known_clouds():
    angles = 2 * math.pi * (torch.arange(72).double() + 0.5) / 72
    around = torch.stack([angles.cos(), angles.sin()], 1)
    assert directions(around) == pytest.approx(72)
    assert directions(torch.tensor([[1.0, 0.5]]).repeat(9, 1)) == 1.0
    assert directions(5 * around) == pytest.approx(72), "the size of all does not matter"
