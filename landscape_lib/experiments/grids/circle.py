"""Which networks learn on the circle, for the picture at the head of chapter 6 and its explorer."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

SCALES = (0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0)
SHOWN = (0.01, 1.0, 100.0)  # in the picture
P, H, SEEDS = 12, 100, 10
FIRST = 300  # those before are for pilots


def grid(budget: str, dataset: str = "circle", seed: int = 0) -> list[dict[str, Any]]:
    """The points of `directions_at_scales`: one training set and its network a point, at all scales.

    "class": ten of them, some seconds. There is no larger one.
    """
    check(budget, dataset, seed, datasets=("circle",))
    if budget != "class":
        raise ValueError(f"grid: the circle has no {budget} budget, choose 'class'")
    first = FIRST + SEEDS * seed
    return [{"alpha_h": SCALES, "P": P, "h": H, "seed": s} for s in range(first, first + SEEDS)]
