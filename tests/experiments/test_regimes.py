"""What is done to the images, and descent on them at toy size."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from landscape_lib.data import load
from landscape_lib.experiments._classes import task
from landscape_lib.experiments.grids import regimes as grids
from landscape_lib.experiments.regimes import FIT, NOISE, REGIMES, errors_of_descent, noisy, scrambled, sums
from landscape_lib.nets import MLP

TINY = {"h": 8, "L": 2, "seeds": (0, 1), "tests": 50}


def own(seed=0, P=200):
    return task("digits", P, seed, 100)


def drawn(seed=0):
    return np.random.default_rng(seed)


def test_seven_of_ten_labels_are_left_and_the_others_are_drawn_anew():
    before, changed = own(P=500), 0
    for seed in range(20):
        after = scrambled(before, drawn(seed))
        assert after.inputs is before.inputs and after.test_labels is before.test_labels
        assert after.labels.dtype == before.labels.dtype and set(after.labels.tolist()) <= set(range(10))
        different = int((after.labels != before.labels).sum())
        assert different <= 150, "of 500 images"
        changed += different
    # A new label is the old one in a tenth: 20 · 150 · 0.9, within four standard deviations.
    assert changed == pytest.approx(2700, abs=4 * (3000 * 0.9 * 0.1) ** 0.5)
    assert not scrambled(before, drawn(0)).labels.equal(scrambled(before, drawn(1)).labels)


def test_noise_is_on_every_pixel_of_training_and_test_images():
    before = own(P=500)
    after = noisy(before, drawn())
    for part in ("inputs", "test_inputs"):
        noise = getattr(after, part) - getattr(before, part)
        n = noise.numel()
        assert noise.mean().item() == pytest.approx(0, abs=4 * NOISE / n**0.5)
        assert noise.std().item() == pytest.approx(NOISE, rel=4 / (2 * n) ** 0.5)
    assert after.labels is before.labels and after.inputs.dtype == before.inputs.dtype
    assert before.inputs.square().mean().item() == pytest.approx(1, abs=1e-5), "the unit of the noise"


def test_noise_knows_nothing_of_the_networks_weights(monkeypatch):
    """One seed draws both: had they one generator, the first images' noise would lie along the first units' weights."""
    seen = []

    def recorded(before, generator):
        seen.append((before, noisy(before, generator)))
        return seen[-1][1]

    monkeypatch.setitem(REGIMES, "noisy", recorded)
    errors_of_descent("noisy", "digits", 100, batch=None, lr=0.1, steps=0, **TINY)
    for seed, (before, after) in zip(TINY["seeds"], seen, strict=True):
        for h in (8, 64):
            weights = MLP(64, h, 2, outputs=10, seed=seed).layers[0].weight.detach()
            cosines = F.cosine_similarity((after.inputs - before.inputs)[:h], weights)
            assert abs(cosines.mean().item()) < 4 / (64 * h) ** 0.5  # standard errors


def test_a_sum_is_labelled_by_the_digits_of_its_halves():
    before = own()
    after = sums(before, drawn())
    for part in ("", "test_"):
        x, y = getattr(before, part + "inputs"), getattr(before, part + "labels")
        pairs, labels = getattr(after, part + "inputs"), getattr(after, part + "labels")
        assert pairs.shape == (2 * len(x), 2 * x.shape[1])
        digits = [(half[:, None] == x[None]).all(2) for half in pairs.split(x.shape[1], dim=1)]
        assert all(found.any(1).all() for found in digits), "each half is one of the images, of its own part"
        first, second = (y[found.double().argmax(1)] for found in digits)
        assert labels.equal((first + second) % 10) and labels.dtype == y.dtype
        assert len(labels.unique()) == 10


@pytest.mark.parametrize("regime", REGIMES)
def test_both_methods_learn_the_same_patterns_from_the_same_weights(regime):
    given = TINY | {"lr": 0.1, "steps": 0}
    gd, sgd = (errors_of_descent(regime, "digits", 40, batch=batch, **given) for batch in (None, 10))
    for one, other in zip(gd, sgd, strict=True):
        assert (one["method"], other["method"]) == ("GD", "SGD")
        assert (one["loss"], one["error"], one["seed"]) == (other["loss"], other["error"], other["seed"])
        assert one["P"] == (80 if regime == "sums" else 40) and one["data_sha256"] == load("digits").sha256


def test_a_row_is_its_network_descending_alone():
    rows = errors_of_descent("scrambled", "digits", 40, batch=None, lr=0.2, steps=30, **TINY)
    for row in rows:
        patterns = scrambled(task("digits", 40, row["seed"], 50), np.random.default_rng([row["seed"], 1]))
        network = MLP(64, 8, 2, outputs=10, seed=row["seed"])
        optimiser = torch.optim.SGD(network.parameters(), lr=0.2)
        for _ in range(30):
            optimiser.zero_grad()
            F.cross_entropy(network(patterns.inputs), patterns.labels.long()).backward()
            optimiser.step()
        with torch.no_grad():
            loss = F.cross_entropy(network(patterns.inputs), patterns.labels.long()).item()
            wrong = network(patterns.test_inputs).argmax(1) != patterns.test_labels
        assert (row["steps"], row["loss"]) == (30, pytest.approx(loss, rel=1e-3))
        assert row["error"] == pytest.approx(wrong.double().mean().item(), abs=0.021)  # or one test point


@pytest.mark.parametrize(("batch", "lr", "every"), [(10, 0.2, 50), (None, 1.0, 10)])
def test_training_ends_at_the_loss(batch, lr, every):
    rows = errors_of_descent("images", "digits", 40, batch=batch, lr=lr, steps=3000, **TINY)
    assert all(row["loss"] < FIT and row["steps"] < 3000 and row["steps"] % every == 0 for row in rows)


@pytest.mark.parametrize("budget", ["class", "paper"])
def test_the_grid_has_both_methods_of_every_regime_otherwise_alike(large, budget):
    points = grids.grid(budget, "mnist")
    assert {p["regime"] for p in points} == set(REGIMES)
    for regime in REGIMES:
        own = [p for p in points if p["regime"] == regime]
        assert {p["batch"] for p in own} == {None, 10} and len({(p["P"], p["h"], p["L"]) for p in own}) == 1


def test_door(as_user):
    with pytest.raises(ValueError, match="errors_of_descent: unknown regime 'easy', choose one of"):
        errors_of_descent("easy", "digits", 40, batch=None, lr=0.1, steps=1, **TINY)
