"""The chapter's experiments against what is known beforehand: exact peaks, other code, and their own parts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch.testing import assert_close

from landscape_lib.data import image_task, load
from landscape_lib.experiments import double_descent as dd
from landscape_lib.experiments.grids import double_descent as grids
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.nets import MLP, Population
from landscape_lib.training import REST, Stop, adam, bands, end_states, train


def test_a_polynomial_is_numpys_below_as_many_terms_as_points_and_interpolates_beyond():
    rows = pd.DataFrame(dd.polynomials(12, (3, 7, 11, 200), seeds=[1], noise=0.2))
    x, y = (v.numpy() for v in dd.scatter(12, 0.2, 1))
    fine = np.linspace(-1, 1, 2001)
    for degree in (3, 7):
        fitted = np.polynomial.Legendre.fit(x, y, degree, domain=[-1, 1])(fine)
        error = np.mean((fitted - np.sin(2 * np.pi * fine)) ** 2)
        assert rows[rows.degree == degree].error.item() == pytest.approx(error, rel=1e-6)
    assert rows.N.tolist() == [4, 8, 12, 201]


def test_noise_alone_makes_the_polynomials_err_past_the_truth():
    """Without noise a sine is all but a polynomial of degree 15: nothing is left to err about, but rounding."""
    (row,) = dd.polynomials(40, (20,), seeds=[0], noise=0.0)
    assert row["error"] < 1e-8


def test_random_features_interpolate_from_as_many_features_as_points_on():
    """The peak is where the square system is nearly singular: the norm of ten seeds is largest at N = P, exactly."""
    sizes = (40, 50, 55, 60, 65, 70, 90, 240)
    rows = pd.DataFrame(dd.features("digits", 60, sizes, seeds=range(6)))
    medians = rows.groupby("N")[["square", "norm"]].median()
    assert medians.square.idxmax() == medians.norm.idxmax() == 60
    assert set(rows.columns) >= {"dataset", "data_sha256", "error"} and len(rows) == 6 * len(sizes)


def test_the_task_is_that_of_the_library_with_its_test_points_shuffled():
    one, plain = dd.task("digits", 300, 10, 0.1, 3), image_task(load("digits"), 300, noise=0.1, seed=3)
    assert torch.equal(one.inputs, plain.inputs) and torch.equal(one.labels, plain.labels)
    assert not torch.equal(one.test_inputs, plain.test_inputs)
    assert_close(one.test_inputs.sum(0), plain.test_inputs.sum(0))
    assert one.test_labels.sum() == plain.test_labels.sum()


SETTING = {"P": 60, "seeds": (0, 1, 2), "noise": 0.1, "steps": 300}


@pytest.fixture(scope="module")
def rows():
    return pd.DataFrame(dd.ensembles_in_time("digits", widths=(3, 4, 9), **SETTING))


def test_a_row_is_a_width_at_a_step(rows):
    assert not rows.duplicated(["h", "step"]).any()
    assert rows.groupby("h").step.max().le(300).all() and (rows.groupby("h").step.min() == 0).all()
    assert rows.N.tolist() == [effective_parameters(10, h, 2) for h in rows.h]
    assert rows.seeds.unique().tolist() == ["0 1 2"] and rows.members.eq(3).all()
    assert bands((3, 4, 9)) == [[3, 4], [9]]


def test_the_last_row_is_of_networks_trained_one_by_one(rows):
    one = dd.task("digits", 60, 10, 0.1, 0)
    last = rows[rows.h == 9].iloc[-1]
    nets = [
        train(
            Population(lambda seed: MLP(10, 9, 2, seed=seed), [seed]),
            one.inputs,
            one.labels,
            optimiser=adam(1e-3),
            stop=Stop(300, plateau=(2000, 0.01)),
            working_set=True,
        )
        for seed in (0, 1, 2)
    ]
    f = torch.cat([run.population(one.test_inputs) for run in nets])[..., 0]
    wrong = f.sign() != one.test_labels
    assert last.error == pytest.approx(wrong.double().mean().item())
    assert last.together == pytest.approx((f.mean(0).sign() != one.test_labels).double().mean().item())
    assert last.variance == pytest.approx(f.var(0).mean().item(), rel=1e-6)
    assert last.satisfied == sum(run.satisfied[0] for run in nets)


def test_stopping_never_looks_at_the_part_it_is_measured_on():
    """Outputs that are right on one half at one step and on the other half at another: neither half gains."""
    labels = torch.ones(10, dtype=torch.float64)
    test = torch.ones(3, 1, 10, 1, dtype=torch.float64)
    test[1, 0, 5:], test[2, 0, :5] = -1, -1  # at step 1 the second half is wrong, at step 2 the first
    test[0, 0, [4, 9]] = -1  # at step 0 one point of each is
    stopped = dd._stopped_early(test, labels)
    assert stopped[:, 0].tolist() == [0.2, pytest.approx((1.0 + 0.2) / 2), 1.0]


def test_a_cure_that_has_nothing_to_choose_changes_nothing():
    f = torch.randn(1, 4, 50, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.ones(50, dtype=torch.float64)
    stopped, (raw, calibrated) = dd._stopped_early(f, labels), dd._calibrated(f[0], labels)
    assert stopped.mean().item() == pytest.approx((f < 0).double().mean().item())
    assert calibrated.mean() < raw.mean()
    assert torch.nn.functional.softplus(-f).mean().item() == pytest.approx(raw.mean().item())


def test_all_come_to_rest_after_adam():
    """The end is that of `end_states`, one row more a width, and what was in time is as it was."""
    how = SETTING | {"noise": 0.0, "task_seeds": (4,)}
    table = pd.DataFrame(dd.ensembles_in_time("digits", widths=(3, 9), evaluations=5000, **how))
    in_time = pd.DataFrame(dd.ensembles_in_time("digits", widths=(3, 9), **how))
    columns = ["h", "step", "error", "satisfied", "variance"]
    pd.testing.assert_frame_equal(table[~table.rest][columns].reset_index(drop=True), in_time[columns])
    ends = table[table.rest]
    assert ends.h.tolist() == [3, 9] and (ends.step == table.groupby("h").step.max().to_numpy()).all()
    assert ends.unfinished.tolist() == [0, 0] and ends.satisfied.iloc[1] == 3
    problem = dd.task("digits", 60, 10, 0.0, 4)
    run = end_states([problem] * 3, [3], [4000, 4001, 4002], L=2, steps=300, stop=replace(REST, steps=5000))
    assert ends.satisfied.iloc[0] == sum(run.satisfied)
    wrong = run.population(problem.test_inputs)[..., 0].sign() != problem.test_labels
    assert ends.error.iloc[0] == pytest.approx(wrong.double().mean().item(), abs=0.02), "stacks round otherwise"


def test_the_grid_of_a_class_has_two_curves_a_plane_and_a_long_run():
    points = grids.grid("class", "digits", seed=2)
    parts = {}
    for point in points:
        parts.setdefault((point["P"], point["noise"]), []).append(point)
    assert parts.keys() == {(250, 0.1), (250, 0.0), (125, 0.1), (250, 0.2)}
    wanted = {(250, 0.1): grids.WIDTHS + grids.PLANE_WIDTHS, (250, 0.0): grids.WIDTHS, (125, 0.1): grids.PLANE_WIDTHS}
    for part, widths in (wanted | {(250, 0.2): (80,)}).items():
        assert sorted(h for point in parts[part] for h in point["widths"]) == sorted(widths)
    sets = {part: {point["task_seeds"] for point in stacks} for part, stacks in parts.items()}
    ten, thirty = tuple(range(161, 171)), tuple(range(161, 191))  # sets that no other seed has
    assert sets == {(250, 0.1): {ten, thirty}, (250, 0.0): {ten}, (125, 0.1): {thirty}, (250, 0.2): {ten}}
    assert all("evaluations" in point for point in points if point["noise"] != 0.2), "all others come to rest"


def test_training_sets_share_a_stack_and_none_sees_another():
    together = pd.DataFrame(dd.ensembles_in_time("digits", widths=(4, 5), task_seeds=(3, 7), **SETTING))
    for task_seed in (3, 7):
        alone = pd.DataFrame(dd.ensembles_in_time("digits", widths=(4, 5), task_seeds=(task_seed,), **SETTING))
        rows = together[together.task_seed == task_seed].reset_index(drop=True)
        columns = ["h", "step", "error", "separated", "satisfied", "data_sha256"]
        pd.testing.assert_frame_equal(rows[columns], alone[columns])
        np.testing.assert_allclose(rows[["variance", "norm", "nll"]], alone[["variance", "norm", "nll"]], rtol=1e-6)
        assert rows.groupby("h").tail(1).nll.notna().all() and rows.nll.isna().sum() == len(rows) - 2


def test_the_papers_networks_end_where_every_margin_is_reached():
    how = {"loss": "soft_hinge", "activation": "swish", "precision": "float32", "lr": 1e-2, "steps": 3000}
    rows = pd.DataFrame(dd.ensembles_in_time("digits", 50, (10, 11), seeds=(0, 1), **how))
    last = rows.groupby("h").tail(1)
    assert last.satisfied.tolist() == last.separated.tolist() == [2, 2] and last.step.lt(3000).all()
    assert last.N.tolist() == [sum(p.numel() for p in MLP(10, h, 2).parameters()) for h in (10, 11)]
    assert rows.groupby("h").first().satisfied.eq(0).all()


@pytest.mark.parametrize(
    "given, says",
    [
        ({"loss": "square"}, "unknown loss 'square', choose one of"),
        ({"precision": "half"}, "unknown precision 'half'"),
        ({"loss": "cross_entropy", "evaluations": 9}, "no rest for cross_entropy in float64; need a hinge"),
        (
            {"precision": "float32", "evaluations": 9},
            "no rest for quadratic_hinge in float32; need a hinge, and float64",
        ),
    ],
)
def test_door(given, says):
    with pytest.raises(ValueError, match=says):
        dd.ensembles_in_time("digits", 50, (3,), seeds=(0, 1), steps=0, **given)
