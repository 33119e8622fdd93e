"""The runs of feature learning against lazy training at toy size: each row what the network would give by itself."""

import inspect
import math

import pytest

from landscape_lib.data import load
from landscape_lib.experiments.feature_lazy import flow_at_scales, network, task
from landscape_lib.experiments.grids.feature_lazy import PAPER_ENDS, PAPER_P, PAPER_WIDTHS, grid, phases
from landscape_lib.measure.kernel import tangent_kernel
from landscape_lib.nets import Population
from landscape_lib.training import Stop, gradient_flow

TINY = {"network_kind": "fc", "dataset": "digits", "P": 30, "h": 6, "alpha_h": (0.1, 100.0), "task_seeds": (0, 1)}
TINY |= {"tests": 50, "probe": 20, "steps": 1500, "precision": "float64"}


def test_a_row_is_its_network_flowing_alone():
    rows = flow_at_scales(**TINY)
    assert [(row["alpha_h"], row["task_seed"], row["seed"]) for row in rows] == [
        (scale, seed, 100 * seed) for scale in (0.1, 100.0) for seed in (0, 1)
    ]
    for row in rows:
        own = task("digits", "parity", 30, None, row["task_seed"], 50)
        nets = Population(lambda seed: network("fc", "digits", 64, 6, 2, "softplus", seed), [row["seed"]])
        run = gradient_flow(nets, own.inputs, own.labels, alpha=row["alpha_h"] / math.sqrt(6), stop=Stop(1500))
        F = run.outputs(own.test_inputs)[0, :, 0]
        # Blocks of several networks and of one round differently, and steps are chosen by what they round.
        assert row["norm"] == pytest.approx(F.square().mean().sqrt().item(), rel=0.02)
        assert row["error"] == pytest.approx((F * own.test_labels <= 0).double().mean().item(), abs=0.041)
        kernels = [tangent_kernel(nets.member(0), own.test_inputs[:20]) for nets in (run.initial, run.population)]
        change = ((kernels[1] - kernels[0]).norm() / kernels[0].norm()).item()
        assert row["kernel_change"] == pytest.approx(change, rel=0.03)
        moved = (run.population.weights - nets.weights).norm() / nets.weights.norm()
        assert row["weight_change"] == pytest.approx(moved.item(), rel=0.02)
        assert row["stopped"] == "satisfied" and row["loss"] < 1e-12 and row["time"] > 0
        assert row["data_sha256"] == load("digits").sha256 and row["N"] == 64 * 6 + 36 + 6 + 13


def test_implicit_steps_end_where_others_do():
    rows, others = (flow_at_scales(**TINY | {"implicit": i, "turn": t}) for i, t in ((True, 1e-3), (False, 1e-4)))
    for row, other in zip(rows, others, strict=True):
        assert row["stopped"] == "satisfied" and row["norm"] == pytest.approx(other["norm"], rel=0.03)
        assert row["kernel_change"] == pytest.approx(other["kernel_change"], rel=0.05)


def test_a_large_scale_is_lazy_and_a_small_one_is_not():
    feature, lazy = (flow_at_scales(**TINY | {"alpha_h": (scale,)}) for scale in (0.01, 1000.0))
    assert all(row["kernel_change"] > 10 for row in feature) and all(row["kernel_change"] < 0.1 for row in lazy)
    assert all(row["weight_change"] > 0.5 for row in feature) and all(row["weight_change"] < 0.05 for row in lazy)


def test_a_network_too_small_for_its_data_comes_to_rest_and_says_so():
    given = TINY | {
        "P": 60,
        "h": 2,
        "L": 1,
        "d": 5,
        "noise": 0.2,
        "implicit": True,
        "turn": 1e-2,
        "plateau": (100, 0.02),
    }
    rows, clean = flow_at_scales(**given), flow_at_scales(**given | {"noise": 0.0})
    assert all(row["stopped"] == "plateau" and row["loss"] > 0.1 and row["noise"] == 0.2 for row in rows)
    assert sum(row["loss"] for row in clean) < sum(row["loss"] for row in rows)


