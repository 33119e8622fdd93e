"""What spectra, gradients and trajectories say: exact small cases, nulls, and what no change of units may move."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from landscape_lib.measure.curvature import (
    batch_sharpness,
    displacement,
    eigenpairs,
    exact_hessian,
    gradient,
    gradient_curvature,
    gradient_overlap,
    hessian_product,
    negative_share,
    outliers,
    peak_at_zero,
    spectral_density,
    valley_displacement,
)
from landscape_lib.nets import MLP


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network():
    net = MLP(6, 8, 2, outputs=4, activation="tanh", seed=1).double()
    return net, gaussian(40, 6), torch.arange(40) % 4


# spectra


@given(st.integers(1, 10), st.floats(2, 100), st.integers(0, 99))
def test_planted_outliers_are_counted_in_any_order_and_units(number, ratio, seed):
    bulk = 1 + gaussian(50, seed=seed).abs() * 0.05
    values = torch.cat([bulk, ratio * bulk.max() * torch.linspace(1, 1.5, number)])
    shuffled = values[torch.randperm(len(values), generator=torch.Generator().manual_seed(seed))]
    found = outliers(shuffled, most=20)
    assert found.number == number and found.ratio == pytest.approx(ratio)
    again = outliers(7 * shuffled, most=20)
    assert again.number == number and again.ratio == pytest.approx(ratio)
    assert outliers(values.sort(descending=True).values[:21], most=20) == found


def test_a_wishart_matrix_has_no_outliers_to_speak_of():
    """The null: its edge is smooth, gaps there are of order N^(−2/3), and a rank-three term of strength 10 is seen."""
    ratios = []
    for seed in range(20):
        X = gaussian(100, 200, seed=seed)
        ratios.append(outliers(torch.linalg.eigvalsh(X @ X.T / 200), most=20).ratio)
    U = torch.linalg.qr(gaussian(100, 3, seed=99)).Q
    planted = outliers(torch.linalg.eigvalsh(X @ X.T / 200 + 10 * U @ U.T), most=20)
    assert max(ratios) < 1.3 and planted.number == 3 and planted.ratio > 3


def test_only_ratios_of_positive_eigenvalues_count():
    assert outliers(torch.tensor([4.0, 2.0, 0.0, -9.0]), most=3) == (1, 2.0)


def test_the_peak_and_the_negative_share_are_counts():
    values = torch.tensor([-2.0, -1e-4, 0.0, 1e-4, 1.0])
    assert peak_at_zero(values) == 3 / 5 and peak_at_zero(values, 1e-5) == 1 / 5
    assert negative_share(values) == 1 / 5 and negative_share(values, 0.0) == 2 / 5
    assert peak_at_zero(100 * values) == 3 / 5 and negative_share(100 * values) == 1 / 5


def test_a_densitys_share_is_the_peak():
    """A network of one hidden layer with dead units: their weights are flat directions."""
    net, x, y = network()
    with torch.no_grad():
        net.layers[0].weight[:4] = 0
        net.layers[1].weight[:, :4] = 0
        net.layers[1].bias.zero_()
    product = hessian_product(net, F.cross_entropy, [(x, y)])
    values = torch.linalg.eigvalsh(exact_hessian(product))
    edge = 1e-3 * values.abs().max().item()
    weight, error = spectral_density(product, probes=20).share(-edge, edge)
    assert abs(weight - peak_at_zero(values)) < 4 * error and 0.05 < peak_at_zero(values) < 0.9


# gradients


def test_overlaps_of_a_gradient_add_up_and_are_k_over_N_at_random():
    g, Q = gaussian(30), torch.linalg.qr(gaussian(30, 30, seed=1)).Q
    assert gradient_overlap(g, Q) == pytest.approx(1)
    assert gradient_overlap(g, Q[:, :7]) + gradient_overlap(g, Q[:, 7:]) == pytest.approx(1)
    assert gradient_overlap(Q[:, :3] @ gaussian(3), Q[:, :3]) == pytest.approx(1)
    assert gradient_overlap(1e-200 * g, Q[:, :7]) == pytest.approx(gradient_overlap(g, Q[:, :7]))
    drawn = torch.tensor([gradient_overlap(gaussian(30, seed=seed), Q[:, :3]) for seed in range(400)])
    # Beta(k/2, (N − k)/2), of mean k/N and standard deviation 0.053: the mean of 400 is known to 0.0027.
    assert drawn.mean().item() == pytest.approx(0.1, abs=0.011)


def test_the_gradient_of_a_network_lies_more_in_the_top_directions_than_a_random_one():
    net, x, y = network()
    product = hessian_product(net, F.cross_entropy, [(x, y)])
    g, pairs = gradient(net, F.cross_entropy, [(x, y)]), eigenpairs(product, 4)
    H = exact_hessian(product)
    top = torch.linalg.eigh(H).eigenvectors[:, -4:]
    assert gradient_overlap(g, pairs.vectors) == pytest.approx(gradient_overlap(g, top), rel=1e-3)
    assert gradient_overlap(g, pairs.vectors) > 5 * 4 / len(g)


def test_the_curvature_of_a_gradient_is_a_share_of_the_largest():
    net, x, y = network()
    g = gradient(net, F.cross_entropy, [(x, y)])
    for scale in (1.0, 1e3):  # the loss in other units

        def loss(f, y, scale=scale):
            return scale * F.cross_entropy(f, y)

        product = hessian_product(net, loss, [(x, y)])
        values, vectors = torch.linalg.eigh(exact_hessian(product))
        largest = values.abs().max().item()
        found = gradient_curvature(product, g, largest)
        exact = ((values * (vectors.T @ g)).norm() / g.norm() / largest).item()
        assert found == pytest.approx(exact) and 0 < found < 1
        assert gradient_curvature(product, vectors[:, -1], values[-1].item()) == pytest.approx(1)
    flat = torch.diag(torch.tensor([1.0, -2.0, 0.0]))
    assert gradient_curvature(flat, torch.tensor([0.0, 0.0, 1e-3]), 2.0) == 0, "a gradient in the kernel"
    assert gradient_curvature(
        flat.double(), torch.tensor([0.0, 1e-200, 0.0], dtype=torch.float64), 2.0
    ) == pytest.approx(1)


def test_batch_sharpness_is_the_mean_of_rayleigh_quotients():
    net, x, y = network()
    batches = list(zip(x.split(8), y.split(8), strict=True))
    quotients = []
    for batch in batches:
        g, H = gradient(net, F.cross_entropy, [batch]), exact_hessian(hessian_product(net, F.cross_entropy, [batch]))
        quotients.append(g @ H @ g / (g @ g))
    value, error = batch_sharpness(net, F.cross_entropy, batches)
    assert value == pytest.approx(torch.stack(quotients).mean().item())
    assert error == pytest.approx((torch.stack(quotients).std() / math.sqrt(5)).item())
    whole, unknown = batch_sharpness(net, F.cross_entropy, [(x, y)])
    top = eigenpairs(hessian_product(net, F.cross_entropy, [(x, y)]), 1).values.item()
    assert math.isnan(unknown) and 0 < whole < top


def test_of_single_points_and_a_linear_model_it_is_the_mean_square_of_inputs():
    """½ (w·x − y)²: g = (w·x − y) x, H = x xᵀ, and the quotient ‖x‖² whatever w is."""
    net, x, y = nn.Linear(3, 1, bias=False).double(), gaussian(20, 3), gaussian(20, 1, seed=1)
    batches = list(zip(x.split(1), y.split(1), strict=True))
    value, _ = batch_sharpness(net, lambda f, y: F.mse_loss(f, y) / 2, batches)
    assert value == pytest.approx(x.square().sum(1).mean().item())
    y[:5] = net(x[:5]).detach()  # fitted: they have no gradient, and are left out
    value, _ = batch_sharpness(net, lambda f, y: F.mse_loss(f, y) / 2, batches)
    assert value == pytest.approx(x[5:].square().sum(1).mean().item())


# aging


def test_a_ball_in_a_valley_moves_as_a_simulated_one():
    rng, stiff, T, dt = np.random.default_rng(0), np.array([0.02, 0.2]), 0.05, 0.05
    x = np.ones((40_000, 2))
    for step in range(1, 601):  # to t = 30
        if step == 201:
            waited = x.copy()
        x = x - dt * stiff * x + np.sqrt(2 * T * dt) * rng.standard_normal(x.shape)
    exact = valley_displacement(stiff, T, wait=10.0, lag=20.0)
    assert np.square(x - waited).mean() == pytest.approx(exact, rel=0.02)


def test_a_flat_valley_diffuses_and_a_cold_one_slides():
    flat = valley_displacement(np.array([1e-9]), 0.5, wait=100.0, lag=3.0)
    assert flat == pytest.approx(3.0, rel=1e-6), "2 T t"
    slides = valley_displacement(np.array([0.1]), 0.0, wait=10.0, lag=10.0)
    assert slides == pytest.approx((np.exp(-1) - np.exp(-2)) ** 2)


def test_displacements_are_mean_squares_of_differences():
    w = gaussian(6, 3, 10)
    D = displacement(w)
    assert D.shape == (6, 6, 3) and D[2, 5, 1] == (w[5, 1] - w[2, 1]).square().mean()
    assert_close(D, D.transpose(0, 1)) and D.diagonal().eq(0).all()
    assert_close(D[..., 1], displacement(w[:, 1]))


def test_a_random_walk_does_not_age_and_one_that_slows_down_does():
    """Steps of fixed length: Δ = t whatever t_w is. Steps of length 1/√s: Δ = ln(1 + t/t_w), the longer the smaller."""
    steps = gaussian(400, 2000)
    walk = displacement(steps.cumsum(0)[[9, 19, 109, 119]])
    # A mean square of 2000 parameters is known to √(2/2000) = 3%.
    assert_close(walk[0, 1], torch.tensor(10.0).double(), rtol=0.12, atol=0)
    assert_close(walk[2, 3], walk[0, 1], rtol=0.2, atol=0)
    slowing = (steps / torch.arange(1, 401).sqrt()[:, None]).cumsum(0)
    aged = displacement(slowing[[9, 19, 109, 119]])
    assert_close(aged[0, 1], torch.tensor(math.log(20.5 / 10.5)).double(), rtol=0.12, atol=0)
    assert_close(aged[2, 3], torch.tensor(math.log(120.5 / 110.5)).double(), rtol=0.12, atol=0)


def test_small_steps_far_from_zero_keep_their_digits():
    w = 1e3 + torch.tensor([[0.0, 0.0], [1e-6, 1e-6]], dtype=torch.float64)
    assert displacement(w)[0, 1].item() == pytest.approx(1e-12, rel=1e-6)  # w itself is known to 1e-13


# doors

V = torch.tensor([3.0, 2.0, 1.0])
X, Y = gaussian(4, 2), torch.zeros(4, 1).double()
NET = nn.Linear(2, 1).double()


@pytest.mark.parametrize(
    "call, says",
    [
        *[(lambda n=n: outliers(V, n), f"most is {n}, need a whole number from 1 to 2") for n in (0, 3, 1.0, True)],
        (lambda: outliers(-V, 1), "0 positive eigenvalues, need two"),
        (lambda: outliers(V[None], 1), r"eigenvalues have shape \(1, 3\); need \(eigenvalues,\)"),
        (lambda: peak_at_zero(V / 0), r"peak_at_zero: eigenvalues have shape \(3,\); .* all finite"),
        (lambda: peak_at_zero(V[:0]), r"shape \(0,\)"),
        (lambda: negative_share(V, 1.0), "negative_share: fraction is 1.0, need a number of at least 0 and below 1"),
        (lambda: gradient_overlap(V, torch.ones(2, 1)), r"vectors have shape \(2, 1\), need \(3, k\)"),
        (lambda: gradient_overlap(V, torch.ones(3, 1)), "vectors are not orthonormal"),
        (lambda: gradient_overlap(0 * V, torch.eye(3)), "must be .* not zero"),
        (lambda: gradient_curvature(torch.eye(3), V * math.nan, 1.0), "must be .* finite"),
        (lambda: gradient_curvature(torch.eye(3), V, 0.0), "largest is 0.0, need the largest |λ|, a positive number"),
        (lambda: gradient_curvature(torch.eye(2), V, 1.0), r"vectors have shape \(3,\), need \(2,\)"),
        (
            lambda: batch_sharpness(NET, F.mse_loss, [(X[:3], Y[:3]), (X[3:], Y[3:])]),
            "batches of 3 and 1 points; need one size",
        ),
        (lambda: batch_sharpness(NET, lambda f, y: 0 * f.sum(), [(X, Y)]), "no batch has a gradient"),
        (lambda: batch_sharpness(NET, lambda f, y: f.sum() / 0, [(X, Y)]), "batch_sharpness: the loss is"),
        (lambda: displacement(V), r"weights have shape \(3,\); need \(times, parameters\)"),
        (lambda: displacement(V[None] / 0), "all finite"),
        (lambda: valley_displacement(np.array([1.0, 0.0]), 0.0, 1.0, 1.0), "all finite and above zero"),
        (lambda: valley_displacement(np.array([]), 0.0, 1.0, 1.0), "at least one curvature"),
        (lambda: valley_displacement(np.ones(2), 0.0, -1.0, 1.0), "wait -1.0, lag 1.0; need finite numbers from 0 on"),
        (lambda: valley_displacement(np.ones(2), float("nan"), 1.0, 1.0), "temperature nan"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
