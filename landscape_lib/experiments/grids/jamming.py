"""Where the jamming chapter measures: widths through the transition at many P, of images and of random data."""

from typing import Any

from landscape_lib.data import NAMES
from landscape_lib.experiments._images import images
from landscape_lib.experiments.grids._doors import check
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.training import bands

CLASS_WIDTHS = {
    125: (3, 4, 5, 6, 7, 8, 10, 12),
    250: (3, 4, 5, 6, 7, 8, 10, 12),
    500: (4, 5, 6, 7, 8, 10, 12, 14, 17),
    1000: (5, 6, 7, 8, 10, 12, 14, 17),
}
CLASS_RANDOM_WIDTHS = (6, 7, 8, 9, 10, 12, 14, 17, 20)  # for random labels, which need more parameters, at P = 250
CLASS_SMEARED_WIDTHS = (3, 4, 5, 6, 8)  # for cross-entropy, where no network ends before its steps do, at P = 250

PAPER_WIDTHS = {
    500: (5, 6, 7, 8, 10, 12, 14, 17),
    1000: (6, 7, 8, 10, 12, 14, 17, 20),
    2000: (7, 8, 10, 12, 14, 17, 20, 24),
    5000: (8, 10, 12, 14, 17, 20, 24),
    10_000: (10, 12, 14, 17, 20, 24, 29),
    20_000: (12, 14, 17, 20, 24, 29, 35),
}
PAPER_RANDOM_WIDTHS = {
    500: (6, 7, 8, 10, 12, 14, 17),
    1000: (8, 10, 12, 14, 17, 20),
    2000: (12, 14, 17, 20, 24, 29),
    5000: (20, 24, 29, 35, 42),
}
# Random data: (L, h), with d = h inputs, and P/N. Three depths at about one N, each size trained at every P/N.
# Below h of about 15 a deep network has patterns for which a whole layer is off, which it can never satisfy.
Scan = tuple[tuple[tuple[int, int], ...], tuple[float, ...]]
CLASS_RANDOM_DATA: Scan = (((1, 17), (2, 12), (3, 10)), (1.0, 1.5, 2.0, 2.5, 3.0))
PAPER_RANDOM_DATA: Scan = (((1, 30), (2, 21), (3, 17)), (2.3, 2.9, 2.6, 2.0, 3.3, 1.7))
PAPER_SMALL_DATA: Scan = (((1, 17),), (2.6, 2.8, 2.4, 3.0))  # N of 300: cheap enough to come to rest, 200,000 steps
PAPER_LARGE_DATA: Scan = (((3, 51),), (2.8, 2.9, 3.0, 3.1, 3.2, 3.3))


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `train_widths` that the chapter runs on one data set; a point is one stack, ten seeds a width.

    "class", longest point first: three hidden layers, P up to 1000, 8,000 steps of 1e-3; real labels at four P, random
    labels (other seeds) and cross-entropy at P = 250. About a minute on two cores. "random": N of about 300.
    "paper", shortest first: the papers' five layers, P up to 20,000 as far as the data goes. "random": P/N through the
    transition at N of about 900, in one, two and three layers; at N of 300 with more steps, then at the papers' 8,000.
    Our steps are larger than theirs and fewer: 30,000 of 1e-3, on random data 60,000 or 200,000 of 3e-4, against some
    millions of 1e-4. Up to P = 5,000 or N = 900 it takes some hours of a core; what comes after takes days.
    """
    check(budget, dataset, seed, datasets=(*NAMES, "random"))
    seeds = tuple(range(10 * seed, 10 * seed + 10))
    others = tuple(seed + 1000 for seed in seeds)
    common: dict[str, Any] = {"dataset": dataset, "labels": "parity", "seeds": seeds}
    if dataset == "random":
        return _random_data(budget, {**common, "labels": "random"})
    if budget == "class":
        common |= {"L": 3, "lr": 1e-3, "steps": 8_000}
        real = {P: {**common, "P": P, "widths": widths} for P, widths in CLASS_WIDTHS.items()}
        random = {**real[250], "labels": "random", "widths": CLASS_RANDOM_WIDTHS, "seeds": others}
        smeared = {**real[250], "loss": "cross_entropy", "widths": CLASS_SMEARED_WIDTHS}
        return _by_band([real[1000], random, real[500], smeared, real[250], real[125]])
    common |= {"L": 5, "lr": 1e-3, "steps": 30_000}
    points = [{**common, "P": P, "widths": widths} for P, widths in PAPER_WIDTHS.items()]
    points += [
        {**common, "P": P, "labels": "random", "widths": widths, "seeds": others}
        for P, widths in PAPER_RANDOM_WIDTHS.items()
    ]
    there = [point for point in points if point["P"] <= len(images(dataset).labels)]
    return _by_band(sorted(there, key=lambda point: point["P"] * (1 + (point["labels"] == "random"))))


def _random_data(budget: str, common: dict[str, Any]) -> list[dict[str, Any]]:
    """P/N outermost, coarse before fine: a sweep that is not over has every depth at the same P/N."""
    if budget == "class":
        scans = [(CLASS_RANDOM_DATA, 1e-3, 20_000)]
    else:
        scans = [(PAPER_RANDOM_DATA, 3e-4, 60_000), (PAPER_SMALL_DATA, 3e-4, 200_000), (PAPER_LARGE_DATA, 3e-4, 60_000)]
    return [
        {
            **common,
            **{"L": L, "d": h, "P": round(per_weight * effective_parameters(h, h, L)), "widths": (h,)},
            **{"lr": lr, "steps": steps},
        }
        for (networks, ratios), lr, steps in scans
        for per_weight in ratios
        for L, h in networks
    ]


def _by_band(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each point as several, one a stack of networks of about one width: a sweep shares them out more evenly."""
    return [{**point, "widths": tuple(band)} for point in points for band in bands(point["widths"])]
