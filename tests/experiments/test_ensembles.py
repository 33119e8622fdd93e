"""The chapter's runs against their own parts, one by one, and against draws whose answers are known."""

import inspect
from itertools import combinations, groupby

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp

from landscape_lib.data import image_task, load
from landscape_lib.experiments import double_descent as dd
from landscape_lib.experiments import ensembles as experiment
from landscape_lib.experiments.grids import _doors
from landscape_lib.experiments.grids import ensembles as grids
from landscape_lib.measure.jamming import effective_parameters

TINY = {"dataset": "digits", "P": 60, "h": 8, "task_seeds": (7, 8), "members": 4, "steps": 60}


@pytest.fixture(scope="module")
def rows():
    return {network: pd.DataFrame(experiment.ensemble_sizes(network, **TINY)) for network in experiment.NETWORKS}


def trained(network, seed, members=4):
    """The networks of one training set by themselves, and their task."""
    problem = experiment.task(network, "digits", 60, seed)
    seeds = [100 * seed + i for i in range(members)]
    return experiment.trained(network, [problem] * members, 8, seeds, shape=(1, 8, 8), steps=60), problem


@pytest.mark.parametrize("network", experiment.NETWORKS)
def test_a_row_is_a_training_set_and_an_ensemble_size(rows, network):
    found = rows[network]
    assert found[["task_seed", "n"]].to_numpy().tolist() == [[seed, n] for seed in (7, 8) for n in (1, 2, 3, 4)]
    assert found.members.eq(4).all()
    weights = 8 * 9 + 8 + 8 * 8 * 9 + 8 + 4 * 8 + 1 if network == "cnn" else effective_parameters(10, 8, 2)
    assert found.N.eq(weights).all() and (found.variance > 0).all()
    for seed, own in found.groupby("task_seed"):
        assert own.seeds.eq(" ".join(str(100 * seed + i) for i in range(4))).all()
        assert own[["variance", "norm", "satisfied", "test_points", "data_sha256"]].nunique().eq(1).all()
    assert found.groupby("task_seed").variance.first().nunique() == 2, "no two sets share a network"


@pytest.mark.parametrize("network", experiment.NETWORKS)
def test_a_point_repeats_itself(rows, network):
    again = pd.DataFrame(experiment.ensemble_sizes(network, **TINY))
    pd.testing.assert_frame_equal(again.drop(columns="seconds"), rows[network].drop(columns="seconds"))


@pytest.mark.parametrize("network", experiment.NETWORKS)
def test_each_training_set_measures_what_it_does_by_itself(rows, network):
    """In NumPy, of networks trained without the other set beside them."""
    run, problem = trained(network, 8)
    f = run.population(problem.test_inputs.to(run.population.weights)).double().numpy()[..., 0]
    own, y = rows[network].query("task_seed == 8").set_index("n"), problem.test_labels.numpy()
    assert own.satisfied.eq(sum(run.satisfied)).all() and own.test_points.eq(len(y)).all()
    assert own.data_sha256.eq(problem.sha256).all()
    assert own.variance[1] == pytest.approx(f.var(0, ddof=1).mean(), rel=1e-3)
    assert own.norm[1] == pytest.approx((f**2).mean() ** 0.5, rel=1e-3)
    assert own.error[1] == pytest.approx((np.sign(f) != y).mean(), abs=1e-3)
    assert own.error[4] == pytest.approx((np.sign(f.mean(0)) != y).mean(), abs=1e-3)


@pytest.mark.parametrize("network", ["standard", "ntk"])
def test_networks_end_at_zero_loss_or_at_rest(network):
    """At zero, every point of the training set has its margin; elsewhere no step along the gradient still gains."""
    run, problem = trained(network, 7)
    f = run.population(problem.inputs)[..., 0]
    behind = (1 - problem.labels * f).clamp(min=0)
    for own, zero, reason in zip(behind, run.satisfied, run.reasons, strict=True):
        assert zero == bool(own.square().mean() / 2 < 1e-12) and reason != "out of patience"
    assert any(run.satisfied)


def test_fewer_test_points_are_the_first_of_all(rows):
    run, problem = trained("standard", 7)
    few = pd.DataFrame(experiment.ensemble_sizes("standard", **{**TINY, "task_seeds": (7,)}, tests=100))
    wrong = run.population(problem.test_inputs[:100])[..., 0].sign() != problem.test_labels[:100]
    assert few.test_points.eq(100).all() and few.error[0] == pytest.approx(wrong.double().mean().item())


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


def numpys(f, labels):
    """The NLL of a mean of probabilities as a function of (τ of members, τ of the mean), from SciPy."""
    z = np.stack([-f[..., 0], f[..., 0]], axis=-1) / 2
    label = (np.asarray(labels) > 0).astype(int)

    def nll(points, shared=1.0, after=1.0):
        mean = logsumexp(log_softmax(z[:, points] / shared, axis=-1), axis=0) - np.log(len(z))
        return -np.take_along_axis(log_softmax(mean / after, axis=-1), label[points, None], axis=1).mean()

    return nll


