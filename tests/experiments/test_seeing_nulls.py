"""Each claim of chapter 1 has a null, and its rule rejects it (its entry in the claims names both)."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional as F

from landscape_lib.experiments._classes import L, loss_on, stacked, task
from landscape_lib.experiments.random_slices import D, curvatures_on_the_way
from landscape_lib.experiments.regimes import errors_of_descent
from landscape_lib.experiments.skips import slices_of_skips
from landscape_lib.experiments.trajectories import paths, shares_of_paths
from landscape_lib.measure import seeing
from landscape_lib.measure.curvature import exact_hessian, hessian_product
from landscape_lib.measure.surface import (
    filter_normalised,
    principal_directions,
    random_direction,
    random_walk,
    rescaled,
    slice_line,
)
from landscape_lib.nets import MLP, Population
from landscape_lib.report import decide, read_claims
from landscape_lib.training import Stop, cross_entropy, gd, train

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = read_claims(ROOT / "notebooks" / "01_seeing_the_landscape.claims.yml")
SEEDS = tuple(range(10))  # of pilots: those that decide begin at 300


def verdict(name, measured):
    """Of a statistic, and the rows that it is of: from as many seeds as there are."""
    (value, interval), rows = measured
    return decide(CLAIMS[name].rule, value, interval, n_seeds=rows.seed.nunique())


def rescaling(rows):
    return seeing.normalised_over_raw(rows := pd.DataFrame(rows)), rows


def skipping(name, rows):
    return (seeing.concave_difference(rows) if name == "see.skip" else seeing.loss_without_over_with(rows)), rows


def widening(rows):
    return seeing.width_exponent(rows), rows


def batch(rows):
    return seeing.lesser_batch_ratio(rows), rows


def walking(rows):
    return seeing.share_above_walk(rows := pd.DataFrame(rows)), rows


def bending(rows):
    return seeing.share_up(rows := pd.DataFrame(rows)), rows


def methods(rows):
    return seeing.gd_over_sgd(rows := pd.DataFrame(rows)), rows


def spins(rows):
    return seeing.limit_energy(rows), rows


def lognormal(*shape, spread, seed=0):
    return np.random.default_rng(seed).lognormal(0, spread, shape)


# see.rescaling


def whole_normalised(network, direction):
    """As long as all weights together, as if they were one filter."""
    return direction * torch.nn.utils.parameters_to_vector(network.parameters()).detach().norm() / direction.norm()


@pytest.mark.parametrize(
    ("normalise", "wanted"), [(filter_normalised, "reproduced"), (whole_normalised, "not reproduced")]
)
def test_a_direction_of_the_whole_networks_length_sees_the_units(normalise, wanted):
    tasks = [task("digits", 60, seed, 0) for seed in SEEDS[:5]]
    inputs, labels = stacked(tasks)
    nets = Population(lambda seed: MLP(64, 8, 2, outputs=10, seed=seed), SEEDS[:5], dtype=torch.float32)
    nets = train(nets, inputs, labels, optimiser=gd(0.5), stop=Stop(60), loss=cross_entropy).population
    t, rows = torch.linspace(-1, 1, 11, dtype=torch.float64), []
    for own, seed, network in zip(tasks, nets.seeds, nets.each(), strict=True):
        drawn, changes = random_direction(network, seed), {}
        for name, along in (("raw", lambda _, direction: direction), ("filter", normalise)):
            one, other = (
                slice_line(net, loss_on(own.inputs, own.labels), along(net, drawn), t).values["loss"]
                for net in (network, rescaled(network, 0, 10.0))
            )
            changes[name] = (one - other).square().mean().sqrt().item()
        rows.append({"seed": seed, **changes})
    assert verdict("see.rescaling", rescaling(rows)) == wanted


# see.skip, see.training


@cache
def deep(skip, first=0, steps=40):
    """Networks of eight layers, the seeds renamed to 0 to 9."""
    given = {"h": 8, "blocks": 3, "skip": skip, "lr": 0.1 if skip else 0.03, "steps": steps, "tests": 10}
    rows = slices_of_skips("mlp", "digits", 60, seeds=tuple(first + seed for seed in SEEDS), **given)
    return pd.DataFrame(rows).assign(seed=SEEDS)


@pytest.mark.parametrize("name", ["see.skip", "see.training"])
def test_networks_with_skips_in_both_groups_or_the_groups_swapped(name):
    truth = pd.concat([deep(True), deep(False)])
    assert verdict(name, skipping(name, truth)) == "reproduced", "the rule is no bar to a truth"
    assert verdict(name, skipping(name, truth.assign(skip=~truth.skip))) == "not reproduced"
    assert verdict(name, skipping(name, pd.concat([deep(True), deep(True, 10).assign(skip=False)]))) == "not reproduced"


def test_slices_of_networks_with_skips_bend_up_at_the_loss_of_those_without():
    stopped, without = deep(True, steps=12), deep(False)
    assert stopped.loss.mean() == pytest.approx(without.loss.mean(), rel=0.1), "the same loss, or the null is none"
    found = seeing.concave_difference(pd.concat([deep(True), stopped.assign(skip=False)]))
    assert decide(CLAIMS["see.skip"].rule, *found, n_seeds=10) == "not reproduced"


# see.width, see.batch: with the scatter of a pilot, 5 to 10% from network to network


def basins(power, seed=0):
    widths, scatter = (8, 16, 32, 64, 128, 256), lognormal(10, 6, spread=0.06, seed=seed)
    return pd.DataFrame(
        [{"h": h, "seed": s, "filter": h**power * scatter[s, i]} for i, h in enumerate(widths) for s in SEEDS]
    )


def test_basins_that_do_not_widen():
    assert verdict("see.width", widening(basins(0.4))) == "reproduced"
    assert [verdict("see.width", widening(basins(power))) for power in (0.0, -0.4)] == ["not reproduced"] * 2


def test_widths_shuffled_among_the_basins():
    rng, rows, verdicts = np.random.default_rng(0), basins(0.4), []
    for _ in range(100):
        order = np.concatenate([own.index[rng.permutation(len(own))] for _, own in rows.groupby("seed")])
        shuffled = rows.sort_values(["seed", "h"]).assign(filter=rows["filter"].loc[order].to_numpy())
        verdicts.append(verdict("see.width", widening(shuffled)))
    assert "reproduced" not in verdicts and "not reproduced" in verdicts


def batches(small, large, seed=0):
    """Widths of basins at no weight decay and at some; a seed's patterns widen all of its own alike."""
    shared, own = lognormal(10, spread=0.03, seed=seed), lognormal(2, 2, 10, spread=0.03, seed=seed + 1000)
    return pd.DataFrame(
        [
            {"seed": s, "batch": batch, "weight_decay": decay, "filter": width[j] * shared[s] * own[i, j, s]}
            for i, (batch, width) in enumerate(((10, small), (250, large)))
            for j, decay in enumerate((0.0, 0.005))
            for s in SEEDS
        ]
    )


