"""Power laws against scipy's fitter, exact laws, and draws whose exponent is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from landscape_lib.statistics import power_law

X = np.array([1.0, 2, 3, 5, 8, 13, 20, 40, 80])


@given(a=st.floats(-2.5, -0.2), b=st.floats(0.1, 10), c=st.floats(-1, 1))
def test_an_exact_law_is_found(a, b, c):
    law = power_law(X, c + b * X**a, np.full(len(X), 1e-3))
    assert (law.exponent.value, law.scale, law.offset) == pytest.approx((a, b, c), rel=1e-4, abs=1e-4)
    assert law.at(X) == pytest.approx(c + b * X**a, abs=1e-6) and law.misfit < 1e-6
    assert law.exponent.interval[0] < a < law.exponent.interval[1]


@given(seed=st.integers(0, 200))
def test_it_is_the_least_squares_of_scipy(seed):
    drawn = np.random.default_rng(seed)
    errors = drawn.uniform(0.005, 0.02, len(X))
    y = 0.2 + 0.6 / X + errors * drawn.standard_normal(len(X))
    law = power_law(X, y, errors)
    fitted, _ = curve_fit(lambda x, a, b, c: c + b * x**a, X, y, p0=(-1, 0.6, 0.2), sigma=errors, maxfev=20_000)
    chi = (((y - law.at(X)) / errors) ** 2).sum()
    assert chi <= (((y - fitted[2] - fitted[1] * X ** fitted[0]) / errors) ** 2).sum() * (1 + 1e-9)
    assert law.exponent.value == pytest.approx(fitted[0], rel=1e-3)


@pytest.mark.parametrize("a, offset, falling", [(-0.5, True, True), (-1.0, False, True), (0.5, False, False)])
def test_intervals_hold_the_truth_in_nineteen_cases_of_twenty(a, offset, falling):
    """Within four standard errors of the count. Widening by the misfit makes them a little wider than that."""
    held, drawn = 0, np.random.default_rng(1)
    for _ in range(300):
        y = 0.3 * offset + 0.5 * X**a + 0.02 * drawn.standard_normal(len(X))
        low, high = power_law(X, y, np.full(len(X), 0.02), offset=offset, falling=falling).exponent.interval
        held += low <= a <= high
    assert 0.95 - 4 * math.sqrt(0.95 * 0.05 / 300) < held / 300


def test_no_law_has_no_sure_exponent():
    y = 1 + 0.01 * np.random.default_rng(0).standard_normal(len(X))
    low, high = power_law(X, y, np.full(len(X), 0.01)).exponent.interval
    assert low == -math.inf or high == 0


def test_what_is_no_power_law_says_so():
    wave = power_law(X, np.sin(X), np.full(len(X), 0.01))
    assert wave.misfit > 100


@given(unit=st.floats(1e-3, 1e3))
def test_units_do_not_matter(unit):
    y = 0.2 + 0.6 / X + 0.01 * np.cos(np.arange(len(X)))
    law, scaled = power_law(X, y, np.full(len(X), 0.01)), power_law(unit * X, y, np.full(len(X), 0.01))
    assert law.exponent.value == pytest.approx(scaled.exponent.value, rel=1e-5)
    assert law.exponent.interval == pytest.approx(scaled.exponent.interval, rel=1e-5)
    assert scaled.at(unit * X) == pytest.approx(law.at(X))


@pytest.mark.parametrize(
    "x, y, errors, says",
    [
        (X, X[:3], X, r"shapes \(9,\), \(3,\)"),
        (X[:0], X[:0], X[:0], "0 different x, need at least 4"),
        (X[:3], X[:3], X[:3], "3 different x, need at least 4 to fit 3 numbers"),
        (-X, X, X, "must be positive"),
        (X, X, 0 * X, "must be positive"),
        (X, X * math.nan, X, "all numbers finite"),
    ],
)
def test_door(as_user, x, y, errors, says):
    with pytest.raises(ValueError, match=says):
        power_law(x, y, errors)
