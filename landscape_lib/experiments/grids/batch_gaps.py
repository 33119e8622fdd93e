"""Which batches, step sizes and lengths are compared."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, MOST = {"class": 10, "paper": 10}, 10
SMALL, EPOCHS = 10, 10
SIZES = {"class": (500, 32), "paper": (5000, 128)}  # patterns, width; large batches are half of the patterns
RATES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `errors_of_batches`, ten seeds, six step sizes each: batches of ten, and of half of the patterns.

    Large batches train for as many epochs, and once more for as many steps. "class": 500 patterns, twenty seconds of a
    core. "paper": 5,000 patterns, width 128.
    """
    check(budget, dataset, seed, paper_needs=SIZES["paper"][0])
    P, h = SIZES[budget]
    first = FIRST + MOST * seed
    common = {"dataset": dataset, "P": P, "h": h, "seeds": tuple(range(first, first + SEEDS[budget]))}
    large, many, few = P // 2, EPOCHS * P // SMALL, 2 * EPOCHS
    ways = ((SMALL, many), (large, few), (large, many))
    return [{**common, "batch": batch, "steps": steps, "lr": lr} for batch, steps in ways for lr in RATES]
