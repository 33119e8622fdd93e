"""Networks on the square against a count by hand, and the picture's table against the networks that it is of."""

import numpy as np
import pytest
import torch

from landscape_lib.experiments import borders as experiment
from landscape_lib.experiments.borders import learn, toy
from landscape_lib.experiments.grids import borders as grids


def test_the_toy_is_a_wave():
    task = toy(50, 3)
    x, y = task.inputs.numpy(), task.labels.numpy()
    assert (np.sign(x[:, 1] - 0.75 * np.sin(4 * x[:, 0])) == y).all() and np.abs(x).max() <= 2 and len(y) == 50
    assert task.sha256 == toy(50, 3).sha256 != toy(50, 4).sha256


def test_a_map_is_of_the_networks_all_over_the_square():
    borders, _ = learn(3, (4, 5), P=10, task_seed=2, side=5)
    assert borders.outputs.shape == (2, 5, 5) and borders.x.tolist() == [-2, -1, 0, 1, 2]
    assert borders.N == 2 * 3 + 3 * 3 + 3
    alone, run = learn(3, (5,), P=10, task_seed=2, side=3)
    assert torch.allclose(alone.outputs[0], borders.outputs[1, ::2, ::2])
    right = run.population(torch.tensor([[2.0, -2.0]], dtype=torch.float64))  # x₁ is the column, x₂ the row
    assert torch.allclose(alone.outputs[0, 0, 2], right[0, 0, 0])


def test_a_row_is_a_network():
    rows = experiment.EXPERIMENT(3, (4, 5), P=10, task_seed=2)
    borders, run = learn(3, (4, 5), P=10, task_seed=2)
    assert [row["seed"] for row in rows] == [4, 5] and {row["together"] for row in rows} == {borders.together}
    assert [row["error"] for row in rows] == borders.error.tolist()
    assert [row["satisfied"] for row in rows] == list(run.satisfied)


def test_the_picture_is_of_three_widths_and_no_two_seeds_share_a_network_or_a_training_set():
    points = grids.grid("class", seed=2)
    assert [point["h"] for point in points] == [5, 16, 64]
    assert all(point["seeds"] == tuple(range(24, 36)) and point["task_seed"] == 3 for point in points)


def test_door(as_user):
    with pytest.raises(ValueError, match="the toy has no paper budget, choose 'class'"):
        grids.grid("paper")
