"""Ensembles against NumPy, exact small cases, and draws whose answers are known."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from landscape_lib.data import Task
from landscape_lib.measure.ensembles import Borders, binomial, ensemble, errors, excess, norm, satisfaction, variance


def members(n, points, *, spread=1.0, seed=0):
    """A rule that is right by one, and members that stray from it."""
    generator = np.random.default_rng(seed)
    labels = torch.from_numpy(generator.choice([-1.0, 1.0], size=points))
    strayed = torch.from_numpy(generator.standard_normal((n, points))) * spread
    return (labels + strayed)[..., None], labels


@given(n=st.integers(2, 8), points=st.integers(1, 9), seed=st.integers(0, 99))
def test_they_are_numpys_mean_variance_and_share(n, points, seed):
    f, y = members(n, points, seed=seed)
    found, plain = ensemble(f, y, resamples=10), f[..., 0].numpy()
    wrong = np.sign(plain) != y.numpy()
    together = np.sign(plain.mean(0)) != y.numpy()
    assert found.error.value == pytest.approx(wrong.mean())
    assert found.together.value == pytest.approx(together.mean())
    assert found.gap.value == pytest.approx(wrong.mean() - together.mean())
    assert found.variance.value == pytest.approx(np.var(plain, axis=0, ddof=1).mean())
    assert found.norm.value == pytest.approx(np.sqrt((plain**2).mean(1)).mean())
    assert_close(variance(f), torch.tensor(found.variance.value, dtype=torch.float64))


def test_the_variance_is_unbiased():
    """The mean of many estimates from three members is the true variance, to four standard errors."""
    estimates = torch.stack([variance(members(3, 10, spread=0.7, seed=seed)[0]) for seed in range(2000)])
    assert abs(estimates.mean() - 0.49) < 4 * estimates.std() / math.sqrt(2000)


def test_outputs_of_several_numbers_add_their_variances():
    f = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert_close(variance(f), sum(variance(f[..., [i]]) for i in range(3)))
    assert_close(norm(f).square(), sum(norm(f[..., [i]]).square() for i in range(3)))


def test_intervals_hold_what_other_members_measure():
    """Nine in ten of many 95% intervals hold the truth: a percentile bootstrap of twenty members is a little narrow."""
    true = {name: 0.0 for name in ("error", "together", "gap", "variance", "norm")}
    many = [ensemble(*members(20, 300, spread=0.8, seed=seed), resamples=300) for seed in range(200)]
    for name in true:
        estimates = [getattr(one, name) for one in many]
        truth = np.mean([estimate.value for estimate in estimates])
        held = np.mean([estimate.interval[0] <= truth <= estimate.interval[1] for estimate in estimates])
        if name in ("variance", "norm"):  # points that are each drawn anew: only members differ in what is asked
            assert 0.8 < held <= 1, name
        assert all(e.interval[0] <= e.value <= e.interval[1] for e in estimates)


def test_an_ensemble_of_equal_members_gains_nothing():
    f, y = members(1, 40)
    found = ensemble(f.repeat(5, 1, 1), y)
    assert found.gap == (0, (0, 0)) and found.variance.value == pytest.approx(0)
    assert found.error == found.together


def test_what_errs_on_the_square_is_counted():
    """The wave is at −0.74, −0.34, 0.34 and 0.74: two points lie on another side of it than of the axis."""
    x = torch.linspace(-2, 2, 4, dtype=torch.float64)
    truth = torch.tensor([[-1.0, -1, -1, -1], [1, -1, -1, -1], [1, 1, 1, -1], [1, 1, 1, 1]], dtype=torch.float64)
    above = torch.where(x[:, None] > 0, 1.0, -1.0).double().expand(4, 4)
    points = Task(x[:, None].expand(4, 2), above[:, 0], x.new_empty(0, 2), x[:0], "toy", "")
    borders = Borders(points, 7, 63, x, 0.75 * torch.sin(4 * x), torch.stack([truth, -truth, truth, above]))
    assert borders.error.tolist() == [0, 1, 0, 2 / 16]
    assert borders.together == 1 / 16  # two against two at the two points: half wrong


def test_binomial_errors():
    draws = np.random.default_rng(0).binomial(797, 0.06, size=20_000) / 797
    assert binomial(0.06, 797) == pytest.approx(draws.std(), rel=0.02)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: errors(torch.zeros(2, 3), torch.ones(3)), r"outputs have shape \(2, 3\)"),
        (lambda: errors(torch.zeros(2, 3, 1), torch.ones(2)), r"labels \(2,\)"),
        (lambda: errors(torch.full((1, 3, 1), math.nan), torch.ones(3)), "NaN"),
        (lambda: variance(torch.zeros(1, 3, 1)), r"\(1, 3, 1\), need .* at least two networks"),
        (lambda: variance(torch.zeros(2, 0, 1)), r"\(2, 0, 1\)"),
        (lambda: variance(torch.full((2, 3, 1), math.inf)), r"infinite outputs in networks \[0, 1\]"),
        (lambda: ensemble(torch.zeros(2, 3, 1), torch.ones(3), resamples=1), "resamples is 1"),
        (lambda: binomial(1.5, 10), "error is 1.5"),
        (lambda: binomial(math.nan, 10), "error is nan"),
        (lambda: binomial(0.5, 0), "0 points"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_N_star_is_where_half_of_the_networks_reach_zero_loss():
    table = pd.DataFrame({"N": [50, 100, 200, 400], "members": 20, "satisfied": [0, 4, 16, 20]})
    fit = satisfaction(table, resamples=100)
    assert fit.N_star == pytest.approx(np.sqrt(100 * 200), rel=0.05)
    assert fit.interval[0] < fit.N_star < fit.interval[1] and fit.replicates.shape == (100,)
    sets = pd.concat([table.assign(members=10, satisfied=table.satisfied // 2)] * 2)
    assert satisfaction(sets, resamples=100).interval == fit.interval, "two sets of ten networks are twenty"


def test_excess_is_zero_at_no_variance_and_in_proportion_where_the_argument_holds():
    """ε̄_n = ε + c Var/n, at two widths, one of which has fewer members: all pairs lie on one line of slope c."""
    n, relative = np.array([1, 2, 4, 8]), np.array([0.5, 0.1])
    error = np.array([[0.06], [0.04]]) + 0.2 * relative[:, None] / n
    error[1, 3] = np.nan
    more, above = excess(n, relative, error)
    assert len(more) == 3 + 2
    assert above == pytest.approx(0.2 * more)
    assert more[:3] == pytest.approx(0.5 * (1 / n[:3] - 1 / 8)) and more[3:] == pytest.approx(0.1 * (1 / n[:2] - 1 / 4))


def test_excess_of_gaussian_members_is_that_of_fresh_ensembles():
    """Var f̄_n is Var f / n, whatever the rule: the variance of means of n, over the points, is what `excess` takes."""
    f, _ = members(4000, 3, spread=2.0)
    means = f.unflatten(0, (-1, 4)).mean(1)
    assert variance(means).item() == pytest.approx(variance(f).item() / 4, rel=0.1)  # 1000 means: 4% a point


@pytest.mark.parametrize("error", [np.ones((2, 2)), np.array([[0.1, np.nan]])])
def test_door_of_excess(as_user, error):
    with pytest.raises(ValueError, match="for 1 widths and 2 sizes, need one each, and at least two sizes"):
        excess(np.array([1, 2]), np.array([0.4]), error)
