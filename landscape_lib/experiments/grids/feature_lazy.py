"""Where feature learning and lazy training are compared: widths, output scales, and tasks of both signs."""

from typing import Any

from landscape_lib.data import NAMES
from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the training sets that decide: those before are for pilots, or were looked at
CLASS_WIDTHS = (8, 12, 16, 24, 32, 48, 64, 96)
CLASS_SCALES = (0.01, 0.05, 0.25, 1.0, 5.0, 25.0, 120.0, 600.0)
CLASS_P, CLASS_SETS = 100, 10  # of the phase diagram
ENDS = {"P": 200, "h": 64, "alpha_h": (0.01, 1.0, 600.0)}  # where regimes are compared, on ten sets
ENDS_SETS = 10
PAPER_WIDTHS = (10, 16, 30, 56, 100, 180, 320, 560, 1000)
PAPER_SCALES = (1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 1e2, 1e3, 1e4)
PAPER_P, PAPER_SETS = 5000, 10
STRIPE_D, STRIPE_P, STRIPE_H = 5, (32, 64, 128, 256, 512, 1024, 2048), 100
STRIPE_SCALES = (0.1, 1000.0)  # deep in either regime


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `flow_at_scales`: a width, or for the stripe model a P, at all scales on a few training sets.

    "class": on images the phase diagram of fully connected networks, eight widths by eight √h α, P = 100, ten
    training sets, pixels (MNIST-1D: its signals); and one width at both ends, P = 200, ten training sets, pixels and
    ten principal components. On "stripe" both regimes at P up to 128.
    "paper": on images up to P = 5,000 and h = 1,000, ten training sets, pixels and ten principal components, in double
    precision; on "stripe" P up to 2,048 in five dimensions.
    """
    check(budget, dataset, seed, datasets=(*NAMES, "stripe"), paper_needs=0 if dataset == "stripe" else PAPER_P)
    if dataset == "stripe":
        return _stripes(budget, seed)
    common: dict[str, Any] = {"network_kind": "fc", "dataset": dataset}
    if budget == "class":
        first, common["tests"] = FIRST + ENDS_SETS * seed, 500
        sets = tuple(range(first, first + ENDS_SETS))
        phase = {**common, "P": CLASS_P, "alpha_h": CLASS_SCALES, "task_seeds": sets[:CLASS_SETS]}
        ends = [{**common, **ENDS, "d": d, "task_seeds": sets} for d in (10, None)]
        return ends + [{**phase, "h": h} for h in reversed(CLASS_WIDTHS)]
    first = FIRST + PAPER_SETS * seed
    common |= {"P": PAPER_P, "alpha_h": PAPER_SCALES, "tests": 10_000, "precision": "float64", "steps": 50_000}
    return [
        {**common, "h": h, "d": d, "task_seeds": (task_seed,)}
        for h in PAPER_WIDTHS
        for d in (None, 10)
        for task_seed in range(first, first + PAPER_SETS)
    ]


def _stripes(budget: str, seed: int) -> list[dict[str, Any]]:
    sets = 10
    first = FIRST + sets * seed
    common = {"network_kind": "fc", "dataset": "stripe", "labels": "stripe", "h": STRIPE_H, "L": 1, "d": STRIPE_D}
    common |= {"alpha_h": STRIPE_SCALES, "tests": 10_000, "steps": 20_000}
    sizes = [P for P in STRIPE_P if budget == "paper" or P <= 128]
    return [{**common, "P": P, "task_seeds": tuple(range(first, first + sets))} for P in sorted(sizes, reverse=True)]
