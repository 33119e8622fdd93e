"""The volume of a minimum, by rays to where the loss reaches a threshold: a bound from below, and how good a one."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib._doors import whole
from landscape_lib.measure.flatness._losses import Losses
from landscape_lib.nets import Population
from landscape_lib.training import Loss, cross_entropy

# The loss at steps away from the minimum, one a row.
Level = Callable[[Float[Tensor, "rays parameters"]], Float[Tensor, "rays"]]
GROWTH = 1.5  # of a radius that is still inside: what lies outside for less than this is passed over
FARTHEST = 1e9
HALVINGS = 24  # of ln 1.5: a radius is known to 2e-8
BYTES = 2.5e8  # of steps at once


@dataclass(frozen=True)
class LogVolume:
    """Of ln V in nats: an estimate, and a bound from below with its standard error; the ln r of every ray.

    ``effective_rays`` carry the estimate: (Σ r^N)²/Σ r^2N, from 1 to all.
    """

    value: float
    lower: float
    error: float
    log_radii: Float[Tensor, "rays"]
    effective_rays: float


def ball_log_volume(N: int, log_radius: float = 0.0) -> float:
    """ln of the volume of a ball in N dimensions, π^(N/2) r^N/Γ(N/2 + 1).

    >>> round(math.exp(ball_log_volume(3, math.log(2.0))), 6) == round(4 / 3 * math.pi * 8, 6)
    True
    """
    whole("ball_log_volume", N=N)
    return N / 2 * math.log(math.pi) - math.lgamma(N / 2 + 1) + N * log_radius


@torch.no_grad()
def log_volume(
    level: Level,
    N: int,
    threshold: float,
    *,
    preconditioner: Float[Tensor, "parameters"] | Float[Tensor, "parameters parameters"] | None = None,
    rays: int = 200,
    seed: int = 0,
) -> LogVolume:
    """ln V of where ``level`` stays below ``threshold`` on the way from the minimum: ln |det A| + ln V_1 + ln ⟨r^N⟩.

    Rays leave in directions A u, u uniform on the sphere in N dimensions, and r is where the level first reaches the
    threshold. V_1 is the volume of the unit ball. A is the ``preconditioner``: a matrix, or the diagonal of one; the
    identity by default. ⟨r^N⟩ has the volume for its expectation, whatever A. But it is carried by rays that are never
    drawn: unless r is nearly the same in all directions, of any number of rays one has the largest r^N by far, and ln V
    comes out too low, by hundreds of nats. A quadratic ½ xᵀ H x needs A = H^(−1/2), and then one ray is enough.
    So ``value`` is a *bound from below*: by Markov's inequality it lies t nats above ln V with a probability of e^(−t)
    at most. Look at ``effective_rays``, and take the A that gives the most. It scatters by tens of nats where one ray
    carries it; ``lower`` does not. It has N ⟨ln r⟩ in place of ln ⟨r^N⟩, below ln V by Jensen's inequality whatever A,
    and known to N times the standard error of ⟨ln r⟩: compare networks by it. Scherlis and Belrose (2025), 2501.18812;
    Huang et al. (2020), 1906.03291, with plain rays.

    ``level`` takes steps away from the minimum in rows, at most `BYTES` of them at once. What lies outside for less
    than a factor of 1.5 in r is passed over.

    >>> found = log_volume(lambda x: x.square().sum(1) / 2, N=1000, threshold=0.5, rays=5)
    >>> abs(found.value - ball_log_volume(1000)) < 1e-4
    True
    """
    whole("log_volume", N=N, rays=rays)
    move, log_det = _preconditioned(preconditioner, N)
    generator = torch.Generator().manual_seed(seed)
    radii = []
    for first in range(0, rays, some := max(1, int(BYTES / (8 * N)))):
        u = torch.randn(min(some, rays - first), N, generator=generator, dtype=torch.float64)
        radii.append(_log_radii(level, move(u / u.norm(dim=1, keepdim=True)), threshold))
    log_r = torch.cat(radii)
    weight = torch.logsumexp(N * log_r, 0)
    effective = (2 * weight - torch.logsumexp(2 * N * log_r, 0)).exp().item()
    unit = ball_log_volume(N) + log_det
    error = N * log_r.std().item() / math.sqrt(rays) if rays > 1 else math.nan
    return LogVolume(unit + weight.item() - math.log(rays), unit + N * log_r.mean().item(), error, log_r, effective)


def loss_level(
    nets: Population, net: int, inputs: Float[Tensor, "points features"], labels: Tensor, loss: Loss = cross_entropy
) -> Level:
    """𝓛(w + x) − 𝓛(w) of one network of a population, for many steps x at once: what `log_volume` asks for."""
    one = nets.take([net])
    here = Losses(one, inputs, labels, loss, "loss_level").here

    def level(steps: Float[Tensor, "rays parameters"]) -> Float[Tensor, "rays"]:
        moved = one.take([0] * len(steps))
        moved.weights += steps.to(moved.weights)
        found = []
        for part in moved.blocks(inputs.shape[-2]):
            outputs = moved.evaluate(moved.views(moved.weights[part]), inputs, part)
            found.append(loss(outputs, labels).mean(-1))
        return (torch.cat(found) - here).double()

    return level


def _preconditioned(A: Tensor | None, N: int) -> tuple[Callable[[Tensor], Tensor], float]:
    """u ↦ A u for rows u, and ln |det A|."""
    if A is None:
        return lambda u: u, 0.0
    if tuple(A.shape) not in ((N,), (N, N)) or not A.isfinite().all():
        raise ValueError(
            f"log_volume: the preconditioner has shape {tuple(A.shape)}, need ({N},) or ({N}, {N}), finite numbers"
        )
    A = A.double().cpu()
    log_det = (A.abs().log().sum() if A.ndim == 1 else torch.linalg.slogdet(A).logabsdet).item()
    if not math.isfinite(log_det):
        raise ValueError("log_volume: the preconditioner is singular, and its rays span no volume; damp it")
    return (lambda u: u * A) if A.ndim == 1 else (lambda u: u @ A.T), log_det


def _log_radii(level: Level, directions: Tensor, threshold: float) -> Float[Tensor, "rays"]:
    """ln r of where each ray leaves: outwards from inside by steps of a factor, then by halving its logarithm."""

    def inside(log_r: Tensor) -> Tensor:
        values = level(log_r.exp()[:, None] * directions)
        if values.shape != log_r.shape:
            raise ValueError(f"log_volume: level returned shape {tuple(values.shape)}, need {tuple(log_r.shape)}")
        return values.cpu() < threshold  # NaN, where a loss overflows, is outside

    step, farthest = math.log(GROWTH), math.log(FARTHEST)
    low = torch.zeros(len(directions), dtype=torch.float64)
    while not (within := inside(low)).all():
        low = torch.where(within, low, low - 4 * step)
        if low.min() < -farthest:
            raise ValueError(
                f"log_volume: {int((~within).sum())} of {len(low)} rays are outside at a radius of {1 / FARTHEST:.0e}; "
                f"the threshold is {threshold:g}, the level at the minimum {level(0 * directions)[0]:.3g}"
            )
    going = torch.ones_like(low, dtype=torch.bool)
    while going.any():
        going &= inside(low + step)
        low = torch.where(going, low + step, low)
        if low.max() > farthest:
            raise ValueError(
                f"log_volume: {int((low > farthest).sum())} of {len(low)} rays stay inside to a radius of "
                f"{FARTHEST:.0e}; no volume is that large: lower the threshold, or fix the weights that change nothing"
            )
    for _ in range(HALVINGS):
        step /= 2
        low = torch.where(inside(low + step), low + step, low)
    return low
