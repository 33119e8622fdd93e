"""Ensembles against NumPy, exact small cases, and draws whose answers are known."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit
from scipy.stats import linregress, ttest_1samp
from torch.testing import assert_close

from landscape_lib.data import Task
from landscape_lib.measure.ensembles import (
    Borders,
    at_rest,
    binomial,
    by_set,
    ensemble,
    errors,
    excess_power,
    gap_exponent,
    gaps,
    norm,
    relative_variance,
    share_of_fall,
    transition_to_zero,
    variance,
    variance_exponent,
)


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
    table = pd.DataFrame({"task_seed": 1, "N": [50, 100, 200, 400], "members": 20, "satisfied": [0, 4, 16, 20]})
    fit = transition_to_zero(table)
    assert fit.N_star == pytest.approx(np.sqrt(100 * 200), rel=0.05)
    assert fit.interval[0] < fit.N_star < fit.interval[1]
    halves = [table.assign(members=10, satisfied=table.satisfied // 2, task_seed=seed) for seed in (1, 2)]
    assert transition_to_zero(pd.concat(halves)).interval == fit.interval, "two sets of ten networks are twenty"
    assert transition_to_zero(pd.concat([table] * 3)).interval == fit.interval, "ensembles of the same networks"


H, SIZES = np.array([8, 11, 16, 27, 40, 60]), (1, 6)
PARITY = {"members": 10, "satisfied": 10}


def table(variance, error=None, *, size=2.0, h=H, n=SIZES):
    """Rows as the chapter's: Var f/‖f‖² as given, (sets, widths), and the errors of single networks and of six."""
    shape = np.shape(variance)
    error = np.zeros((*shape, len(n))) if error is None else error
    size = np.broadcast_to(size, shape)
    return pd.DataFrame(
        {"task_seed": i, "h": h[j], "N": h[j] ** 2, "n": n[k], "variance": variance[i][j] * size[i, j] ** 2}
        | {"norm": size[i, j], "error": error[i, j, k]}
        | PARITY
        for i, j, k in np.ndindex(np.shape(error))
    )


def strayed(values, by, *, sets=5, seed=0):
    """``values`` on some training sets, each times a factor of its own."""
    return values * (1 + by * np.random.default_rng(seed).standard_normal((sets, *np.shape(values))))


def test_at_rest_are_widths_with_nine_networks_in_ten_at_zero_over_all_sets():
    rows = table(np.ones((2, 6)))
    rows.loc[(rows.h == 8) & (rows.task_seed == 1), "satisfied"] = 8  # 18 of 20
    rows.loc[(rows.h == 11) & (rows.task_seed == 1), "satisfied"] = 7
    rows.loc[rows.h == 16, "satisfied"] = 0
    rows.loc[rows.h == 27, ["satisfied", "members"]] = (3, 4)
    assert set(at_rest(rows).h) == {8, 40, 60} and len(at_rest(rows)) == 3 * 2 * 2, "with all rows of theirs"
    assert set(at_rest(rows, 0.75).h) == {8, 11, 27, 40, 60} and at_rest(rows, 0.0).equals(rows)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 10)), min_size=1), st.floats(0, 1))
def test_at_rest_counts_networks_once(counts, share):
    """However many ensembles of them were measured."""
    each = {(seed, width): (width + 1) * 10 - satisfied for seed, width, satisfied in counts}
    rows = pd.DataFrame(
        {"task_seed": seed, "h": width, "n": n, "members": (width + 1) * 10, "satisfied": satisfied}
        for (seed, width), satisfied in each.items()
        for n in range(1, 3 + seed)
    )
    for width in rows.h.unique():
        own = [(satisfied, (width + 1) * 10) for (_, of), satisfied in each.items() if of == width]
        rests = sum(satisfied for satisfied, _ in own) / sum(members for _, members in own) >= share
        assert (width in set(at_rest(rows, share).h)) == rests


def test_tables_have_a_row_a_training_set_and_a_column_a_width():
    generator = np.random.default_rng(0)
    relative, error = generator.random((3, 6)), generator.random((3, 6, 2))
    rows = table(relative, error, size=generator.random((3, 6)) + 1).sample(frac=1, random_state=0)
    assert by_set(rows, "error").columns.tolist() == H.tolist() and by_set(rows, "error").index.tolist() == [0, 1, 2]
    assert by_set(rows, "error", 6).to_numpy() == pytest.approx(error[:, :, 1])
    assert relative_variance(rows).to_numpy() == pytest.approx(relative), "whatever the norm is"
    assert gaps(rows, 6).to_numpy() == pytest.approx(error[:, :, 0] - error[:, :, 1])
    fewer = rows[~((rows.h == 16) & (rows.n == 6)) & ~((rows.h == 60) & (rows.n == 6) & (rows.task_seed == 2))]
    assert gaps(fewer, 6).columns.tolist() == [8, 11, 27, 40], "where every set has ensembles of six"
    assert by_set(fewer, "error", 6).columns.tolist() == [8, 11, 27, 40, 60]


