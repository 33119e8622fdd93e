"""The runs of the ensembles chapter: many networks on one training set, and what ensembles of 1 to n of them reach."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import NAMES, Task, image_task, load
from landscape_lib.experiments import double_descent
from landscape_lib.measure.calibration import arithmetic, geometric, nll, temperature, two_classes
from landscape_lib.measure.ensembles import ensemble, errors
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.nets import CNN, MLP, Population
from landscape_lib.training import ZERO, Run, Stop, adam, descend, gd, train

images = cache(load)  # read once a process

NETWORKS = ("standard", "ntk", "cnn")
CLASS_WIDTHS = {"standard": (5, 6, 8, 11, 16, 27, 36, 48, 64), "ntk": (27, 36, 48, 64), "cnn": (3, 6, 12, 24)}
PAPER_WIDTHS = (3, 6, 9, 12, 17, 24)  # of CNNs
SETS = 5  # training sets, each with its own networks
SIZES = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20)  # of ensembles
STEPS = 16  # of bisection: ln τ is then known to 3e-4, and the NLL, flat there, to far less than its error
DRAWN = 10  # ensembles of a size, if more can be made


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `curve` that the chapter shows of one data set: a point is one width on one training set.

    "class", under a minute on two cores:

    - "standard": parity, d = 10, P = 500, two hidden layers, nine widths on five training sets, twenty networks each up
      to a width of 16, and ten of those that cost more and fluctuate less;
    - "ntk": the same task in the NTK parametrisation, four widths of ten networks on five training sets;
    - "cnn": classes 0 to 4 against 5 to 9 from the pixels, P = 250, four widths of ten networks on one training set.

    "paper": the CNN on larger images, "mnist" and "cifar10-jpeg", P = 1000, six widths of ten networks on one training
    set, at most 6,000 steps; about an hour of a core each. Larger MLPs are those of `double_descent.grid`.

    Training set 0 was looked at before the claims' rules were fixed, so that ``seed`` 0 means training sets from 1 on.
    """
    if budget not in ("class", "paper"):
        raise ValueError(f"grid: unknown budget {budget!r}, choose 'class' or 'paper'")
    if dataset not in NAMES:
        raise ValueError(f"grid: no data set {dataset!r}, choose one of {', '.join(NAMES)}")
    if budget == "paper" and len(images(dataset).labels) < 5000:
        raise ValueError(f"grid: the paper budget needs a large test set, {dataset} is too small; take mnist")
    sets = range(SETS * seed + 1, SETS * (seed + 1) + 1)
    points = []
    for network in NETWORKS if budget == "class" else ("cnn",):
        if images(dataset).shape[0] > 1 and network != "cnn":
            continue  # of colours, the parity of ten components is a coin's
        cnn = network == "cnn"
        if budget == "class":
            widths = CLASS_WIDTHS[network]
            how = {"P": 250 if cnn else 500, "steps": 1_500 if cnn else 3_000, "tests": 2_000}
        else:
            widths, how = PAPER_WIDTHS, {"P": 1000, "steps": 6_000}
        points += [
            {
                "network": network,
                "dataset": dataset,
                "h": h,
                "seeds": tuple(range(20 * task_seed, 20 * task_seed + _members(network, h))),
                "task_seed": task_seed,
                **how,
            }
            for task_seed in (sets[:1] if cnn else sets)
            for h in widths
        ]
    return sorted(points, key=lambda point: -_work(point))


def _members(network: str, h: int) -> int:
    """Twenty as in 1901.01608 where they are narrow, and cost little."""
    return 20 if network == "standard" and h <= 16 else 10


def _work(point: dict[str, Any]) -> float:
    """About how long a point takes, in no unit: narrow networks need all of their steps, wide ones cost more each."""
    if point["network"] == "cnn":
        return 3.0 + point["h"]
    return (1.0 + point["h"] ** 2 / 2000) * len(point["seeds"]) / 20 * point["P"] / 500


def task(network: str, dataset: str, P: int, seed: int) -> Task:
    """What a network learns: the parity task of `double_descent.task`, and for a CNN the halves of the classes.

    The test points are in random order, so that any part of them is a fair sample.
    """
    if network not in NETWORKS:
        raise ValueError(f"task: unknown network {network!r}, choose one of {NETWORKS}")
    if network == "cnn":
        every = image_task(images(dataset), P, labels="halves", d=None, seed=seed)
        order = torch.from_numpy(np.random.default_rng(seed).permutation(len(every.test_labels)))
        return replace(every, test_inputs=every.test_inputs[order], test_labels=every.test_labels[order])
    return double_descent.task(dataset, P, 10, 0.0, seed)


