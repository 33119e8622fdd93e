"""Which batches, step sizes and lengths are compared."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, TOGETHER = {"class": 10, "paper": 20}, 10  # seeds, and how many of them share a point
MOST = 20  # seeds of a budget
SMALL, EPOCHS = 10, 10
SIZES = {"class": (500, 32), "paper": (2000, 128)}  # patterns, width; large batches are half of the patterns
RATES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `errors_of_batches`, six step sizes each: batches of ten, and of half of the patterns.

    Large batches train for as many epochs, and once more for as many steps. "class": 500 patterns, ten seeds, twenty
    seconds of a core. "paper": 2,000 patterns, width 128, twenty seeds, an hour.
    """
    check(budget, dataset, seed, paper_needs=SIZES["paper"][0])
    P, h = SIZES[budget]
    first = FIRST + MOST * seed
    common = {"dataset": dataset, "P": P, "h": h}
    groups = [tuple(range(s, s + TOGETHER)) for s in range(first, first + SEEDS[budget], TOGETHER)]
    large, many, few = P // 2, EPOCHS * P // SMALL, 2 * EPOCHS
    ways = ((SMALL, many), (large, few), (large, many))
    return [
        {**common, "seeds": seeds, "batch": batch, "steps": steps, "lr": lr}
        for seeds in groups
        for batch, steps in ways
        for lr in RATES
    ]
