"""Learning curves of kernels: test error against P, where the exponent is known, and on images."""

import hashlib
import math
import time
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import on_sphere
from landscape_lib.experiments.feature_lazy import task
from landscape_lib.measure.ensembles import errors
from landscape_lib.measure.kernel import KernelRegression, infinite_kernels, kernel_ridge, laplace_kernel

KERNELS = ("laplace", "ntk")


def learning_curve(
    dataset: str,
    sizes: Sequence[int],
    *,
    seeds: Sequence[int],
    d: int | None = None,
    kernel: str = "laplace",
    L: int = 2,
    ridge: float = 0.0,
    tests: int = 1000,
) -> list[dict[str, Any]]:
    """Kernel regression on P points, without a ridge unless asked: one row a size P and seed.

    ``dataset`` "sphere": points uniform on the unit sphere S^d in d + 1 dimensions, targets one draw of a Gaussian
    process with the Laplace kernel exp(−‖x − x'‖), student the same kernel: the mean square error falls with P^(−1/d)
    (Spigler, Geiger & Wyart 2020, 1905.10843). A data set of images: its pixels and parity as ±1, with the
    ``"laplace"`` kernel, whose width is the inputs' norm √features, or the infinitely wide network's of L hidden
    layers, ``"ntk"``.

    ``square`` is the mean of (f − y)² on the test points, ``error`` the share of wrong signs (images), ``digits`` what
    the conditioning leaves of the solution. Smaller P are the first points of the largest; the tests are the same.
    """
    if kernel not in KERNELS:
        raise ValueError(f"learning_curve: unknown kernel {kernel!r}, choose one of {KERNELS}")
    rows = []
    for seed in seeds:
        began, most = time.perf_counter(), max(sizes)
        if dataset == "sphere":
            if d is None or d < 1:
                raise ValueError(f"learning_curve: d is {d!r}, the sphere needs a dimension of at least 1")
            x, y, points, targets = sphere(most, d, seed, tests)
            width, sha256 = 1.0, hashlib.sha256(x.numpy().tobytes() + y.numpy().tobytes()).hexdigest()
        else:
            own = task(dataset, "parity", most, d, seed, tests)
            x, y, points, targets, sha256 = own.inputs, own.labels, own.test_inputs, own.test_labels, own.sha256
            width = math.sqrt(x.shape[1])
        if kernel == "laplace":
            own_kernel, between = laplace_kernel(x, x, width), laplace_kernel(points, x, width)
        else:
            own_kernel, between = infinite_kernels(x, L=L).ntk, infinite_kernels(points, x, L=L).ntk
        for P in sorted(sizes):
            fit: KernelRegression = kernel_ridge(own_kernel[:P, :P], y[:P], ridge)
            f = fit(between[:, :P])
            rows.append(
                {
                    "dataset": dataset,
                    "kernel": kernel,
                    "d": d if dataset == "sphere" else x.shape[1],
                    "P": P,
                    "seed": seed,
                    "ridge": ridge,
                    "square": (f - targets).square().mean().item(),
                    "error": None if dataset == "sphere" else errors(f[:, None], targets).item(),
                    "digits": fit.digits,
                    "seconds": time.perf_counter() - began,
                    "data_sha256": sha256,
                }
            )
            began = time.perf_counter()
    return rows


def sphere(
    P: int, d: int, seed: int, tests: int
) -> tuple[Float[Tensor, "P features"], Float[Tensor, "P"], Float[Tensor, "tests features"], Float[Tensor, "tests"]]:
    """Points on S^d, P to train on and others to test, with a Gaussian process of covariance exp(−‖x − x'‖) on them."""
    generator = torch.Generator().manual_seed(seed)
    x = on_sphere(torch.randn(P + tests, d + 1, generator=generator, dtype=torch.float64)) / math.sqrt(d + 1)
    y = torch.linalg.cholesky(laplace_kernel(x, x, 1.0)) @ torch.randn(len(x), generator=generator, dtype=torch.float64)
    return x[:P], y[:P], x[P:], y[P:]


EXPERIMENT = learning_curve
DIGITS: int | None = 6  # of floats in a table
