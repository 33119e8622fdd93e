"""Where on the way down random slices are held against the Hessian."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, TOGETHER = 10, 5  # seeds, and how many of them share a point
STEPS = (0, 100, 400)


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `curvatures_on_the_way`: ten seeds, 300 images in ten components, N = 618; some seconds.

    "paper": 1,000 images, width 40, N = 2,490.
    """
    check(budget, dataset, seed, paper_needs=1000)
    common: dict[str, Any] = {"dataset": dataset, "lr": 0.1, "steps": STEPS}
    common |= {"P": 300, "h": 16} if budget == "class" else {"P": 1000, "h": 40}
    first = FIRST + SEEDS * seed
    return [{**common, "seeds": tuple(range(s, s + TOGETHER))} for s in range(first, first + SEEDS, TOGETHER)]
