"""The noise of SGD at one network: how the gradients of single points scatter about their mean."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from landscape_lib.nets import (
    Factors,
    gradient_factors,
    gradient_products,
    gradient_squares,
    sample_gradients,
    summed_gradient,
    unruly_part,
)

Loss = Callable[[Tensor, Tensor], Tensor]  # of (outputs, targets): one number, the mean over the points
MEMORY = 1e9  # bytes


@dataclass(frozen=True)
class GradientNoise:
    """Mean g and covariance Σ = (1/P) Σ_μ (g_μ − g)(g_μ − g)ᵀ of the gradients of P points.

    A batch of B points drawn with replacement has a gradient of mean g and covariance Σ/B, exactly; of B drawn without,
    Σ/B · (P − B)/(P − 1). For points that stand for a distribution, Σ is P/(P − 1) of this.
    """

    gradient: Float[Tensor, "parameters"]
    trace: float
    eigenvalues: Float[Tensor, "top"]  # the largest of Σ, as many as were asked for
    points: int

    @property
    def scale(self) -> float:
        """B_simple = tr Σ/‖g‖², the batch whose noise is as large as its signal (McCandlish et al., 1812.06162)."""
        square = self.gradient.double().square().sum().item()
        if not square:
            raise ValueError("GradientNoise: the gradient is zero, and noise over it has no scale")
        return self.trace / square


def gradient_noise(
    network: nn.Module,
    loss: Loss,
    inputs: Float[Tensor, "points *features"],
    targets: Shaped[Tensor, "points ..."],
    *,
    top: int = 0,
    memory: float = MEMORY,
) -> GradientNoise:
    """The `GradientNoise` of a network on these points, and the ``top`` largest eigenvalues of Σ.

    ``loss(outputs, targets)`` is the mean over points of a loss of each: 𝓛 = (1/P) Σ_μ ℓ(f(x_μ), y_μ), g_μ = ∇ℓ_μ.
    Of `MLP` and `CNN` ‖g_μ‖² comes layer by layer, Σ_l ‖x_l‖² ‖δ_l‖² with x_l what enters layer l and δ_l = ∂ℓ/∂z_l, so
    that no gradient of a point is formed; of others by `torch.func`. The non-zero eigenvalues of Σ are those of the
    P × P matrix (g_μ − g)·(g_ν − g)/P, which is formed if ``top`` is not 0.

    In the network's precision, ``memory`` bytes at a time: of tr Σ relative to ⟨‖g_μ‖²⟩ rounding loses 1e-7 in single
    and 1e-16 in double precision. BatchNorm and Dropout in training mode are refused.

    >>> x, y = torch.tensor([[1.0], [2.0]]), torch.zeros(2, 1)
    >>> net = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.ones_(net.weight)                              # g_μ = 2 x²: 2 and 8
    >>> noise = gradient_noise(net, nn.functional.mse_loss, x, y, top=1)
    >>> noise.gradient.item(), noise.trace, round(noise.scale, 6), round(noise.eigenvalues.item(), 6)
    (5.0, 9.0, 0.36, 9.0)
    """
    P = _refuse(network, loss, inputs, targets, "gradient_noise")
    if isinstance(top, bool) or not isinstance(top, int) or not 0 <= top <= P:
        raise ValueError(f"gradient_noise: top is {top!r}, need a whole number from 0 to P = {P}")
    if top and (need := 3 * P * P * inputs.element_size()) > memory:
        raise ValueError(
            f"gradient_noise: eigenvalues of {P} points need {need / 1e9:.3g} GB, memory allows {memory / 1e9:.3g} GB; "
            "take fewer points, top=0, or more memory"
        )
    squares, blocks, sums = [], [], []
    for factors in _blocks(network, loss, inputs, targets, memory):
        squares.append(gradient_squares(factors).double())
        sums.append(summed_gradient(network, factors))
        if top:
            blocks.append(factors)
    gradient = torch.stack(sums).sum(0) / P
    square = gradient.double().square().sum()
    trace = max(torch.cat(squares).mean().item() - square.item(), 0.0)
    if not math.isfinite(trace):
        raise ValueError(
            "gradient_noise: a gradient is NaN or infinite; look for such inputs, or for weights that training broke"
        )
    found = gradient.new_empty(0)
    if top:
        gram = torch.cat([torch.cat([gradient_products(a, b) for b in blocks], 1) for a in blocks]).double()
        centred = gram - gram.mean(0) - gram.mean(1, keepdim=True) + gram.mean()
        found = torch.linalg.eigvalsh(centred / P).flip(0)[:top].clamp(min=0).to(gradient.dtype)
    return GradientNoise(gradient, trace, found, P)


def point_gradients(
    network: nn.Module,
    loss: Loss,
    inputs: Float[Tensor, "points *features"],
    targets: Shaped[Tensor, "points ..."],
    *,
    memory: float = MEMORY,
) -> Iterator[Float[Tensor, "some parameters"]]:
    """The gradients g_μ themselves, all parameters in a row, in blocks of points that fit into ``memory`` bytes.

    As in `gradient_noise`; in the order of the points and of ``network.parameters()``.

    >>> x, y = torch.tensor([[1.0], [2.0]]), torch.zeros(2, 1)
    >>> net = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.ones_(net.weight)
    >>> torch.cat(list(point_gradients(net, nn.functional.mse_loss, x, y))).flatten()
    tensor([2., 8.])
    """
    _refuse(network, loss, inputs, targets, "point_gradients")
    return (sample_gradients(network, own) for own in _blocks(network, loss, inputs, targets, memory, whole=True))


def _blocks(
    network: nn.Module, loss: Loss, inputs: Tensor, targets: Tensor, memory: float, whole: bool = False
) -> Iterator[Factors]:
    """The factors of some points after others'. ``whole``: as many as can be written out."""

    def total(outputs: Tensor, targets: Tensor) -> Tensor:
        return len(outputs) * loss(outputs, targets)

    one = gradient_factors(network, inputs[:1], targets[:1], total)
    held = sum(p.numel() for p in network.parameters()) if whole else 0
    numbers = 2 * held + 4 * sum(factor.numel() for term in one for factor in term)
    size = int(memory / (numbers * inputs.element_size()))
    if size < 1:
        raise ValueError(
            f"gradients: one point takes {numbers * inputs.element_size() / 1e9:.3g} GB, memory allows "
            f"{memory / 1e9:.3g} GB; give more memory"
        )
    for start in range(0, len(inputs), size):
        yield gradient_factors(network, inputs[start : start + size], targets[start : start + size], total)