@given(st.floats(-3, 1), st.floats(-1, 1), st.floats(0.01, 10))
def test_the_exponent_of_the_variance_is_the_one_it_was_made_with(a, of_norm, scale):
    """Var f = (Var f/‖f‖²) ‖f‖², and so are the powers: two exponents, unless ‖f‖ is the same at all widths."""
    relative = np.tile(scale * (H / 20) ** a, (4, 1))
    rows = table(relative, size=np.tile((H / 20) ** of_norm, (4, 1)))
    assert variance_exponent(rows) == (pytest.approx(a), (pytest.approx(a), pytest.approx(a)))
    assert variance_exponent(rows, relative=False).value == pytest.approx(a + 2 * of_norm)


def test_the_exponent_of_the_variance_is_scipys_slope_of_the_mean_over_sets():
    values = strayed(0.3 / H, 0.4)
    expected = linregress(np.log(H), np.log(values.mean(0))).slope
    assert variance_exponent(table(values)).value == pytest.approx(expected)


def test_widths_that_still_fall_say_nothing_of_the_exponents():
    gap = strayed(0.05 / H, 0.1)
    rows = table(strayed(1.0 / H, 0.1), 0.05 + np.stack([gap, 0 * gap], axis=-1))
    wild = rows.assign(variance=rows.variance.mask(rows.h == 8, 1e6), error=rows.error.mask(rows.h == 8, 0.5))
    wild["satisfied"] = wild.satisfied.mask(wild.h == 8, 5)
    without = rows[rows.h != 8]
    assert variance_exponent(wild) == variance_exponent(without)
    assert gap_exponent(wild, 6) == gap_exponent(without, 6)
    assert excess_power(wild, 6) == excess_power(without, 6)
    assert share_of_fall(wild, 6, 0.0) == share_of_fall(without, 6, 0.0)


def test_intervals_of_exponents_hold_the_truth_nineteen_times_in_twenty():
    """To three standard errors of 80 draws of five sets. Variances are known to 20% on a set, gaps to half of them."""
    held = np.zeros(3)
    for seed in range(80):
        gap, relative = strayed(0.05 / H, 0.5, seed=seed), strayed(1.0 / H, 0.2, seed=1000 + seed)
        rows = table(relative, 0.05 + np.stack([gap, 0 * gap], axis=-1))
        found = (variance_exponent(rows), -1), (gap_exponent(rows, 6), -1), (excess_power(rows, 6), 1)
        held += [interval[0] <= truth <= interval[1] for (_, interval), truth in found]
    assert (held / 80 > 0.95 - 3 * 0.024).all(), held


def test_of_one_training_set_the_exponent_is_scipys_weighted_fit():
    """And the interval its ±1.96 standard errors, on points that scatter as much as they say: known to 5%, then 20%."""
    known = np.array([0.05, 0.05, 0.05, 0.2, 0.2, 0.2])
    off = np.array([1.0, -1.0, 0.6, -1.0, 1.0, -1.0])
    values = 0.3 / (H / 20) * (1 + known * off)
    error = known * values
    rows = table(values[None], size=np.sqrt(H)[None])
    bars = np.repeat(1.96 * error * H, 2)
    rows = rows.assign(variance_low=rows.variance - bars, variance_high=rows.variance + bars)
    best, covariance = curve_fit(lambda h, b, a: b * (h / 20) ** a, H, values, (0.3, -1), error, absolute_sigma=True)
    found = variance_exponent(rows)
    spread = 1.96 * np.sqrt(covariance[1, 1])
    misfit = max(1.0, np.square((values - best[0] * (H / 20) ** best[1]) / error).sum() / 4) ** 0.5
    assert found.value == pytest.approx(best[1], abs=1e-3)
    assert found.interval == pytest.approx((best[1] - misfit * spread, best[1] + misfit * spread), abs=0.01)
    assert variance_exponent(rows, relative=False).value == pytest.approx(best[1] + 1, abs=0.15), "other weights"


@given(st.floats(-3, -0.2), st.floats(0.001, 0.1))
def test_the_exponent_of_the_gap_is_the_one_it_was_made_with(a, scale):
    gap = np.tile(scale * (H / 20) ** a, (3, 1))
    assert gap_exponent(table(gap, 0.05 + np.stack([gap, 0 * gap], axis=-1)), 6).value == pytest.approx(a, abs=1e-4)


