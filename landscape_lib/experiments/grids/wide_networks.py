"""Where wide networks are held against their kernels: widths, and networks of each."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the networks that decide: those before are for pilots, or were looked at
WIDTHS = {"class": (8, 16, 32, 64, 128), "paper": (64, 128, 256, 512, 1024, 2048)}
SEEDS = 10
P = 50
STEPS: dict[str, dict[str, Any]] = {"class": {}, "paper": {"implicit": True, "turn": 1e-2}}
TOGETHER = {"class": 10, "paper": 2}  # networks in a point


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `widths_in_training`, widest first: ten networks of each width on one training set of 50.

    "class": widths to 128, ten seconds of a core. "paper": widths from 64, where α = 1 lies on the lazy side of the
    crossover, to 2,048; a quarter of an hour of a core, two thirds of it for the widest.
    """
    check(budget, dataset, seed)
    first, together = FIRST + SEEDS * seed, TOGETHER[budget]
    common = {"dataset": dataset, "P": P, "task_seed": FIRST + seed, **STEPS[budget]}
    return [
        {**common, "h": h, "seeds": tuple(range(start, start + together))}
        for h in reversed(WIDTHS[budget])
        for start in range(first, first + SEEDS, together)
    ]
