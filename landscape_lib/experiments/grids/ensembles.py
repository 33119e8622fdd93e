"""Where the ensembles chapter measures: three kinds of networks, widths from N* on, and many training sets."""

from typing import Any

from landscape_lib.data import NAMES
from landscape_lib.experiments._images import images
from landscape_lib.experiments.ensembles import NETWORKS
from landscape_lib.experiments.grids._doors import check

# Members of each width: more where they are narrow, and cost little. Width 4 is below N*, and brackets it.
CLASS = {
    "standard": {4: 3, 5: 10, 6: 10, 8: 10, 11: 10, 16: 10, 27: 6, 40: 6, 60: 6},
    "ntk": {27: 6, 40: 6, 60: 6},
    "cnn": {6: 4, 9: 4, 14: 4, 24: 4},
}
SETS = {"standard": 30, "ntk": 10, "cnn": 5}  # training sets, each with its own networks
PAPER = {
    "standard": {8: 4, 9: 8, 10: 8, 12: 8, 16: 8, 24: 8, 40: 8, 60: 8, 85: 8},
    "ntk": {40: 4, 60: 4, 85: 4},
    "cnn": {6: 4, 9: 4, 14: 4},  # wider ones take SGD many thousand steps to zero loss
}
PAPER_SETS = {"standard": 10, "ntk": 30, "cnn": 20}
TOGETHER, LIVE_TOGETHER = (
    5,
    15,
)  # training sets in a stack; the standard networks are small live, and share a step's cost
DATASETS = tuple(name for name in NAMES if name != "mnist1d")  # whose signals have one row: not for our CNN


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `ensemble_sizes` that the chapter shows of one data set; a point is a width on a few training sets.

    "class", under a minute on two cores:

    - "standard": parity, d = 10, P = 500, two hidden layers, nine widths on thirty training sets, ten networks each
      near N*, and six of those that cost more and fluctuate less;
    - "ntk": the same task in the NTK parametrisation, three widths of six networks on ten training sets;
    - "cnn": classes 0 to 4 against 5 to 9 from the pixels, P = 250, four widths of four networks on five training sets.

    "paper": the standard networks with P = 1000 (a twentieth of the paper's), nine widths of eight networks on ten
    training sets; three widths of the NTK parametrisation, four networks on thirty; and three of CNNs with P = 250,
    four networks on twenty. Some half an hour of a core.

    Training sets 0 to 10 were looked at before the claims' rules were fixed, so that ``seed`` 0 means training sets
    from 101 on.
    """
    check(budget, dataset, seed, paper_needs=5000, datasets=DATASETS)
    points: list[dict[str, Any]] = []
    widths_of, sets_of = (CLASS, SETS) if budget == "class" else (PAPER, PAPER_SETS)
    for network in NETWORKS:
        if images(dataset).shape[0] > 1 and network != "cnn":
            continue  # of colours, the parity of ten components is a coin's
        widths, sets = widths_of[network], sets_of[network]
        first, together = 101 + seed * sets, LIVE_TOGETHER if (budget, network) == ("class", "standard") else TOGETHER
        how = {"P": 250 if network == "cnn" else 1000 if budget == "paper" else 500}
        how |= {"steps": (3000 if budget == "paper" else 1500) if network == "cnn" else 300}
        how |= {"tests": 10_000 if budget == "paper" else 2000}
        points += [
            {
                "network": network,
                "dataset": dataset,
                "h": h,
                "task_seeds": tuple(range(start, start + together)),
                "members": members,
                **how,
            }
            for start in range(first, first + sets, together)
            for h, members in widths.items()
        ]
    return sorted(points, key=lambda point: -_work(point))


def _work(point: dict[str, Any]) -> float:
    """About how long a point takes, in seconds of a core: narrow networks take long to come to rest, wide ones each."""
    narrow, cnn = point["h"] < 8, point["network"] == "cnn"
    each = 0.7 if cnn else 0.5 if narrow else point["members"] * (0.03 + point["h"] ** 2 / 54_000)
    return len(point["task_seeds"]) * each