def _refuse(network: nn.Module, loss: Loss, inputs: Tensor, targets: Tensor, what: str) -> int:
    """The number of points, if a network, a loss and points belong together."""
    if part := unruly_part(network):
        raise ValueError(
            f"{what}: {part} in training mode, where a point has no gradient of its own; call .eval() on the network"
        )
    weights = next(network.parameters(), None)
    if weights is None:
        raise ValueError(f"{what}: {type(network).__name__} has no parameters, so no gradient")
    if inputs.ndim == 0 or len(inputs) == 0 or targets.shape[:1] != inputs.shape[:1]:
        raise ValueError(
            f"{what}: inputs of shape {tuple(inputs.shape)} and targets of {tuple(targets.shape)}; need (points, …) "
            "for both, one point at least"
        )
    if (inputs.is_floating_point() and inputs.dtype != weights.dtype) or inputs.device != weights.device:
        raise ValueError(
            f"{what}: inputs are {inputs.dtype} on {inputs.device}, the network {weights.dtype} on {weights.device}; "
            "bring them together with .to(…)"
        )
    with torch.no_grad():
        outputs = network(inputs[:2])
        value = loss(outputs, targets[:2])
        if value.ndim:
            raise ValueError(f"{what}: loss returned shape {tuple(value.shape)}; need one number, the mean over points")
        if not value.isfinite():
            raise ValueError(
                f"{what}: the loss of the first points is {value.item()}; look for NaN in the inputs, or for weights "
                "that training broke"
            )
        each = [loss(outputs[i : i + 1], targets[i : i + 1]).item() for i in range(len(outputs))]
    if abs(value.item() - sum(each) / len(each)) > 1e-3 * max(map(abs, each)):
        raise ValueError(
            f"{what}: the loss is {value.item():.4g} on the first two points, and {each[0]:.4g} and {each[1]:.4g} on "
            "each; need a mean over points, of a loss of each"
        )
    return len(inputs)
