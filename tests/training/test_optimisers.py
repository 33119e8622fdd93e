"""Optimisers of a stack: each network moves as alone, and takes its momenta along when others leave."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from landscape_lib.training import adam, gd
from landscape_lib.training._optimisers import keep

OPTIMISERS = {"gd": gd(0.1), "momentum": gd(0.1, momentum=0.9), "adam": adam(0.1)}
kinds = pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=OPTIMISERS.keys())


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def steps(optimiser, weights, gradients):
    for gradient in gradients:
        weights.grad = gradient.clone()
        optimiser.step()


@kinds
@given(alive=st.lists(st.booleans(), min_size=5, max_size=5).filter(any), before=st.integers(0, 4))
def test_what_an_optimiser_remembers_of_a_network_stays_with_it(optimiser, alive, before):
    """Steps of all, then of those kept, are the steps that those kept take among themselves."""
    start, gradients, mask = gaussian(5, 3), gaussian(before + 3, 5, 3, seed=1), torch.tensor(alive)
    everyone = start.clone()
    stacked = optimiser([everyone])
    steps(stacked, everyone, gradients[:before])
    left = keep(stacked, mask)
    steps(stacked, left, gradients[before:, mask])

    alone = start[mask].clone()
    steps(optimiser([alone]), alone, gradients[:, mask])
    # Each number by itself, but vector instructions may round a last digit otherwise than scalar ones.
    assert_close(left, alone, rtol=1e-14, atol=1e-14)


@kinds
def test_the_networks_kept_are_a_copy(optimiser):
    weights = gaussian(3, 2)
    stacked, before = optimiser([weights]), weights.clone()
    left = keep(stacked, torch.tensor([True, False, True]))
    steps(stacked, left, [gaussian(2, 2)])
    assert weights.equal(before) and left.shape == (2, 2)
    assert stacked.param_groups[0]["params"][0] is left and list(stacked.state) in ([left], [])


@given(lr=st.floats(1e-6, 10), seed=st.integers(0, 999))
def test_the_first_steps_are_eta_times_the_gradient_and_eta_times_its_sign(lr, seed):
    start, gradient = gaussian(2, 3, seed=seed), gaussian(2, 3, seed=seed + 1)
    descended, adapted = start.clone(), start.clone()
    steps(gd(lr)([descended]), descended, [gradient])
    steps(adam(lr)([adapted]), adapted, [gradient])
    assert_close(descended, start - lr * gradient, rtol=1e-14, atol=1e-14)
    # Adam: m̂/(√v̂ + ε) = g/(|g| + 1e-8); no drawn |g| is below 1e-5.
    assert_close(adapted, start - lr * gradient / (gradient.abs() + 1e-8), rtol=1e-12, atol=1e-12 * (1 + lr))


@given(momentum=st.floats(0, 0.99))
def test_momentum_sums_past_gradients_with_geometric_weights(momentum):
    weights = torch.zeros(1, 1, dtype=torch.float64)
    steps(gd(1.0, momentum)([weights]), weights, torch.ones(4, 1, 1, dtype=torch.float64))
    total = sum(sum(momentum**i for i in range(k + 1)) for k in range(4))
    assert weights.item() == pytest.approx(-total, rel=1e-13)


@given(lr=st.floats(1e-6, 10), decay=st.floats(0, 1), momentum=st.floats(0, 0.99))
def test_weight_decay_adds_to_the_gradient(lr, decay, momentum):
    start, gradients = gaussian(2, 3), gaussian(2, 2, 3, seed=1)
    weights = start.clone()
    optimiser = gd(lr, momentum, weight_decay=decay)([weights])
    steps(optimiser, weights, gradients[:1])
    first = gradients[0] + decay * start
    after = start - lr * first
    assert_close(weights, after, rtol=1e-14, atol=1e-14)
    steps(optimiser, weights, gradients[1:])
    second = momentum * first + gradients[1] + decay * after
    # Numbers up to a hundred, whose difference may be small.
    assert_close(weights, after - lr * second, rtol=1e-13, atol=1e-12)


def test_decay_alone_shrinks_every_weight_by_one_factor():
    start = 512 * torch.arange(-6, 6, dtype=torch.float64).view(3, 4)  # a product with 7/8 is exact, three times
    weights = start.clone()
    steps(gd(0.5, weight_decay=0.25)([weights]), weights, torch.zeros(3, 3, 4, dtype=torch.float64))
    assert weights.equal(start * 0.875**3)


@pytest.mark.parametrize("make", [gd, adam], ids=["gd", "adam"])
@pytest.mark.parametrize("lr", [0, -1e-3, float("nan"), float("inf"), "0.1", None, True])
def test_door(as_user, make, lr):
    with pytest.raises(ValueError, match=rf"{make.__name__}: step size lr is {lr!r}, need a positive finite number"):
        make(lr)


def test_a_step_size_may_be_a_number_of_numpys(as_user):
    assert gd(np.float32(0.5))([torch.zeros(1)]).param_groups[0]["lr"] == 0.5
