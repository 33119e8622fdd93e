"""Densities and traces from random vectors: against explicit spectra, known densities, and exact moments."""

import math

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from landscape_lib.measure.curvature import (
    Product,
    exact_hessian,
    hessian_product,
    spectral_density,
    trace,
)
from landscape_lib.nets import MLP


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def planted(values, seed=0):
    Q = torch.linalg.qr(gaussian(len(values), len(values), seed=seed)).Q
    A = (Q * torch.as_tensor(values, dtype=torch.float64)) @ Q.T
    return (A + A.T) / 2


def network():
    net = MLP(6, 8, 2, outputs=4, activation="tanh").double()
    product = hessian_product(net, F.cross_entropy, [(gaussian(40, 6), torch.arange(40) % 4)])
    return product, exact_hessian(product)


def assert_within(measured, exact, factor=4.0):
    """4 standard errors, of ten probes or more: Student's t with 9 degrees is beyond them three times in a thousand."""
    value, error = measured
    assert abs(value - exact) <= factor * error + 1e-12 * abs(exact), f"{value} ± {error}, not {exact}"


# the quadrature of one probe is exact


def probe(product, seed=0):
    """The first probe's vector: drawn as the density draws it."""
    v = torch.randn(1, product.N, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)[0]
    return v / v.norm()


@pytest.mark.parametrize("steps", [1, 2, 5, 12])
def test_a_probes_moments_are_exact_up_to_twice_its_steps(steps):
    product, H = network()
    density, v = spectral_density(product, steps=steps, probes=2), probe(product)
    assert density.nodes.shape == density.weights.shape == (2, steps) and density.N == len(H)
    assert_close(density.weights.sum(1), torch.ones(2).double())
    power = v
    for p in range(2 * steps):
        moment = (density.nodes[0] ** p * density.weights[0]).sum()
        assert_close(moment, v @ power, rtol=1e-9, atol=1e-12)
        power = H @ power


def test_it_ends_where_the_space_is_exhausted():
    """Three values have three nodes, whatever their copies; more steps give weight to nothing else."""
    A = planted([2.0] * 30 + [0.0] * 60 + [-1.0] * 10)
    density = spectral_density(A, steps=50, probes=4)
    seen = density.weights > 1e-12
    near = (density.nodes[..., None] - torch.tensor([2.0, 0.0, -1.0])).abs().amin(-1)
    assert near[seen].max() < 1e-12
    Q = torch.linalg.eigh(A).eigenvectors
    shares = (Q.T @ probe(Product(lambda rows: rows @ A, 100, A.dtype, A.device))).square()
    for low, high, columns in ((1.0, 3.0, slice(70, 100)), (-0.5, 0.5, slice(10, 70)), (-2.0, -0.5, slice(10))):
        inside = (density.nodes[0] >= low) & (density.nodes[0] < high)
        assert_close(density.weights[0][inside].sum(), shares[columns].sum(), rtol=1e-9, atol=0)


def test_as_many_steps_as_parameters_are_all_eigenvalues():
    A = planted([3.0, 1.0, -2.0, 0.5])
    density = spectral_density(A, steps=100, probes=2)
    assert_close(density.nodes, torch.tensor([-2.0, 0.5, 1.0, 3.0]).double().expand(2, 4))


# means over probes


def test_moments_shares_and_density_are_those_of_the_spectrum():
    product, H = network()
    values = torch.linalg.eigvalsh(H)
    density = spectral_density(product, steps=60, probes=20)
    for p in (1, 2, 3):
        assert_within(density.mean(lambda x, p=p: x**p), (values**p).mean().item())
    gap = (values[-4] + values[-5]).item() / 2
    assert_within(density.share(gap), 4 / len(values))
    assert density.share()[0] == pytest.approx(1)
    at, width = torch.linspace(-0.5, 1.5, 9, dtype=torch.float64), 0.1
    smooth = torch.distributions.Normal(values, width).log_prob(at[:, None]).exp().mean(1)
    for value, error, exact in zip(*density(at, width), smooth, strict=True):
        assert_within((value.item(), error.item()), exact.item())


