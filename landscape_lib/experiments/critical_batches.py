"""How many steps training takes to a given loss, against the batch and the step size."""

import math
import time
from collections.abc import Sequence
from typing import Any

import torch

from landscape_lib.experiments._classes import networks, stacked, task, timed
from landscape_lib.training import DivergedError, Stop, cross_entropy, gd, train


def steps_to_loss(
    dataset: str, P: int, h: int, *, seeds: Sequence[int], batch: int, lr: float, to: float, steps: int
) -> list[dict[str, Any]]:
    """SGD until the loss on all P patterns is below ``to``, ``steps`` at the most: one row a seed.

    Softplus units, cross-entropy, pixels, single precision; the loss is looked at after every step. ``taken`` is the
    number of steps, and NaN where the loss is not reached. One seed that diverges ends all of the point: a step size
    is of use for none if it breaks one.
    """
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, 0) for seed in seeds]
    inputs, labels = stacked(tasks)
    nets = networks(seeds, inputs.shape[2], h, activation="softplus", dtype=torch.float32)
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(steps, to), "loss": cross_entropy, "batch": batch}
    try:
        run = train(nets, inputs, labels, every=1, setting=f"B={batch}, lr={lr:g}", **rules)
        taken = [int(n) if done else math.nan for n, done in zip(run.steps, run.satisfied, strict=True)]
    except DivergedError:
        taken = [math.nan] * len(tasks)
    rows = [
        {
            "dataset": dataset,
            "P": P,
            "h": h,
            "batch": batch,
            "lr": lr,
            "to": to,
            "most": steps,
            "seed": seed,
            "taken": n,
            "data_sha256": own.sha256,
        }
        for own, seed, n in zip(tasks, seeds, taken, strict=True)
    ]
    return timed(rows, began)


EXPERIMENT = steps_to_loss
DIGITS: int | None = 6  # of floats in a table
