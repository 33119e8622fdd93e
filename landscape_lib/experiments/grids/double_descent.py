"""Where the double descent chapter measures: widths through the peak, with and without flipped labels, at several P."""

from typing import Any

from landscape_lib.experiments.grids._doors import check
from landscape_lib.training import bands

FIRST = 101  # of the training sets that decide: those before are for pilots, on which rules and widths were fixed
SETS = 10
P, MEMBERS = 250, 5
WIDTHS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 40)
PLANE_WIDTHS = (3, 4, 5, 6, 8, 12)
PLANE_SETS = 30
LONG = {"P": 250, "widths": (80,), "noise": 0.2, "loss": "cross_entropy", "precision": "float32", "steps": 2_000}
PAPER_P = 2000
PAPER_PLANE_P, PAPER_PLANE_WIDTHS = (1000, 2000), (8, 10, 12, 14, 15, 16, 17, 18, 20, 28)
NEAR = 5  # the width at the transition, where networks take longest to come to rest
NOISE = 0.1  # the share of training labels that are flipped
PAPER_WIDTHS = {
    0.0: (3, 5, 6, 7, 8, 9, 10, 11, 12, 14, 18, 28, 48),
    NOISE: (3, 6, 8, 10, 12, 14, 15, 16, 17, 18, 20, 28, 48),
}


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `ensembles_in_time` that the chapter runs on one data set: a point is one stack of networks.

    "class": ReLU networks of two hidden layers, the quadratic hinge, 1,000 steps of Adam and then to rest; half a
    minute on two cores.

    - the curve: P = 250, twelve widths, ten training sets of five networks, with and without flipped labels;
    - the plane: P = 125 and 250 besides, six widths, two networks on each of thirty training sets;
    - the long run: cross-entropy, one width of N = 29 P, two networks on each of ten training sets, Adam alone.

    "paper", on MNIST; half an hour of a core, a point is all widths of one training set:

    - the curve: P = 2000, from below the transition to ten times N*, ten training sets of four networks; every width
      near the transition;
    - the plane: P = 1000 and 2000, a tenth of the labels flipped, ten widths around the N* of 2000, two networks on
      each of the thirty training sets after those of the class budget.

    ``seed`` 0 means training sets from 101 on.
    """
    check(budget, dataset, seed, paper_needs=PAPER_P)
    first = FIRST + PLANE_SETS * seed
    sets = tuple(range(first, first + SETS))
    common: dict[str, Any] = {"dataset": dataset, "L": 2, "lr": 5e-3}
    rest = {**common, "steps": 1_000, "evaluations": 10_000, "thin": 100}  # of most the end will do
    if budget == "paper":
        points = [
            {**rest, "P": PAPER_P, "widths": widths, "noise": noise, "seeds": (0, 1, 2, 3), "task_seeds": (task,)}
            for noise, widths in PAPER_WIDTHS.items()
            for task in sets
        ]
        return points + [
            {**rest, "P": P, "widths": PAPER_PLANE_WIDTHS, "noise": NOISE, "seeds": (0, 1), "task_seeds": (task,)}
            for P in PAPER_PLANE_P
            for task in range(first + PLANE_SETS, first + 2 * PLANE_SETS)
        ]
    rest |= {"evaluations": 4_000}  # of a hundred networks, one is not at rest by then
    members, many = tuple(range(MEMBERS)), tuple(range(first, first + PLANE_SETS))
    curve = {**rest, "P": P, "widths": WIDTHS, "seeds": members, "task_seeds": sets}
    plane = {**rest, "widths": PLANE_WIDTHS, "noise": NOISE, "seeds": members[:2], "task_seeds": many}
    points = [
        {**curve, "noise": NOISE, "thin": 2},
        {**curve, "noise": 0.0},
        {**plane, "P": 125},
        {**plane, "P": 250},
        {**common, **LONG, "seeds": members[:2], "task_seeds": sets, "thin": 2},
    ]
    stacks = [{**point, "widths": tuple(band)} for point in points for band in bands(point["widths"])]
    return sorted(stacks, key=lambda point: (-point["noise"], abs(min(point["widths"]) - NEAR)))  # longest first
