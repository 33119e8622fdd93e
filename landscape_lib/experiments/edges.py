"""The largest eigenvalue against 2/η: full-batch descent at the edge of stability, and smaller batches."""

import time
from collections.abc import Sequence
from typing import Any

import torch

from landscape_lib.data import one_hot
from landscape_lib.experiments._classes import CLASSES, D, check_steps, networks, stacked, task, timed
from landscape_lib.measure.curvature import batch_sharpness, eigenpairs, hessian_product
from landscape_lib.training import Stop, batch_mean, gd, mean_square, train

DRAWS = 60  # of batches, for their sharpness


def sharpness_of_descent(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    batch: int | None,
    lr: float,
    steps: Sequence[int],
    to: float | None = None,
) -> list[dict[str, Any]]:
    """λ₁ after so many steps of SGD, or (``batch=None``) of full-batch descent: one row a seed and step.

    Tanh units, the squared error of one-hot labels, double precision. ``to`` ends training at that loss, ``steps``
    then being those at the most, and the only row of a seed is that of its end. ``sharpness`` is λ₁, ``edge`` λ₁ η/2,
    and ``tenth`` λ of rank C = 10; ``batch_edge`` η/2 times the batch sharpness E[gᵀ H_B g/‖g‖²], whose error over
    draws is ``batch_error``, and which full batch has from its one batch.
    """
    check_steps(steps, "sharpness_of_descent")
    if to is not None and len(steps) > 1:
        raise ValueError(f"sharpness_of_descent: steps are {tuple(steps)}; need one if there is a loss to end at")
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, 0, d=D) for seed in seeds]
    inputs, labels = (part.double() for part in stacked(tasks))
    targets = torch.stack([one_hot(own.long(), CLASSES) for own in labels])
    nets = networks(seeds, D, h, activation="tanh")
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(max(steps), to), "loss": mean_square, "batch": batch}
    every = max(*steps, 1) if to is None else 10
    run = train(nets, inputs, targets, at=steps, every=every, setting=f"B={batch}, lr={lr:g}", **rules)
    loss, rows = batch_mean(mean_square), []
    for place, after in enumerate(steps):
        for i, (own, seed, network) in enumerate(zip(tasks, seeds, run.at(place).each(), strict=True)):
            x, y = inputs[i], targets[i]
            top = eigenpairs(hessian_product(network, loss, [(x, y)]), CLASSES, tolerance=1e-3).values
            generator = torch.Generator().manual_seed(seed)
            drawn = [torch.randperm(P, generator=generator)[:batch] for _ in range(DRAWS if batch else 1)]
            along, error = batch_sharpness(network, loss, [(x[rows_], y[rows_]) for rows_ in drawn])
            with torch.no_grad():
                value = loss(network(x), y).item()
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "batch": batch or P,
                    "lr": lr,
                    "to": to,
                    "step": after if to is None else int(run.steps[i]),
                    "seed": seed,
                    "loss": value,
                    "sharpness": top[0].item(),
                    "edge": top[0].item() * lr / 2,
                    "tenth": top[-1].item(),
                    "batch_edge": along * lr / 2,
                    "batch_error": error * lr / 2 if batch else None,
                    "data_sha256": own.sha256,
                }
            )
    return timed(rows, began)


EXPERIMENT = sharpness_of_descent
DIGITS: int | None = 5  # of floats in a table
