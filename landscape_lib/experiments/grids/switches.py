"""From which batches to which, and for how long."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, MOST = {"class": 10, "paper": 20}, 20
SIZES = {"class": (300, 24), "paper": (2000, 64)}  # patterns, width; large batches are half of the patterns
RATES = {"class": (0.1, 0.3), "paper": (0.02, 0.05)}


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `lines_of_switch`. "class": 300 images, ten seeds, half a minute. "paper": 2,000, twenty."""
    check(budget, dataset, seed, paper_needs=SIZES["paper"][0])
    P, h = SIZES[budget]
    first = FIRST + MOST * seed
    common = {"dataset": dataset, "P": P, "h": h, "seeds": tuple(range(first, first + SEEDS[budget]))}
    return [{**common, "large": P // 2, "small": 10, "lr": lr, "steps": 600} for lr in RATES[budget]]
