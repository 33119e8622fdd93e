"""Descent to rest: where the end is known (convex losses, impossible labels), beside that of scipy."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import nn
from torch.testing import assert_close

from landscape_lib.data import random_task
from landscape_lib.nets import MLP, Population
from landscape_lib.training import (
    AT_REST,
    OUT_OF_PATIENCE,
    SATISFIED,
    Stop,
    adam,
    come_to_rest,
    cross_entropy,
    descend,
    end_states,
    mean_square,
    quadratic_hinge,
    train,
)


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def linear(nets=3, d=4):
    return Population(lambda seed: nn.Linear(d, 1), range(nets))


def test_least_squares_end_where_linear_algebra_says():
    x, y = gaussian(30, 4), gaussian(30, seed=1)
    run = come_to_rest(linear(), x, y, loss=mean_square)
    augmented = torch.cat([x, torch.ones(30, 1, dtype=torch.float64)], 1)
    residual = augmented @ torch.linalg.lstsq(augmented, y[:, None]).solution[:, 0] - y
    assert_close(run.loss, (0.5 * residual.square().mean()).expand(3))
    assert run.reasons == (AT_REST,) * 3
    assert (run.gradient < 1e-6).all()


def test_a_hinge_that_cannot_be_zero_ends_where_scipy_ends():
    x, y = gaussian(40, 4), gaussian(40, seed=1).sign()  # random labels of forty points in four dimensions

    def function(w):
        gaps = np.maximum(1 - y.numpy() * (x.numpy() @ w[:4] + w[4]), 0)
        pull = -(gaps * y.numpy()) / 40
        return 0.5 * np.mean(gaps**2), np.append(pull @ x.numpy(), pull.sum())

    theirs = minimize(function, np.zeros(5), jac=True, method="L-BFGS-B", options={"ftol": 0, "gtol": 1e-10})
    run = come_to_rest(linear(), x, y)
    assert_close(run.loss, torch.full((3,), theirs.fun, dtype=torch.float64))
    assert run.reasons == (AT_REST,) * 3
    assert theirs.fun > 0.1


def test_networks_with_weights_to_spare_reach_zero_and_stop_there():
    nets = Population(lambda seed: MLP(4, 20, 2, seed=seed), range(5))
    x, y = gaussian(5, 10, 4), gaussian(5, 10, seed=1).sign()  # a task each
    run = come_to_rest(nets, x, y)
    assert run.satisfied == (True,) * 5
    assert (run.loss < 1e-12).all()
    assert_close(quadratic_hinge(run.population(x), y).mean(-1), run.loss)
    assert (run.history.loss[-1] == run.loss).all()
    assert (
        nets.weights == Population(lambda seed: MLP(4, 20, 2, seed=seed), range(5)).weights
    ).all()  # not the caller's


def test_each_network_ends_as_it_would_alone():
    """A network with the others is one alone, up to rounding that its path amplifies: few evaluations are compared."""
    nets = Population(lambda seed: MLP(4, 6, 2, seed=seed), range(4))
    x, y = gaussian(60, 4), gaussian(60, seed=1).sign()
    stop = Stop(40, plateau=(500, 0.01))
    together = come_to_rest(nets, x, y, stop=stop)
    assert together.reasons == (OUT_OF_PATIENCE,) * 4
    for i in range(4):
        alone = come_to_rest(nets.take([i]), x, y, stop=stop)
        assert_close(alone.loss[0], together.loss[i], rtol=1e-6, atol=0)


def test_where_it_rests_descent_goes_nowhere():
    """The control of the word: from where it says "at rest", steps of Adam find hardly anything lower."""
    task = random_task(60, 5, 0)
    nets = Population(lambda seed: MLP(5, 4, 2, seed=seed), range(6))
    run = come_to_rest(nets, task.inputs, task.labels)
    assert set(run.reasons) == {AT_REST}
    on = train(run.population, task.inputs, task.labels, optimiser=adam(3e-4), stop=Stop(2000))
    assert (on.loss > 0.98 * run.loss).all()


def test_it_brings_to_zero_what_as_many_steps_of_adam_do_not():
    tasks = [random_task(130, 8, seed) for seed in range(8)]
    by_adam = descend(tasks, [8], range(8), L=1, loss="quadratic_hinge", lr=1e-3, steps=2000)
    run = end_states(tasks, [8], range(8), L=1, steps=500, stop=Stop(1500, plateau=(500, 0.01)))
    assert sum(run.satisfied) >= sum(by_adam.satisfied) + 4
    assert set(run.reasons) <= {SATISFIED, AT_REST}


def test_networks_of_several_widths_end_in_one_stack():
    tasks = [random_task(40, 5, seed) for seed in range(2)]
    run = end_states(tasks, [3, 12], range(2), L=2, steps=100)
    assert len(run.reasons) == 4
    assert run.satisfied[2:] == (True, True)
    added = run.population.views()["layers.0.weight"][:2, 3:]
    assert (added == 0).all()  # the units that widen a network stay out of it


@pytest.mark.parametrize("loss", ["quadratic_hinge", "cross_entropy"])
def test_other_losses_are_taken(loss):
    run = end_states([random_task(10, 4, 0)], [16], [0], L=1, loss=loss, steps=10)
    assert run.reasons == (SATISFIED,)


def test_buffers_follow_the_networks_that_are_left():
    def net(seed):
        return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1)).eval()

    nets = Population(net, range(3))
    nets.buffers["1.running_mean"][2] = 5.0
    x, y = gaussian(12, 4), gaussian(12, seed=1).sign()
    run = come_to_rest(nets, x, y)
    assert_close(quadratic_hinge(run.population(x), y).mean(-1), run.loss)


@pytest.mark.parametrize(
    ("given", "needs"),
    [
        ({"memory": 0}, "memory is 0, need a whole number of pairs of at least 1"),
        ({"stop": Stop(100)}, "stop has no plateau"),
        ({"loss": cross_entropy, "inputs": torch.zeros(0, 4).double()}, "need at least one point"),
        ({"labels": torch.ones(3).double()}, r"labels have shape \(3,\) for inputs \(10, 4\)"),
        ({"inputs": torch.zeros(10, 4)}, "bring them together"),
    ],
)
def test_door(given, needs):
    arguments = {"inputs": gaussian(10, 4), "labels": torch.ones(10).double(), **given}
    with pytest.raises(ValueError, match=needs):
        come_to_rest(linear(), arguments.pop("inputs"), arguments.pop("labels"), **arguments)


def test_a_loss_that_is_no_number_is_refused_at_once():
    x = gaussian(10, 4)
    x[3, 2] = torch.nan
    with pytest.raises(RuntimeError, match=r"networks \[0, 1, 2\] is NaN or infinite at step 0"):
        come_to_rest(linear(), x, torch.ones(10).double())
