"""Intervals against theory, and what they refuse."""

import math

import numpy as np
import pytest
import scipy.stats

from landscape_lib.statistics import bootstrap, interval, jackknife, order_interval


def test_bootstrap_agrees_with_theory_for_the_mean():
    samples = np.random.default_rng(0).normal(3.0, 2.0, size=400)
    value, (low, high) = bootstrap(samples)
    assert value == pytest.approx(samples.mean(), rel=1e-12)
    # ±1.96 σ/√n; 2000 resamples leave the width uncertain by some 2%, so 10% is five of those.
    assert high - low == pytest.approx(2 * 1.96 * samples.std() / 20, rel=0.1)
    assert bootstrap(samples) == bootstrap(samples), "same seed, same interval"


def test_bootstrap_draws_whole_seeds_and_takes_any_statistic():
    rows = np.array([[1.0, 2.0], [3.0, 6.0], [5.0, 10.0]])  # second = twice first, in each seed
    value, (low, high) = bootstrap(rows, lambda r: r[:, 1].sum() / r[:, 0].sum())
    assert (value, low, high) == pytest.approx((2, 2, 2), rel=1e-12), "a ratio that all seeds share has no spread"
    assert bootstrap([0.25] * 10) == (0.25, (0.25, 0.25))


@pytest.mark.parametrize(
    "samples, says",
    [([1.0], "at least two seeds"), ([1.0, math.nan], "NaN or infinity"), (np.array(3.0), "at least two seeds")],
)
def test_bootstrap_door(samples, says):
    with pytest.raises(ValueError, match=says):
        bootstrap(samples)


def test_jackknife_of_the_mean_is_students_interval():
    samples = np.random.default_rng(0).standard_normal(5)
    value, interval = jackknife(samples)
    exact = scipy.stats.t.interval(0.95, 4, samples.mean(), scipy.stats.sem(samples))
    assert (value, *interval) == pytest.approx((samples.mean(), *exact))
    assert jackknife(samples, level=0.5)[1] == pytest.approx(
        scipy.stats.t.interval(0.5, 4, samples.mean(), scipy.stats.sem(samples))
    )


def test_jackknife_of_a_ratio_holds_the_truth_nineteen_times_in_twenty():
    """Five seeds, a quotient of means whose truth is 2: 400 draws, of which 380 ± 4.4 should hold it."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        rows = np.array([1.0, 2.0]) + 0.1 * rng.standard_normal((5, 2))
        _, (low, high) = jackknife(rows, lambda r: r[:, 1].mean() / r[:, 0].mean())
        held += low <= 2 <= high
    assert 366 <= held <= 394  # three standard errors, and one for the curvature


@pytest.mark.parametrize("samples, says", [([1.0], "at least two"), ([1.0, np.nan], "NaN or infinity")])
def test_jackknife_door(samples, says):
    with pytest.raises(ValueError, match=f"jackknife: .*{says}"):
        jackknife(samples)


def test_a_centred_interval_has_the_measured_value_in_its_middle():
    drawn = np.random.default_rng(0).normal(7.0, 1.0, 100_000)
    low, high = interval(drawn, value=2.0, centred=True)
    assert (low, high) == (pytest.approx(2 - 1.96, abs=0.02), pytest.approx(2 + 1.96, abs=0.02))
    assert interval(drawn, value=20.0) == (pytest.approx(7 - 1.96, abs=0.02), 20.0)
    with pytest.raises(ValueError, match="centred needs the measured value"):
        interval(drawn, centred=True)


def test_an_undefined_replicate_counts_on_both_sides():
    drawn = np.arange(1000.0)
    assert order_interval(drawn) == (24.0, 975.0)
    drawn[:30] = np.nan
    assert order_interval(drawn, low=-5.0) == (-5.0, math.inf)
