"""The jamming runs at toy size: one row a network, each what the network would give by itself."""

import inspect
import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from landscape_lib.data import load
from landscape_lib.experiments.grids.jamming import grid
from landscape_lib.experiments.jamming import task, train_widths
from landscape_lib.measure.gap_exponents import gap_counts
from landscape_lib.measure.jamming import effective_parameters, gaps, unsatisfied
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Stop, adam, bands, descend, end_states, quadratic_hinge, train

TINY = {
    "dataset": "digits",
    "labels": "parity",
    "P": 40,
    "widths": (3, 8),
    "seeds": (0, 1),
    "d": 5,
    "L": 2,
    "steps": 300,
    "finish": "steps",
}


def columns(rows, *names):
    return [tuple(row[name] for name in names) for row in rows]


@pytest.mark.parametrize(
    "dataset, labels", [("digits", "parity"), ("digits", "halves"), ("digits", "random"), ("random", "random")]
)
def test_patterns_lie_on_the_sphere_with_as_many_of_either_sign(dataset, labels):
    one = task(dataset, labels, P=30, d=6, seed=0)
    assert one.inputs.shape == (30, 6) and one.inputs.dtype == torch.float64
    # ‖x‖ = √d in double precision
    assert_close(one.inputs.norm(dim=-1), torch.full((30,), math.sqrt(6), dtype=torch.float64), rtol=1e-14, atol=0)
    assert one.labels.sum() == 0 and (one.labels.abs() == 1).all()
    other = task(dataset, labels, P=30, d=6, seed=1)
    assert task(dataset, labels, P=30, d=6, seed=0).inputs.equal(one.inputs) and not other.inputs.equal(one.inputs)


def test_a_point_is_one_row_a_network_with_its_N_and_provenance():
    rows = train_widths(**TINY)
    assert columns(rows, "h", "seed") == [(3, 0), (3, 1), (8, 0), (8, 1)]
    for row in rows:
        assert row["N"] == effective_parameters(5, row["h"], 2)
        assert 0 <= row["mistakes"] <= row["unsatisfied"] <= 40
        assert 0 <= row["silenced_unsatisfied"] <= min(row["silenced"], row["unsatisfied"]) <= 40
        assert 0 <= row["silenced_loss"] <= 1
        assert row["satisfied"] == (row["stopped"] == "satisfied") and 0 < row["steps"] <= 300
        assert row["loss"] >= 0 and row["seconds"] > 0
        assert (row["overlaps"] == row["negative_gaps"] == "") == row["satisfied"]
        assert row["finish"] == "steps" and row["gradient"] is None and 0 < row["error"] < 0.5 and row["norm"] > 0
        assert row["data_sha256"] == load("digits").sha256
        assert {name: row[name] for name in ("dataset", "labels", "P", "d", "L")} == {
            name: TINY[name] for name in ("dataset", "labels", "P", "d", "L")
        }


def test_a_row_is_its_network_trained_alone():
    rows = train_widths(**TINY, lr=3e-3)
    for row in rows:
        patterns = task("digits", "parity", 40, 5, row["seed"])
        net = Population(lambda seed, h=row["h"]: MLP(5, h, 2, seed=seed), [row["seed"]])
        # Full batches: a working set looked at every tenth step may miss a pattern for a few steps, rarely.
        run = train(net, patterns.inputs, patterns.labels, optimiser=adam(3e-3), stop=Stop(300, plateau=(2000, 0.01)))
        assert row["loss"] == pytest.approx(run.loss.item(), rel=1e-3)
        delta = gaps(run.population(patterns.inputs), patterns.labels)
        assert row["unsatisfied"] == unsatisfied(delta, tolerance=(2 * 40 * 1e-12) ** 0.5).item()
        overlaps, negative = gap_counts(delta)
        if not row["satisfied"]:  # counts: a gap within 1e-3 of an edge may fall on its other side
            found = np.array([row[name].split() for name in ("overlaps", "negative_gaps")], dtype=int)
            assert np.abs(found - np.stack([overlaps[0], negative[0]])).sum() <= 2
        assert row["mistakes"] == (run.population(patterns.inputs)[0, :, 0].sign() != patterns.labels).sum()


def test_bands_do_not_matter():
    """Each width by itself, or widened to its neighbour: the same rows, to rounding carried through 300 steps."""
    options = {**TINY, "widths": (7, 8)}
    assert bands((7, 8)) == [[7, 8]]
    together = train_widths(**options)
    alone = [row for h in (7, 8) for row in train_widths(**{**options, "widths": (h,)})]
    exact = ("h", "N", "seed", "unsatisfied", "mistakes", "satisfied", "stopped", "steps")
    assert columns(together, *exact) == columns(alone, *exact)
    assert [row["loss"] for row in together] == pytest.approx([row["loss"] for row in alone], rel=1e-8)


@pytest.mark.parametrize("loss", ["quadratic_hinge", "cross_entropy"])
def test_a_point_repeats_itself(loss):
    options = {**TINY, "loss": loss, "steps": 50}
    one, other = (
        [{k: v for k, v in row.items() if k != "seconds"} for row in train_widths(**options)] for _ in range(2)
    )
    assert one == other
    assert {row["loss_name"] for row in one} == {loss}


def test_a_wide_network_is_satisfied_and_a_narrow_one_is_not():
    rows = train_widths(**{**TINY, "widths": (1, 30), "finish": "rest"})
    assert columns(rows, "h", "satisfied") == [(1, False), (1, False), (30, True), (30, True)]
    assert all(row["unsatisfied"] == 0 and row["loss"] < 1e-12 for row in rows if row["satisfied"])


