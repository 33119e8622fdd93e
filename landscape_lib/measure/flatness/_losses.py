"""The losses of a population, after the door: what all measures of flatness ask for."""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.nets import Population, unruly_part
from landscape_lib.training import Loss


class Losses:
    """𝓛 of the networks of a population, at weights of their own choice; the networks themselves are not touched."""

    def __init__(self, nets: Population, inputs: Tensor, labels: Tensor, loss: Loss, caller: str) -> None:
        if part := unruly_part(nets.module):
            raise ValueError(f"{caller}: {part} in training mode, where the loss is no mean over points; call .eval()")
        self.nets, self.inputs, self.labels, self.loss = nets, nets.checked(inputs), labels, loss
        if inputs.shape[-2] == 0:
            raise ValueError(f"{caller}: inputs have shape {tuple(inputs.shape)}, need one point at least")
        with torch.no_grad():
            self.here = self(nets.weights)
        if not self.here.isfinite().all():
            raise ValueError(f"{caller}: losses are {self.here.tolist()!r:.80}; look for NaN in the inputs or weights")

    def __call__(self, weights: Float[Tensor, "nets parameters"]) -> Float[Tensor, "nets"]:
        """(1/P) Σ_μ ℓ_μ of each."""
        return self.loss(self.nets.evaluate(self.nets.views(weights), self.inputs), self.labels).mean(-1)

    @torch.enable_grad()
    def with_gradient(
        self, weights: Float[Tensor, "nets parameters"]
    ) -> tuple[Float[Tensor, "nets"], Float[Tensor, "nets parameters"]]:
        """Losses and their gradients."""
        leaf = weights.detach().requires_grad_()
        values = self(leaf)
        (gradient,) = torch.autograd.grad(values.sum(), leaf)
        return values.detach(), gradient

    def scale(self, scale: Tensor | None, caller: str) -> Tensor:
        """In which units weights are moved: 1 by default."""
        w = self.nets.weights
        if scale is None:
            return torch.ones_like(w)
        if scale.shape != w.shape or not (scale.isfinite() & (scale >= 0)).all():
            raise ValueError(
                f"{caller}: scale has shape {tuple(scale.shape)}, need {tuple(w.shape)}, one a weight, from 0 on"
            )
        return scale.to(w)
