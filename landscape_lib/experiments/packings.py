"""Packings of discs and of ellipses beside the networks: their contacts through the transition, and right at it."""

import hashlib
import math
import time
from collections.abc import Sequence
from typing import Any

import torch

from landscape_lib.measure.packings import Relaxed, count, jam, random_packings, relax

# Aspect 1.3 was chosen before anything was measured here. At jamming z rises from 4 as the square root of α − 1 (Donev
# et al. 2007; Brito et al. 2018) and comes close to 6 (Schreck et al. 2012): at 1.3 about a tenth should be missing.
SHAPES = {"discs": 1.0, "ellipses": 1.3}
DENSITIES = {
    "discs": (0.78, 0.80, 0.82, 0.83, 0.84, 0.85, 0.86, 0.88, 0.90, 0.92),
    "ellipses": (0.82, 0.84, 0.86, 0.87, 0.88, 0.89, 0.90, 0.92, 0.94, 0.96),
}
PAPER_ASPECTS = (1.0, 1.02, 1.05, 1.1, 1.2, 1.3, 1.5, 1.75, 2.0)
START = 0.92  # the density of the random starts on the way to jamming, above the transition of either shape
DATASET = "random packings"  # as rows call where they come from
ZERO = 1e-12  # an energy per grain below this is none


def grid(budget: str, dataset: str = "both", seed: int = 0) -> list[dict[str, Any]]:
    """The points of `pack` that the chapter runs, longest first.

    Nothing is learned here, so ``dataset`` names the grains: "discs", "ellipses" or "both".

    "class": 32 grains, ten seeds; each shape at ten densities and at its transition. Some ten seconds on one core.
    "paper": 128 grains, twenty seeds, nine aspect ratios from discs to 2 at their transitions. A quarter of an hour.
    """
    if dataset != "both" and dataset not in SHAPES:
        raise ValueError(f"grid: unknown shape {dataset!r}, choose 'discs', 'ellipses' or 'both'")
    shapes = [shape for shape in ("ellipses", "discs") if dataset in (shape, "both")]
    if budget not in ("class", "paper"):
        raise ValueError(f"grid: unknown budget {budget!r}, choose 'class' or 'paper'")
    many = budget == "paper"
    n, number = (128, 20) if many else (32, 10)
    common = {"n": n, "seeds": tuple(range(number * seed, number * (seed + 1)))}
    jamming = [
        {**common, "aspect": aspect}
        for aspect in (PAPER_ASPECTS[::-1] if many else (SHAPES["ellipses"], SHAPES["discs"]))
        if _shape(aspect) in shapes
    ]
    scans = [{**common, "aspect": SHAPES[shape], "densities": DENSITIES[shape]} for shape in shapes]
    return [*jamming, *scans]


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
    found, jammed = count(ends.packings), (ends.energy > (0 if densities is None else ZERO)).tolist()
    data = starts_sha256(n, seeds)
    return [
        {
            "dataset": DATASET,
            "kind": "jamming" if densities is None else "density",
            "shape": _shape(aspect),
            "aspect": float(aspect),
            "n": n,
            "seed": seed,
            "density": ends.packings.density[i].item(),
            "energy": ends.energy[i].item() if jammed[i] else 0.0,
            "contacts": int(found.contacts[i]) if jammed[i] else 0,
            "held": int(found.held[i]) if jammed[i] else 0,
            "z": found.z[i].item() if jammed[i] else 0.0,
            "z_isostatic": found.isostatic[i].item() if jammed[i] else math.nan,
            "deficit": found.deficit[i].item() if jammed[i] else math.nan,
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


EXPERIMENT = pack


def _shape(aspect: float) -> str:
    return "discs" if aspect == 1 else "ellipses"
