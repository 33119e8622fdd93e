"""Which batches and step sizes are tried, and to which loss they train."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS = {"class": 5, "paper": 10}
MOST = 10  # seeds of a budget
P = {"class": 1000, "paper": 5000}
BATCHES = {"class": (4, 8, 16, 32, 64, 128, 256, 1000), "paper": (4, 8, 16, 32, 64, 128, 256, 512, 1024, 5000)}
H = {"class": 32, "paper": 64}
TO = 0.2
# Step sizes around one that was near the best in pilots: in proportion to small batches, and constant for large.
LARGEST, HALF = 0.8, 28
FACTORS = (0.5, 0.71, 1.0, 1.41, 2.0, 2.83)  # the last was added when a best step had been the largest
STEPS, MANY, FEW = 400, 16, 150  # at most; FEW with that many patterns in a batch or more, thrice what the best takes


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `steps_to_loss`: every batch at six step sizes.

    "class": P = 1000, batches from 4 to all, five seeds, half a minute of a core. "paper": P = 5000, ten seeds.
    """
    check(budget, dataset, seed, paper_needs=P["paper"])
    first = FIRST + MOST * seed
    common = {"dataset": dataset, "P": P[budget], "h": H[budget], "to": TO}
    common |= {"seeds": tuple(range(first, first + SEEDS[budget]))}
    return [
        {
            **common,
            "steps": STEPS if batch < MANY else FEW,
            "batch": batch,
            "lr": round(factor * LARGEST / (1 + HALF / batch), 4),
        }
        for batch in BATCHES[budget]
        for factor in FACTORS
    ]
