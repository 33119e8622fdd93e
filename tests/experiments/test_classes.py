"""What the experiments of ten classes share."""

import itertools
import time

import pytest
import torch
from torch.nn import functional as F

from landscape_lib.data import load
from landscape_lib.experiments._classes import loss_on, stacked, task
from landscape_lib.experiments.basins import basin_widths
from landscape_lib.experiments.random_slices import curvatures_on_the_way
from landscape_lib.experiments.skips import slices_of_skips
from landscape_lib.experiments.trajectories import shares_of_paths
from landscape_lib.nets import MLP


def test_a_task_has_ten_classes_in_single_precision_and_fair_tests():
    own, every = task("digits", 300, 3, 100), task("digits", 300, 3)
    assert own.inputs.shape == (300, 64) and own.inputs.dtype == torch.float32
    assert set(own.labels.tolist()) == set(range(10)) and len(own.test_labels) == 100
    assert own.inputs.equal(every.inputs) and own.test_inputs.equal(every.test_inputs[:100])
    assert len(every.test_labels) + 300 <= len(load("digits").labels)
    # The first tests of all are no writer's: their classes come as often as among all of them.
    counts = [torch.bincount(labels.long(), minlength=10) / len(labels) for labels in (own.test_labels, every.labels)]
    assert (counts[0] - counts[1]).abs().max() < 4 * (0.1 * 0.9 / 100) ** 0.5
    assert task("digits", 300, 3, 0, d=10).inputs.shape == (300, 10)


def test_the_loss_of_a_slice_is_the_mean_over_the_patterns():
    tasks = [task("digits", 20, seed, 0) for seed in (0, 1)]
    inputs, labels = stacked(tasks)
    assert inputs.shape == (2, 20, 64) and labels[1].equal(tasks[1].labels)
    network = MLP(64, 5, 2, outputs=10)
    chosen = F.softmax(network(inputs[0]), 1)[range(20), labels[0].long()]
    found = loss_on(inputs[0], labels[0])(network)
    assert found["loss"].item() == pytest.approx(-chosen.log().mean().item(), rel=1e-5)


@pytest.mark.parametrize(
    "run",
    [
        lambda seeds: basin_widths("digits", 20, 4, seeds=seeds, batch=20, lr=0.1, steps=2, tests=5),
        lambda seeds: curvatures_on_the_way("digits", 20, 2, seeds=seeds, lr=0.1, steps=(0, 2)),
        lambda seeds: shares_of_paths("digits", 20, 2, seeds=seeds, batch=20, lr=0.1, steps=18),
        lambda seeds: slices_of_skips(
            "mlp", "digits", 20, h=2, blocks=1, skip=True, seeds=seeds, lr=0.1, steps=2, tests=5
        ),
    ],
    ids=["basins", "random_slices", "trajectories", "skips"],
)
def test_the_seconds_of_rows_are_those_of_the_point(run, monkeypatch):
    """By a clock that ticks whenever it is read, first and last by the experiment itself."""
    ticks = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))
    rows = run((0, 1, 2))
    assert sum(row["seconds"] for row in rows) == pytest.approx(next(ticks) - 1)
    assert len({row["seconds"] for row in rows}) == 1
