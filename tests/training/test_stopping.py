"""Stopping rules on descents whose every loss is known in closed form: on 𝓛 = w²/2, w falls by (1 − η) a step."""

import math

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from landscape_lib.nets import Population
from landscape_lib.training import PLATEAU, SATISFIED, STEPS, Stop, gd, mean_square, train


def parabola(*starts):
    """Networks f = w x, to be trained on f(1) = 0."""

    def make(i):
        net = nn.Linear(1, 1, bias=False)
        nn.init.constant_(net.weight, starts[i])
        return net

    return Population(make, range(len(starts)))


def descend(stop, lr, *starts, every=1):
    one = torch.ones(1, 1, dtype=torch.float64)
    return train(parabola(*starts), one, 0 * one[0], optimiser=gd(lr), stop=stop, loss=mean_square, every=every)


@given(lr=st.floats(0.2, 0.9), start=st.floats(0.1, 3), every=st.integers(1, 7))
def test_a_network_is_satisfied_at_the_first_check_below_the_bound(lr, start, every):
    exact = math.log(2e-6 / start**2) / (2 * math.log(1 - lr))  # w₀²/2 (1 − η)^2n = 1e-6
    assume(abs(exact - round(exact)) > 1e-6)  # no boundary within rounding
    run = descend(Stop(500, satisfied=1e-6), lr, start, every=every)
    assert run.reasons == (SATISFIED,) and run.satisfied == (True,)
    assert run.steps.tolist() == [every * math.ceil(max(exact, 0) / every)]


@given(lr=st.floats(0.001, 0.2), window=st.integers(1, 15), drop=st.floats(0.01, 0.9))
def test_a_network_that_loses_less_than_the_fraction_in_the_window_is_on_a_plateau(lr, window, drop):
    needed = math.log(1 - drop) / (2 * math.log(1 - lr))  # steps until the loss fell by the fraction
    assume(abs(needed - round(needed)) > 1e-6)
    run = descend(Stop(40, satisfied=None, plateau=(window, drop)), lr, 1.0)
    if math.ceil(needed) <= window:
        assert run.reasons == (STEPS,) and run.steps.tolist() == [40]
    else:
        assert run.reasons == (PLATEAU,) and run.steps.tolist() == [window]


def test_each_network_is_judged_by_itself():
    starts = [1e-9, 1.0, 0.1]
    together = descend(Stop(50, satisfied=1e-3), 0.1, *starts)
    alone = [descend(Stop(50, satisfied=1e-3), 0.1, start) for start in starts]
    assert together.steps.tolist() == [int(run.steps) for run in alone] == [0, 30, 8]
    assert together.reasons == tuple(run.reasons[0] for run in alone)


def test_plateaus_are_each_networks_own_when_others_leave():
    """Slopes x = 3, 0.3, 1, 0.1 make losses that fall by (1 − 0.1 x²)² a step."""
    x = torch.tensor([3.0, 0.3, 1.0, 0.1], dtype=torch.float64)[:, None, None]
    zero = torch.zeros(4, 1, 1, dtype=torch.float64)
    options = {"optimiser": gd(0.1), "stop": Stop(60, satisfied=1e-6, plateau=(12, 0.2)), "loss": mean_square}
    nets = parabola(1.0, 1.0, 1.0, 1.0)
    together = train(nets, x, zero, every=1, **options)
    alone = [train(nets.take([i]), x[i : i + 1], zero[:1], every=1, **options) for i in range(4)]
    assert together.steps.tolist() == [int(run.steps) for run in alone]
    assert together.reasons == tuple(run.reasons[0] for run in alone) == (SATISFIED, PLATEAU, STEPS, PLATEAU)


def test_without_the_rule_zero_loss_goes_on_to_the_last_step():
    run = descend(Stop(5, satisfied=None), 0.1, 0.0)
    assert run.reasons == (STEPS,) and run.steps.tolist() == [5] and run.loss.tolist() == [0.0]


def test_satisfied_stands_before_plateau_and_both_before_the_last_step():
    run = descend(Stop(3, satisfied=1e-3, plateau=(3, 0.9)), 0.01, 0.0, 1.0)
    assert run.reasons == (SATISFIED, PLATEAU)


@pytest.mark.parametrize(
    "rules, says",
    [
        ({"steps": -1}, "steps is -1, need a whole number of at least 0"),
        ({"steps": 1e3}, "steps is 1000.0, need a whole number"),
        ({"steps": True}, "steps is True, need a whole number"),
        ({"satisfied": 0.0}, "satisfied is 0.0, need a positive loss, or None"),
        ({"satisfied": float("nan")}, "satisfied is nan"),
        ({"plateau": (0, 0.5)}, r"plateau is \(0, 0.5\), need \(steps > 0, fraction between 0 and 1\)"),
        ({"plateau": (10, 1.0)}, r"plateau is \(10, 1.0\)"),
        ({"plateau": (10, float("nan"))}, r"plateau is \(10, nan\)"),
    ],
)
def test_door(as_user, rules, says):
    with pytest.raises(ValueError, match=says):
        Stop(**{"steps": 10, **rules})
