"""A fully connected network whose hidden units do not feel how long their weights are."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.nets._architectures import MLP


class NormalisedMLP(MLP):
    """An `MLP` whose hidden units divide by the length of their weights: z_j = w_j·x/‖w_j‖ + b_j.

    The function does not change when the w_j of a hidden unit is multiplied by a factor a > 0, and its Hessian along
    w_j is divided by a²: what a step of gradient descent does is set by η/‖w_j‖², and ‖w_j‖ only grows under it, by
    the square of the step, unless weight decay pulls it back. That is how BatchNorm acts on the weights before it
    (van Laarhoven 2017, 1706.05350), here without its coupling of the points of a batch. The last layer is a plain
    one. Salimans and Kingma (2016), 1602.07868, without their gains.

    >>> net = NormalisedMLP(d=3, h=4, L=2)
    >>> x, before = torch.eye(3), net(torch.eye(3))
    >>> _ = net.layers[1].weight.data.mul_(8)
    >>> torch.equal(net(x), before)
    True
    """

    def stacked(
        self, parameters: Mapping[str, Tensor], inputs: Float[Tensor, "*nets points features"]
    ) -> Float[Tensor, "_ points outputs"]:
        """f of many networks, as of `MLP`."""
        hidden = {f"layers.{i}.weight" for i in range(self.L)}
        own = {name: w / w.norm(dim=-1, keepdim=True) if name in hidden else w for name, w in parameters.items()}
        return super().stacked(own, inputs)

    def pullback(
        self, parameters: Mapping[str, Tensor], inputs: Float[Tensor, "nets points features"]
    ) -> tuple[Float[Tensor, "nets points outputs"], Callable[[Tensor], Float[Tensor, "nets parameters"]]] | None:
        """None: back-propagation is left to ``torch.autograd``."""
        return None

    def lengths(self, weights: Float[Tensor, "nets parameters"]) -> Float[Tensor, "nets units"]:
        """‖w_j‖ of every hidden unit of many networks, whose parameters lie in rows."""
        found, start = [], 0
        for columns in [self.d] + [self.h] * (self.L - 1):
            part = weights[:, start : start + self.h * columns]
            found.append(part.unflatten(1, (self.h, columns)).norm(dim=2))
            start += self.h * (columns + 1)
        return torch.cat(found, dim=1)
