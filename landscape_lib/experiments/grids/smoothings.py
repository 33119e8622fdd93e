"""How wide the Gaussian is that the loss is averaged over."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, MOST = {"class": 10, "paper": 20}, 20
SIZES = {"class": (100, 5, 5), "paper": (200, 5, 10)}  # points, dimensions, width
STARTS, STEPS = {"class": 4, "paper": 10}, {"class": 1200, "paper": 3000}
WIDTHS = {"class": (0.0, 0.1, 0.3), "paper": (0.0, 0.03, 0.1, 0.3, 1.0)}


def grid(budget: str, dataset: str = "random", seed: int = 0) -> list[dict[str, Any]]:
    """The points of `ends_of_smoothing`. "class": ten seeds, a quarter of a minute. "paper": larger, twenty."""
    check(budget, dataset, seed, datasets=("random",))
    P, d, h = SIZES[budget]
    first = FIRST + MOST * seed
    common = {"P": P, "d": d, "h": h, "seeds": tuple(range(first, first + SEEDS[budget]))}
    common |= {"starts": STARTS[budget], "steps": STEPS[budget]}
    return [{**common, "width": width} for width in WIDTHS[budget]]
