"""Does training age? How far weights move in a time, after they have waited another; of few weights and of many."""

import time
from collections.abc import Sequence
from typing import Any

from landscape_lib.experiments._classes import D, networks, stacked, task, timed
from landscape_lib.measure.curvature import displacement
from landscape_lib.training import Stop, cross_entropy, gd, train


def displacements(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    batch: int,
    lr: float,
    waits: Sequence[int],
    lags: Sequence[int],
) -> list[dict[str, Any]]:
    """Δ(t_w, t_w + t) of SGD of constant step, for waiting times t_w and lags t: one row a seed, wait and lag.

    Cross-entropy, ReLU, double precision. ``moved`` is Δ; ``start`` the loss at t_w, ``loss`` at the end of the run.
    """
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, 0, d=D) for seed in seeds]
    inputs, labels = (part.double() for part in stacked(tasks))
    nets = networks(seeds, D, h)
    at = sorted({0, *waits, *(wait + lag for wait in waits for lag in lags)})
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(at[-1], None), "loss": cross_entropy, "batch": batch}
    run = train(nets, inputs, labels, every=at[-1], at=at, **rules)
    assert run.history.weights is not None
    delta = displacement(run.history.weights)
    losses = {wait: cross_entropy(run.at(at.index(wait))(inputs), labels).mean(1) for wait in waits}
    rows = [
        {
            "dataset": dataset,
            "P": P,
            "h": h,
            "N": nets.weights.shape[1],
            "batch": batch,
            "lr": lr,
            "wait": wait,
            "lag": lag,
            "seed": seed,
            "moved": delta[at.index(wait), at.index(wait + lag), i].item(),
            "start": losses[wait][i].item(),
            "loss": run.loss[i].item(),
            "data_sha256": own.sha256,
        }
        for i, (own, seed) in enumerate(zip(tasks, seeds, strict=True))
        for wait in waits
        for lag in lags
    ]
    return timed(rows, began)


EXPERIMENT = displacements
DIGITS: int | None = 5  # of floats in a table
