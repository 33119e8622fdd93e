"""Sharpness: what steps of a given size do to the loss, at worst and on average."""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib._doors import positive, whole
from landscape_lib.measure.flatness._losses import Losses
from landscape_lib.nets import Population
from landscape_lib.training import Loss, cross_entropy


@torch.no_grad()
def worst_sharpness(
    nets: Population,
    inputs: Float[Tensor, "*nets points features"],
    labels: Tensor,
    *,
    radius: float,
    loss: Loss = cross_entropy,
    scale: Float[Tensor, "nets parameters"] | None = None,
    starts: int = 2,
    steps: int = 20,
    seed: int = 0,
) -> Float[Tensor, "nets"]:
    """max 𝓛(w + s u) − 𝓛(w) over ‖u‖ ≤ ρ, ρ = ``radius``, of each network; s is the ``scale`` of each weight, or 1.

    With `adaptive_scale` it is adaptive sharpness, with `filter_scale` the filter-normalised one. Small balls at a
    minimum give ½ρ²λ₁, of the Hessian in these units.

    By u ← ρ g/‖g‖, g = s ∇𝓛(w + s u), from the gradient and from ``starts`` random directions: each such step goes up
    where 𝓛 is convex (Frank and Wolfe 1956), on a quadratic it is the power iteration. The highest value met counts, so
    it is a bound from below. Keskar et al. (2017), 1609.04836; Andriushchenko et al. (2023), 2302.07011.

    >>> from landscape_lib.nets import MLP
    >>> from landscape_lib.training import mean_square
    >>> nets = Population(lambda seed: MLP(1, 1, 1, seed=seed), seeds=[0])
    >>> worst_sharpness(nets, torch.ones(1, 1).double(), torch.ones(1).double(), radius=0.1, loss=mean_square).shape
    torch.Size([1])
    """
    positive("worst_sharpness", radius=radius)
    whole("worst_sharpness", 0, starts=starts)
    whole("worst_sharpness", steps=steps)
    losses = Losses(nets, inputs, labels, loss, "worst_sharpness")
    s, w = losses.scale(scale, "worst_sharpness"), nets.weights
    generator = torch.Generator().manual_seed(seed)
    drawn = [torch.randn(w.shape, generator=generator, dtype=torch.float64).to(w) for _ in range(starts)]
    best = losses.here
    for direction in [losses.with_gradient(w)[1] * s, *drawn]:
        u = direction
        for _ in range(steps):
            length = torch.linalg.vector_norm(u, dim=1, keepdim=True)
            u = torch.where(length > 0, radius * u / length, 0.0)
            values, gradient = losses.with_gradient(w + s * u)
            best = torch.fmax(best, values)
            u = torch.where(values.isfinite()[:, None], gradient * s, 0.0)
    return best - losses.here


@torch.no_grad()
def average_sharpness(
    nets: Population,
    inputs: Float[Tensor, "*nets points features"],
    labels: Tensor,
    *,
    width: float,
    loss: Loss = cross_entropy,
    scale: Float[Tensor, "nets parameters"] | None = None,
    draws: int = 50,
    seed: int = 0,
) -> tuple[Float[Tensor, "nets"], Float[Tensor, "nets"]]:
    """⟨𝓛(w + s u)⟩ − 𝓛(w), each u_i ~ N(0, σ²), σ = ``width``, of each network, and its standard error over draws.

    The loss averaged over a Gaussian, less the loss: ½σ² tr H in the units s where the Gaussian is narrow. Each draw
    is taken with both signs, so that the gradient drops out. All networks get the same draws.
    """
    positive("average_sharpness", width=width)
    whole("average_sharpness", 2, draws=draws)
    losses = Losses(nets, inputs, labels, loss, "average_sharpness")
    s, w = losses.scale(scale, "average_sharpness"), nets.weights
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(draws):
        u = width * torch.randn(w.shape[1], generator=generator, dtype=torch.float64).to(w)
        found.append((losses(w + s * u) + losses(w - s * u)) / 2 - losses.here)
    each = torch.stack(found)
    return each.mean(0), each.std(0) / draws**0.5
