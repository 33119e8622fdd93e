"""Products of a Hessian with vectors: no entry of it is ever formed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd import grad
from torch.autograd.graph import saved_tensors_hooks

from landscape_lib.measure.curvature._network import (
    Batches,
    Loss,
    Network,
    checked_batches,
    checked_loss,
    checked_network,
)

MEMORY = 2e9  # bytes
TOGETHER = 32  # vectors back-propagated at once: more gain nothing on a processor

Rows = Callable[[Float[Tensor, "vectors parameters"]], Float[Tensor, "vectors parameters"]]


@dataclass(frozen=True)
class Product:
    """v ↦ A v for a symmetric A of N × N that is never written down; ``rows`` does it for vectors in rows."""

    rows: Rows
    N: int
    dtype: torch.dtype
    device: torch.device

    def __call__(self, vectors: Float[Tensor, "parameters *k"]) -> Float[Tensor, "parameters *k"]:
        """A v of one vector, (parameters,), or of each column of (parameters, k)."""
        if vectors.ndim not in (1, 2) or len(vectors) != self.N:
            raise ValueError(
                f"product: vectors have shape {tuple(vectors.shape)}, need ({self.N},), or ({self.N}, k) for k of them"
            )
        if vectors.dtype != self.dtype or vectors.device != self.device:
            raise ValueError(
                f"product: vectors are {vectors.dtype} on {vectors.device}, the matrix {self.dtype} on {self.device}; "
                "bring them together with .to(…)"
            )
        if vectors.ndim == 1:
            return self.rows(vectors[None])[0]
        return self.rows(vectors.T.contiguous()).T if vectors.shape[1] else vectors.clone()


Symmetric = Product | Float[Tensor, "parameters parameters"]  # a matrix at hand is taken too


def as_product(matrix: Symmetric, what: str) -> Product:
    """A product is one already; a symmetric matrix multiplies."""
    if isinstance(matrix, Product):
        return matrix
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise ValueError(f"{what}: the matrix has shape {tuple(matrix.shape)}, need (parameters, parameters)")
    if not matrix.isfinite().all():
        raise ValueError(f"{what}: the matrix holds NaN or infinity")
    away = (matrix - matrix.T).abs().max()
    if away > 100 * torch.finfo(matrix.dtype).eps * matrix.abs().max():
        raise ValueError(f"{what}: the matrix is not symmetric, it differs from its transpose by up to {away:.1e}")
    return Product(lambda rows: rows @ matrix, len(matrix), matrix.dtype, matrix.device)


@torch.enable_grad()
def gradient(network: nn.Module, loss: Loss, batches: Batches) -> Float[Tensor, "parameters"]:
    """∇𝓛 over all parameters in a row, 𝓛 = Σ_b (n_b/P) ℓ_b as in `hessian_product`; no ``.grad`` is touched.

    >>> x, y = torch.tensor([[1.0], [2.0], [3.0]]), torch.zeros(3, 1)
    >>> net = nn.Linear(1, 1)
    >>> _ = net.load_state_dict({"weight": torch.ones(1, 1), "bias": torch.zeros(1)})
    >>> gradient(net, nn.functional.mse_loss, [(x[:2], y[:2]), (x[2:], y[2:])])      # 2 ⟨x²⟩ and 2 ⟨x⟩
    tensor([9.3333, 4.0000])
    """
    net = checked_network(network, "gradient")
    leaf, P = net.theta.requires_grad_(), 0
    total = torch.zeros_like(net.theta, requires_grad=False)
    for inputs, targets in checked_batches(batches, net, "gradient"):
        value = checked_loss(loss, net(leaf, inputs), targets, "gradient")
        total += len(inputs) * derivative(value[None], leaf, value.new_ones(1, 1))[0]
        P += len(inputs)
    return total / P


@torch.enable_grad()
def hessian_product(
    network: nn.Module, loss: Loss, batches: Batches, *, part: str = "whole", memory: float = MEMORY
) -> Product:
    """v ↦ H v with H = ∇²𝓛, 𝓛 = Σ_b (n_b/P) ℓ_b: batches count by their number of points n_b, P in all.

    ``loss(outputs, targets)`` is the mean ℓ_b over a batch; ``batches`` can be passed over again: a list of (inputs,
    targets), or a loader. Vectors run over all parameters, in the order of ``network.parameters()``. ``part`` says
    what of H = G + (H − G) is multiplied:

    - ``"whole"``: H, by differentiating ∇𝓛 once more (Pearlmutter 1994);
    - ``"gauss_newton"``: G = Σ_b (n_b/P) J_bᵀ (∂²ℓ_b/∂f²) J_b, J = ∂f/∂θ, positive semi-definite if ℓ is convex in f;
    - ``"functional"``: H − G = Σ_b (n_b/P) Σ (∂ℓ_b/∂f) ∇²f, zero if f is linear in θ (Sagun et al., 1706.04454).

    H is that of the network as it is now, and stays so if it is trained on; the network itself is not touched. The
    graphs of the gradients are kept from product to product if all fit into ``memory`` bytes, which halves the time;
    else each product builds them again, batch by batch. Several vectors at once are cheaper than one by one.

    In the network's precision. With ReLU, H is that of the linear piece in which each point lies: the kinks, where
    ∇𝓛 jumps, have measure zero, and add nothing. BatchNorm and Dropout in training mode are refused.

    >>> x, y = torch.tensor([[1.0], [2.0], [3.0]]), torch.zeros(3, 1)
    >>> H = hessian_product(nn.Linear(1, 1), nn.functional.mse_loss, [(x[:2], y[:2]), (x[2:], y[2:])])
    >>> H(torch.tensor([1.0, 0.0]))             # 2 ⟨x²⟩ and 2 ⟨x⟩ over the three points
    tensor([9.3333, 4.0000])
    """
    if part not in _PARTS:
        raise ValueError(f"hessian_product: part is {part!r}, choose one of {tuple(_PARTS)}")
    net = checked_network(network, "hessian_product")
    leaf = net.theta.requires_grad_()

    def graphs() -> Iterator[tuple[Tensor, Rows]]:
        for inputs, targets in checked_batches(batches, net, "hessian_product"):
            outputs = net(leaf, inputs)
            checked_loss(loss, outputs.detach(), targets, "hessian_product")
            yield inputs, _PARTS[part](outputs, leaf, loss, targets)

    kept: list[tuple[Tensor, Rows]] | None = []
    used, largest = 0, 1
    for inputs, apply in graphs():
        size = _bytes(net, inputs)
        used, largest = used + size, max(largest, size)
        if kept is not None:
            kept.append((inputs, apply))
        if used > memory / 2:
            kept = None
    together = min(TOGETHER, max(1, int(memory / 2 / largest)))

    @torch.enable_grad()  # whatever the caller has switched off
    def rows(vectors: Tensor) -> Tensor:
        total, P = torch.zeros_like(vectors), 0
        for inputs, apply in graphs() if kept is None else kept:
            total += len(inputs) * torch.cat([apply(some) for some in vectors.split(together)])
            P += len(inputs)
        return total / P

    return Product(rows, len(leaf), leaf.dtype, leaf.device)


def scaled_product(matrix: Symmetric, scale: Float[Tensor, "parameters"]) -> Product:
    """v ↦ D A D v with D = diag(``scale``): the Hessian in the units s of the weights, w = s u.

    Its trace and largest eigenvalue are those of adaptive sharpness if s is |w|.

    >>> scaled_product(torch.tensor([[2.0, 1.0], [1.0, 3.0]]), torch.tensor([1.0, 10.0]))(torch.tensor([0.0, 1.0]))
    tensor([ 10., 300.])
    """
    product = as_product(matrix, "scaled_product")
    if tuple(scale.shape) != (product.N,) or not scale.isfinite().all():
        raise ValueError(f"scaled_product: scale has shape {tuple(scale.shape)}, need ({product.N},), finite numbers")
    own = scale.to(product.device, product.dtype)
    return Product(lambda rows: own * product.rows(own * rows), product.N, product.dtype, product.device)


def derivative(values: Tensor, leaf: Tensor, rows: Tensor) -> Tensor:
    """Σ_i c_i ∂values_i/∂leaf for each row c, all rows at once, (rows, …); zero where nothing depends on the leaf."""
    if not values.requires_grad:
        return leaf.new_zeros(len(rows), *leaf.shape)
    options = {"retain_graph": True, "allow_unused": True, "materialize_grads": True}
    if len(rows) > 1:
        try:
            return grad(values, leaf, rows, is_grads_batched=True, **options)[0].detach()
        except RuntimeError:  # an operation that cannot be batched, such as GroupNorm's in torch 2.13: one by one
            pass
    return torch.stack([grad(values, leaf, row, **options)[0].detach() for row in rows])


def differentiable(value: Tensor, leaf: Tensor, weights: Tensor | None = None) -> Tensor:
    """Σ weights ∂value/∂leaf, to be differentiated again."""
    if not value.requires_grad:
        return torch.zeros_like(leaf, requires_grad=False)
    return grad(value, leaf, weights, create_graph=True, allow_unused=True, materialize_grads=True)[0]


def _slopes(outputs: Tensor, loss: Loss, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The outputs as a leaf, and ∂ℓ/∂f there."""
    leaf = outputs.detach().requires_grad_()
    return leaf, differentiable(loss(leaf, targets), leaf)