def test_one_member_and_all_members_are_what_they_are_by_themselves():
    f, labels = members(4)
    one, *_, last = experiment.of_sizes(f, labels, [1, 2, 4])
    wrong = (f[..., 0].sign() != labels).double()
    assert one["error"] == pytest.approx(wrong.mean().item())
    assert last["error"] == pytest.approx((f.mean(0)[:, 0].sign() != labels).double().mean().item())
    plain = [numpys(f[[i]], labels)(slice(None)) for i in range(4)]
    assert one["nll"] == pytest.approx(np.mean(plain), rel=1e-5)
    assert last["nll"] == pytest.approx(numpys(f, labels)(slice(None)), rel=1e-5)
    assert one["nll_shared"] == pytest.approx(one["nll_after"]), "one member: nothing to average"


@pytest.mark.parametrize("kind", ["after", "shared"])
def test_each_calibration_is_scipys_on_one_half_measured_on_the_other(kind):
    f, labels = members(4, points=301, spread=3.0)
    nll = numpys(5 * f, labels)
    (found,) = experiment.of_sizes(5 * f, labels, [4])
    expected = []
    for fitted, measured in ((slice(0, 150), slice(150, None)), (slice(150, None), slice(0, 150))):
        best = minimize_scalar(lambda t, on=fitted: nll(on, **{kind: np.exp(t)}), bounds=(-3, 5)).x
        expected.append(nll(measured, **{kind: np.exp(best)}))
    assert found[f"nll_{kind}"] == pytest.approx(np.mean(expected), rel=2e-3)


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
    for column in ("error", "nll", "nll_after"):
        assert rows[2][column] == pytest.approx(rows[0][column], rel=1e-5)
    assert rows[2]["nll_shared"] == pytest.approx(rows[2]["nll_after"], rel=1e-3), "another search, another bound"


def test_calibration_is_measured_where_it_was_not_fitted():
    """Outputs that are right on one half and wrong on the other: fitted on what it is measured on, τ would hide it."""
    labels = torch.ones(200, dtype=torch.float64)
    f = torch.ones(2, 200, 1, dtype=torch.float64) * 3
    f[:, 100:] = -3
    (row,) = experiment.of_sizes(f, labels, [1])
    assert row["nll_after"] > 10 * 0.6931  # fitted on both halves it would be log 2, a coin's


@pytest.fixture
def large(monkeypatch):
    """Six thousand images of any name, in colours if it is CIFAR's: grids look at their number and shape only."""

    class Found:
        def __init__(self, name):
            self.labels, self.shape = torch.zeros(6000), (3, 32, 32) if "cifar" in name else (1, 28, 28)

    for module in (_doors, grids):
        monkeypatch.setattr(module, "images", Found)


@pytest.mark.parametrize("budget", ["class", "paper"])
@pytest.mark.parametrize("dataset, networks", [("mnist", set(experiment.NETWORKS)), ("cifar10-jpeg", {"cnn"})])
def test_every_point_of_the_grid_can_be_run(large, budget, dataset, networks):
    points = grids.grid(budget, dataset, seed=1)
    for point in points:
        inspect.signature(experiment.EXPERIMENT).bind(**point)
        assert 2 <= point["members"] <= 100, "seeds are 100 task_seed + i: no two training sets share a network"
        assert len(point["task_seeds"]) == (15 if budget == "class" and point["network"] == "standard" else 5)
    assert {point["network"] for point in points} == networks


SETS = {"class": {"standard": 30, "ntk": 10, "cnn": 5}, "paper": {"standard": 10, "ntk": 30, "cnn": 20}}


@pytest.mark.parametrize("budget, network, sets", [(b, name, n) for b, own in SETS.items() for name, n in own.items()])
def test_every_width_has_the_same_training_sets_and_none_of_them_was_looked_at(large, budget, network, sets):
    """Training sets 0 to 10 were, before the rules were fixed; another seed has sets that no other has."""

    def of(seed):
        own = [point for point in grids.grid(budget, "mnist", seed) if point["network"] == network]
        by_width = groupby(sorted(own, key=lambda point: point["h"]), key=lambda point: point["h"])
        return {width: sorted(j for point in points for j in point["task_seeds"]) for width, points in by_width}

    first, second = of(0), of(1)
    assert first.keys() == second.keys() and len(first) >= 3
    for seed, by_width in ((0, first), (1, second)):
        own = list(range(101 + seed * sets, 101 + (seed + 1) * sets))
        assert all(found == own for found in by_width.values())


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: experiment.task("rnn", "digits", 50, 0), "unknown network 'rnn', choose one of"),
        (lambda: experiment.ensemble_sizes("rnn", **TINY), "unknown network 'rnn', choose one of"),
        (lambda: experiment.ensemble_sizes("ntk", **{**TINY, "members": 1}), "1 members, need at least two"),
        (lambda: grids.grid("paper", "digits"), "needs more than 5000 images, digits has"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
