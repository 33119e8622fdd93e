"""Peaks and what becomes of them, against curves whose answers are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib.measure.double_descent import cusp, descent, divergence, second_fall, share_left, sharpened
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
    found, misfit = divergence(norm, np.full(300, 60.0))
    assert misfit < 0.1 and found.interval[0] < a < found.interval[1] and found.value == pytest.approx(a, abs=0.02)


def test_an_uncertain_N_star_makes_an_uncertain_exponent():
    values = 2 + 300 / (N[1:] - 60)
    norm = Curve(N[1:], values, values * 0.999, values * 1.001)
    stars = np.append(60.0, np.random.default_rng(0).uniform(40, 80, 300))
    unsure, sure = (np.ptp(divergence(norm, N_star)[0].interval) for N_star in (stars, np.full(301, 60.0)))
    assert unsure > 3 * sure


def test_a_descent_is_measured_beyond_twice_the_peak():
    values = np.array([1.0, 2, 3, 9, 9, 9, 9, 9]) * N ** np.array([0, 0, 0, -0.2, -0.2, -0.2, -0.2, -0.2])
    values[2] = 100  # the peak
    found = descent(curve(values))
    assert found.value == pytest.approx(-0.2) and found.interval[0] < -0.2 < found.interval[1]


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


def test_door():
    with pytest.raises(ValueError, match="never climbs"):
        second_fall(np.array([3.0, 2.0, 1.0]))
    with pytest.raises(ValueError, match="fewer than four sizes lie above an N\\* of 900"):
        divergence(curve(np.ones(8)), np.full(10, 900.0))
    with pytest.raises(ValueError, match="N\\* is not seen in every replicate"):
        cusp([curve(np.ones(8))], np.array([60.0, np.nan]))
    with pytest.raises(ValueError, match="1 sizes lie beyond 2 times the peak"):
        descent(curve([1, 1, 1, 1, 1, 1, 2, 1]))
