"""SGD whole, within the space of the top eigenvectors, and outside of it: from one start, by the same batches."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from landscape_lib.experiments._classes import CLASSES, D, check_steps, learn, task, timed
from landscape_lib.measure.curvature import eigenpairs, gradient, gradient_overlap, hessian_product, top_projection
from landscape_lib.nets import Population
from landscape_lib.training import Run, Stop, batch_mean, cross_entropy, gd, train

RUNS = ("whole", "dominant", "bulk")


def descend(
    one: Population,
    inputs: Float[Tensor, "points features"],
    labels: Float[Tensor, "points"],
    kind: str,
    *,
    batch: int,
    lr: float,
    steps: int,
    every: int,
) -> Run:
    """SGD of one network, for so many steps: a projection is of the loss over one set of patterns.

    ``kind`` is "whole", "dominant" or "bulk", as `runs_in_subspaces` tells them; all draw the same batches.
    """
    if kind not in RUNS:
        raise ValueError(f"descend: kind is {kind!r}; there is {', '.join(RUNS)}")
    project = None
    if kind != "whole":
        patterns, out = [(inputs, labels)], kind == "bulk"
        project = top_projection(batch_mean(cross_entropy), patterns, CLASSES, out=out, every=every)
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(steps, None), "loss": cross_entropy, "batch": batch}
    return train(one, inputs, labels, every=every, seed=1, project=project, **rules)


def curves(
    dataset: str, P: int, h: int, *, seed: int, batch: int, lr: float, warm: int, steps: int, every: int
) -> dict[str, tuple[list[int], list[float]]]:
    """Of one network, by kind of run: steps after ``warm``, about ten a decade, and the training losses then."""
    patterns = task(dataset, P, seed, 0, d=D)
    begun, inputs, labels = learn([patterns], [seed], h=h, batch=batch, lr=lr, steps=(warm,))
    found = {}
    for kind in RUNS:
        run = descend(begun.population, inputs[0], labels[0], kind, batch=batch, lr=lr, steps=steps, every=every)
        found[kind] = (run.history.steps.tolist(), run.history.loss[:, 0].tolist())
    return found


def overlaps_in_time(
    dataset: str, P: int, h: int, *, seeds: Sequence[int], batch: int, lr: float, times: Sequence[int | float]
) -> list[dict[str, Any]]:
    """The share of ‖g‖² in the space of the top C eigenvectors, after so many steps times ``lr``: one row a seed, time.

    ``overlap`` and ``overlap_full`` as of `runs_in_subspaces`, and the training ``loss`` then.
    """
    began = time.perf_counter()
    at = [round(after / lr) for after in times]
    check_steps(at, "overlaps_in_time")
    tasks = [task(dataset, P, seed, 0, d=D) for seed in seeds]
    run, inputs, labels = learn(tasks, seeds, h=h, batch=batch, lr=lr, steps=at)
    rows = []
    for place, (after, step) in enumerate(zip(times, at, strict=True)):
        losses = cross_entropy(run.at(place)(inputs), labels).mean(1)
        for i, (own, seed) in enumerate(zip(tasks, seeds, strict=True)):
            overlap, whole = _overlaps(run.at(place).member(i), inputs[i], labels[i], batch)
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "batch": batch,
                    "lr": lr,
                    "time": after,
                    "step": step,
                    "seed": seed,
                    "loss": losses[i].item(),
                    "overlap": overlap,
                    "overlap_full": whole,
                    "data_sha256": own.sha256,
                }
            )
    return timed(rows, began)


def runs_in_subspaces(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    batch: int,
    lr: float,
    warm: int,
    steps: int,
    every: int = 1,
) -> list[dict[str, Any]]:
    """After ``warm`` steps of SGD, so many ``steps`` more of each kind: one row a seed and ``run``.

    "whole" descends the batch's gradient, "dominant" its projection onto the top C eigenvectors of the Hessian over
    all patterns, C = 10 classes, and "bulk" what the projection leaves; they are computed anew ``every`` so many steps.
    ``start`` and ``loss`` are the training losses before and after; ``overlap`` is the share of ‖g‖² in that space of
    a batch's gradient, ``overlap_full`` of the gradient, means over the start and the end of the whole run.
    """
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, 0, d=D) for seed in seeds]
    begun, inputs, labels = learn(tasks, seeds, h=h, batch=batch, lr=lr, steps=(warm,))
    ends, overlaps = {}, torch.zeros(len(tasks), 2)
    for kind in RUNS:
        found = torch.empty(len(tasks), dtype=torch.float64)
        for i in range(len(tasks)):
            one = begun.population.take([i])
            run = descend(one, inputs[i], labels[i], kind, batch=batch, lr=lr, steps=steps, every=every)
            found[i] = run.loss[0]
            if kind == "whole":
                both = [_overlaps(state.member(0), inputs[i], labels[i], batch) for state in (one, run.population)]
                overlaps[i] = torch.tensor(both).mean(0)
        ends[kind] = found
    rows = [
        {
            "dataset": dataset,
            "P": P,
            "h": h,
            "batch": batch,
            "lr": lr,
            "warm": warm,
            "steps": steps,
            "run": kind,
            "seed": seed,
            "start": begun.loss[i].item(),
            "loss": ends[kind][i].item(),
            "overlap": overlaps[i, 0].item(),
            "overlap_full": overlaps[i, 1].item(),
            "data_sha256": own.sha256,
        }
        for i, (own, seed) in enumerate(zip(tasks, seeds, strict=True))
        for kind in RUNS
    ]
    return timed(rows, began)


def _overlaps(network: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, batch: int) -> tuple[float, float]:
    """The share of ‖g‖² in the top space, of batches' gradients in the mean, and of the whole gradient."""
    vectors = eigenpairs(hessian_product(network, F.cross_entropy, [(x, y.long())]), CLASSES, tolerance=1e-3).vectors
    parts = torch.arange(len(x)).split(batch)
    each = [gradient_overlap(gradient(network, F.cross_entropy, [(x[p], y[p].long())]), vectors) for p in parts]
    return sum(each) / len(each), gradient_overlap(gradient(network, F.cross_entropy, [(x, y.long())]), vectors)


EXPERIMENT = runs_in_subspaces
DIGITS: int | None = 5  # of floats in a table
