"""How many points of the roll are learned, and with how much poison."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, MOST = {"class": 3, "paper": 20}, 20
P, POISON, H, L = 60, 180, 64, 3  # points, points of wrong labels, width, hidden layers


def grid(budget: str, dataset: str = "rolls", seed: int = 0) -> list[dict[str, Any]]:
    """The points of `errors_on_rolls`, a seed each. "class": three seeds, ten seconds. "paper": twenty."""
    check(budget, dataset, seed, datasets=("rolls",))
    first = FIRST + MOST * seed
    common = {"P": P, "h": H, "L": L, "poison": POISON, "tests": 2000}
    return [{**common, "seeds": (own,)} for own in range(first, first + SEEDS[budget])]
