"""A network as a function of all its parameters in a row, and the batches that its loss is a mean over."""

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from landscape_lib.nets import unruly_part

Loss = Callable[[Tensor, Tensor], Tensor]  # of (outputs, targets): one number, the mean over the batch
Batches = Iterable[Sequence[Tensor]]  # (inputs, targets), each with points in front


@dataclass(frozen=True)
class Network:
    """f(x; θ): a copy, which stays as the network was when it was taken, in its mode and with its buffers."""

    module: nn.Module
    shapes: dict[str, torch.Size]
    theta: Float[Tensor, "parameters"]

    @classmethod
    def of(cls, network: nn.Module, what: str, dtype: torch.dtype | None = None) -> "Network":
        """In another precision where one is given."""
        named = {name: value.detach() for name, value in network.named_parameters()}
        if not named:
            raise ValueError(f"{what}: {type(network).__name__} has no parameters, so no curvature")
        theta = torch.cat([value.to(dtype or value.dtype).flatten() for value in named.values()])
        return cls(copy.deepcopy(network), {name: value.shape for name, value in named.items()}, theta)

    def __call__(self, theta: Float[Tensor, "parameters"], inputs: Tensor) -> Tensor:
        """The outputs with the parameters θ."""
        parts = theta.split([math.prod(shape) for shape in self.shapes.values()])
        named = {name: part.view(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}
        return functional_call(self.module, named, (inputs,))


def checked_network(network: nn.Module, what: str) -> Network:
    """The network, after the door: with parameters, and a function of one input."""
    if part := unruly_part(network):
        raise ValueError(
            f"{what}: {part} in training mode, where the loss is no mean over points: it couples those of a batch, or "
            "is drawn at random; call .eval() on the network"
        )
    return Network.of(network, what)


def checked_batches(batches: Batches, network: Network, what: str) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches one after another, each after the door; one at least."""
    if isinstance(batches, Iterator):
        raise ValueError(f"{what}: batches are a {type(batches).__name__}, empty after one pass; give a list of them")
    number = 0
    for number, (inputs, targets) in enumerate(batches, 1):
        if inputs.ndim == 0 or len(inputs) == 0 or targets.shape[:1] != inputs.shape[:1]:
            raise ValueError(
                f"{what}: batch {number} has inputs of shape {tuple(inputs.shape)} and targets of "
                f"{tuple(targets.shape)}; need (points, …) for both, one point at least"
            )
        theta = network.theta
        if (inputs.is_floating_point() and inputs.dtype != theta.dtype) or inputs.device != theta.device:
            raise ValueError(
                f"{what}: batch {number} has inputs of {inputs.dtype} on {inputs.device}, the network is {theta.dtype} "
                f"on {theta.device}; bring them together with .to(…)"
            )
        yield inputs, targets
    if not number:
        raise ValueError(f"{what}: no batches, need at least one pair (inputs, targets)")


def checked_loss(loss: Loss, outputs: Tensor, targets: Tensor, what: str) -> Tensor:
    """ℓ of a batch, if it is a finite number."""
    value = loss(outputs, targets)
    if value.ndim:
        raise ValueError(f"{what}: loss returned shape {tuple(value.shape)}; need one number, the mean over a batch")
    if not value.isfinite():
        raise ValueError(
            f"{what}: the loss is {value.item()}; look for NaN in the inputs, or for weights that training broke"
        )
    return value