def test_batches_of_one_size_in_both_groups_or_the_groups_swapped():
    small, large = (1.6, 2.1), (1.2, 1.2)
    assert verdict("see.batch", batch(batches(small, large))) == "reproduced"
    assert verdict("see.batch", batch(batches(large, small))) == "not reproduced"
    assert verdict("see.batch", batch(batches((1.6, 1.2), (1.2, 1.2)))) == "not reproduced", (
        "with weight decay and without"
    )
    alike = [verdict("see.batch", batch(batches(small, small, seed))) for seed in range(100)]
    assert "reproduced" not in alike and alike.count("not reproduced") > 90


# see.trajectory


def test_another_random_walk_in_the_place_of_the_path():
    given = {"h": 8, "batch": 20, "lr": 0.1, "steps": 240}
    assert verdict("see.trajectory", walking(shares_of_paths("digits", 60, seeds=SEEDS, **given))) == "reproduced"
    _, places = paths([task("digits", 60, seed, 0) for seed in SEEDS], SEEDS, **given)
    rows = []
    for seed in SEEDS:
        walk, other = (
            principal_directions(random_walk(places[:, seed], s)).shares.tolist() for s in (seed, 100 + seed)
        )
        rows.append({"seed": seed, "first": other[0], "second": other[1], "walk": sum(walk)})
    assert verdict("see.trajectory", walking(rows)) == "not reproduced"


# see.saddle


