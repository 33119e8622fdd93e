"""The tangent kernel against explicit Jacobians, nngeometry and theory; what a kernel learns against linear algebra."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm
from torch import nn
from torch.autograd.functional import jacobian
from torch.testing import assert_close

from landscape_lib.data import on_sphere
from landscape_lib.measure.kernel import _tangent as tangents
from landscape_lib.measure.kernel import (
    infinite_kernels,
    kernel_change,
    kernel_features,
    kernel_flow,
    kernel_ridge,
    laplace_kernel,
    tangent_kernel,
    tangent_kernels,
)
from landscape_lib.nets import CNN, MLP, Population


def gaussian(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def with_biases(net, seed=0):
    """Biases that are not zero, so that a lost one is seen."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
    return net


def explicit(net, inputs):
    """∂f/∂w of every point by reverse differentiation of the module itself, (points, parameters)."""
    names, values = zip(*net.named_parameters(), strict=True)

    def outputs(*values):
        return torch.func.functional_call(net, dict(zip(names, values, strict=True)), (inputs,)).flatten()

    return torch.cat([part.flatten(1) for part in jacobian(outputs, values)], 1)


NETWORKS = [
    *[
        (MLP(5, 7, L, parametrisation=name, activation=phi, seed=L), 5)
        for L in (1, 3)
        for name in ("standard", "ntk", "mean_field")
        for phi in ("relu", "softplus")
    ],
    *[(CNN(9, 4, channels=2, parametrisation=name), 162) for name in ("he", "ntk", "mean_field")],
    *[(CNN(13, 3, rows=1, parametrisation=name, activation="softplus"), 13) for name in ("he", "mean_field")],
    (nn.Sequential(nn.Linear(5, 6), nn.LayerNorm(6), nn.GELU(), nn.Linear(6, 1, bias=False)), 5),
    (nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 1)).eval(), 5),
]


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-5), (torch.float64, 1e-10)])
@pytest.mark.parametrize("net, features", NETWORKS)
def test_it_is_the_gram_matrix_of_the_explicit_jacobian(net, features, dtype, tolerance):
    net = with_biases(net.to(dtype))
    x, others = gaussian(9, features, dtype=dtype), gaussian(4, features, seed=1, dtype=dtype)
    J, J_others = explicit(net, x), explicit(net, others)
    exact = J @ J_others.T
    # Over these networks rounding is below 1e-6 and 1e-15 of the largest entry; a lost bias costs more than 1e-2.
    assert_close(tangent_kernel(net, x, others), exact, rtol=0, atol=tolerance * exact.abs().max().item())
    exact = J @ J.T
    assert_close(tangent_kernel(net, x), exact, rtol=0, atol=tolerance * exact.abs().max().item())


@pytest.mark.parametrize("net, features", [NETWORKS[4], NETWORKS[12], NETWORKS[-1]])
def test_blocks_do_not_matter(net, features, monkeypatch):
    net, x, others = net.double(), gaussian(23, features), gaussian(11, features, seed=1)
    whole, between = tangent_kernel(net, x), tangent_kernel(net, x, others)
    monkeypatch.setattr(tangents, "_block", lambda *_: 5)
    assert_close(tangent_kernel(net, x), whole, rtol=1e-12, atol=1e-12)
    assert_close(tangent_kernel(net, x, others), between, rtol=1e-12, atol=1e-12)


def test_blocks_are_as_large_as_memory_allows():
    x = gaussian(1, 5)
    sizes = [tangents._block(MLP(5, 7, 1).double(), x, 100, memory) for memory in (1e4, 1e5, 1e6)]
    p = 6 + 7 + 8 + 1  # numbers of one point's factors: x and 1, δ_1, x_2 and 1, δ_2
    for b, memory in zip(sizes, (1e4, 1e5, 1e6), strict=True):
        assert 4 * p * b + 3 * b**2 + 100 <= memory / 8 < 4 * p * (b + 1) + 3 * (b + 1) ** 2 + 100


