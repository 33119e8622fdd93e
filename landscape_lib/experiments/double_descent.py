"""The runs of the double descent chapter: polynomials, random features, and networks of many widths watched in time."""

import hashlib
import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape_lib.data import NAMES, Task, image_task, load
from landscape_lib.measure.calibration import nll, temperature, two_classes
from landscape_lib.measure.ensembles import ensemble, errors
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.nets import legendre, random_fourier
from landscape_lib.statistics import Transition, transition
from landscape_lib.training import LOSSES, bands, descend, minimum_norm

images = cache(load)  # read once a process


CLASS_WIDTHS = (3, 4, 6, 8, 10, 12, 15, 20, 28, 40, 56, 80)
PLANE_WIDTHS = (4, 6, 8, 12, 20, 40)
PAPER_WIDTHS = (5, 7, 10, 13, 16, 19, 22, 26, 30, 36, 45, 60, 90, 140, 220)
MEMBERS = 20
NOISE = 0.1  # the share of training labels that are flipped
MOST_TESTS = 10_000  # more would cost time and memory, and their binomial error is 0.3% already


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `curve` that the chapter runs on one data set: a point is one stack of networks.

    "class": ReLU networks of two hidden layers, the quadratic hinge, 2,000 steps of 5e-3; under a minute on two cores.

    - the curve: P = 1000, a tenth of the labels flipped, twelve widths of twenty networks on one training set;
    - the control: the same without flipped labels, six widths of ten networks;
    - the plane: P = 125, 250 and 500, six widths, two networks on each of ten training sets.

    "paper": the set-up of 1906.08034 on MNIST, P = 5000, two hidden layers, swish and a soft hinge, in single
    precision, since a soft hinge pushes every pattern well past its margin. Twenty networks of widths through the peak
    by two decades of N, without and with flipped labels, on one training set; Adam with steps of 1e-3, at most
    20,000; two hours of a core.

    Training set 0 was looked at before the claims' rules were fixed, so that ``seed`` 0 means training set 1.
    """
    if budget not in ("class", "paper"):
        raise ValueError(f"grid: unknown budget {budget!r}, choose 'class' or 'paper'")
    if dataset not in NAMES:
        raise ValueError(f"grid: no data set {dataset!r}, choose one of {', '.join(NAMES)}")
    members = tuple(range(MEMBERS * seed, MEMBERS * (seed + 1)))
    sets = tuple(range(10 * seed + 1, 10 * seed + 11))
    common: dict[str, Any] = {"dataset": dataset, "L": 2}
    if budget == "paper":
        if len(images(dataset).labels) <= 5000:
            raise ValueError(f"grid: the paper budget needs 5000 training points, {dataset} has fewer; take mnist")
        how: dict[str, Any] = {"loss": "soft_hinge", "activation": "swish", "precision": "float32"}
        how |= {"lr": 1e-3, "steps": 20_000, "thin": 3}
        return [
            {**common, **how, "P": 5000, "widths": (h,), "noise": noise, "seeds": members, "task_seeds": sets[:1]}
            for noise in (0.0, NOISE)
            for h in PAPER_WIDTHS[::-1]
        ]
    common |= {"lr": 5e-3, "steps": 2_000}
    one = {**common, "P": 1000, "task_seeds": sets[:1], "thin": 2}
    points = [
        {**one, "widths": CLASS_WIDTHS, "noise": NOISE, "seeds": members},
        {**one, "widths": PLANE_WIDTHS, "noise": 0.0, "seeds": members[:10]},
    ]
    for P, thin in ((500, 2), (250, 100), (125, 100)):  # of the smaller ones the end will do
        plane = {"P": P, "widths": PLANE_WIDTHS, "noise": NOISE, "seeds": members[:2], "task_seeds": sets, "thin": thin}
        points.append({**common, **plane})
    stacks = [{**point, "widths": tuple(band)} for point in points for band in bands(point["widths"])]
    return sorted(stacks, key=lambda point: -point["P"] * len(point["seeds"]) * max(point["widths"]))  # longest first


def truth(x: Tensor) -> Tensor:
    """The function behind the points of `polynomials`: sin(2πx) on [−1, 1]."""
    return torch.sin(2 * torch.pi * x)


def scatter(P: int, noise: float, seed: int) -> tuple[Float[Tensor, "points"], Float[Tensor, "points"]]:
    """P points x, uniform on [−1, 1], and y = sin(2πx) + a Gaussian of standard deviation ``noise``."""
    drawn = np.random.default_rng(seed)
    x = torch.from_numpy(drawn.uniform(-1, 1, P))
    return x, truth(x) + noise * torch.from_numpy(drawn.standard_normal(P))


def polynomials(P: int, degrees: Sequence[int], *, seeds: Sequence[int], noise: float = 0.3) -> list[dict[str, Any]]:
    """Polynomials of each degree through P noisy points, the shortest in Legendre features where there are many.

    One row a degree and seed: the mean square of f − sin(2πx) over a fine grid, and the norm of the weights.
    """
    grid = torch.linspace(-1, 1, 2001, dtype=torch.float64)
    fine, wanted = legendre(grid, max(degrees)), truth(grid)
    rows = []
    for seed in seeds:
        began = time.perf_counter()
        x, y = scatter(P, noise, seed)
        sha256 = hashlib.sha256(x.numpy().tobytes() + y.numpy().tobytes()).hexdigest()
        features = legendre(x, max(degrees))
        for degree in degrees:
            w = minimum_norm(features[:, : degree + 1], y[:, None])[:, 0]
            error = (fine[:, : degree + 1] @ w - wanted).square().mean().item()
            row = {"P": P, "degree": degree, "N": degree + 1, "seed": seed, "error": error, "norm": w.norm().item()}
            rows.append({"dataset": "noisy sine", **row, "data_sha256": sha256, "seconds": _since(began)})
            began = time.perf_counter()
    return rows


def features(
    dataset: str, P: int, sizes: Sequence[int], *, seeds: Sequence[int], noise: float = 0.0
) -> list[dict[str, Any]]:
    """Least squares on N random Fourier features of P images with labels ±1, one row a size and seed.

    A seed draws the images and the features, which grow with N without changing. Their width is √features, the norm of
    the inputs. ``square`` is the mean of (f − y)² on the test points, ``error`` the share of wrong signs, ``norm`` ‖w‖.
    """
    rows = []
    for seed in seeds:
        began = time.perf_counter()
        one = image_task(images(dataset), P, d=None, noise=noise, seed=seed)
        own, width = torch.cat([one.inputs, one.test_inputs]), one.inputs.shape[1] ** 0.5
        drawn = random_fourier(own, max(sizes), width=width, seed=seed)
        for N in sizes:
            w = minimum_norm(drawn[:P, :N], one.labels[:, None])
            f = drawn[P:, :N] @ w
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "N": N,
                    "seed": seed,
                    "noise": noise,
                    "square": (f[:, 0] - one.test_labels).square().mean().item(),
                    "error": errors(f, one.test_labels).item(),
                    "norm": w.norm().item(),
                    "data_sha256": one.sha256,
                    "seconds": _since(began),
                }
            )
            began = time.perf_counter()
    return rows


def _since(began: float) -> float:
    return time.perf_counter() - began


def task(dataset: str, P: int, d: int, noise: float, seed: int) -> Task:
    """Parity of P images in d whitened principal components, a share ``noise`` of the labels flipped; others test.

    The test points are in random order, so that any part of them is a fair sample, and no more than 10,000.
    """
    every = image_task(images(dataset), P, d=d, noise=noise, seed=seed)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(every.test_labels)))[:MOST_TESTS]
    test = every.test_inputs[order], every.test_labels[order]
    return Task(every.inputs, every.labels, *test, every.name, every.sha256)


def curve(
    dataset: str,
    P: int,
    widths: Sequence[int],
    *,
    seeds: Sequence[int],
    task_seeds: Sequence[int] = (0,),
    noise: float = 0.0,
    d: int = 10,
    L: int = 2,
    loss: str = "quadratic_hinge",
    activation: str = "relu",
    precision: str = "float64",
    lr: float = 1e-3,
    steps: int = 10_000,
    thin: int = 1,
    device: str = "cpu",
) -> list[dict[str, Any]]:
    """Ensembles of networks in time: one row a training set, a width and a step (``thin``: every so many are told).

    Members differ in their initial weights, ``seeds``; each of ``task_seeds`` draws a training set. Every quantity of
    `measure.ensembles.ensemble` stands with the ends of its 95% interval over members, on all test points.
    ``train_error`` is the members' mean on the (noisy) training labels, ``separated`` how many have none, ``satisfied``
    how many have zero loss. N counts weights, and biases where no freedom of scale cancels them (swish).

    The cures need a validation part. The test points are halved; what is chosen on one half is measured on the other,
    and the two are averaged: ``error_stopped``, each member's error at the step, up to now, of its smallest validation
    error; ``nll_calibrated``, its NLL at the temperature of the smallest validation NLL; ``nll`` is that at τ = 1.
    Their intervals are 1.96 standard errors of the members' mean.
    """
    if loss not in LOSSES:
        raise ValueError(f"curve: unknown loss {loss!r}, choose one of {tuple(LOSSES)}")
    if precision not in ("float32", "float64"):
        raise ValueError(f"curve: unknown precision {precision!r}, choose 'float32' or 'float64'")
    tasks = [task(dataset, P, d, noise, task_seed) for task_seed in task_seeds]
    probe = torch.stack([torch.cat([one.inputs, one.test_inputs]) for one in tasks])
    groups = bands(widths) if activation == "relu" else [[h] for h in sorted(set(widths))]  # only ReLU can be widened
    rows = []
    for group in groups:
        shape = (len(group), len(tasks), len(seeds))
        run = descend(
            [one for one in tasks for _ in seeds],
            group,
            [seed for _ in tasks for seed in seeds],
            L=L,
            loss=loss,
            lr=lr,
            steps=steps,
            activation=activation,
            dtype=getattr(torch, precision),
            probe=probe[0] if len(tasks) == 1 else probe.repeat_interleave(len(seeds), 0).repeat(len(group), 1, 1),
            device=device,
        )
        assert run.history.outputs is not None
        outputs = run.history.outputs.cpu().unflatten(1, shape)
        ended = run.steps.where(torch.tensor(run.satisfied).to(run.steps.device), steps + 1).reshape(shape).cpu()
        for i, h in enumerate(group):
            for j, one in enumerate(tasks):
                told: dict[str, Any] = {
                    "dataset": dataset,
                    "P": P,
                    "d": d,
                    "L": L,
                    "h": h,
                    "N": effective_parameters(d, h, L) + (0 if activation == "relu" else L * h + 1),
                    "noise": noise,
                    "task_seed": task_seeds[j],
                    "seeds": " ".join(map(str, seeds)),
                    "loss_name": loss,
                    "members": len(seeds),
                    "test_points": len(one.test_labels),
                    "seconds": run.seconds / (len(group) * len(tasks)),
                    "data_sha256": one.sha256,
                }
                found = _in_time(outputs[:, i, j].double(), one, run.history.steps.tolist(), ended[i, j], thin)
                rows += [told | row | {"seconds": told["seconds"] / len(found)} for row in found]
    return rows


def _in_time(
    f: Float[Tensor, "times nets points 1"], one: Task, steps: Sequence[int], zero: Int[Tensor, "nets"], thin: int
) -> list[dict[str, Any]]:
    """What is measured of one ensemble, at every so many steps and the last; f on training, then test points."""
    P = len(one.labels)
    wrong, test = errors(f[:, :, :P], one.labels), f[:, :, P:]
    told, rows = sorted({*range(0, len(steps), thin), len(steps) - 1}), []
    cures = dict(zip(told, zip(*_cures(test, one.test_labels, told), strict=True), strict=True))
    for t in told:
        row = {
            "step": steps[t],
            "train_error": wrong[t].mean().item(),
            "separated": int((wrong[t] == 0).sum()),
            "satisfied": int((zero <= steps[t]).sum()),
        }
        for name, each in zip(("error_stopped", "nll", "nll_calibrated"), cures[t], strict=True):
            value, error = each.mean().item(), 1.96 * each.std().item() / len(each) ** 0.5
            row |= {name: value, f"{name}_low": value - error, f"{name}_high": value + error}
        found = ensemble(test[t], one.test_labels)
        for name in ("error", "together", "gap", "variance", "norm"):
            value, (low, high) = getattr(found, name)
            row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return rows


def _cures(
    test: Float[Tensor, "times nets points 1"], labels: Float[Tensor, "points"], told: Sequence[int]
) -> tuple[Float[Tensor, "told nets"], Float[Tensor, "told nets"], Float[Tensor, "told nets"]]:
    """Each member's error when stopped early, NLL, and calibrated NLL, cross-fitted over halves of the test points.

    At the times ``told``; early stopping chooses from all times up to each.
    """
    half = len(labels) // 2
    halves = (slice(0, half), slice(half, None))
    classes, logits = (labels > 0).long(), two_classes(test[list(told)])
    stopped, calibrated = [], []
    for chosen, measured in (halves, halves[::-1]):
        here, there = (errors(test[:, :, part], labels[part]) for part in (chosen, measured))
        before = torch.cat([torch.full_like(here[:1], torch.inf), here.cummin(0).values[:-1]])
        times = torch.where(here < before, torch.arange(len(here))[:, None], 0).cummax(0).values  # of the lowest so far
        stopped.append(there.gather(0, times)[list(told)])
        tau = temperature(logits[:, :, chosen], classes[chosen])
        calibrated.append(nll(logits[:, :, measured], classes[measured], tau))
    return torch.stack(stopped).mean(0), nll(logits, classes), torch.stack(calibrated).mean(0)


def separation(rows: pd.DataFrame, *, resamples: int = 2000, seed: int = 0) -> Transition:
    """N*: the N at which half of the networks have every training label right, from rows of `curve` at one step.

    Of a ReLU network that gives each pattern its sign, a multiple has zero hinge loss: only the patience to get there
    may be missing. So this N* depends less on the number of steps than that of zero loss.
    """
    N = np.repeat(rows.N.to_numpy(float), rows.members)
    right = np.concatenate([np.arange(n) < k for k, n in zip(rows.separated, rows.members, strict=True)])
    return transition(N, right, resamples=resamples, seed=seed)


EXPERIMENT = curve
DIGITS = 5  # of floats in a committed table: the last of them is far below any interval
