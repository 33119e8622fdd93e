"""What every grid asks of its arguments."""

from collections.abc import Sequence

from landscape_lib._budgets import BUDGETS
from landscape_lib.data import NAMES
from landscape_lib.experiments._images import images


def check(budget: str, dataset: str, seed: int, *, datasets: Sequence[str] = NAMES, paper_needs: int = 0) -> None:
    """Refuse what no grid has, before any point of it runs.

    ``datasets`` are those that this grid knows. At the paper budget a data set needs more than ``paper_needs`` points
    to train on, so that others are left to test on.
    """
    if budget not in BUDGETS:
        raise ValueError(f"grid: unknown budget {budget!r}, choose {' or '.join(map(repr, BUDGETS))}")
    if dataset not in datasets:
        raise ValueError(f"grid: no data set {dataset!r}, choose one of {', '.join(datasets)}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"grid: seed is {seed!r}, need a whole number of at least 0")
    if budget == "paper" and paper_needs and (points := len(images(dataset).labels)) <= paper_needs:
        raise ValueError(
            f"grid: the paper budget needs more than {paper_needs} images, {dataset} has {points}; take mnist"
        )
