"""Memorisation, then consolidation: how long weights are, and what that does, while labels are learned by heart."""

import time
from collections.abc import Sequence
from typing import Any

import torch

from landscape_lib.experiments._classes import CLASSES, check_steps, error_of, stacked, task, timed
from landscape_lib.nets import NormalisedMLP, Population
from landscape_lib.training import Stop, cross_entropy, gd, train


def lengths_in_time(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    noise: float,
    lr: float,
    weight_decay: float,
    batch: int,
    steps: Sequence[int],
    tests: int = 700,
) -> list[dict[str, Any]]:
    """SGD with weight decay on labels of which a fraction ``noise`` is wrong: a row a seed and step.

    Two hidden layers of ReLU that do not feel the length of their weights (`NormalisedMLP`), cross-entropy, pixels.
    ``length`` is that of all weights, ``unit`` the root mean square ‖w_j‖ of hidden units, and ``effective`` the mean
    η/‖w_j‖², which sets what a step does. ``training`` is the error on the training set with its wrong labels,
    ``error`` that on test points with right ones, and ``fitted`` the share of wrong labels that are learned.
    """
    check_steps(steps, "lengths_in_time")
    if not 0 <= noise < 1:
        raise ValueError(f"lengths_in_time: noise is {noise!r}, need a fraction from 0 to below 1")
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, tests) for seed in seeds]
    inputs, right = (part.double() for part in stacked(tasks))
    wrong = torch.zeros_like(right, dtype=torch.bool)
    labels = right.clone()
    for i, seed in enumerate(seeds):
        generator = torch.Generator().manual_seed(seed)
        wrong[i, torch.randperm(P, generator=generator)[: round(noise * P)]] = True
        away = torch.randint(1, CLASSES, (P,), generator=generator)
        labels[i] = torch.where(wrong[i], (right[i] + away) % CLASSES, right[i])
    nets = Population(lambda seed: NormalisedMLP(inputs.shape[2], h, 2, outputs=CLASSES, seed=seed), seeds)
    assert isinstance(nets.module, NormalisedMLP)
    rules: dict[str, Any] = {"optimiser": gd(lr, weight_decay=weight_decay), "stop": Stop(max(steps), None)}
    run = train(nets, inputs, labels, loss=cross_entropy, batch=batch, at=steps, every=max(*steps, 1), **rules)
    rows = []
    for place, after in enumerate(steps):
        now = run.at(place)
        outputs, units = now(inputs), nets.module.lengths(now.weights).square()
        losses, said = cross_entropy(outputs, labels).mean(1), outputs.argmax(-1)
        for i, (own, seed, network) in enumerate(zip(tasks, seeds, now.each(), strict=True)):
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "noise": noise,
                    "lr": lr,
                    "weight_decay": weight_decay,
                    "batch": batch,
                    "step": after,
                    "seed": seed,
                    "loss": losses[i].item(),
                    "training": (said[i] != labels[i]).double().mean().item(),
                    "fitted": (said[i] == labels[i])[wrong[i]].double().mean().item() if wrong[i].any() else None,
                    "error": error_of(network, own),
                    "length": now.weights[i].norm().item(),
                    "unit": units[i].mean().sqrt().item(),
                    "effective": (lr / units[i]).mean().item(),
                    "data_sha256": own.sha256,
                }
            )
    return timed(rows, began)


EXPERIMENT = lengths_in_time
DIGITS: int | None = 5  # of floats in a table
