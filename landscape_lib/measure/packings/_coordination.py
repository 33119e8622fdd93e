"""Contacts: which grains touch, which of them are held, and how many contacts that takes."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from numpy.typing import ArrayLike
from torch import Tensor

from landscape_lib.statistics import Estimate, bootstrap

from ._interactions import apart, candidates, flat, meet, push
from ._state import Packings

HOLD = 3  # contacts that a grain needs to be held


@dataclass(frozen=True)
class Contacts:
    """The pairs of grains that touch, over all packings.

    ``overlap`` is δ = 1 − μ; ``force`` acts on the second grain, its opposite on the first; ``arm`` goes from the first
    centre to where they touch, ``apart`` to the nearest image of the second centre.
    """

    packing: Int64[Tensor, "contacts"]
    first: Int64[Tensor, "contacts"]
    second: Int64[Tensor, "contacts"]
    overlap: Float[Tensor, "contacts"]
    force: Float[Tensor, "contacts 2"]
    arm: Float[Tensor, "contacts 2"]
    apart: Float[Tensor, "contacts 2"]


def contacts(packings: Packings) -> Contacts:
    """List the contacts: pairs with μ < 1.

    >>> from landscape_lib.measure.packings import relax, random_packings
    >>> listed = contacts(relax(random_packings(16, 0.95, seeds=[0])).packings)
    >>> bool((listed.overlap > 0).all()), bool((listed.first < listed.second).all())
    (True, True)
    """
    n, pairs = packings.radii.shape[1], candidates(packings)
    acts, (grains, (_, weight, s)) = push(*flat(packings), pairs), meet(*flat(packings), pairs)
    arm = (1 - weight) * (grains.mean[0] * s + grains.split[0] * s.conj())  # (1 − λ) A s (Perram & Wertheim 1985)
    touching = acts.overlap > 0
    first, second = pairs.first[touching], pairs.second[touching]
    force, arm, r = (torch.view_as_real(v[touching]) for v in (acts.force, arm, apart(flat(packings)[0], pairs)))
    return Contacts(first // n, first % n, second % n, acts.overlap[touching], force, arm, r)


@dataclass(frozen=True)
class Count:
    """Contacts N_c among the N′ grains that are held, and the contact number z = 2 N_c / N′ beside the isostatic one.

    z and the isostatic number are NaN where no grain is held.
    """

    contacts: Int64[Tensor, "packings"]
    held: Int64[Tensor, "packings"]
    rattlers: Bool[Tensor, "packings particles"]
    z: Float[Tensor, "packings"]
    isostatic: Float[Tensor, "packings"]

    @property
    def deficit(self) -> Float[Tensor, "packings"]:
        """δ = 1 − z/z_iso: the share of contacts that are missing."""
        return 1 - self.z / self.isostatic


def count(packings: Packings, listed: Contacts | None = None) -> Count:
    """Count contacts after taking away rattlers, the grains with fewer than three contacts, until none is left.

    Fewer than three forces cannot hold a grain, disc or ellipse: two balance only if they are opposite along one line,
    and a convex grain between two such contacts slides out sideways. What is left is `isostatic`, or is not.
    """
    number, n = packings.radii.shape
    listed = contacts(packings) if listed is None else listed
    first, second = listed.packing * n + listed.first, listed.packing * n + listed.second
    held = torch.ones(number * n, dtype=torch.bool, device=packings.radii.device)
    while True:
        both = held[first] & held[second]
        bonds = torch.zeros(number * n, dtype=torch.int64, device=held.device)
        bonds.index_add_(0, first, both.long()).index_add_(0, second, both.long())
        if bool((staying := held & (bonds >= HOLD)).equal(held)):
            break
        held = staying
    grains, total = held.view(number, n).sum(1), bonds.view(number, n).sum(1)
    z = torch.where(grains > 0, total.double() / grains, math.nan)
    return Count(total // 2, grains, ~held.view(number, n), z, isostatic(grains, packings.aspect))


def isostatic(grains: Int64[Tensor, "packings"], aspect: float) -> Float[Tensor, "packings"]:
    """z_iso = 4 − 2/N′ of discs, 6 − 2/N′ of ellipses: as many contacts as there are numbers to be fixed.

    N′ held grains have f N′ coordinates, f = 2 (discs, whose rotation moves nothing) or 3. Two of them are the
    translations of the whole, which a periodic square leaves free, and one number more is to be fixed: the size of the
    grains, or the pressure. At jamming N_c = f N′ − 2 + 1, and z = 2 N_c/N′ = 2 f − 2/N′ (Goodrich, Liu & Nagel 2012,
    whose N_c counts the one state of self-stress that a positive bulk modulus needs).

    >>> isostatic(torch.tensor([32]), aspect=1.0), isostatic(torch.tensor([32]), aspect=1.3)
    (tensor([3.9375], dtype=torch.float64), tensor([5.9375], dtype=torch.float64))
    """
    freedoms = 2 if aspect == 1 else 3
    return torch.where(grains > 0, 2 * freedoms - 2 / grains.double(), math.nan)


def missing_contacts(ellipses: ArrayLike, discs: ArrayLike, *, seed: int = 0) -> Estimate:
    """How much further from isostatic ellipses are than discs: the mean of δ of the ellipses less |δ| of the discs.

    δ = 1 − z/z_iso is the `Count.deficit` of a packing at jamming; one of either shape a seed, in one order, and seeds
    resampled. |δ|, so that discs with contacts to spare count against it as well (Brito et al. 2018).

    >>> missing_contacts(ellipses=[0.1, 0.12], discs=[0.0, -0.02]).value
    0.1
    """
    ellipses, discs = np.asarray(ellipses, dtype=float), np.asarray(discs, dtype=float)
    if ellipses.ndim != 1 or ellipses.shape != discs.shape:
        raise ValueError(f"missing_contacts: δ of shapes {ellipses.shape} and {discs.shape}; need one of each a seed")
    return bootstrap(ellipses - np.abs(discs), seed=seed)
