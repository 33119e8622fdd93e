"""Maps of a landscape: the loss they hold, the distances they keep, the lakes they tell apart."""

import numpy as np
import pytest
import torch

from landscape_lib.data import image_task, load
from landscape_lib.measure.jamming import gaps
from landscape_lib.measure.landscapes import FRAME, Map, survey
from landscape_lib.nets import MLP, Population

COLUMNS = 13  # and 9 rows: the middle of the map is a point of the grid


@pytest.fixture(scope="module")
def patterns():
    return image_task(load("digits"), 1000, labels="parity", d=10, seed=0, test_points=0)


@pytest.fixture(scope="module")
def three() -> Population:
    return Population(lambda seed: MLP(d=10, h=4, L=3, seed=seed), seeds=[0, 1, 2])


@pytest.fixture(scope="module")
def drawn(three, patterns) -> Map:
    return survey(three, lambda nets: gaps(nets(patterns.inputs), patterns.labels), N=76, columns=COLUMNS)


def loss(network: torch.nn.Module, patterns) -> float:
    """The quadratic hinge, written out again."""
    with torch.no_grad():
        margins = patterns.labels * network(patterns.inputs)[:, 0]
    return (0.5 * (1 - margins).clamp(min=0) ** 2).mean().item()


def painted(zero: np.ndarray, ends: list[tuple[float, float]]) -> Map:
    """A map with water where ``zero`` says, its three networks afloat."""
    gap = np.where(zero, -0.5, 0.5)
    none = np.zeros(3)
    return Map(76, 0.5 * gap.clip(min=0) ** 2, gap, np.array(ends), none, none.astype(int), 0.2)


def test_a_map_holds_the_loss_of_the_networks_it_shows(drawn, three, patterns):
    assert drawn.loss.shape == (9, COLUMNS)
    middle = three.take([0])
    middle.weights = three.weights.mean(0, keepdim=True)
    assert drawn.loss[4, 6] == pytest.approx(loss(middle.member(0), patterns))
    assert drawn.end_loss == pytest.approx([loss(three.member(i), patterns) for i in range(3)])


def test_a_map_keeps_distances(drawn, three):
    true = torch.cdist(three.weights, three.weights) / three.weights.mean(0).norm()
    assert torch.cdist(*[torch.from_numpy(drawn.ends)] * 2) * drawn.unit == pytest.approx(true, abs=1e-6)
    assert np.hypot(*drawn.ends.T).max() == pytest.approx(1)  # the frame's unit: the farthest of the three


def test_lakes_are_told_apart():
    zero = np.zeros((32, 48), dtype=bool)
    zero[4:10, 4:24] = zero[20:26, 30:36] = True

    def at(row: int, column: int) -> tuple[float, float]:
        return (2 * column / 47 - 1) * FRAME[0], (2 * row / 31 - 1) * FRAME[1]

    assert painted(zero, [at(6, 6), at(6, 20), at(22, 32)]).lakes == 2
    assert painted(zero, [at(6, 6), at(22, 32), at(15, 40)]).lakes == 3  # the last in a pond that the grid misses
    assert painted(np.zeros_like(zero), [at(6, 6)] * 3).facts()["zero_share"] == 0


def test_two_networks_fix_no_plane(as_user, three, patterns):
    with pytest.raises(ValueError, match="survey: got 2 networks, need three: they fix a plane"):
        survey(three.take([0, 1]), lambda nets: gaps(nets(patterns.inputs), patterns.labels), N=76)
