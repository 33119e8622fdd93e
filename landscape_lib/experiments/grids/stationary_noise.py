"""At which steps and batches noisy descent comes to its stationary law."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS = {"class": 5, "paper": 20}
MOST = 20  # seeds of a budget
P = {"class": 200, "paper": 2000}
# Step sizes and batches: among them two pairs with the same ratio.
PAIRS = ((0.1, 10), (0.2, 20), (0.05, 10), (0.1, 40), (0.02, 4))
COMPARED = (0.1, 10)  # where the other samplings are


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `variances`: five steps and batches with replacement, one of epochs, one of Langevin dynamics.

    "class": 200 patterns, five seeds, ten seconds of a core. "paper": 2,000 patterns, twenty seeds, ten times as long.
    """
    check(budget, dataset, seed, paper_needs=P["paper"])
    first = FIRST + MOST * seed
    seeds = tuple(range(first, first + SEEDS[budget]))
    steps = 3000 if budget == "class" else 10_000
    common = {"dataset": dataset, "P": P[budget], "seeds": seeds, "steps": steps}
    ways = [("replacement", *pair) for pair in PAIRS] + [(name, *COMPARED) for name in ("epochs", "langevin")]
    return [{**common, "sampling": sampling, "lr": lr, "batch": batch} for sampling, lr, batch in ways]
