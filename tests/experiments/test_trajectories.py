"""Paths of training at toy size: the same descent in one piece, and the PCA of another library."""

import pytest
import torch
from sklearn.decomposition import PCA

from landscape_lib.experiments._classes import L, stacked, task
from landscape_lib.experiments.grids import trajectories as grids
from landscape_lib.experiments.trajectories import EVERY, paths, shares_of_paths
from landscape_lib.measure.surface import random_walk
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Stop, cross_entropy, gd, train

TINY = {"h": 6, "batch": 30, "lr": 0.1, "steps": 60}
SEEDS = (0, 1)


def tasks():
    return [task("digits", 30, seed, 0) for seed in SEEDS]


def test_a_path_begins_with_the_network_of_its_seed_and_is_one_descent():
    end, places = paths(tasks(), SEEDS, **TINY)
    start = Population(lambda seed: MLP(64, 6, L, outputs=10, seed=seed), SEEDS, dtype=torch.float32)
    assert places.shape == (1 + 60 // EVERY, 2, start.weights.shape[1]) and places.dtype == torch.float64
    assert places[0].equal(start.weights.double()) and places[-1].equal(end.weights.double())
    inputs, labels = stacked(tasks())
    for steps in (EVERY, 60):
        run = train(start, inputs, labels, optimiser=gd(0.1), stop=Stop(steps), loss=cross_entropy)
        # Batches of all patterns come in random order, which single precision rounds.
        assert torch.allclose(places[steps // EVERY], run.population.weights.double(), atol=1e-5)


def test_the_batches_of_a_path_do_not_come_again():
    _, places = paths(tasks(), SEEDS, **TINY | {"batch": 5})
    nets = Population(lambda seed: MLP(64, 6, L, outputs=10, seed=seed), SEEDS, dtype=torch.float32)
    inputs, labels = stacked(tasks())
    rules = {"optimiser": gd(0.1), "stop": Stop(EVERY), "loss": cross_entropy, "batch": 5}
    first = train(nets, inputs, labels, **rules).population
    again = train(first, inputs, labels, **rules).population
    assert places[1].equal(first.weights.double()) and not torch.isclose(places[2], again.weights.double()).all()


@pytest.mark.parametrize("batch", [5, 30])
def test_shares_are_those_of_another_librarys_pca(batch):
    rows = shares_of_paths("digits", 30, seeds=SEEDS, **TINY | {"batch": batch})
    _, places = paths(tasks(), SEEDS, **TINY | {"batch": batch})
    for i, row in enumerate(rows):
        path = places[:, i]
        first, second = PCA().fit(path.numpy()).explained_variance_ratio_[:2]
        assert (row["first"], row["second"]) == pytest.approx((first, second), rel=1e-6)
        walk = PCA().fit(random_walk(path, row["seed"]).numpy()).explained_variance_ratio_[:2].sum()
        assert row["walk"] == pytest.approx(walk, rel=1e-6)
        # The law leaves out the overlaps of steps at random, √(1/N) each with N = 506.
        assert row["walk"] == pytest.approx(row["law"], abs=0.05) and row["first"] + row["second"] > row["walk"]
        assert row["batch"] == batch and row["steps"] == 60


@pytest.mark.parametrize("budget", ["class", "paper"])
def test_the_grid_has_batches_of_fifty_and_whole_legs(large, budget):
    points = grids.grid(budget, "mnist")
    assert {p["batch"] for p in points} - {points[0]["P"]} == {50} and all(p["steps"] % EVERY == 0 for p in points)


@pytest.mark.parametrize("steps", [0, 5, 61])
def test_door(as_user, steps):
    with pytest.raises(ValueError, match=f"paths: steps is {steps}, need a multiple of 6"):
        shares_of_paths("digits", 30, seeds=SEEDS, **TINY | {"steps": steps})
