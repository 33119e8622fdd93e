"""What a random slice shows of the Hessian on the way down: its mean curvature, whatever the lowest is."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional as F

from landscape_lib.experiments._classes import CLASSES, stacked, task, timed
from landscape_lib.measure.curvature import exact_hessian, hessian_product
from landscape_lib.measure.surface import filter_normalised, random_direction
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Stop, cross_entropy, gd, train

L, D = 2, 10  # hidden layers; principal components of the images
DIRECTIONS = 100
ZERO = 1e-6  # of the largest eigenvalue: below, a negative one is rounding


def curvatures_on_the_way(
    dataset: str, P: int, h: int, *, seeds: Sequence[int], lr: float, steps: Sequence[int]
) -> list[dict[str, Any]]:
    """The Hessian after so many steps of full-batch descent, and a hundred random slices: one row a seed and step.

    Softplus units, cross-entropy, double precision. ``lowest``, ``highest`` eigenvalue, the share of negative ones
    ``down``, their ``mean`` tr H/N; ``slices``, the mean curvature dᵀHd/dᵀd along filter-normalised directions, and
    ``up``, the share of these that bend up. ``flat``: ‖H g‖/(‖g‖ λ₁), 0 for a gradient in the Hessian's kernel.
    """
    if list(steps) != sorted(set(steps)) or not steps or steps[0] < 0:
        raise ValueError(f"curvatures_on_the_way: steps are {tuple(steps)}, need numbers that grow, from 0 on")
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, 0, d=D) for seed in seeds]
    inputs, labels = stacked(tasks)
    inputs, labels = inputs.double(), labels.double()
    nets = Population(lambda seed: MLP(D, h, L, outputs=CLASSES, activation="softplus", seed=seed), seeds)
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(max(steps)), "loss": cross_entropy, "every": 100}
    run = train(nets, inputs, labels, at=steps, **rules)
    rows = []
    for place, after in enumerate(steps):
        for i, (own, seed, network) in enumerate(zip(tasks, seeds, run.at(place).each(), strict=True)):
            batches = [(inputs[i], labels[i].long())]
            product = hessian_product(network, F.cross_entropy, batches)
            H = exact_hessian(product)
            eigenvalues = torch.linalg.eigvalsh(H)
            drawn = [random_direction(network, 1000 * seed + k) for k in range(DIRECTIONS)]
            d = torch.stack([filter_normalised(network, direction) for direction in drawn])
            curvatures = ((d @ H) * d).sum(1) / d.square().sum(1)
            loss = F.cross_entropy(network(inputs[i]), labels[i].long())
            g = torch.nn.utils.parameters_to_vector(torch.autograd.grad(loss, list(network.parameters())))
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "N": len(eigenvalues),
                    "step": after,
                    "seed": seed,
                    "loss": loss.item(),
                    "lowest": eigenvalues[0].item(),
                    "highest": eigenvalues[-1].item(),
                    "down": (eigenvalues < -ZERO * eigenvalues[-1]).double().mean().item(),
                    "mean": eigenvalues.mean().item(),
                    "slices": curvatures.mean().item(),
                    "up": (curvatures > 0).double().mean().item(),
                    "flat": ((H @ g).norm() / (g.norm() * eigenvalues[-1])).item(),
                    "data_sha256": own.sha256,
                }
            )
    return timed(rows, began)


EXPERIMENT = curvatures_on_the_way
DIGITS: int | None = 5  # of floats in a table
