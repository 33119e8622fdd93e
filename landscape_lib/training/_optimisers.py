"""Optimisers of a population: PyTorch's own, on one stacked tensor of weights, from which members can be dropped.

All of them act on each number by itself, so networks stacked in one tensor move as each would alone.
"""

from collections.abc import Callable
from numbers import Real

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

Optimiser = Callable[[list[Tensor]], torch.optim.Optimizer]


def _positive(name: str, lr: float) -> float:
    if isinstance(lr, bool) or not (isinstance(lr, Real) and 0 < lr < float("inf")):
        raise ValueError(f"{name}: step size lr is {lr!r}, need a positive finite number")
    return float(lr)


def gd(lr: float, momentum: float = 0.0, *, weight_decay: float = 0.0) -> Optimiser:
    """Gradient descent w ← w − η (∇𝓛 + λ w), with heavy-ball momentum if asked; SGD when `train` is given a batch size.

    λ is the ``weight_decay``, of all parameters.
    """
    lr = _positive("gd", lr)
    return lambda parameters: torch.optim.SGD(parameters, lr=lr, momentum=momentum, weight_decay=weight_decay)


def adam(lr: float, betas: tuple[float, float] = (0.9, 0.999)) -> Optimiser:
    """Adam (1412.6980), in PyTorch's fused form, up to four times as fast on small networks."""
    lr = _positive("adam", lr)
    return lambda parameters: torch.optim.Adam(parameters, lr=lr, betas=betas, fused=True)


def keep(
    optimiser: torch.optim.Optimizer, stay: Bool[Tensor, "nets"] | Int[Tensor, "left"]
) -> Float[Tensor, "left parameters"]:
    """Keep these networks of an optimiser of one stacked tensor, in the order given; return the tensor that is left.

    What the optimiser remembers of a network (momenta) stays with the network.
    """
    (weights,) = optimiser.param_groups[0]["params"]
    left: Tensor = weights[stay]
    state = optimiser.state.pop(weights, {})
    optimiser.param_groups[0]["params"] = [left]
    optimiser.state[left] = {
        name: value[stay] if isinstance(value, Tensor) and value.shape == weights.shape else value
        for name, value in state.items()
    }
    return left