def test_a_network_of_ours_within_another_module_has_the_same_kernel():
    net, x = with_biases(MLP(5, 7, 2, parametrisation="ntk")).double(), gaussian(6, 5)
    assert_close(tangent_kernel(nn.Sequential(net), x), tangent_kernel(net, x))


@pytest.mark.parametrize("shared", [True, False])
def test_a_population_has_its_members_kernels(shared):
    nets = Population(lambda seed: MLP(4, 6, 2, parametrisation="ntk", seed=seed), range(3))
    x, others = (gaussian(5, 4), gaussian(2, 4)) if shared else (gaussian(3, 5, 4), gaussian(3, 2, 4))
    kernels, between = tangent_kernels(nets, x), tangent_kernels(nets, x, others)
    for i in range(3):
        own = (x, others) if shared else (x[i], others[i])
        assert_close(kernels[i], tangent_kernel(nets.member(i), own[0]))
        assert_close(between[i], tangent_kernel(nets.member(i), *own))


@given(seed=st.integers(0, 999), L=st.integers(1, 3), h=st.integers(1, 12), points=st.integers(1, 12))
def test_it_is_symmetric_and_positive_semi_definite(seed, L, h, points):
    kernel = tangent_kernel(with_biases(MLP(3, h, L, seed=seed), seed).double(), gaussian(points, 3, seed=seed))
    assert torch.equal(kernel, kernel.T) or (kernel - kernel.T).abs().max() < 1e-14 * kernel.abs().max()
    # Rounding may leave −1e-15 of the largest eigenvalue.
    assert torch.linalg.eigvalsh(kernel).min() > -1e-13 * kernel.diagonal().max()


def test_it_is_nngeometrys_gram_matrix():
    gram = pytest.importorskip("nngeometry.gram", reason="a benchmark's peer, not a dependency: pip install nngeometry")
    mlp, cnn = with_biases(MLP(5, 7, 2)), with_biases(CNN(8, 4))
    plain = nn.Sequential(mlp.layers[0], nn.ReLU(), mlp.layers[1], nn.ReLU(), mlp.layers[2])
    first, second = (nn.Sequential(layer, nn.ReLU(), nn.AvgPool2d(2)) for layer in (cnn.first, cnn.second))
    for net, theirs, features in (
        (mlp, plain, 5),
        (cnn, nn.Sequential(nn.Unflatten(1, (1, 8, 8)), first, second, nn.Flatten(), cnn.readout), 64),
    ):
        x = gaussian(10, features, dtype=torch.float32)
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, torch.zeros(10)), batch_size=10)
        exact = gram.GramMatrix(theirs, loader, function=lambda *batch, net=theirs: net(batch[0])).to_torch()
        assert_close(tangent_kernel(net, x), exact.reshape(10, 10), rtol=1e-5, atol=1e-5 * exact.abs().max().item())


# infinite width


def kernels_of(h, L, x, number):
    nets = (MLP(x.shape[1], h, L, parametrisation="ntk", seed=seed).double() for seed in range(number))
    return torch.stack([tangent_kernel(net, x) for net in nets])


@pytest.mark.parametrize("h, number", [(4, 1000), (16, 500), (64, 200)])
def test_the_mean_kernels_diagonal_is_that_of_infinite_width_at_any_width(h, number):
    """Exact for ReLU, which is scale invariant; between opposite points, narrow networks fall short by a tenth."""
    x = on_sphere(gaussian(1, 6, seed=2)) * torch.tensor([[1.0], [-1.0]])
    kernels, limit = kernels_of(h, 2, x, number), infinite_kernels(x, L=2).ntk
    mean, error = kernels.mean(0), kernels.std(0) / math.sqrt(number)
    assert (error / limit < 0.08).all()  # so that a lost bias (a sixth) or √2 (a half) is seen
    assert ((mean - limit).abs() < 3 * error).diagonal().all()
    if h == 4:
        assert mean[0, 1] < limit[0, 1] - 3 * error[0, 1]


