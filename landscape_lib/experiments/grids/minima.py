"""With which batches and step sizes minima are reached that are then compared."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, MOST = {"class": 5, "paper": 10}, 10
SIZES = {"class": (300, 12), "paper": (1000, 12)}  # patterns, width
BATCHES, RATES = (5, 20, 150), (0.05, 0.1, 0.2)
EPOCHS, LONGEST = 20, 400  # where epochs are equal, and at most
TO = 0.02  # the loss, where it is


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `flatness_of_minima`: three batches at three step sizes, after equal epochs and at equal loss.

    "class": 300 images, five seeds, a minute of a core. "paper": 1,000 images, ten seeds.
    """
    check(budget, dataset, seed, paper_needs=SIZES["paper"][0])
    P, h = SIZES[budget]
    first = FIRST + MOST * seed
    common = {"dataset": dataset, "P": P, "h": h, "seeds": tuple(range(first, first + SEEDS[budget]))}
    ends = ((EPOCHS, None, False), (LONGEST, TO, True))
    return [
        {**common, "batch": batch, "lr": lr, "steps": epochs * P // batch, "to": to, "volumes": volumes}
        for epochs, to, volumes in ends
        for batch in BATCHES
        for lr in RATES
    ]
