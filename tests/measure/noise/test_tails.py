"""Tail indices, against samples of stable laws, and what fools them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import levy_stable

from landscape_lib.measure.noise import excess_kurtosis, tail_index


@pytest.mark.parametrize("alpha", [0.8, 1.2, 1.6, 2.0])
def test_the_index_of_a_stable_law_is_its_own_within_the_error_it_tells(alpha):
    n, m = 10_000, 100
    found = tail_index(levy_stable.rvs(alpha, 0, size=(40, n), random_state=0))
    error = alpha**2 * np.sqrt(m * np.pi**2 * (1 / alpha**2 + 0.5) / (6 * n)) / np.log(m)
    assert found.mean() == pytest.approx(alpha, abs=4 * error / np.sqrt(40) + 0.02)
    assert found.std() == pytest.approx(error, rel=0.5)


def test_what_fools_it_is_told():
    rng = np.random.default_rng(0)
    widths = np.exp(rng.normal(0, 1.5, 10_000))
    assert tail_index(rng.standard_normal((40, 10_000)) * widths).mean() < 1.9, "Gaussians of many widths"
    assert tail_index(rng.standard_t(3, (40, 10_000))).mean() < 1.95, "finite variance, and no stable law"


@given(st.floats(1e-100, 1e100), st.integers(0, 100))
def test_units_do_not_matter(unit, seed):
    x = np.random.default_rng(seed).standard_normal((3, 36))
    assert tail_index(unit * x) == pytest.approx(tail_index(x), rel=1e-9)
    assert tail_index(unit * x.T, axis=0) == pytest.approx(tail_index(x), rel=1e-9)
    assert excess_kurtosis(x + 1, axis=1) == pytest.approx(excess_kurtosis(x, axis=1), rel=1e-6)


def test_kurtosis_of_laws_that_are_known():
    rng = np.random.default_rng(0)
    for draws, wanted in (
        (rng.standard_normal(10**6), 0),
        (rng.uniform(size=10**6), -1.2),
        (rng.laplace(size=10**6), 3),
    ):
        assert excess_kurtosis(draws) == pytest.approx(wanted, abs=0.2)


def test_door(as_user):
    with pytest.raises(ValueError, match="97 samples, need a number with a divisor between 2 and its root"):
        tail_index(np.ones(97))
    with pytest.raises(ValueError, match="NaN or infinite"):
        tail_index([1.0, np.nan, 1.0, 1.0])
    with pytest.raises(ValueError, match="2 of 4 samples are zero"):
        tail_index([0.0, 0.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="have no logarithm"):
        tail_index([1.0, -1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="3 samples, need four"):
        excess_kurtosis([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="all alike"):
        excess_kurtosis(np.ones((2, 9)))
    with pytest.raises(ValueError, match="NaN"):
        excess_kurtosis([1.0, 2.0, 3.0, np.inf])
