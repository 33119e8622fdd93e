"""Where noisy descent comes to a stationary law: Langevin dynamics, and SGD on a quadratic, whose laws are known."""

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib._doors import not_negative, positive, whole


def langevin(
    gradient: Callable[[Tensor], Tensor],
    start: Float[Tensor, "walkers d"],
    *,
    step: float,
    steps: int,
    temperature: float = 1.0,
    every: int = 1,
    seed: int = 0,
) -> Float[Tensor, "times walkers d"]:
    """Walkers w ← w − η ∇U(w) + √(2 T η) ξ, ξ standard normal, kept at the start and ``every`` so many steps.

    As η → 0 their law tends to exp(−U/T); at a finite step it is another, wider one (`langevin_variance` of a
    quadratic). ``gradient`` gives ∇U at each walker, (walkers, d). With U/2 for U and T = ½ it is the lecture's
    dw = −½ ∇U dt + dW, which samples exp(−U).

    >>> still = langevin(lambda w: w, torch.ones(1, 1), step=0.5, steps=2, temperature=0.0)
    >>> still.flatten().tolist()
    [1.0, 0.5, 0.25]
    """
    positive("langevin", step=step)
    not_negative("langevin", temperature=temperature)
    whole("langevin", steps=steps, every=every)
    if start.ndim != 2 or not start.isfinite().all():
        raise ValueError(f"langevin: start has shape {tuple(start.shape)}, need (walkers, d), all finite")
    generator = torch.Generator(start.device).manual_seed(seed)
    w, kept, kick = start.clone(), [start.clone()], math.sqrt(2 * temperature * step)
    for now in range(1, steps + 1):
        slope = gradient(w)
        if slope.shape != w.shape:
            raise ValueError(f"langevin: the gradient has shape {tuple(slope.shape)}, need {tuple(w.shape)}")
        noise = torch.randn(w.shape, generator=generator, dtype=w.dtype, device=w.device)
        w = w - step * slope + kick * noise
        if now % every == 0:
            if not w.isfinite().all():
                raise ValueError(f"langevin: a walker is lost after {now} steps; need a smaller step than {step:g}")
            kept.append(w)
    return torch.stack(kept)


def langevin_variance(curvature: float, step: float, temperature: float = 1.0) -> float:
    """The variance of `langevin` on U = ½ λ w²: T/λ · 1/(1 − ηλ/2), which is T/λ as η → 0.

    >>> langevin_variance(2.0, 0.5)
    1.0
    """
    positive("langevin_variance", curvature=curvature, step=step)
    _stable("langevin_variance", curvature, step)
    return temperature / (curvature * (1 - step * curvature / 2))


def sgd_variance(curvature: float, step: float, noise: float, epoch: int | None = None) -> float:
    """The variance of w ← w − η (λ w + ξ), SGD on ½ λ w² whose batches have gradients of variance ``noise`` = σ²/B.

    Of batches drawn with replacement η σ²/B / (λ (2 − ηλ)): for a noise in proportion to the curvature, σ² = c λ, it
    is the same in all directions, and its temperature ½ η c/B is set by step over batch.

    ``epoch`` batches drawn without replacement add up to the whole data: their ξ have covariance −σ²/B/(epoch − 1) with
    one another. Directions so flat that they hardly move within an epoch, ηλ < 1/epoch, see that the noise cancels
    (Kühn and Rosenow, 2306.05300; exact here, the mean over an epoch).

    >>> sgd_variance(1.0, 1.0, noise=2.0)
    2.0
    >>> sgd_variance(0.001, 0.1, noise=0.001) / sgd_variance(0.001, 0.1, noise=0.001, epoch=50) > 50
    True
    """
    positive("sgd_variance", curvature=curvature, step=step)
    _stable("sgd_variance", curvature, step)
    not_negative("sgd_variance", noise=noise)
    if epoch is None:
        return step * noise / (curvature * (2 - step * curvature))
    if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 2:
        raise ValueError(f"sgd_variance: epoch is {epoch!r}, need a number of batches of at least 2")
    a = 1 - step * curvature
    powers = a ** np.arange(epoch)
    squares, sums = np.cumsum(powers**2), np.cumsum(powers)
    within = step**2 * noise * (squares - (sums**2 - squares) / (epoch - 1))  # of m batches of one epoch, m = 1, …
    begin = within[-1] / (1 - a ** (2 * epoch))
    return float(np.mean(begin * powers**2 * a**2 + within))


def _stable(what: str, curvature: float, step: float) -> None:
    if step * curvature >= 2:
        raise ValueError(
            f"{what}: step {step:g} on a curvature of {curvature:g} diverges, there is no stationary law; need a step "
            f"below 2/λ = {2 / curvature:g}"
        )
