"""Two ways to tell the class of an image: how it looks, and a small patch that gives it away. Large steps and small."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

from landscape_lib.experiments._classes import timed
from landscape_lib.experiments.feature_lazy import task
from landscape_lib.measure.ensembles import errors
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Stop, gd, train

PATCH = 4  # numbers in a patch
SIZE, TURN = 8.0, 0.3  # its length, and how far the patches of one class lie on either side of the other's
GROUPS = (0.2, 0.16, 0.64)  # images without a patch, patches without an image, both: Li et al.'s code
WAYS = ("small", "large", "annealed")


def logistic(outputs: Float[Tensor, "nets points 1"], labels: Float[Tensor, "nets points"]) -> Float[Tensor, "_ _"]:
    """ln(1 + exp(−y f)) of labels ±1."""
    return softplus(-outputs[..., 0] * labels)


def patches_of(labels: Float[Tensor, "points"], generator: np.random.Generator) -> Float[Tensor, "points patch"]:
    """z for the class −1, and z ± 0.3 w at random for +1, z and w at right angles: no straight line parts the two."""
    z, w = torch.linalg.qr(torch.randn(PATCH, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64))[0].T
    side = torch.from_numpy(generator.choice([-1.0, 1.0], len(labels)))
    return (SIZE * (z + TURN * torch.where(labels > 0, side, torch.zeros_like(side))[:, None] * w)).to(labels.dtype)


def patched(
    inputs: Float[Tensor, "points features"],
    labels: Float[Tensor, "points"],
    groups: tuple[float, float, float],
    generator: np.random.Generator,
) -> Float[Tensor, "points _"]:
    """Images with a patch behind their pixels; in so many of them one of the two is blank."""
    group = torch.from_numpy(generator.choice(3, len(inputs), p=groups))
    seen = torch.where((group == 1)[:, None], 0.0, inputs)
    given = torch.where((group == 0)[:, None], 0.0, patches_of(labels, generator))
    return torch.cat([seen, given], dim=1)


def errors_of_patches(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    large: float,
    small: float,
    steps: int,
    annealing: int,
    batch: int,
    tests: int = 700,
) -> list[dict[str, Any]]:
    """SGD with small steps throughout, with large ones, and with large ones and then small: a row a seed and way.

    Two hidden layers of ReLU, the logistic loss, parity of images, single precision. A fifth of the training images has
    no patch, 16% are a patch alone, and the others have both (`GROUPS`). ``clean`` is the error on test images without
    a patch, ``patch`` that on patches without an image. ``way`` is "small": ``steps`` of ``small``; "large": a quarter
    as many of ``large``; "annealed": these and then ``annealing`` steps of ``small``. ``loss`` is that of training.
    """
    began = time.perf_counter()
    tasks = [task(dataset, "parity", P, None, seed, tests) for seed in seeds]
    draws = [np.random.default_rng([seed, 7]) for seed in seeds]
    trained = [
        patched(own.inputs.float(), own.labels.float(), GROUPS, draw) for own, draw in zip(tasks, draws, strict=True)
    ]
    inputs, labels = torch.stack(trained), torch.stack([own.labels.float() for own in tasks])
    clean, alone = (
        [
            patched(own.test_inputs.float(), own.test_labels.float(), groups, draw)
            for own, draw in zip(tasks, draws, strict=True)
        ]
        for groups in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    )
    start = Population(lambda seed: MLP(inputs.shape[2], h, 2, seed=seed), seeds, dtype=torch.float32)

    def descend(nets: Population, lr: float, number: int) -> Population:
        rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(number, None), "loss": logistic, "batch": batch}
        return train(nets, inputs, labels, every=max(number, 1), **rules).population

    large_steps = descend(start, large, steps // 4)
    ends = (descend(start, small, steps), large_steps, descend(large_steps, small, annealing))
    rows = []
    for way, nets in zip(WAYS, ends, strict=True):
        losses = logistic(nets(inputs), labels).mean(1).tolist()
        for i, (own, seed, network) in enumerate(zip(tasks, seeds, nets.each(), strict=True)):
            with torch.no_grad():
                wrong = [errors(network(points[i])[None], own.test_labels).item() for points in (clean, alone)]
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "way": way,
                    "large": large,
                    "small": small,
                    "steps": steps,
                    "seed": seed,
                    "loss": losses[i],
                    "clean": wrong[0],
                    "patch": wrong[1],
                    "data_sha256": own.sha256,
                }
            )
    return timed(rows, began)


EXPERIMENT = errors_of_patches
DIGITS: int | None = 5  # of floats in a table
