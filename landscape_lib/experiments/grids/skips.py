"""Which deep networks are sliced, with and without skips."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the seeds that decide: those before are for pilots
SEEDS, TOGETHER = 10, 5  # seeds, and how many of them share a point
# Step sizes are those of the least training loss in pilots, for each alike.
LR = {"mlp": {True: 0.1, False: 0.03}, "cnn": {True: 0.03, False: 0.1}}
# Steps after which networks with skips stood, in pilots, where those without end.
EARLY = {"mlp": 10, "cnn": 25}
CLASS: dict[str, Any] = {"kind": "mlp", "P": 500, "h": 16, "blocks": 10, "steps": 200}
PAPER: dict[str, Any] = {"kind": "cnn", "P": 250, "h": 8, "blocks": 27, "steps": 300}


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `slices_of_skips`: ten seeds with skips, the same ten without, and with skips but stopped early.

    "class": 22 fully connected layers on 500 images, ten seconds on two cores. "paper": 55 convolutions on 250; an
    hour of a core on CIFAR-10. Li et al. have 20 to 110 layers and all of CIFAR-10.
    """
    check(budget, dataset, seed, paper_needs=250)
    common = CLASS if budget == "class" else PAPER
    kind, first, together = common["kind"], FIRST + SEEDS * seed, TOGETHER if budget == "class" else 1
    return [
        {
            **common,
            "dataset": dataset,
            "skip": skip,
            "lr": LR[kind][skip],
            "steps": steps,
            "seeds": tuple(range(s, s + together)),
        }
        for s in range(first, first + SEEDS, together)
        for skip, steps in ((True, common["steps"]), (False, common["steps"]), (True, EARLY[kind]))
    ]
