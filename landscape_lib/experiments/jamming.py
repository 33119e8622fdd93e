"""The runs of the jamming chapter: networks of many widths trained on P patterns, one curve a point of the grid."""

import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch

from landscape_lib.data import Images, Task, image_task, load, on_sphere, random_task
from landscape_lib.measure.jamming import effective_parameters, gaps, unsatisfied
from landscape_lib.nets import MLP, Population, widen
from landscape_lib.training import SATISFIED, Run, Stop, adam, cross_entropy, quadratic_hinge, train

LOSSES = {"quadratic_hinge": quadratic_hinge, "cross_entropy": cross_entropy}
BUDGETS = ("class", "paper")


def task(dataset: str, labels: str, P: int, d: int, seed: int) -> Task:
    """P patterns as in 1809.09349: images in d whitened principal components, or Gaussian inputs, of norm √d.

    ``dataset`` is a name that `landscape_lib.data.load` knows, or "random"; ``labels`` "parity", "halves" or "random".
    """
    if dataset == "random":
        drawn = random_task(P, d, seed)
        return Task(
            on_sphere(drawn.inputs), drawn.labels, drawn.test_inputs, drawn.test_labels, drawn.name, drawn.sha256
        )
    return image_task(_images(dataset), P, labels=labels, d=d, seed=seed, test_points=0)


@cache
def _images(name: str) -> Images:
    return load(name)


def descend(
    tasks: Sequence[Task], widths: Sequence[int], seeds: Sequence[int], *, L: int, loss: str, lr: float, steps: int
) -> Run:
    """Train one network a width and seed, the ``tasks[i]`` being those of ``seeds[i]``, width by width, all at once.

    Full-batch Adam in float64 from orthogonal weights and zero biases. Networks of all widths are widened to the
    widest, which changes neither what they compute nor how they learn, so that they train in one stack.
    """
    d = tasks[0].inputs.shape[1]
    members = [(h, seed) for h in widths for seed in seeds]
    population = Population(
        lambda i: widen(MLP(d, members[i][0], L, seed=members[i][1]), max(widths)), range(len(members))
    )
    inputs = torch.stack([task.inputs for task in tasks]).repeat(len(widths), 1, 1)
    labels = torch.stack([task.labels for task in tasks]).repeat(len(widths), 1)
    return train(
        population,
        inputs,
        labels,
        optimiser=adam(lr),
        stop=Stop(steps, plateau=(2000, 0.01)),
        loss=LOSSES[loss],
        working_set=loss == "quadratic_hinge",
        setting=f"P={tasks[0].inputs.shape[0]}, h={min(widths)} to {max(widths)}, L={L}, {loss}, lr={lr:g}",
    )


def curve(
    dataset: str,
    labels: str,
    P: int,
    widths: Sequence[int],
    *,
    seeds: Sequence[int],
    d: int = 10,
    L: int = 3,
    loss: str = "quadratic_hinge",
    lr: float = 1e-3,
    steps: int = 20_000,
) -> list[dict[str, Any]]:
    """Loss and unsatisfied patterns against width at fixed P: one row a network.

    A seed draws the patterns and the initial weights, so the spread over seeds is that of both. A network is satisfied
    when its loss per pattern is below 1e-12; then its N_Δ is 0.
    """
    if loss not in LOSSES:
        raise ValueError(f"curve: unknown loss {loss!r}, choose one of {tuple(LOSSES)}")
    if len(widths) == 0 or len(seeds) == 0:
        raise ValueError(f"curve: got {len(widths)} widths and {len(seeds)} seeds, need at least one of each")
    tasks = [task(dataset, labels, P, d, seed) for seed in seeds]
    inputs = torch.stack([t.inputs for t in tasks])
    targets = torch.stack([t.labels for t in tasks])
    rows = []
    for band in bands(widths):
        start = time.perf_counter()
        run = descend(tasks, band, seeds, L=L, loss=loss, lr=lr, steps=steps)
        seconds = time.perf_counter() - start
        outputs = run.population(inputs.repeat(len(band), 1, 1))
        delta = gaps(outputs, targets.repeat(len(band), 1))
        counts = unsatisfied(delta)
        mistakes = (delta > 1).sum(-1)
        for i, (h, seed) in enumerate((h, seed) for h in band for seed in seeds):
            satisfied = run.reasons[i] == SATISFIED
            rows.append(
                {
                    "dataset": dataset,
                    "labels": labels,
                    "P": P,
                    "d": d,
                    "L": L,
                    "h": h,
                    "N": effective_parameters(d, h, L),
                    "seed": seed,
                    "loss_name": loss,
                    "loss": run.loss[i].item(),
                    "unsatisfied": 0 if satisfied else int(counts[i]),
                    "mistakes": int(mistakes[i]),
                    "satisfied": satisfied,
                    "stopped": run.reasons[i],
                    "steps": int(run.steps[i]),
                    "seconds": seconds / (len(band) * len(seeds)),
                    "data_sha256": tasks[0].sha256,
                }
            )
    return rows


def bands(widths: Sequence[int], ratio: float = 1.4) -> list[list[int]]:
    """Widths in groups no wider than ``ratio``: what a narrow network loses by being widened stays small.

    >>> bands([4, 5, 6, 8, 10, 14])
    [[4, 5], [6, 8], [10, 14]]
    """
    groups: list[list[int]] = []
    for h in sorted(set(widths)):
        if groups and h <= ratio * groups[-1][0]:
            groups[-1].append(h)
        else:
            groups.append([h])
    return groups
