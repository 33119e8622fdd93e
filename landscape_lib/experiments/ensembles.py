"""The runs of the ensembles chapter: many networks on one training set, and what ensembles of 1 to n of them reach."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import Task, image_task
from landscape_lib.experiments import double_descent
from landscape_lib.experiments._images import images
from landscape_lib.measure.calibration import arithmetic, geometric, nll, temperature, two_classes
from landscape_lib.measure.ensembles import ensemble, errors
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.nets import CNN, MLP, Population
from landscape_lib.training import ZERO, Run, Stop, adam, descend, gd, train

NETWORKS = ("standard", "ntk", "cnn")
SIZES = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20)  # of ensembles
STEPS = 16  # of bisection: ln τ is then known to 3e-4, and the NLL, flat there, to far less than its error
DRAWN = 10  # ensembles of a size, if more can be made


def task(network: str, dataset: str, P: int, seed: int) -> Task:
    """What a network learns: the parity task of `double_descent.task`, and for a CNN the halves of the classes.

    The test points are in random order, so that any part of them is a fair sample.
    """
    if network not in NETWORKS:
        raise ValueError(f"task: unknown network {network!r}, choose one of {NETWORKS}")
    if network == "cnn":
        problem = image_task(images(dataset), P, labels="halves", d=None, seed=seed)
        order = torch.from_numpy(np.random.default_rng(seed).permutation(len(problem.test_labels)))
        return replace(problem, test_inputs=problem.test_inputs[order], test_labels=problem.test_labels[order])
    return double_descent.task(dataset, P, 10, 0.0, seed)


def trained(
    network: str, problem: Task, h: int, seeds: Sequence[int], *, shape: tuple[int, int, int], steps: int
) -> Run:
    """One network a seed, of width h, trained on ``problem`` until its loss is zero or its steps are over.

    - "standard": `descend`, full-batch Adam with steps of min(3e-3, 0.06/h). With one step for all widths, wide
      networks, whose many weights all move by about the step, overshoot: they end with a larger ‖f‖.
    - "ntk": full-batch Adam with steps of 0.01. Gradient descent, of which the theory speaks, reaches the same errors,
      but in 3,000 steps hardly a network of width 32 and more came to zero.
    - "cnn": SGD with momentum 0.9, batches of 25, steps of min(0.05, 5/K) where K features are read out, in single
      precision. A step moves f in proportion to K: on larger images, with 0.05, many end with one answer to all.
    """
    if network == "standard":
        lr = min(3e-3, 0.06 / h)
        return descend([problem] * len(seeds), [h], seeds, L=2, loss="quadratic_hinge", lr=lr, steps=steps)
    setting = f"{network}, h={h}"
    if network == "ntk":
        d = problem.inputs.shape[1]
        nets = Population(lambda seed: MLP(d, h, 2, parametrisation="ntk", seed=seed), seeds)
        inputs, labels = (values.expand(len(seeds), *values.shape) for values in (problem.inputs, problem.labels))
        stop = Stop(steps, ZERO, (2000, 0.01))
        return train(nets, inputs, labels, optimiser=adam(0.01), stop=stop, working_set=True, setting=setting)
    channels, size, _ = shape
    nets = Population(lambda seed: CNN(size, h, channels=channels, seed=seed), seeds, dtype=torch.float32)
    inputs, labels = problem.inputs.float(), problem.labels.float()
    optimiser, batch = gd(min(0.05, 5 / (h * (size // 4) ** 2)), 0.9), min(25, len(labels))
    stop = Stop(steps, ZERO)
    return train(nets, inputs, labels, optimiser=optimiser, stop=stop, batch=batch, every=50, setting=setting)


def ensemble_sizes(
    network: str, dataset: str, P: int, h: int, *, seeds: Sequence[int], task_seed: int, steps: int, tests: int = 10_000
) -> list[dict[str, Any]]:
    """Ensembles of networks of one width on one training set: one row an ensemble size n of `SIZES`.

    ``error`` is the mean test error of ensembles of n, whose output is the mean of their members' (⟨ε⟩ at n = 1);
    ``nll`` their negative log-likelihood; ``nll_geometric`` calibrated, log-probabilities averaged first and then one
    temperature; ``nll_arithmetic`` calibrated, each member tempered by itself and probabilities averaged then.
    Temperatures are found on one half of the test points and used on the other, both ways round. Of the ensembles of n
    that can be made of the members, ten are taken, evenly: that of each member with those that follow it, and so on.

    In every row, of all members: ``variance`` Var f with the ends of its 95% interval over members, ``norm`` ‖f‖,
    ``satisfied`` how many ended at zero loss.
    """
    if len(seeds) < 2:
        raise ValueError(f"ensemble_sizes: got {len(seeds)} seeds, need at least two: one network does not fluctuate")
    problem = task(network, dataset, P, task_seed)
    run = trained(network, problem, h, seeds, shape=images(dataset).shape, steps=steps)
    labels = problem.test_labels[:tests]
    f = run.population(problem.test_inputs[:tests].to(run.population.weights)).double()
    whole = ensemble(f, labels)
    N = run.population.weights.shape[1] if network == "cnn" else effective_parameters(problem.inputs.shape[1], h, 2)
    setting = {
        "network": network,
        "dataset": dataset,
        "P": P,
        "h": h,
        "N": N,
        "task_seed": task_seed,
        "seeds": " ".join(map(str, seeds)),
        "members": len(seeds),
        "test_points": len(labels),
        "satisfied": sum(run.satisfied),
        "variance": whole.variance.value,
        "variance_low": whole.variance.interval[0],
        "variance_high": whole.variance.interval[1],
        "norm": whole.norm.value,
        "data_sha256": problem.sha256,
    }
    rows = of_sizes(f, labels, [n for n in SIZES if n <= len(seeds)])
    return [{**setting, **row, "seconds": run.seconds / len(rows)} for row in rows]


def of_sizes(
    f: Float[Tensor, "nets points 1"], labels: Float[Tensor, "points"], sizes: Sequence[int]
) -> list[dict[str, Any]]:
    """What ensembles of each size reach on average, the columns of `ensemble_sizes`; ``f`` at the test points.

    Ensembles of n are made of all members, so that their mean is known better than n networks alone would show.
    """
    half, rows = len(labels) // 2, []
    halves = (slice(0, half), slice(half, None))
    classes, logits = (labels > 0).long(), two_classes(f)
    own = [temperature(logits[:, part], classes[part], STEPS) for part in halves]
    for n in sizes:
        starts = range(0, len(f), 1 if n == 1 else max(1, len(f) // DRAWN))[: 1 if n == len(f) else None]
        chosen = [[(start + i) % len(f) for i in range(n)] for start in starts]
        together = torch.stack([geometric(logits[members]) for members in chosen])
        tempered, averaged = [], []
        for fitted, measured, tau in ((*halves, own[0]), (*halves[::-1], own[1])):
            best = temperature(together[:, fitted], classes[fitted], STEPS)
            tempered.append(nll(together[:, measured], classes[measured], best).mean())
            mixed = torch.stack([arithmetic(logits[members][:, measured], tau[members]) for members in chosen])
            averaged.append(nll(mixed, classes[measured]).mean())
        rows.append(
            {
                "n": n,
                "error": errors(torch.stack([f[members].mean(0) for members in chosen]), labels).mean().item(),
                "nll": nll(together, classes).mean().item(),
                "nll_geometric": torch.stack(tempered).mean().item(),
                "nll_arithmetic": torch.stack(averaged).mean().item(),
            }
        )
    return rows


EXPERIMENT = ensemble_sizes
DIGITS: int | None = None  # of floats in a table: all
