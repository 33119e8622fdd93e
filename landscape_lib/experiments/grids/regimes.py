"""Where gradient descent is held against SGD, and with which step sizes."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, TOGETHER = 10, 5  # seeds, and how many of them share a point
BATCH = 10
# Of each regime: width, hidden layers, and the step sizes of GD and of SGD, those of the least test error in pilots.
SETTINGS: dict[str, tuple[int, int, float, float]] = {
    "few units": (5, 1, 0.1, 0.1),
    "scrambled": (64, 2, 1.5, 0.15),
    "sums": (64, 2, 2.0, 0.1),
    "images": (64, 2, 1.0, 0.2),
    "noisy": (64, 2, 1.0, 0.1),
}


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `errors_of_descent`: each regime by SGD in batches of ten and by full batch; ten seeds.

    "class": 500 images, 15 seconds of a core. "paper": 5,000.
    """
    check(budget, dataset, seed, paper_needs=5000)
    P, first = (500 if budget == "class" else 5000), FIRST + SEEDS * seed
    return [
        {
            **{"regime": regime, "dataset": dataset, "P": P, "h": h, "L": L, "seeds": tuple(range(s, s + TOGETHER))},
            **({"batch": BATCH, "lr": sgd, "steps": 2000} if batch else {"batch": None, "lr": gd, "steps": 1000}),
        }
        for regime, (h, L, gd, sgd) in SETTINGS.items()
        for batch in (True, False)
        for s in range(first, first + SEEDS, TOGETHER)
    ]
