"""Spectra of networks too large for a whole Hessian: its top eigenpairs, and its density by stochastic Lanczos."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional as F

from landscape_lib.experiments._classes import CLASSES, check_steps, learn, task, timed
from landscape_lib.measure.curvature import eigenpairs, hessian_product, outliers, spectral_density
from landscape_lib.measure.spectra import ZERO


def densities_on_the_way(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    batch: int,
    lr: float,
    steps: Sequence[int],
    lanczos: int = 80,
    probes: int = 10,
) -> list[dict[str, Any]]:
    """The density of the spectrum on all pixels after so many steps of SGD: one row a seed and step.

    Columns as of `spectra_on_the_way`, from ``probes`` times ``lanczos`` products: ``zero``, the share within a
    hundredth of the largest |λ|, has ``zero_error`` over probes; ``down`` is that of λ below minus a thousandth of it.
    ``outliers`` and ``split`` are from the top 2C eigenpairs. Single precision.
    """
    check_steps(steps, "densities_on_the_way")
    began, rows = time.perf_counter(), []
    tasks = [task(dataset, P, seed, 0) for seed in seeds]
    run, inputs, labels = learn(tasks, seeds, h=h, batch=batch, lr=lr, steps=steps, dtype=torch.float32)
    for place, after in enumerate(steps):
        for i, (own, seed, network) in enumerate(zip(tasks, seeds, run.at(place).each(), strict=True)):
            batches = [(inputs[i], labels[i].long())]
            H = hessian_product(network, F.cross_entropy, batches)
            G = hessian_product(network, F.cross_entropy, batches, part="gauss_newton")
            top = eigenpairs(H, 2 * CLASSES, tolerance=1e-3)
            v = top.vectors[:, :CLASSES]
            density = spectral_density(H, steps=lanczos, probes=probes, seed=seed)
            seen = density.nodes[density.weights > torch.finfo(torch.float32).eps]
            largest, found = seen.abs().max().item(), outliers(top.values, 2 * CLASSES - 1)
            zero, error = density.share(-ZERO * largest, ZERO * largest)
            with torch.no_grad():
                loss = F.cross_entropy(network(inputs[i]), labels[i].long()).item()
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "N": density.N,
                    "batch": batch,
                    "lr": lr,
                    "step": after,
                    "seed": seed,
                    "loss": loss,
                    "zero": zero,
                    "zero_error": error,
                    "away": (1 - zero) * density.N,
                    "down": density.share(high=-ZERO / 10 * largest)[0],
                    "lowest": seen.min().item(),
                    "highest": top.values[0].item(),
                    "outliers": found.number,
                    "gap": found.ratio,
                    "split": ((v * G(v)).sum(0) / top.values[:CLASSES]).mean().item(),
                    "top": " ".join(f"{value:.4g}" for value in top.values.tolist()),
                    "data_sha256": own.sha256,
                }
            )
    return timed(rows, began)


EXPERIMENT = densities_on_the_way
DIGITS: int | None = 4  # of floats in a table
