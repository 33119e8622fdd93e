"""The runs of the jamming chapter: networks of many widths trained on P patterns."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from landscape_lib.data import Task, image_task, on_sphere, random_task
from landscape_lib.experiments._images import images
from landscape_lib.measure.gap_exponents import gap_counts
from landscape_lib.measure.jamming import effective_parameters, gaps, silenced, unsatisfied
from landscape_lib.training import LOSSES, REST, SATISFIED, ZERO, Rest, Run, annealed, bands, descend, end_states

FINISHES = ("rest", "annealed", "steps")


def task(dataset: str, labels: str, P: int, d: int, seed: int, test_points: int | None = 0) -> Task:
    """P patterns as in 1809.09349: images in d whitened principal components, or Gaussian inputs, of norm √d.

    ``dataset`` is a name that `landscape_lib.data.load` knows, or "random"; ``labels`` "parity", "halves" or "random";
    Gaussian inputs have random labels only.
    """
    if dataset == "random":
        if labels != "random":
            raise ValueError(f"labels: got {labels!r}, need 'random' for the data set 'random'")
        drawn = random_task(P, d, seed)
        return replace(drawn, inputs=on_sphere(drawn.inputs))
    return image_task(images(dataset), P, labels=labels, d=d, seed=seed, test_points=test_points)


def train_widths(
    dataset: str,
    labels: str,
    P: int,
    widths: Sequence[int],
    *,
    seeds: Sequence[int],
    d: int = 10,
    L: int = 2,
    loss: str = "quadratic_hinge",
    lr: float = 1e-3,
    steps: int = 2_000,
    finish: str = "rest",
    evaluations: int = 20_000,
    device: str = "cpu",
) -> list[dict[str, Any]]:
    """Loss and unsatisfied patterns against width at fixed P: one row a network.

    Adam takes ``steps`` of size ``lr``. How it goes on is ``finish``: "rest", to zero or to rest by `end_states`, in at
    most so many ``evaluations``; "annealed", a third as many steps at a tenth of the size, three times; or "steps", not
    at all, for what is about the dynamics. ``steps`` of a row counts evaluations, or Adam's steps.

    A seed draws the patterns and the initial weights, so the spread over seeds is that of both. A network is satisfied
    when its loss per pattern is below ε = 1e-12; then its N_Δ is 0. Else ``unsatisfied`` counts gaps above √(2 P ε): no
    satisfied network has one; ``mistakes`` the patterns of the wrong sign; ``silenced`` those for which a whole
    layer is off, ``silenced_unsatisfied`` those that are both, and ``silenced_loss`` their share of the loss.
    ``overlaps`` and ``negative_gaps`` are its `gap_counts`, as words of numbers; without overlaps they are empty.
    ``gradient`` is the ‖∇𝓛‖ that is left at rest, ``norm`` the root mean square of f over the patterns, ``error`` the
    share of the other images that it gets wrong, where labels say anything about them.
    """
    if loss not in LOSSES:
        raise ValueError(f"train_widths: unknown loss {loss!r}, choose one of {tuple(LOSSES)}")
    if finish not in FINISHES:
        raise ValueError(f"train_widths: unknown finish {finish!r}, choose one of {FINISHES}")
    if len(widths) == 0 or len(seeds) == 0:
        raise ValueError(f"train_widths: got {len(widths)} widths and {len(seeds)} seeds, need at least one of each")
    tasks = [task(dataset, labels, P, d, seed, test_points=None if labels == "parity" else 0) for seed in seeds]
    rows = []
    for band in bands(widths):
        options: dict[str, Any] = {"L": L, "loss": loss, "lr": lr, "steps": steps, "device": device}
        if finish == "rest":
            run: Run = end_states(tasks, band, seeds, stop=replace(REST, steps=evaluations), **options)
        else:
            run = (annealed if finish == "annealed" else descend)(tasks, band, seeds, **options)
        rows += _rows(run, tasks, [(h, seed) for h in band for seed in seeds], loss, {"d": d, "L": L, "labels": labels})
    return [{"dataset": dataset, **row, "finish": finish} for row in rows]


def _rows(
    run: Run, tasks: Sequence[Task], members: Sequence[tuple[int, int]], loss: str, shape: dict[str, Any]
) -> list[dict[str, Any]]:
    """A row a network; ``tasks`` are those of the seeds, in order, once for all widths."""
    P, device = len(tasks[0].labels), run.loss.device
    problems = [tasks[i % len(tasks)] for i in range(len(members))]
    inputs = torch.stack([problem.inputs for problem in problems]).to(device)
    labels = torch.stack([problem.labels for problem in problems]).to(device)
    outputs, tolerance = run.population(inputs), (2 * P * ZERO) ** 0.5
    delta, off = gaps(outputs, labels), silenced(run.population, inputs)
    counts, missed, losses = unsatisfied(delta, tolerance), delta > tolerance, LOSSES[loss](outputs, labels)
    share = (losses * off).sum(-1) / losses.sum(-1).clamp(min=torch.finfo(losses.dtype).tiny)
    overlaps, negative = gap_counts(delta)
    rows = []
    for i, ((h, seed), problem) in enumerate(zip(members, problems, strict=True)):
        satisfied, tests = run.reasons[i] == SATISFIED, len(problem.test_labels)
        f = run.population.take([i])(problem.test_inputs.to(inputs)) if tests else None
        rows.append(
            {
                "labels": shape["labels"],
                "P": P,
                "d": shape["d"],
                "L": shape["L"],
                "h": h,
                "N": effective_parameters(shape["d"], h, shape["L"]),
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
                "gradient": run.gradient[i].item() if isinstance(run, Rest) else None,
                "norm": outputs[i].square().mean().sqrt().item(),
                "error": None if f is None else (f[0, :, 0].sign() != problem.test_labels.to(f)).double().mean().item(),
                "seconds": run.seconds / len(members),
                "data_sha256": problem.sha256,
            }
        )
    return rows


EXPERIMENT = train_widths
DIGITS: int | None = 6  # of floats in a table
