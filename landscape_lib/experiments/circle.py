"""Networks that learn a function on a circle at several scales α: the toy of chapter 6, whose units can be drawn."""

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import Task
from landscape_lib.measure.ntk import Circle, directions
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Flow, gradient_flow, soft_hinge

ANGLES = 361  # at which a learned function is asked, once around


def place(angles: Float[Tensor, "*points"]) -> Float[Tensor, "*points 2"]:
    """Points of the circle of radius √2, so that their norm is √d as everywhere."""
    return math.sqrt(2) * torch.stack([angles.cos(), angles.sin()], -1)


def toy(P: int, seed: int) -> tuple[Task, Float[Tensor, "points"]]:
    """P points, evenly around the circle from a random one on, with label +1 where cos 2t > 0; and their angles t."""
    start = np.random.default_rng(seed).uniform(0, 2 * math.pi)
    t = (start + 2 * math.pi * torch.arange(P, dtype=torch.float64) / P) % (2 * math.pi)
    x, y = place(t), torch.where((2 * t).cos() > 0, 1.0, -1.0).double()
    sha256 = hashlib.sha256(x.numpy().tobytes() + y.numpy().tobytes()).hexdigest()
    return Task(x, y, x[:0], y[:0], f"circle, P={P}", sha256), t


def learn(alpha_h: Sequence[float], *, P: int, h: int, seed: int) -> tuple[list[Circle], Flow]:
    """Let a network flow at each scale, from the same weights: one hidden layer, the soft hinge, until min y F > 1."""
    points, t = toy(P, seed)
    nets = Population(
        lambda seed: MLP(2, h, 1, parametrisation="ntk", activation="softplus", seed=seed), [seed] * len(alpha_h)
    )
    alphas = [scale / math.sqrt(h) for scale in alpha_h]
    run = gradient_flow(nets, points.inputs, points.labels, alpha=alphas, loss=soft_hinge, setting=points.name)
    around = torch.linspace(0, 2 * math.pi, ANGLES, dtype=torch.float64)
    F = run.outputs(place(around))[..., 0]
    first = [population.weights[:, : 2 * h].unflatten(1, (h, 2)) for population in (run.initial, run.population)]
    return [Circle(scale, points, t, around, F[i], first[0][i], first[1][i]) for i, scale in enumerate(alpha_h)], run


def directions_at_scales(alpha_h: Sequence[float], *, P: int, h: int, seed: int) -> list[dict[str, Any]]:
    """In how many `directions` the hidden units point, before and after training: one row a scale."""
    circles, run = learn(alpha_h, P=P, h=h, seed=seed)
    return [
        {
            "dataset": "circle",
            "seed": seed,
            "P": P,
            "h": h,
            "alpha_h": circle.alpha_h,
            "before": directions(circle.before),
            "after": directions(circle.after),
            "satisfied": run.satisfied[i],
            "seconds": run.seconds / len(circles),
            "data_sha256": circle.points.sha256,
        }
        for i, circle in enumerate(circles)
    ]


EXPERIMENT = directions_at_scales
DIGITS: int | None = 6  # of floats in a table
