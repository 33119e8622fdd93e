"""What becomes of networks as they get wide: their kernels at initialisation and in training, and their outputs."""

import hashlib
import math
import time
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import Task, on_sphere
from landscape_lib.experiments.feature_lazy import task
from landscape_lib.measure.kernel import infinite_kernels, kernel_change, kernel_flow, tangent_kernel, tangent_kernels
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Stop, gradient_flow, mean_square

TIMES = (0.3, 1.0, 3.0, 10.0, 30.0)  # in units of P over the kernel's mean diagonal, the time in which F changes by one


def widths_in_training(
    dataset: str,
    P: int,
    h: int,
    *,
    seeds: Sequence[int],
    task_seed: int = 0,
    d: int | None = None,
    L: int = 2,
    activation: str = "softplus",
    labels: str = "parity",
    tests: int = 100,
    steps: int = 20_000,
    implicit: bool = False,
    turn: float = 1e-4,
) -> list[dict[str, Any]]:
    """Networks of width h in the NTK parametrisation at α = 1, against their own kernels: one row a network.

    Each network's F flows by the squared loss to 30 times P over the mean of Θ₀(x, x), beside the closed form with its
    own Θ₀ (`kernel_flow`). Columns:

    - ``distance``: the root of the mean of (F − F_kernel)² over ``tests`` test points and five times, over that of
      F_kernel²; the claim is that it vanishes with h;
    - ``kernel_change``: ‖Θ − Θ₀‖_F / ‖Θ₀‖_F on the test points at the end, ``weight_motion`` the ‖w − w₀‖² of all N
      weights, and ``first_motion`` its mean over the first layer's.

    ``implicit``: steps with the tangent kernel at hand, as in `gradient_flow`, which are exact where it stays. A
    ``turn`` of 1e-2 then takes some tenth of the steps, and leaves two percent of the columns at most.
    """
    own = task(dataset, labels, P, d, task_seed, tests)
    x, y, points = own.inputs, own.labels, own.test_inputs
    nets = _networks(own, h, L, activation, seeds)
    began = time.perf_counter()
    initial, trained = tangent_kernels(nets, points), tangent_kernels(nets, x)
    unit = P / trained.diagonal(dim1=1, dim2=2).mean().item()
    times = unit * torch.tensor(TIMES, dtype=torch.float64)
    run = gradient_flow(
        nets,
        x,
        y,
        alpha=1.0,
        loss=mean_square,
        until=times[-1].item(),
        times=times,
        stop=Stop(steps),
        turn=turn,
        kernel=tangent_kernels if implicit else None,
    )
    F = torch.stack([run.outputs(points, at)[..., 0] for at in range(len(times))], 1)
    rows = []
    for i, seed in enumerate(seeds):
        linear = kernel_flow(trained[i], y, times, tangent_kernel(nets.member(i), points, x))
        moved = (run.population.weights[i] - nets.weights[i]).square()
        rows.append(
            {
                "dataset": dataset,
                "P": P,
                "d": x.shape[1],
                "L": L,
                "h": h,
                "N": nets.weights.shape[1],
                "activation": activation,
                "task_seed": task_seed,
                "seed": seed,
                "distance": ((F[i] - linear).square().mean() / linear.square().mean()).sqrt().item(),
                "kernel_change": kernel_change(tangent_kernel(run.population.member(i), points), initial[i]).item(),
                "weight_motion": moved.sum().item(),
                "first_motion": moved[: h * x.shape[1]].mean().item(),
                "stopped": run.reasons[i],
                "seconds": (time.perf_counter() - began) / len(seeds),
                "data_sha256": own.sha256,
            }
        )
    return rows