def test_with_one_hidden_layer_the_mean_kernel_is_the_infinite_one():
    """At every width, off the diagonal too: the units are independent, and their number cancels."""
    x = gaussian(4, 3)
    kernels, limit = kernels_of(6, 1, x, 1000), infinite_kernels(x, L=1).ntk
    error = kernels.std(0) / math.sqrt(len(kernels))
    assert ((kernels.mean(0) - limit).abs() < 4 * error).all() and (error < 0.06 * limit.diagonal().max()).all()


def test_a_wide_networks_kernel_and_its_outputs_covariance_are_the_infinite_ones():
    x = gaussian(4, 3)
    limit = infinite_kernels(x, L=3)
    kernels = kernels_of(400, 3, x, 40)
    # 40 networks of width 400: a kernel fluctuates by some 15%, the mean's deviation, of order 1/h, is a percent.
    assert_close(kernels.mean(0), limit.ntk, rtol=0, atol=0.06 * limit.ntk.max().item())
    f = torch.cat([MLP(3, 400, 3, outputs=400, parametrisation="ntk", seed=s).double()(x).detach().T for s in range(5)])
    assert_close(f.T @ f / len(f), limit.nngp, rtol=0, atol=0.15 * limit.nngp.max().item())  # 5 × 400, correlated


@given(seed=st.integers(0, 999), L=st.integers(0, 4))
def test_the_recursion_is_a_gaussian_integral_a_layer(seed, L):
    """By quadrature over the two pre-activations in polar coordinates: E φφ' and E φ'φ''."""
    x = gaussian(2, 3, seed=seed)
    angles = torch.linspace(0, 2 * math.pi, 20_001, dtype=torch.float64)[:-1]
    directions = torch.stack([angles.cos(), angles.sin()])
    sigma, theta = x @ x.T / 3, x @ x.T / 3 + 1
    for _ in range(L):
        z = torch.linalg.cholesky(sigma + 1e-14 * torch.eye(2)) @ directions  # times a radius with E r² = 2
        on = (z[0] > 0) & (z[1] > 0)
        derivative = torch.tensor([[1.0, 2 * on.double().mean()], [2 * on.double().mean(), 1.0]]).double()
        cross = 4 * (z[0] * z[1] * on).mean()
        sigma = torch.tensor([[sigma[0, 0], cross], [cross, sigma[1, 1]]])
        theta = theta * derivative + sigma + 1
    limit = infinite_kernels(x, L=L)
    scale = theta.abs().max().item()
    assert_close(limit.nngp, sigma, rtol=0, atol=1e-3 * scale)  # 20,000 angles see the edge of a sector to 1e-4
    assert_close(limit.ntk, theta, rtol=0, atol=1e-3 * scale)


def test_in_mean_field_it_is_smaller_by_the_width_but_for_the_outputs_bias():
    x = gaussian(4, 3)
    ntk, mean_field = (
        tangent_kernel(MLP(3, 9, 2, parametrisation=name, seed=1).double(), x) for name in ("ntk", "mean_field")
    )
    assert_close(mean_field - 1, (ntk - 1) / 9)


# what a kernel learns


def problem(points=12, tests=5):
    x, others = gaussian(points, 3), gaussian(tests, 3, seed=1)
    return laplace_kernel(x, x, 2.0), gaussian(points, seed=2), laplace_kernel(others, x, 2.0)


def test_without_a_ridge_it_goes_through_all_targets_and_with_one_it_solves_the_normal_equations():
    K, y, tests = problem()
    f = kernel_ridge(K, y)
    assert_close(f(K), y)
    assert_close(f(tests), tests @ torch.linalg.solve(K, y))
    assert_close(kernel_ridge(K, y, 0.3).coefficients, torch.linalg.solve(K + 0.3 * torch.eye(12), y))
    columns = torch.stack([y, 2 * y], 1)
    assert_close(kernel_ridge(K, columns)(tests), tests @ torch.linalg.solve(K, columns))


