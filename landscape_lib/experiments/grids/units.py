"""By how much units are changed."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, MOST = {"class": 5, "paper": 10}, 10
P = {"class": 300, "paper": 2000}
COMPONENTS = {"mnist": 50}  # of images whose pixels would make a Hessian too large to write down
FACTORS = (0.25, 16.0)


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `measures_in_units`. "class": 300 images, five seeds, ten seconds. "paper": 2,000, ten."""
    check(budget, dataset, seed, paper_needs=P["paper"])
    first = FIRST + MOST * seed
    common = {
        "dataset": dataset,
        "P": P[budget],
        "h": 12,
        "d": COMPONENTS.get(dataset),
        "seeds": tuple(range(first, first + SEEDS[budget])),
    }
    return [{**common, "factor": factor, "lr": 0.1, "steps": 600, "batch": 20} for factor in FACTORS]
