"""How flat the minima are that batches and step sizes end in, by several measures, and how wrong on other points."""

import math
import time
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from landscape_lib.experiments._classes import error_of, networks, stacked, task, timed
from landscape_lib.measure.curvature import exact_hessian, hessian_product
from landscape_lib.measure.flatness import (
    adaptive_scale,
    average_sharpness,
    filter_scale,
    log_volume,
    loss_level,
    normalised_logits,
    worst_sharpness,
)
from landscape_lib.nets import Population
from landscape_lib.training import Stop, batch_mean, cross_entropy, gd, sam, train

RADIUS, ADAPTIVE_RADIUS, WIDTH = 0.1, 0.1, 0.05  # of balls, in weights and in units of them, and of a Gaussian
THRESHOLD = 0.05  # of the volume, above the loss of the minimum
DAMPING = 1e-4  # of |H|: of 1e-3 to 1e-5 it gave the largest bounds
RAYS = 40
EVERY = 20  # steps, where training ends at a loss


def flatness_of_minima(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    batch: int,
    lr: float,
    steps: int,
    to: float | None = None,
    rho: float = 0.0,
    volumes: bool = True,
    d: int | None = None,
    tests: int = 700,
) -> list[dict[str, Any]]:
    """Train by SGD for so many ``steps``, or ``to`` a loss in as many at the most: a row a seed.

    With a radius ``rho`` by `sam`, the gradient of the same batch at a distance.

    One hidden layer of ReLU, ten classes, cross-entropy, double precision; pixels, or ``d`` principal components.
    ``top`` and ``trace`` are of the Hessian H, ``adaptive_trace`` of |w| H |w|; ``worst`` is the sharpness in a ball of
    0.1, ``adaptive`` that in units of the weights, ``normalised`` the same with logits of one size, and ``filtered``
    the average over a Gaussian of 0.05 in units of filters. ``log_volume`` is the bound from below by rays through
    (|H| + 1e-4)^(−1/2), with its ``volume_error``. ``reached`` says whether the loss is at ``to``.
    """
    began = time.perf_counter()
    tasks = [task(dataset, P, seed, tests, d=d) for seed in seeds]
    inputs, labels = (part.double() for part in stacked(tasks))
    start = networks(seeds, inputs.shape[2], h, L=1)
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(steps, to), "loss": cross_entropy, "batch": batch}
    ball: dict[str, Any] = {"perturb": sam(rho)} if rho else {}
    every = EVERY if to else max(steps, 1)
    run = train(start, inputs, labels, every=every, setting=f"B={batch}, lr={lr:g}, rho={rho:g}", **rules, **ball)
    nets = run.population
    found = by_balls(nets, inputs, labels)
    rows = []
    for i, (task_, seed, network) in enumerate(zip(tasks, seeds, nets.each(), strict=True)):
        rows.append(
            {
                "dataset": dataset,
                "P": P,
                "h": h,
                "batch": batch,
                "lr": lr,
                "to": to,
                "rho": rho,
                "step": int(run.steps[i]),
                "seed": seed,
                "loss": run.loss[i].item(),
                "reached": to is None or run.satisfied[i],
                "error": error_of(network, task_),
                "length": nets.weights[i].norm().item(),
                **{name: values[i].item() for name, values in found.items()},
                **_curved(network, nets, i, inputs[i], labels[i], volumes),
                "data_sha256": task_.sha256,
            }
        )
    return timed(rows, began)


def by_balls(nets: Population, inputs: Tensor, labels: Tensor, starts: int = 2) -> dict[str, Float[Tensor, "nets"]]:
    """What steps of a size do to the loss: at worst, in three units, and on average."""
    units, own = adaptive_scale(nets), normalised_logits(cross_entropy)
    ball: dict[str, Any] = {"radius": ADAPTIVE_RADIUS, "scale": units, "starts": starts}
    return {
        "worst": worst_sharpness(nets, inputs, labels, radius=RADIUS),
        "adaptive": worst_sharpness(nets, inputs, labels, **ball),
        "normalised": worst_sharpness(nets, inputs, labels, **ball, loss=own),
        "filtered": average_sharpness(nets, inputs, labels, width=WIDTH, scale=filter_scale(nets))[0],
    }


def hessian_of(network: nn.Module, inputs: Tensor, labels: Tensor) -> Float[Tensor, "parameters parameters"]:
    """The Hessian of the mean cross-entropy."""
    return exact_hessian(hessian_product(network, batch_mean(cross_entropy), [(inputs, labels)]))


def by_hessian(
    H: Float[Tensor, "parameters parameters"], values: Float[Tensor, "parameters"], weights: Float[Tensor, "parameters"]
) -> dict[str, float]:
    """Of a Hessian and its eigenvalues: the largest, the trace, and the trace in units of the weights."""
    adaptive = (weights.square() * H.diagonal()).sum().item()
    return {"top": values[-1].item(), "trace": values.sum().item(), "adaptive_trace": adaptive}


def _curved(
    network: nn.Module, nets: Population, net: int, inputs: Tensor, labels: Tensor, volumes: bool
) -> dict[str, Any]:
    """What hangs on the whole Hessian."""
    H = hessian_of(network, inputs, labels)
    if not volumes:
        found = by_hessian(H, torch.linalg.eigvalsh(H), nets.weights[net])
        return found | {"log_volume": math.nan, "volume_error": math.nan}
    values, vectors = torch.linalg.eigh(H)
    level, A = loss_level(nets, net, inputs, labels), vectors * (values.abs() + DAMPING).rsqrt()
    volume = log_volume(level, len(H), THRESHOLD, rays=RAYS, preconditioner=A)
    found = by_hessian(H, values, nets.weights[net])
    return found | {"log_volume": volume.lower, "volume_error": volume.error}


EXPERIMENT = flatness_of_minima
DIGITS: int | None = 5  # of floats in a table
