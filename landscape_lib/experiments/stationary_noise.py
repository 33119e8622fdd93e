"""Noisy descent on a quadratic of real data: the variance along each direction, of SGD, of epochs, and of Langevin."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape_lib.experiments._classes import timed
from landscape_lib.experiments.feature_lazy import task
from landscape_lib.measure.noise import langevin, langevin_variance, sgd_variance

SAMPLINGS = ("replacement", "epochs", "langevin")
D, WALKERS = 10, 100


def regression(dataset: str, P: int, seed: int) -> tuple[Float[Tensor, "P d"], Float[Tensor, "P"], str]:
    """P images in ten principal components, as wide as they are, of mean square 1 together; labels ±1; and a hash."""
    own = task(dataset, "parity", P, None, seed, 0)
    x = own.inputs - own.inputs.mean(0)
    _, _, axes = torch.linalg.svd(x, full_matrices=False)
    z = x @ axes[:D].mT
    return z / z.square().mean().sqrt(), own.labels, own.sha256


def variances(
    dataset: str, P: int, *, seeds: Sequence[int], sampling: str, lr: float, batch: int, steps: int
) -> list[dict[str, Any]]:
    """The stationary variance of a linear model's weights along each eigenvector of its Hessian: ten rows a seed.

    𝓛 = (1/2P) Σ (w·x − y)², from its minimum on; the mean over a hundred walkers and the last two thirds of ``steps``.
    ``sampling``: batches drawn with "replacement", or as "epochs", each pattern once; or "langevin", the gradient of
    all patterns and isotropic noise of the same mean size. ``curvature`` is λ_i, ``variance`` that of w along i, and
    ``predicted`` its closed form, with the covariance of the gradients at the minimum (`sgd_variance`).
    """
    if sampling not in SAMPLINGS:
        raise ValueError(f"variances: sampling is {sampling!r}, choose one of {SAMPLINGS}")
    if not 1 <= batch <= P or P % batch:
        raise ValueError(f"variances: batch is {batch!r} of P = {P}; need a number that divides it")
    began, rows = time.perf_counter(), []
    for seed in seeds:
        x, y, sha256 = regression(dataset, P, seed)
        curvature = x.square().mean(0)  # components are not correlated: H is diagonal
        best = (y[:, None] * x).mean(0) / curvature
        noise = ((y - x @ best)[:, None] * x).square().mean(0) / batch
        temperature = lr * (noise / curvature).mean().item() / 2  # at which ½ σ²/B η/λ, the variance of SGD, is T/λ
        if sampling == "langevin":
            force, start = partial(_force, best, curvature), best.repeat(WALKERS, 1)
            walk = langevin(force, start, step=lr, steps=steps, temperature=temperature, every=5, seed=seed)
            found = (walk[len(walk) // 3 :] - best).square().mean((0, 1))
            told = [langevin_variance(own, lr, temperature) for own in curvature.tolist()]
        else:
            found = walked(x, y, best, lr, batch, steps, sampling == "replacement", seed)
            epoch = None if sampling == "replacement" else P // batch
            scaled = noise * (1.0 if epoch is None else (P - batch) / (P - 1))
            pairs = zip(curvature.tolist(), scaled.tolist(), strict=True)
            told = [sgd_variance(own, lr, size, epoch) for own, size in pairs]
        for i in range(D):
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "sampling": sampling,
                    "lr": lr,
                    "batch": batch,
                    "steps": steps,
                    "seed": seed,
                    "direction": i,
                    "curvature": curvature[i].item(),
                    "variance": found[i].item(),
                    "predicted": told[i],
                    "data_sha256": sha256,
                }
            )
    return timed(rows, began)


def _force(best: Tensor, curvature: Tensor, w: Float[Tensor, "walkers d"]) -> Float[Tensor, "walkers d"]:
    return curvature * (w - best)


def walked(
    x: Float[Tensor, "P d"],
    y: Float[Tensor, "P"],
    best: Float[Tensor, "d"],
    lr: float,
    batch: int,
    steps: int,
    replacement: bool,
    seed: int,
) -> Float[Tensor, "d"]:
    """⟨(w − w*)²⟩ of SGD over walkers and the last two thirds of the steps."""
    generator, P = np.random.default_rng(seed), len(x)
    w, total = best.repeat(WALKERS, 1), torch.zeros_like(best)
    order, first = torch.empty(0), steps // 3
    for now in range(steps):
        place = now % (P // batch)
        if replacement:
            chosen: Int[Tensor, "walkers batch"] = torch.from_numpy(generator.integers(0, P, (WALKERS, batch)))
        else:
            if place == 0:
                order = torch.from_numpy(generator.random((WALKERS, P)).argsort(1))
            chosen = order[:, place * batch : (place + 1) * batch]
        inputs = x[chosen]
        missed = torch.einsum("wbd,wd->wb", inputs, w) - y[chosen]
        w = w - lr / batch * torch.einsum("wb,wbd->wd", missed, inputs)
        if now >= first:
            total += (w - best).square().mean(0)
    return total / (steps - first)


EXPERIMENT = variances
DIGITS: int | None = 5  # of floats in a table
