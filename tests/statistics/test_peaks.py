"""Peaks of curves with intervals: how prominent they are, against scipy, and how sure one can be."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import find_peaks, peak_prominences

from landscape_lib.statistics import Curve, estimate, prominence

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
    estimated = estimate(lambda drawn: np.log(drawn[:, 3]), curve(np.full(8, 0.2), error=0.1), resamples=20_000)
    assert estimated.value == pytest.approx(np.log(0.2))
    assert estimated.interval == (
        pytest.approx(np.log(0.2) - 0.196, abs=0.006),
        pytest.approx(np.log(0.2) + 0.196, abs=0.006),
    )


def test_curves_vary_independently():
    first, second = curve(np.ones(8), 0.1), curve(np.ones(8), 0.1)
    estimated = estimate(lambda a, b: np.log(a[:, 0] / b[:, 0]), first, second, resamples=20_000)
    assert estimated.interval[1] == pytest.approx(0.196 * 2**0.5, rel=0.05)


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
