"""From large batches to small ones, and the straight line between the two ends: is there anything in between?"""

import time
from collections.abc import Sequence
from typing import Any

import torch

from landscape_lib.experiments._classes import networks, stacked, task, timed
from landscape_lib.measure.ensembles import errors
from landscape_lib.measure.surface import slice_between
from landscape_lib.nets import Population
from landscape_lib.training import Run, Stop, batch_mean, cross_entropy, gd, train

POINTS = 17  # of a line, from t = −½ to 3/2
PAIRS = ("switched", "same start", "other start")


def lines_of_switch(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    large: int,
    small: int,
    lr: float,
    steps: int,
    tests: int = 700,
) -> list[dict[str, Any]]:
    """The loss on the line from a network of ``large`` batches to three others: a row a seed, ``pair`` and ``t``.

    At t = 0 stands a network after so many ``steps`` of large batches. At t = 1: "switched", the same after as many
    more of ``small`` batches; "same start", one that had small batches from the same start, twice as many steps; and
    "other start", one that had large batches from another start, of the same patterns. Two hidden layers of ReLU,
    cross-entropy, pixels. ``loss`` is of training, ``error`` on test points; ``distance`` is ‖θ₁ − θ₀‖.
    """
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, tests) for seed in seeds]
    inputs, labels = (part.double() for part in stacked(tasks))

    def descend(nets: Population, batch: int, number: int) -> Population:
        rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(number, None), "loss": cross_entropy}
        run: Run = train(nets, inputs, labels, batch=batch, every=max(number, 1), setting=f"B={batch}", **rules)
        return run.population

    start = networks(seeds, inputs.shape[2], h)
    first = descend(start, large, steps)
    others = networks([seed + 100_000 for seed in seeds], inputs.shape[2], h)
    ends = (descend(first, small, steps), descend(start, small, 2 * steps), descend(others, large, steps))
    t, mean, rows = torch.linspace(-0.5, 1.5, POINTS, dtype=torch.float64), batch_mean(cross_entropy), []
    for i, (own, seed) in enumerate(zip(tasks, seeds, strict=True)):
        x, y = own.test_inputs.double(), own.test_labels

        def evaluate(network: torch.nn.Module, i: int = i, x: torch.Tensor = x, y: torch.Tensor = y) -> dict[str, Any]:
            return {"loss": mean(network(inputs[i]), labels[i]), "error": errors(network(x)[None], y)}

        for pair, nets in zip(PAIRS, ends, strict=True):
            line = slice_between(first.member(i), nets.member(i), evaluate, t)
            rows += [
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "large": large,
                    "small": small,
                    "lr": lr,
                    "steps": steps,
                    "seed": seed,
                    "pair": pair,
                    "t": at,
                    "loss": value,
                    "error": wrong,
                    "distance": (nets.weights[i] - first.weights[i]).norm().item(),
                    "data_sha256": own.sha256,
                }
                for at, value, wrong in zip(
                    line.coordinates.tolist(),
                    line.values["loss"].tolist(),
                    line.values["error"].tolist(),
                    strict=True,
                )
            ]
    return timed(rows, began)


EXPERIMENT = lines_of_switch
DIGITS: int | None = 5  # of floats in a table
