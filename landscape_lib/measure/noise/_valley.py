"""The valley xy = 1 of 𝓛 = ½ (xy − 1)², whose curvature x² + y² differs from place to place along its floor."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib._doors import not_negative, positive, whole


def descend_valley(
    start: tuple[float, float],
    *,
    step: float,
    noise: float,
    steps: int,
    every: int = 1,
    walkers: int = 1,
    seed: int = 0,
) -> Float[Tensor, "times walkers 2"]:
    """SGD on ½ (xy − 1 − σ ξ)² with label noise σ, ξ standard normal: (x, y) at the start and ``every`` so many steps.

    Without noise every point of the floor is at rest. With e = xy − 1 − σ ξ a step turns x² − y² into
    (x² − y²)(1 − η² e²), exactly: label noise brings it to zero, the flattest place of the floor, at a rate of
    η² ⟨e²⟩ a step (Blanc et al., 1904.09080; Damian et al., 2106.06530). `valley_decay` has it in closed form.

    >>> descend_valley((4.0, 0.25), step=0.02, noise=0.0, steps=3).squeeze(1).tolist()[-1]
    [4.0, 0.25]
    """
    positive("descend_valley", step=step)
    not_negative("descend_valley", noise=noise)
    whole("descend_valley", steps=steps, every=every, walkers=walkers)
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.full((walkers,), float(value), dtype=torch.float64) for value in start)
    kept = [torch.stack([x, y], -1)]
    for now in range(1, steps + 1):
        e = x * y - 1 - noise * torch.randn(walkers, generator=generator, dtype=torch.float64)
        x, y = x - step * e * y, y - step * e * x
        if now % every == 0:
            kept.append(torch.stack([x, y], -1))
    walk = torch.stack(kept)
    if not walk.isfinite().all():
        raise ValueError(
            f"descend_valley: (x, y) left the valley, which curves by {start[0] ** 2 + start[1] ** 2:.3g}; need a step "
            f"well below 2 over that, {step:g} is given"
        )
    return walk


def valley_decay(
    start: tuple[float, float], times: Float[Tensor, "times"], *, step: float, noise: float
) -> Float[Tensor, "times"]:
    """⟨x² − y²⟩ after so many steps of `descend_valley` from a place on the floor, small steps and noise.

    On the floor e² is σ² and what the noise has stirred up across it, var(xy) = η σ² S/(2 − η S) with S = x² + y²:
    d(x² − y²)/dt = −η² σ² (1 + η S/(2 − η S)) (x² − y²), S² = (x² − y²)² + 4, integrated in small steps.

    >>> valley_decay((1.0, 1.0), torch.tensor([0.0, 10.0]), step=0.1, noise=1.0)
    tensor([0., 0.], dtype=torch.float64)
    """
    if abs(start[0] * start[1] - 1) > 1e-6:
        raise ValueError(f"valley_decay: {start} has xy = {start[0] * start[1]:g}; need a place on the floor, xy = 1")
    if times.ndim != 1 or (times < 0).any() or (times.diff() < 0).any():
        raise ValueError(f"valley_decay: times are {times.tolist()}; need numbers of steps, in order")
    D, now, found = start[0] ** 2 - start[1] ** 2, 0.0, []
    for time in times.double().tolist():
        pieces = max(1, math.ceil((time - now) * step**2 * noise**2 * 100))
        for _ in range(pieces):
            S = math.sqrt(D * D + 4)
            if step * S >= 2:
                raise ValueError(f"valley_decay: step {step:g} at a curvature of {S:.3g} diverges; need one below 2/S")
            D *= math.exp(-(step**2) * noise**2 * (1 + step * S / (2 - step * S)) * (time - now) / pieces)
        now = time
        found.append(D)
    return torch.tensor(found, dtype=torch.float64)
