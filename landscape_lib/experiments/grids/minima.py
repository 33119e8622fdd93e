"""With which batches and step sizes minima are reached that are then compared."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, MOST = {"class": 6, "paper": 30}, 30
COMPONENTS = {"mnist": 50}  # of images whose pixels would make a Hessian too large to write down
TESTS = 1400
SIZES = {"class": (300, 12), "paper": (1000, 12)}  # patterns, width
BATCHES = (5, 20, 150)
RATES = {"class": (0.05, 0.1, 0.2), "paper": (0.025, 0.05, 0.1)}
EQUAL = (5, 0.05), (20, 0.2)  # a batch and a step size of one ratio η/B, and another
EPOCHS = 20  # where epochs are equal
LONGEST = {"class": 6000, "paper": 25_000}  # steps at most, where the loss is
TO = 0.02  # the loss, where it is
RADII, RATE = {20: (0.1, 0.2), 150: (0.2,)}, 0.1  # of SAM with batches, and its step size


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `flatness_of_minima`, after equal epochs and at equal loss, and by SAM.

    At equal loss three batches at three step sizes, and SAM with two batches at one. "class": 300 images, six seeds,
    a minute of a core. "paper": 1,000 images, thirty seeds.
    """
    check(budget, dataset, seed, paper_needs=SIZES["paper"][0])
    P, h = SIZES[budget]
    first = FIRST + MOST * seed
    common = {
        "dataset": dataset,
        "P": P,
        "h": h,
        "d": COMPONENTS.get(dataset),
        "tests": TESTS,
        "seeds": tuple(range(first, first + SEEDS[budget])),
    }
    short = [(batch, RATE) for batch in BATCHES] + [*EQUAL]
    points = [
        {"batch": batch, "lr": lr, "steps": EPOCHS * P // batch, "to": None, "volumes": False} for batch, lr in short
    ]
    long: dict[str, Any] = {"steps": LONGEST[budget], "to": TO}
    points += [{"batch": batch, "lr": lr, "volumes": True, **long} for batch in BATCHES for lr in RATES[budget]]
    for batch, radii in RADII.items():
        points += [{"batch": batch, "lr": RATE, "volumes": False, **long, "rho": rho} for rho in radii]
    return [{**common, "rho": 0.0, **point} for point in points]
