"""A map of a loss landscape: the loss on the plane through three networks, and the lakes where it is zero.

The plane is chosen by a rule and not by its looks. Its frame is the same for all maps, in units of the three's spread.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy.ndimage import label
from torch import Tensor

from landscape_lib.nets import Population
from landscape_lib.training import ZERO

FRAME = (2.4, 1.6)  # half-width and half-height of a map, in distances from the middle of the three to the farthest


@dataclass(frozen=True)
class Map:
    """The loss, and the largest gap of any pattern, at the points of a plane through three networks.

    Rows go north, columns east. ``ends`` is where the networks are, in the frame's ``unit``, which is given over the
    norm of the weights in the middle.
    """

    N: int  # effective parameters of each network
    loss: Float[np.ndarray, "rows columns"]
    gap: Float[np.ndarray, "rows columns"]
    ends: Float[np.ndarray, "3 2"]
    end_loss: Float[np.ndarray, "3"]
    unsatisfied: Int[np.ndarray, "3"]
    unit: float

    @property
    def height(self) -> Float[np.ndarray, "rows columns"]:
        """√(2𝓛): the root mean square of what the patterns miss their margin by."""
        return np.sqrt(2 * self.loss)

    @property
    def zero(self) -> Bool[np.ndarray, "rows columns"]:
        """Where every pattern is satisfied."""
        return self.loss < ZERO

    @property
    def lakes(self) -> int:
        """Bodies of water that hold one of the three, as far as the grid tells: a strait within a step is not seen."""
        bodies, _ = label(self.zero)
        rows, columns = self.loss.shape
        near = np.rint((self.ends / FRAME + 1) / 2 * (columns - 1, rows - 1)).astype(int)
        held = bodies[near[:, 1], near[:, 0]]
        ponds = (held == 0) & (self.end_loss < ZERO)  # smaller than a step
        return len(set(held) - {0}) + int(ponds.sum())

    def facts(self) -> dict[str, int | float]:
        """What a table tells of the map: networks and their losses, water, the unit, and the grid and its step."""
        rows, columns = self.loss.shape
        return {
            "satisfied": int((self.end_loss < ZERO).sum()),
            "lowest_loss": float(self.end_loss.min()),
            "highest_loss": float(self.end_loss.max()),
            "fewest_unsatisfied": int(self.unsatisfied.min()),
            "most_unsatisfied": int(self.unsatisfied.max()),
            "zero_share": float(self.zero.mean()),
            "lakes": self.lakes,
            "lowest_height": float(self.height.min()),
            "unit": self.unit,
            "columns": columns,
            "rows": rows,
            "step": 2 * FRAME[0] * self.unit / (columns - 1),
        }


def survey(
    three: Population, gaps: Callable[[Population], Float[Tensor, "nets points"]], N: int, columns: int = 288
) -> Map:
    """Evaluate the plane through three networks of N weights, its axes the principal ones of the three, on a grid.

    ``gaps`` gives the gaps Δ_μ of networks on P patterns; the loss is the quadratic hinge, 𝓛 = Σ_μ ½ max(0, Δ_μ)²/P.
    """
    if len(three) != 3:
        raise ValueError(f"survey: got {len(three)} networks, need three: they fix a plane")
    middle = three.weights.mean(0)
    arms = three.weights - middle
    axes = torch.linalg.svd(arms, full_matrices=False).Vh[:2]
    ends = arms @ axes.T
    signs = ends.gather(0, ends.abs().argmax(0, keepdim=True)).sign()  # the farthest end of each axis is east, north
    axes, ends = axes * signs.T, ends * signs
    unit = arms.norm(dim=1).max()
    x = torch.linspace(-1, 1, columns, dtype=torch.float64) * FRAME[0]
    y = torch.linspace(-1, 1, round(columns * FRAME[1] / FRAME[0]), dtype=torch.float64) * FRAME[1]
    line = three.take([0] * columns)
    losses, largest = [], []
    for north in y:  # a line of the grid is one stack
        line.weights = middle + unit * (x[:, None] * axes[0] + north * axes[1])
        delta = gaps(line)
        losses.append(0.5 * delta.clamp(min=0).square().mean(1))
        largest.append(delta.max(1).values)
    missed = gaps(three).clamp(min=0)
    return Map(
        N,
        torch.stack(losses).numpy(),
        torch.stack(largest).numpy(),
        (ends / unit).numpy(),
        (0.5 * missed.square().mean(1)).numpy(),
        (missed > (2 * missed.shape[1] * ZERO) ** 0.5).sum(1).numpy(),
        (unit / middle.norm()).item(),
    )
