"""Where packings are measured beside the networks: densities through the transition of discs and of ellipses."""

from typing import Any

from landscape_lib.experiments.grids._doors import check
from landscape_lib.experiments.packings import shape_of

# Aspect 1.3 was chosen before anything was measured here. At jamming z rises from 4 as the square root of α − 1 (Donev
# et al. 2007; Brito et al. 2018) and comes close to 6 (Schreck et al. 2012): at 1.3 about a tenth should be missing.
SHAPES = {"discs": 1.0, "ellipses": 1.3}
DENSITIES = {
    "discs": (0.78, 0.80, 0.82, 0.83, 0.84, 0.85, 0.86, 0.88, 0.90, 0.92),
    "ellipses": (0.82, 0.84, 0.86, 0.87, 0.88, 0.89, 0.90, 0.92, 0.94, 0.96),
}
PAPER_ASPECTS = (1.0, 1.02, 1.05, 1.1, 1.2, 1.3, 1.5, 1.75, 2.0)


def grid(budget: str, dataset: str = "both", seed: int = 0) -> list[dict[str, Any]]:
    """The points of `pack` that the chapter runs, longest first.

    Nothing is learned here, so ``dataset`` names the grains: "discs", "ellipses" or "both".

    "class": 32 grains, ten seeds; each shape at ten densities and at its transition. Some ten seconds on one core.
    "paper": 128 grains, twenty seeds, nine aspect ratios from discs to 2 at their transitions. A quarter of an hour.
    """
    check(budget, dataset, seed, datasets=(*SHAPES, "both"))
    shapes = [shape for shape in ("ellipses", "discs") if dataset in (shape, "both")]
    many = budget == "paper"
    n, number = (128, 20) if many else (32, 10)
    common = {"n": n, "seeds": tuple(range(number * seed, number * (seed + 1)))}
    jamming = [
        {**common, "aspect": aspect}
        for aspect in (PAPER_ASPECTS[::-1] if many else (SHAPES["ellipses"], SHAPES["discs"]))
        if shape_of(aspect) in shapes
    ]
    scans = [{**common, "aspect": SHAPES[shape], "densities": DENSITIES[shape]} for shape in shapes]
    return [*jamming, *scans]
