"""Eigenpairs from products: planted spectra with multiplicities, dense eigenvalues of networks, and what is told."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.testing import assert_close

from landscape_lib.measure.curvature import (
    NotConvergedError,
    Product,
    eigenpairs,
    exact_hessian,
    hessian_product,
)
from landscape_lib.nets import MLP


def planted(values, seed=0, dtype=torch.float64):
    """A symmetric matrix with these eigenvalues, in a random basis."""
    generator = torch.Generator().manual_seed(seed)
    Q = torch.linalg.qr(torch.randn(len(values), len(values), generator=generator, dtype=torch.float64)).Q
    A = (Q * torch.as_tensor(values, dtype=torch.float64)) @ Q.T
    return ((A + A.T) / 2).to(dtype)


def assert_right(A, values, k, which, found, tolerance):
    """Values, residuals as told, orthonormal vectors; the error of a value is of second order, but for the rounding."""
    scale = max(abs(value) for value in values)
    rounding = 100 * torch.finfo(A.dtype).eps * scale
    exact = torch.tensor(sorted(values, reverse=which == "top")[:k], dtype=torch.float64).to(A)
    assert_close(found.values, exact, rtol=0, atol=tolerance * scale + rounding)
    residuals = (A @ found.vectors - found.vectors * found.values).norm(dim=0)
    assert_close(found.residuals, residuals, rtol=1e-3, atol=rounding)
    assert (found.residuals <= tolerance * scale * 1.001 + rounding).all()
    assert_close(found.vectors.T @ found.vectors, torch.eye(k).to(A), rtol=0, atol=1e3 * torch.finfo(A.dtype).eps)


BULK = torch.linspace(-1, 1, 120).tolist()
SPECTRA = {
    "simple": ([5.0, 4.0, 3.0, 2.5, *BULK], 4),
    "ten copies of the first, three of the second": ([5.0] * 10 + [4.0] * 3 + BULK, 12),
    "a pair that the tolerance cannot part": ([5.0, 5.0 - 1e-7, 4.0, *BULK], 3),
    "low rank": ([0.0] * 120 + [1.0, 2.0, 3.0], 5),
    "more negative than positive": ([-9.0, -9.0, -8.0, 1.0, *BULK], 3),
    "one value only": ([2.0] * 30, 7),
    "nothing": ([0.0] * 20, 3),
    "all of them": ([3.0, 1.0, 1.0, -2.0], 4),
    "one parameter": ([3.0], 1),
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("which", ["top", "bottom"])
@pytest.mark.parametrize("name", SPECTRA)
def test_planted_spectra_come_back(name, which, dtype):
    values, k = SPECTRA[name]
    A = planted(values, dtype=dtype)
    assert_right(A, values, k, which, eigenpairs(A, k, which=which), 1e-4)


@given(st.lists(st.tuples(st.integers(-12, 12), st.integers(1, 4)), min_size=1, max_size=8), st.integers(0, 99))
def test_any_spectrum_of_few_values_comes_back(groups, seed):
    values = [quarters / 4 for quarters, copies in groups for _ in range(copies)]
    A, k = planted(values, seed), 1 + seed % len(values)
    for which in ("top", "bottom"):
        assert_right(A, values, k, which, eigenpairs(A, k, which=which, tolerance=1e-8, seed=seed), 1e-8)


@pytest.mark.parametrize("which", ["top", "bottom"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_those_of_a_network_are_those_of_its_dense_hessian(activation, which):
    net = MLP(6, 8, 2, outputs=4, activation=activation).double()
    x = torch.randn(40, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    product = hessian_product(net, F.cross_entropy, [(x, torch.arange(40) % 4)])
    H = exact_hessian(product)
    found = eigenpairs(product, 6, which=which, tolerance=1e-8)
    assert_right(H, torch.linalg.eigvalsh(H).tolist(), 6, which, found, 1e-8)
    assert found.products < len(H)


def test_a_linear_readout_has_each_eigenvalue_once_an_output():
    """½ ‖W x − y‖² is the same quadratic form for each of ten outputs: λ₁ is tenfold; one start would see it once."""
    x = torch.randn(50, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    product = hessian_product(
        torch.nn.Linear(8, 10, bias=False).double(),
        lambda f, y: (f - y).square().sum(-1).mean() / 2,
        [(x, torch.zeros(50, 10, dtype=torch.float64))],
    )
    values = torch.linalg.eigvalsh(x.T @ x / 50).flip(0)
    assert_close(
        eigenpairs(product, 12).values, torch.cat([values[:1].repeat(10), values[1:2].repeat(2)]), rtol=1e-6, atol=0
    )


def test_products_are_counted_and_too_few_are_told():
    counted, A = [], planted(SPECTRA["ten copies of the first, three of the second"][0])

    def rows(vectors):
        counted.append(len(vectors))
        return vectors @ A

    product = Product(rows, len(A), A.dtype, A.device)
    found = eigenpairs(product, 3)
    assert found.products == sum(counted)
    with pytest.raises(
        NotConvergedError, match=r"after 6 products in blocks of 2, 0 of 3 residuals are below 0.0001 ×"
    ):
        eigenpairs(product, 3, products=7)
    counted.clear()
    with pytest.raises(NotConvergedError, match="in blocks of 3"):
        eigenpairs(product, 3, products=found.products - 1)
    assert sum(counted) < found.products


def test_the_seed_alone_decides():
    A, state = planted(SPECTRA["simple"][0]), torch.get_rng_state()
    one, other = eigenpairs(A, 2), eigenpairs(A, 2)
    assert one.vectors.equal(other.vectors) and torch.get_rng_state().equal(state)
    assert not eigenpairs(A, 2, seed=1).vectors.equal(one.vectors)


A = torch.diag(torch.tensor([3.0, 2.0, 1.0]))


@pytest.mark.parametrize(
    "call, says",
    [
        *[(lambda k=k: eigenpairs(A, k), rf"k is {k}, need a whole number from 1 to 3") for k in (0, 4, 1.0, True)],
        (lambda: eigenpairs(A, 1, which="LM"), "which is 'LM', choose 'top' or 'bottom'"),
        (lambda: eigenpairs(A, 1, tolerance=1e-9), "tolerance is 1e-09, .* at least 1e-06 in torch.float32"),
        (lambda: eigenpairs(A, 1, tolerance=1.0), "tolerance is 1.0, need a number below 1"),
        (lambda: eigenpairs(A, 2, products=1), "products is 1, need a whole number of at least k = 2"),
        (lambda: eigenpairs(A[:2], 1), r"the matrix has shape \(2, 3\)"),
        (lambda: eigenpairs(A / 0, 1), "holds NaN or infinity"),
        (lambda: eigenpairs(A + torch.ones(3, 3).triu(1), 1), "is not symmetric, .* by up to 1.0e"),
        (
            lambda: eigenpairs(Product(lambda rows: rows * math.nan, 3, A.dtype, A.device), 1),
            "a product holds NaN or infinity",
        ),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
