"""Which paths of training are laid into a plane."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, TOGETHER = 10, 5  # seeds, and how many of them share a point
BATCHES = {"class": (50,), "paper": (50, None)}  # None: all patterns


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `shares_of_paths`: SGD in batches of 50; ten seeds, 500 images, 600 steps.

    "paper": full batch too; 5,000 images, width 256, 6,000 steps.
    """
    check(budget, dataset, seed, paper_needs=5000)
    times, together = (1, TOGETHER) if budget == "class" else (10, 1)  # a longer path fills two gigabytes
    first = FIRST + SEEDS * seed
    common = {"dataset": dataset, "P": 500 * times, "h": 64 if times == 1 else 256, "lr": 0.1, "steps": 600 * times}
    return [
        {**common, "batch": batch or 500 * times, "seeds": tuple(range(start, start + together))}
        for batch in reversed(BATCHES[budget])
        for start in range(first, first + SEEDS, together)
    ]
