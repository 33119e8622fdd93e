"""Where spectra are taken at rest: through the jamming transition, on random data."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS = {"class": 10, "paper": 20}
MOST = 20  # seeds of a budget
# Width and dimension of the inputs; numbers of patterns.
SIZES = {
    "class": (14, 10, (450, 380, 370, 360, 280)),
    "paper": (30, 30, (3000, 2700, 2600, 2500, 2400, 2300, 2200, 1800)),
}


def grid(budget: str, dataset: str = "random", seed: int = 0) -> list[dict[str, Any]]:
    """The points of `spectra_at_rest`: Gaussian inputs, random labels, one hidden layer of ReLU; ten seeds.

    "class": N = 154, P/N from 1.8 to 2.9, ten seconds of a core. "paper": N = 930, twenty seeds, half an hour.
    """
    check(budget, dataset, seed, datasets=("random",))
    h, d, sizes = SIZES[budget]
    first = FIRST + MOST * seed
    common = {"dataset": dataset, "labels": "random", "h": h, "d": d, "L": 1, "steps": 300, "evaluations": 3000}
    return [{**common, "P": P, "seeds": tuple(range(first, first + SEEDS[budget]))} for P in sizes]
