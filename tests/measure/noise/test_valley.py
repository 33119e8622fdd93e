"""The valley xy = 1: what noise does there, against what can be said exactly."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib.measure.noise import descend_valley, valley_decay


@given(st.floats(0.3, 4.0), st.floats(0.0, 1.0), st.integers(0, 50))
def test_a_step_shrinks_the_difference_of_squares_by_the_square_of_its_error(x, noise, seed):
    walk = descend_valley((x, 1 / x), step=0.02, noise=noise, steps=1, seed=seed)[:, 0]
    before, after = walk[:, 0] ** 2 - walk[:, 1] ** 2
    error = torch.randn(1, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).item() * noise
    assert after.item() == pytest.approx(before.item() * (1 - 0.02**2 * error**2), rel=1e-9, abs=1e-12)


def test_without_noise_the_floor_is_at_rest():
    for x in (0.25, 1.0, 4.0):
        walk = descend_valley((x, 1 / x), step=0.02, noise=0.0, steps=1000, every=100)
        assert walk.equal(walk[:1].expand_as(walk))


@pytest.mark.parametrize(("step", "noise", "start"), [(0.02, 0.5, 4.0), (0.05, 0.3, 3.0), (0.1, 0.2, 0.4)])
def test_label_noise_drifts_to_the_flattest_place_as_told(step, noise, start):
    place, steps = (start, 1 / start), int(2 / (step * noise) ** 2)
    walk = descend_valley(place, step=step, noise=noise, steps=steps, every=steps // 8, walkers=400)
    times = (torch.arange(len(walk)) * (steps // 8)).double()
    found = (walk[..., 0] ** 2 - walk[..., 1] ** 2).mean(1)
    wanted = valley_decay(place, times, step=step, noise=noise)
    torch.testing.assert_close(found, wanted, rtol=0.05, atol=0.02 * abs(wanted[0].item()))
    assert walk[-1].square().sum(1).mean() < 0.6 * walk[0].square().sum(1).mean(), "the curvature falls"


def test_at_small_steps_the_rate_is_that_of_the_label_noise_alone():
    (end,) = valley_decay((2.0, 0.5), torch.tensor([1e6]), step=1e-3, noise=1.0).tolist()
    assert end == pytest.approx((4 - 0.25) * math.exp(-1), rel=1e-2)


def test_door(as_user):
    given = {"step": 0.02, "noise": 0.5, "steps": 10}
    with pytest.raises(ValueError, match="step is 0"):
        descend_valley((1.0, 1.0), **{**given, "step": 0})
    with pytest.raises(ValueError, match="noise is -1"):
        descend_valley((1.0, 1.0), **{**given, "noise": -1})
    with pytest.raises(ValueError, match="steps is 2.5, need a whole number"):
        descend_valley((1.0, 1.0), **{**given, "steps": 2.5})
    with pytest.raises(ValueError, match="left the valley"):
        descend_valley((40.0, 1 / 40), **{**given, "steps": 500})
    with pytest.raises(ValueError, match=r"xy = 2; need a place on the floor"):
        valley_decay((2.0, 1.0), torch.zeros(1), step=0.1, noise=1.0)
    with pytest.raises(ValueError, match="need numbers of steps, in order"):
        valley_decay((1.0, 1.0), torch.tensor([2.0, 1.0]), step=0.1, noise=1.0)
    with pytest.raises(ValueError, match="diverges; need one below 2/S"):
        valley_decay((4.0, 0.25), torch.ones(1), step=0.2, noise=1.0)
