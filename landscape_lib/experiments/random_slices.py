"""What a random slice shows of the Hessian on the way down: its mean curvature, whatever the lowest is."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from landscape_lib.experiments._classes import D, check_steps, learn, task, timed
from landscape_lib.measure.curvature import exact_hessian, gradient, gradient_curvature, hessian_product, negative_share
from landscape_lib.measure.surface import filter_normalised, random_direction

DIRECTIONS = 100
ZERO = 1e-6  # of the largest eigenvalue: below, a negative one is rounding


@dataclass(frozen=True)
class Surroundings:
    """The Hessian's eigenvalues, rising, and eigenvectors, in columns, at a network; random directions, and curvatures.

    ``curvatures`` are dᵀHd/dᵀd along the filter-normalised ``directions``; ``flat`` is ‖H g‖/(‖g‖ max|λ|).
    """

    eigenvalues: Float[Tensor, "N"]
    eigenvectors: Float[Tensor, "N N"]
    directions: Float[Tensor, "directions N"]
    curvatures: Float[Tensor, "directions"]
    flat: float


def surroundings(network: nn.Module, inputs: Tensor, labels: Tensor, seed: int) -> Surroundings:
    """What is around a network: its cross-entropy's Hessian, and a hundred random filter-normalised directions."""
    batches = [(inputs, labels.long())]
    H = exact_hessian(hessian_product(network, F.cross_entropy, batches))
    eigenvalues, vectors = torch.linalg.eigh(H)
    drawn = [random_direction(network, 1000 * seed + k) for k in range(DIRECTIONS)]
    d = torch.stack([filter_normalised(network, direction) for direction in drawn])
    curvatures = ((d @ H) * d).sum(1) / d.square().sum(1)
    g = gradient(network, F.cross_entropy, batches)
    flat = gradient_curvature(H, g, eigenvalues.abs().max().item())
    return Surroundings(eigenvalues, vectors, d, curvatures, flat)


def curvatures_on_the_way(
    dataset: str, P: int, h: int, *, seeds: Sequence[int], lr: float, steps: Sequence[int]
) -> list[dict[str, Any]]:
    """The Hessian after so many steps of full-batch descent, and a hundred random slices: one row a seed and step.

    Softplus units, cross-entropy, double precision. ``lowest``, ``highest`` eigenvalue, the share of negative ones
    ``down``, their ``mean`` tr H/N; ``slices``, the mean curvature dᵀHd/dᵀd along filter-normalised directions, and
    ``up``, the share of these that bend up. ``flat``: ‖H g‖/(‖g‖ max|λ|), 0 for a gradient in the Hessian's kernel.
    """
    check_steps(steps, "curvatures_on_the_way")
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, 0, d=D) for seed in seeds]
    run, inputs, labels = learn(tasks, seeds, h=h, batch=None, lr=lr, steps=steps)
    rows = []
    for place, after in enumerate(steps):
        for i, (own, seed, network) in enumerate(zip(tasks, seeds, run.at(place).each(), strict=True)):
            here = surroundings(network, inputs[i], labels[i], seed)
            with torch.no_grad():
                loss = F.cross_entropy(network(inputs[i]), labels[i].long()).item()
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "N": len(here.eigenvalues),
                    "step": after,
                    "seed": seed,
                    "loss": loss,
                    "lowest": here.eigenvalues[0].item(),
                    "highest": here.eigenvalues[-1].item(),
                    "down": negative_share(here.eigenvalues, ZERO),
                    "mean": here.eigenvalues.mean().item(),
                    "slices": here.curvatures.mean().item(),
                    "up": (here.curvatures > 0).double().mean().item(),
                    "flat": here.flat,
                    "data_sha256": own.sha256,
                }
            )
    return timed(rows, began)


EXPERIMENT = curvatures_on_the_way
DIGITS: int | None = 5  # of floats in a table
