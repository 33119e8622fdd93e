"""Which grains touch, what that costs, and how hard they push: E = Σ ½ (1 − μ)² over the pairs with μ < 1.

μ = √F is the distance of two grains over the one at which, turned as they are, they would touch: r/(R + R′) for discs.
A vector of the plane is a complex number here.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float, Int64
from torch import Tensor

from ._overlap import Matrices, Touch, touch
from ._state import Packings


@dataclass(frozen=True)
class Pairs:
    """Pairs of grains that may touch, each once; grains are numbered packing · particles + particle."""

    first: Int64[Tensor, "pairs"]
    second: Int64[Tensor, "pairs"]
    radii: Float[Tensor, "total"]  # of all grains
    areas: Float[Tensor, "2 pairs"]  # R² of both grains
    aspect: float


@dataclass(frozen=True)
class Push:
    """What pairs of grains do to each other.

    δ = max(0, 1 − μ), the force on the second grain (the first feels its opposite), and the torques on both, which
    discs do not have.
    """

    overlap: Float[Tensor, "pairs"]
    force: Complex[Tensor, "pairs"]
    torques: Float[Tensor, "2 pairs"] | None


def candidates(packings: Packings, skin: float = 0.0) -> Pairs:
    """The pairs whose circumscribed circles overlap, or would if the grains came closer by ``skin``."""
    reach = packings.radii * math.sqrt(packings.aspect)
    n = reach.shape[1]
    i, j = torch.triu_indices(n, n, offset=1, device=reach.device)
    square = torch.zeros(len(reach), len(i), dtype=reach.dtype, device=reach.device)
    for axis in packings.positions.detach().unbind(-1):
        apart = axis[:, j] - axis[:, i]
        square += (apart - apart.round()).square()
    packing, pair = (square < (reach[:, i] + reach[:, j] + skin).square()).nonzero(as_tuple=True)
    first, second, radii = packing * n + i[pair], packing * n + j[pair], packings.radii.flatten()
    return Pairs(first, second, radii, torch.stack([radii[first], radii[second]]).square(), packings.aspect)


def push(positions: Complex[Tensor, "total"], angles: Float[Tensor, "total"], pairs: Pairs) -> Push:
    """Overlaps, forces and torques in closed form: λ maximises F, so it is held fixed where F is differentiated.

    With s = C⁻¹ r, μ = √F and the matrices' w and w′ (`touch`; Im(w* s²) is half of sᵀ (dA/dφ) s),

        ∂μ/∂r = λ (1 − λ) s / μ,    ∂μ/∂φ = −λ (1 − λ)² Im(w* s²) / μ,    ∂μ/∂φ′ = −λ² (1 − λ) Im(w′* s²) / μ,

    and forces and torques are δ times these, r being the second position less the first. For discs ∂μ/∂r is the unit
    vector along r over R + R′.
    """
    if pairs.aspect == 1:
        r = apart(positions, pairs)
        reach, distance = pairs.areas.sqrt().sum(0), r.abs()
        overlap = (1 - distance / reach).clamp(min=0)
        return Push(overlap, overlap / (distance * reach) * r, None)
    grains, (F, weight, s) = meet(positions, angles, pairs)
    mu, other = F.sqrt(), 1 - weight
    overlap = (1 - mu).clamp(min=0)
    scale = overlap / mu * weight * other
    torques = -scale * torch.stack([other, weight]) * (grains.split.conj() * (s * s)).imag
    return Push(overlap, scale * s, torques)


def meet(positions: Complex[Tensor, "total"], angles: Float[Tensor, "total"], pairs: Pairs) -> tuple[Matrices, Touch]:
    """The matrices of the two grains of each pair, and where and how they touch or would; discs included."""
    mean, half = (pairs.aspect + 1 / pairs.aspect) / 2, (pairs.aspect - 1 / pairs.aspect) / 2
    split = torch.polar(half * pairs.radii.square(), 2.0 * angles)
    split = torch.stack([split.index_select(0, pairs.first), split.index_select(0, pairs.second)])
    grains = Matrices(mean * pairs.areas, split, pairs.areas.square())
    return grains, touch(apart(positions, pairs), grains, steps=2 if pairs.aspect <= 1.5 else 4)


def apart(positions: Complex[Tensor, "total"], pairs: Pairs) -> Complex[Tensor, "pairs"]:
    """From the first grain's centre to the nearest image of the second's."""
    r = torch.view_as_real(positions.index_select(0, pairs.second) - positions.index_select(0, pairs.first))
    return torch.view_as_complex(r - r.round())


def resultants(acts: Push, pairs: Pairs) -> tuple[Complex[Tensor, "total"], Float[Tensor, "total"]]:
    """The force on each grain and the torque on it."""
    force = torch.zeros(len(pairs.radii), dtype=acts.force.dtype, device=acts.force.device)
    force.index_add_(0, pairs.second, acts.force).index_add_(0, pairs.first, acts.force, alpha=-1)
    torque = torch.zeros_like(pairs.radii)
    if acts.torques is not None:
        torque.index_add_(0, pairs.first, acts.torques[0]).index_add_(0, pairs.second, acts.torques[1])
    return force, torque


def flat(packings: Packings) -> tuple[Complex[Tensor, "total"], Float[Tensor, "total"]]:
    """Positions and angles of all grains of all packings."""
    return torch.view_as_complex(packings.positions.contiguous()).flatten(), packings.angles.flatten()


def energy(packings: Packings) -> Float[Tensor, "packings"]:
    """E = Σ ½ max(0, 1 − μ)² of each packing, over its pairs of grains, in units of a contact's energy.

    >>> from landscape_lib.measure.packings import random_packings
    >>> energy(random_packings(8, 0.001, seeds=[0]))      # nobody touches
    tensor([0.], dtype=torch.float64)
    """
    pairs = candidates(packings)
    cost = push(*flat(packings), pairs).overlap.square() / 2
    return torch.zeros_like(packings.radii[:, 0]).index_add(0, pairs.first // packings.radii.shape[1], cost)


def forces(packings: Packings) -> Float[Tensor, "packings particles 3"]:
    """−∂E/∂x, −∂E/∂y and −∂E/∂φ of each grain: its force and its torque, in closed form."""
    pairs = candidates(packings)
    force, torque = resultants(push(*flat(packings), pairs), pairs)
    return torch.stack([force.real, force.imag, torque], dim=-1).view(*packings.radii.shape, 3)
