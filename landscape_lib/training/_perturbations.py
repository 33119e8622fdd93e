"""Where a gradient is taken, if not at the weights themselves: sharpness-aware minimisation."""

from collections.abc import Callable
from numbers import Real

import torch
from jaxtyping import Float
from torch import Tensor

# The weights and their gradients; how far from the weights the gradient that is descended is taken.
Perturb = Callable[
    [Float[Tensor, "nets parameters"], Float[Tensor, "nets parameters"]], Float[Tensor, "nets parameters"]
]


def sam(rho: float) -> Perturb:
    """ε = ρ g/‖g‖: the gradient is taken at w + ε, where the loss is highest in a ball of ρ, to first order.

    g is that of the same batch, all of it: with a batch of m points this is m-SAM. Where g is zero, ε is. Foret et al.
    (2021), 2010.01412, (2).

    >>> sam(0.5)(torch.ones(1, 2), torch.tensor([[3.0, 4.0]]))
    tensor([[0.3000, 0.4000]])
    """
    rho = _positive("sam", rho)
    return lambda weights, gradient: _along(gradient, gradient, rho)


def adaptive_sam(rho: float) -> Perturb:
    """ε = ρ w² g/‖|w| g‖: `sam` in the ball ‖ε/w‖ ≤ ρ, which is the same whatever the units of a ReLU network's layers.

    Kwon et al. (2021), 2102.11600, (8), without their η.

    >>> adaptive_sam(0.5)(torch.tensor([[2.0, 0.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([[1., 0.]])
    """
    rho = _positive("adaptive_sam", rho)
    return lambda weights, gradient: _along(weights.square() * gradient, weights.abs() * gradient, rho)


def _along(direction: Tensor, measured: Tensor, rho: float) -> Tensor:
    """ρ d/‖m‖ in each row; zero where m is."""
    length = torch.linalg.vector_norm(measured, dim=1, keepdim=True)
    return torch.where(length > 0, rho * direction / length, 0.0)


def _positive(name: str, rho: float) -> float:
    if isinstance(rho, bool) or not (isinstance(rho, Real) and 0 < rho < float("inf")):
        raise ValueError(
            f"{name}: radius rho is {rho!r}, need a positive finite number; without one it is plain descent"
        )
    return float(rho)
