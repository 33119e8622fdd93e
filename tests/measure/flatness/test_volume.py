"""Volumes by rays, against ellipsoids whose volume is known, and against scipy and counting."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import special_ortho_group

from landscape_lib.measure.flatness import ball_log_volume, log_volume, loss_level
from landscape_lib.nets import MLP, Population
from landscape_lib.training import cross_entropy, mean_square


def ellipsoid(curvatures, threshold):
    """ln of the volume of ½ Σ λ_i x_i² < threshold."""
    N = len(curvatures)
    return N / 2 * math.log(2 * math.pi * threshold) - math.lgamma(N / 2 + 1) - np.log(curvatures).sum() / 2


def bowl(curvatures):
    own = torch.as_tensor(curvatures)
    return lambda x: (own * x.square()).sum(1) / 2


@pytest.mark.parametrize("N", [1, 2, 3, 10])
def test_balls(N):
    known = {1: 2, 2: math.pi, 3: 4 * math.pi / 3, 10: math.pi**5 / 120}[N]
    assert math.exp(ball_log_volume(N)) == pytest.approx(known)
    assert math.exp(ball_log_volume(N, math.log(2.0))) == pytest.approx(known * 2**N)


def spectra(N, seed=0):
    rng = np.random.default_rng(seed)
    log_normal = np.exp(rng.standard_normal(N))
    network = np.concatenate([rng.uniform(1, 100, 10), np.exp(rng.uniform(np.log(1e-4), np.log(1e-2), N - 10))])
    return {"log-normal": log_normal, "network": network}


@pytest.mark.parametrize("N", [50, 1000])
def test_the_sphere_passes_and_the_ellipsoid_does_not(N):
    assert log_volume(bowl(np.ones(N)), N, 0.3).value == pytest.approx(ellipsoid(np.ones(N), 0.3), abs=1e-3)
    for name, curvatures in spectra(N).items():
        exact = ellipsoid(curvatures, 0.3)
        plain = log_volume(bowl(curvatures), N, 0.3, rays=500)
        assert plain.value < exact - {50: 1, 1000: 100}[N], name
        right = log_volume(bowl(curvatures), N, 0.3, preconditioner=torch.tensor(curvatures**-0.5), rays=3)
        assert right.value == pytest.approx(exact, abs=1e-3)
        assert right.lower == pytest.approx(exact, abs=1e-3) and right.error < 1e-3
        assert plain.lower + 4 * plain.error < plain.value
        assert right.effective_rays == pytest.approx(3, abs=1e-3) and plain.effective_rays < 25


def test_a_damped_preconditioner_lies_between():
    curvatures = spectra(300)["network"]
    exact = ellipsoid(curvatures, 1.0)
    found = [
        log_volume(bowl(curvatures), 300, 1.0, preconditioner=torch.tensor((curvatures + damping) ** -0.5)).value
        for damping in (0.0, 1e-2, 1e2)
    ]
    assert found == sorted(found, reverse=True) and found[0] == pytest.approx(exact, abs=1e-3)


def test_jensens_bound_is_below_and_scatters_less():
    curvatures = spectra(300)["network"]
    A = torch.tensor((curvatures + 1e-2) ** -0.5)
    found = [log_volume(bowl(curvatures), 300, 1.0, preconditioner=A, rays=50, seed=seed) for seed in range(20)]
    values, lower = (np.array([getattr(one, name) for one in found]) for name in ("value", "lower"))
    assert lower.std() < values.std() / 2
    assert lower.std() == pytest.approx(np.mean([one.error for one in found]), rel=0.5)
    # N ⟨ln r⟩ by another way: r^(−2) = Σ λ_i a_i² u_i²/2 along A u
    u = np.random.default_rng(0).standard_normal((20_000, 300))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    mean = -150 * np.log((u**2 * curvatures / (curvatures + 1e-2)).sum(1) / 2).mean() + A.log().sum().item()
    assert lower.mean() == pytest.approx(ball_log_volume(300) + mean, abs=3 * lower.std() / 20**0.5 + 1)
    assert (lower < ellipsoid(curvatures, 1.0)).all()


def test_axes_at_an_angle():
    turn = special_ortho_group.rvs(20, random_state=1)
    curvatures = np.exp(np.linspace(-4, 4, 20))
    H = turn @ np.diag(curvatures) @ turn.T
    A = torch.tensor(turn @ np.diag(curvatures**-0.5) @ turn.T)
    found = log_volume(lambda x: ((x @ torch.tensor(H)) * x).sum(1) / 2, 20, 0.5, preconditioner=A, rays=4)
    assert found.value == pytest.approx(ellipsoid(curvatures, 0.5), abs=1e-4)


def test_a_flat_square_by_many_rays():
    """In two dimensions nothing is rare: the area of |x| + |y| < 1 is 2, and of a ring's hole that of the hole."""
    square = log_volume(lambda x: x.abs().sum(1), 2, 1.0, rays=20_000)
    assert math.exp(square.value) == pytest.approx(2, rel=0.02)

    def ring(x):
        r = x.norm(dim=1)
        return torch.where((r > 1) & (r < 2), 9.0, 0.0) + (r > 5) * 9.0

    assert math.exp(log_volume(ring, 2, 1.0, rays=10).value) == pytest.approx(math.pi, rel=1e-4)


