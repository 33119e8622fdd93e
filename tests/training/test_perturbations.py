"""Sharpness-aware minimisation, against its definition written out and against autograd."""

import copy
import itertools

import pytest
import torch

from landscape_lib.nets import MLP, Population, ResidualMLP
from landscape_lib.training import Stop, adaptive_sam, gd, mean_square, sam, train

X = torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(8, 3).sin()
Y = torch.tensor([1.0, -1.0] * 4, dtype=torch.float64)[:, None]


def by_definition(network, shift, lr, inputs=X, targets=Y):
    """One step of SAM on a module, with autograd and parameters one by one."""
    twin = copy.deepcopy(network)

    def gradients(module):
        value = (module(inputs) - targets).square().sum(-1).mean() / 2
        return torch.autograd.grad(value, list(module.parameters()))

    here = gradients(network)
    with torch.no_grad():
        for moved, away in zip(twin.parameters(), shift(list(network.parameters()), here), strict=True):
            moved.add_(away)
    there = gradients(twin)
    return torch.cat([(w - lr * g).flatten() for w, g in zip(network.parameters(), there, strict=True)]).detach()


def plain_shift(weights, gradients, rho=0.3):
    length = sum((g**2).sum() for g in gradients).sqrt()
    return [rho * g / length for g in gradients]


def adaptive_shift(weights, gradients, rho=0.3):
    length = sum(((w * g) ** 2).sum() for w, g in zip(weights, gradients, strict=True)).sqrt()
    return [rho * w**2 * g / length for w, g in zip(weights, gradients, strict=True)]


def one_step(nets, perturb, lr=0.1, **rules):
    rules = {"optimiser": gd(lr), "stop": Stop(1, None), "loss": mean_square, "perturb": perturb, **rules}
    return train(nets, X, Y, **rules).population.weights


@pytest.mark.parametrize(("perturb", "shift"), [(sam(0.3), plain_shift), (adaptive_sam(0.3), adaptive_shift)])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_step_is_the_step_of_the_definition(perturb, shift, activation):
    nets = Population(lambda seed: MLP(3, 5, 2, activation=activation, seed=seed), seeds=[0, 1])
    for found, network in zip(one_step(nets, perturb), nets.each(), strict=True):
        torch.testing.assert_close(found, by_definition(network, shift, 0.1), rtol=1e-10, atol=1e-12)


def test_both_gradients_are_of_the_same_batch():
    nets = Population(lambda seed: MLP(3, 5, 1, seed=seed), seeds=[3])
    found = one_step(nets, sam(0.3), batch=4)[0]
    draws = [torch.tensor(rows) for rows in itertools.combinations(range(8), 4)]
    network = nets.member(0)
    away = [(found - by_definition(network, plain_shift, 0.1, X[rows], Y[rows])).abs().max().item() for rows in draws]
    assert min(away) < 1e-12


def test_a_small_ball_is_plain_descent_and_a_zero_gradient_stays():
    nets = Population(lambda seed: MLP(3, 5, 1, seed=seed), seeds=[0])
    torch.testing.assert_close(one_step(nets, sam(1e-9)), one_step(nets, None), rtol=0, atol=1e-8)
    for perturb in (sam(0.5), adaptive_sam(0.5)):
        assert torch.equal(perturb(torch.ones(2, 3), torch.zeros(2, 3)), torch.zeros(2, 3))


def test_statistics_of_batch_norm_are_no_business_of_a_step():
    nets = Population(lambda seed: ResidualMLP(3, 4, 1, batch_norm=True, seed=seed), seeds=[0])
    before = {name: value.clone() for name, value in nets.buffers.items()}
    moved = train(nets, X, Y, optimiser=gd(0.1), stop=Stop(3, None), loss=mean_square, perturb=sam(0.1)).population
    assert all(torch.equal(value, before[name]) for name, value in moved.buffers.items())


def test_adaptive_steps_know_no_units():
    """The function after a step is the same if layers change their units, with a step size to match each of them."""
    nets = Population(lambda seed: MLP(3, 5, 1, seed=seed), seeds=[0])
    network = nets.member(0)
    weights = torch.cat([p.detach().flatten() for p in network.parameters()])[None]
    gradient = torch.sin(torch.arange(weights.shape[1], dtype=torch.float64))[None] + 0.1
    units = torch.where(torch.arange(weights.shape[1]) % 2 == 0, 4.0, 0.25)[None]
    here, there = adaptive_sam(0.2)(weights, gradient), adaptive_sam(0.2)(weights * units, gradient / units)
    torch.testing.assert_close(there, here * units)
    assert not torch.allclose(sam(0.2)(weights * units, gradient / units), sam(0.2)(weights, gradient) * units)


@pytest.mark.parametrize("rho", [0, -1.0, float("nan"), float("inf"), True, "0.1"])
def test_radius_after_the_door(as_user, rho):
    for make in (sam, adaptive_sam):
        with pytest.raises(ValueError, match="need a positive finite number"):
            make(rho)


def test_door_of_train():
    nets = Population(lambda seed: MLP(3, 5, 1, seed=seed), seeds=[0])
    with pytest.raises(ValueError, match=r"perturb returned shape \(3,\)"):
        one_step(nets, lambda weights, gradient: gradient[0, :3])
    with pytest.raises(ValueError, match="working_set and perturb exclude each other"):
        train(nets, X, Y[:, 0], optimiser=gd(0.1), stop=Stop(1), working_set=True, perturb=sam(0.1))