@pytest.mark.parametrize("decades", [0.5, 3, 8])
def test_it_knows_its_condition_number(decades):
    Q = torch.linalg.qr(gaussian(30, 30)).Q
    K = Q @ torch.diag(torch.logspace(0, -decades, 30, dtype=torch.float64)) @ Q.T
    K = (K + K.T) / 2
    f = kernel_ridge(K, gaussian(30))
    assert 0.9 * 10**decades < f.condition < 1.01 * 10**decades  # power iterations end below
    assert f.digits == pytest.approx(15.65 - decades, abs=0.1)


def test_it_refuses_where_no_digit_is_left(as_user):
    x = gaussian(10, 3)
    twice = torch.cat([x, x[:1]])  # one point two times
    for K in (laplace_kernel(twice, twice, 1.0), tangent_kernel(MLP(3, 1, 1).double(), x)):
        with pytest.raises(ValueError, match=r"no digit of the solution is left; add a ridge of \de-\d\d or more"):
            kernel_ridge(K, torch.ones(len(K)).double())
        kernel_ridge(K, torch.ones(len(K)).double(), 1e-3)
    near = torch.cat([x, x[:1] + 1e-9])  # there are digits in double precision, none of a kernel of single precision
    kernel_ridge(laplace_kernel(near, near, 1.0), torch.ones(11).double())
    with pytest.raises(ValueError, match=r"in torch.float32, .* no digit of the solution is left"):
        kernel_ridge(laplace_kernel(near, near, 1.0).float(), torch.ones(11))


def test_gradient_flow_of_the_squared_loss_is_the_matrix_exponential():
    K, y, tests = problem()
    times = torch.tensor([0.0, 0.7, 20.0], dtype=torch.float64)
    F, F_tests = kernel_flow(K, y, times), kernel_flow(K, y, times, tests)
    for t, own, others in zip(times, F, F_tests, strict=True):
        decay = torch.from_numpy(expm(-(K * t / 12).numpy()))
        assert_close(own, y - decay @ y)
        assert_close(others, tests @ torch.linalg.solve(K, y - decay @ y))
    assert_close(kernel_flow(K, y, torch.tensor([1e9]), tests)[0], kernel_ridge(K, y)(tests))


def test_a_singular_kernel_has_a_flow():
    """Of one direction: what lies across it is never learnt."""
    v, y = torch.tensor([3.0, 4.0]).double(), torch.tensor([1.0, 2.0]).double()
    F = kernel_flow(torch.outer(v, v), y, torch.tensor([1e6]))
    assert_close(F[0], v * (v @ y) / 25)


def test_its_features_are_a_linear_model_with_that_kernel():
    K, _, tests = problem()
    features, others = kernel_features(K, tests)
    assert_close(features @ features.T, K)
    assert_close(others @ features.T, tests)
    v = torch.tensor([3.0, 4.0]).double()
    assert kernel_features(torch.outer(v, v))[0].shape == (2, 1)


def test_the_laplace_kernel_is_the_exponential_of_a_distance():
    x, others = gaussian(4, 3), gaussian(3, 3, seed=1)
    exact = [[math.exp(-np.linalg.norm(a - b) / 0.7) for b in others.numpy()] for a in x.numpy()]
    assert_close(laplace_kernel(x, others, 0.7), torch.tensor(exact, dtype=torch.float64))
    near = torch.cat([x, x + 1e-9])
    distance = -laplace_kernel(near, near, 1.0).log().diagonal(4)
    assert_close(distance, torch.full((4,), math.sqrt(3) * 1e-9, dtype=torch.float64), rtol=1e-5, atol=0)


