"""Which networks are compressed until they jam: random data, one layer, two sizes."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 200  # of the seeds that decide: those before are for pilots
SIZES = {"class": (17, 30, 10), "paper": (30, 20, 5)}  # h, seeds in all, seeds of one point


def grid(budget: str, dataset: str = "random", seed: int = 0) -> list[dict[str, Any]]:
    """The points of `compress`: networks of one layer and one size, some seeds a point.

    "class": N of 306, thirty networks. "paper": N of 930, twenty; the paper's have about 8,000.
    """
    check(budget, dataset, seed, datasets=("random",))
    h, seeds, together = SIZES[budget]
    first = FIRST + seeds * seed
    return [
        {"L": 1, "h": h, "seeds": tuple(range(start, start + together))}
        for start in range(first, first + seeds, together)
    ]
