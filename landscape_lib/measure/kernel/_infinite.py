"""The kernels of an infinitely wide ReLU network, by recursion over its layers."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class InfiniteKernels(NamedTuple):
    """Σ, the covariance of f at initialisation, and Θ, its tangent kernel, both (points, others)."""

    nngp: Float[Tensor, "points others"]
    ntk: Float[Tensor, "points others"]


def infinite_kernels(
    inputs: Float[Tensor, "points features"], others: Float[Tensor, "others features"] | None = None, *, L: int
) -> InfiniteKernels:
    """Σ and Θ of `MLP` with ``parametrisation="ntk"``, ReLU and L hidden layers, as h → ∞.

    Σ_1 = x·x'/d and Θ_1 = Σ_1 + 1. With c = Σ_l(x, x') / √(Σ_l(x, x) Σ_l(x', x')) = cos θ, each hidden layer makes

    Σ_{l+1} = √(Σ_l(x, x) Σ_l(x', x')) (sin θ + (π − θ) cos θ) / π,  Θ_{l+1} = Θ_l (π − θ)/π + Σ_{l+1} + 1:

    the arc-cosine kernels of Cho & Saul (2009), in Jacot et al. (1806.07572), theorem 1, with φ = √2 max(0, z), biases
    that are trained from zero, and 1 for each of them. In mean field f is divided by √h more, so Θ by h. Where x = x',
    θ is known to the root of the rounding error: relative 1e-8 in double precision.

    >>> kernels = infinite_kernels(torch.tensor([[1.0, 1.0]]).double(), L=2)  # on the sphere of radius √d:
    >>> round(kernels.nngp.item(), 6), round(kernels.ntk.item(), 6)  # Σ = 1, and Θ = 2 (L + 1)
    (1.0, 6.0)
    """
    others = inputs if others is None else others
    if inputs.ndim != 2 or others.ndim != 2 or inputs.shape[1] != others.shape[1]:
        raise ValueError(
            f"infinite_kernels: inputs have shape {tuple(inputs.shape)} and others {tuple(others.shape)}; need "
            "(points, features) and (others, features)"
        )
    if isinstance(L, bool) or not isinstance(L, int) or L < 0:
        raise ValueError(f"infinite_kernels: L is {L!r}, need a whole number of hidden layers of at least 0")
    d = inputs.shape[1]
    norms = torch.outer(inputs.norm(dim=1), others.norm(dim=1)) / d  # kept by every layer
    covariance = inputs @ others.T / d
    kernel = covariance + 1
    for _ in range(L):
        cosine = torch.where(norms > 0, covariance / norms.where(norms > 0, 1), 0).clamp(-1, 1)
        angle = torch.arccos(cosine)
        covariance = norms * (torch.sin(angle) + (math.pi - angle) * cosine) / math.pi
        kernel = kernel * (math.pi - angle) / math.pi + covariance + 1
    return InfiniteKernels(covariance, kernel)
