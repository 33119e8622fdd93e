"""Splits of a budget against a search of all of them, and predictions where the law is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib.measure.memory_split import Split, best_size, best_split, from_small, regret, split_exponent, splits

MEMBERS = np.array([1, 2, 3, 4, 6, 8, 16])
WIDTHS = np.array([80, 150, 300, 700, 1500])


def table(constants=0.1, scale=50.0, power=-1.0):
    """v = c + (scale/N) n^power: wider networks and larger ensembles are better."""
    return constants + scale / WIDTHS[:, None] * MEMBERS**power


@given(st.integers(80, 1280), st.integers(0, 2**32 - 1))
def test_the_best_split_is_that_of_a_search_of_all(budget, seed):
    """Where more members are better at every width, the largest ensemble that is paid for is the best of its width."""
    values = np.sort(np.random.default_rng(seed).random((5, 7)), axis=1)[:, ::-1]
    found = best_split(WIDTHS, MEMBERS, values, budget)
    paid = [
        (values[i, j], N, n) for i, N in enumerate(WIDTHS) for j, n in enumerate(MEMBERS) if N * n <= budget < N * 17
    ]
    least = min(paid)
    assert found.value == least[0] and (found.N, found.members) == least[1:]
    assert found.N * found.members <= budget


def test_a_width_whose_ensembles_are_too_small_for_the_budget_is_left_out():
    values = table()
    values[0] = 0.0  # the narrowest would win, but 17 of them were never trained
    assert best_split(WIDTHS, MEMBERS, values, 80 * 16).N == 80
    assert best_split(WIDTHS, MEMBERS, values, 80 * 17).N != 80


def test_what_was_not_measured_is_not_known():
    values = np.where((WIDTHS[:, None] > 200) & (MEMBERS > 3), np.nan, table())
    without = np.where(WIDTHS[:, None] == 150, np.nan, values)
    for known, budget, N, n in ((values, 150 * 8, 150, 8), (without, 640, 80, 8)):
        found = best_split(WIDTHS, MEMBERS, known, budget)
        assert (found.N, found.members, found.value) == (N, n, pytest.approx(0.1 + 50 / (N * n)))


def test_each_width_spends_what_it_can():
    known = splits(WIDTHS, MEMBERS, table(), 1300)
    assert [(split.N, split.members) for split in known] == [(80, 16), (150, 8), (300, 4), (700, 1)]
    assert [split.value for split in known] == [pytest.approx(0.1 + 50 / (split.N * split.members)) for split in known]


def test_what_was_not_measured_is_not_foretold():
    values = np.where((WIDTHS[:, None] > 200) & (MEMBERS > 3), np.nan, table())
    assert np.array_equal(np.isnan(from_small(MEMBERS, values, 3)), np.isnan(values))


def test_the_law_is_foretold_exactly_from_two_sizes_on():
    values = table()
    assert from_small(MEMBERS, values, 2) == pytest.approx(values)
    assert from_small(MEMBERS, values, 8) == pytest.approx(values)


def test_what_is_foretold_does_not_look_at_larger_ensembles():
    values = table()
    other = np.where(MEMBERS > 3, 7.0, values)
    assert from_small(MEMBERS, other, 3) == pytest.approx(from_small(MEMBERS, values, 3))


@pytest.mark.parametrize("s", [0.0, 0.5, 1.0])
def test_the_exponent_of_the_members_is_that_they_were_made_with(s):
    budgets = np.array([100.0, 400.0, 1600.0])
    assert split_exponent(budgets, [Split(1, int(4 * (B / 100) ** s), 0.0) for B in budgets]) == pytest.approx(s)


def test_regret_is_zero_for_the_best_and_one_for_one_network():
    values = table()
    best = best_split(WIDTHS, MEMBERS, values, 640)
    assert regret(WIDTHS, MEMBERS, values, 640, best) == 0
    assert regret(WIDTHS, MEMBERS, values, 640, Split(300, 1, 0.0)) == pytest.approx(1)
    flat = np.repeat(np.linspace(1, 0, 5)[:, None], 7, axis=1)  # members gain nothing: the widest one is the best
    assert regret(WIDTHS, MEMBERS, flat, 700, Split(700, 1, 0.0)) == 0
    assert regret(WIDTHS, MEMBERS, flat, 700, Split(80, 8, 0.0)) == np.inf


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: best_split(WIDTHS, MEMBERS, table()[:2], 100), "values have shape .2, 7. for 5 widths and 7"),
        (lambda: best_size(WIDTHS, MEMBERS, table(), 100, N_star=50.0), "shape .5, 7., need .training sets, widths"),
        (lambda: best_split(WIDTHS, MEMBERS, table() * np.nan, 100), "no width of .* of 100"),
        (lambda: best_split(WIDTHS, MEMBERS, table(), 10), "no width of .* has an ensemble that spends a budget of 10"),
        (lambda: from_small(MEMBERS, table(), 1), "need two sizes of at most 1"),
        (lambda: split_exponent(np.array([1.0, 1.0]), [Split(1, 1, 0.0)] * 2), "need one each, two different"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
