"""Where the ensembles chapter measures: three kinds of networks, widths from N* on, and several training sets."""

from typing import Any

from landscape_lib.experiments._images import images
from landscape_lib.experiments.ensembles import NETWORKS
from landscape_lib.experiments.grids._doors import check

CLASS_WIDTHS = {"standard": (5, 6, 8, 11, 16, 27, 36, 48, 64), "ntk": (27, 36, 48, 64), "cnn": (3, 6, 12, 24)}
PAPER_WIDTHS = (3, 6, 9, 12, 17, 24)  # of CNNs
SETS = 5  # training sets, each with its own networks


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `ensemble_sizes` that the chapter shows of one data set: a point is one width on one training set.

    "class", under a minute on two cores:

    - "standard": parity, d = 10, P = 500, two hidden layers, nine widths on five training sets, twenty networks each up
      to a width of 16, and ten of those that cost more and fluctuate less;
    - "ntk": the same task in the NTK parametrisation, four widths of ten networks on five training sets;
    - "cnn": classes 0 to 4 against 5 to 9 from the pixels, P = 250, four widths of ten networks on one training set.

    "paper": the CNN on larger images, "mnist" and "cifar10-jpeg", P = 1000, six widths of ten networks on one training
    set, at most 6,000 steps; about an hour of a core each. Larger MLPs are those of `grids.double_descent`.

    Training set 0 was looked at before the claims' rules were fixed, so that ``seed`` 0 means training sets from 1 on.
    """
    check(budget, dataset, seed, paper_needs=5000)
    sets = range(SETS * seed + 1, SETS * (seed + 1) + 1)
    points = []
    for network in NETWORKS if budget == "class" else ("cnn",):
        if images(dataset).shape[0] > 1 and network != "cnn":
            continue  # of colours, the parity of ten components is a coin's
        cnn = network == "cnn"
        if budget == "class":
            widths = CLASS_WIDTHS[network]
            how = {"P": 250 if cnn else 500, "steps": 1_500 if cnn else 3_000, "tests": 2_000}
        else:
            widths, how = PAPER_WIDTHS, {"P": 1000, "steps": 6_000}
        points += [
            {
                "network": network,
                "dataset": dataset,
                "h": h,
                "seeds": tuple(range(20 * task_seed, 20 * task_seed + _members(network, h))),
                "task_seed": task_seed,
                **how,
            }
            for task_seed in (sets[:1] if cnn else sets)
            for h in widths
        ]
    return sorted(points, key=lambda point: -_work(point))


def _members(network: str, h: int) -> int:
    """Twenty as in 1901.01608 where they are narrow, and cost little."""
    return 20 if network == "standard" and h <= 16 else 10


def _work(point: dict[str, Any]) -> float:
    """About how long a point takes, in no unit: narrow networks need all of their steps, wide ones cost more each."""
    if point["network"] == "cnn":
        return 3.0 + point["h"]
    return (1.0 + point["h"] ** 2 / 2000) * len(point["seeds"]) / 20 * point["P"] / 500
