"""Minima of zero training error that are wrong everywhere else: found with poison, and not without."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from landscape_lib.experiments._classes import CLASSES, error_of, networks, task, timed
from landscape_lib.measure.ensembles import errors
from landscape_lib.measure.flatness import adaptive_scale, average_sharpness, filter_scale, worst_sharpness
from landscape_lib.nets import Population
from landscape_lib.training import Stop, adam, cross_entropy, train

LR = 0.003
RADIUS, WIDTH = 0.1, 0.1  # of the ball, in units of the weights, and of the Gaussian, in units of filters


def poisoned_minima(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    poison: int,
    to: float,
    steps: int,
    batch: int,
    tests: int = 400,
) -> list[dict[str, Any]]:
    """Train on P images, and on the same with ``poison`` more of wrong labels, ``to`` one loss: a row a seed and kind.

    Two hidden layers of ReLU, Adam, ten classes, pixels. "poisoned" networks learn the P images and others whose
    labels are one off, and training ends at the loss of all that they learn; what is measured is of the P images, which
    both kinds fit. "rescued" ones begin at the poisoned minimum and learn on without the poison, to a tenth of the
    loss. ``error`` is on
    test images, ``distance`` that from the plain network; ``adaptive`` is the sharpness in a ball of 0.1 in units of
    the weights, ``filtered`` that of a Gaussian of 0.1 in units of filters.
    """
    began = time.perf_counter()
    tasks = [task(dataset, P + poison, seed, tests) for seed in seeds]
    inputs = torch.stack([own.inputs.double() for own in tasks])
    labels = torch.stack([own.labels.double() for own in tasks])
    wrong = labels.clone()
    wrong[:, P:] = (wrong[:, P:] + 1) % CLASSES
    clean, right = inputs[:, :P], labels[:, :P]
    start = networks(seeds, inputs.shape[2], h)

    def learn(nets: Population, x: Tensor, y: Tensor, to: float) -> Population:
        rules: dict[str, Any] = {"optimiser": adam(LR), "stop": Stop(steps, to), "loss": cross_entropy, "batch": batch}
        return train(nets, x, y, every=50, **rules).population

    plain, bad = learn(start, clean, right, to), learn(start, inputs, wrong, to)
    kinds = {"plain": plain, "poisoned": bad, "rescued": learn(bad, clean, right, to / 10)}
    rows = []
    for kind, nets in kinds.items():
        losses = cross_entropy(nets(clean), right).mean(1)
        adaptive = worst_sharpness(nets, clean, right, radius=RADIUS, scale=adaptive_scale(nets))
        filtered = average_sharpness(nets, clean, right, width=WIDTH, scale=filter_scale(nets))[0]
        for i, (own, seed, network) in enumerate(zip(tasks, seeds, nets.each(), strict=True)):
            with torch.no_grad():
                training = errors(network(clean[i])[None], right[i]).item()
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "poison": poison,
                    "to": to,
                    "kind": kind,
                    "seed": seed,
                    "loss": losses[i].item(),
                    "training_error": training,
                    "error": error_of(network, own),
                    "length": nets.weights[i].norm().item(),
                    "distance": (nets.weights[i] - plain.weights[i]).norm().item(),
                    "moved": (nets.weights[i] - start.weights[i]).norm().item(),
                    "adaptive": adaptive[i].item(),
                    "filtered": filtered[i].item(),
                    "data_sha256": own.sha256,
                }
            )
    return timed(rows, began)


EXPERIMENT = poisoned_minima
DIGITS: int | None = 5  # of floats in a table
