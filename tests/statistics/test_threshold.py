"""The threshold fit against a numerical maximiser, and its interval against known truths."""

import math

import numpy as np
import pytest
import scipy.optimize
from hypothesis import assume, example, given
from hypothesis import strategies as st

from landscape_lib.statistics import counted_transition, transition

seeds = st.integers(0, 999)
SIZES = [51, 76, 105, 138, 175, 216, 310, 420]


def firth_by_maximisation(N, satisfied):
    """ln N*, width and slope where Σ ln p(outcome) + ½ ln det I is largest, p = 1/(1 + exp(−a − b (ln N − c)))."""
    c = np.log(N).mean()
    x, sign = np.log(N) - c, np.where(satisfied, 1.0, -1.0)

    def minus(beta):
        z = beta[0] + beta[1] * x
        w = np.exp(-np.logaddexp(0, z) - np.logaddexp(0, -z))  # p (1 − p)
        determinant = w.sum() * (w * x * x).sum() - (w * x).sum() ** 2
        return np.logaddexp(0, -sign * z).sum() - 0.5 * np.log(max(determinant, 1e-300))

    steep = 6.0 / max(x.std(), 1e-3)  # there may be two maxima: the higher counts
    options = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 5000}
    ends = [scipy.optimize.minimize(minus, [0.0, b], method="Nelder-Mead", options=options) for b in (0.1, steep)]
    best = min(ends, key=lambda end: end.fun)
    a, b = best.x
    return c - a / b, 2 * math.log(9) / b, b


@given(
    sizes=st.lists(st.integers(5, 500), min_size=2, max_size=5, unique=True),
    nets=st.integers(2, 8),
    seed=seeds,
)
@example(sizes=[127, 152, 10, 79], nets=6, seed=783)  # two maxima
def test_the_fit_maximises_the_likelihood_times_jeffreys_prior(sizes, nets, seed):
    N = np.repeat(sizes, nets)
    middle, rng = np.log(sizes).mean(), np.random.default_rng(seed)
    satisfied = rng.random(len(N)) < 1 / (1 + np.exp(-3 * (np.log(N) - middle)))
    assume(0 < satisfied.sum() < len(N))
    ln_N_star, width, slope = firth_by_maximisation(N, satisfied)
    # Flat and falling data are refused, and so is an N* far from the sizes.
    assume(
        slope * np.log(max(sizes) / min(sizes)) > 0.1 and np.log(min(sizes) / 9) < ln_N_star < np.log(9 * max(sizes))
    )
    fit = transition(N, satisfied, resamples=10)
    # The maximiser stops where the objective changes by rounding, 1e-15: its argument is known to the root of that.
    assert math.log(fit.N_star) == pytest.approx(ln_N_star, rel=1e-5, abs=1e-4)
    assert fit.width == pytest.approx(width, rel=1e-4)


@given(low=st.integers(1, 1000), spread=st.floats(1.05, 10), nets=st.integers(1, 10), data=st.data())
def test_two_sizes_are_fitted_in_closed_form(low, spread, nets, data):
    """As many parameters as sizes: Jeffreys' prior is Beta(½, ½) at each, and p = (k + ½)/(n + 1) goes through both."""
    high, k = low * spread, data.draw(st.integers(0, nets - 1))
    more = data.draw(st.integers(k + 1, nets))
    satisfied = np.concatenate([np.arange(nets) < k, np.arange(nets) < more])
    below, above = (math.log((wins + 0.5) / (nets + 0.5 - wins)) for wins in (k, more))
    ln_N_star = math.log(low) - below * math.log(spread) / (above - below)
    assume(math.log(low / 9) < ln_N_star < math.log(9 * high))  # farther away it is refused
    fit = transition(np.repeat([low, high], nets), satisfied, resamples=1)
    # Newton ends at steps of 1e-10; N* divides by the slope, which is at least (above − below)/2 ≥ 0.2.
    assert fit.width == pytest.approx(2 * math.log(9) * math.log(spread) / (above - below), rel=1e-7)
    assert math.log(fit.N_star) == pytest.approx(ln_N_star, rel=1e-7, abs=1e-8)


