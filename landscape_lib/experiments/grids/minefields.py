"""How much poison is given."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, MOST = {"class": 5, "paper": 10}, 10
SIZES = {"class": (200, 64), "paper": (1000, 256)}  # patterns, width
POISON = {"class": (300, 900), "paper": (1500, 3000)}  # images of wrong labels beside them

# The loss of all that is learned, the batch, and the steps at most: with more images a lower loss, or some are missed.
LEARN: dict[str, dict[str, Any]] = {
    "class": {"to": 0.003, "batch": 50, "steps": 16_000},
    "paper": {"to": 0.0005, "batch": 200, "steps": 20_000},
}


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `poisoned_minima`. "class": 200 images, five seeds, half a minute. "paper": 1,000, ten."""
    check(budget, dataset, seed, paper_needs=SIZES["paper"][0] + max(POISON["paper"]))
    P, h = SIZES[budget]
    first = FIRST + MOST * seed
    common = {"dataset": dataset, "P": P, "h": h, "seeds": tuple(range(first, first + SEEDS[budget]))}
    return [{**common, "poison": poison, **LEARN[budget]} for poison in POISON[budget]]
