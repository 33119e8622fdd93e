"""The patterns that networks learn, as training takes them: shared by all networks, or one set a network."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from landscape_lib.nets import Population
from landscape_lib.training._losses import Loss


@dataclass(frozen=True)
class Patterns:
    """The patterns of the networks in training: (nets, points, features) and (nets, points), or shared by all."""

    inputs: Tensor
    labels: Tensor

    def of(self, nets: Tensor | slice) -> "Patterns":
        return Patterns(
            self.inputs[nets] if self.inputs.ndim == 3 else self.inputs,
            self.labels[nets] if self.inputs.ndim == 3 else self.labels,
        )

    def at(self, nets: Tensor, points: Tensor) -> "Patterns":
        """For each of the ``nets`` its own choice of ``points``, (nets, chosen)."""
        where = points if self.inputs.ndim == 2 else (nets[:, None], points)
        return Patterns(self.inputs[where], self.labels[where])

    def chosen(self, mask: Tensor) -> tuple["Patterns", Tensor]:
        """Each network's patterns where ``mask`` holds, padded to the longest list, and weights 1 and 0."""
        rank = mask.cumsum(1)
        index = torch.zeros(len(mask), max(int(rank[:, -1].max()), 1), dtype=torch.long, device=mask.device)
        nets, points = mask.nonzero(as_tuple=True)
        index[nets, rank[nets, points] - 1] = points
        weights = torch.arange(1, index.shape[1] + 1, device=mask.device) <= rank[:, -1:]
        picked = self.at(torch.arange(len(mask), device=mask.device), index)
        return picked, weights.to(self.inputs.dtype)


class Batches:
    """Patterns drawn for each network from a generator of its own: its batches do not depend on who else trains."""

    def __init__(self, population: Population, seed: int, points: int, batch: int) -> None:
        self.points, self.batch, seeds = points, batch, population.seeds
        # Copies of one network are told apart by how many stand before them; NumPy takes no negative numbers.
        keys = [(seed, own, seeds[:i].count(own)) for i, own in enumerate(seeds)]
        self.generators = [np.random.default_rng([number % 2**64 for number in key]) for key in keys]

    def draw(self, nets: Tensor) -> Tensor:
        """The next batch of each of the ``nets``, (nets, batch), without replacement."""
        drawn = [self.generators[i].choice(self.points, self.batch, replace=False) for i in nets.tolist()]
        return torch.from_numpy(np.stack(drawn)).to(nets.device)


def checked_patterns(population: Population, inputs: Tensor, labels: Tensor, loss: Loss) -> Patterns:
    """The patterns, after the door: inputs that these networks take, and labels that this loss takes with them."""
    shape, points = tuple(population.checked(inputs).shape[:-1]), inputs.shape[-2]
    if points == 0:
        raise ValueError(f"train: inputs have shape {tuple(inputs.shape)}, need at least one point")
    if tuple(labels.shape[: len(shape)]) != shape:
        raise ValueError(
            f"train: labels have shape {tuple(labels.shape)} for inputs {tuple(inputs.shape)}; need {shape}, and after "
            "that an axis of outputs if the loss takes one"
        )
    patterns = Patterns(inputs, labels)
    # One network alone: labels of every network's own, given with shared inputs, are seen not to fit its outputs.
    pattern = patterns.of(slice(0, 1))
    losses = loss(population.take([0])(pattern.inputs), pattern.labels)
    if tuple(losses.shape) != (1, points):
        raise ValueError(f"train: the loss of one network has shape {tuple(losses.shape)}, need (1, {points})")
    return patterns
