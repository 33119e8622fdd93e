"""Gaps, counts, and what is derived from transitions."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from landscape_lib.measure.jamming import (
    beyond,
    effective_parameters,
    failing,
    gaps,
    largest_ratio,
    median_share,
    ratio,
    relative_fall,
    share_satisfied,
    sharpening,
    silenced,
    steepest_fall,
    unsatisfied,
)
from landscape_lib.nets import MLP, Population
from landscape_lib.statistics import Transition, bootstrap, transition
from landscape_lib.training import quadratic_hinge

seeds = st.integers(0, 999)
SIZES = [51, 76, 105, 138, 175, 216, 310, 420]


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# gaps and counts


@given(seed=seeds, kappa=st.floats(0.1, 3))
def test_the_loss_is_half_the_squared_gap_of_the_unsatisfied(seed, kappa):
    f, y = gaussian(3, 8, 1, seed=seed), gaussian(8, seed=seed + 1).sign()
    delta = gaps(f, y, margin=kappa)
    assert quadratic_hinge(f, y, margin=kappa).equal(0.5 * delta.square() * (delta > 0))
    assert ((quadratic_hinge(f, y, margin=kappa) > 0).sum(-1)).equal(unsatisfied(delta))


@given(
    rows=st.lists(
        st.lists(st.sampled_from([-math.inf, -2.0, -1e-300, 0.0, 5e-324, 0.5, math.inf]), min_size=4, max_size=4)
    )
)
def test_a_pattern_is_unsatisfied_beyond_its_margin_and_satisfied_on_it(rows):
    delta = torch.tensor(rows, dtype=torch.float64).reshape(-1, 4)
    assert unsatisfied(delta).tolist() == [sum(value > 0 for value in row) for row in rows]


def test_gaps_take_labels_shared_or_of_each_networks_own():
    f, y = gaussian(3, 5, 1), gaussian(3, 5, seed=1).sign()
    assert gaps(f, y).equal(torch.cat([gaps(f[i : i + 1], y[i]) for i in range(3)]))


# what is derived from transitions


def known(N_star, width, noise=0.0, seed=0):
    """A transition with given replicates: lognormal about the truth."""
    a, b = np.random.default_rng(seed).normal(size=(2, 500)) * noise
    return Transition(N_star, (0.0, 0.0), width, (0.0, 0.0), N_star * np.exp(a), width * np.exp(b))


@given(a=st.floats(1, 1e4), b=st.floats(1, 1e4), noise=st.floats(0.01, 0.3))
def test_the_noises_of_two_transitions_add_in_their_ratio_also_when_one_seed_made_both(a, b, noise):
    for seeds in ((1, 2), (1, 1)):
        quotient = ratio(*(known(N_star, 1.0, noise, seed) for N_star, seed in zip((a, b), seeds, strict=True)))
        assert quotient.value == pytest.approx(a / b)
        # 2 · 1.96 √2 noise. Each end is known from 500 draws to 0.12 of a deviation: 4.5% of the whole.
        assert math.log(quotient.interval[1] / quotient.interval[0]) == pytest.approx(
            3.92 * math.sqrt(2) * noise, rel=0.2
        )


def test_the_largest_ratio_is_the_largest():
    c0 = largest_ratio([(100, known(20.0, 1.0)), (200, known(60.0, 1.0)), (200, known(40.0, 1.0))])
    assert [c0.value, *c0.interval] == pytest.approx([0.3] * 3)


@given(power=st.floats(-2, 2), scale=st.floats(0.1, 10))
def test_widths_of_a_power_law_have_its_exponent(power, scale):
    estimate = sharpening({P: known(float(P), scale * P**power) for P in (125, 250, 1000)})
    assert [estimate.value, *estimate.interval] == pytest.approx([power] * 3, abs=1e-10)


@given(power=st.floats(0, 5), seed=seeds)
def test_the_steepest_fall_of_a_power_law_is_its_exponent(power, seed):
    N = np.array(SIZES)
    loss = N ** -float(power) * np.exp(
        np.random.default_rng(seed).normal(size=(5, 1))
    )  # a factor a seed changes nothing
    assert steepest_fall(N, loss) == pytest.approx(power, abs=1e-9)
    # A jump to rounding's size is a jump to the floor, however far below it falls.
    jump = np.concatenate([loss[:, :4], 1e-20 * loss[:, 4:]], axis=1)
    assert steepest_fall(N, jump, floor=1e-12) == pytest.approx(steepest_fall(N, np.maximum(jump, 1e-12)))


def test_a_silenced_pattern_has_a_constant_output_there_and_no_gradient_below():
    nets = Population(lambda seed: MLP(3, 3, 3, seed=seed), range(20))
    x = torch.randn(20, 15, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    outputs = nets.evaluate(nets.views(), x)
    (slope,) = torch.autograd.grad(outputs.sum(), x)
    off = silenced(nets, x.detach())
    assert 0 < off.sum() < off.numel()
    assert off.equal((slope == 0).all(-1))


def test_failing_networks_stand_in_their_own_transition():
    """N* of 100 at P = 50 and of 200 at P = 90, by a fit that all of 40 networks below and none above fail."""
    step = np.arange(40) >= 20
    fits = {P: transition(np.repeat([N // 2, N * 2], 20), step, resamples=1) for P, N in ((50, 100), (90, 200))}
    rows = [(50, 60, 30, False), (50, 120, 6, False), (50, 120, 0, True), (90, 120, 60, False), (90, 1000, 1, False)]
    table = pd.DataFrame(rows, columns=["P", "N", "unsatisfied", "satisfied"])
    networks = failing(table, fits)
    assert networks.share.tolist() == [0.5, 0.05, 0.5, 0.001]
    assert networks.scale.tolist() == pytest.approx([0.6, 1.2, 0.6, 5.0], rel=1e-6)  # a symmetric fit is in the middle
    assert networks.inside.tolist() == [False, True, False, False]
    assert networks.within.tolist() == [False, True, False, False]  # from half of N* to twice it, all but the ends
    # N/P and its own fits, by two columns
    scaled = {
        (P, 3): transition(np.repeat([N // 2, N * 2], 20) / P, step, resamples=1) for P, N in ((50, 100), (90, 200))
    }
    again = failing(table.assign(L=3, x=table.N / table.P), scaled, by=["P", "L"], size="x")
    assert again.inside.tolist() == networks.inside.tolist() and again.share.equals(networks.share)
    assert again.scale.tolist() == pytest.approx(networks.scale.tolist(), rel=1e-6)


def test_networks_beyond_twice_their_own_transition():
    """N* of 100 and of 200, by symmetry; satisfied or not, and in the order of the table."""
    step = np.arange(40) >= 20
    fits = {
        key: transition(np.repeat([N // 2, N * 2], 20), step, resamples=1)
        for key, N in {("parity", 50): 100, ("random", 50): 200}.items()
    }
    rows = [("random", 399), ("parity", 199), ("parity", 201), ("random", 401), ("parity", 99), ("parity", 101)]
    table = pd.DataFrame(rows, columns=["labels", "N"]).assign(P=50, satisfied=False)
    assert beyond(table, fits, by=["labels", "P"]).N.tolist() == [201, 401]
    assert beyond(table, fits, by=["labels", "P"], times=1.0).N.tolist() == [399, 199, 201, 401, 101]
    assert beyond(table[table.labels == "parity"], {50: fits["parity", 50]}).N.tolist() == [201]
    with pytest.raises(ValueError, match=r"no transition for \['labels', 'P'\] of \('random', 50\); there is"):
        beyond(table, {("parity", 50): fits["parity", 50]}, by=["labels", "P"])


@given(seed=seeds)
def test_the_median_share_resamples_seeds_and_no_network_alone(seed):
    """Two networks a seed that miss the same: an interval of their median is that of the seeds' own."""
    shares = np.random.default_rng(seed).random(7)
    once = pd.DataFrame({"seed": np.arange(7), "share": shares, "inside": True})
    twice = pd.concat([once, once, once.assign(share=9.0, inside=False)])
    assert median_share(twice, seed=seed) == median_share(once, seed=seed) == bootstrap(shares, np.median, seed=seed)