def test_a_network_comes_to_rest_where_descent_to_rest_leaves_it():
    rows = train_widths(**{**TINY, "finish": "rest"})
    for row in rows:
        patterns = task("digits", "parity", 40, 5, row["seed"])
        run = end_states([patterns], [row["h"]], [row["seed"]], L=2, steps=300)
        assert row["satisfied"] == run.satisfied[0]
        assert row["loss"] == pytest.approx(run.loss.item(), rel=1e-2, abs=1e-12)  # rounding is amplified on the way
        assert row["stopped"] in ("satisfied", "at rest") and row["gradient"] >= 0
        outputs = run.population(patterns.inputs)
        assert row["norm"] == pytest.approx(outputs.square().mean().sqrt().item(), rel=1e-2)


def test_both_ways_to_rest_end_alike():
    """Adam with decaying steps and L-BFGS: nobody is satisfied by one and far from it by the other."""
    options = {**TINY, "L": 1, "widths": (4, 20), "steps": 3000}
    rested, annealed = (train_widths(**{**options, "finish": finish}) for finish in ("rest", "annealed"))
    for one, other in zip(rested, annealed, strict=True):
        assert one["satisfied"] == other["satisfied"]
        assert one["loss"] == pytest.approx(other["loss"], rel=0.5, abs=1e-12)


def test_descend_gives_the_networks_width_by_width_and_seed_by_seed():
    tasks = [task("random", "random", 10, 4, seed) for seed in (7, 8)]
    run = descend(tasks, [2, 3], [7, 8], L=2, loss="quadratic_hinge", lr=1e-3, steps=0)
    for net, (h, seed) in zip(range(4), [(2, 7), (2, 8), (3, 7), (3, 8)], strict=True):
        one = Population(lambda s, h=h: MLP(4, h, 2, seed=s), [seed])
        patterns = tasks[seed - 7]
        assert_close(run.loss[net : net + 1], quadratic_hinge(one(patterns.inputs), patterns.labels).mean(-1))


def test_bands_hold_every_width_once_in_order_and_none_is_widened_beyond_the_ratio():
    groups = bands([30, 4, 5, 4, 12, 7, 9], ratio=1.5)
    assert [h for group in groups for h in group] == [4, 5, 7, 9, 12, 30]
    assert all(group[-1] <= 1.5 * group[0] for group in groups)


@pytest.mark.parametrize("dataset", ["digits", "random"])
@pytest.mark.parametrize("budget", ["class", "paper"])
def test_every_point_of_the_grid_runs(budget, dataset):
    points = grid(budget, dataset, seed=1)
    assert len({repr(point) for point in points}) == len(points)
    for point in points:
        inspect.signature(train_widths).bind(**point)
        assert len(point["seeds"]) in (10, 20) and min(point["seeds"]) > 200, "those before are for pilots"
        assert bands(point["widths"]) == [list(point["widths"])], "one stack a point: a sweep shares stacks out"
    shortest = min(points, key=lambda point: point["P"])
    rows = train_widths(**{**shortest, "steps": 1, "evaluations": 1, "seeds": shortest["seeds"][:1]})
    assert columns(rows, "P", "h", "L") == [(shortest["P"], h, shortest["L"]) for h in shortest["widths"]]


def test_depths_are_compared_at_about_the_same_N_and_the_same_P_over_N():
    points = grid("paper", "random")
    scan = [(p, effective_parameters(p["d"], p["widths"][0], p["L"])) for p in points]
    scan = [(p, N) for p, N in scan if 800 < N < 1000]
    sizes = {p["L"]: N for p, N in scan}
    assert sorted(sizes) == [1, 2, 3] and max(sizes.values()) < 1.06 * min(sizes.values())
    ratios = {L: [round(p["P"] / N, 2) for p, N in scan if p["L"] == L] for L in sizes}
    assert ratios[1] == ratios[2] == ratios[3] and len(ratios[1]) >= 6


@pytest.mark.parametrize(
    "wrong, says",
    [
        (
            {"loss": "hinge2"},
            r"unknown loss 'hinge2', choose one of \('quadratic_hinge', 'soft_hinge', 'cross_entropy'\)",
        ),
        ({"finish": "sgd"}, r"unknown finish 'sgd', choose one of \('rest', 'annealed', 'steps'\)"),
        ({"labels": "colour"}, "labels: got 'colour', need 'parity', 'halves', 'random' or 'classes'"),
        ({"dataset": "random"}, "labels: got 'parity', need 'random' for the data set 'random'"),
        ({"dataset": "letters"}, "name: got 'letters', need one of digits, mnist"),
        ({"widths": ()}, "got 0 widths and 2 seeds, need at least one of each"),
        ({"seeds": ()}, "got 2 widths and 0 seeds"),
        ({"widths": (0,)}, "h is 0, need a whole number of at least 1"),
        ({"lr": -1.0}, "step size lr is -1.0, need a positive finite number"),
        ({"d": 50}, "d: got 50, P=40 inputs .* at most"),
        ({"P": 10**6}, "take P ≤"),
    ],
)
def test_door(as_user, wrong, says):
    with pytest.raises(ValueError, match=says):
        train_widths(**{**TINY, **wrong})


def test_random_patterns_have_their_own_hash():
    rows = train_widths(**{**TINY, "dataset": "random", "labels": "random", "widths": (3,), "steps": 1})
    assert [row["data_sha256"] for row in rows] == [task("random", "random", 40, 5, seed).sha256 for seed in (0, 1)]
