"""The largest eigenvalue under sharpness-aware descent, against the edge that its step size and its ball foretell."""

import time
from collections.abc import Sequence
from typing import Any

import torch

from landscape_lib.data import one_hot
from landscape_lib.experiments._classes import CLASSES, D, check_steps, error_of, networks, stacked, task, timed
from landscape_lib.measure.curvature import eigenpairs, gradient, hessian_product
from landscape_lib.measure.flatness import sam_edge
from landscape_lib.training import Stop, batch_mean, gd, mean_square, sam, train


def sharpness_of_sam(
    dataset: str, P: int, h: int, *, seeds: Sequence[int], lr: float, rho: float, steps: Sequence[int], tests: int = 700
) -> list[dict[str, Any]]:
    """λ₁ and ‖∇𝓛‖ after so many steps of full-batch descent by `sam`, or without it (``rho=0``): a row a seed and step.

    Tanh units, the squared error of one-hot labels, double precision. ``edge`` is `sam_edge` at the gradient there,
    2/η without a ball. ``error`` is that of the class with the largest output, on test points.
    """
    check_steps(steps, "sharpness_of_sam")
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, tests, d=D) for seed in seeds]
    inputs, labels = (part.double() for part in stacked(tasks))
    targets = torch.stack([one_hot(own.long(), CLASSES) for own in labels])
    nets = networks(seeds, D, h, activation="tanh")
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(max(steps), None), "loss": mean_square}
    ball: dict[str, Any] = {"perturb": sam(rho)} if rho else {}
    run = train(nets, inputs, targets, at=steps, every=max(*steps, 1), setting=f"rho={rho:g}", **rules, **ball)
    loss, rows = batch_mean(mean_square), []
    for place, after in enumerate(steps):
        for i, (own, seed, network) in enumerate(zip(tasks, seeds, run.at(place).each(), strict=True)):
            points = [(inputs[i], targets[i])]
            top = eigenpairs(hessian_product(network, loss, points), 1, tolerance=1e-3).values.item()
            G = gradient(network, loss, points).norm().item()
            with torch.no_grad():
                value = loss(network(inputs[i]), targets[i]).item()
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "lr": lr,
                    "rho": rho,
                    "step": after,
                    "seed": seed,
                    "loss": value,
                    "gradient": G,
                    "sharpness": top,
                    "edge": sam_edge(lr, rho, G) if rho else 2 / lr,
                    "error": error_of(network, own),
                    "data_sha256": own.sha256,
                }
            )
    return timed(rows, began)


EXPERIMENT = sharpness_of_sam
DIGITS: int | None = 5  # of floats in a table
