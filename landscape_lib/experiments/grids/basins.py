"""Which basins are measured: of networks of many widths, and after small and large batches."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, TOGETHER = 10, 5  # seeds, and how many of them share a point
P = 500
WIDTHS = {"class": (8, 16, 32, 64, 128, 256), "paper": (8, 16, 32, 64, 128, 256, 512, 1024)}
SMALL, LARGE = 10, 250  # batches
DECAYS = (0.0, 0.005)
EPOCHS, LONGER = 30, 10  # epochs, and how many times as many the large batch gets in the control


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `basin_widths`: `widths`, and `batches`."""
    check(budget, dataset, seed, paper_needs=5000)
    return [*widths(budget, dataset, seed), *batches(budget, dataset, seed)]


def widths(budget: str, dataset: str, seed: int) -> list[dict[str, Any]]:
    """Networks of many widths, all trained to a loss of 0.01 in batches of 50: four seconds of a core.

    "paper": widths to 1024, 5,000 images.
    """
    common = {"dataset": dataset, "batch": 50, "lr": 0.3, "steps": 10_000, "to": 0.01}
    common["P"] = P if budget == "class" else 10 * P
    return [{**common, "h": h, "seeds": seeds} for h in reversed(WIDTHS[budget]) for seeds in _seeds(seed)]


def batches(budget: str, dataset: str, seed: int) -> list[dict[str, Any]]:
    """Batches of 10 and of 250 for 30 epochs at one step size, and of 250 for 300; with weight decay and without.

    "paper": 5,000 images, batches of 10 and 2,500.
    """
    factor = 1 if budget == "class" else 10
    common = {"dataset": dataset, "P": factor * P, "h": 64, "lr": 0.1}
    runs = ((SMALL, 1), (factor * LARGE, LONGER), (factor * LARGE, 1))
    return [
        {
            **common,
            "batch": batch,
            "steps": times * EPOCHS * factor * P // batch,
            "weight_decay": decay,
            "seeds": seeds,
        }
        for batch, times in runs
        for decay in DECAYS
        for seeds in _seeds(seed)
    ]


def _seeds(seed: int) -> list[tuple[int, ...]]:
    first = FIRST + SEEDS * seed
    return [tuple(range(start, start + TOGETHER)) for start in range(first, first + SEEDS, TOGETHER)]
