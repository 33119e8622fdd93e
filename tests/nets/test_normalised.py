"""Networks that do not feel the length of their weights: functions, gradients, Hessians and descent."""

import pytest
import torch

from landscape_lib.measure.curvature import exact_hessian, hessian_product
from landscape_lib.nets import MLP, NormalisedMLP, Population
from landscape_lib.training import Stop, batch_mean, gd, mean_square, train

X = torch.randn(20, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = torch.randn(20, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def population(L=2, activation="tanh"):
    return Population(lambda seed: NormalisedMLP(4, 5, L, activation=activation, seed=seed), seeds=[0, 1, 2])


def by_hand(network, x):
    for i, layer in enumerate(network.layers):
        w = layer.weight if i == network.L else torch.nn.functional.normalize(layer.weight, dim=1)
        x = x @ w.T + layer.bias
        x = x.tanh() if i < network.L else x
    return x


@pytest.mark.parametrize("L", [1, 2, 3])
def test_outputs_are_those_written_out(L):
    nets = population(L)
    nets.weights += 0.3 * torch.randn(nets.weights.shape, generator=torch.Generator().manual_seed(2)).double()
    for found, network in zip(nets(X), nets.each(), strict=True):
        torch.testing.assert_close(found, by_hand(network, X))
        torch.testing.assert_close(network(X), by_hand(network, X))
        lengths = torch.cat([layer.weight.norm(dim=1) for layer in list(network.layers)[:L]])
        torch.testing.assert_close(nets.module.lengths(network_row(network))[0], lengths)


def network_row(network):
    return torch.cat([value.detach().flatten() for value in network.parameters()])[None]


def test_it_begins_as_a_plain_one():
    """Orthogonal rows have length 1."""
    plain = Population(lambda seed: MLP(4, 4, 2, seed=seed), seeds=[0])
    nets = Population(lambda seed: NormalisedMLP(4, 4, 2, seed=seed), seeds=[0])
    torch.testing.assert_close(nets(X), plain(X))


def test_lengths_change_the_hessian_and_not_the_function():
    nets = population()
    longer = nets.take(range(3))
    for i in range(2):
        longer.views()[f"layers.{i}.weight"].mul_(4.0)
    assert torch.equal(longer(X), nets(X))
    loss = batch_mean(mean_square)
    here, there = (exact_hessian(hessian_product(p.member(0), loss, [(X, Y)])) for p in (nets, longer))
    block = slice(0, 20)  # the weights of the first layer
    torch.testing.assert_close(there[block, block], here[block, block] / 16)
    torch.testing.assert_close(there[-6:, -6:], here[-6:, -6:])  # the last layer


def test_descent_lengthens_and_the_gradient_is_at_right_angles():
    nets = population()
    trained = train(nets, X, Y, optimiser=gd(0.1), stop=Stop(1, None), loss=mean_square).population
    before, after = (p.module.lengths(p.weights) for p in (nets, trained))
    assert (after >= before - 1e-12).all()
    for i in range(2):
        w, moved = (p.views()[f"layers.{i}.weight"] for p in (nets, trained))
        torch.testing.assert_close((w * (moved - w)).sum(-1), torch.zeros(3, 5).double(), rtol=0, atol=1e-12)
