"""The exponents of gaps near zero: counting by hand, samples of known laws, and an unbinned fit as oracle."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar

from landscape_lib.measure.gap_exponents import EDGES, density, exponent, gamma, gap_counts, theta, window

seeds = st.integers(0, 9999)


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def histogram(values):
    return np.histogram(values, EDGES)[0]


@given(seed=seeds, scale=st.integers(-20, 20))
def test_counts_are_those_of_numpy_in_units_of_each_networks_mean_overlap(seed, scale):
    delta = gaussian(3, 40, seed=seed)
    overlaps, negative = gap_counts(delta)
    for row, counted, below in zip(delta.numpy(), overlaps, negative, strict=True):
        unit = row[row > 0].mean()
        assert np.array_equal(counted, histogram(row / unit)) and np.array_equal(below, histogram(-row / unit))
    again = gap_counts(delta * 2.0**scale)  # exact in binary, so nothing changes bins
    assert np.array_equal(again[0], overlaps) and np.array_equal(again[1], negative)


def test_counted_by_hand():
    """Overlaps 0.1 and 0.3, whose mean is 0.2; so gaps are 0.5, 1.5, −0.05 and −20 of it, the last beyond the bins."""
    overlaps, negative = gap_counts(torch.tensor([[0.1, 0.3, -0.01, -4.0, 0.0]], dtype=torch.float64))
    assert [EDGES[i] <= x < EDGES[i + 1] for i, x in zip(overlaps[0].nonzero()[0], (0.5, 1.5), strict=True)] == [
        True
    ] * 2
    (only,) = negative[0].nonzero()[0]
    assert EDGES[only] <= 0.05 < EDGES[only + 1] and negative.sum() == 1


def test_a_network_without_overlaps_has_no_scale_and_counts_nothing():
    overlaps, negative = gap_counts(-gaussian(2, 20).abs())
    assert overlaps.sum() == negative.sum() == 0


@given(seed=seeds)
def test_a_density_integrates_to_one_and_pools_the_networks(seed):
    counts, _ = gap_counts(gaussian(4, 50, seed=seed))
    assert (density(counts) * np.diff(EDGES)).sum() == pytest.approx(1, abs=1e-12)
    assert np.array_equal(density(counts), density(counts.sum(0)))


@pytest.mark.parametrize("a", [-0.8, -0.2, 0.0, 0.3, 1.5])
def test_the_exponent_of_samples_of_a_power_law(a):
    """1,000 draws of 2,000 values, by inversion: unbiased within 4 standard errors, of the spread that theory gives."""
    rng, (low, high) = np.random.default_rng(0), (EDGES[16], EDGES[28])
    u, k = rng.random((1000, 2000)), a + 1
    x = (low**k + u * (high**k - low**k)) ** (1 / k)
    fitted = np.array([exponent(histogram(row), low, high) for row in x])
    fisher = np.log(x).var()  # the information of one value on a is the variance of ln x
    expected = 1 / math.sqrt(2000 * fisher)
    assert abs(fitted.mean() - a) < 4 * expected / math.sqrt(1000)
    assert fitted.std() == pytest.approx(expected, rel=0.15)  # 1,000 draws give it to 2%; bins lose a little more


@given(seed=seeds, a=st.floats(-0.5, 2))
def test_bins_lose_little_against_the_fit_of_every_value(seed, a):
    """The oracle maximises Σ ln p(x) of scipy's own truncated power law."""
    low, high = EDGES[16], EDGES[28]
    ratio, b = high / low, a + 1
    # y = x/high has p(y) = b y^(b−1) on (0, 1), cut at low/high
    u = np.random.default_rng(seed).random(3000)
    x = high * (ratio**-b + u * (1 - ratio**-b)) ** (1 / b)

    def cost(a):
        law = stats.powerlaw(a + 1)
        return -(law.logpdf(x / high) - np.log(law.sf(low / high))).sum()

    unbinned = minimize_scalar(cost, bounds=(-0.95, 5), method="bounded").x
    # The error of either is 0.03 and more; that of one against the other, over 2,500 draws, at most 0.044, at a large.
    assert exponent(histogram(x), low, high) == pytest.approx(unbinned, abs=0.07)


def test_a_gaussian_is_flat_at_zero():
    overlaps, negative = gap_counts(gaussian(50, 4000))
    assert exponent(overlaps, 0.01, 0.3) == pytest.approx(0, abs=0.05)
    assert exponent(negative, 0.01, 0.3) == pytest.approx(0, abs=0.05)


def test_theta_and_gamma_are_the_exponent_and_minus_it_and_resample_networks():
    overlaps, negative = gap_counts(gaussian(6, 4000))
    for estimate, value in (
        (theta(overlaps), exponent(overlaps, 0.01, 0.3)),
        (gamma(negative, 0.03, 1.0), -exponent(negative, 0.03, 1.0)),
    ):
        low, high = estimate.interval
        assert estimate.value == value and low < value < high
    alike = theta(np.repeat(overlaps[:1], 6, axis=0))  # no network differs, so there is no error
    assert alike.interval == pytest.approx((alike.value, alike.value), abs=1e-9)


def test_a_window_is_of_whole_bins():
    assert EDGES[window(0.01, 0.3)].tolist() == EDGES[(EDGES >= 0.0099) & (EDGES < 0.31)].tolist()


def test_the_exponent_does_not_see_what_lies_outside_the_window_nor_how_many_there_are():
    counts = histogram(np.random.default_rng(0).random(10_000))
    outside = counts + 1000 * (EDGES[1:] <= 0.01)
    assert exponent(outside, 0.01, 1.0) == exponent(counts, 0.01, 1.0)
    assert exponent(7 * counts, 0.01, 1.0) == pytest.approx(exponent(counts, 0.01, 1.0), abs=1e-6)


@pytest.mark.parametrize(
    "call, says",
    [
        (
            lambda: gap_counts(torch.zeros(3)),
            r"got shape \(3,\), need \(nets, points\); for one network pass gaps\[None\]",
        ),
        (lambda: gap_counts(torch.tensor([[0.0], [math.nan]])), r"NaN or infinite in networks \[1\]; end those"),
        (lambda: gap_counts(torch.tensor([[math.inf]])), r"NaN or infinite in networks \[0\]"),
        (lambda: exponent(np.ones(40), 0.3, 0.01), "window from 0.3 to 0.01, need 0 < low < high"),
        (lambda: exponent(np.ones(40), math.nan, 1), "window from nan to 1"),
        (lambda: exponent(np.ones(39), 0.01, 1.0), r"got shape \(39,\), need \(40,\) or \(nets, 40\)"),
        (lambda: exponent(np.zeros(40), 0.01, 1.0), "0 gaps in 0 bins between 0.01 and 1; need some in at least two"),
        (lambda: exponent(np.eye(40)[20], 0.01, 1.0), "1 gaps in 1 bins"),
        (lambda: exponent(-np.ones(40), 0.01, 1.0), "some are negative, NaN or infinite"),
        (lambda: exponent(np.full(40, math.nan), 0.01, 1.0), "some are negative, NaN or infinite"),
        (
            lambda: exponent(10.0 ** (6.0 * np.arange(40)), 0.01, 1.0),
            "beyond ±20 between 0.01 and 1.0; this is no power law",
        ),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
