"""Where SGD is run whole, in the space of the top eigenvectors, and outside of it."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
RATES = (0.03, 0.1, 0.3, 0.6)
TIMES = (3, 10, 30, 100)  # steps times the step size
SEEDS, TOGETHER = 10, 5  # seeds, and how many of them share a point


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `runs_in_subspaces`: ten seeds, 100 steps and then 100 of each kind.

    "class": 200 images, N = 258, twelve seconds of a core. "paper": 1,000 images, width 24, 500 steps of each kind,
    eigenvectors at every fifth; and steps a tenth as large, for the same time before, and a third of it after; twenty
    minutes.
    """
    check(budget, dataset, seed, paper_needs=1000)
    common: dict[str, Any] = {"dataset": dataset, "batch": 20}
    points: tuple[dict[str, Any], ...] = ({"lr": 0.3, "P": 200, "h": 8, "warm": 100, "steps": 100, "every": 10},)
    if budget == "paper":
        common |= {"P": 1000, "h": 24}
        points = (
            {"lr": 0.3, "warm": 500, "steps": 500, "every": 5},
            {"lr": 0.03, "warm": 5000, "steps": 1500, "every": 25},
        )
    return [{**common, **point, "seeds": own} for point in points for own in _seeds(seed)]


def followed(dataset: str, seed: int) -> dict[str, Any]:
    """The first network of the class budget: what `curves` shows."""
    point = grid("class", dataset, seed)[0]
    return {**{name: value for name, value in point.items() if name != "seeds"}, "seed": point["seeds"][0]}


def in_time(dataset: str, seed: int) -> list[dict[str, Any]]:
    """The points of `overlaps_in_time`: five seeds at four step sizes, to the same times."""
    check("class", dataset, seed)
    common = {"dataset": dataset, "P": 200, "h": 8, "batch": 20, "times": TIMES, "seeds": _seeds(seed)[0]}
    return [{**common, "lr": lr} for lr in RATES]


def _seeds(seed: int, together: int = TOGETHER) -> list[tuple[int, ...]]:
    first = FIRST + SEEDS * seed
    return [tuple(range(start, start + together)) for start in range(first, first + SEEDS, together)]