def boundary(x: Float[Tensor, "*points"]) -> Float[Tensor, "*points"]:
    """Where the labels of `toy` change: x₂ = ¾ sin(4 x₁)."""
    return 0.75 * torch.sin(4 * x)


def toy(P: int, seed: int) -> Task:
    """P points, uniform on the square from −2 to 2, with the label +1 above `boundary` and −1 below; no test points."""
    x = torch.from_numpy(np.random.default_rng(seed).uniform(-2, 2, (P, 2)))
    y = torch.where(x[:, 1] > boundary(x[:, 0]), 1.0, -1.0).double()
    sha256 = hashlib.sha256(x.numpy().tobytes() + y.numpy().tobytes()).hexdigest()
    return Task(x, y, x[:0], y[:0], f"toy, P={P}", sha256)


def trained(network: str, one: Task, h: int, seeds: Sequence[int], *, shape: tuple[int, int, int], steps: int) -> Run:
    """One network a seed, of width h, trained on ``one`` until its loss is zero or its steps are over.

    - "standard": `descend`, full-batch Adam with steps of min(3e-3, 0.06/h). With one step for all widths, wide
      networks, whose many weights all move by about the step, overshoot: they end with a larger ‖f‖.
    - "ntk": full-batch Adam with steps of 0.01. Gradient descent, of which the theory speaks, reaches the same errors,
      but in 3,000 steps hardly a network of width 32 and more came to zero.
    - "cnn": SGD with momentum 0.9, batches of 25, steps of min(0.05, 5/K) where K features are read out, in single
      precision. A step moves f in proportion to K: on larger images, with 0.05, many end with one answer to all.
    """
    if network == "standard":
        lr = min(3e-3, 0.06 / h)
        return descend([one] * len(seeds), [h], seeds, L=2, loss="quadratic_hinge", lr=lr, steps=steps)
    setting = f"{network}, h={h}"
    if network == "ntk":
        d = one.inputs.shape[1]
        nets = Population(lambda seed: MLP(d, h, 2, parametrisation="ntk", seed=seed), seeds)
        inputs, labels = (values.expand(len(seeds), *values.shape) for values in (one.inputs, one.labels))
        stop = Stop(steps, ZERO, (2000, 0.01))
        return train(nets, inputs, labels, optimiser=adam(0.01), stop=stop, working_set=True, setting=setting)
    channels, size, _ = shape
    nets = Population(lambda seed: CNN(size, h, channels=channels, seed=seed), seeds, dtype=torch.float32)
    inputs, labels = one.inputs.float(), one.labels.float()
    optimiser, batch = gd(min(0.05, 5 / (h * (size // 4) ** 2)), 0.9), min(25, len(labels))
    stop = Stop(steps, ZERO)
    return train(nets, inputs, labels, optimiser=optimiser, stop=stop, batch=batch, every=50, setting=setting)


def curve(
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
        raise ValueError(f"curve: got {len(seeds)} seeds, need at least two: one network does not fluctuate")
    one = task(network, dataset, P, task_seed)
    run = trained(network, one, h, seeds, shape=images(dataset).shape, steps=steps)
    labels = one.test_labels[:tests]
    f = run.population(one.test_inputs[:tests].to(run.population.weights)).double()
    found = ensemble(f, labels)
    N = run.population.weights.shape[1] if network == "cnn" else effective_parameters(one.inputs.shape[1], h, 2)
    told = {
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
        "variance": found.variance.value,
        "variance_low": found.variance.interval[0],
        "variance_high": found.variance.interval[1],
        "norm": found.norm.value,
        "data_sha256": one.sha256,
    }
    rows = of_sizes(f, labels, [n for n in SIZES if n <= len(seeds)])
    return [{**told, **row, "seconds": run.seconds / len(rows)} for row in rows]


def of_sizes(
    f: Float[Tensor, "nets points 1"], labels: Float[Tensor, "points"], sizes: Sequence[int]
) -> list[dict[str, Any]]:
    """What ensembles of each size reach on average, as `curve` tells; ``f`` at the test points.

    Ensembles of n are made of all members, so that their mean is known better than n networks alone would tell.
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


EXPERIMENT = curve
