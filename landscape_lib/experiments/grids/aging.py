"""Of which networks displacements are taken, after which waiting times."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS = 10
WIDTHS = (32, 2)


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `displacements`: widths 2 and 32, of which the one cannot fit 300 images, and the other can.

    "class": 3,300 steps, six seconds of a core. "paper": 1,000 images, widths 3 and 64, ten times as long.
    """
    check(budget, dataset, seed, paper_needs=1000)
    times, first = (1 if budget == "class" else 10), FIRST + SEEDS * seed
    waits = (100, 300, 1000, 3000) if times == 1 else (100, 300, 1000, 3000, 10_000, 30_000)
    common: dict[str, Any] = {
        "dataset": dataset,
        "P": 300 if times == 1 else 1000,
        "batch": 10,
        "lr": 0.1,
        "waits": waits,
    }
    common |= {"lags": (10, 300) if times == 1 else (10, 300, 3000), "seeds": tuple(range(first, first + SEEDS))}
    return [{**common, "h": h} for h in (WIDTHS if times == 1 else (64, 3))]
