"""Which noise goes on at zero loss, for how long, and in which networks."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, TOGETHER = 10, 5  # seeds, and how many of them share a point
LR, SIGMA, BATCH = 0.2, 0.5, 5
SIZES = {"class": (40, 12, 4000), "paper": (200, 40, 40_000)}  # patterns, width, steps


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `drift_on_the_floor`, ten seeds.

    "class": 40 patterns, 4,000 steps; twenty seconds of a core. "paper": 200 patterns, 40,000 steps.
    """
    check(budget, dataset, seed, paper_needs=SIZES["paper"][0])
    P, h, steps = SIZES[budget]
    first = FIRST + SEEDS * seed
    common = {"dataset": dataset, "P": P, "h": h, "lr": LR, "steps": steps, "sigma": SIGMA, "batch": BATCH}
    return [{**common, "seeds": tuple(range(s, s + TOGETHER))} for s in range(first, first + SEEDS, TOGETHER)]
