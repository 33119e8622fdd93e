"""Peaks and what becomes of them, against curves whose answers are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib.measure.double_descent import (
    by_set,
    curves,
    cusp,
    descent,
    divergence,
    divergence_law,
    furthest_peak,
    mean_second_fall,
    rise,
    second_descent,
    second_fall,
    share_left,
    sharpened,
    threshold,
)

N = np.array([50, 100, 200, 400, 800, 1600, 3200, 6400])
ZERO = pd.DataFrame([[0, 0, 0, 0.4, 1, 1, 1, 1.0]] * 4, columns=N)  # N* between 400 and 800
STAR = np.sqrt(400 * 800)


def sets(values, error=0.02, number=4, seed=0):
    """Training sets around a curve; their geometric mean is the curve."""
    noise = np.random.default_rng(seed).normal(0, error, (number, len(values)))
    values = np.asarray(values, dtype=float)
    return pd.DataFrame(values * np.exp(noise - noise.mean(0)), columns=N[: len(values)])


def test_curves_are_geometric_means_with_students_intervals():
    rows = [
        {"task_seed": s, "N": n, "h": n, "members": 4, "satisfied": 2 * s, "train_error": 0.1 * s, "norm": n * 10.0**s}
        for s in (0, 2)
        for n in (5, 10)
    ]
    table = curves(pd.DataFrame(rows), ["norm"])
    assert table.norm.tolist() == pytest.approx([50, 100]) and table.zero.tolist() == [0.5, 0.5]
    half = 12.706 * np.std([0, 2 * np.log(10)], ddof=1) / np.sqrt(2)
    assert np.log(table.norm_high / table.norm_low).tolist() == pytest.approx([2 * half] * 2, rel=1e-3)
    with pytest.raises(ValueError, match="not every training set has norm at every N; finish the sweep"):
        by_set(pd.DataFrame(rows[:3]), "norm")


def test_N_star_is_known_to_a_bracket():
    value, interval = threshold(ZERO)
    assert value == pytest.approx(STAR) and interval == (400, 800)
    mixed = pd.DataFrame([[0, 0, 1, 1, 1.0], [0, 0, 0, 1, 1]], columns=N[:5])
    assert threshold(mixed) == (pytest.approx(np.sqrt(100 * 200)), (100, 400)), "half is enough; sets differ"
    with pytest.raises(ValueError, match="N\\* is not bracketed in every replicate"):
        threshold(ZERO.iloc[:, 4:])


def test_a_cusp_names_the_peak_that_is_furthest():
    at = [sets(np.where(np.arange(8) == i, 3.0, 1.0), 1e-3) for i in (4, 5, 3)]
    assert cusp(at[:1], ZERO).value == pytest.approx(800 / STAR)
    assert cusp(at, ZERO).value == pytest.approx(1600 / STAR)
    low, high = cusp(at[:1], ZERO).interval
    assert low == pytest.approx(1, abs=0.03) and high == pytest.approx(2, abs=0.06), "N* may be anywhere in its bracket"


def test_a_curve_without_a_peak_is_largest_at_its_end():
    falling = sets(np.geomspace(8, 1, 8))
    assert cusp([falling], ZERO).value == pytest.approx(50 / STAR)
    small = np.geomspace(8, 1, 8)
    small[4] = 1.04 * small[3]  # stands 4% above its left side
    assert cusp([sets(small, 1e-3)], ZERO).value == pytest.approx(50 / STAR)


@pytest.mark.parametrize("a", [-0.5, -1.0])
def test_a_divergence_gives_the_exponent_that_was_put_in(a):
    fine = np.unique(np.geomspace(400, 9000, 24).astype(int))
    zero = pd.DataFrame([(fine > 500) * 1.0] * 6, columns=fine)
    star = threshold(zero).value
    noise = np.random.default_rng(0).normal(0, 1e-3, (6, len(fine)))
    norm = pd.DataFrame((2 + 300 * np.abs(fine - star) ** a) * np.exp(noise), columns=fine)
    law = divergence_law(norm, zero)
    assert law.exponent.value == pytest.approx(a, abs=0.03) and law.misfit < 5
    exponent, (low, high) = divergence(norm, zero)
    assert low < a < high and exponent == law.exponent.value


def test_a_wider_bracket_makes_an_exponent_less_sure():
    fine = np.unique(np.geomspace(100, 9000, 30).astype(int))
    norm = pd.DataFrame([2 + 300 / np.maximum(fine - 480.0, 20)] * 6, columns=fine)
    norm *= np.exp(np.random.default_rng(0).normal(0, 1e-3, norm.shape))
    zero = pd.DataFrame([(fine > 500) * 1.0] * 6, columns=fine)
    coarse = [n for n in fine if not 300 < n < 500]
    wide, narrow = (np.ptp(divergence(norm[c], zero[c]).interval) for c in (coarse, list(fine)))
    assert wide > 1.5 * narrow


def test_a_descent_is_measured_beyond_twice_the_peak():
    values = np.array([1.0, 2, 3, 9, 9, 9, 9, 9]) * N ** np.array([0, 0, 0, -0.2, -0.2, -0.2, -0.2, -0.2])
    values[2] = 100  # the peak
    slope = descent(sets(values))
    assert slope.value == pytest.approx(-0.2) and slope.interval[0] < -0.2 < slope.interval[1]


def test_a_second_descent_is_deep_on_its_less_deep_side():
    terms, row = [1, 2, 3, 4, 8], np.array([5.0, 0.1, 0.2, 1e4, 1.0])
    assert second_descent(pd.DataFrame([row] * 3, columns=terms), 4).value == pytest.approx(4), "the end is higher"
    row[-1] = 0.01
    depth = second_descent(pd.DataFrame([row, row * 10, row * 0.1], columns=terms), 4)
    assert depth.value == pytest.approx(5) and depth.interval == (pytest.approx(5), pytest.approx(5))


def test_of_two_peaks_the_one_furthest_from_the_number_of_points():
    sizes, rows = [5, 10, 20, 80], np.eye(4)
    there, before, beyond = (pd.DataFrame([rows[i]] * 3, columns=sizes) for i in (1, 0, 3))
    assert furthest_peak([there, there], 10).value == 1
    assert furthest_peak([there, before], 10).value == 0.5
    assert furthest_peak([before, beyond], 10).value == 8
    moved = pd.DataFrame(rows[[1, 1, 3]], columns=sizes)
    assert furthest_peak([moved, there], 10) == (1, (1, 8)), "in some replicates the draw that peaks beyond decides"


def test_more_data_is_compared_on_the_same_training_set():
    sizes = [5, 10, 20, 40]
    fewer = pd.DataFrame(np.array([[0.1], [0.2], [0.4]]) * np.ones(4), columns=sizes)
    zero = pd.DataFrame([[0, 0.2, 0.9, 1]] * 3, columns=sizes)
    by, interval = rise(fewer, fewer + 0.05, zero)
    assert (by, *interval) == (pytest.approx(0.05),) * 3, "the sets differ, their rises do not"


def test_more_data_is_judged_at_both_ends_of_the_bracket_of_each_replicate():
    sizes = [5, 10, 20, 40]
    fewer, steps = pd.DataFrame(np.full((4, 4), 0.2), columns=sizes), np.array([9.0, 0.0, 0.02, 0.04])
    zero = pd.DataFrame([[0, 0, 0, 1]] * 2 + [[0, 0, 1, 1]] * 2, columns=sizes)
    by, (low, high) = rise(fewer, fewer + steps, zero)
    assert by == pytest.approx(0.01), "half of the sets are at zero from N = 20 on"
    assert (low, high) == (pytest.approx(0.01), pytest.approx(0.03)), "in some replicates fewer are"


def test_what_a_cure_leaves():
    raw, gone = sets([1, 1, 4, 1, 1], 1e-6), sets([1, 0.9, 0.8, 0.7, 0.6], 1e-6)
    half = sets([1, 1, 2, 1, 1], 1e-6)
    assert share_left(gone, raw).value == 0
    assert share_left(half, raw).value == pytest.approx(0.5, rel=1e-4)
    assert share_left(raw, raw).value == pytest.approx(1)
    with pytest.raises(ValueError, match="before the cure stands 0.00 above its sides; nothing to cure"):
        share_left(gone, gone)


def test_what_noise_adds_to_a_peak_in_its_own_unit_and_in_ln():
    high, low = sets([0.2, 0.2, 0.4, 0.2], 1e-6), sets([0.1, 0.1, 0.2, 0.1], 1e-6)
    assert sharpened(high, low).value == pytest.approx(0.1, rel=1e-3)
    assert sharpened(high, low, relative=True).value == pytest.approx(0, abs=1e-4), "the same ratio"


def test_noise_is_not_counted_twice_in_the_interval_of_a_share():
    """A third of the peak is left: of many measurements with errors of 3%, most intervals hold that.

    Not 95%: the estimate itself is too large, by what noise adds to a peak once.
    """
    before, held = np.array([1, 1, 2, 3, 2, 1, 1, 1.0]), []
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(0, 0.03 * 10**0.5, (2, 10, 8))
        after, raw = (
            pd.DataFrame(y * np.exp(e), columns=N) for y, e in zip((before ** (1 / 3), before), noise, strict=True)
        )
        low, high = share_left(after, raw, seed=seed).interval
        held.append(low < 1 / 3 < high)
    assert np.mean(held) > 0.7


@given(st.floats(0, 1))
def test_a_second_fall_is_the_share_that_was_put_in(share):
    assert second_fall(np.array([0.5, 0.1, 0.3, 0.3 - 0.2 * share])) == pytest.approx(share, abs=1e-9)


def test_falls_of_unequal_length_are_averaged():
    half, none = np.array([0.5, 0.1, 0.3, 0.2]), np.array([0.5, 0.1, 0.3])
    share, (low, high) = mean_second_fall([half, none, none, none])
    assert share == pytest.approx(0.125) and low == 0 and 0.125 < high < 0.5


def test_door():
    with pytest.raises(ValueError, match="never climbs"):
        second_fall(np.array([3.0, 2.0, 1.0]))
    late = pd.DataFrame([[0, 0, 0, 0, 0, 0, 0.4, 1.0]] * 4, columns=N)
    with pytest.raises(ValueError, match="1 sizes lie above an N\\* of .*, need five; add wider"):
        divergence(sets(np.ones(8)), late)
    with pytest.raises(ValueError, match="1 training set, need at least two"):
        cusp([sets(np.ones(8), number=1)], ZERO[:1])
    with pytest.raises(ValueError, match="values must be positive"):
        cusp([sets(np.zeros(8))], ZERO)
    with pytest.raises(ValueError, match="the same training sets and the same N"):
        cusp([sets(np.ones(8), number=3)], ZERO)
    with pytest.raises(ValueError, match="1 sizes lie beyond 2 times the peak"):
        descent(sets([1, 1, 1, 1, 1, 1, 2, 1]).set_axis([1, 2, 4, 8, 16, 32, 64, 128], axis=1))
    with pytest.raises(ValueError, match="no peak stands 0.05 above its sides"):
        descent(sets(np.geomspace(2, 1, 8)))
    table = pd.DataFrame(np.ones((2, 3)), columns=[5, 10, 20])
    for P in (3, 5, 20):
        with pytest.raises(ValueError, match=f"P = {P} is not among the N \\[5, 10, 20\\], or is the first or last"):
            second_descent(table, P)
    with pytest.raises(ValueError, match="the columns are \\[20, 10, 5\\]; need at least three rising N"):
        furthest_peak([table[[20, 10, 5]]], 10)
    with pytest.raises(ValueError, match="the same training sets and the same N"):
        furthest_peak([table, table[:1]], 10)
    with pytest.raises(ValueError, match="the same training sets and the same N"):
        rise(table, table[:1], table)
    with pytest.raises(ValueError, match="not bracketed in every replicate"):
        rise(table, table, table)
