"""Packings of discs and of ellipses beside the networks: their contacts through the transition, and right at it."""

import hashlib
import math
import time
from collections.abc import Sequence
from typing import Any

import torch

from landscape_lib.measure.packings import Relaxed, count, jam, random_packings, relax

START = 0.92  # the density of the random starts on the way to jamming, above the transition of either shape
DATASET = "random packings"  # as rows call where they come from
ZERO = 1e-12  # an energy per grain below this is none


def quench(aspect: float, densities: Sequence[float], *, n: int, seeds: Sequence[int]) -> Relaxed:
    """Random starts at these densities, each let go to a minimum: seed by seed, and density by density.

    The start of a seed is the same at every density, so that frames of an explorer follow one packing.
    """
    starts = random_packings(n, 0.5, seeds=[seed for seed in seeds for _ in densities], aspect=aspect)
    wanted = torch.tensor([*densities] * len(seeds), dtype=starts.radii.dtype)
    return relax(starts.at_density(wanted), tolerance=1e-3, zero=ZERO)


def pack(aspect: float, n: int, seeds: Sequence[int], densities: Sequence[float] | None = None) -> list[dict[str, Any]]:
    """Energy and contacts of packings, one row each: at given densities, or without any at their transition.

    A seed draws where the grains start and how they are turned. That is the data here: ``data_sha256`` is the hash of
    all starts of this point, the same for both shapes. ``kind`` says what a row is: "density", a minimum reached from a
    random start at that density, or "jamming", where `jam` brought it. Where the energy is zero nobody is held, and z
    is 0; ``z_isostatic`` and ``deficit``, 1 − z/z_isostatic, are then NaN.
    """
    if len(seeds) == 0 or (densities is not None and len(densities) == 0):
        raise ValueError(f"pack: got {len(seeds)} seeds and densities {densities}, need at least one of each, or None")
    begin = time.perf_counter()
    if densities is None:
        ends, of = jam(random_packings(n, START, seeds=seeds, aspect=aspect)), list(seeds)
    else:
        ends = quench(aspect, densities, n=n, seeds=seeds)
        of = [seed for seed in seeds for _ in densities]
    seconds = (time.perf_counter() - begin) / len(of)
    contacts, jammed = count(ends.packings), (ends.energy > (0 if densities is None else ZERO)).tolist()
    data = starts_sha256(n, seeds)
    return [
        {
            "dataset": DATASET,
            "kind": "jamming" if densities is None else "density",
            "shape": shape_of(aspect),
            "aspect": float(aspect),
            "n": n,
            "seed": seed,
            "density": ends.packings.density[i].item(),
            "energy": ends.energy[i].item() if jammed[i] else 0.0,
            "contacts": int(contacts.contacts[i]) if jammed[i] else 0,
            "held": int(contacts.held[i]) if jammed[i] else 0,
            "z": contacts.z[i].item() if jammed[i] else 0.0,
            "z_isostatic": contacts.isostatic[i].item() if jammed[i] else math.nan,
            "deficit": contacts.deficit[i].item() if jammed[i] else math.nan,
            "residual": ends.residual[i].item(),
            "arrived": bool(ends.arrived[i]),
            "steps": int(ends.steps[i]),
            "seconds": seconds,
            "data_sha256": data,
        }
        for i, seed in enumerate(of)
    ]


def starts_sha256(n: int, seeds: Sequence[int]) -> str:
    """The hash of the random starts of these seeds, places and angles: the same at any density and aspect."""
    drawn = random_packings(n, 0.5, seeds=seeds)
    return hashlib.sha256(drawn.positions.numpy().tobytes() + drawn.angles.numpy().tobytes()).hexdigest()


def shape_of(aspect: float) -> str:
    """What grains of this aspect are called."""
    return "discs" if aspect == 1 else "ellipses"


EXPERIMENT = pack
DIGITS: int | None = None  # of floats in a table: all
