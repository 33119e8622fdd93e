"""The runs of the double descent chapter: polynomials, random features, and networks of many widths watched in time."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape_lib.data import Task, image_task
from landscape_lib.experiments._images import images, with_tests_shuffled
from landscape_lib.measure.calibration import nll, temperature, two_classes
from landscape_lib.measure.ensembles import errors, norm, variance
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.nets import legendre, random_fourier
from landscape_lib.training import LOSSES, OUT_OF_PATIENCE, REST, bands, come_to_rest, descend, minimum_norm

MOST_TESTS = 10_000  # more would cost time and memory, and their binomial error is 0.3% already


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
        problem = image_task(images(dataset), P, d=None, noise=noise, seed=seed)
        inputs, width = torch.cat([problem.inputs, problem.test_inputs]), problem.inputs.shape[1] ** 0.5
        drawn = random_fourier(inputs, max(sizes), width=width, seed=seed)
        for N in sizes:
            w = minimum_norm(drawn[:P, :N], problem.labels[:, None])
            f = drawn[P:, :N] @ w
            rows.append(
                {
                    "dataset": dataset,
                    "P": P,
                    "N": N,
                    "seed": seed,
                    "noise": noise,
                    "square": (f[:, 0] - problem.test_labels).square().mean().item(),
                    "error": errors(f, problem.test_labels).item(),
                    "norm": w.norm().item(),
                    "data_sha256": problem.sha256,
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
    return with_tests_shuffled(image_task(images(dataset), P, d=d, noise=noise, seed=seed), seed, MOST_TESTS)


def ensembles_in_time(
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
    evaluations: int = 0,
    device: str = "cpu",
) -> list[dict[str, Any]]:
    """Ensembles of networks in time and at rest: a row a training set, a width and a step, and one for the end.

    In time: every ``thin``-th step of Adam that is kept, and its last. With ``evaluations``, the most that
    `training.come_to_rest` may use, all members then come to rest: one row more, ``rest``, whose step counts the
    evaluations on, so that the largest step of a width is its end. ``unfinished`` members ran out of them.

    Members differ in their initial weights: those of training set t begin from ``seeds`` + 1000 t. Each of
    ``task_seeds`` draws a training set. ``error``, ``variance``, ``norm`` are ⟨ε⟩, Var f and ‖f‖ of
    `measure.ensembles`, ``together`` is ε̄, on all test points. ``train_error`` is the members' mean on the (noisy)
    training labels, ``separated`` how many have none, ``satisfied`` how many have zero loss. N counts weights, and
    biases where no freedom of scale cancels them (swish).

    The cures need a validation part. The test points are halved; what is chosen on one half is measured on the other,
    and the two are averaged: ``error_stopped``, each member's error at the step, up to now, of its smallest validation
    error; at the end ``nll_calibrated``, its NLL at the temperature of the smallest validation NLL, and ``nll``, τ = 1.
    """
    if loss not in LOSSES:
        raise ValueError(f"ensembles_in_time: unknown loss {loss!r}, choose one of {tuple(LOSSES)}")
    if precision not in ("float32", "float64"):
        raise ValueError(f"ensembles_in_time: unknown precision {precision!r}, choose 'float32' or 'float64'")
    if evaluations and (loss == "cross_entropy" or precision != "float64"):
        raise ValueError(f"ensembles_in_time: no rest for {loss} in {precision}; need a hinge, and float64")
    tasks = [task(dataset, P, d, noise, task_seed) for task_seed in task_seeds]
    probe = torch.stack([torch.cat([problem.inputs, problem.test_inputs]) for problem in tasks])
    groups = bands(widths) if activation == "relu" else [[h] for h in sorted(set(widths))]  # only ReLU can be widened
    rows = []
    for group in groups:
        shape = (len(group), len(tasks), len(seeds))
        of_each = probe[0] if len(tasks) == 1 else probe.repeat_interleave(len(seeds), 0).repeat(len(group), 1, 1)
        run = descend(
            [problem for problem in tasks for _ in seeds],
            group,
            [seed + 1000 * task_seed for task_seed in task_seeds for seed in seeds],
            L=L,
            loss=loss,
            lr=lr,
            steps=steps,
            activation=activation,
            dtype=getattr(torch, precision),
            probe=of_each,
            device=device,
        )
        assert run.history.outputs is not None
        outputs, times, seconds = run.history.outputs.cpu(), run.history.steps.tolist(), run.seconds
        zero_from = run.steps.where(torch.tensor(run.satisfied).to(run.steps.device), steps + 1).cpu()
        unfinished = torch.zeros_like(zero_from)
        if evaluations:
            members = [problem for _ in group for problem in tasks for _ in seeds]
            patterns = (torch.stack([getattr(m, what) for m in members]).to(device) for what in ("inputs", "labels"))
            rest = come_to_rest(run.population, *patterns, loss=LOSSES[loss], stop=replace(REST, steps=evaluations))
            outputs = torch.cat([outputs, rest.population(of_each.to(device)).detach().cpu()[None]])
            times.append(times[-1] + max(1, int(rest.steps.max())))
            zero_from = zero_from.clamp(max=times[-1]).where(torch.tensor(rest.satisfied), times[-1] + 1)
            unfinished = torch.tensor([reason == OUT_OF_PATIENCE for reason in rest.reasons])
            seconds += rest.seconds
        outputs = outputs.unflatten(1, shape)
        zero_from, unfinished = zero_from.reshape(shape), unfinished.reshape(shape)
        for i, h in enumerate(group):
            for j, problem in enumerate(tasks):
                setting: dict[str, Any] = {
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
                    "test_points": len(problem.test_labels),
                    "seconds": seconds / (len(group) * len(tasks)),
                    "data_sha256": problem.sha256,
                }
                moments = _in_time(outputs[:, i, j].double(), problem, times, zero_from[i, j], thin)
                for row in moments:
                    end = {"rest": bool(evaluations) and row is moments[-1], "unfinished": 0}
                    end["unfinished"] = int(unfinished[i, j].sum()) if end["rest"] else 0
                    rows.append(setting | row | end | {"seconds": setting["seconds"] / len(moments)})
    return rows


def _in_time(
    f: Float[Tensor, "times nets points 1"], problem: Task, steps: Sequence[int], zero: Int[Tensor, "nets"], thin: int
) -> list[dict[str, Any]]:
    """What is measured of one ensemble, at every so many steps and the last; f on training, then test points."""
    P = len(problem.labels)
    wrong, test = errors(f[:, :, :P], problem.labels), f[:, :, P:]
    shown, rows = sorted({*range(0, len(steps), thin), len(steps) - 1}), []
    stopped = _stopped_early(test, problem.test_labels)
    for t in shown:
        rows.append(
            {
                "step": steps[t],
                "train_error": wrong[t].mean().item(),
                "separated": int((wrong[t] == 0).sum()),
                "satisfied": int((zero <= steps[t]).sum()),
                "error": errors(test[t], problem.test_labels).mean().item(),
                "error_stopped": stopped[t].mean().item(),
                "together": errors(test[t].mean(0), problem.test_labels).item(),
                "variance": variance(test[t]).item(),
                "norm": norm(test[t]).mean().item(),
            }
        )
    raw, calibrated = _calibrated(test[-1], problem.test_labels)
    rows[-1] |= {"nll": raw.mean().item(), "nll_calibrated": calibrated.mean().item()}
    return rows


def _halves(labels: Float[Tensor, "points"]) -> list[tuple[slice, slice]]:
    """Two halves of the test points, one to choose on and one to measure on, and the other way round."""
    first, second = slice(0, len(labels) // 2), slice(len(labels) // 2, None)
    return [(first, second), (second, first)]


def _stopped_early(
    test: Float[Tensor, "times nets points 1"], labels: Float[Tensor, "points"]
) -> Float[Tensor, "times nets"]:
    """Each member's error at the lowest validation error of all times up to each, the end at rest included."""
    stopped = []
    for chosen, measured in _halves(labels):
        here, there = (errors(test[:, :, part], labels[part]) for part in (chosen, measured))
        before = torch.cat([torch.full_like(here[:1], torch.inf), here.cummin(0).values[:-1]])
        times = torch.where(here < before, torch.arange(len(here))[:, None], 0).cummax(0).values  # of the lowest so far
        stopped.append(there.gather(0, times))
    return torch.stack(stopped).mean(0)


def _calibrated(
    test: Float[Tensor, "nets points 1"], labels: Float[Tensor, "points"]
) -> tuple[Float[Tensor, "nets"], Float[Tensor, "nets"]]:
    """Each member's NLL, as it is and calibrated."""
    classes, logits, calibrated = (labels > 0).long(), two_classes(test), []
    for chosen, measured in _halves(labels):
        tau = temperature(logits[:, chosen], classes[chosen])
        calibrated.append(nll(logits[:, measured], classes[measured], tau))
    return nll(logits, classes), torch.stack(calibrated).mean(0)


EXPERIMENT = ensembles_in_time
DIGITS: int | None = 5  # of floats in a table: the last of them is far below any interval
