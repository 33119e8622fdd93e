"""Least squares against NumPy's and SciPy's own, and against what defines the answer."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from landscape_lib.training import minimum_norm


def gaussian(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


@given(points=st.integers(1, 12), features=st.integers(1, 12), outputs=st.integers(1, 3), rank=st.integers(1, 12))
def test_it_is_the_answer_of_lapack_whatever_the_rank(points, features, outputs, rank):
    X = gaussian(points, rank, seed=points) @ gaussian(rank, features, seed=features)
    y = gaussian(points, outputs, seed=rank)
    w = minimum_norm(X, y, rcond=1e-9)
    assert_close(w, torch.from_numpy(np.linalg.lstsq(X.numpy(), y.numpy(), rcond=1e-9)[0]), rtol=1e-6, atol=1e-8)
    assert_close(w, torch.from_numpy(scipy.linalg.pinv(X.numpy(), rtol=1e-9)) @ y, rtol=1e-6, atol=1e-8)


def test_with_many_features_it_interpolates_and_no_other_interpolation_is_shorter():
    X, y = gaussian(10, 25), gaussian(10, 2, seed=1)
    w = minimum_norm(X, y)
    assert_close(X @ w, y)
    beside = torch.linalg.svd(X).Vh[10:].T @ gaussian(15, 2, seed=2)  # what X does not see
    assert_close(X @ (w + beside), y)
    assert ((w + beside).norm() > w.norm()) and abs((w * beside).sum()) < 1e-10


def test_gradient_descent_from_zero_goes_there():
    X, y = gaussian(6, 20), gaussian(6, 1, seed=1)
    w = torch.zeros(20, 1, dtype=torch.float64)
    for _ in range(2000):
        w -= 0.02 * X.T @ (X @ w - y)
    assert_close(w, minimum_norm(X, y), rtol=1e-9, atol=1e-9)


def test_a_stack_is_solved_like_its_members():
    X, y = gaussian(3, 5, 7, seed=3), gaussian(3, 5, 2, seed=4)
    assert_close(minimum_norm(X, y), torch.stack([minimum_norm(a, b) for a, b in zip(X, y, strict=True)]))


def test_features_of_no_variation_have_no_weight():
    assert minimum_norm(torch.zeros(3, 4), torch.ones(3, 1)).eq(0).all()


@pytest.mark.parametrize(
    "features, targets, options, says",
    [
        (torch.ones(3), torch.ones(3), {}, r"features have shape \(3,\)"),
        (torch.ones(3, 2), torch.ones(3), {}, r"targets \(3,\), need \(…, points, features\)"),
        (torch.ones(3, 2), torch.ones(4, 1), {}, r"targets \(4, 1\)"),
        (torch.ones(0, 2), torch.ones(0, 1), {}, "at least one point and one feature"),
        (torch.full((3, 2), math.nan), torch.ones(3, 1), {}, "NaN or infinity"),
        (torch.ones(3, 2), torch.full((3, 1), math.inf), {}, "NaN or infinity"),
        (torch.ones(3, 2), torch.ones(3, 1), {"rcond": -0.1}, "rcond is -0.1"),
        (torch.ones(3, 2), torch.ones(3, 1), {"rcond": math.nan}, "rcond is nan"),
        (torch.ones(3, 2), torch.ones(3, 1), {"rcond": True}, "rcond is True"),
    ],
)
def test_door(as_user, features, targets, options, says):
    with pytest.raises(ValueError, match=says):
        minimum_norm(features, targets, **options)
