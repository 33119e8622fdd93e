"""How wide a basin is: networks of many widths, or by small and large batches, and the loss along random directions."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import Task
from landscape_lib.experiments._classes import error_of, loss_on, networks, stacked, task, timed
from landscape_lib.measure.surface import basin, filter_normalised, random_direction, rescaled, slice_line
from landscape_lib.nets import MLP
from landscape_lib.training import Stop, cross_entropy, gd, train

LINES, POINTS = 3, 41  # slices a network, and in how many points
REACH = {"filter": 4.0, "raw": 1.0}  # how far they go: in lengths of the filters, or of a unit's weight
THRESHOLD = 0.5  # of the loss, where a basin ends


def basin_widths(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    batch: int,
    lr: float,
    steps: int,
    weight_decay: float = 0.0,
    to: float | None = None,
    tests: int = 1000,
) -> list[dict[str, Any]]:
    """Train one network of two hidden layers a seed by SGD, and measure its basin: one row a seed.

    ``to`` ends training at that loss, so that networks are compared at one; else it goes on for all ``steps``.
    ``filter`` and ``raw`` are how far, from side to side, the loss stays below 0.5 along random directions, which are
    filter-normalised, or have entries N(0, 1): means over three directions. ``open`` counts the sides, of twelve, where
    the slice ended first. Also the ``loss``, the test ``error`` and the ``norm`` ‖w‖.
    """
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, tests) for seed in seeds]
    inputs, labels = stacked(tasks)
    nets = networks(seeds, inputs.shape[2], h, dtype=torch.float32)
    run = train(
        nets,
        inputs,
        labels,
        optimiser=gd(lr, weight_decay=weight_decay),
        stop=Stop(steps, satisfied=to),
        loss=cross_entropy,
        batch=batch,
        every=10 if to else 50,
        setting=f"h={h}, B={batch}",
    )
    rows = []
    for i, (own, seed, network) in enumerate(zip(tasks, seeds, run.population.each(), strict=True)):
        found: dict[str, list[float]] = {name: [] for name in REACH}
        sides = 0
        for k in range(LINES):
            raw = random_direction(network, LINES * seed + k)
            for name, direction in (("filter", filter_normalised(network, raw)), ("raw", raw)):
                t = torch.linspace(-REACH[name], REACH[name], POINTS, dtype=torch.float64)
                line = slice_line(network, loss_on(own.inputs, own.labels), direction, t)
                here = basin(t, line.values["loss"], THRESHOLD)
                found[name].append(here.width)
                sides += here.left_open + here.right_open
        rows.append(
            {
                "dataset": dataset,
                "P": P,
                "h": h,
                "batch": batch,
                "lr": lr,
                "weight_decay": weight_decay,
                "steps": int(run.steps[i]),
                "seed": seed,
                "loss": run.loss[i].item(),
                "error": error_of(network, own),
                "norm": run.population.weights[i].norm().item(),
                **{name: sum(widths) / LINES for name, widths in found.items()},
                "open": sides,
                "data_sha256": own.sha256,
            }
        )
    return timed(rows, began)


def changes_by_rescaling(
    dataset: str, P: int, h: int, *, seeds: Sequence[int], factor: float, lr: float, steps: int
) -> list[dict[str, Any]]:
    """How much a slice changes when the first layer is multiplied by a factor, and the second divided: one row a seed.

    ``raw`` and ``filter``: the root mean square change of the loss along one random direction, as it is and
    filter-normalised, over as far as `basin_widths` goes, to four decimals, as far as single precision knows it. The
    networks are those of `basin_widths`, by batches of 50.
    """
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, 0) for seed in seeds]
    inputs, labels = stacked(tasks)
    nets = networks(seeds, inputs.shape[2], h, dtype=torch.float32)
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(steps), "loss": cross_entropy, "batch": 50, "every": 50}
    ends = train(nets, inputs, labels, **rules).population
    rows = []
    for own, seed, network in zip(tasks, seeds, ends.each(), strict=True):
        assert isinstance(network, MLP)
        two = rescaled_slices(network, own, seed, factor)
        changes = {name: round((one - other).square().mean().sqrt().item(), 4) for name, (one, other) in two.items()}
        row = {"dataset": dataset, "P": P, "h": h, "factor": factor, "seed": seed, **changes}
        rows.append({**row, "data_sha256": own.sha256})
    return timed(rows, began)


def rescaled_slices(
    network: MLP, patterns: Task, seed: int, factor: float
) -> dict[str, tuple[Float[Tensor, "points"], Float[Tensor, "points"]]]:
    """The loss along one random direction, raw and filter-normalised, of a network and of the same one rescaled."""
    drawn, evaluate = random_direction(network, LINES * seed), loss_on(patterns.inputs, patterns.labels)
    pairs = {}
    for name, reach in REACH.items():
        t = torch.linspace(-reach, reach, POINTS, dtype=torch.float64)
        pair = []
        for one in (network, rescaled(network, 0, factor)):
            direction = filter_normalised(one, drawn) if name == "filter" else drawn
            pair.append(slice_line(one, evaluate, direction, t).values["loss"])
        pairs[name] = (pair[0], pair[1])
    return pairs


EXPERIMENT = basin_widths
DIGITS: int | None = 5  # of floats in a table
