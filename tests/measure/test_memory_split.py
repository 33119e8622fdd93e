"""Splits of a budget against a search of all of them, and sizes, movements and predictions where the law is known."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import interp1d

from landscape_lib.measure import memory_split
from landscape_lib.measure.memory_split import (
    Split,
    best_size,
    best_split,
    common_sizes,
    from_small,
    movement,
    prediction_loss,
    splits,
    vertex,
)
from landscape_lib.statistics import bootstrap

MEMBERS = np.array([1, 2, 3, 4, 6, 8, 16])
WIDTHS = np.array([80, 150, 300, 700, 1500])
DOUBLED, DOUBLED_MEMBERS = 25 * 2 ** np.arange(8), 2 ** np.arange(8)  # budgets of 25 × 2^k are spent at measured sizes


@pytest.fixture(autouse=True, scope="module")
def fewer_draws():
    """A fifth of the draws: what is asked of intervals here is exact, or wide."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_split, "bootstrap", partial(bootstrap, resamples=400))
        yield


def table(constant=0.1, scale=50.0, power=-1.0):
    """v = c + (scale/N) n^power: wider networks and larger ensembles are better."""
    return constant + scale / WIDTHS[:, None] * MEMBERS**power


def with_holes(seed):
    """Any values, a fifth of them not measured."""
    generator = np.random.default_rng(seed)
    return np.where(generator.random((5, 7)) < 0.2, np.nan, generator.random((5, 7)))


def sets(values, n=4):
    return np.repeat(np.asarray(values)[None], n, axis=0)


@given(st.floats(50, 20_000), st.integers(0, 2**32 - 1))
def test_a_budget_is_spent_to_the_last_weight_and_valued_as_scipy_interpolates(budget, seed):
    values = with_holes(seed)
    known = splits(WIDTHS, MEMBERS, values, budget)
    assert [split.members for split in known] == sorted({split.members for split in known})
    for split in known:
        assert split.N * split.members == pytest.approx(budget)
    expected = {}
    for column, n in zip(values.T, MEMBERS, strict=True):
        value = interp1d(np.log(WIDTHS), column, bounds_error=False)(np.log(budget / n))
        if np.isfinite(value):
            expected[n] = float(value)
    assert {split.members: split.value for split in known} == pytest.approx(expected)


@given(st.floats(80, 20_000), st.floats(-1, 1), st.floats(-1, 1))
def test_what_is_a_line_in_ln_N_is_known_exactly_between_the_widths(budget, constant, slope):
    values = constant + slope * np.log(WIDTHS[:, None]) + 1 / MEMBERS
    known = splits(WIDTHS, MEMBERS, values, budget)
    assert [split.members for split in known] == [n for n in MEMBERS if 80 <= budget / n <= 1500]
    for split in known:
        assert split.value == pytest.approx(constant + slope * np.log(budget / split.members) + 1 / split.members)


def test_a_measured_size_is_known_whatever_its_neighbours_are_and_one_between_needs_both():
    values = np.where(WIDTHS[:, None] == 300, table(), np.nan)
    assert splits(WIDTHS, MEMBERS, values, 1200.0) == [Split(300.0, 4, values[2, 3])]
    assert splits(WIDTHS, MEMBERS, values, 1201.0) == []
    values = np.where(WIDTHS[:, None] > 200, np.nan, table())
    assert [split.members for split in splits(WIDTHS, MEMBERS, values, 640.0)] == [6, 8], (
        "2 × 320, 3 × 213, 4 × 160: no"
    )


@given(st.floats(80, 20_000), st.integers(0, 2**32 - 1))
def test_the_best_split_is_the_lowest_of_all(budget, seed):
    values = with_holes(seed).round(1)  # ties
    known = splits(WIDTHS, MEMBERS, values, budget)
    if known:
        found = best_split(WIDTHS, MEMBERS, values, budget)
        assert found in known and all(found.value <= split.value for split in known)
        assert all(found.members <= split.members for split in known if split.value == found.value)


@given(st.lists(st.floats(80, 20_000), min_size=1, max_size=3), st.integers(0, 2**32 - 1))
def test_common_sizes_are_those_of_every_budget(budgets, seed):
    values = with_holes(seed)
    found = common_sizes(WIDTHS, MEMBERS, values, np.array(budgets)).tolist()
    for n in MEMBERS.tolist():
        assert (n in found) == all(
            any(split.members == n for split in splits(WIDTHS, MEMBERS, values, budget)) for budget in budgets
        )
    assert found == sorted(found)


@given(st.floats(2, 8), st.floats(0.01, 10), st.floats(-1, 1))
def test_the_vertex_of_a_parabola_in_ln_n_is_its_own(best, curvature, lowest):
    known = [Split(1.0, int(n), float(lowest + curvature * np.log(n / best) ** 2)) for n in MEMBERS]
    assert vertex(known) == pytest.approx(best, rel=1e-4)


