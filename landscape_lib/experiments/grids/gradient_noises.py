"""When the noise of gradients is looked at, and of which networks."""

from typing import Any

from landscape_lib.experiments.grids import critical_batches
from landscape_lib.experiments.grids._doors import check

FIRST = critical_batches.FIRST  # the patterns are the same
SEEDS, MOST = critical_batches.SEEDS, critical_batches.MOST
LR, BATCH = 0.2, 20
STEPS = {"class": (0, 10, 30, 100, 300, 1000), "paper": (0, 10, 30, 100, 300, 1000, 3000, 10_000)}


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `noises_on_the_way`, a seed each, on the patterns and with the networks of `critical_batches`.

    "class": half a minute of a core. "paper": 5,000 patterns, eight times, ten seeds.
    """
    check(budget, dataset, seed, paper_needs=critical_batches.P["paper"])
    first = FIRST + MOST * seed
    common = {"dataset": dataset, "P": critical_batches.P[budget], "h": critical_batches.H[budget]}
    common |= {"batch": BATCH, "lr": LR, "steps": STEPS[budget]}
    return [{**common, "seeds": (own,)} for own in range(first, first + SEEDS[budget])]
