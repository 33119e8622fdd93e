"""Where the edge of stability is looked for: step sizes of full batch, sizes of batches, and the controls of these."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS = {"class": 5, "paper": 10}
MOST = 10  # seeds of a budget
LR = 0.4  # where batches are compared
RATES = {"class": (0.8, LR), "paper": (1.2, 0.8, LR, 0.2)}  # of full batch
BATCHES = {"class": (5, 20), "paper": (4, 8, 16, 32, 64)}
FOLLOWED = (0.2, LR, 0.8, 1.2)
TIMES = (0, 20, 50, 100, 150, 200, 300, 400, 500, 600, 700, 800, 900, 1000)
TO = 0.03  # the loss at which large and small batches are compared
SMALL, LARGE = 10, 50  # batches whose step sizes are in proportion


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `sharpness_of_descent`, five seeds: `full` batch, smaller `batches`, and these at equal loss, η/B.

    "class": 100 images, width 20, 1,000 steps; fifteen seconds of a core. "paper": 300 images, width 40, ten times as
    many steps and ten seeds; half an hour.
    """
    check(budget, dataset, seed, paper_needs=300)
    return [*full(budget, dataset, seed), *batches(budget, dataset, seed), *controls(budget, dataset, seed)]


def full(budget: str, dataset: str, seed: int) -> list[dict[str, Any]]:
    """Full batch, at four times."""
    steps = tuple(_times(budget) * step for step in (0, 300, 700, 1000))
    return [_point(budget, dataset, seed, lr=lr, batch=None, steps=steps) for lr in RATES[budget]]


def batches(budget: str, dataset: str, seed: int) -> list[dict[str, Any]]:
    """Smaller batches, at the end of as many steps of the same size."""
    steps = (_times(budget) * 1000,)
    return [_point(budget, dataset, seed, lr=LR, batch=batch, steps=steps) for batch in BATCHES[budget]]


def controls(budget: str, dataset: str, seed: int) -> list[dict[str, Any]]:
    """Full batch and batches of ten to one loss; of ten and fifty at one η/B, after as many epochs; and of ten after as
    many steps as all others.
    """
    times = _times(budget)
    points: list[dict[str, Any]] = [
        {"lr": LR, "batch": batch, "steps": (times * 3000,), "to": TO} for batch in (SMALL, None)
    ]
    points += [
        {"lr": LR * batch / LARGE, "batch": batch, "steps": (times * 1000 * LARGE // batch,)}
        for batch in (SMALL, LARGE)
    ]
    points.append({"lr": LR, "batch": SMALL, "steps": (times * 1000,)})
    return [_point(budget, dataset, seed, **point) for point in points]


def followed(dataset: str, seed: int) -> list[dict[str, Any]]:
    """One network by full batch at four step sizes, at more times: what an explorer shows."""
    check("class", dataset, seed)
    common = {"dataset": dataset, "P": 100, "h": 20, "batch": None, "seeds": (FIRST + MOST * seed,)}
    return [{**common, "lr": lr, "steps": TIMES} for lr in FOLLOWED]


def _point(budget: str, dataset: str, seed: int, **point: Any) -> dict[str, Any]:
    P, h = (100, 20) if budget == "class" else (300, 40)
    first = FIRST + MOST * seed
    return {"dataset": dataset, "P": P, "h": h, "seeds": tuple(range(first, first + SEEDS[budget])), **point}


def _times(budget: str) -> int:
    return 1 if budget == "class" else 10
