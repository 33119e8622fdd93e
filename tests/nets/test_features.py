"""Fixed features against NumPy's polynomials and the kernel that random features approach."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from landscape_lib.nets import legendre, random_fourier


@given(degree=st.integers(0, 40), x=st.lists(st.floats(-1, 1), min_size=1, max_size=5))
def test_legendre_polynomials_are_numpys(degree, x):
    exact = np.polynomial.legendre.legvander(np.array(x), degree) * np.sqrt(2 * np.arange(degree + 1) + 1)
    assert_close(legendre(torch.tensor(x, dtype=torch.float64), degree), torch.from_numpy(exact), rtol=1e-9, atol=1e-9)


def test_legendre_features_are_orthonormal():
    nodes, weights = np.polynomial.legendre.leggauss(40)
    features = legendre(torch.from_numpy(nodes), 30)
    gram = features.T @ (features * torch.from_numpy(weights)[:, None] / 2)  # a mean over [−1, 1]
    assert_close(gram, torch.eye(31, dtype=torch.float64), rtol=0, atol=1e-12)


def test_the_mean_product_of_random_features_is_the_gaussian_kernel():
    """To three standard errors of a mean of N products, each below 2 in size."""
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((6, 3)))
    N, width = 200_000, 1.7
    features = random_fourier(x, N, width=width, seed=1)
    kernel = torch.exp(-torch.cdist(x, x).square() / (2 * width**2))
    assert (features @ features.T / N - kernel).abs().max() < 3 * 2 / math.sqrt(N)


def test_a_larger_model_begins_with_the_smaller_one():
    x = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    small, large = (random_fourier(x, N, width=2.0, seed=3) for N in (17, 40))
    assert torch.equal(small, large[:, :17])
    assert not torch.equal(small, random_fourier(x, 17, width=2.0, seed=4))
    assert small.dtype == x.dtype


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: legendre(torch.zeros(2), -1), "degree is -1"),
        (lambda: legendre(torch.zeros(2), 1.5), "degree is 1.5"),
        (lambda: legendre(torch.tensor([1.01]), 2), r"x must lie in \[−1, 1\]"),
        (lambda: legendre(torch.tensor([math.nan]), 2), r"x must lie in \[−1, 1\]"),
        (lambda: random_fourier(torch.zeros(2, 3), 0, width=1.0), "N is 0"),
        (lambda: random_fourier(torch.zeros(2, 3), True, width=1.0), "N is True"),
        (lambda: random_fourier(torch.zeros(3), 4, width=1.0), r"inputs have shape \(3,\)"),
        (lambda: random_fourier(torch.zeros(2, 3), 4, width=0.0), "width is 0.0"),
        (lambda: random_fourier(torch.zeros(2, 3), 4, width=math.inf), "width is inf"),
        (lambda: random_fourier(torch.zeros(2, 3), 4, width=1.0, seed=-1), "seed is -1"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
