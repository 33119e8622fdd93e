"""The chapter's runs against their own parts, one by one, and against draws whose answers are known."""

import inspect
from itertools import combinations

import pandas as pd
import pytest
import torch

from landscape_lib.data import image_task, load
from landscape_lib.experiments import double_descent as dd
from landscape_lib.experiments import ensembles as experiment
from landscape_lib.experiments.grids import _doors
from landscape_lib.experiments.grids import ensembles as grids
from landscape_lib.measure.calibration import nll, two_classes
from landscape_lib.measure.jamming import effective_parameters

TINY = {"dataset": "digits", "P": 60, "h": 4, "seeds": (3, 4, 5, 6), "task_seed": 7, "steps": 60}


@pytest.fixture(scope="module")
def rows():
    return {network: pd.DataFrame(experiment.ensemble_sizes(network, **TINY)) for network in experiment.NETWORKS}


@pytest.mark.parametrize("network", experiment.NETWORKS)
def test_a_row_is_an_ensemble_size(rows, network):
    found = rows[network]
    assert found.n.tolist() == [1, 2, 3, 4] and found.members.eq(4).all() and found.seeds.eq("3 4 5 6").all()
    for column in ("variance", "norm", "N", "satisfied", "test_points"):
        assert found[column].nunique() == 1
    weights = 4 * 9 + 4 + 4 * 4 * 9 + 4 + 4 * 4 + 1 if network == "cnn" else effective_parameters(10, 4, 2)
    assert found.N[0] == weights and (found.variance > 0).all()


@pytest.mark.parametrize("network", experiment.NETWORKS)
def test_a_point_repeats_itself(rows, network):
    again = pd.DataFrame(experiment.ensemble_sizes(network, **TINY))
    pd.testing.assert_frame_equal(again.drop(columns="seconds"), rows[network].drop(columns="seconds"))


def test_fewer_test_points_are_the_first_of_all():
    (row, *_) = experiment.ensemble_sizes("standard", **TINY, tests=100)
    assert row["test_points"] == 100


def test_the_tasks_are_those_of_the_library():
    assert torch.equal(experiment.task("ntk", "digits", 60, 7).inputs, dd.task("digits", 60, 10, 0.0, 7).inputs)
    pixels = image_task(load("digits"), 60, labels="halves", d=None, seed=7)
    ours = experiment.task("cnn", "digits", 60, 7)
    assert torch.equal(ours.inputs, pixels.inputs) and torch.equal(ours.labels, pixels.labels)
    assert not torch.equal(ours.test_inputs, pixels.test_inputs)
    assert torch.allclose(ours.test_inputs.sum(0), pixels.test_inputs.sum(0))


def members(n, points=300, spread=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 2, (points,), generator=generator).double() * 2 - 1
    f = labels + spread * torch.randn(n, points, generator=generator, dtype=torch.float64)
    return f[..., None], labels


def test_one_member_and_all_members_are_what_they_are_by_themselves():
    f, labels = members(4)
    one, *_, last = experiment.of_sizes(f, labels, [1, 2, 4])
    wrong = (f[..., 0].sign() != labels).double()
    assert one["error"] == pytest.approx(wrong.mean().item())
    assert last["error"] == pytest.approx((f.mean(0)[:, 0].sign() != labels).double().mean().item())
    plain = nll(two_classes(f), (labels > 0).long())
    assert one["nll"] == pytest.approx(plain.mean().item())
    assert one["nll_geometric"] == pytest.approx(one["nll_arithmetic"]), "one member: nothing to average"


def test_the_ensembles_of_a_size_are_a_fair_sample_of_all():
    f, labels = members(8, points=20_000)
    (found,) = experiment.of_sizes(f, labels, [2])
    every = [
        (f[list(pair)].mean(0)[:, 0].sign() != labels).double().mean().item() for pair in combinations(range(8), 2)
    ]
    assert found["error"] == pytest.approx(sum(every) / len(every), abs=0.004)  # two binomial errors of 20,000 points


def test_an_ensemble_of_one_function_gains_nothing():
    f, labels = members(1)
    rows = experiment.of_sizes(f.repeat(4, 1, 1), labels, [1, 2, 4])
    for column in ("error", "nll", "nll_geometric", "nll_arithmetic"):
        assert rows[2][column] == pytest.approx(rows[0][column])


def test_calibration_is_measured_where_it_was_not_fitted():
    """Outputs that are right on one half and wrong on the other: fitted on what it is measured on, τ would hide it."""
    labels = torch.ones(200, dtype=torch.float64)
    f = torch.ones(2, 200, 1, dtype=torch.float64) * 3
    f[:, 100:] = -3
    (row,) = experiment.of_sizes(f, labels, [1])
    assert row["nll_geometric"] > 10 * 0.6931  # fitted on both halves it would be log 2, a coin's


@pytest.mark.parametrize("budget, dataset", [("class", "digits"), ("paper", "mnist"), ("paper", "cifar10-jpeg")])
def test_every_point_of_the_grid_can_be_run(budget, dataset, monkeypatch):
    colours = dataset == "cifar10-jpeg"

    class Found:
        labels, shape = torch.zeros(6000), (3, 32, 32) if colours else (1, 28, 28)

    if budget == "paper":
        for module in (_doors, grids):
            monkeypatch.setattr(module, "images", lambda name: Found)
    points = grids.grid(budget, dataset, seed=1)
    for point in points:
        inspect.signature(experiment.EXPERIMENT).bind(**point)
        assert point["task_seed"] in range(6, 11) and len(point["seeds"]) in (10, 20)
        assert min(point["seeds"]) == 20 * point["task_seed"], "no two training sets share a network"
    assert {point["network"] for point in points} == ({"cnn"} if budget == "paper" else set(experiment.NETWORKS))


def test_live_there_are_five_training_sets_and_none_of_them_is_the_pilots():
    points = grids.grid("class", "digits")
    standard = [point for point in points if point["network"] == "standard"]
    assert {point["task_seed"] for point in standard} == {1, 2, 3, 4, 5}
    assert {len(point["seeds"]) for point in standard if point["h"] <= 16} == {20}


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: experiment.task("rnn", "digits", 50, 0), "unknown network 'rnn', choose one of"),
        (lambda: experiment.ensemble_sizes("ntk", **{**TINY, "seeds": (0,)}), "got 1 seeds, need at least two"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