def test_the_change_of_a_kernel_is_relative():
    K = gaussian(3, 4, 4)
    assert_close(kernel_change(1.5 * K, K), torch.full((3,), 0.5, dtype=torch.float64))
    assert kernel_change(K[0], K[0]) == 0


# doors


def batch_norm():
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))


X = torch.ones(3, 4)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: tangent_kernel(MLP(4, 3, 1), X, X[:, :3]), r"inputs have shape \(3, 4\) and others \(3, 3\)"),
        (lambda: tangent_kernel(MLP(4, 3, 1), X[0]), r"inputs have shape \(4,\)"),
        (lambda: tangent_kernel(MLP(4, 3, 1), X[:0]), r"inputs have shape \(0, 4\) .* one point at least"),
        (
            lambda: tangent_kernel(MLP(4, 3, 1), X.double()),
            "inputs are torch.float64 on cpu, the network torch.float32",
        ),
        (lambda: tangent_kernel(MLP(4, 3, 1), X, X.double()), "others are torch.float64 on cpu, the network"),
        (lambda: tangent_kernel(MLP(4, 3, 1, outputs=2), X), r"outputs of shape \(1, 2\) for one input, need one"),
        (lambda: tangent_kernel(MLP(4, 3, 1), X * math.nan), "a gradient is NaN or infinite"),
        (lambda: tangent_kernel(nn.ReLU(), X), "ReLU has no parameters, so no kernel"),
        (lambda: tangent_kernel(batch_norm(), X), r"BatchNorm1d \(1\) in training mode, .* call .eval\(\)"),
        (
            lambda: tangent_kernel(nn.Sequential(nn.Dropout(0.1), MLP(4, 3, 1)), X),
            r"Dropout \(0\) in training mode, where f\(x\) is no function of x alone and has no kernel",
        ),
        (
            lambda: tangent_kernel(MLP(4, 3, 1), X.repeat(100, 1), memory=1e5),
            r"a kernel of 90000 entries, with 13 numbers a point, needs 0.00036 GB at least, memory allows 0.0001 GB",
        ),
        (lambda: kernel_change(torch.ones(2, 2), torch.ones(3, 3)), r"kernels of shapes \(2, 2\) and \(3, 3\)"),
        (lambda: infinite_kernels(X, X[:, :2], L=1), r"inputs have shape \(3, 4\) and others \(3, 2\)"),
        (lambda: infinite_kernels(X, L=-1), "L is -1, need a whole number of hidden layers of at least 0"),
        (lambda: kernel_ridge(X, X[:, 0]), r"the kernel has shape \(3, 4\) and the targets \(3,\)"),
        (lambda: kernel_ridge(torch.eye(3), torch.ones(2)), r"the kernel has shape \(3, 3\) and the targets \(2,\)"),
        (lambda: kernel_ridge(torch.eye(3) / 0, torch.ones(3)), "kernel or targets hold NaN or infinity"),
        (lambda: kernel_ridge(torch.ones(3, 3).triu(), torch.ones(3)), "not symmetric, .* by up to 1.0e"),
        (lambda: kernel_ridge(torch.eye(3), torch.ones(3), -1.0), "ridge is -1.0, need a number of at least 0"),
        (lambda: kernel_flow(torch.eye(3), torch.ones(3), torch.tensor([-1.0])), "times are at least -1; need"),
        (lambda: kernel_flow(torch.eye(3), torch.ones(3), torch.ones(1), X), r"tests \(3, 4\)"),
        (lambda: kernel_features(torch.eye(3), X), r"tests have shape \(3, 4\), need \(tests, 3\)"),
        (lambda: laplace_kernel(X, X, 0.0), "width is 0.0, need a positive number"),
        (lambda: laplace_kernel(X, X[:, :2], 1.0), r"inputs have shape \(3, 4\) and others \(3, 2\)"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
