"""Gaps, counts, and what is derived from transitions."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib.measure.jamming import (
    effective_parameters,
    failing,
    gaps,
    jammed,
    largest_ratio,
    median_share,
    ratio,
    share_past_transition,
    sharpening,
    shift_of_zero,
    silenced,
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
    # N/P and its own fits, by two columns
    scaled = {
        (P, 3): transition(np.repeat([N // 2, N * 2], 20) / P, step, resamples=1) for P, N in ((50, 100), (90, 200))
    }
    again = failing(table.assign(L=3, x=table.N / table.P), scaled, by=["P", "L"], size="x")
    assert again.inside.tolist() == networks.inside.tolist() and again.share.equals(networks.share)
    assert again.scale.tolist() == pytest.approx(networks.scale.tolist(), rel=1e-6)


@given(seed=seeds)
def test_the_median_share_resamples_seeds_and_no_network_alone(seed):
    """Two networks a seed that miss the same: an interval of their median is that of the seeds' own."""
    shares = np.random.default_rng(seed).random(7)
    once = pd.DataFrame({"seed": np.arange(7), "share": shares, "inside": True})
    twice = pd.concat([once, once, once.assign(share=9.0, inside=False)])
    assert median_share(twice, seed=seed) == median_share(once, seed=seed) == bootstrap(shares, np.median, seed=seed)


def window(rows):
    return transition(rows.N.to_numpy(), rows.satisfied.to_numpy(), resamples=1).window()


def networks(P=50, seeds=10, holds=(), **columns):
    """All seeds fail at N = 50 and none at N = 100, 150, 190 and 400; those in ``holds`` are silenced at N = 150."""
    rows = [
        {"P": P, "N": N, "seed": seed, "satisfied": N > 50 and not (N == 150 and seed in holds), "silenced_loss": 1.0}
        for N in (50, 100, 150, 190, 400)
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows).assign(**columns).assign(silenced_loss=lambda t: 0.9 * (t.N == 150) * ~t.satisfied)


def test_what_a_silenced_layer_holds_up_says_nothing_of_a_transition_and_counts_past_it():
    table = networks(holds=(3, 4))
    assert jammed(table).sum() == len(table) - 2
    # Nine in ten fit at 98: up to 1.4 times that, only N = 100 counts, where nobody fails.
    assert share_past_transition(table, most=1.4).value == 1
    wider = share_past_transition(table)  # 100, 150 and 190
    assert wider.value == pytest.approx(28 / 30)
    assert wider.interval[0] < 28 / 30 < wider.interval[1] <= 1


def test_no_network_has_a_say_in_where_nine_in_ten_fit():
    """Even seeds fit from N = 100 on, odd ones from N = 190 on: each half stands past the other's transition."""
    table = networks()
    table["satisfied"] &= (table.seed % 2 == 0) | (table.N >= 190)
    table["silenced_loss"] = 0.0
    ends = [window(rows)[1] for _, rows in table.groupby(table.seed % 2)]
    assert 50 < ends[0] < 100 and 150 < ends[1] < 190 < 2 * ends[0] < 2 * ends[1] < 400
    # Even seeds at N = 190, all fit; odd seeds at 100, 150 and 190, where they fit at the last: 10 of 20.
    assert share_past_transition(table).value == pytest.approx(0.5)


def test_where_a_transition_does_not_end_within_the_sizes_the_largest_counts():
    table = networks()
    table["satisfied"] = (table.N == 400) & (table.seed % 5 < 3)
    table["silenced_loss"] = 0.0
    for _, rows in table.groupby(table.seed % 2):
        assert window(rows)[1] > 400
    assert share_past_transition(table).value == pytest.approx(0.6)


def test_a_loss_that_reaches_zero_has_one_transition_and_one_that_approaches_it_has_many():
    N = np.repeat([20, 40, 80, 160, 320], 10)
    sudden = np.where(N < 60, 0.1, 0.0)
    gentle = 1e-4 * (56.6 / N) ** 2  # 1e-4 between N = 40 and 80, and 1e-5 at 179, between 160 and 320
    assert shift_of_zero(N, sudden).value == 1
    assert shift_of_zero(N, gentle).value == pytest.approx(4, rel=0.05)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: largest_ratio([]), "largest_ratio: got no transitions, need at least one"),
        (lambda: sharpening({100: known(1.0, 1.0)}), "sharpening: got transitions at 1 values of P, need at least 2"),
        (lambda: failing(pd.DataFrame({"P": [9], "satisfied": [False]}), {}), "no transition for P of 9; there is"),
        (
            lambda: median_share(pd.DataFrame({"seed": [0], "share": [0.1], "inside": [True]})),
            "networks of 1 seeds fail within",
        ),
        (lambda: share_past_transition(networks(seeds=1)), "share_past_transition: P of 50: transition: "),
        (lambda: share_past_transition(networks()[lambda t: t.N > 50]), "P of 50: transition: all of the"),
        (lambda: shift_of_zero(np.array([1, 2]), np.array([math.nan, 1.0])), "a loss is NaN or infinite"),
        (lambda: shift_of_zero(np.array([1, 2]), np.array([1.0, 1.0])), "none of the 2 networks are satisfied"),
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