def test_the_vertex_looks_at_the_neighbours_only_and_an_end_is_itself():
    values = [9.0, 0.3, 0.2, 0.3, 0.25, 7.0]
    known = [Split(1.0, n, value) for n, value in zip((1, 2, 4, 8, 16, 32), values, strict=True)]
    assert vertex(known) == pytest.approx(4)
    assert vertex(known[2:]) == 4 and vertex(known[:3]) == 4 and vertex(known[:1]) == 1
    assert 4 < vertex([*known[:3], Split(1.0, 8, 0.21)]) < 8**0.5 * 2


def bowl(N, members, best, *, steep=0.01):
    """Errors that the size of the networks alone decides: a parabola in ln N round the best one."""
    return 0.05 + steep * np.log(N[:, None] / best) ** 2 + 0 * members


@given(st.floats(80, 1200), st.floats(20, 200))
def test_the_best_size_is_the_one_it_was_made_with(best, star):
    value, (low, high) = best_size(
        DOUBLED, DOUBLED_MEMBERS, sets(bowl(DOUBLED, DOUBLED_MEMBERS, best)), 3200.0, N_star=star
    )
    assert value == pytest.approx(best / star, rel=1e-6) and (low, high) == pytest.approx((value, value))


def test_the_best_size_is_as_sure_as_N_star_and_the_training_sets_are():
    same = sets(bowl(DOUBLED, DOUBLED_MEMBERS, 300))
    stars = np.exp(np.random.default_rng(0).normal(np.log(75), 0.1, size=5000))
    value, interval = best_size(DOUBLED, DOUBLED_MEMBERS, same, 3200.0, N_star=stars)
    assert value == pytest.approx(4, rel=0.01)
    assert interval == pytest.approx(300 / np.quantile(stars, [0.975, 0.025]), rel=0.04)
    other = np.stack([bowl(DOUBLED, DOUBLED_MEMBERS, best) for best in (200, 300, 450, 300)])
    _, (low, high) = best_size(DOUBLED, DOUBLED_MEMBERS, other, 3200.0, N_star=75.0)
    assert 200 / 75 <= low < 4 < high <= 450 / 75, "a draw of one set only is that set's, the least and the most"


def test_draws_whose_best_is_an_end_of_what_was_measured_leave_the_interval_open():
    """Eight sets say 300, one that the smallest are far better: the mean of some draws has its best there."""
    error = np.stack([bowl(DOUBLED, DOUBLED_MEMBERS, 300)] * 8 + [bowl(DOUBLED, DOUBLED_MEMBERS, 1, steep=0.02)])
    value, interval = best_size(DOUBLED, DOUBLED_MEMBERS, error, 3200.0, N_star=75.0)
    assert np.isfinite(value) and not np.isfinite(interval).all()


@given(st.sampled_from([-0.3, 0.0, 0.5, 0.8, 1.0]), st.floats(1.5, 2.4))
def test_the_movement_is_the_one_it_was_made_with(s, at_first):
    """A parabola in ln n round n* = c (B/B₀)ˢ, with B = n N: what is best moves with the budget as Bˢ."""
    budgets = np.array([800.0, 1600.0, 3200.0])
    away = np.log(DOUBLED_MEMBERS / at_first / 2) - s * np.log(DOUBLED[:, None] * DOUBLED_MEMBERS / 800)
    value, (low, high) = movement(DOUBLED, DOUBLED_MEMBERS, sets(0.1 + 0.01 * away**2), budgets)
    assert value == pytest.approx(s, abs=1e-6) and (low, high) == pytest.approx((s, s), abs=1e-6)


def test_an_ensemble_of_one_size_that_is_best_does_not_move_though_small_budgets_do_not_pay_for_it():
    """Eight are best, and 400 weights pay for eight of 50; without those of 50 they do not, and four would be best."""
    values = 0.1 + 0.02 * np.abs(np.log(DOUBLED_MEMBERS / 8)) + 2 / DOUBLED[:, None]
    budgets = np.array([400.0, 1600.0, 3200.0])
    without = sets(values)[:, 2:]
    assert [best_split(DOUBLED[2:], DOUBLED_MEMBERS, values[2:], B).members for B in budgets] == [4, 8, 8]
    found = movement(DOUBLED[2:], DOUBLED_MEMBERS, without, budgets)
    assert found.value == pytest.approx(0, abs=1e-9), "four, of those that all of them pay for"


H = np.array([4, 6, 9, 14, 22, 40, 60])
N = 11 * H + H**2


def law(a=-1.0, b=-1.0, gain=0.3, single=0.2):
    """v(1, h) − D hᵇ (1 − nᵃ), with single networks that are better the wider."""
    return single + 2 / H[:, None] - gain * H[:, None] ** b * (1 - MEMBERS**a)


@given(st.integers(4, 40), st.floats(-2, 0), st.floats(0.05, 0.4), st.sampled_from([700.0, 1000.0, 2000.0]))
def test_small_runs_that_follow_the_law_predict_all_of_it(steps, b, gain, budget):
    true = law(-0.05 * steps, b, gain)  # powers of n that the search tries
    seen = true - true[:, :1] + np.where(budget >= N, true[:, 0], true[budget >= N, 0][-1])[:, None]
    assert from_small(H, N, MEMBERS, true, budget) == pytest.approx(seen), "one network is as the largest within"