def test_the_exponent_of_the_gap_is_scipys_fit_though_a_gap_be_below_zero():
    gap = 0.05 / H + 0.004 * np.random.default_rng(1).standard_normal((5, 6))
    (b, a), _ = curve_fit(lambda h, b, a: b * (h / 20) ** a, H, gap.mean(0), (0.003, -1))
    assert (gap < 0).any()
    found = gap_exponent(table(gap, 0.05 + np.stack([gap, 0 * gap], axis=-1)), 6)
    assert found.value == pytest.approx(a, abs=1e-3) and b > 0


@given(st.floats(0.2, 3), st.floats(-2, -0.3), st.floats(-1, 1))
def test_the_power_of_the_excess_is_the_one_it_was_made_with(p, a, of_norm):
    """In Var f/‖f‖² or in Var f, which is another power of it if ‖f‖ varies."""
    relative = np.tile((H / 60) ** a, (3, 1))
    gap = 0.01 * relative**p
    rows = table(relative, 0.05 + np.stack([gap, 0 * gap], axis=-1), size=relative**of_norm)
    assert excess_power(rows, 6).value == pytest.approx(p)
    if abs(1 + 2 * of_norm) > 0.1:
        assert excess_power(rows, 6, relative=False).value == pytest.approx(p / (1 + 2 * of_norm))


def test_excess_that_is_quadratic_in_what_members_stray_by_is_in_proportion_to_their_variance():
    """The paper's argument from outputs on: a rule's margin of 1, members that stray little, an error smooth in f.

    ε = ⟨(f − y)²⟩ is quadratic at once: what one errs more than the mean of six is (1 − 1/6) Var f, of fresh members.
    """
    relative, error = np.zeros((20, 6)), np.zeros((20, 6, 2))
    for i, j in np.ndindex(20, 6):
        f, y = members(6, 400, spread=(8 / H[j]) ** 0.5, seed=100 * i + j)
        relative[i, j] = variance(f)
        for k, outputs in enumerate((f, f.mean(0, keepdim=True))):
            error[i, j, k] = (outputs[..., 0] - y).square().mean()
    value, (low, high) = excess_power(table(relative, error), 6)
    assert low <= 1 <= high and high - low < 0.1 and value == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("sets", [4, 30])
def test_the_share_of_the_fall_is_a_mean_with_students_interval(sets):
    """Where all sets have the same fall of single networks, of 0.04, the share is a mean of ratios, one a set."""
    generator = np.random.default_rng(0)
    falls = 0.01 + 0.005 * generator.standard_normal(sets)
    error = generator.random((sets, 6, 2))  # the widths between say nothing
    error[:, 2], error[:, -1] = [0.09, 0.06], [0.05, 0.06]
    error[:, 2, 1] += falls
    found = share_of_fall(table(np.ones((sets, 6)), error), 6, N_star=16.0**2)
    low, high = ttest_1samp(falls / 0.04, 0).confidence_interval()
    assert found.value == pytest.approx((falls / 0.04).mean()) and found.interval == pytest.approx((low, high))


def test_the_share_of_the_fall_needs_ensembles_of_n_at_both_ends():
    error = np.stack([0.05 + 0.4 / H, 0.05 + 0.1 / H], axis=-1) * np.ones((3, 1, 1))
    rows = table(np.ones((3, 6)), error)
    narrower = rows[~((rows.h == 60) & (rows.n == 6) & (rows.task_seed == 0))].copy()
    narrower.loc[narrower.h == 60, "error"] = 0.5
    for known in (rows, narrower):
        assert share_of_fall(known, 6, N_star=100.0).value == pytest.approx(0.25)


def few(widths):
    gap = np.tile(0.05 / H, (3, 1))
    rows = table(1.0 / H * np.ones((3, 1)), 0.05 + np.stack([gap, 0 * gap], axis=-1))
    return rows.assign(satisfied=rows.satisfied.where(rows.h.isin(H[:widths]), 8))


LEVEL = np.stack([np.full((3, 6), 0.05), np.full((3, 6), 0.06)], axis=-1)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: variance_exponent(few(2)), "nine networks in ten are at zero loss at 2 widths only; need"),
        (lambda: gap_exponent(few(2), 6), "at 2 widths only; need 3"),
        (lambda: excess_power(few(0), 6), "at 0 widths only; need 3"),
        (lambda: share_of_fall(few(6), 6, N_star=60.0**2), "at 1 widths only; need 2"),
        (lambda: excess_power(table(np.ones((3, 6)), LEVEL), 6), "excess_power: a mean gap of -0.01 has no logarithm"),
        (lambda: gap_exponent(table(np.ones((1, 6))), 6), "jackknife: .* need at least two seeds"),
        (lambda: transition_to_zero(few(6)[["task_seed", "N"]].assign(members=4, satisfied=5)), "no more satisfied"),
    ],
)
def test_door_of_tables(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
