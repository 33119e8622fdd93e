"""What measures of flatness make of the same function in other units: of layers, of a neuron, outputs, and lengths."""

import math
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from landscape_lib.experiments._classes import CLASSES, networks, stacked, task, timed
from landscape_lib.experiments.minima import by_balls, by_hessian, hessian_of
from landscape_lib.nets import NormalisedMLP, Population
from landscape_lib.training import Stop, cross_entropy, gd, train

WHAT = ("layer", "neuron", "outputs", "length")


def measures_in_units(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    factor: float,
    lr: float,
    steps: int,
    batch: int,
    d: int | None = None,
) -> list[dict[str, Any]]:
    """Each measure of sharpness after a change of units, over that before: a row a seed and change.

    "layer": the first layer times the ``factor``, the next divided by it; "neuron": the same of one hidden unit; both
    leave the function as it is. "outputs": the last layer times the factor, which leaves all decisions as they are.
    "length": the hidden weights of another network times the factor, a `NormalisedMLP`, which does not feel it.
    Ratios of λ₁, ``top``, of the ``trace`` and of that in units of the weights, ``adaptive_trace``; of ``hidden``, the
    trace over the weights of the hidden layer alone; of the sharpness in
    a ball of 0.1, ``worst``, in units of the weights, ``adaptive``, with logits of one size too, ``normalised``; and of
    the average over a Gaussian of 0.05 in units of filters, ``filtered``. ``function`` is the largest change of an
    output. One hidden layer of ReLU, SGD, cross-entropy; pixels, or ``d`` principal components. Dinh
    et al. (2017), 1703.04933.
    """
    if isinstance(factor, bool) or not (math.isfinite(factor) and factor > 0):
        raise ValueError(f"measures_in_units: factor is {factor!r}, need a positive number")
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, 0, d=d) for seed in seeds]
    inputs, labels = (part.double() for part in stacked(tasks))
    features = inputs.shape[2]
    starts = {
        "plain": networks(seeds, features, h, L=1),
        "normalised": Population(
            lambda seed: NormalisedMLP(features, h, 1, outputs=CLASSES, seed=seed), seeds, dtype=torch.float64
        ),
    }
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(steps, None), "loss": cross_entropy, "batch": batch}
    how: dict[str, Any] = {"every": max(steps, 1), **rules}
    trained = {kind: train(nets, inputs, labels, **how).population for kind, nets in starts.items()}
    measured = {kind: _measures(nets, inputs, labels) for kind, nets in trained.items()}
    rows: list[dict[str, Any]] = []
    for what in WHAT:
        kind = "normalised" if what == "length" else "plain"
        nets, before = trained[kind], measured[kind]
        twins = in_units(nets, what, factor)
        after = _measures(twins, inputs, labels)
        changes = (twins(inputs) - nets(inputs)).abs().amax((1, 2))
        rows += [
            {
                "dataset": dataset,
                "P": P,
                "h": h,
                "factor": factor,
                "what": what,
                "seed": seed,
                **{name: (after[name][i] / before[name][i]).item() for name in before},
                "function": round(changes[i].item(), 9),
                "data_sha256": own.sha256,
            }
            for i, (own, seed) in enumerate(zip(tasks, seeds, strict=True))
        ]
    return timed(rows, began)


def in_units(nets: Population, what: str, factor: float) -> Population:
    """Copies in which ``what``, one of `WHAT`, is multiplied by the ``factor``: see `measures_in_units`."""
    twins = nets.take(range(len(nets)))
    views, units = twins.views(), slice(0, 1) if what == "neuron" else slice(None)
    if what == "outputs":
        views["layers.1.weight"].mul_(factor)
        views["layers.1.bias"].mul_(factor)
        return twins
    if what == "length":
        views["layers.0.weight"].mul_(factor)
        return twins
    views["layers.0.weight"][:, units].mul_(factor)
    views["layers.0.bias"][:, units].mul_(factor)
    views["layers.1.weight"][:, :, units].div_(factor)
    return twins


def _measures(nets: Population, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Of each network, by the names of their columns; balls from the gradient alone, which is the same in all units."""
    curved, first = [], nets.views()["layers.0.weight"][0].numel()
    for i, network in enumerate(nets.each()):
        H = hessian_of(network, inputs[i], labels[i])
        hidden = H.diagonal()[:first].sum().item()
        curved.append(by_hessian(H, torch.linalg.eigvalsh(H), nets.weights[i]) | {"hidden": hidden})
    found = {name: torch.tensor([own[name] for own in curved], dtype=torch.float64) for name in curved[0]}
    return by_balls(nets, inputs, labels, starts=0) | found


EXPERIMENT = measures_in_units
DIGITS: int | None = 6  # of floats in a table
