"""Fixed features: models that are linear in what is trained, so that their training has an answer in closed form."""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


def legendre(x: Float[Tensor, "*points"], degree: int) -> Float[Tensor, "*points features"]:
    """√(2k + 1) P_k(x) for k = 0 to ``degree``: polynomials on [−1, 1], orthonormal under a uniform x.

    P_0 = 1, P_1 = x, (k + 1) P_{k+1} = (2k + 1) x P_k − k P_{k−1}.

    >>> legendre(torch.tensor([1.0]), 2)
    tensor([[1.0000, 1.7321, 2.2361]])
    """
    if isinstance(degree, bool) or not isinstance(degree, int) or degree < 0:
        raise ValueError(f"legendre: degree is {degree!r}, need a whole number of at least 0")
    if not (x.abs() <= 1).all():  # beyond, and with NaN, they grow without bound
        raise ValueError("legendre: x must lie in [−1, 1]; scale it there")
    values = [torch.ones_like(x), x]
    for k in range(1, degree):
        values.append(((2 * k + 1) * x * values[k] - k * values[k - 1]) / (k + 1))
    norms = [math.sqrt(2 * k + 1) for k in range(degree + 1)]
    return torch.stack([norm * value for norm, value in zip(norms, values, strict=False)], dim=-1)


def random_fourier(
    inputs: Float[Tensor, "points features"], N: int, *, width: float, seed: int = 0
) -> Float[Tensor, "points N"]:
    """√2 cos(⟨v_k, x⟩ + b_k) for k = 1 to N, with v_k ~ N(0, 1/width²) and b_k uniform (Rahimi & Recht 2007).

    Their mean product over k is the Gaussian kernel exp(−‖x − x'‖² / 2 width²). The first N features of a seed are the
    same whatever N is: a model grows by adding features.

    >>> random_fourier(torch.zeros(3, 2), 5, width=1.0).shape
    torch.Size([3, 5])
    """
    if isinstance(N, bool) or not isinstance(N, int) or N < 1:
        raise ValueError(f"random_fourier: N is {N!r}, need a whole number of at least 1")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"random_fourier: seed is {seed!r}, need a whole number of at least 0")
    if inputs.ndim != 2:
        raise ValueError(f"random_fourier: inputs have shape {tuple(inputs.shape)}, need (points, features)")
    if isinstance(width, bool) or not (math.isfinite(width) and width > 0):
        raise ValueError(f"random_fourier: width is {width!r}, need a positive number")
    # NumPy draws row after row, so that a longer draw begins like a shorter one; PyTorch's does not.
    directions, shifts = (np.random.default_rng([seed, stream]) for stream in (0, 1))
    frequencies = torch.from_numpy(directions.standard_normal((N, inputs.shape[1])) / width).to(inputs)
    phases = torch.from_numpy(shifts.uniform(0, 2 * math.pi, N)).to(inputs)
    return math.sqrt(2) * torch.cos(inputs @ frequencies.T + phases)
