"""Where the gradient lies in the Hessian's spectrum, and the curvature that steps along it feel."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from landscape_lib.measure.curvature._network import Batches, Loss, checked_batches, checked_loss, checked_network
from landscape_lib.measure.curvature._products import Symmetric, as_product, derivative, differentiable


def gradient_overlap(gradient: Float[Tensor, "parameters"], vectors: Float[Tensor, "parameters k"]) -> float:
    """‖P_k g‖²/‖g‖², P_k the projection onto the k eigenvectors in columns: 1 if g lies in their space, k/N at random.

    Gur-Ari, Roberts and Dyer (1812.04754), with k the number of classes.

    >>> gradient_overlap(torch.tensor([3.0, 4.0]), torch.tensor([[1.0], [0.0]]))
    0.36
    """
    unit = _direction(gradient, "gradient_overlap")
    if vectors.ndim != 2 or len(vectors) != len(gradient):
        raise ValueError(
            f"gradient_overlap: vectors have shape {tuple(vectors.shape)}, need ({len(gradient)}, k), in columns"
        )
    v = vectors.double()
    if (v.T @ v - torch.eye(v.shape[1]).to(v)).abs().max() > 1e-3:
        raise ValueError("gradient_overlap: vectors are not orthonormal; take those of eigenpairs or torch.linalg.qr")
    return (v.T @ unit).square().sum().item()


def gradient_curvature(matrix: Symmetric, gradient: Float[Tensor, "parameters"], largest: float) -> float:
    """‖H g‖ / (‖g‖ max|λ|), between 0 and 1: the curvature that g meets, as a share of the ``largest`` |λ|.

    ‖H g‖/‖g‖ alone is a curvature, and scales with the loss; over max|λ| no change of units moves it. Near 0 the
    gradient lies where H is flat. Descent on ‖∇𝓛‖² is stuck at such a point though the gradient does not vanish (Frye
    et al., 2003.10397): it is no critical point, and its negative eigenvalues make no saddle.

    >>> round(gradient_curvature(torch.diag(torch.tensor([2.0, 0.0])), torch.tensor([3.0, 4.0]), largest=2.0), 6)
    0.6
    """
    product = as_product(matrix, "gradient_curvature")
    unit = _direction(gradient, "gradient_curvature").to(gradient)
    if isinstance(largest, bool) or not (math.isfinite(largest) and largest > 0):
        raise ValueError(f"gradient_curvature: largest is {largest!r}, need the largest |λ|, a positive number")
    return product(unit).double().norm().item() / largest


@torch.enable_grad()
def batch_sharpness(network: nn.Module, loss: Loss, batches: Batches) -> tuple[float, float]:
    """E_B[g_Bᵀ H_B g_B / ‖g_B‖²] and its standard error: the curvature of a batch along its own gradient, on average.

    Batches are draws of one size, each with its own gradient g_B and Hessian H_B; of all points in one batch it is the
    curvature along ∇𝓛, below λ₁. Andreyev and Beneventano (2412.20553) find it at 2/η for SGD of step η. A mean of
    ratios, not the ratio of means. Batches without a gradient have no such curvature, and are left out; of one batch
    the error is NaN.

    >>> x, y = torch.tensor([[1.0], [2.0]]), torch.zeros(2, 1)
    >>> net = nn.Linear(1, 1, bias=False)                              # ∂²ℓ/∂w² = 2 x²
    >>> value, error = batch_sharpness(net, nn.functional.mse_loss, [(x[:1], y[:1]), (x[1:], y[1:])])
    >>> round(value, 6), round(error, 6)
    (5.0, 3.0)
    """
    net = checked_network(network, "batch_sharpness")
    leaf, size, found = net.theta.requires_grad_(), 0, []
    for inputs, targets in checked_batches(batches, net, "batch_sharpness"):
        size = size or len(inputs)
        if len(inputs) != size:
            raise ValueError(f"batch_sharpness: batches of {size} and {len(inputs)} points; need one size")
        slope = differentiable(checked_loss(loss, net(leaf, inputs), targets, "batch_sharpness"), leaf)
        length = slope.detach().norm()
        if length > 0:
            unit = slope.detach() / length
            found.append(derivative(slope, leaf, unit[None])[0].double() @ unit.double())
    if not found:
        raise ValueError("batch_sharpness: no batch has a gradient, and there is no curvature along it")
    each = torch.stack(found)
    error = each.std().item() / math.sqrt(len(each)) if len(each) > 1 else math.nan
    return each.mean().item(), error


def _direction(gradient: Tensor, what: str) -> Float[Tensor, "parameters"]:
    """g/‖g‖ in double precision, however small g is."""
    if gradient.ndim != 1 or not gradient.isfinite().all() or not gradient.any():
        raise ValueError(
            f"{what}: the gradient, of shape {tuple(gradient.shape)}, must be (parameters,), finite, and not zero"
        )
    g = gradient.double() / gradient.abs().max()
    return g / g.norm()
