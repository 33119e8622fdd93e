"""Where wide networks are held against their kernels: widths, and networks of each."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the networks that decide: those before are for pilots, or were looked at
WIDTHS = {"class": (8, 16, 32, 64, 128), "paper": (16, 32, 64, 128, 256, 512)}
SEEDS = 10
POINTS = {"class": 50, "paper": 200}


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `widths_in_training`, widest first: ten networks of each width on one training set.

    "class": P = 50, widths to 128. "paper": P = 200, widths to 512, half an hour of a core.
    """
    check(budget, dataset, seed)
    first = FIRST + SEEDS * seed
    common = {"dataset": dataset, "P": POINTS[budget], "task_seed": FIRST + seed}
    return [{**common, "h": h, "seeds": tuple(range(first, first + SEEDS))} for h in reversed(WIDTHS[budget])]
