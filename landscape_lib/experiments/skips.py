"""Deep networks with and without skip connections: how far training gets, and how the loss looks around its end."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from landscape_lib.data import Task
from landscape_lib.experiments._classes import CLASSES, loss_on, stacked, task, timed
from landscape_lib.experiments._images import images
from landscape_lib.measure.ensembles import errors
from landscape_lib.measure.surface import (
    Plane,
    concave_share,
    filter_normalised,
    random_direction,
    roughness,
    slice_line,
    slice_plane,
)
from landscape_lib.nets import Population, ResidualCNN, ResidualMLP
from landscape_lib.training import Run, Stop, cross_entropy, gd, train

MOMENTUM, BATCH = 0.9, 50
LINES, POINTS = 4, 41  # slices a network, from −1 to 1 along filter-normalised directions, and in how many points


def deep(kind: str, dataset: str, h: int, blocks: int, skip: bool, seed: int) -> nn.Module:
    """A batch-normalised network of ten outputs: "mlp" of 2 · blocks + 2 layers of h units, or "cnn" of h channels."""
    common: dict[str, Any] = {"outputs": CLASSES, "skip": skip, "batch_norm": True, "seed": seed}
    channels, rows, columns = images(dataset).shape
    if kind == "mlp":
        return ResidualMLP(channels * rows * columns, h, blocks, **common)
    if kind == "cnn":
        return ResidualCNN(columns, h, blocks, channels=channels, rows=rows, **common)
    raise ValueError(f"deep: unknown network {kind!r}, choose 'mlp' or 'cnn'")


def descend(
    kind: str,
    tasks: Sequence[Task],
    dataset: str,
    seeds: Sequence[int],
    *,
    h: int,
    blocks: int,
    skip: bool,
    lr: float,
    steps: int,
) -> Run:
    """One network a task, by SGD in batches of 50 with momentum 0.9.

    Norms take the statistics of the batch, here and afterwards: a slice is of the loss on all patterns as one batch.
    """
    nets = Population(lambda seed: deep(kind, dataset, h, blocks, skip, seed), seeds, dtype=torch.float32)
    inputs, labels = stacked(tasks)
    return train(
        nets,
        inputs,
        labels,
        optimiser=gd(lr, MOMENTUM),
        stop=Stop(steps),
        loss=cross_entropy,
        batch=min(BATCH, inputs.shape[1]),
        every=50,
        setting=f"{kind} of {blocks} blocks, {'with' if skip else 'no'} skips",
    )


def surface(network: nn.Module, patterns: Task, seed: int, points: int = POINTS) -> Plane:
    """The loss on the plane of two random filter-normalised directions, from −1 to 1 along each."""
    axes = [filter_normalised(network, random_direction(network, LINES * seed + i)) for i in range(2)]
    t = torch.linspace(-1, 1, points, dtype=torch.float64)
    return slice_plane(network, loss_on(patterns.inputs, patterns.labels), (axes[0], axes[1]), (t, t))


def slices_of_skips(
    kind: str,
    dataset: str,
    P: int,
    *,
    h: int,
    blocks: int,
    skip: bool,
    seeds: Sequence[int],
    lr: float,
    steps: int,
    tests: int = 1000,
) -> list[dict[str, Any]]:
    """Train one deep network a seed and slice the loss around it: one row a seed, which draws patterns and weights.

    ``loss`` on all training patterns after so many steps, test ``error``, and means over four random filter-normalised
    directions of the share of points where the slice bends down, ``concave``, and of its `roughness`.
    """
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, tests) for seed in seeds]
    run = descend(kind, tasks, dataset, seeds, h=h, blocks=blocks, skip=skip, lr=lr, steps=steps)
    t = torch.linspace(-1, 1, POINTS, dtype=torch.float64)
    rows = []
    for own, seed, network in zip(tasks, seeds, run.population.each(), strict=True):
        lines = torch.stack(
            [
                slice_line(
                    network,
                    loss_on(own.inputs, own.labels),
                    filter_normalised(network, random_direction(network, LINES * seed + i)),
                    t,
                ).values["loss"]
                for i in range(LINES)
            ]
        )
        with torch.no_grad():
            error = errors(network(own.test_inputs)[None], own.test_labels).item()
        rows.append(
            {
                "dataset": dataset,
                "network": kind,
                "P": P,
                "h": h,
                "blocks": blocks,
                "skip": skip,
                "lr": lr,
                "steps": steps,
                "seed": seed,
                "loss": lines[0, POINTS // 2].item(),
                "error": error,
                "concave": concave_share(t, lines).mean().item(),
                "roughness": roughness(lines).mean().item(),
                "data_sha256": own.sha256,
            }
        )
    return timed(rows, began)


EXPERIMENT = slices_of_skips
DIGITS: int | None = 5  # of floats in a table
