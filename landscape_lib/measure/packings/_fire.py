"""Let packings go to a minimum of their energy: FIRE, many packings at once, each with a clock of its own."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ._interactions import Pairs, Push, candidates, push, resultants
from ._state import Packings

# Bitzek et al. 2006, with the semi-implicit Euler steps and the half step back of Guénolé et al. 2020. Time is in units
# of √(mass/stiffness) of a contact. With steps of more than 0.5 the stiffest modes of a dense packing come near the
# limit of stability, and FIRE spends its time stopping.
GROW, SHRINK, MIX, FADE, DELAY = 1.1, 0.5, 0.1, 0.99, 5
SHORTEST, START, LONGEST = 0.001, 0.2, 0.45
SKIN = 0.25  # of the mean diameter: pairs are listed again when a grain has gone half of it
LOOK = 10  # steps between looks at who has arrived

# What to do with packings that have arrived, given which they are and their energies: a density and a tolerance to go
# on with, or a density of NaN to leave.
After = Callable[[Int64[Tensor, "who"], Float[Tensor, "who"]], tuple[Float[Tensor, "who"], Float[Tensor, "who"]]]


@dataclass(frozen=True)
class Relaxed:
    """Packings at a minimum, or as far as they got.

    ``energy`` is per grain; ``residual`` the largest force on a grain over the mean contact force, 0 without contacts;
    ``arrived`` whether the residual is within its tolerance, or the energy below what counts as none.
    """

    packings: Packings
    energy: Float[Tensor, "packings"]
    residual: Float[Tensor, "packings"]
    steps: Int64[Tensor, "packings"]
    arrived: Bool[Tensor, "packings"]


def relax(packings: Packings, *, tolerance: float = 1e-4, zero: float = 1e-16, steps: int = 100_000) -> Relaxed:
    """Let the grains move and turn, at fixed size, to a minimum of E = Σ ½ (1 − μ)² (FIRE: Bitzek et al. 2006).

    A packing leaves when no grain feels a force, or a torque over its longest arm, of more than ``tolerance`` of the
    mean contact force; or when its energy per grain is below ``zero``, in units of a contact's: nothing then holds it.
    All masses are one. At most so many ``steps``.

    >>> from landscape_lib.measure.packings import random_packings
    >>> loose, dense = (relax(random_packings(16, density, seeds=[0])) for density in (0.5, 0.95))
    >>> loose.energy.item() < 1e-16, dense.energy.item() > 1e-4
    (True, True)
    """
    return descend(packings, tolerance=tolerance, zero=zero, steps=steps)


def descend(packings: Packings, *, tolerance: float, zero: float, steps: int, after: After | None = None) -> Relaxed:
    """`relax`, and then whatever ``after`` says of the packings that have arrived; the others need not wait."""
    if not (zero >= 0 and tolerance > 0):  # NaN fails too
        raise ValueError(f"relax: zero is {zero!r}, tolerance {tolerance!r}; need an energy ≥ 0 and a share > 0")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
        raise ValueError(f"relax: steps is {steps!r}, need a whole number of at least 0")
    batch, number = _Batch(packings, tolerance), len(packings)
    x, radii, energy = batch.x.clone(), packings.radii.clone(), torch.zeros_like(batch.unit[:, 0])
    residual, took = torch.zeros_like(energy), torch.zeros(number, dtype=torch.int64, device=energy.device)
    arrived = torch.zeros(number, dtype=torch.bool, device=energy.device)
    for step in range(steps + 1):
        force = batch.force()
        if step % LOOK == 0 or step == steps:
            costs, imbalance = batch.judge(force)
            settled = (imbalance <= batch.tolerance) | (costs <= zero)
            leaving = settled.clone() if step < steps else torch.ones_like(settled)
            if after is not None and step < steps and settled.any():
                density, tolerances = after(batch.members[settled], costs[settled])
                leaving[settled] = density.isnan()
                onward = ~density.isnan()
                batch.restart(settled & ~leaving, density[onward], tolerances[onward])
            if leaving.any():
                who = batch.members[leaving]
                x[:, who], radii[who], arrived[who] = batch.x[:, leaving], batch.radii[leaving], settled[leaving]
                energy[who], residual[who], took[who] = costs[leaving], imbalance[leaving], step
                if leaving.all():
                    break
                batch.keep(~leaving)
            if settled.any():
                force = batch.force()
        batch.step(force)
    positions = x[:2].permute(1, 2, 0) % 1
    positions = torch.where(positions < 1, positions, 0.0)  # −1e-17 % 1 is 1
    angles = x[2] / lever(radii, packings.aspect) % math.pi
    return Relaxed(replace(packings, positions=positions, angles=angles, radii=radii), energy, residual, took, arrived)


def lever(radii: Float[Tensor, "packings particles"], aspect: float) -> Float[Tensor, "packings particles"]:
    """a − b, the longest arm that a force on an ellipse can have: it makes lengths of angles and forces of torques."""
    if aspect == 1:
        return torch.ones_like(radii)  # discs have no torques
    return radii * (math.sqrt(aspect) - 1 / math.sqrt(aspect))


class _Batch:
    """The packings that still move: where their grains are and how fast, and each packing's own step and mixing."""

    def __init__(self, packings: Packings, tolerance: float) -> None:
        self.origin, self.members = packings, torch.arange(len(packings), device=packings.radii.device)
        self.n, self.radii = packings.radii.shape[1], packings.radii
        self.lever = lever(self.radii, packings.aspect)
        self.x = torch.cat([packings.positions.permute(2, 0, 1), (packings.angles * self.lever)[None]])
        self.v = torch.zeros_like(self.x)
        self.unit = 2 * self.radii.mean(1, keepdim=True)  # of time: a contact's stiffness is 1/diameter²
        self.dt, self.mix = START * self.unit, torch.full_like(self.unit, MIX)
        self.downhill = torch.zeros_like(self.unit)
        self.tolerance = torch.full_like(self.unit[:, 0], tolerance)
        self.skin = SKIN * self.unit.min().item()
        self.pairs: Pairs | None = None
        self.listed = self.x[:2]  # where they were when the pairs were listed

    def force(self) -> Float[Tensor, "3 packings particles"]:
        """The force on each grain, and the torque on it over its lever."""
        if self.pairs is None or bool((self.x[:2] - self.listed).abs().max() > self.skin / math.sqrt(8)):
            now = replace(self.origin[self.members], positions=self.x[:2].permute(1, 2, 0), radii=self.radii)
            self.pairs, self.listed = candidates(now, self.skin), self.x[:2].clone()
        positions = torch.complex(self.x[0], self.x[1]).flatten()
        self.acts: Push = push(positions, (self.x[2] / self.lever).flatten(), self.pairs)
        force, torque = resultants(self.acts, self.pairs)
        return torch.stack([force.real, force.imag, torque / self.lever.flatten()]).view(3, -1, self.n)

    def judge(self, force: Float[Tensor, "3 packings particles"]) -> tuple[Tensor, Tensor]:
        """Energy per grain, and the largest force on a grain over the mean force of a contact."""
        assert self.pairs is not None
        zeros, packing = torch.zeros_like(self.tolerance), self.pairs.first // self.n
        energy = zeros.index_add(0, packing, self.acts.overlap.square()) / (2 * self.n)
        total = zeros.index_add(0, packing, self.acts.force.abs())
        contacts = zeros.index_add(0, packing, (self.acts.overlap > 0).to(zeros.dtype))
        largest = force.square().sum(0).sqrt().amax(1)
        return energy, largest * contacts / total.clamp(min=torch.finfo(total.dtype).tiny)

    def keep(self, staying: Bool[Tensor, "packings"]) -> None:
        """Let the others go."""
        for name in ("members", "radii", "lever", "unit", "dt", "mix", "downhill", "tolerance"):
            setattr(self, name, getattr(self, name)[staying])
        self.x, self.v, self.pairs = self.x[:, staying], self.v[:, staying], None

    def restart(self, which: Bool[Tensor, "packings"], density: Tensor, tolerance: Tensor) -> None:
        """Give some another size, and let them start from rest."""
        grown = torch.ones_like(self.unit)
        grown[which, 0] = (density / (math.pi * self.radii[which].square().sum(1))).sqrt()
        self.radii, self.lever, self.unit = self.radii * grown, self.lever * grown, self.unit * grown
        if self.origin.aspect > 1:
            self.x = torch.cat([self.x[:2], self.x[2:] * grown])
        self.v, self.downhill = self.v * ~which[:, None], self.downhill * ~which[:, None]
        self.dt = torch.where(which[:, None], START * self.unit, self.dt)
        self.mix = torch.where(which[:, None], MIX, self.mix)
        self.tolerance[which], self.pairs = tolerance, None

    def step(self, force: Float[Tensor, "3 packings particles"]) -> None:
        """One step of FIRE: v is turned towards the force while it goes downhill, and stopped when it goes uphill."""
        down = (force * self.v).sum((0, 2)).unsqueeze(1) > 0
        self.downhill = (self.downhill + 1) * down
        late = self.downhill > DELAY
        self.dt = torch.where(late, torch.minimum(self.dt * GROW, LONGEST * self.unit), self.dt)
        self.mix = torch.where(late, self.mix * FADE, self.mix)
        if not bool(down.all()):  # also at rest, where the step is halved once
            self.x = self.x - torch.where(down, 0.0, 0.5 * self.dt) * self.v
            self.dt = torch.where(down, self.dt, torch.maximum(self.dt * SHRINK, SHORTEST * self.unit))
            self.mix = torch.where(down, self.mix, MIX)
            self.v = self.v * down
        self.v = self.v + self.dt * force
        squares = force.square().sum((0, 2)).clamp(min=torch.finfo(force.dtype).tiny)
        turned = (self.v.square().sum((0, 2)) / squares).sqrt().unsqueeze(1)
        self.v = (1 - self.mix) * self.v + self.mix * turned * force
        self.x = self.x + self.dt * self.v
