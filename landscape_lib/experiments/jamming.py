"""The runs of the jamming chapter: networks of many widths trained on P patterns."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from landscape_lib.data import Task, image_task, on_sphere, random_task
from landscape_lib.experiments._images import images
from landscape_lib.measure.gap_exponents import gap_counts
from landscape_lib.measure.jamming import effective_parameters, gaps, silenced, unsatisfied
from landscape_lib.training import LOSSES, SATISFIED, ZERO, bands, descend


def task(dataset: str, labels: str, P: int, d: int, seed: int) -> Task:
    """P patterns as in 1809.09349: images in d whitened principal components, or Gaussian inputs, of norm √d.

    ``dataset`` is a name that `landscape_lib.data.load` knows, or "random"; ``labels`` "parity", "halves" or "random";
    Gaussian inputs have random labels only.
    """
    if dataset == "random":
        if labels != "random":
            raise ValueError(f"labels: got {labels!r}, need 'random' for the data set 'random'")
        drawn = random_task(P, d, seed)
        return replace(drawn, inputs=on_sphere(drawn.inputs))
    return image_task(images(dataset), P, labels=labels, d=d, seed=seed, test_points=0)


def train_widths(
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
    device: str = "cpu",
) -> list[dict[str, Any]]:
    """Loss and unsatisfied patterns against width at fixed P: one row a network.

    A seed draws the patterns and the initial weights, so the spread over seeds is that of both. A network is satisfied
    when its loss per pattern is below ε = 1e-12; then its N_Δ is 0. Else ``unsatisfied`` counts gaps above √(2 P ε): no
    satisfied network has one; ``mistakes`` the patterns of the wrong sign; ``silenced`` those for which a whole
    layer is off, ``silenced_unsatisfied`` those that are both, and ``silenced_loss`` their share of the loss.
    ``overlaps`` and ``negative_gaps`` are its `gap_counts`, as words of numbers; without overlaps they are empty.
    """
    if loss not in LOSSES:
        raise ValueError(f"train_widths: unknown loss {loss!r}, choose one of {tuple(LOSSES)}")
    if len(widths) == 0 or len(seeds) == 0:
        raise ValueError(f"train_widths: got {len(widths)} widths and {len(seeds)} seeds, need at least one of each")
    tasks = [task(dataset, labels, P, d, seed) for seed in seeds]
    inputs = torch.stack([t.inputs for t in tasks]).to(device)
    targets = torch.stack([t.labels for t in tasks]).to(device)
    rows = []
    for band in bands(widths):
        run = descend(tasks, band, seeds, L=L, loss=loss, lr=lr, steps=steps, device=device)
        patterns = inputs.repeat(len(band), 1, 1)
        delta = gaps(run.population(patterns), targets.repeat(len(band), 1))
        tolerance = (2 * P * ZERO) ** 0.5
        counts, missed, off = unsatisfied(delta, tolerance), delta > tolerance, silenced(run.population, patterns)
        losses = LOSSES[loss](run.population(patterns), targets.repeat(len(band), 1))
        share = (losses * off).sum(-1) / losses.sum(-1).clamp(min=torch.finfo(losses.dtype).tiny)
        overlaps, negative = gap_counts(delta)
        members = ((h, seed, problem) for h in band for seed, problem in zip(seeds, tasks, strict=True))
        for i, (h, seed, problem) in enumerate(members):
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
                    "mistakes": int((delta[i] > 1).sum()),
                    "silenced": int(off[i].sum()),
                    "silenced_unsatisfied": int((missed & off)[i].sum()),
                    "silenced_loss": share[i].item(),
                    "overlaps": "" if satisfied else " ".join(map(str, overlaps[i])),
                    "negative_gaps": "" if satisfied else " ".join(map(str, negative[i])),
                    "satisfied": satisfied,
                    "stopped": run.reasons[i],
                    "steps": int(run.steps[i]),
                    "seconds": run.seconds / (len(band) * len(seeds)),
                    "data_sha256": problem.sha256,
                }
            )
    return rows


EXPERIMENT = train_widths
DIGITS: int | None = None  # of floats in a table: all