def test_slices_along_the_lowest_eigenvectors_bend_down():
    P, h, steps, lr = 60, 8, 100, 0.1
    rows = curvatures_on_the_way("digits", P, h, seeds=SEEDS, lr=lr, steps=(steps,))
    assert verdict("see.saddle", bending(rows)) == "reproduced"
    tasks = [task("digits", P, seed, 0, d=D) for seed in SEEDS]
    inputs, labels = (part.double() for part in stacked(tasks))
    nets = Population(lambda seed: MLP(D, h, L, outputs=10, activation="softplus", seed=seed), SEEDS)
    nets = train(nets, inputs, labels, optimiser=gd(lr), stop=Stop(steps), loss=cross_entropy).population
    lowest = []
    for i, network in enumerate(nets.each()):
        H = exact_hessian(hessian_product(network, F.cross_entropy, [(inputs[i], labels[i].long())]))
        _, vectors = torch.linalg.eigh(H)
        d = vectors[:, : round(seeing.SADDLE * len(H)) + 1].T
        up = (((d @ H) * d).sum(1) > 0).double().mean().item()
        lowest.append({"seed": i, "down": rows[i]["down"], "up": up})
    assert verdict("see.saddle", bending(lowest)) == "not reproduced"


def test_a_spectrum_as_far_down_as_up():
    rng, rows = np.random.default_rng(0), []
    for seed in SEEDS:
        eigenvalues = rng.standard_normal(300)
        eigenvalues = np.concatenate([eigenvalues, -eigenvalues])
        up = (rng.standard_normal((100, 600)) ** 2 @ eigenvalues > 0).mean()
        rows.append({"seed": seed, "down": (eigenvalues < 0).mean(), "up": up})
    assert verdict("see.saddle", bending(rows)) == "not reproduced"


# see.gd_vs_sgd, see.regimes


def test_gradient_descent_that_is_stopped_after_a_tenth_of_its_steps():
    given = {"h": 32, "L": 2, "seeds": SEEDS, "tests": 1000}
    sgd = errors_of_descent("images", "digits", 200, batch=10, lr=0.2, steps=2000, **given)
    descended = errors_of_descent("images", "digits", 200, batch=None, lr=1.0, steps=1000, **given)
    assert all(row["loss"] < 0.01 for row in sgd + descended)
    assert verdict("see.gd_vs_sgd", methods(sgd + descended)) == "reproduced"
    tenth = min(row["steps"] for row in descended) // 10
    stopped = errors_of_descent("images", "digits", 200, batch=None, lr=1.0, steps=tenth, **given)
    assert verdict("see.gd_vs_sgd", methods(sgd + stopped)) == "not reproduced"


# Of each regime: the ratio of a pilot, that of descent which is stopped early, and the scatter of either.
REGIMES = {
    "few units": (0.97, 1.62, 0.15),
    "scrambled": (0.92, 0.70, 0.10),
    "noisy": (1.0, 1.32, 0.04),
    "sums": (1.05, 1.70, 0.03),
}


def regimes(early=(), seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        [
            {"seed": s, "regime": name, "method": method, "error": 0.3 * ratio * rng.lognormal(0, scatter)}
            for name, (descended, stopped, scatter) in REGIMES.items()
            for method, ratio in (("GD", stopped if name in early else descended), ("SGD", 1.0))
            for s in SEEDS
        ]
    )


def test_descent_that_is_stopped_early_in_one_regime():
    assert verdict("see.regimes", methods(regimes())) == "reproduced"
    assert [verdict("see.regimes", methods(regimes({name}))) for name in ("few units", "sums")] == [
        "not reproduced"
    ] * 2
    # Little is lost with noise, and much gained where labels are wrong: that is open at times, and never reproduced.
    verdicts = {verdict("see.regimes", methods(regimes({name}, seed))) for name in REGIMES for seed in range(25)}
    assert "reproduced" not in verdicts


# see.pspin


def ends(limit, seed=0):
    """Energies of as many samples and spins as the larger run has, with the scatter of a pilot."""
    rng, scatter = np.random.default_rng(seed), {50: 0.03, 100: 0.02, 200: 0.012}
    return pd.DataFrame(
        [
            {"N": N, "seed": s, "energy": limit + 1.6 * N ** (-2 / 3) + rng.normal(0, scatter[N])}
            for N, samples in ((50, 100), (100, 100), (200, 30))
            for s in range(samples)
        ]
    )


def test_energies_that_tend_to_the_ground_state():
    assert verdict("see.pspin", spins(ends(-1.633))) == "reproduced"
    verdicts = [verdict("see.pspin", spins(ends(-1.657, seed))) for seed in range(50)]
    assert "reproduced" not in verdicts and verdicts.count("not reproduced") > 25
