"""Peaks and what becomes of them, against curves whose answers are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import find_peaks, peak_prominences

from landscape_lib.measure.double_descent import (
    Curve,
    cusp,
    descent,
    divergence,
    estimate,
    prominence,
    second_fall,
    share_left,
    sharpened,
)

N = np.geomspace(50, 6400, 8)


def curve(values, error=0.02):
    values = np.asarray(values, dtype=float)
    return Curve(N[: len(values)], values, values * np.exp(-1.96 * error), values * np.exp(1.96 * error))


positive = st.lists(st.floats(0.01, 100), min_size=3, max_size=9)


@given(positive)
def test_prominence_is_scipys_of_the_most_prominent_point(values):
    """Scipy's runs to the next higher point on each side, or to the end; the largest of all is the same number."""
    y = np.log(values)
    peaks, _ = find_peaks(y)
    scipys = peak_prominences(y, peaks)[0]
    assert prominence(np.array(values)) == pytest.approx(scipys.max(initial=0), abs=1e-12)


@given(positive, st.floats(0.1, 10))
def test_prominence_does_not_depend_on_scale_or_direction(values, scale):
    y = np.array(values)
    assert prominence(y * scale) == pytest.approx(prominence(y), abs=1e-9)
    assert prominence(y[::-1]) == pytest.approx(prominence(y), abs=1e-12)
    assert prominence(np.sort(y)) == 0


def test_prominence_takes_many_curves_at_once():
    many = np.array([[1.0, 2, 1], [3, 2, 1]])
    assert prominence(many).tolist() == [pytest.approx(np.log(2)), 0]


def test_the_interval_of_an_estimate_is_that_of_its_values():
    """The ln of a single value, whose replicates are Gaussian with the error that was put in."""
    found = estimate(lambda drawn: np.log(drawn[:, 3]), curve(np.full(8, 0.2), error=0.1), resamples=20_000)
    assert found.value == pytest.approx(np.log(0.2))
    assert found.interval == (
        pytest.approx(np.log(0.2) - 0.196, abs=0.006),
        pytest.approx(np.log(0.2) + 0.196, abs=0.006),
    )


def test_curves_vary_independently():
    one, other = curve(np.ones(8), 0.1), curve(np.ones(8), 0.1)
    found = estimate(lambda a, b: np.log(a[:, 0] / b[:, 0]), one, other, resamples=20_000)
    assert found.interval[1] == pytest.approx(0.196 * 2**0.5, rel=0.05)


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


@pytest.mark.parametrize(
    "change, says",
    [
        ({"y_low": [0.0, 1, 1]}, "must be positive"),
        ({"y": [np.nan, 1, 1]}, "must be positive, finite, and inside its interval"),
        ({"y": [9.0, 1, 1]}, "inside its interval"),
        ({"N": [1, 1, 2]}, "3 rows of 2 sizes N, need at least three, one a size"),
    ],
)
def test_a_curve_refuses(change, says):
    rows = pd.DataFrame(
        {"N": [1, 2, 3], "y": [1.0, 1, 1], "y_low": [0.9, 0.9, 0.9], "y_high": [1.1, 1.1, 1.1], **change}
    )
    with pytest.raises(ValueError, match=says):
        Curve.of(rows, "y")


def test_a_curve_is_sorted_by_size():
    rows = pd.DataFrame({"N": [30, 10, 20], "y": [3.0, 1, 2], "y_low": [2.9, 0.9, 1.9], "y_high": [3.1, 1.1, 2.1]})
    assert Curve.of(rows, "y").value.tolist() == [1, 2, 3]
