"""The whole spectrum of the Hessian on the way down: its bulk, its outliers, and which of its parts makes them."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from landscape_lib.experiments._classes import CLASSES, D, check_steps, learn, task, timed
from landscape_lib.measure.curvature import (
    exact_hessian,
    gradient,
    gradient_curvature,
    gradient_overlap,
    hessian_product,
    negative_share,
    outliers,
    peak_at_zero,
)
from landscape_lib.measure.spectra import ZERO


def hessians(network: nn.Module, inputs: Tensor, labels: Tensor) -> tuple[Float[Tensor, "N N"], Float[Tensor, "N N"]]:
    """H of a network's mean cross-entropy on these patterns, and its Gauss-Newton part G."""
    batches = [(inputs, labels.long())]
    whole, gauss_newton = (
        exact_hessian(hessian_product(network, F.cross_entropy, batches, part=part))
        for part in ("whole", "gauss_newton")
    )
    return whole, gauss_newton


def spectra_on_the_way(
    dataset: str, P: int, h: int, *, seeds: Sequence[int], batch: int | None, lr: float, steps: Sequence[int]
) -> list[dict[str, Any]]:
    """The spectrum of H and of its Gauss-Newton part G after so many steps of SGD: one row a seed and step.

    Softplus units, cross-entropy, double precision. ``zero`` is the share of |λ| below a hundredth of the largest, and
    ``away`` the number of the others; ``zero_tenth`` and ``zero_thousandth`` are shares for other thresholds. ``down``
    is the share of λ below minus a thousandth of the largest, ``lowest`` and ``highest`` the ends. The ``outliers``
    stand above the largest gap among the first 2C, of ``gap`` = λ_n/λ_{n+1}; C = 10 classes. ``split`` is the mean of
    vᵀ G v/λ over the top C eigenvectors v of H, ``split_rest`` that of vᵀ (H − G) v/λ. ``overlap`` is the share of
    ‖∇𝓛‖² in their space, and ``flat`` is ‖H g‖/(‖g‖ max|λ|), 0 for a gradient in the Hessian's kernel. ``top``: the
    largest 2C eigenvalues, as words.
    """
    check_steps(steps, "spectra_on_the_way")
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, 0, d=D) for seed in seeds]
    run, inputs, labels = learn(tasks, seeds, h=h, batch=batch, lr=lr, steps=steps)
    rows = []
    for place, after in enumerate(steps):
        for i, (own, seed, network) in enumerate(zip(tasks, seeds, run.at(place).each(), strict=True)):
            H, G = hessians(network, inputs[i], labels[i])
            eigenvalues, vectors = (part.flip(-1) for part in torch.linalg.eigh(H))
            v, top = vectors[:, :CLASSES], eigenvalues[:CLASSES]
            from_G = (v * (G @ v)).sum(0) / top
            found = outliers(eigenvalues, 2 * CLASSES)
            g = gradient(network, F.cross_entropy, [(inputs[i], labels[i].long())])
            zero = peak_at_zero(eigenvalues, ZERO)
            with torch.no_grad():
                loss = F.cross_entropy(network(inputs[i]), labels[i].long()).item()
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "N": len(eigenvalues),
                    "batch": batch,
                    "lr": lr,
                    "step": after,
                    "seed": seed,
                    "loss": loss,
                    "zero_tenth": peak_at_zero(eigenvalues, 10 * ZERO),
                    "zero": zero,
                    "zero_thousandth": peak_at_zero(eigenvalues, ZERO / 10),
                    "away": round((1 - zero) * len(eigenvalues)),
                    "down": negative_share(eigenvalues),
                    "lowest": eigenvalues[-1].item(),
                    "highest": eigenvalues[0].item(),
                    "outliers": found.number,
                    "gap": found.ratio,
                    "split": from_G.mean().item(),
                    "split_rest": (1 - from_G).mean().item(),
                    "overlap": gradient_overlap(g, v),
                    "flat": gradient_curvature(H, g, eigenvalues.abs().max().item()),
                    "top": " ".join(f"{value:.4g}" for value in eigenvalues[: 2 * CLASSES].tolist()),
                    "data_sha256": own.sha256,
                }
            )
    return timed(rows, began)


EXPERIMENT = spectra_on_the_way
DIGITS: int | None = 5  # of floats in a table
