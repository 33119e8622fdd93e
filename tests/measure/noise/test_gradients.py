"""The noise of gradients, against gradients taken one by one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from landscape_lib.measure.noise import gradient_noise, point_gradients
from landscape_lib.nets import CNN, MLP, ResidualMLP

POINTS = 12


def cases():
    classes = torch.arange(POINTS) % 3
    signs = torch.tensor([1.0, -1.0] * (POINTS // 2), dtype=torch.float64)

    def hinge(outputs, labels):
        return 0.5 * (1 - labels * outputs[:, 0]).clamp(min=0).square().mean()

    return {
        "classes": (MLP(16, 5, 2, outputs=3, seed=0), F.cross_entropy, classes),
        "ntk, signs": (MLP(16, 5, 2, parametrisation="ntk", activation="softplus", seed=1), hinge, signs),
        "images": (CNN(4, 3, outputs=3, parametrisation="ntk", seed=2), F.cross_entropy, classes),
        "signals": (CNN(16, 3, outputs=3, rows=1, seed=2), F.cross_entropy, classes),
        "skips": (ResidualMLP(16, 4, 2, outputs=3, seed=3), F.cross_entropy, classes),
        "any": (nn.Sequential(nn.Linear(16, 4), nn.GELU(), nn.Linear(4, 3, bias=False)), F.cross_entropy, classes),
    }


def points(seed=0):
    return torch.randn(POINTS, 16, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def one_by_one(net, loss, x, y):
    rows = []
    for i in range(len(x)):
        grads = torch.autograd.grad(loss(net(x[i : i + 1]), y[i : i + 1]), list(net.parameters()))
        rows.append(torch.cat([g.flatten() for g in grads]))
    return torch.stack(rows)


@pytest.mark.parametrize("name", cases())
@pytest.mark.parametrize("memory", [1e9, 3e4])
def test_gradients_of_points_are_those_taken_one_by_one(name, memory):
    net, loss, y = cases()[name]
    net, x = net.double(), points()
    wanted = one_by_one(net, loss, x, y)
    blocks = list(point_gradients(net, loss, x, y, memory=memory))
    assert len(blocks) > 1 or memory == 1e9
    torch.testing.assert_close(torch.cat(blocks), wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", cases())
@pytest.mark.parametrize("memory", [1e9, 3e4])
def test_mean_and_covariance_are_numpys(name, memory):
    net, loss, y = cases()[name]
    net, x = net.double(), points()
    g = one_by_one(net, loss, x, y).numpy()
    noise = gradient_noise(net, loss, x, y, top=5, memory=memory)
    covariance = np.cov(g.T, bias=True)
    np.testing.assert_allclose(noise.gradient.numpy(), g.mean(0), rtol=1e-9, atol=1e-12)
    assert noise.trace == pytest.approx(np.trace(covariance), rel=1e-9)
    np.testing.assert_allclose(noise.eigenvalues.numpy(), np.linalg.eigvalsh(covariance)[::-1][:5], rtol=1e-8)
    assert noise.scale == pytest.approx(np.trace(covariance) / (g.mean(0) @ g.mean(0)), rel=1e-9)
    assert all(p.grad is None for p in net.parameters()), "no .grad is touched"


def test_batches_scatter_as_sigma_over_b():
    net, loss, y = cases()["classes"]
    g = torch.cat(list(point_gradients(net.double(), loss, points(), y)))
    noise, rng = gradient_noise(net, loss, points(), y), np.random.default_rng(0)
    for with_replacement, factor in ((True, 1.0), (False, (POINTS - 4) / (POINTS - 1))):
        draws = [g[rng.choice(POINTS, 4, replace=with_replacement)].mean(0) for _ in range(4000)]
        scatter = (torch.stack(draws) - noise.gradient).square().sum(1).mean().item()
        assert scatter == pytest.approx(noise.trace / 4 * factor, rel=0.05)


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 9), st.integers(0, 1000))
def test_all_eigenvalues_add_up_to_the_trace(P, seed):
    net, x = MLP(16, 3, 1, outputs=3, seed=seed).double(), points(seed)[:P]
    noise = gradient_noise(net, F.cross_entropy, x, torch.arange(P) % 3, top=P)
    assert noise.eigenvalues.sum().item() == pytest.approx(noise.trace, rel=1e-9)
    assert (noise.eigenvalues >= 0).all() and noise.eigenvalues.diff().max() <= 0


def test_points_that_are_all_alike_have_no_noise():
    net, x = MLP(16, 3, 1, outputs=3, seed=0).double(), points()[:1].expand(5, -1)
    noise = gradient_noise(net, F.cross_entropy, x, torch.zeros(5).long(), top=2)
    assert noise.trace == pytest.approx(0, abs=1e-14) and noise.eigenvalues.max() < 1e-14


def test_a_frozen_network_has_its_noise_and_stays_frozen():
    net = MLP(16, 3, 1, outputs=3, seed=0).double().requires_grad_(False)
    assert gradient_noise(net, F.cross_entropy, points(), torch.arange(POINTS) % 3).trace > 0
    assert not any(p.requires_grad for p in net.parameters())


def test_door(as_user):
    net, x, y = MLP(16, 3, 1, outputs=3).double(), points(), torch.arange(POINTS) % 3
    ok = (net, F.cross_entropy, x, y)
    for top in (-1, POINTS + 1, 1.0, True):
        with pytest.raises(ValueError, match=r"top is .*, need a whole number from 0 to P = 12"):
            gradient_noise(*ok, top=top)
    with pytest.raises(ValueError, match=r"eigenvalues of 12 points need .* GB, memory allows"):
        gradient_noise(*ok, top=1, memory=1000)
    with pytest.raises(ValueError, match="one point takes .* give more memory"):
        gradient_noise(*ok, memory=10)
    with pytest.raises(ValueError, match=r"inputs of shape \(0, 16\).*one point at least"):
        gradient_noise(net, F.cross_entropy, x[:0], y[:0])
    with pytest.raises(ValueError, match=r"targets of \(3,\)"):
        gradient_noise(net, F.cross_entropy, x, y[:3])
    with pytest.raises(ValueError, match="inputs are torch.float32 on cpu, the network torch.float64"):
        gradient_noise(net, F.cross_entropy, x.float(), y)
    with pytest.raises(ValueError, match="the loss of the first points is nan; look for NaN"):
        gradient_noise(net, F.cross_entropy, x * torch.nan, y)
    late = torch.cat([x[:-1], x[-1:] * torch.inf])
    with pytest.raises(ValueError, match="a gradient is NaN or infinite"):
        gradient_noise(net, F.cross_entropy, late, y)
    with pytest.raises(ValueError, match="loss returned shape"):
        gradient_noise(net, lambda f, t: F.cross_entropy(f, t, reduction="none"), x, y)
    with pytest.raises(ValueError, match="need a mean over points, of a loss of each"):
        gradient_noise(net, lambda f, t: F.cross_entropy(f, t, reduction="sum"), x, y)
    with pytest.raises(ValueError, match=r"BatchNorm1d .* call \.eval\(\)"):
        gradient_noise(nn.Sequential(nn.Linear(16, 3), nn.BatchNorm1d(3)).double(), F.cross_entropy, x, y)
    with pytest.raises(ValueError, match="Identity has no parameters"):
        next(point_gradients(nn.Identity(), F.cross_entropy, x, y))
    flat = gradient_noise(nn.Linear(16, 1).double(), lambda f, t: 0 * f.mean(), x, y)
    with pytest.raises(ValueError, match="the gradient is zero"):
        _ = flat.scale
