"""At rest, over, at and under jamming: the peak at zero of the Hessian's spectrum, and what is beside it."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from landscape_lib.data import Task
from landscape_lib.experiments._classes import timed
from landscape_lib.experiments.jamming import task
from landscape_lib.measure.curvature import hessian_parts, negative_share, peak_at_zero
from landscape_lib.measure.jamming import effective_parameters, silenced
from landscape_lib.training import REST, SATISFIED, Run, end_states, quadratic_hinge

RANK = 1e-9  # of the largest eigenvalue of 𝓗₀: below, it is rounding
FRACTION = 1e-3


def descend(
    tasks: Sequence[Task], seeds: Sequence[int], *, h: int, L: int, activation: str, steps: int, evaluations: int
) -> Run:
    """Networks of width h to zero loss or to rest: Adam for so many steps, then L-BFGS."""
    stop = replace(REST, steps=evaluations)
    return end_states(tasks, [h], seeds, L=L, steps=steps, stop=stop, activation=activation)


def spectra_at_rest(
    dataset: str,
    labels: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    d: int = 10,
    L: int = 2,
    activation: str = "relu",
    steps: int = 1_000,
    evaluations: int = 4_000,
) -> list[dict[str, Any]]:
    """Descend the quadratic hinge to zero or to rest, and take the spectrum of its Hessian: one row a network.

    At zero no pattern is unsatisfied, and the Hessian vanishes, 𝓗 = 0: ``zero`` is 1. Else it is the share of |λ| of
    𝓗 = 𝓗₀ + 𝓗_p up to a thousandth of the largest, and ``zero_contacts`` 1 − rank 𝓗₀/N over all N ``parameters``; the
    rank is N_Δ, ``unsatisfied``, at most. ``down``: the share of λ below minus a thousandth; ``beside``: the median of
    |λ| over the largest. ``silenced_loss`` is the share of the loss of patterns for which a whole layer is off: defects
    that stay at any size, and no part of the transition. ``N`` is the effective number of parameters.
    """
    began = time.perf_counter()
    tasks = [task(dataset, labels, P, d, seed) for seed in seeds]
    run = descend(tasks, seeds, h=h, L=L, activation=activation, steps=steps, evaluations=evaluations)
    inputs, signs = (torch.stack([getattr(own, name) for own in tasks]) for name in ("inputs", "labels"))
    losses = quadratic_hinge(run.population(inputs), signs)
    off = silenced(run.population, inputs) if activation == "relu" else torch.zeros_like(losses)
    defects = (losses * off).sum(1) / losses.sum(1).clamp(min=torch.finfo(losses.dtype).tiny)
    rows = []
    for i, (own, seed, network) in enumerate(zip(tasks, seeds, run.population.each(), strict=True)):
        satisfied = run.reasons[i] == SATISFIED
        zero = contacts = 1.0
        missed, down, beside = 0, 0.0, 0.0
        if not satisfied:
            parts = hessian_parts(network, own.inputs, own.labels)
            eigenvalues, missed = torch.linalg.eigvalsh(parts.whole), parts.unsatisfied
            zero, down = peak_at_zero(eigenvalues, FRACTION), negative_share(eigenvalues, FRACTION)
            contacts = peak_at_zero(torch.linalg.eigvalsh(parts.contacts), RANK)
            beside = (eigenvalues.abs().median() / eigenvalues.abs().max()).item()
        rows.append(
            {
                "dataset": dataset,
                "labels": labels,
                "P": P,
                "d": d,
                "L": L,
                "h": h,
                "activation": activation,
                "N": effective_parameters(d, h, L),
                "parameters": run.population.weights.shape[1],
                "seed": seed,
                "loss": run.loss[i].item(),
                "satisfied": satisfied,
                "stopped": run.reasons[i],
                "unsatisfied": missed,
                "silenced_loss": defects[i].item(),
                "zero": zero,
                "zero_contacts": contacts,
                "down": down,
                "beside": beside,
                "data_sha256": own.sha256,
            }
        )
    return timed(rows, began)


EXPERIMENT = spectra_at_rest
DIGITS: int | None = 5  # of floats in a table
