"""The runs of the ensembles chapter: many networks on one training set, and what ensembles of 1 to n of them reach."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import Task, image_task
from landscape_lib.experiments import double_descent
from landscape_lib.experiments._images import images, with_tests_shuffled
from landscape_lib.measure.calibration import mean_probability, nll, shared_temperature, temperature, two_classes
from landscape_lib.measure.ensembles import errors, norm, variance
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.nets import CNN, MLP, Population
from landscape_lib.training import ZERO, Run, Stop, adam, come_to_rest, descend, gd, train

NETWORKS = ("standard", "ntk", "cnn")
SIZES = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20)  # of ensembles
STEPS = 12  # of bisection: ln τ is then known to 5e-3, and the NLL, flat there, to far less than its error
DRAWN = 4  # ensembles of a size at least, if so many can be made
REST = Stop(steps=20_000, plateau=(200, 0.02))  # evaluations: near N* a network in ten ends here above zero


def task(network: str, dataset: str, P: int, seed: int) -> Task:
    """What a network learns: the parity task of `double_descent.task`, and for a CNN the halves of the classes.

    The test points are in random order, so that any part of them is a fair sample.
    """
    if network not in NETWORKS:
        raise ValueError(f"task: unknown network {network!r}, choose one of {NETWORKS}")
    if network == "cnn":
        return with_tests_shuffled(image_task(images(dataset), P, labels="halves", d=None, seed=seed), seed)
    return double_descent.task(dataset, P, 10, 0.0, seed)


def trained(
    network: str, tasks: Sequence[Task], h: int, seeds: Sequence[int], *, shape: tuple[int, int, int], steps: int
) -> Run:
    """One network a seed, of width h, trained on the task beside it until its loss is zero or it is at rest.

    - "standard": `descend`, at most ``steps`` of full-batch Adam, of size min(3e-3, 0.06/h), and from there
      `come_to_rest`. With one step for all widths, wide networks, whose many weights all move by about the step,
      overshoot: they end with a larger ‖f‖.
    - "ntk": full-batch Adam with steps of 0.01, and `come_to_rest`.
    - "cnn": SGD with momentum 0.9, batches of 25, steps of min(0.05, 5/K) where K features are read out, in single
      precision. A step moves f in proportion to K: on larger images, with 0.05, many end with one answer to all. It is
      the dynamics of SGD, to zero loss or to the end of its ``steps``.
    """
    setting = f"{network}, h={h}"
    inputs, labels = (torch.stack([getattr(task, name) for task in tasks]) for name in ("inputs", "labels"))
    if network == "cnn":
        channels, size, _ = shape
        nets = Population(lambda seed: CNN(size, h, channels=channels, seed=seed), seeds, dtype=torch.float32)
        inputs, labels = inputs.float(), labels.float()
        optimiser, batch = gd(min(0.05, 5 / (h * (size // 4) ** 2)), 0.9), min(25, labels.shape[1])
        return train(
            nets, inputs, labels, optimiser=optimiser, stop=Stop(steps, ZERO), batch=batch, every=50, setting=setting
        )
    if network == "standard":
        begun = descend(tasks, [h], seeds, L=2, loss="quadratic_hinge", lr=min(3e-3, 0.06 / h), steps=steps)
    else:
        d = inputs.shape[-1]
        nets = Population(lambda seed: MLP(d, h, 2, parametrisation="ntk", seed=seed), seeds)
        stop = Stop(steps, ZERO, (2000, 0.01))
        begun = train(nets, inputs, labels, optimiser=adam(0.01), stop=stop, working_set=True, setting=setting)
    ended = come_to_rest(begun.population, inputs, labels, stop=REST, setting=setting)
    return replace(ended, seconds=begun.seconds + ended.seconds)


def ensemble_sizes(
    network: str,
    dataset: str,
    P: int,
    h: int,
    *,
    task_seeds: Sequence[int],
    members: int,
    steps: int,
    tests: int = 10_000,
) -> list[dict[str, Any]]:
    """Ensembles of networks of one width: one row a training set (``task_seeds``) and an ensemble size n of `SIZES`.

    ``error`` is the mean test error of ensembles of n, whose output is the mean of their members' (⟨ε⟩ at n = 1);
    ``nll`` the negative log-likelihood of the mean of their members' probabilities, ``nll_after`` that calibrated by
    one temperature, and ``nll_shared`` that of members all tempered alike before their probabilities are averaged: the
    two calibrations of 2007.08483. Temperatures are found on one half of the test points and used on the other, both
    ways round. Of the ensembles of n members in a row, four to six are taken, evenly.

    In every row, of all members: ``variance`` Var f, ``norm`` ‖f‖, the root of the mean square over members and points,
    ``satisfied`` how many ended at zero loss. No two training sets share a network: seeds are 100 task_seed + i.
    """
    if members < 2:
        raise ValueError(f"ensemble_sizes: {members} members, need at least two: one network does not fluctuate")
    rows = []
    tasks = [task(network, dataset, P, task_seed) for task_seed in task_seeds]
    seeds = [[100 * task_seed + i for i in range(members)] for task_seed in task_seeds]
    run = trained(
        network,
        [problem for problem in tasks for _ in range(members)],
        h,
        [seed for own in seeds for seed in own],
        shape=images(dataset).shape,
        steps=steps,
    )
    for i, problem in enumerate(tasks):
        own = slice(i * members, (i + 1) * members)
        nets = run.population.take(range(len(run.population))[own])
        labels = problem.test_labels[:tests]
        f = nets(problem.test_inputs[:tests].to(nets.weights)).double()
        weights = nets.weights.shape[1] if network == "cnn" else effective_parameters(problem.inputs.shape[1], h, 2)
        setting = {
            "network": network,
            "dataset": dataset,
            "P": P,
            "h": h,
            "N": weights,
            "task_seed": task_seeds[i],
            "seeds": " ".join(map(str, seeds[i])),
            "members": members,
            "test_points": len(labels),
            "satisfied": sum(run.satisfied[own]),
            "variance": variance(f).item(),
            "norm": norm(f).square().mean().sqrt().item(),
            "data_sha256": problem.sha256,
        }
        sizes = of_sizes(f, labels, [n for n in SIZES if n <= members])
        rows += [{**setting, **row, "seconds": run.seconds / len(tasks) / len(sizes)} for row in sizes]
    return rows


def of_sizes(
    f: Float[Tensor, "nets points 1"], labels: Float[Tensor, "points"], sizes: Sequence[int]
) -> list[dict[str, Any]]:
    """What ensembles of each size reach on average, the columns of `ensemble_sizes`; ``f`` at the test points.

    Ensembles of n are made of all members, so that their mean is known better than n networks alone would show.
    """
    half, rows = len(labels) // 2, []
    halves = (slice(0, half), slice(half, None))
    classes, logits = (labels > 0).long(), two_classes(f).float()  # half of the time, and precise enough
    for n in sizes:
        starts = range(0, len(f), 1 if n == 1 else max(1, len(f) // DRAWN))[: 1 if n == len(f) else None]
        chosen = torch.tensor([[(start + i) % len(f) for i in range(n)] for start in starts])
        z = logits[chosen]
        mean, after, shared = mean_probability(z), [], []
        for fitted, measured in (halves, halves[::-1]):
            best = temperature(mean[:, fitted], classes[fitted], STEPS)
            after.append(nll(mean[:, measured], classes[measured], best).mean())
            tau = shared_temperature(z[:, :, fitted], classes[fitted], STEPS - 4) if n > 1 else best
            shared.append(nll(mean_probability(z[:, :, measured], tau), classes[measured]).mean())
        rows.append(
            {
                "n": n,
                "error": errors(f[chosen].mean(1), labels).mean().item(),
                "nll": nll(mean, classes).mean().item(),
                "nll_after": torch.stack(after).mean().item(),
                "nll_shared": torch.stack(shared).mean().item(),
            }
        )
    return rows


EXPERIMENT = ensemble_sizes
DIGITS: int | None = 6  # of floats in a table
