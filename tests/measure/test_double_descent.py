"""Peaks and what becomes of them, against curves whose answers are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib.measure.double_descent import (
    cures,
    cusp,
    descent,
    divergence,
    divergent_law,
    furthest_peak,
    mean_second_fall,
    rise,
    second_descent,
    second_fall,
    separation,
    share_left,
    sharpened,
)
from landscape_lib.statistics import Curve

N = np.geomspace(50, 6400, 8)


def curve(values, error=0.02):
    values = np.asarray(values, dtype=float)
    return Curve(N[: len(values)], values, values * np.exp(-1.96 * error), values * np.exp(1.96 * error))


def test_a_cusp_names_the_peak_that_is_furthest():
    at = [curve(np.where(np.arange(8) == i, 3.0, 1.0)) for i in (3, 4, 2)]
    stars = np.full(101, N[3])
    assert cusp(at, stars).value == pytest.approx(N[4] / N[3])  # a factor 2 up, and one of 2 down
    assert cusp(at[:1], stars).value == pytest.approx(1)
    wide = cusp(at[:1], np.append(N[3], N[3] * np.exp(np.random.default_rng(0).normal(0, 0.2, 4000))))
    assert wide.interval == (pytest.approx(np.exp(-0.392), rel=0.03), pytest.approx(np.exp(0.392), rel=0.03))


@pytest.mark.parametrize("a", [-0.5, -1.0])
def test_a_divergence_gives_the_exponent_that_was_put_in(a):
    values = 2 + 300 * (N[1:] - 60) ** a
    norm = Curve(N[1:], values, values * 0.999, values * 1.001)
    exponent, law = divergence(norm, np.full(300, 60.0)), divergent_law(norm, 60.0)
    low, high = exponent.interval
    assert law.misfit < 0.1 and law.exponent.value == exponent.value
    assert low < a < high and exponent.value == pytest.approx(a, abs=0.02)


def test_an_uncertain_N_star_makes_an_uncertain_exponent():
    values = 2 + 300 / (N[1:] - 60)
    norm = Curve(N[1:], values, values * 0.999, values * 1.001)
    stars = np.append(60.0, np.random.default_rng(0).uniform(40, 80, 300))
    unsure, sure = (np.ptp(divergence(norm, N_star).interval) for N_star in (stars, np.full(301, 60.0)))
    assert unsure > 3 * sure


def test_a_descent_is_measured_beyond_twice_the_peak():
    values = np.array([1.0, 2, 3, 9, 9, 9, 9, 9]) * N ** np.array([0, 0, 0, -0.2, -0.2, -0.2, -0.2, -0.2])
    values[2] = 100  # the peak
    slope = descent(curve(values))
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


def test_N_star_is_where_half_of_the_networks_are_right():
    table = pd.DataFrame({"N": [50, 100, 200, 400], "members": 20, "separated": [0, 4, 16, 20]})
    fit = separation(table, resamples=100)
    assert fit.N_star == pytest.approx(np.sqrt(100 * 200), rel=0.05)
    assert fit.interval[0] < fit.N_star < fit.interval[1] and fit.replicates.shape == (100,)
    assert separation(table, resamples=100, seed=1).interval != fit.interval


def test_more_data_is_compared_on_the_same_training_set():
    sets = np.array([0.1, 0.2, 0.4])
    by, interval = rise(pd.DataFrame({125: sets, 250: sets + 0.05}))
    assert (by, *interval) == (pytest.approx(0.05),) * 3, "the sets differ, their rises do not"


def test_the_cures_come_with_what_they_cure():
    names = ("error", "error_stopped", "together", "nll", "nll_calibrated")
    table = pd.DataFrame({"N": [30, 10, 20]})
    for i, name in enumerate(names, 1):
        table = table.assign(**{name: float(i), f"{name}_low": 0.5, f"{name}_high": 9.0})
    values = {cure: (after.value[0], before.value[0]) for cure, (after, before) in cures(table).items()}
    assert values == {"early stopping": (2, 1), "ensemble": (3, 1), "calibration": (5, 4)}


def test_what_a_cure_leaves():
    raw, gone = curve([1, 1, 4, 1, 1], 1e-6), curve([1, 0.9, 0.8, 0.7, 0.6], 1e-6)
    half = curve([1, 1, 2, 1, 1], 1e-6)
    assert share_left((gone, raw)).value == 0
    assert share_left((half, raw)).value == pytest.approx(0.5)
    assert share_left((raw, raw)).value == pytest.approx(1)
    assert share_left((gone, raw), (half, raw)).value == pytest.approx(0.5), "of two cures the one that leaves more"
    assert sharpened(raw, half).value == pytest.approx(np.log(2))
    with pytest.raises(ValueError, match="is there a peak to speak of"):
        share_left((gone, gone))


def test_noise_is_not_counted_twice_in_the_interval_of_a_share():
    """A third of the peak is left: of many measurements with errors of 3%, most intervals hold that.

    Not 95%: the estimate itself is too large, by what noise adds to a peak once.
    """
    generator, before, held = np.random.default_rng(0), np.array([1, 1, 2, 3, 2, 1, 1, 1.0]), []
    left = np.exp(np.log(before) / 3)
    for seed in range(60):
        after, raw = (curve(y * np.exp(generator.normal(0, 0.03, 8)), 0.03) for y in (left, before))
        low, high = share_left((after, raw), seed=2 * seed).interval
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
    with pytest.raises(ValueError, match="fewer than four sizes lie above an N\\* of 900"):
        divergence(curve(np.ones(8)), np.full(10, 900.0))
    with pytest.raises(ValueError, match="N\\* is not seen in every replicate"):
        cusp([curve(np.ones(8))], np.array([60.0, np.nan]))
    with pytest.raises(ValueError, match="1 sizes lie beyond 2 times the peak"):
        descent(curve([1, 1, 1, 1, 1, 1, 2, 1]))
    table = pd.DataFrame(np.ones((2, 3)), columns=[5, 10, 20])
    for P in (3, 5, 20):
        with pytest.raises(ValueError, match=f"P = {P} is not among the N \\[5, 10, 20\\], or is the first or last"):
            second_descent(table, P)
    with pytest.raises(ValueError, match="the columns are \\[20, 10, 5\\]; need at least three rising N"):
        furthest_peak([table[[20, 10, 5]]], 10)
    with pytest.raises(ValueError, match="the same draws and the same N"):
        furthest_peak([table, table[:1]], 10)
    with pytest.raises(ValueError, match="the columns are \\[20, 10\\]; need two rising P"):
        rise(table[[20, 10]])