def test_the_density_of_a_wishart_matrix_is_that_of_marchenko_and_pastur():
    """X Xᵀ/n of N × n: √((λ₊ − λ)(λ − λ₋)) / (2π q λ) with q = N/n and λ± = (1 ± √q)²."""
    N, n = 400, 1600
    X, q = gaussian(N, n), 0.25
    density = spectral_density(X @ X.T / n, probes=20)
    at = torch.linspace(0.5, 1.9, 8, dtype=torch.float64)
    exact = ((2.25 - at) * (at - 0.25)).sqrt() / (2 * math.pi * q * at)
    value, error = density(at, width=0.1)
    # A Gaussian covers N ρ 2 √π σ = 85 eigenvalues, and 20 probes know their weights to √(2/85/20) = 3.4%.
    assert_close(value, exact, rtol=0.12, atol=0)
    assert ((0.01 < error / value) & (error / value < 0.07)).all()
    assert density.width == pytest.approx(2 / 100, rel=0.1)
    whole, _ = density(torch.linspace(-0.5, 3, 2000, dtype=torch.float64))
    assert torch.trapezoid(whole, dx=3.5 / 1999).item() == pytest.approx(1, abs=1e-3)


def test_the_errors_are_those_of_a_repetition():
    A = planted(torch.linspace(-1, 1, 50).square().tolist())
    values, errors = zip(
        *[spectral_density(A, steps=10, seed=seed).mean(torch.square) for seed in range(200)], strict=True
    )
    # A spread is known from 200 repetitions to 5%, and the mean of errors, squared, of 10 probes each, to 4%.
    spread = torch.tensor(values).std().item()
    assert torch.tensor(errors).square().mean().sqrt().item() == pytest.approx(spread, rel=0.25)
    assert_within((sum(values) / 200, spread / math.sqrt(200)), torch.linspace(-1, 1, 50).double().pow(4).mean().item())


def test_little_memory_and_single_precision_give_the_same():
    product, H = network()
    density = spectral_density(product, steps=20, probes=5)
    # One by one or side by side is rounding only, which Lanczos carries into nodes without weight, not into means.
    assert_close(
        spectral_density(product, steps=20, probes=5, memory=0.0).mean(torch.exp),
        density.mean(torch.exp),
        rtol=1e-10,
        atol=0,
    )
    single = spectral_density(H.float(), steps=20, probes=5)
    assert_close(single.mean(torch.exp), density.mean(torch.exp), rtol=1e-5, atol=0)


# traces


def test_a_trace_is_the_sum_of_the_eigenvalues():
    product, H = network()
    exact = H.trace().item()
    assert trace(H) == (exact, 0.0)
    assert trace(product, probes=len(H)) == (pytest.approx(exact, rel=1e-12), 0.0)
    assert_within(trace(product, probes=50), exact)
    _, error = trace(product, probes=len(H) - 1)
    off = H.square().sum() - H.diagonal().square().sum()
    assert error == pytest.approx(math.sqrt(2 * off / (len(H) - 1)), rel=0.3)  # known to 1/√(2·163) = 6%


def test_moments_of_the_density_are_hutchinsons():
    """Two estimates of tr H/N and tr H²/N, from other vectors."""
    product, H = network()
    density, N = spectral_density(product, steps=30, probes=20), len(H)
    for function, matrix in (
        (lambda x: x, product),
        (torch.square, Product(lambda rows: rows @ H @ H, N, H.dtype, H.device)),
    ):
        (value, error), (other, its) = density.mean(function), trace(matrix, probes=100, seed=1)
        assert_within((value, math.hypot(error, its / N)), other / N)


def test_the_seed_alone_decides():
    A, state = planted([1.0, 2.0, 3.0] * 20), torch.get_rng_state()
    assert spectral_density(A).weights.equal(spectral_density(A).weights)
    assert not spectral_density(A, seed=1).weights.equal(spectral_density(A).weights)
    product = Product(lambda rows: rows @ A, 60, A.dtype, A.device)
    assert trace(product, probes=5) == trace(product, probes=5) != trace(product, probes=5, seed=1)
    assert torch.get_rng_state().equal(state)


A = torch.diag(torch.tensor([3.0, 2.0, 1.0]))
NAN = Product(lambda rows: rows * math.nan, 3, A.dtype, A.device)


@pytest.mark.parametrize(
    "call, says",
    [
        *[
            (lambda n=n: spectral_density(A, steps=n), f"steps is {n}, need a whole number of at least 1")
            for n in (0, 2.5)
        ],
        *[(lambda n=n: spectral_density(A, probes=n), f"probes is {n}, need .* at least 2") for n in (1, True)],
        (lambda: spectral_density(A[:2]), r"the matrix has shape \(2, 3\)"),
        (lambda: spectral_density(NAN), "a product holds NaN or infinity"),
        (lambda: spectral_density(A)(torch.zeros(1), 0.0), "width is 0.0, need a positive number"),
        (lambda: spectral_density(torch.eye(3).double())(torch.zeros(1)), "give one to a spectrum without a range"),
        (lambda: trace(A, probes=1), "probes is 1, need a whole number of at least 2"),
        (lambda: trace(NAN), "a product holds NaN or infinity"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
