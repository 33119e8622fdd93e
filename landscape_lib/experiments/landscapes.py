"""The maps at the top of the book: three networks from the same weights, and the landscape on the plane through them.

The three draw their own batches of the same patterns. Descent stops at the shore of zero loss, so those that get there
are trained on, to a margin of 2. The map is of the loss for margin 1.
"""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch

from landscape_lib.data import Task
from landscape_lib.experiments.jamming import task
from landscape_lib.measure.jamming import effective_parameters, gaps
from landscape_lib.measure.landscapes import Map, survey
from landscape_lib.nets import MLP, Population
from landscape_lib.training import ZERO, Stop, adam, quadratic_hinge, train

THREE = 3  # points make a plane
LR = 1e-3
INLAND = 2.0  # the margin to which networks that fit are trained on


def descend(h: int, tasks: Sequence[Task], seeds: Sequence[int], *, L: int, steps: int, batch: int) -> Population:
    """Three networks a seed, from the same weights by other batches; those that fit, trained on to a margin of 2."""
    inputs = torch.stack([task.inputs for task in tasks]).repeat_interleave(THREE, 0)
    labels = torch.stack([task.labels for task in tasks]).repeat_interleave(THREE, 0)
    d = inputs.shape[-1]
    start = Population(lambda seed: MLP(d, h, L, seed=seed), [seed for seed in seeds for _ in range(THREE)])
    rules: dict[str, Any] = {"optimiser": adam(LR), "stop": Stop(steps, satisfied=ZERO, plateau=(2000, 0.01))}
    run = train(start, inputs, labels, batch=batch, setting=f"h={h}", **rules)
    ends, fit = run.population, torch.tensor(run.satisfied)
    if fit.any():
        inland = partial(quadratic_hinge, margin=INLAND)
        on = train(ends.take(fit), inputs[fit], labels[fit], loss=inland, working_set=True, **rules)
        ends.weights[fit] = on.population.weights
    return ends


def maps(
    h: int,
    seeds: Sequence[int],
    columns: Sequence[int],
    *,
    dataset: str = "digits",
    labels: str = "parity",
    P: int = 1000,
    d: int = 10,
    L: int = 3,
    steps: int = 20_000,
    batch: int = 100,
) -> list[tuple[dict[str, Any], Map]]:
    """A map a seed, on a grid of so many ``columns`` each, and its row: what `Map.facts` tells.

    A seed draws the patterns and the weights that its three networks begin with.
    """
    if len(seeds) == 0 or len(columns) != len(seeds):
        raise ValueError(
            f"maps: got {len(seeds)} seeds and columns for {len(columns)}, need one number each, at least one"
        )
    begin = time.perf_counter()
    tasks = [task(dataset, labels, P, d, seed) for seed in seeds]
    ends, N = descend(h, tasks, seeds, L=L, steps=steps, batch=batch), effective_parameters(d, h, L)
    surveyed = [
        survey(ends.take(range(THREE * i, THREE * (i + 1))), partial(_gaps, patterns), N, columns[i])
        for i, patterns in enumerate(tasks)
    ]
    seconds = (time.perf_counter() - begin) / len(seeds)
    return [
        (
            {
                "dataset": dataset,
                "N": N,
                "h": h,
                "seed": seed,
                **drawn.facts(),
                "seconds": seconds,
                "data_sha256": patterns.sha256,
            },
            drawn,
        )
        for seed, patterns, drawn in zip(seeds, tasks, surveyed, strict=True)
    ]


def _gaps(patterns: Task, networks: Population) -> torch.Tensor:
    return gaps(networks(patterns.inputs), patterns.labels)


def surveys(h: int, seeds: Sequence[int], columns: Sequence[int], **settings: Any) -> list[dict[str, Any]]:
    """The rows of `maps`, without the maps: what the landscape of networks of one width looks like, a row a seed."""
    return [row for row, _ in maps(h, seeds, columns, **settings)]


EXPERIMENT = surveys
DIGITS: int | None = 4  # of floats in a committed table
