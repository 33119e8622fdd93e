"""Gradient descent against SGD, step sizes tuned on both sides: on easy images, and where SGD might be special."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from landscape_lib.data import Task
from landscape_lib.experiments._classes import CLASSES, networks, stacked, task
from landscape_lib.measure.ensembles import errors
from landscape_lib.training import Stop, cross_entropy, gd, train

SCRAMBLED = 0.3  # share of the training labels that are drawn anew
NOISE = 2.0  # standard deviation of what is added to each pixel; images have a mean square of 1
FIT = 0.01  # the loss at which training ends


def scrambled(own: Task, generator: np.random.Generator) -> Task:
    """Labels of the training patterns, three of ten drawn anew."""
    labels = own.labels.clone()
    chosen = torch.from_numpy(generator.permutation(len(labels))[: round(SCRAMBLED * len(labels))])
    labels[chosen] = torch.from_numpy(generator.integers(CLASSES, size=len(chosen))).to(labels)
    return replace(own, labels=labels)


def noisy(own: Task, generator: np.random.Generator) -> Task:
    """Gaussian noise on every pixel, of training and test images."""

    def add(inputs: Tensor) -> Tensor:
        return inputs + NOISE * torch.from_numpy(generator.standard_normal(inputs.shape)).to(inputs)

    return replace(own, inputs=add(own.inputs), test_inputs=add(own.test_inputs))


def sums(own: Task, generator: np.random.Generator) -> Task:
    """Two images side by side, labelled by the last figure of the sum of their digits: twice as many as of images."""

    def pair(inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        i, j = torch.from_numpy(generator.integers(len(inputs), size=(2, 2 * len(inputs))))
        return torch.cat([inputs[i], inputs[j]], 1), (labels[i] + labels[j]) % CLASSES

    x, y = pair(own.inputs, own.labels)
    test_x, test_y = pair(own.test_inputs, own.test_labels)
    return replace(own, inputs=x, labels=y, test_inputs=test_x, test_labels=test_y)


REGIMES: dict[str, Callable[[Task, np.random.Generator], Task] | None] = {
    "images": None,
    "few units": None,
    "scrambled": scrambled,
    "noisy": noisy,
    "sums": sums,
}


def errors_of_descent(
    regime: str,
    dataset: str,
    P: int,
    *,
    h: int,
    L: int,
    batch: int | None,
    lr: float,
    steps: int,
    seeds: Sequence[int],
    tests: int = 1000,
) -> list[dict[str, Any]]:
    """Train one network a seed to a loss of 0.01, or for so many steps, by SGD or (``batch=None``) full batch.

    One row a seed, which draws patterns and weights, the same for both: the ``loss`` and ``steps`` it came to, and the
    test ``error``. In the regime "few units" it is the width that makes it.
    """
    if regime not in REGIMES:
        raise ValueError(f"errors_of_descent: unknown regime {regime!r}, choose one of {tuple(REGIMES)}")
    change, tasks = REGIMES[regime], [task(dataset, P, seed, tests) for seed in seeds]
    if change:  # by NumPy: a torch generator of this seed draws the network's weights, and noise would be alike
        tasks = [change(own, np.random.default_rng([seed, 1])) for own, seed in zip(tasks, seeds, strict=True)]
    inputs, labels = stacked(tasks)
    nets = networks(seeds, inputs.shape[2], h, L=L, dtype=torch.float32)
    run = train(
        nets,
        inputs,
        labels,
        optimiser=gd(lr),
        stop=Stop(steps, satisfied=FIT),
        loss=cross_entropy,
        batch=batch,
        every=50 if batch else 10,
        setting=f"{regime}, lr={lr:g}",
    )
    outputs = run.population(torch.stack([own.test_inputs for own in tasks]))
    return [
        {
            "dataset": dataset,
            "regime": regime,
            "method": "GD" if batch is None else "SGD",
            "P": inputs.shape[1],
            "h": h,
            "L": L,
            "batch": batch,
            "lr": lr,
            "seed": seed,
            "steps": int(run.steps[i]),
            "loss": run.loss[i].item(),
            "error": errors(outputs[i], own.test_labels).item(),
            "seconds": run.seconds / len(seeds),
            "data_sha256": own.sha256,
        }
        for i, (own, seed) in enumerate(zip(tasks, seeds, strict=True))
    ]


EXPERIMENT = errors_of_descent
DIGITS: int | None = 5  # of floats in a table
