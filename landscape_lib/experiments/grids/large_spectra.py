"""Of which large networks densities are taken, at the start and at the end."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS = {"class": 2, "paper": 10}
MOST = 10  # seeds of a budget
WIDTHS = {"class": (8,), "paper": (112, 48, 24, 12)}


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `densities_on_the_way`: a seed each.

    "class": one width and two seeds, for a look: two seconds. "paper": 1,000 images of all their pixels, N to 10⁵ on
    MNIST, ten seeds; twenty minutes of a core.
    """
    check(budget, dataset, seed, paper_needs=1000)
    first = FIRST + MOST * seed
    common: dict[str, Any] = {"dataset": dataset, "batch": 50, "lr": 0.1}
    common |= (
        {"P": 300, "steps": (0, 1000), "lanczos": 40, "probes": 2}
        if budget == "class"
        else {"P": 1000, "steps": (0, 3000)}
    )
    return [{**common, "h": h, "seeds": (s,)} for h in WIDTHS[budget] for s in range(first, first + SEEDS[budget])]
