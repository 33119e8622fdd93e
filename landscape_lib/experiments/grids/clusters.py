"""How many clusters the data have, in networks of one size."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS = {"class": 20, "paper": 50}
MOST = 50  # seeds of a budget
CLUSTERS = {"class": (2, 4, 6, 8), "paper": (2, 3, 4, 5, 6, 7, 8, 9, 10)}


def grid(budget: str, dataset: str = "clusters", seed: int = 0) -> list[dict[str, Any]]:
    """The points of `outliers_of_clusters`: 300 points in two to eight clusters, twenty seeds; eight seconds of a core.

    "paper": two to ten clusters, 1,000 points, width 32, fifty seeds; ten minutes.
    """
    check(budget, dataset, seed, datasets=("clusters",))
    first = FIRST + MOST * seed
    P, h = (300, 16) if budget == "class" else (1000, 32)
    return [
        {"k": k, "P": P, "h": h, "lr": 0.1, "steps": 2000, "to": 0.02, "seeds": tuple(range(start, start + 10))}
        for k in reversed(CLUSTERS[budget])
        for start in range(first, first + SEEDS[budget], 10)
    ]