def test_what_is_predicted_does_not_look_beyond_the_budget():
    true = law()
    expected = from_small(H, N, MEMBERS, true, 800.0)
    beyond = N[:, None] * MEMBERS > 800
    for other in (7.0, np.nan, -3.0):
        changed = np.where(beyond, other, true)
        assert from_small(H, N, MEMBERS, changed, 800.0) == pytest.approx(expected)


def test_ensembles_that_gain_nothing_have_no_logarithm_and_are_left_out():
    true = law()
    worse = true.copy()
    worse[0, 2] = true[0, 0] + 0.1
    assert from_small(H, N, MEMBERS, worse, 800.0) == pytest.approx(from_small(H, N, MEMBERS, true, 800.0))


def reached(values):
    """A table that follows the law up to 300 weights in all, and at a budget of 3200 the values given, n by n."""
    small = 0.2 + 0.5 / DOUBLED[:, None] - 0.3 * DOUBLED[:, None] ** -0.5 * (1 - 1 / DOUBLED_MEMBERS)
    found = np.where(DOUBLED[:, None] * DOUBLED_MEMBERS <= 800, small, 0.2)
    for n, value in zip(DOUBLED_MEMBERS, values, strict=True):
        found[np.flatnonzero(DOUBLED * n == 3200), DOUBLED_MEMBERS == n] = value
    return found


PREDICTED = 7  # 128 × 25 weights: narrow networks gain most


@pytest.mark.parametrize("place", range(8))
def test_the_loss_is_that_of_the_predicted_split_as_a_share_of_a_blind_ones(place):
    """The eight splits reach 1 to 8 in some order; the predicted one stands ``place`` above the best: of 3.5."""
    order = np.arange(1.0, 9.0)
    order = np.append(np.delete(order, place), order[place])
    tables = sets(reached(order))
    value, interval = prediction_loss(DOUBLED, DOUBLED, DOUBLED_MEMBERS, tables, 3200.0, small=800.0)
    assert value == pytest.approx(place / 3.5) and interval == pytest.approx((value, value))


def test_one_half_predicts_and_the_other_measures_both_ways_round():
    """Means of halves: the first reaches 1 to 8, the second 8 to 1, and both predict the last."""
    rising = np.arange(1.0, 9.0)
    first, second = reached(rising), reached(rising[::-1])
    tables = np.stack([first, first, second, second])
    value = prediction_loss(DOUBLED, DOUBLED, DOUBLED_MEMBERS, tables, 3200.0, small=800.0).value
    assert value == pytest.approx((7 / 3.5 + 0) / 2)
    swapped = prediction_loss(DOUBLED, DOUBLED, DOUBLED_MEMBERS, tables[::-1], 3200.0, small=800.0).value
    assert swapped == pytest.approx(value)


FLAT = sets(table())


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: best_split(WIDTHS, MEMBERS, table()[:2], 100), r"values have shape \(2, 7\) for 5 widths and 7 sizes"),
        (lambda: splits(WIDTHS[::-1], MEMBERS, table(), 100), "need two or more, rising"),
        (lambda: best_split(WIDTHS, MEMBERS, table() * np.nan, 100), "no split of a budget of 100 has N of 80 to 1500"),
        (lambda: best_split(WIDTHS, MEMBERS, table(), 10), "no split of a budget of 10 has"),
        (
            lambda: best_size(WIDTHS, MEMBERS, table(), 800, N_star=50.0),
            r"shape \(5, 7\), need \(training sets, widths",
        ),
        (
            lambda: best_size(WIDTHS, MEMBERS, FLAT + 5 / WIDTHS[:, None], 800, N_star=50.0),
            "best split of 800 weights, 1 × 800, is at an end of what was",
        ),
        (lambda: best_size(WIDTHS, MEMBERS, FLAT[:, ::-1], 800, N_star=50.0), "8 × 100, .*end of what was measured"),
        (lambda: movement(WIDTHS, MEMBERS, FLAT, np.array([800.0, 800.0])), r"budgets \[800.0, 800.0\], need two"),
        (lambda: movement(WIDTHS, MEMBERS, FLAT, np.array([160.0, 1600.0])), r"ensemble sizes \[2\] in common, need 3"),
        (lambda: movement(WIDTHS, MEMBERS, table(), np.array([800.0, 1600.0])), r"shape \(5, 7\), need"),
        (lambda: from_small(WIDTHS, WIDTHS, MEMBERS, table(), 200), "1 ensembles of at most 200 weights .* need four"),
        (lambda: from_small(WIDTHS, WIDTHS, MEMBERS, table(power=1.0), 2000), "0 ensembles of at most 2000"),
        (lambda: from_small(WIDTHS, WIDTHS, MEMBERS[1:], table()[:, 1:], 2000), "need single ones"),
        (lambda: from_small(H, N, MEMBERS, np.where(H[:, None] > 4, np.nan, law()), 900), "of two widths"),
        (lambda: prediction_loss(H, N, MEMBERS, sets(law(), 3), 800, small=400), "3 training sets, need four"),
        (lambda: prediction_loss(H, N, MEMBERS, law(), 800, small=400), r"shape \(7, 7\), need \(training sets"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