def kernels_at_start(
    dataset: str,
    h: int,
    *,
    seeds: Sequence[int],
    task_seed: int = 0,
    d: int | None = None,
    L: int = 2,
    points: int = 30,
) -> list[dict[str, Any]]:
    """Tangent kernels of ReLU networks before training, on a few points of a data set: one row a network.

    ``fluctuation``: ‖Θ − Θ̄‖_F / ‖Θ̄‖_F with Θ̄ the mean over the n ``seeds``, times √(n/(n − 1)), so that it is one
    kernel's: it falls with h^(−1/2). ``bias``: ‖Θ̄ − Θ_∞‖_F / ‖Θ_∞‖_F, how far the *mean* is from infinite width, with
    the noise that n kernels leave in it taken off, in squares; negative squares count as 0. It falls with 1/h, and is
    there off the diagonal only.
    """
    if len(seeds) < 2:
        raise ValueError(f"kernels_at_start: {len(seeds)} seeds, need at least two: one kernel does not fluctuate")
    began, own, n = time.perf_counter(), task(dataset, "parity", 2, d, task_seed, points), len(seeds)
    x = own.test_inputs
    kernels = tangent_kernels(_networks(own, h, L, "relu", seeds), x)
    mean, limit = kernels.mean(0), infinite_kernels(x, L=L).ntk
    noise = kernels.var(0).sum() / n
    bias = ((mean - limit).square().sum() - noise).clamp(min=0).sqrt() / torch.linalg.matrix_norm(limit)
    return [
        {
            "dataset": dataset,
            "d": x.shape[1],
            "L": L,
            "h": h,
            "seed": seed,
            "fluctuation": fluctuation * math.sqrt(n / (n - 1)),
            "bias": bias.item(),
            "seconds": (time.perf_counter() - began) / n,
            "data_sha256": own.sha256,
        }
        for seed, fluctuation in zip(seeds, kernel_change(kernels, mean.expand_as(kernels)).tolist(), strict=True)
    ]


def outputs_at_start(h: int, *, L: int, networks: int, seed: int = 0, d: int = 10) -> list[dict[str, Any]]:
    """f of many ReLU networks at one point of the sphere, before training: one row, of a width.

    As h → ∞, f is Gaussian. ⟨f²⟩ = 1 at every width, and ⟨f⁴⟩ = 3 ⟨f²⟩² (1 + 5/h)^L exactly: a layer hands on
    q' = (2/h) Σ max(0, z)² with z ~ N(0, q), whose ⟨q'²⟩ is ⟨q²⟩ (1 + 5/h). ``kurtosis`` is ⟨f⁴⟩/⟨f²⟩² − 3, ``exact``
    the formula's, ``kurtosis_error`` the standard error of the first; ``outputs`` the first 500 f, for a histogram.
    """
    began = time.perf_counter()
    x = on_sphere(torch.ones(1, d, dtype=torch.float64))
    f = sample_outputs(x, h, L, networks, seed)[:, 0]
    square, fourth = f.square().mean(), f.pow(4)
    error = (fourth / square**2 - 2 * f.square() * fourth.mean() / square**3).std() / math.sqrt(networks)
    return [
        {
            "dataset": "one point",
            "d": d,
            "L": L,
            "h": h,
            "seed": seed,
            "networks": networks,
            "variance": square.item(),
            "kurtosis": (fourth.mean() / square**2 - 3).item(),
            "kurtosis_error": error.item(),
            "exact": 3 * (1 + 5 / h) ** L - 3,
            "outputs": " ".join(f"{value:.3f}" for value in f[:500].tolist()),
            "seconds": time.perf_counter() - began,
            "data_sha256": hashlib.sha256(x.numpy().tobytes()).hexdigest(),
        }
    ]


def sample_outputs(
    inputs: Float[Tensor, "points features"], h: int, L: int, networks: int, seed: int
) -> Float[Tensor, "networks points"]:
    """f of freshly drawn ReLU networks, `MLP` in the NTK parametrisation without biases, drawn a hundred at a time."""
    generator = torch.Generator().manual_seed(seed)
    drawn = []
    for start in range(0, networks, 100):
        x = inputs.expand(min(100, networks - start), *inputs.shape).mT
        for layer in range(L + 1):
            fan = x.shape[1]
            W = torch.randn(len(x), 1 if layer == L else h, fan, generator=generator, dtype=x.dtype)
            x = W @ x / math.sqrt(fan)
            if layer < L:
                x = math.sqrt(2) * x.relu()
        drawn.append(x[:, 0])
    return torch.cat(drawn)


def _networks(own: Task, h: int, L: int, activation: str, seeds: Sequence[int]) -> Population:
    d = own.inputs.shape[1]
    return Population(lambda seed: MLP(d, h, L, parametrisation="ntk", activation=activation, seed=seed), seeds)


EXPERIMENT = widths_in_training
DIGITS: int | None = 6  # of floats in a table
