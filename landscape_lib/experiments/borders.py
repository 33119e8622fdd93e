"""The borders that networks draw between points of two kinds on a square: the toy of the ensembles chapter."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import Task
from landscape_lib.measure.ensembles import Borders
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.training import Run, descend

SIDE = 161  # points along each side of the square, where outputs are measured


def boundary(x: Float[Tensor, "*points"]) -> Float[Tensor, "*points"]:
    """Where the labels of `toy` change: x₂ = ¾ sin(4 x₁)."""
    return 0.75 * torch.sin(4 * x)


def toy(P: int, seed: int) -> Task:
    """P points, uniform on the square from −2 to 2, with the label +1 above `boundary` and −1 below; no test points."""
    x = torch.from_numpy(np.random.default_rng(seed).uniform(-2, 2, (P, 2)))
    y = torch.where(x[:, 1] > boundary(x[:, 0]), 1.0, -1.0).double()
    sha256 = hashlib.sha256(x.numpy().tobytes() + y.numpy().tobytes()).hexdigest()
    return Task(x, y, x[:0], y[:0], f"toy, P={P}", sha256)


def learn(h: int, seeds: Sequence[int], *, P: int, task_seed: int, side: int = SIDE) -> tuple[Borders, Run]:
    """Train one network a seed, of two hidden layers of width h, on the same P points, and ask it all over the square.

    The loss is the quadratic hinge, the descent full-batch Adam with steps of 0.003, 3,000 of them at most.
    """
    points, x = toy(P, task_seed), torch.linspace(-2, 2, side, dtype=torch.float64)
    square = torch.stack(torch.meshgrid(x, x, indexing="xy"), -1).reshape(-1, 2)
    run = descend([points] * len(seeds), [h], seeds, L=2, loss="quadratic_hinge", lr=3e-3, steps=3000)
    outputs = run.population(square).reshape(len(seeds), side, side)
    return Borders(points, h, effective_parameters(2, h, 2), x, boundary(x), outputs), run


def square_errors(h: int, seeds: Sequence[int], *, P: int, task_seed: int) -> list[dict[str, Any]]:
    """Where networks of one width err on the square: one row a network, its own ``error`` and that ``together``."""
    borders, run = learn(h, seeds, P=P, task_seed=task_seed)
    return [
        {
            "dataset": "toy",
            "seed": seed,
            "h": h,
            "N": borders.N,
            "error": error,
            "together": borders.together,
            "satisfied": satisfied,
            "seconds": run.seconds / len(seeds),
            "data_sha256": borders.points.sha256,
        }
        for seed, error, satisfied in zip(seeds, borders.error.tolist(), run.satisfied, strict=True)
    ]


EXPERIMENT = square_errors
DIGITS: int | None = 6  # of floats in a table
