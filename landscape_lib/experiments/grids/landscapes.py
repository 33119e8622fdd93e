"""Where the maps at the top of the book are drawn: networks of four widths, each twice the last."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

WIDTHS, SEEDS = (4, 8, 16, 32), tuple(range(10))
FINE, COARSE = 288, 60  # columns of a map: of the seed that is drawn, and of the others


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `surveys`, one a width, widest first: ten seeds each, of 1000 patterns.

    "class": the first seed's map in detail, the others coarse. Three minutes on one core. "paper": all in detail.
    """
    check(budget, dataset, seed)
    seeds = tuple(len(SEEDS) * seed + i for i in SEEDS)
    columns = (FINE, *[FINE if budget == "paper" else COARSE] * (len(seeds) - 1))
    common = {"dataset": dataset, "labels": "parity", "P": 1000, "d": 10, "L": 3, "steps": 20_000, "batch": 100}
    return [{"h": h, "seeds": seeds, "columns": columns, **common} for h in WIDTHS[::-1]]
