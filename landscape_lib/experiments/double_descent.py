"""The runs of the double descent chapter: polynomials, random features, and networks of many widths watched in time."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import NAMES, Task, image_task, load
from landscape_lib.measure.calibration import nll, temperature, two_classes
from landscape_lib.measure.ensembles import ensemble, errors
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.nets import legendre, random_fourier
from landscape_lib.training import minimum_norm
from landscape_lib.training.stacks import bands, descend

images = cache(load)  # read once a process


CLASS_WIDTHS = (3, 4, 6, 8, 10, 12, 15, 20, 28, 40, 56)
PAPER_WIDTHS = (4, 6, 8, 10, 12, 15, 18, 22, 27, 34, 45, 60, 90, 130, 200)
MEMBERS = 20


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `curve` that the chapter runs on one data set: a point is one stack of networks, twenty a width.

    Two hidden layers, and a tenth of the training labels flipped. "class": P = 1000, 3,000 steps of 3e-3, widths from
    well below the transition to ten times beyond it, about 45 s on two cores. "paper": P = 5000, without and with
    flipped labels, 30,000 steps of 1e-3, widths through the peak by two decades of N; days of a core.
    """
    if budget not in ("class", "paper"):
        raise ValueError(f"grid: unknown budget {budget!r}, choose 'class' or 'paper'")
    if dataset not in NAMES:
        raise ValueError(f"grid: no data set {dataset!r}, choose one of {', '.join(NAMES)}")
    members = tuple(range(MEMBERS * seed, MEMBERS * (seed + 1)))
    common: dict[str, Any] = {"dataset": dataset, "seeds": members, "task_seed": seed, "L": 2}
    if budget == "class":
        points = [{**common, "P": 1000, "widths": CLASS_WIDTHS, "noise": 0.1, "lr": 3e-3, "steps": 3_000}]
    else:
        paper = {**common, "P": 5000, "widths": PAPER_WIDTHS, "lr": 1e-3, "steps": 30_000}
        points = [{**paper, "noise": noise} for noise in (0.0, 0.1)]
        if len(images(dataset).labels) < 5000:
            raise ValueError(f"grid: the paper budget needs 5000 training points, {dataset} has fewer; take mnist")
    stacks = [{**point, "widths": tuple(band)} for point in points for band in bands(point["widths"])]
    return stacks[::-1]  # the widest, which take longest, first


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
        x, y = scatter(P, noise, seed)
        features = legendre(x, max(degrees))
        for degree in degrees:
            w = minimum_norm(features[:, : degree + 1], y[:, None])[:, 0]
            error = (fine[:, : degree + 1] @ w - wanted).square().mean().item()
            rows.append(
                {"P": P, "degree": degree, "N": degree + 1, "seed": seed, "error": error, "norm": w.norm().item()}
            )
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
                }
            )
    return rows


def task(dataset: str, P: int, d: int, noise: float, seed: int) -> Task:
    """Parity of P images in d whitened principal components, a share ``noise`` of the labels flipped; all others test.

    The test points are in random order, so that any part of them is a fair sample.
    """
    every = image_task(images(dataset), P, d=d, noise=noise, seed=seed)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(every.test_labels)))
    test = every.test_inputs[order], every.test_labels[order]
    return Task(every.inputs, every.labels, *test, every.name, every.sha256)


def curve(
    dataset: str,
    P: int,
    widths: Sequence[int],
    *,
    seeds: Sequence[int],
    task_seed: int = 0,
    noise: float = 0.0,
    d: int = 10,
    L: int = 2,
    loss: str = "quadratic_hinge",
    lr: float = 1e-3,
    steps: int = 10_000,
    device: str = "cpu",
) -> list[dict[str, Any]]:
    """Ensembles of networks of each width on one training set, in time: one row a width and a step of the history.

    Members differ in their initial weights, ``seeds``; ``task_seed`` draws the patterns. Every quantity of
    `measure.ensembles.ensemble` stands with the ends of its 95% interval over members, on all test points.
    ``train_error`` is the members' mean on the (noisy) training labels, ``satisfied`` how many have zero loss.

    The cures need a validation part. The test points are halved; what is chosen on one half is measured on the other,
    and the two are averaged: ``error_stopped``, each member's error at the step, up to now, of its smallest validation
    error; ``nll_calibrated``, its NLL at the temperature of the smallest validation NLL; ``nll`` is that at τ = 1.
    """
    one = task(dataset, P, d, noise, task_seed)
    probe = torch.cat([one.inputs, one.test_inputs])
    rows = []
    for band in bands(widths):
        run = descend([one] * len(seeds), band, seeds, L=L, loss=loss, lr=lr, steps=steps, probe=probe, device=device)
        assert run.history.outputs is not None
        outputs = run.history.outputs.unflatten(1, (len(band), len(seeds))).cpu()
        ended = run.steps.reshape(len(band), len(seeds)).cpu()
        zero = torch.tensor(run.satisfied).reshape(len(band), len(seeds))
        for i, h in enumerate(band):
            train, test = outputs[:, i, :, :P], outputs[:, i, :, P:]
            stopped, raw, calibrated = _cures(test, one.test_labels)
            for t, step in enumerate(run.history.steps.tolist()):
                found = ensemble(test[t], one.test_labels)
                row = {
                    "dataset": dataset,
                    "P": P,
                    "d": d,
                    "L": L,
                    "h": h,
                    "N": effective_parameters(d, h, L),
                    "noise": noise,
                    "task_seed": task_seed,
                    "seeds": " ".join(map(str, seeds)),
                    "loss_name": loss,
                    "step": step,
                    "train_error": errors(train[t], one.labels).mean().item(),
                    "satisfied": int((zero[i] & (ended[i] <= step)).sum()),
                    "members": len(seeds),
                    "test_points": len(one.test_labels),
                    "error_stopped": stopped[t].item(),
                    "nll": raw[t].item(),
                    "nll_calibrated": calibrated[t].item(),
                    "seconds": run.seconds / (len(band) * len(run.history.steps)),
                    "data_sha256": one.sha256,
                }
                for name in ("error", "together", "gap", "variance", "norm"):
                    value, (low, high) = getattr(found, name)
                    row |= {name: value, f"{name}_low": low, f"{name}_high": high}
                rows.append(row)
    return rows


def _cures(
    test: Float[Tensor, "times nets points 1"], labels: Float[Tensor, "points"]
) -> tuple[Float[Tensor, "times"], Float[Tensor, "times"], Float[Tensor, "times"]]:
    """Means over members of the error when stopped early, the NLL, and the calibrated NLL, cross-fitted over halves."""
    half = len(labels) // 2
    halves = (slice(0, half), slice(half, None))
    classes, logits = (labels > 0).long(), two_classes(test)
    stopped, calibrated = [], []
    for chosen, measured in (halves, halves[::-1]):
        here, there = (errors(test[:, :, part], labels[part]) for part in (chosen, measured))
        before = torch.cat([torch.full_like(here[:1], torch.inf), here.cummin(0).values[:-1]])
        times = torch.where(here < before, torch.arange(len(here))[:, None], 0).cummax(0).values  # of the lowest so far
        stopped.append(there.gather(0, times).mean(1))
        tau = temperature(logits[:, :, chosen], classes[chosen])
        calibrated.append(nll(logits[:, :, measured], classes[measured], tau).mean(1))
    return torch.stack(stopped).mean(0), nll(logits, classes).mean(1), torch.stack(calibrated).mean(0)


EXPERIMENT = curve