def test_the_volume_does_not_hang_on_the_units_of_the_loss():
    here = log_volume(bowl(np.ones(40)), 40, 1.0).value
    assert log_volume(lambda x: 1e6 * bowl(np.ones(40))(x), 40, 1e6).value == pytest.approx(here, abs=1e-4)
    assert log_volume(bowl(np.ones(40)), 40, 1e-6).value == pytest.approx(here + 20 * math.log(1e-6), abs=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_linear_network_has_the_volume_of_its_quadratic(dtype):
    inputs = torch.randn(30, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    nets = Population(lambda seed: torch.nn.Linear(3, 1), seeds=[0, 1], dtype=dtype)
    targets = nets(inputs.to(dtype))[1, :, 0]
    level = loss_level(nets, 1, inputs.to(dtype), targets, mean_square)
    full = np.c_[inputs.numpy(), np.ones(30)]
    H = full.T @ full / 30
    values, vectors = np.linalg.eigh(H)
    A = torch.tensor(vectors @ np.diag(values**-0.5) @ vectors.T)
    found = log_volume(level, 4, 0.01, preconditioner=A, rays=20)
    assert found.value == pytest.approx(ellipsoid(values, 0.01), abs=1e-4 if dtype == torch.float64 else 0.01)


def test_a_level_is_of_its_own_network_and_leaves_it_alone():
    nets = Population(lambda seed: MLP(3, 4, 1, outputs=2, seed=seed), seeds=[0, 1])
    x, y = torch.eye(3, dtype=torch.float64), torch.tensor([0.0, 1.0, 1.0], dtype=torch.float64)
    before = nets.weights.clone()
    level = loss_level(nets, 1, x, y)
    away = nets.weights[0] - nets.weights[1]
    losses = cross_entropy(nets(x), y).mean(-1)
    found = level(torch.stack([away, 0 * away]))
    torch.testing.assert_close(found, torch.stack([losses[0] - losses[1], 0 * losses[0]]))
    assert torch.equal(nets.weights, before)


def test_door(as_user):
    with pytest.raises(ValueError, match="rays are outside at a radius of 1e-09; the threshold is -1"):
        log_volume(bowl(np.ones(3)), 3, -1.0)
    with pytest.raises(ValueError, match="no volume is that large"):
        log_volume(lambda x: 0 * x[:, 0], 3, 1.0)
    with pytest.raises(ValueError, match="N is 0, need a whole number"):
        log_volume(bowl(np.ones(3)), 0, 1.0)
    with pytest.raises(ValueError, match="rays is 2.5, need a whole number"):
        log_volume(bowl(np.ones(3)), 3, 1.0, rays=2.5)
    with pytest.raises(ValueError, match="the preconditioner is singular"):
        log_volume(bowl(np.ones(3)), 3, 1.0, preconditioner=torch.tensor([1.0, 0.0, 1.0]))
    with pytest.raises(ValueError, match=r"the preconditioner has shape \(2,\)"):
        log_volume(bowl(np.ones(3)), 3, 1.0, preconditioner=torch.ones(2))
    with pytest.raises(ValueError, match=r"level returned shape \(\)"):
        log_volume(lambda x: x.sum(), 3, 1.0)
    with pytest.raises(ValueError, match="threshold is nan"):
        log_volume(bowl(np.ones(3)), 3, math.nan)
