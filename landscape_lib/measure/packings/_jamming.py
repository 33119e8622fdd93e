"""The transition: the density at which a packing has just jammed."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ._fire import Relaxed, descend
from ._state import Packings

COARSE = 1e-2  # the residual that will do on the way
LEAP = 10.0  # by how much √E falls from one density to the next


def jam(
    packings: Packings,
    *,
    energy: float | None = None,
    tolerance: float = 1e-4,
    steps: int = 300_000,
) -> Relaxed:
    """Bring each packing to where it has just jammed: a minimum whose energy per grain is tiny, but positive.

    Grains grow or shrink, and go to the next minimum from where they are (O'Hern et al. 2003; Gao et al. 2006). While
    a packing is jammed, √E is linear in the density, and the next density is where this line has a tenth of its √E, or
    the one sought; where that unjams it, the grains grow again, by half of the last step, then twice as much each time.

    ``energy`` is what is sought per grain, within a factor of four; by default (0.01/N²)². Overlaps are then about
    0.01/N², below the 1/N² where compression adds the first contact (Goodrich, Liu & Nagel 2012: contacts depend on
    p N²), so that their number no longer depends on it.
    """
    n = packings.radii.shape[1]
    goal = (0.01 / n**2) ** 2 if energy is None else energy
    if not 0 < goal < 1e-3:
        raise ValueError(f"jam: energy is {energy!r}, need a small positive number, below 1e-3")
    search = _Search(packings.density, goal, tolerance)
    return descend(packings, tolerance=COARSE, zero=goal / 4, steps=steps, after=search.next)


class _Search:
    """For each packing the density that comes next, from the energies so far."""

    def __init__(self, density: Float[Tensor, "packings"], goal: float, tolerance: float) -> None:
        self.goal, self.fine = goal, tolerance
        self.density = density.clone()
        self.jammed, self.root = torch.full_like(density, math.nan), torch.full_like(density, math.nan)
        self.slope = torch.full_like(density, 0.5)  # of √E against the density: 0.3 to 0.6 for discs and ellipses
        self.rise = torch.full_like(density, 0.02)
        self.loose = torch.zeros_like(density, dtype=torch.bool)  # it was not jammed the last time
        self.aiming = torch.zeros_like(density, dtype=torch.bool)  # at the goal, so the fine tolerance holds

    def next(self, who: Tensor, energy: Tensor) -> tuple[Tensor, Tensor]:
        """The next densities and tolerances of those that have arrived; NaN where the search is over."""
        root, here, target = energy.sqrt(), self.density[who], math.sqrt(self.goal)
        tight = energy > self.goal / 4
        measured = (root - self.root[who]) / (here - self.jammed[who])
        slope = torch.where(tight & (measured > 0.1) & (measured < 3), measured, self.slope[who])
        wanted = (root / LEAP).clamp(min=target)
        half = (self.jammed[who] - here) / 2
        first = torch.where(half.isnan(), self.rise[who], half.clamp(min=2 * target).nan_to_num())
        rise = torch.where(self.loose[who], 2 * self.rise[who], first)
        density = torch.where(tight, here - (root - wanted) / slope, here + rise)
        done = tight & (energy < 4 * self.goal) & self.aiming[who]
        near = tight & (energy < 4 * self.goal)  # there already, but not finely
        density = torch.where(near, here, density)
        self.slope[who], self.rise[who], self.loose[who], self.density[who] = slope, rise, ~tight, density
        self.jammed[who] = torch.where(tight, here, self.jammed[who])
        self.root[who] = torch.where(tight, root, self.root[who])
        self.aiming[who] = (wanted <= target) | ~tight
        tolerance = torch.where(self.aiming[who], self.fine, COARSE).to(energy.dtype)
        return torch.where(done, math.nan, density), tolerance
