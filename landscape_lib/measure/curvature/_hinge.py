"""The curvature of the quadratic hinge at a point, in two parts, and how far from there it tells of the loss.

`hessian_product` gives the same two parts for any loss and any number of outputs, to rounding. Of one network with one
output they are written out here, from gaps: as chapter 3 does, whose eigenvectors would change signs with the rounding.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.functional import hessian, jacobian

from landscape_lib.measure.curvature._network import Network


@dataclass(frozen=True)
class HessianParts:
    """𝓗 = 𝓗₀ + 𝓗_p of the quadratic hinge, of one network; both symmetric."""

    contacts: Float[Tensor, "parameters parameters"]
    outputs: Float[Tensor, "parameters parameters"]
    unsatisfied: int

    @property
    def whole(self) -> Float[Tensor, "parameters parameters"]:
        """𝓗."""
        return self.contacts + self.outputs


def hessian_parts(
    network: nn.Module, inputs: Float[Tensor, "points features"], labels: Float[Tensor, "..."]
) -> HessianParts:
    """The Hessian of 𝓛 = (1/P) Σ_μ ½ max(0, Δ_μ)², Δ_μ = 1 − y_μ f(x_μ), in its two parts, over all parameters.

    𝓗₀ = (1/P) Σ ∇Δ_μ ∇Δ_μᵀ, and 𝓗_p = (1/P) Σ Δ_μ ∇²Δ_μ, sums over the N_Δ patterns with Δ_μ > 0. 𝓗₀ is positive
    semi-definite of rank N_Δ at most. A network of ReLU is linear in the weights of each layer, so 𝓗_p has no
    entry within a layer: its trace is zero, and with one hidden layer, without a bias at the output, its spectrum is
    symmetric. Geiger et al. (2019), section IV. In double precision; the kinks of ReLU have measure zero.
    """
    if inputs.ndim != 2 or labels.shape != inputs.shape[:1]:
        raise ValueError(
            f"hessian_parts: inputs of shape {tuple(inputs.shape)} and labels of {tuple(labels.shape)}; "
            "need (points, features) and (points,)"
        )
    flat, gaps = _gaps_of(network, inputs, labels)
    delta = gaps(flat)
    if not torch.isfinite(delta).all():
        raise ValueError("hessian_parts: an output of the network is not finite")
    missed, weights = delta > 0, delta.clamp(min=0)
    slopes = jacobian(gaps, flat)[missed]
    return HessianParts(
        contacts=slopes.T @ slopes / len(labels),
        outputs=hessian(lambda theta: (weights * gaps(theta)).sum(), flat) / len(labels),
        unsatisfied=int(missed.sum()),
    )


def loss_along(
    network: nn.Module,
    inputs: Float[Tensor, "points features"],
    labels: Float[Tensor, "points"],
    direction: Float[Tensor, "..."],
    steps: Float[Tensor, "steps"],
) -> Float[Tensor, "steps"]:
    """𝓛 at θ + t v for each t of ``steps``, v a direction over all parameters, in their order; in double precision."""
    flat, gaps = _gaps_of(network, inputs, labels)
    if direction.shape != flat.shape:
        raise ValueError(f"loss_along: a direction of shape {tuple(direction.shape)}; need {tuple(flat.shape)}")
    return torch.stack([gaps(flat + t * direction).clamp(min=0).square().mean() / 2 for t in steps.double()])


def _gaps_of(
    network: nn.Module, inputs: Tensor, labels: Tensor
) -> tuple[Float[Tensor, "parameters"], Callable[[Tensor], Tensor]]:
    """All parameters in a row, and the gaps as a function of them."""
    net = Network.of(network, "hessian_parts", torch.float64)
    x, y = inputs.double(), labels.double()
    return net.theta, lambda theta: 1 - y * net(theta, x).reshape(len(y))
