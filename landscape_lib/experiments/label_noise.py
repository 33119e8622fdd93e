"""What noise does on the floor of zero loss: label noise, and that of batches that are all fitted."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape_lib.experiments._classes import D, timed
from landscape_lib.experiments.feature_lazy import task
from landscape_lib.measure.curvature import exact_hessian, hessian_product
from landscape_lib.measure.ensembles import errors
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Project, Run, Stop, batch_mean, gd, mean_square, train

LABELS, BATCHES = "label noise", "batches"  # what goes on at zero loss
ZERO, PATIENCE = 1e-10, 40_000  # the mean square that counts as zero, and steps to come to it


def noisy_labels(inputs: Float[Tensor, "nets points features"], sigma: float, seeds: Sequence[int]) -> Project:
    """A gradient of the mean square to which that of labels with fresh Gaussian noise of size σ is added, each step."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def project(
        population: Population, gradients: Float[Tensor, "left parameters"], nets: Int[Tensor, "left"]
    ) -> Float[Tensor, "left parameters"]:
        outputs, pull = population.pullback(population.weights, inputs[nets])
        noise = torch.stack(
            [torch.randn(outputs.shape[1:], generator=generators[i], dtype=outputs.dtype) for i in nets.tolist()]
        )
        return gradients - sigma / inputs.shape[1] * pull(noise)

    return project


def drift_on_the_floor(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    lr: float,
    steps: int,
    sigma: float,
    batch: int,
    tests: int = 500,
) -> list[dict[str, Any]]:
    """Descend to zero, go on with noise, descend to zero again: the curvature before and after, two rows a seed.

    Tanh units, one hidden layer, ½ (f − y)² of labels ±1, ten components, double precision. ``kind`` says what the
    ``steps`` in between have: "label noise" of size ``sigma``, fresh in each step, on the full batch; or "batches" of
    ``batch`` patterns, whose noise is gone where all are fitted. ``trace`` and ``trace_before`` are tr H, ``sharpness``
    and ``sharpness_before`` λ₁, both at zero loss, ``error`` and ``error_before`` those on test points; ``loss`` is the
    one at which the noise holds the network, ``loss_begin`` and ``loss_end`` those that count as zero.
    """
    began = time.perf_counter()
    tasks = [task(dataset, "parity", P, D, seed, tests) for seed in seeds]
    inputs, targets = torch.stack([own.inputs for own in tasks]), torch.stack([own.labels[:, None] for own in tasks])
    common: dict[str, Any] = {"optimiser": gd(lr), "loss": mean_square}

    def to_zero(nets: Population) -> Run:
        return train(nets, inputs, targets, stop=Stop(PATIENCE, ZERO), every=100, **common)

    def seen(nets: Population) -> list[dict[str, float]]:
        found, loss = [], batch_mean(mean_square)
        for i, (own, network) in enumerate(zip(tasks, nets.each(), strict=True)):
            H = exact_hessian(hessian_product(network, loss, [(inputs[i], targets[i])]))
            with torch.no_grad():
                error = errors(network(own.test_inputs)[None], own.test_labels).item()
            found.append({"trace": H.trace().item(), "sharpness": torch.linalg.eigvalsh(H)[-1].item(), "error": error})
        return found

    first = to_zero(Population(lambda seed: MLP(D, h, 1, activation="tanh", seed=seed), seeds))
    before, rows = seen(first.population), []
    ways: dict[str, dict[str, Any]] = {
        LABELS: {"project": noisy_labels(inputs, sigma, seeds)},
        BATCHES: {"batch": batch},
    }
    for kind, way in ways.items():
        held = train(first.population, inputs, targets, stop=Stop(steps, None), every=steps, **common, **way)
        last = to_zero(held.population)
        for i, (seed, after) in enumerate(zip(seeds, seen(last.population), strict=True)):
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "h": h,
                    "N": last.population.weights.shape[1],
                    "kind": kind,
                    "sigma": sigma if kind == LABELS else 0.0,
                    "batch": batch if kind == BATCHES else P,
                    "lr": lr,
                    "steps": steps,
                    "seed": seed,
                    "loss_begin": first.loss[i].item(),
                    "loss": held.loss[i].item(),
                    "loss_end": last.loss[i].item(),
                    **{f"{name}_before": value for name, value in before[i].items()},
                    **after,
                    "data_sha256": tasks[i].sha256,
                }
            )
    return timed(rows, began)


EXPERIMENT = drift_on_the_floor
DIGITS: int | None = 5  # of floats in a table
