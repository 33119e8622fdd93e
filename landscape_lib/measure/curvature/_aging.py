"""Does training age? How far weights move in a time, after they have waited another."""

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