@given(satisfied=st.integers(0, 60), seed=seeds)
def test_the_share_that_fits_lies_between_the_ends_that_the_binomial_allows(satisfied, seed):
    """Clopper and Pearson by definition: at either end, what was seen or more extreme has a chance of 2.5%."""
    verdicts = np.random.default_rng(seed).permutation(np.arange(60) < satisfied)
    value, (low, high) = share_satisfied(verdicts)
    assert value == satisfied / 60
    assert low == 0 if satisfied == 0 else binom.sf(satisfied - 1, 60, low) == pytest.approx(0.025)
    assert high == 1 if satisfied == 60 else binom.cdf(satisfied, 60, high) == pytest.approx(0.025)


@given(power=st.floats(0.1, 5), reference=st.floats(0.1, 5), seed=seeds)
def test_the_relative_fall_of_power_laws_is_the_ratio_of_their_exponents(power, reference, seed):
    factors = np.exp(np.random.default_rng(seed).normal(size=(2, 5, 1)))  # a factor a seed changes nothing
    losses = [factor * np.array(SIZES) ** -float(a) for factor, a in zip(factors, (power, reference), strict=True)]
    value, interval = relative_fall(np.array(SIZES), *losses, floor=1e-300, resamples=50)
    assert [value, *interval] == pytest.approx([power / reference] * 3, rel=1e-6)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: largest_ratio([]), "largest_ratio: got no transitions, need at least one"),
        (lambda: sharpening({100: known(1.0, 1.0)}), "sharpening: got transitions at 1 values of P, need at least 2"),
        (lambda: failing(pd.DataFrame({"P": [9], "satisfied": [False]}), {}), "no transition for P of 9; there is"),
        (
            lambda: median_share(pd.DataFrame({"seed": [0], "share": [0.1], "inside": [True]})),
            "networks of 1 seeds fail from N",
        ),
        (lambda: share_satisfied(np.ones(3)), r"got float64 of shape \(3,\), need a verdict a network"),
        (lambda: share_satisfied(np.ones(0, dtype=bool)), r"got bool of shape \(0,\)"),
        (lambda: relative_fall(np.array([1, 2]), np.ones((3, 2)), np.ones((2, 2))), r"\(3, 2\) and \(2, 2\); need"),
        (lambda: steepest_fall(np.array([2, 1]), np.ones((1, 2))), r"N is \[2.0, 1.0\], .* need rising N"),
        (lambda: steepest_fall(np.array([1, 2]), np.ones((1, 3))), "a loss for each"),
        (lambda: steepest_fall(np.array([1, 2]), np.array([[1, math.nan]])), "a loss is NaN or infinite"),
    ],
)
def test_door_derived(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()


# doors


@pytest.mark.parametrize("shape", [(5,), (2, 5), (2, 5, 2)])
def test_door_gaps(as_user, shape):
    with pytest.raises(ValueError, match=rf"outputs have shape \({shape[0]},.*\), need \(nets, points, 1\)"):
        gaps(torch.zeros(shape), torch.ones(5))


@pytest.mark.parametrize("shape", [(4, 1), (3,), (4, 4)])
def test_door_gaps_labels(as_user, shape):
    with pytest.raises(ValueError, match=rf"labels have shape \({shape[0]},.*\), need \(4,\) or \(3, 4\)"):
        gaps(torch.zeros(3, 4, 1), torch.ones(shape))


@pytest.mark.parametrize(
    "bad, says",
    [
        (torch.zeros(5), r"got shape \(5,\), need \(nets, points\); for one network pass gaps\[None\]"),
        (
            torch.tensor([[1.0, 2.0], [math.nan, 1.0], [0.0, math.nan]]),
            r"NaN in networks \[1, 2\]; end those runs first",
        ),
    ],
)
def test_door_unsatisfied(as_user, bad, says):
    with pytest.raises(ValueError, match=says):
        unsatisfied(bad)


@pytest.mark.parametrize("sizes", [{"d": 0}, {"h": 0}, {"L": -1}])
def test_door_effective_parameters(as_user, sizes):
    with pytest.raises(ValueError, match="each must be at least 1"):
        effective_parameters(**{"d": 2, "h": 2, "L": 2, **sizes})