@given(low=st.integers(1, 1000), spread=st.floats(1.05, 10), nets=st.integers(2, 10))
def test_complete_separation_puts_N_star_between_the_two_sizes(low, spread, nets):
    """At their geometric mean, by symmetry; the width stays finite: of the order of the spacing, an upper bound."""
    high = low * spread
    fit = transition(np.repeat([low, high], nets), np.arange(2 * nets) >= nets, resamples=20)
    assert math.log(fit.N_star / math.sqrt(low * high)) == pytest.approx(0, abs=1e-8)
    assert low < fit.N_star < high
    assert 0 < fit.width < 1.4 * math.log(spread)  # 2 ln 9 / 2 ln(2n + 1) of it, 1.37 at two networks a size


def draw(s, N_star=150.0, nets=10, seed=0):
    N = np.repeat(SIZES, nets)
    return N, np.random.default_rng(seed).random(len(N)) < 1 / (1 + np.exp(-(np.log(N) - math.log(N_star)) / s))


@pytest.mark.parametrize("s", [0.15, 0.25, 0.5])
def test_intervals_cover_the_truth_as_often_as_they_say(s):
    """200 draws from a known curve: 95% coverage gives 190 ± 3.1, three standard deviations below are 181.

    Above there is room, since counts are discrete: 0.975 covers all 200 draws once in 160 experiments.
    """
    fits = [transition(*draw(s, seed=seed), resamples=200, seed=seed) for seed in range(200)]
    covered = sum(fit.interval[0] <= 150 <= fit.interval[1] for fit in fits)
    assert 181 <= covered <= 199
    logs = np.log([fit.N_star for fit in fits])
    assert abs(logs.mean() - math.log(150)) < 4 * logs.std() / math.sqrt(len(fits))  # no bias beyond the noise


@given(seed=seeds, factor=st.floats(0.01, 100), power=st.floats(0.3, 3))
def test_N_star_follows_its_unit_and_width_the_logarithm(seed, factor, power):
    """N → c Nᵏ takes N* to c N*ᵏ and the width to k times itself: half the spacing bounds a jump twice as well."""
    N, satisfied = draw(0.3, seed=seed)
    fit = transition(N, satisfied, resamples=50)
    moved = transition(factor * N.astype(float) ** power, satisfied, resamples=50)
    # ln N is standardised before the fit, so the two fits differ by rounding in x.
    assert moved.N_star == pytest.approx(factor * fit.N_star**power, rel=1e-9)
    assert moved.width == pytest.approx(power * fit.width, rel=1e-9)
    assert moved.interval == pytest.approx([factor * end**power for end in fit.interval], rel=1e-9)


@given(seed=seeds)
def test_the_order_of_the_networks_does_not_matter(seed):
    N, satisfied = draw(0.3, seed=seed)
    order = np.random.default_rng(seed).permutation(len(N))
    fit, reordered = transition(N, satisfied, resamples=20), transition(N[order], satisfied[order], resamples=20)
    assert (fit.N_star, fit.interval, fit.width) == (reordered.N_star, reordered.interval, reordered.width)
    assert np.array_equal(fit.replicates, reordered.replicates)


@given(seed=seeds)
def test_exchanging_success_for_failure_and_N_for_its_inverse_inverts_N_star(seed):
    N, satisfied = draw(0.3, seed=seed)
    fit, mirror = transition(N, satisfied, resamples=1), transition(1 / N, ~satisfied, resamples=1)
    assert mirror.N_star == pytest.approx(1 / fit.N_star, rel=1e-9)
    assert mirror.width == pytest.approx(fit.width, rel=1e-9)


def test_the_fitted_fraction_is_a_half_at_N_star_and_a_tenth_to_nine_tenths_over_the_width():
    fit = transition(*draw(0.3))
    N = fit.N_star * np.exp(fit.width * np.array([-0.5, 0, 0.5]))
    assert fit.satisfied(N) == pytest.approx([0.1, 0.5, 0.9], abs=1e-12)
    assert fit.interval[0] < fit.N_star < fit.interval[1]
    assert fit.width_interval[0] < fit.width < fit.width_interval[1]
    assert len(fit.replicates) == len(fit.width_replicates) == 1000


def test_a_seed_is_an_interval():
    fits = [transition(*draw(0.3), seed=seed) for seed in (0, 0, 1)]
    assert fits[0].interval == fits[1].interval != fits[2].interval
    assert fits[0].N_star == fits[2].N_star


