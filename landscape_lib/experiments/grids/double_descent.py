"""Where the double descent chapter measures: widths through the peak, with and without flipped labels, at several P."""

from typing import Any

from landscape_lib.experiments.grids._doors import check
from landscape_lib.training import bands

CLASS_WIDTHS = (3, 4, 6, 8, 10, 12, 15, 20, 28, 40, 56, 80)
PLANE_WIDTHS = (4, 6, 8, 12, 20, 40)
PAPER_WIDTHS = (5, 7, 10, 13, 16, 19, 22, 26, 30, 36, 45, 60, 90, 140, 220)
MEMBERS = 20
NOISE = 0.1  # the share of training labels that are flipped


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `ensembles_in_time` that the chapter runs on one data set: a point is one stack of networks.

    "class": ReLU networks of two hidden layers, the quadratic hinge, 2,000 steps of 5e-3; under a minute on two cores.

    - the curve: P = 1000, a tenth of the labels flipped, twelve widths of twenty networks on one training set;
    - the control: the same without flipped labels, six widths of ten networks;
    - the plane: P = 125, 250 and 500, six widths, two networks on each of ten training sets.

    "paper": the set-up of 1906.08034 on MNIST, P = 5000, two hidden layers, swish and a soft hinge, in single
    precision, since a soft hinge pushes every pattern well past its margin. Twenty networks of widths through the peak
    by two decades of N, without and with flipped labels, on one training set; Adam with steps of 1e-3, at most
    20,000; two hours of a core.

    Training set 0 was looked at before the claims' rules were fixed, so that ``seed`` 0 means training set 1.
    """
    check(budget, dataset, seed, paper_needs=5000)
    members = tuple(range(MEMBERS * seed, MEMBERS * (seed + 1)))
    sets = tuple(range(10 * seed + 1, 10 * seed + 11))
    common: dict[str, Any] = {"dataset": dataset, "L": 2}
    if budget == "paper":
        how: dict[str, Any] = {"loss": "soft_hinge", "activation": "swish", "precision": "float32"}
        how |= {"lr": 1e-3, "steps": 20_000, "thin": 3}
        return [
            {**common, **how, "P": 5000, "widths": (h,), "noise": noise, "seeds": members, "task_seeds": sets[:1]}
            for noise in (0.0, NOISE)
            for h in PAPER_WIDTHS[::-1]
        ]
    common |= {"lr": 5e-3, "steps": 2_000}
    curve = {**common, "P": 1000, "task_seeds": sets[:1], "thin": 2}
    points = [
        {**curve, "widths": CLASS_WIDTHS, "noise": NOISE, "seeds": members},
        {**curve, "widths": PLANE_WIDTHS, "noise": 0.0, "seeds": members[:10]},
    ]
    for P, thin in ((500, 2), (250, 100), (125, 100)):  # of the smaller ones the end will do
        plane = {"P": P, "widths": PLANE_WIDTHS, "noise": NOISE, "seeds": members[:2], "task_seeds": sets, "thin": thin}
        points.append({**common, **plane})
    stacks = [{**point, "widths": tuple(band)} for point in points for band in bands(point["widths"])]
    return sorted(stacks, key=lambda point: -point["P"] * len(point["seeds"]) * max(point["widths"]))  # longest first