def test_members_share_a_training_set_and_deviate_from_their_mean():
    rows = flow_at_scales(**TINY | {"alpha_h": (100.0,), "members": 3})
    assert [row["seed"] for row in rows] == [0, 1, 2, 100, 101, 102]
    for members in (rows[:3], rows[3:]):
        assert len({row["together"] for row in members}) == 1
        assert all(0 < row["deviation"] < row["norm"] ** 2 for row in members)
    alone = flow_at_scales(**TINY)
    assert all(row["deviation"] == 0 and row["together"] == row["error"] for row in alone)


@pytest.mark.parametrize(
    "kind, dataset, features", [("cnn", "mnist1d", 40), ("cnn", "digits", 64), ("fc", "mnist1d", 40)]
)
def test_it_runs_on_signals_and_images(kind, dataset, features):
    rows = flow_at_scales(**TINY | {"network_kind": kind, "dataset": dataset, "alpha_h": (10.0,), "steps": 5})
    assert all(row["d"] == features and row["stopped"] == "steps" and row["network"] == kind for row in rows)


def test_the_stripe_model_runs_too():
    rows = flow_at_scales(**TINY | {"dataset": "stripe", "labels": "stripe", "d": 3, "alpha_h": (10.0,), "steps": 5})
    assert all(row["dataset"] == "stripe" and row["d"] == 3 for row in rows)
    assert len({row["data_sha256"] for row in rows}) == 2


@pytest.mark.parametrize(
    "budget, dataset, networks",
    [
        ("class", "digits", {"fc"}),
        ("class", "mnist1d", {"fc", "cnn"}),
        ("class", "stripe", {"fc"}),
        ("paper", "stripe", {"fc"}),
        ("paper", "mnist1d", {"cnn"}),
    ],
)
def test_every_point_of_the_grid_is_one_of_the_experiment(budget, dataset, networks):
    points = grid(budget, dataset, seed=1)
    assert len({repr(point) for point in points}) == len(points)
    for point in points:
        inspect.signature(flow_at_scales).bind(**point)
        assert min(point["task_seeds"]) > 300, "those before are for pilots, or were looked at"
    assert {point["network_kind"] for point in points} == networks


def test_the_larger_grid_has_both_ends_on_the_same_sets_more_in_ten_components_and_a_map_of_another_size():
    points = phases("paper", "mnist", 0)
    for point in points:
        inspect.signature(flow_at_scales).bind(**point)
    ends = [point for point in points if point["P"] == PAPER_ENDS["P"]]
    sets = {d: sorted(seed for p in ends if p["d"] == d for seed in p["task_seeds"]) for d in (None, 10)}
    assert sets[None] == list(range(300, 310)) and sets[10] == list(range(300, 400))
    plane = [point for point in points if point["P"] == PAPER_P]
    assert {point["h"] for point in plane} == set(PAPER_WIDTHS) and len(ends) + len(plane) == len(points)


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"network_kind": "resnet"}, r"unknown network 'resnet', choose one of \('fc', 'cnn'\)"),
        ({"alpha_h": ()}, "0 scales, 2 training sets, 1 members; need at least one of each"),
        ({"members": 0}, "2 scales, 2 training sets, 0 members"),
        ({"dataset": "stripe"}, "d is None, labels 'parity', noise 0; the stripe model needs a number d, labels"),
        ({"alpha_h": (0.0,)}, r"alpha is \[0.0, 0.0\], need a positive number"),
        ({"dataset": "letters"}, "name: got 'letters'"),
        ({"precision": "float8"}, "precision is 'float8', need 'float32' or 'float64'"),
    ],
)
def test_door(as_user, wrong, says):
    with pytest.raises(ValueError, match=says):
        flow_at_scales(**{**TINY, **wrong})
