"""Which networks are compressed until they jam: random data, three sizes of one to three layers."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 200  # of the seeds that decide: those before are for pilots
SEEDS = 30  # of each size, ten a point
NETWORKS = {"class": ((1, 17),), "paper": ((3, 31), (1, 54), (3, 17), (1, 30), (3, 10), (1, 17))}  # (L, h)


def grid(budget: str, dataset: str = "random", seed: int = 0) -> list[dict[str, Any]]:
    """The points of `compress`, longest first: one size on ten seeds each, thirty in all.

    "class": N of about 300, one layer. "paper": N of about 300, 900 and 3,000, of one and of three layers.
    """
    check(budget, dataset, seed, datasets=("random",))
    first = FIRST + SEEDS * seed
    return [
        {"L": L, "h": h, "seeds": tuple(range(start, start + 10))}
        for L, h in NETWORKS[budget]
        for start in range(first, first + SEEDS, 10)
    ]
