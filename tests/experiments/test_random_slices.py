"""Curvatures on the way down at toy size: against the Hessian by `torch.func` of a network trained alone."""

import numpy as np
import pytest
import torch
from torch.func import functional_call, grad, jacrev
from torch.nn import functional as F

from landscape_lib.experiments._classes import L, task
from landscape_lib.experiments.grids import random_slices as grids
from landscape_lib.experiments.random_slices import DIRECTIONS, ZERO, D, curvatures_on_the_way
from landscape_lib.nets import MLP

TINY = {"seeds": (0, 3), "lr": 0.2, "steps": (0, 7, 60)}
P, h = 40, 4


def at(seed, steps):
    """The loss of one network as a function of all weights in a row, and where descent has it after so many steps."""
    own = task("digits", P, seed, 0, d=D)
    x, y = own.inputs.double(), own.labels.long()
    network = MLP(D, h, L, outputs=10, activation="softplus", seed=seed).double()
    optimiser = torch.optim.SGD(network.parameters(), lr=TINY["lr"])
    for _ in range(steps):
        optimiser.zero_grad()
        F.cross_entropy(network(x), y).backward()
        optimiser.step()
    shapes = {name: p.shape for name, p in network.named_parameters()}

    def loss(theta):
        parts = theta.split([shape.numel() for shape in shapes.values()])
        weights = {name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
        return F.cross_entropy(functional_call(network, weights, (x,)), y)

    return network, loss, torch.cat([p.detach().flatten() for p in network.parameters()])


def test_a_row_is_the_hessian_of_its_network_and_its_hundred_slices():
    rows = curvatures_on_the_way("digits", P, h, **TINY)
    assert [(row["step"], row["seed"]) for row in rows] == [(step, s) for step in (0, 7, 60) for s in (0, 3)]
    for row in rows:
        network, loss, theta = at(row["seed"], row["step"])
        H, g = jacrev(grad(loss))(theta), grad(loss)(theta)
        values = torch.linalg.eigvalsh(H)
        assert row["N"] == len(theta) == 114
        close = {"rel": 1e-9, "abs": 1e-12}  # double precision, over sixty steps
        assert row["loss"] == pytest.approx(loss(theta).item(), **close)
        assert (row["lowest"], row["highest"]) == pytest.approx((values[0].item(), values[-1].item()), **close)
        assert row["mean"] == pytest.approx(H.trace().item() / 114, **close)
        assert row["down"] == (values < -ZERO * values[-1]).double().mean().item()
        assert row["flat"] == pytest.approx(((H @ g).norm() / g.norm() / values[-1]).item(), **close)

        curvatures = []
        for k in range(DIRECTIONS):
            drawn = torch.from_numpy(np.random.default_rng(1000 * row["seed"] + k).standard_normal(114))
            d = torch.zeros(114, dtype=torch.float64)
            for w, filters in blocks(network):
                for j, where in enumerate(filters):
                    d[where] = drawn[where] / drawn[where].norm() * w[j].norm()
            curvatures.append((d @ H @ d / (d @ d)).item())
        assert row["slices"] == pytest.approx(np.mean(curvatures), **close)
        assert row["up"] == np.mean(np.array(curvatures) > 0)

        # Over all directions: each filter's own mean curvature, by the square of its length. Cross terms are zero.
        weighed = sum(
            w[j].square().sum() * H[where, where].trace() / len(w[j])
            for w, filters in blocks(network)
            for j, where in enumerate(filters)
        )
        wanted = (weighed / sum(w.square().sum() for w, _ in blocks(network))).item()
        error = np.std(curvatures) / np.sqrt(DIRECTIONS)
        assert row["slices"] == pytest.approx(wanted, abs=4 * error)


def blocks(network):
    """Each weight matrix, and where its filters are among all weights."""
    begin = 0
    for p in network.parameters():
        if p.ndim == 2:
            yield p.detach(), [slice(begin + j * p.shape[1], begin + (j + 1) * p.shape[1]) for j in range(len(p))]
        begin += p.numel()


def test_raw_directions_show_the_mean_curvature():
    """E dᵀHd/dᵀd = tr H/N for a direction at random: what a mean over slices estimates, whatever the lowest is."""
    _, loss, theta = at(0, 60)
    H = jacrev(grad(loss))(theta)
    d = torch.from_numpy(np.random.default_rng(0).standard_normal((20_000, 114)))
    curvatures = ((d @ H) * d).sum(1) / d.square().sum(1)
    assert curvatures.mean().item() == pytest.approx(
        H.trace().item() / 114, abs=4 * curvatures.std().item() / 20_000**0.5
    )
    assert torch.linalg.eigvalsh(H)[0] < 0 < curvatures.mean()


@pytest.mark.parametrize(("budget", "N"), [("class", 618), ("paper", 2490)])
def test_the_grid_has_as_many_parameters_as_it_says(large, budget, N):
    widths = {point["h"] for point in grids.grid(budget, "mnist")}
    assert [sum(p.numel() for p in MLP(D, h, L, outputs=10).parameters()) for h in widths] == [N]
    assert f"N = {N:,}" in grids.grid.__doc__


@pytest.mark.parametrize("steps", [(), (20, 0), (0, 20, 20), (-1, 5)])
def test_door(as_user, steps):
    with pytest.raises(ValueError, match=r"curvatures_on_the_way: steps are \(.*\), need numbers that grow, from 0 on"):
        curvatures_on_the_way("digits", P, h, **TINY | {"steps": steps})
