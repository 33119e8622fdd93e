"""At which step sizes and radii the edge of sharpness-aware descent is looked for."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, MOST = {"class": 5, "paper": 10}, 10
PAIRS = ((0.4, 0.0), (0.4, 0.02), (0.4, 0.1), (0.2, 0.02), (0.2, 0.1))  # step size and radius; 0 is plain descent
STEPS = {"class": (100, 300, 1000, 1500), "paper": (300, 1000, 2000, 3000)}
SIZES = {"class": (300, 20), "paper": (1000, 50)}  # patterns, width


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `sharpness_of_sam`. "class": 300 images, five seeds, half a minute. "paper": 1,000, ten."""
    check(budget, dataset, seed, paper_needs=SIZES["paper"][0])
    P, h = SIZES[budget]
    first = FIRST + MOST * seed
    common = {"dataset": dataset, "P": P, "h": h, "seeds": tuple(range(first, first + SEEDS[budget]))}
    return [{**common, "lr": lr, "rho": rho, "steps": STEPS[budget]} for lr, rho in PAIRS]
