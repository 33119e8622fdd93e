"""With which steps images with patches are learned."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, TOGETHER = {"class": 10, "paper": 40}, 5  # seeds, and how many of them share a point
MOST = 40  # seeds of a budget
SIZES = {"class": (500, 64), "paper": (2000, 128)}  # images, width


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `errors_of_patches`. "class": 500 images, ten seeds, fifteen seconds of a core. "paper": 2,000."""
    check(budget, dataset, seed, paper_needs=SIZES["paper"][0])
    P, h = SIZES[budget]
    first = FIRST + MOST * seed
    common = {"dataset": dataset, "P": P, "h": h, "large": 0.3, "small": 0.01, "batch": 20}
    common |= {"steps": 8000, "annealing": 1500}
    return [{**common, "seeds": tuple(range(s, s + TOGETHER))} for s in range(first, first + SEEDS[budget], TOGETHER)]
