"""Whose whole spectra are taken, and when: on the way down, and of networks of several sizes at the end."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, TOGETHER = 10, 5  # seeds, and how many of them share a point
STEPS = {"class": (0, 100, 300, 2000), "paper": (0, 30, 100, 200, 300, 500, 1000, 2000)}
WIDTHS = {"class": (6, 12, 20), "paper": (6, 12, 24, 48)}  # 12 is followed on its way


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `spectra_on_the_way`: ten seeds of width 12, N = 418, on their way, and of other widths at the end.

    "class": 300 images, four times, five seeds of the other widths, 20 seconds of a core. "paper": 1,000 images, eight
    times, N to 3,418, ten seeds of all widths; half an hour.
    """
    check(budget, dataset, seed, paper_needs=1000)
    common = {"dataset": dataset, "P": 300 if budget == "class" else 1000, "batch": 50, "lr": 0.1}
    seeds = _seeds(seed)
    sizes = [
        {**common, "h": h, "seeds": own, "steps": STEPS[budget][-1:]}
        for h in reversed(WIDTHS[budget])
        if h != 12
        for own in (seeds[:1] if budget == "class" else seeds)
    ]
    return [*sizes, *({**common, "h": 12, "seeds": own, "steps": STEPS[budget]} for own in seeds)]


def _seeds(seed: int, together: int = TOGETHER) -> list[tuple[int, ...]]:
    first = FIRST + SEEDS * seed
    return [tuple(range(start, start + together)) for start in range(first, first + SEEDS, together)]