@pytest.mark.parametrize(
    "N, satisfied, says",
    [
        ([1, 2], [True, True], "all of the 2 networks are satisfied, N\\* is not bracketed; add narrower ones"),
        ([1, 2], [False, False], "none of the 2 networks are satisfied, N\\* is not bracketed; add wider ones"),
        ([], [], "none of the 0 networks"),
        ([1.0, math.nan], [False, True], "N must be positive and finite"),
        ([0, 2], [False, True], "N must be positive and finite"),
        ([1, 2], [True, False], r"does not rise with N, \[1.0, 0.0\] at \[1, 2\]; there is no N\* to fit"),
        ([5, 5], [True, False], r"does not rise with N, \[0.5\] at \[5\]"),
        ([1, 2, 3], [True, False], r"N has shape \(3,\), satisfied \(2,\); need one of each a network"),
    ],
)
def test_door_transition(as_user, N, satisfied, says):
    with pytest.raises(ValueError, match=says):
        transition(np.array(N), np.array(satisfied, dtype=bool))


@pytest.mark.parametrize("satisfied", [[0, math.nan, 1], [0, 1, 3], [False, None, True]], ids=str)
def test_door_verdicts(as_user, satisfied):
    with pytest.raises(ValueError, match=r"satisfied is (float64|int64|object), need bool, one verdict a network"):
        transition(np.array([1.0, 2, 3]), np.array(satisfied))


@pytest.mark.parametrize("resamples", [0, 2.5, True])
def test_door_resamples(as_user, resamples):
    with pytest.raises(ValueError, match=f"resamples is {resamples}, need a whole number of at least 1"):
        transition(*draw(0.3), resamples=resamples)


def test_the_window_is_where_a_tenth_and_nine_tenths_are_satisfied():
    fit = transition(*draw(0.3))
    assert fit.satisfied(np.array(fit.window())) == pytest.approx([0.1, 0.9], abs=1e-12)


# fits at the edge


def test_one_network_at_each_of_two_sizes_is_fitted_too():
    """p = ¼ and ¾: the width is 2 ln 9 / 2 ln 3 = 2 of the distance."""
    fit = transition(np.array([1, 4]), np.array([False, True]), resamples=1)
    assert (fit.N_star, fit.width) == pytest.approx((2, 2 * math.log(4)), rel=1e-7)


@pytest.mark.parametrize("successes", [(0, 1, 0), (1, 2, 1), (3, 4, 3)])
def test_a_fraction_that_rises_and_falls_alike_has_no_N_star(successes):
    satisfied = np.concatenate([np.arange(4) < k for k in successes])
    with pytest.raises(ValueError, match="does not rise"):
        transition(np.repeat([50, 100, 200], 4), satisfied)


@pytest.mark.parametrize("successes, remedy", [((0, 1, 1, 0), "wider"), ((4, 3, 3, 4), "narrower")])
def test_an_N_star_far_outside_the_sizes_is_refused(successes, remedy):
    """The sizes are all but symmetric: a slope of almost nothing would be followed to N* = 1e122."""
    satisfied = np.concatenate([np.arange(4) < k for k in successes])
    sizes = [50, 71, 100, 141] if remedy == "wider" else [50, 71, 100, 143]
    with pytest.raises(ValueError, match=f"beyond the N tried, 50 to .*: it is not bracketed; add {remedy} ones"):
        transition(np.repeat(sizes, 4), satisfied)


def test_a_fit_that_needs_a_thousand_steps_ends_where_the_likelihood_is_largest():
    sizes = np.array([4, 27, 76, 231, 322, 456, 1246, 1344])
    N, satisfied = np.repeat(sizes, 5), np.concatenate([np.arange(5) < k for k in (0, 0, 0, 2, 5, 5, 5, 5)])
    ln_N_star, width, _ = firth_by_maximisation(N, satisfied)
    fit = transition(N, satisfied, resamples=1)
    assert (fit.N_star, fit.width) == pytest.approx((math.exp(ln_N_star), width), rel=1e-4)


def test_counts_are_fitted_as_their_networks():
    N, satisfied = draw(0.3, seed=1)
    counts = [int(satisfied[size == N].sum()) for size in SIZES]
    fit, counted = transition(N, satisfied, seed=3), counted_transition(SIZES, counts, [10] * len(SIZES), seed=3)
    assert (counted.N_star, counted.interval, counted.width) == (fit.N_star, fit.interval, fit.width)


@pytest.mark.parametrize("satisfied, networks", [([0, 11], [10, 10]), ([-1, 5], [10, 10]), ([0], [10, 10])])
def test_door_of_counts(as_user, satisfied, networks):
    with pytest.raises(ValueError, match=r"networks are satisfied at \[50, 100\]; need a count of each"):
        counted_transition([50, 100], satisfied, networks)
