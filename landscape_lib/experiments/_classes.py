"""Ten classes of images: what the chapters on slices and curvature learn, and its loss at one network."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from landscape_lib.data import Task, image_task
from landscape_lib.experiments._images import images, with_tests_shuffled
from landscape_lib.measure.ensembles import errors
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Run, Stop, cross_entropy, gd, train

CLASSES = 10
L = 2  # hidden layers
D = 10  # principal components, where images do not enter by their pixels


def task(dataset: str, P: int, seed: int, tests: int | None = None, *, d: int | None = None) -> Task:
    """P images in single precision, by their pixels or in d components; the tests, at most so many, in random order."""
    made = image_task(images(dataset), P, labels="classes", d=d, seed=seed, dtype=torch.float32)
    return with_tests_shuffled(made, seed, tests)


def stacked(
    tasks: Sequence[Task],
) -> tuple[Float[Tensor, "nets points features"], Float[Tensor, "nets points"]]:
    """The training points of each, and their labels."""
    return torch.stack([task.inputs for task in tasks]), torch.stack([task.labels for task in tasks])


def networks(
    seeds: Sequence[int], d: int, h: int, *, L: int = L, activation: str = "relu", dtype: torch.dtype = torch.float64
) -> Population:
    """A fully connected network of ten outputs a seed, as it starts."""
    return Population(lambda seed: MLP(d, h, L, outputs=CLASSES, activation=activation, seed=seed), seeds, dtype=dtype)


def learn(
    tasks: Sequence[Task],
    seeds: Sequence[int],
    *,
    h: int,
    batch: int | None,
    lr: float,
    steps: Sequence[int],
    dtype: torch.dtype = torch.float64,
) -> tuple[Run, Float[Tensor, "nets points features"], Float[Tensor, "nets points"]]:
    """Networks of softplus units by SGD, or full batch (None), kept after so many steps; and what they learn."""
    inputs, labels = (part.to(dtype) for part in stacked(tasks))
    nets = networks(seeds, inputs.shape[2], h, activation="softplus", dtype=dtype)
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(max(steps), None), "loss": cross_entropy, "batch": batch}
    return train(nets, inputs, labels, at=steps, every=max(*steps, 1), **rules), inputs, labels


def check_steps(steps: Sequence[int], caller: str) -> None:
    """Refuse steps of which one is not after the one before it."""
    if list(steps) != sorted(set(steps)) or not steps or steps[0] < 0:
        raise ValueError(f"{caller}: steps are {tuple(steps)}, need numbers that grow, from 0 on")


def loss_on(inputs: Tensor, labels: Tensor) -> Callable[[nn.Module], Mapping[str, Tensor]]:
    """What a slice shows: the mean cross-entropy of a network on these points."""
    return lambda network: {"loss": F.cross_entropy(network(inputs), labels.long())}


@torch.no_grad()
def error_of(network: nn.Module, own: Task) -> float:
    """The share of test points that the network gets wrong, in its own precision."""
    inputs = own.test_inputs.to(next(network.parameters()).dtype)
    return errors(network(inputs)[None], own.test_labels).item()


def timed(rows: Sequence[Mapping[str, Any]], began: float) -> list[dict[str, Any]]:
    """Each row with its share of the ``seconds`` since then, by `time.perf_counter`."""
    share = (time.perf_counter() - began) / len(rows)
    return [{**row, "seconds": share} for row in rows]
