"""Descent within the top eigenvectors and outside of them: on a quadratic, each half descends its own components."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from landscape_lib.measure.curvature import eigenpairs, hessian_product, top_projection
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Stop, batch_mean, gd, mean_square, train


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


LOSS = batch_mean(mean_square)


@pytest.mark.parametrize("every", [1, 15])
def test_on_a_quadratic_either_half_moves_its_own_components_and_no_others(every):
    x = gaussian(40, 6) * torch.tensor([5.0, 4.0, 1.0, 0.8, 0.6, 0.4]).double()
    y = gaussian(40, seed=1)
    nets = Population(lambda seed: nn.Linear(6, 1, bias=False), [0, 1])
    vectors = torch.linalg.eigh(x.T @ x / 40).eigenvectors
    options = {"optimiser": gd(0.01), "stop": Stop(15), "loss": mean_square}
    plain, inside, outside = (
        (train(nets, x, y, project=project, **options).population.weights - nets.weights) @ vectors
        for project in (
            None,
            top_projection(LOSS, [(x, y)], 2, every=every, tolerance=1e-12),
            top_projection(LOSS, [(x, y)], 2, every=every, tolerance=1e-12, out=True),
        )
    )
    # Eigenvectors are known to the tolerance over the gaps, of about the largest eigenvalue.
    assert_close(inside[:, 4:], plain[:, 4:], rtol=1e-9, atol=1e-9)
    assert_close(outside[:, :4], plain[:, :4], rtol=1e-9, atol=1e-9)
    assert inside[:, :4].abs().max() < 1e-9 and outside[:, 4:].abs().max() < 1e-9


def test_its_space_is_that_of_the_weights_where_the_network_is():
    """Every third step the space is that of the present weights; in between it stays; networks leave on the way."""
    x, y = gaussian(20, 3), gaussian(20, seed=1)
    nets = Population(lambda seed: MLP(3, 4, 1, activation="tanh", seed=seed), range(3))
    project = top_projection(LOSS, [(x, y)], 2, every=3)
    gradients, spaces = gaussian(3, nets.weights.shape[1]), {}
    for step in range(5):
        places = torch.arange(3) if step < 2 else torch.tensor([0, 2])
        left = nets.take(places)
        left.weights = left.weights + 0.3 * step
        found = project(left, gradients[places], places)
        for place, i in enumerate(places.tolist()):
            if step % 3 == 0:
                product = hessian_product(left.member(place), LOSS, [(x, y)])
                spaces[i] = eigenpairs(product, 2, tolerance=1e-3).vectors
            assert_close(found[place], spaces[i] @ (spaces[i].T @ gradients[i]))


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: top_projection(LOSS, [], 0), "k is 0, need a whole number of at least 1"),
        (lambda: top_projection(LOSS, [], 2, every=1.5), "every is 1.5, need a whole number"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
