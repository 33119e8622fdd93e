"""The loss averaged over a Gaussian of the weights: descend on it, and follow it back to the loss itself."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from landscape_lib.data import random_task
from landscape_lib.experiments._classes import timed
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Perturb, Stop, adam, come_to_rest, mean_square, train

LR = 0.01
STAGES = 5  # with half the width of the stage before, and then one without any


def ends_of_smoothing(
    P: int, d: int, h: int, *, seeds: Sequence[int], starts: int, width: float, steps: int
) -> list[dict[str, Any]]:
    """The loss at rest after descent on the averaged loss, whose Gaussian narrows: a row a seed.

    Random labels of random points, more of them than one hidden layer of tanh can learn, so that minima differ; mean
    square, Adam, and then L-BFGS to rest on the loss itself, which no network leaves out. In each step the gradient is
    taken at w + σ ξ, with a fresh ξ: that of ⟨𝓛(w + σ ξ)⟩ in the mean. σ is ``width`` in the first fifth of the steps,
    then half of it, and so on, and 0 in the last sixth; ``width=0`` is descent without any. ``loss`` is the mean over
    so many ``starts``, from the same weights whatever the width, ``best`` the least of them.
    """
    began = time.perf_counter()
    tasks = [random_task(P, d, seed) for seed in seeds]
    inputs = torch.stack([own.inputs for own in tasks]).double().repeat_interleave(starts, 0)
    labels = torch.stack([own.labels for own in tasks]).double().repeat_interleave(starts, 0)[..., None]
    each = [seed * starts + k for seed in seeds for k in range(starts)]
    nets = Population(lambda seed: MLP(d, h, 1, activation="tanh", seed=seed), each, dtype=torch.float64)
    generator, part = torch.Generator().manual_seed(seeds[0]), steps // (STAGES + 1)
    for stage in range(STAGES + 1):
        sigma = width / 2**stage if stage < STAGES else 0.0
        how: dict[str, Any] = {"perturb": gaussian(sigma, generator)} if sigma else {}
        rules: dict[str, Any] = {"optimiser": adam(LR), "stop": Stop(part, None), "loss": mean_square}
        nets = train(nets, inputs, labels, every=max(part, 1), setting=f"width {sigma:g}", **rules, **how).population
    rest = come_to_rest(nets, inputs, labels, loss=mean_square, setting=f"width {width:g}")
    losses = rest.loss.reshape(len(seeds), starts)
    rested = torch.tensor([reason == "at rest" for reason in rest.reasons]).reshape(len(seeds), starts)
    rows = [
        {
            "dataset": "random",
            "P": P,
            "d": d,
            "h": h,
            "starts": starts,
            "width": width,
            "steps": steps,
            "seed": seed,
            "loss": losses[i].mean().item(),
            "best": losses[i].min().item(),
            "rested": rested[i].double().mean().item(),
            "data_sha256": tasks[i].sha256,
        }
        for i, seed in enumerate(seeds)
    ]
    return timed(rows, began)


def gaussian(sigma: float, generator: torch.Generator) -> Perturb:
    """Where the gradient is taken: at w + σ ξ, ξ standard normal and fresh in each step."""

    def away(weights: Tensor, gradient: Tensor) -> Tensor:
        return sigma * torch.randn(weights.shape, generator=generator, dtype=weights.dtype)

    return away


EXPERIMENT = ends_of_smoothing
DIGITS: int | None = 5  # of floats in a table
