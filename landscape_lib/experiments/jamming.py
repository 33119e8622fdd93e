"""The runs of the jamming chapter: networks of many widths trained on P patterns, one curve a point of the grid."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import torch

from landscape_lib.data import NAMES, Task, image_task, load, on_sphere, random_task
from landscape_lib.measure.gap_exponents import gap_counts
from landscape_lib.measure.jamming import effective_parameters, gaps, silenced, unsatisfied
from landscape_lib.training import LOSSES, SATISFIED, ZERO, bands, descend

images = cache(load)  # read once a process

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
    """The points of `curve` that the chapter runs on one data set; a point is one stack of networks, ten seeds a width.

    "class", longest point first: three hidden layers, P up to 1000, 8,000 steps of 1e-3; real labels at four P, random
    labels (other seeds) and cross-entropy at P = 250. About a minute on two cores. "random": N of about 300.
    "paper", shortest first: the papers' five layers, P up to 20,000 as far as the data goes. "random": P/N through the
    transition at N of about 900, in one, two and three layers; at N of 300 with more steps, then at the papers' 8,000.
    Our steps are larger than theirs and fewer: 30,000 of 1e-3, on random data 60,000 or 200,000 of 3e-4, against some
    millions of 1e-4. Up to P = 5,000 or N = 900 it takes some hours of a core; what comes after takes days.
    """
    if budget not in ("class", "paper"):
        raise ValueError(f"grid: unknown budget {budget!r}, choose 'class' or 'paper'")
    if dataset not in (*NAMES, "random"):  # told now, and not by every point
        raise ValueError(f"grid: no data set {dataset!r}, choose one of {', '.join(NAMES)}, or random")
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
        raise ValueError(f"curve: unknown loss {loss!r}, choose one of {tuple(LOSSES)}")
    if len(widths) == 0 or len(seeds) == 0:
        raise ValueError(f"curve: got {len(widths)} widths and {len(seeds)} seeds, need at least one of each")
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
        members = ((h, seed, one) for h in band for seed, one in zip(seeds, tasks, strict=True))
        for i, (h, seed, one) in enumerate(members):
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
                    "data_sha256": one.sha256,
                }
            )
    return rows


EXPERIMENT = curve  # what `landscape sweep jamming` runs at each point of the grid
