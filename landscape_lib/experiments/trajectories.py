"""The path of training in the plane of its two leading principal directions, beside a random walk of the same steps."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import Task
from landscape_lib.experiments._classes import networks, stacked, task, timed
from landscape_lib.measure.surface import principal_directions, random_walk, walk_shares
from landscape_lib.nets import Population
from landscape_lib.training import Stop, cross_entropy, gd, train

EVERY = 6  # steps from one point of a path to the next


def paths(
    tasks: Sequence[Task], seeds: Sequence[int], *, h: int, batch: int, lr: float, steps: int
) -> tuple[Population, Float[Tensor, "times nets parameters"]]:
    """One network a task by SGD, and where each was every six steps, in double precision; the first is the start."""
    if steps < EVERY or steps % EVERY:
        raise ValueError(f"paths: steps is {steps}, need a multiple of {EVERY}, from one point of a path to the next")
    inputs, labels = stacked(tasks)
    nets = networks(seeds, inputs.shape[2], h, dtype=torch.float32)
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(steps), "loss": cross_entropy, "batch": batch}
    run = train(nets, inputs, labels, every=steps, at=range(0, steps + 1, EVERY), **rules)
    assert run.history.weights is not None
    return run.population, run.history.weights.double()


def shares_of_paths(
    dataset: str, P: int, h: int, *, seeds: Sequence[int], batch: int, lr: float, steps: int
) -> list[dict[str, Any]]:
    """What share of the variance of a path lies in its two leading principal directions: one row a seed.

    ``first``, ``second`` of the training path; ``walk``, their sum for a random walk with steps as long, and ``law``,
    what theory has for it in many dimensions.
    """
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, 0) for seed in seeds]
    _, places = paths(tasks, seeds, h=h, batch=batch, lr=lr, steps=steps)
    rows = []
    for i, (own, seed) in enumerate(zip(tasks, seeds, strict=True)):
        path = places[:, i]
        first, second = principal_directions(path).shares.tolist()
        rows.append(
            {
                "dataset": dataset,
                "P": P,
                "h": h,
                "batch": batch,
                "lr": lr,
                "steps": steps,
                "seed": seed,
                "first": first,
                "second": second,
                "walk": principal_directions(random_walk(path, seed)).shares.sum().item(),
                "law": walk_shares(path.diff(dim=0).norm(dim=1)).sum().item(),
                "data_sha256": own.sha256,
            }
        )
    return timed(rows, began)


EXPERIMENT = shares_of_paths
DIGITS: int | None = 5  # of floats in a table
