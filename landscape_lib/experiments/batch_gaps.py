"""Small batches against large ones: the test error at one step size, at the best one, and after as many steps."""

import time
from collections.abc import Sequence
from typing import Any

import torch

from landscape_lib.experiments._classes import networks, stacked, task, timed
from landscape_lib.measure.ensembles import errors
from landscape_lib.training import DivergedError, Stop, batch_mean, cross_entropy, gd, train


def errors_of_batches(
    dataset: str, P: int, h: int, *, seeds: Sequence[int], batch: int, lr: float, steps: int, tests: int = 1000
) -> list[dict[str, Any]]:
    """Train by SGD for so many ``steps``: one row a seed, with the ``error`` on test points.

    ReLU units, cross-entropy, pixels, single precision. ``validation`` is the error on as many other points, which step
    sizes are chosen by. ``loss`` is that of training; of a run that diverges all are 1, and the loss is infinite.
    """
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, 2 * tests) for seed in seeds]
    inputs, labels = stacked(tasks)
    nets = networks(seeds, inputs.shape[2], h, dtype=torch.float32)
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(steps, None), "loss": cross_entropy, "batch": batch}
    mean, found = batch_mean(cross_entropy), []
    try:
        run = train(nets, inputs, labels, every=max(steps, 1), setting=f"B={batch}, lr={lr:g}", **rules)
        for i, (own, network) in enumerate(zip(tasks, run.population.each(), strict=True)):
            with torch.no_grad():
                outputs, loss = network(own.test_inputs), mean(network(inputs[i]), labels[i]).item()
            half = len(outputs) // 2
            wrong = [errors(outputs[at][None], own.test_labels[at]).item() for at in (slice(half), slice(half, None))]
            found.append((loss, *wrong))
    except DivergedError:
        found = [(float("inf"), 1.0, 1.0)] * len(tasks)
    rows = [
        {
            "dataset": dataset,
            "P": P,
            "h": h,
            "batch": batch,
            "lr": lr,
            "steps": steps,
            "seed": seed,
            "loss": loss,
            "validation": validation,
            "error": error,
            "data_sha256": own.sha256,
        }
        for own, seed, (loss, validation, error) in zip(tasks, seeds, found, strict=True)
    ]
    return timed(rows, began)


EXPERIMENT = errors_of_batches
DIGITS: int | None = 5  # of floats in a table
