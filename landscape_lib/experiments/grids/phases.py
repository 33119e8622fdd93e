"""How many labels are wrong, and how strongly weights decay."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, MOST = {"class": 5, "paper": 10}, 10
SIZES = {"class": (300, 24), "paper": (2000, 50)}  # patterns, width
WAYS = ((0.2, 3e-3), (0.2, 0.0), (0.0, 3e-3))  # share of wrong labels, weight decay
STEPS = (0, 30, 100, 200, 400, 800, 1500, 3000, 5000)
TIMES = {"class": 1, "paper": 3}


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `lengths_in_time`. "class": 300 images, five seeds, twenty seconds. "paper": 2,000, ten."""
    check(budget, dataset, seed, paper_needs=SIZES["paper"][0])
    P, h = SIZES[budget]
    first, steps = FIRST + MOST * seed, tuple(TIMES[budget] * step for step in STEPS)
    common = {"dataset": dataset, "P": P, "h": h, "seeds": tuple(range(first, first + SEEDS[budget]))}
    common |= {"lr": 0.1, "batch": 50, "steps": steps}
    return [{**common, "noise": noise, "weight_decay": decay} for noise, decay in WAYS]
