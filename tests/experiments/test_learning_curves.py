"""Learning curves of kernels: the exact exponent, and each number beside plain linear algebra."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from landscape_lib.experiments.feature_lazy import task
from landscape_lib.experiments.learning_curves import learning_curve, sphere
from landscape_lib.measure.kernel import infinite_kernels, laplace_kernel


@pytest.mark.parametrize("d", [1, 2, 4])
def test_on_the_sphere_the_square_error_falls_with_one_over_d(d):
    rows = learning_curve("sphere", (64, 128, 256, 512), seeds=range(10), d=d, tests=200)
    P = np.array([row["P"] for row in rows]).reshape(10, 4)
    slopes = np.polyfit(np.log(P[0]), np.log(np.array([row["square"] for row in rows]).reshape(10, 4)).T, 1)[0]
    error = slopes.std(ddof=1) / np.sqrt(10)
    assert error < 0.1 / d + 0.02
    assert abs(slopes.mean() + 1 / d) < 3 * error + 0.05  # at these P, d = 4 is not quite there


def test_a_row_is_plain_linear_algebra():
    own = task("digits", "parity", 60, None, 3, 100)
    for kernel, matrix in (
        ("laplace", lambda a, b: laplace_kernel(a, b, 8.0)),
        ("ntk", lambda a, b: infinite_kernels(a, b, L=2).ntk),
    ):
        rows = learning_curve("digits", (20, 60), seeds=(3,), kernel=kernel, tests=100)
        for row in rows:
            x, y = own.inputs[: row["P"]], own.labels[: row["P"]]
            f = matrix(own.test_inputs, x) @ torch.linalg.solve(matrix(x, x), y)
            assert row["square"] == pytest.approx((f - own.test_labels).square().mean().item(), rel=1e-6)
            assert row["error"] == pytest.approx((f.sign() != own.test_labels).double().mean().item())
            assert 8 < row["digits"] < 16
    (ridge,) = learning_curve("digits", (60,), seeds=(3,), tests=100, ridge=0.5)
    assert ridge["square"] != pytest.approx(rows[-1]["square"], rel=1e-3) and ridge["digits"] > 12


def test_the_teacher_has_the_covariance_it_is_drawn_with():
    drawn = [sphere(3, 2, 7, 1) for _ in range(2)]
    assert all(torch.equal(a, b) for a, b in zip(*drawn, strict=True))
    x, y, others, targets = sphere(500, 2, 0, 100)
    assert x.shape == (500, 3) and others.shape == (100, 3) and y.shape == (500,) and targets.shape == (100,)
    assert_close(x.norm(dim=1), torch.ones(500, dtype=torch.float64))
    white = torch.linalg.solve(torch.linalg.cholesky(laplace_kernel(x, x, 1.0)), y[:, None])
    assert abs(white.square().mean() - 1) < 4 * (2 / 500) ** 0.5


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"kernel": "gauss"}, r"unknown kernel 'gauss', choose one of \('laplace', 'ntk'\)"),
        ({"d": None}, "d is None, the sphere needs a dimension of at least 1"),
        ({"ridge": -1.0}, "ridge is -1.0"),
    ],
)
def test_door(as_user, wrong, says):
    with pytest.raises(ValueError, match=says):
        learning_curve(**{"dataset": "sphere", "sizes": (4,), "seeds": (0,), "d": 1, **wrong})