def _whole(outputs: Tensor, leaf: Tensor, loss: Loss, targets: Tensor) -> Rows:
    slope = differentiable(loss(outputs, targets), leaf)
    return lambda rows: derivative(slope, leaf, rows)


def _functional(outputs: Tensor, leaf: Tensor, loss: Loss, targets: Tensor) -> Rows:
    slope = differentiable(outputs, leaf, _slopes(outputs, loss, targets)[1].detach())
    return lambda rows: derivative(slope, leaf, rows)


def _gauss_newton(outputs: Tensor, leaf: Tensor, loss: Loss, targets: Tensor) -> Rows:
    f, slopes = _slopes(outputs, loss, targets)
    u = torch.zeros_like(outputs, requires_grad=True)
    pulled = differentiable(outputs, leaf, u)  # Jᵀ u, linear in u, whose derivative along v is J v

    def apply(rows: Tensor) -> Tensor:
        moved = derivative(pulled, u, rows)
        return derivative(outputs, leaf, derivative(slopes, f, moved))

    return apply


_PARTS: dict[str, Callable[[Tensor, Tensor, Loss, Tensor], Rows]] = {
    "whole": _whole,
    "gauss_newton": _gauss_newton,
    "functional": _functional,
}


def _bytes(net: Network, inputs: Tensor) -> int:
    """What the graph of a gradient holds, about: the graph of the outputs holds a half to all of it."""
    held: dict[int, int] = {}

    def pack(value: Tensor) -> Tensor:
        held[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
        return value

    with saved_tensors_hooks(pack, lambda value: value):
        net(net.theta, inputs)
    return 2 * sum(held.values())
