"""The noise of gradients along training: its size, its top directions, and its tails along two axes."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from landscape_lib.experiments._classes import CLASSES, check_steps, learn, task, timed
from landscape_lib.measure.noise import (
    excess_kurtosis,
    gradient_noise,
    noise_scale_of_batches,
    point_gradients,
    tail_index,
)

DRAWS = 400  # of batches, whose gradients are held
SMALL, LARGE = 4, 64  # batches that the second estimate of the scale is from
LESSER = 10  # of all coordinates, every so many: for the tails of each
ACROSS = 20  # batches whose coordinates are gone through


def noises_on_the_way(
    dataset: str, P: int, h: int, *, seeds: Sequence[int], batch: int, lr: float, steps: Sequence[int]
) -> list[dict[str, Any]]:
    """The noise of a batch's gradient after so many steps of SGD: one row a seed and step.

    Softplus units, cross-entropy, pixels, double precision. ``scale`` is tr Σ/‖g‖² over the P training patterns,
    ``trace`` and ``square`` its parts, ``top`` the share of tr Σ in the C = 10 largest eigenvalues of Σ;
    ``scale_batches`` the scale from norms at two batch sizes (NaN where those draws do not tell it).

    Tails of u = g_B − g, batches of ``batch`` drawn with replacement: ``across`` is the tail index over the coordinates
    of one batch, ``across_control`` the same for a Gaussian with the variance of each coordinate, ``across_full`` for
    one with all of Σ, in which neighbouring weights are correlated as they are. ``through`` is the median
    over coordinates of the index over many batches, ``through_control`` that of Gaussians, ``through_t`` that of
    Student's t with three degrees of freedom; ``kurtosis`` the median excess kurtosis over batches, and
    ``kurtosis_large`` that of batches four times as large.
    """
    check_steps(steps, "noises_on_the_way")
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, 0) for seed in seeds]
    run, inputs, labels = learn(tasks, seeds, h=h, batch=batch, lr=lr, steps=steps)
    rows = []
    for place, after in enumerate(steps):
        for i, (own, seed, network) in enumerate(zip(tasks, seeds, run.at(place).each(), strict=True)):
            x, y = inputs[i], labels[i].long()
            noise = gradient_noise(network, F.cross_entropy, x, y, top=CLASSES)
            gradients = torch.cat(list(point_gradients(network, F.cross_entropy, x, y)))
            with torch.no_grad():
                loss = F.cross_entropy(network(x), y).item()
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "N": len(noise.gradient),
                    "batch": batch,
                    "lr": lr,
                    "step": after,
                    "seed": seed,
                    "loss": loss,
                    "scale": noise.scale,
                    "scale_batches": scale_of_batches(gradients, seed),
                    "trace": noise.trace,
                    "square": noise.gradient.square().sum().item(),
                    "top": noise.eigenvalues.sum().item() / noise.trace,
                    **tails(gradients, batch, seed),
                    "data_sha256": own.sha256,
                }
            )
    return timed(rows, began)


def drawn(
    gradients: Float[Tensor, "points coordinates"], batch: int, number: int, generator: np.random.Generator
) -> Float[Tensor, "draws coordinates"]:
    """The mean gradients of so many batches, drawn with replacement."""
    counts = generator.multinomial(batch, np.full(len(gradients), 1 / len(gradients)), size=number)
    return torch.from_numpy(counts / batch).to(gradients) @ gradients


def scale_of_batches(gradients: Float[Tensor, "points parameters"], seed: int) -> float:
    """tr Σ/‖g‖² as one estimates it without gradients of points."""
    generator = np.random.default_rng([seed, 1])
    squares = {B: drawn(gradients, B, DRAWS, generator).square().sum(1).numpy() for B in (SMALL, LARGE)}
    try:
        return noise_scale_of_batches(squares).value
    except ValueError:  # ‖g‖² within its error of zero
        return float("nan")


def tails(gradients: Float[Tensor, "points parameters"], batch: int, seed: int) -> dict[str, float]:
    """The tail indices of a batch's noise along both axes, with their controls."""
    generator = np.random.default_rng([seed, 2])
    centred = gradients - gradients.mean(0)
    variances = centred.square().mean(0) / batch
    centred, widths = centred[:, variances > 0], variances[variances > 0].sqrt().numpy()
    u = drawn(centred, batch, DRAWS, generator).numpy()
    n = u.shape[1] // 100 * 100  # a number with divisors
    control = generator.standard_normal(u.shape) * widths
    weights = torch.from_numpy(generator.standard_normal((ACROSS, len(centred)))).to(centred)
    full = (weights @ centred / (batch * len(centred)) ** 0.5).numpy()  # of covariance Σ/B
    few = u[:, ::LESSER] / widths[::LESSER]
    larger = drawn(centred[:, ::LESSER], 4 * batch, DRAWS, generator).numpy()
    t = generator.standard_t(3, few.shape)
    return {
        "across": float(tail_index(u[:ACROSS, :n]).mean()),
        "across_control": float(tail_index(control[:ACROSS, :n]).mean()),
        "across_full": float(tail_index(full[:, :n]).mean()),
        "through": float(np.median(tail_index(few, axis=0))),
        "through_control": float(np.median(tail_index(control[:, ::LESSER], axis=0))),
        "through_t": float(np.median(tail_index(t, axis=0))),
        "kurtosis": float(np.median(excess_kurtosis(few, axis=0))),
        "kurtosis_large": float(np.median(excess_kurtosis(larger, axis=0))),
    }


EXPERIMENT = noises_on_the_way
DIGITS: int | None = 5  # of floats in a table
