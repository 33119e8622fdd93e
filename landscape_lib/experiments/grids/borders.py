"""Which networks draw the borders at the head of the ensembles chapter."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

WIDTHS = (5, 16, 64)
MEMBERS = 12


def grid(budget: str, dataset: str = "toy", seed: int = 0) -> list[dict[str, Any]]:
    """The points of `square_errors` that the picture shows, longest first: a point is one width.

    "class", some seconds: three widths of twelve networks, on 120 points. There is no larger one. Training set 0 was
    the pilot's, so that ``seed`` 0 means set 1.
    """
    check(budget, dataset, seed, datasets=("toy",))
    if budget != "class":
        raise ValueError(f"grid: the toy has no {budget} budget, choose 'class'")
    seeds = tuple(range(MEMBERS * seed, MEMBERS * (seed + 1)))
    return [{"h": h, "seeds": seeds, "P": 120, "task_seed": seed + 1} for h in WIDTHS]
