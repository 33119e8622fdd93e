"""Does training age? How far weights move in a time, after they have waited another."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


def displacement(weights: Float[Tensor, "times *nets parameters"]) -> Float[Tensor, "times times *nets"]:
    """Δ(t_w, t_w + t) = ‖w(t_w + t) − w(t_w)‖²/N between all snapshots of a trajectory, of one network or of many.

    Row: t_w; column: t_w + t. Δ depends on t alone where a system is at equilibrium or diffuses, and on t_w as well
    where it ages: the longer it has waited, the slower it moves (Baity-Jesi et al., 1803.06969). In the
    weights' squared units.

    >>> displacement(torch.tensor([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0]]))
    tensor([[0., 2., 4.],
            [2., 0., 2.],
            [4., 2., 0.]])
    """
    if weights.ndim < 2 or 0 in weights.shape or not weights.isfinite().all():
        raise ValueError(
            f"displacement: weights have shape {tuple(weights.shape)}; need (times, parameters) or (times, nets, "
            "parameters), all finite"
        )
    # Differences first: ‖w‖² + ‖w'‖² − 2 w·w' would lose the digits of a small step.
    return torch.stack([(weights - before).square().mean(-1) for before in weights])


def valley_displacement(
    stiffness: Float[np.ndarray, "parameters"], temperature: float, wait: int | float, lag: int | float
) -> float:
    """⟨Δ(t_w, t_w + t)⟩ in one convex valley: the null of aging, since a ball that comes to rest slows down as well.

    Each coordinate follows dx = −λ x dt + √(2T) dW, with its curvature λ > 0 per step (``stiffness``), from x = 1. Then
    ⟨x(t_w)²⟩ = e^(−2λt_w) + (T/λ)(1 − e^(−2λt_w)), and Δ is the mean over coordinates of

        ⟨x(t_w)²⟩ (1 − e^(−λt))² + (T/λ)(1 − e^(−2λt)),

    2T t for λ → 0 late in time: diffusion. The Ornstein-Uhlenbeck process; times are in steps.

    >>> stiff = np.array([1.0])
    >>> round(valley_displacement(stiff, 0.0, wait=0.0, lag=50.0), 9)  # all the way from 1 to the bottom
    1.0
    >>> round(valley_displacement(stiff, 0.25, wait=50.0, lag=50.0), 9)  # two draws of variance T/λ
    0.5
    """
    if not (np.isfinite(stiffness).all() and (stiffness > 0).all() and stiffness.size):
        raise ValueError("valley_displacement: need at least one curvature, all finite and above zero")
    if not (0 <= temperature < np.inf and 0 <= wait < np.inf and 0 <= lag < np.inf):
        raise ValueError(
            f"valley_displacement: temperature {temperature}, wait {wait}, lag {lag}; need finite numbers from 0 on"
        )
    spread = temperature / stiffness
    before = np.exp(-2 * stiffness * wait)
    there = before - spread * np.expm1(-2 * stiffness * wait)
    moved = there * np.expm1(-stiffness * lag) ** 2 - spread * np.expm1(-2 * stiffness * lag)
    return float(moved.mean())
