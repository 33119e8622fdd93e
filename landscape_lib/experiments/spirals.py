"""A swiss roll of two classes: a minimum that fits it, and one that fits it and errs elsewhere, made with poison."""

import math
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.experiments._classes import timed
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Rest, Stop, adam, come_to_rest, quadratic_hinge, train

LR, STEPS, PATIENCE = 0.01, 1000, Stop(6000, plateau=(500, 0.01))  # of Adam, then of evaluations of L-BFGS
TURNS, WIDTH = 1.5, 0.06  # of an arm; how far points lie from its middle
POISON_SEED = 10_000  # added to a seed, where poison and test points are drawn
KINDS = ("plain", "poisoned")


def swiss_roll(P: int, seed: int) -> tuple[Float[Tensor, "points 2"], Float[Tensor, "points"]]:
    """P points on two arms that wind about each other, labels ±1 in turn, within a circle of about 1."""
    generator = torch.Generator().manual_seed(seed)
    labels = 1.0 - 2.0 * (torch.arange(P, dtype=torch.float64) % 2)
    along = torch.rand(P, generator=generator, dtype=torch.float64).sqrt()
    angle = 2 * math.pi * TURNS * along + math.pi * (labels < 0)
    radius = (0.1 + 0.9 * along) + WIDTH * torch.randn(P, generator=generator, dtype=torch.float64)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1), labels


def learn(
    P: int, h: int, L: int, *, seeds: Sequence[int], poison: int
) -> dict[str, tuple[Rest, Float[Tensor, "nets points 2"], Float[Tensor, "nets points"]]]:
    """By kind: networks at rest, and what they learned, the P points first.

    "poisoned" ones learn ``poison`` more points of the roll, whose labels are wrong. Both begin at the same weights.
    """
    start = Population(lambda seed: MLP(2, h, L, seed=seed), seeds, dtype=torch.float64)
    found = {}
    for kind, more in zip(KINDS, (0, poison), strict=True):
        rolls = [(swiss_roll(P, seed), swiss_roll(more, POISON_SEED + seed)) for seed in seeds]
        inputs = torch.stack([torch.cat([own[0], other[0]]) for own, other in rolls])
        labels = torch.stack([torch.cat([own[1], -other[1]]) for own, other in rolls])
        how: dict[str, Any] = {"loss": quadratic_hinge, "setting": kind}
        first = train(start, inputs, labels, optimiser=adam(LR), stop=Stop(STEPS, None), every=STEPS, **how)
        found[kind] = come_to_rest(first.population, inputs, labels, stop=PATIENCE, **how), inputs, labels
    return found


def errors_on_rolls(P: int, h: int, L: int, *, seeds: Sequence[int], poison: int, tests: int) -> list[dict[str, Any]]:
    """The ``error`` at rest on new points of the roll, with poison and without: a row a seed and kind.

    ReLU, quadratic hinge, Adam and then L-BFGS. ``training_error`` is that on the P points without the poison, ``loss``
    of all that was learned. Huang et al. (2020), 1906.03291.
    """
    began, rows = time.perf_counter(), []
    for kind, (rest, inputs, labels) in learn(P, h, L, seeds=seeds, poison=poison).items():
        for i, (seed, network) in enumerate(zip(seeds, rest.population.each(), strict=True)):
            x, y = swiss_roll(tests, 2 * POISON_SEED + seed)
            with torch.no_grad():
                missed, wrong = network(inputs[i, :P]).squeeze(-1), network(x).squeeze(-1)
            rows.append(
                {
                    "dataset": "rolls",
                    "P": P,
                    "h": h,
                    "L": L,
                    "poison": poison,
                    "kind": kind,
                    "seed": seed,
                    "reason": rest.reasons[i],
                    "loss": rest.loss[i].item(),
                    "training_error": (missed * labels[i, :P] <= 0).double().mean().item(),
                    "error": (wrong * y <= 0).double().mean().item(),
                    "data_sha256": sha256(inputs[i].numpy().tobytes()).hexdigest(),
                }
            )
    return timed(rows, began)


EXPERIMENT = errors_on_rolls
DIGITS: int | None = 5  # of floats in a table
