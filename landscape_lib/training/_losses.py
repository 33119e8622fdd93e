"""Losses, each pattern's own: ℓ of (outputs, labels) → (nets, points). Training averages them over the patterns.

Binary losses take one output a pattern and labels ±1, as numbers of the outputs' type. Labels are shared by the
networks, (points,), or one set a network, (nets, points).
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

Loss = Callable[[Tensor, Tensor], Tensor]
BETA = 20.0  # of the soft hinge


def _margins(outputs: Tensor, labels: Tensor) -> Tensor:
    """y f, of shape (nets, points)."""
    if outputs.ndim != 3 or outputs.shape[-1] != 1:
        raise ValueError(f"binary loss: outputs have shape {tuple(outputs.shape)}, need (nets, points, 1)")
    return _fitting(labels, outputs) * outputs[..., 0]


def _fitting(labels: Tensor, outputs: Tensor) -> Tensor:
    """The labels, if there is one a pattern: other shapes would be broadcast, and couple patterns or networks."""
    nets, points = outputs.shape[:2]
    if labels.shape not in ((points,), (nets, points)):
        raise ValueError(f"loss: labels have shape {tuple(labels.shape)}, need ({points},) or ({nets}, {points})")
    return labels


def quadratic_hinge(
    outputs: Float[Tensor, "nets points 1"], labels: Float[Tensor, "*nets points"], margin: float = 1.0
) -> Float[Tensor, "nets points"]:
    """½ max(0, Δ)² with the gap Δ = κ − y f and κ the margin: a finite-range loss (1809.09349, eq. 2).

    >>> import torch
    >>> quadratic_hinge(torch.tensor([[[0.0], [2.0]]]), torch.tensor([1.0, 1.0]))
    tensor([[0.5000, 0.0000]])
    """
    return 0.5 * (margin - _margins(outputs, labels)).clamp(min=0).square()


def hinge(
    outputs: Float[Tensor, "nets points 1"], labels: Float[Tensor, "*nets points"], margin: float = 1.0
) -> Float[Tensor, "nets points"]:
    """max(0, κ − y f)."""
    return (margin - _margins(outputs, labels)).clamp(min=0)


def soft_hinge(
    outputs: Float[Tensor, "nets points 1"], labels: Float[Tensor, "*nets points"], beta: float = BETA
) -> Float[Tensor, "nets points"]:
    """log(1 + exp(β (1 − y f))) / β: the hinge with its corner rounded over a width 1/β (1906.08034)."""
    return F.softplus(1 - _margins(outputs, labels), beta=beta)


def cross_entropy(
    outputs: Float[Tensor, "nets points outputs"], labels: Float[Tensor, "*nets points"] | Int[Tensor, "*nets points"]
) -> Float[Tensor, "nets points"]:
    """−log p(y | x): log(1 + exp(−y f)) for one output and labels ±1, log-softmax for more and labels 0, 1, …

    Its range is infinite: every pattern pulls, however well it is classified.

    >>> import torch
    >>> cross_entropy(torch.zeros(1, 1, 1), torch.tensor([1.0]))     # log 2
    tensor([[0.6931]])
    """
    if outputs.shape[-1] == 1:
        return F.softplus(-_margins(outputs, labels))
    labels = _fitting(labels, outputs).long().expand(outputs.shape[:2])
    return -F.log_softmax(outputs, -1).gather(-1, labels[..., None])[..., 0]


def mean_square(
    outputs: Float[Tensor, "nets points outputs"], targets: Float[Tensor, "..."]
) -> Float[Tensor, "nets points"]:
    """½ ‖f − y‖², with targets (points,) for one output, or one-hot (points, outputs); or those of each network."""
    return 0.5 * (outputs - _targets(outputs, targets)).square().sum(-1)


def _targets(outputs: Tensor, targets: Tensor) -> Tensor:
    """The targets of `mean_square`, in a shape that goes with the outputs."""
    if targets.shape in (outputs.shape, outputs.shape[1:]):
        return targets
    if outputs.shape[-1] != 1:
        need = f"{tuple(outputs.shape[1:])} or {tuple(outputs.shape)}"
        raise ValueError(f"mean_square: targets have shape {tuple(targets.shape)}, need {need}")
    return _fitting(targets, outputs)[..., None]


def batch_mean(loss: Loss) -> Callable[[Tensor, Tensor], Tensor]:
    """One network's mean loss over a batch, of (outputs, labels) without an axis nets: as `measure.curvature` takes it.

    >>> batch_mean(mean_square)(torch.tensor([[1.0], [3.0]]), torch.tensor([0.0, 0.0]))
    tensor(2.5000)
    """
    return lambda outputs, labels: loss(outputs[None], labels).mean()


def slope(
    loss: Loss, outputs: Float[Tensor, "nets points outputs"], labels: Tensor
) -> Float[Tensor, "nets points outputs"]:
    """∂ℓ_μ/∂f_μ of each pattern: by its formula for the losses that chapters descend, by `torch.autograd` for others.

    A step of a small stack is made of the fixed costs of its operations, and the graph of a loss was a third of them.

    >>> slope(quadratic_hinge, torch.tensor([[[0.0], [2.0]]]), torch.tensor([1.0, 1.0])).flatten()
    tensor([-1., -0.])
    """
    if loss is quadratic_hinge:
        return ((1.0 - _margins(outputs, labels)).clamp_(min=0) * -labels)[..., None]
    if loss is soft_hinge:
        return (torch.sigmoid(BETA * (1.0 - _margins(outputs, labels))) * -labels)[..., None]
    if loss is cross_entropy and outputs.shape[-1] == 1:
        return (torch.sigmoid(-_margins(outputs, labels)) * -labels)[..., None]
    if loss is cross_entropy:
        places = _fitting(labels, outputs).long().expand(outputs.shape[:2])[..., None]
        logs, truth = outputs.log_softmax(-1), torch.zeros_like(outputs).scatter_(-1, places, -1.0)
        return torch.ops.aten._log_softmax_backward_data(truth, logs, -1, outputs.dtype)  # p − 1 at y, p elsewhere
    if loss is mean_square:
        return outputs - _targets(outputs, labels)
    leaf = outputs.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(leaf, labels).sum(), leaf)
    return gradient
