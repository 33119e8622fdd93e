"""Where the jamming chapter measures: widths through the transition at many P, of images and of random data."""

from collections.abc import Sequence
from typing import Any

from landscape_lib.data import NAMES
from landscape_lib.experiments._images import images
from landscape_lib.experiments.grids._doors import check
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.training import bands

FIRST = 200  # of the seeds that decide: those before are for pilots, on which rules and widths were fixed
CLASS_SEEDS = 20
CLASS_WIDTHS = {
    125: (2, 3, 4, 5, 6, 7),
    250: (3, 4, 5, 6, 7, 8),
    500: (4, 5, 6, 7, 8, 9),
    1000: (5, 6, 7, 8, 9, 10),
}
CLASS_RANDOM_WIDTHS = {125: (4, 5, 6, 7, 8), 250: (6, 7, 8, 9, 10, 11)}  # random labels need more weights
CLASS_SMEARED_WIDTHS = (3, 4, 5, 6, 8, 10, 12, 16)  # both losses, after the same steps, at P = 250
CLASS_SMEARED_STEPS = 3_000  # of size 0.005

PAPER_WIDTHS = {
    500: (4, 5, 6, 7, 8, 9, 10),
    1000: (5, 6, 7, 8, 9, 10, 12),
    2000: (6, 7, 8, 9, 10, 11, 12),
    5000: (9, 10, 11, 12, 13, 14),
    10_000: (11, 12, 13, 14, 15, 17),
    20_000: (14, 15, 16, 17, 18, 19, 20, 22),
}
PAPER_SEEDS = {500: 30, 1000: 30, 2000: 30, 5000: 10, 10_000: 10, 20_000: 10}
PAPER_RANDOM_WIDTHS = {500: (6, 7, 8, 9, 10, 11, 12), 1000: (9, 10, 11, 12, 13, 14), 2000: (13, 14, 15, 16, 17)}
ANNEALED_P = 500  # where Adam with decaying steps stands beside descent to rest
# Random data: (L, h), with d = h inputs, and P/N, three depths at about one N.
RANDOM_DATA = {
    300: (((1, 17), (2, 12), (3, 10)), (2.0, 2.2, 2.4, 2.5, 2.6, 2.7, 2.8, 3.0, 3.2)),
    900: (((1, 30), (2, 21), (3, 17)), (2.4, 2.5, 2.6, 2.7, 2.8, 2.9, 3.0, 3.2)),
    3000: (((1, 54), (2, 38), (3, 31)), (2.6, 2.7, 2.8, 2.9, 3.0, 3.1, 3.2)),
}
ADAM_ON_RANDOM_DATA = 500  # steps before L-BFGS: on these, more change nothing but the time


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `train_widths` that the chapter runs on one data set; a point is one stack, of twenty seeds live
    and of ten else.

    All come to rest, but for two: both losses after the same steps of Adam, and Adam with decaying steps.

    "class", longest point first: two hidden layers, P up to 1000, twenty seeds; real labels at four P, random labels
    (other seeds) at two, and the same steps of Adam for both losses at P = 250. Some thirty seconds on two cores.
    "paper", shortest first: the papers' five layers on P up to 20,000, as far as the data goes, thirty seeds up to 2000
    and ten beyond. "random": P/N through the transition at N of about 300, 900 and 3,000, in one, two and three layers.
    """
    check(budget, dataset, seed, datasets=(*NAMES, "random"))
    if dataset == "random":
        return _random_data(budget, seed)
    common: dict[str, Any] = {"dataset": dataset, "labels": "parity"}
    if budget == "class":
        common |= {"L": 2, "steps": 1_000, "evaluations": 4_000}
        seeds, others = (_seeds(seed, CLASS_SEEDS, start) for start in (FIRST, FIRST + 1000))
        points = [{**common, "P": P, "widths": widths, "seeds": seeds} for P, widths in CLASS_WIDTHS.items()]
        points += [
            {**common, "P": P, "labels": "random", "widths": widths, "seeds": others}
            for P, widths in CLASS_RANDOM_WIDTHS.items()
        ]
        points += [
            {
                **{**common, "steps": CLASS_SMEARED_STEPS, "lr": 5e-3, "finish": "steps", "loss": loss},
                **{"P": 250, "widths": CLASS_SMEARED_WIDTHS, "seeds": seeds[:10]},
            }
            for loss in ("quadratic_hinge", "cross_entropy")
        ]
        stacks = _stacks(points, CLASS_SEEDS)
        return sorted(stacks, key=lambda point: -point["P"] * (1 + 3 * ("finish" in point)) / min(point["widths"]))
    common |= {"L": 5}
    points = [
        {**common, "P": P, "widths": widths, "seeds": _seeds(seed, PAPER_SEEDS[P])}
        for P, widths in PAPER_WIDTHS.items()
    ]
    points += [
        {**common, "P": P, "labels": "random", "widths": widths, "seeds": _seeds(seed, 10, FIRST + 1000)}
        for P, widths in PAPER_RANDOM_WIDTHS.items()
    ]
    annealed = {"widths": PAPER_WIDTHS[ANNEALED_P], "seeds": _seeds(seed, 30), "finish": "annealed", "steps": 30_000}
    points.append({**common, "P": ANNEALED_P, **annealed})
    there = [point for point in points if point["P"] <= len(images(dataset).labels)]
    return _stacks(sorted(there, key=lambda point: point["P"] * (1 + (point["labels"] == "random"))))


def _random_data(budget: str, seed: int) -> list[dict[str, Any]]:
    """P/N outermost: a sweep that is not over has every depth at the same P/N."""
    common = {"dataset": "random", "labels": "random", "seeds": _seeds(seed, 10), "steps": ADAM_ON_RANDOM_DATA}
    return [
        {**common, "L": L, "d": h, "P": round(per_weight * effective_parameters(h, h, L)), "widths": (h,)}
        for networks, ratios in (list(RANDOM_DATA.values())[:1] if budget == "class" else RANDOM_DATA.values())
        for per_weight in ratios
        for L, h in networks
    ]


def _seeds(seed: int, number: int, first: int = FIRST) -> tuple[int, ...]:
    return tuple(range(first + number * seed, first + number * (seed + 1)))


def _stacks(points: Sequence[dict[str, Any]], together: int = 10) -> list[dict[str, Any]]:
    """Each point as several, so many seeds of about one width each: a sweep shares them out more evenly."""
    return [
        {**point, "widths": tuple(band), "seeds": point["seeds"][i : i + together]}
        for point in points
        for i in range(0, len(point["seeds"]), together)
        for band in _bands(point)
    ]


def _bands(point: dict[str, Any]) -> list[list[int]]:
    """From 20,000 patterns on a network takes minutes: a width at a time, the widest, which is satisfied first."""
    return bands(point["widths"]) if point["P"] < 20_000 else [[h] for h in sorted(point["widths"], reverse=True)]
