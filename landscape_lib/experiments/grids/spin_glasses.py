"""How many spins descend, in how many samples of their couplings."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
# Of each number of spins: samples, and replicas in each.
SIZES = {
    "class": {25: (30, 4), 50: (20, 4), 100: (8, 4)},
    "paper": {50: (100, 6), 100: (100, 6), 200: (30, 6)},
}
MOST = 100  # samples of a size


def grid(budget: str, dataset: str = "couplings", seed: int = 0) -> list[dict[str, Any]]:
    """The points of `energies_of_descent`, a sample each. "class": 25 to 100 spins, 15 seconds of a core.

    "paper": 50 to 200 spins, a quarter of an hour.
    """
    check(budget, dataset, seed, datasets=("couplings",))
    first = FIRST + MOST * seed
    return [
        {"N": N, "seed": s, "replicas": replicas}
        for N, (samples, replicas) in sorted(SIZES[budget].items(), reverse=True)
        for s in range(first, first + samples)
    ]
