"""What a kernel learns: regression, its gradient flow in closed form, and features for the flow of any loss.

A centred network that stays lazy is such a model, with its tangent kernel.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

ITERATIONS = 50  # of the power method: enough for a norm to a few percent


@dataclass(frozen=True)
class KernelRegression:
    """f = Σ_μ c_μ K(·, x_μ), with how well conditioned the system behind it was."""

    coefficients: Float[Tensor, "points *outputs"]
    ridge: float
    condition: float  # of K + ridge · 1 in the 2-norm, estimated from below

    @property
    def digits(self) -> float:
        """Decimal digits that rounding, relative 2e-16, leaves of the coefficients at least."""
        return -math.log10(self.condition * torch.finfo(torch.float64).eps)

    def __call__(self, kernel: Float[Tensor, "tests points"]) -> Float[Tensor, "tests *outputs"]:
        """f at test points, from their kernel with the training points."""
        return kernel.double() @ self.coefficients


def kernel_ridge(
    kernel: Float[Tensor, "points points"], targets: Float[Tensor, "points *outputs"], ridge: float = 0.0
) -> KernelRegression:
    """The f that minimises Σ_μ (f(x_μ) − y_μ)² + ridge ‖f‖²: c = (K + ridge · 1)⁻¹ y, by Cholesky, in float64.

    Without a ridge f goes through all targets. The condition number κ is estimated by power iterations on K and on its
    inverse. Where κ times the rounding error of ``kernel`` as it was given reaches 1, or K is not positive definite,
    no digit of c is left, and it is refused: add a ridge, or take other points.

    >>> K = torch.tensor([[4.0, 0.0], [0.0, 9.0]])
    >>> f = kernel_ridge(K, torch.tensor([4.0, 18.0]))
    >>> f.coefficients.tolist(), round(f.condition, 3)
    ([1.0, 2.0], 2.25)
    """
    K, y = _system(kernel, targets, "kernel_ridge")
    if isinstance(ridge, bool) or not (math.isfinite(ridge) and ridge >= 0):
        raise ValueError(f"kernel_ridge: ridge is {ridge!r}, need a number of at least 0")
    K = K + ridge * torch.eye(len(K)).to(K)
    factor, failed = torch.linalg.cholesky_ex(K)
    condition = math.inf if failed else _norm(K) * _norm(factor, inverse=True)
    if not condition * torch.finfo(kernel.dtype).eps < 1:
        rounding = len(K) * torch.finfo(kernel.dtype).eps * _norm(K)
        raise ValueError(
            f"kernel_ridge: the kernel of {len(K)} points, in {kernel.dtype}, with ridge {ridge:g}, has condition "
            f"number {condition:.1e}: no digit of the solution is left; add a ridge of {rounding:.0e} or more, or "
            "leave out points that nearly coincide"
        )
    coefficients = torch.cholesky_solve(y.flatten(1) if y.ndim > 1 else y[:, None], factor)
    return KernelRegression(coefficients.view_as(y), float(ridge), condition)


def kernel_flow(
    kernel: Float[Tensor, "points points"],
    targets: Float[Tensor, "points"],
    times: Float[Tensor, "times"],
    tests: Float[Tensor, "tests points"] | None = None,
) -> Float[Tensor, "times _"]:
    """Gradient flow of the squared loss in closed form: F at training points, or ``tests``, F = 0 at t = 0.

    With 𝓛 = (1/P) Σ_μ ½ (F_μ − y_μ)², dF/dt = −(1/P) K (F − y), so that F(t) = K_* K⁻¹ (1 − e^{−K t/P}) y, K_* the
    kernel between the points asked for and the training points (Jacot et al. 2018, section 5). By eigenvectors:
    (1 − e^{−λt/P})/λ is t/P where λ = 0, so that it needs no inverse, and exists for a singular K.

    >>> kernel_flow(torch.tensor([[2.0]]), torch.tensor([1.0]), torch.tensor([0.0, 0.5 * torch.log(torch.tensor(2.0))]))
    tensor([[0.0000],
            [0.5000]], dtype=torch.float64)
    """
    K, y = _system(kernel, targets, "kernel_flow")
    if y.ndim != 1 or (tests is not None and tests.shape[1:] != y.shape) or not (times >= 0).all():
        others = tests if tests is None else tuple(tests.shape)
        raise ValueError(
            f"kernel_flow: targets have shape {tuple(y.shape)}, tests {others}, "
            f"times are at least {times.min().item():g}; need (points,), (tests, points) and times from 0 on"
        )
    values, vectors = torch.linalg.eigh(K)
    rate = values.clamp(min=0) * (times.to(K) / len(K))[:, None]
    reached = (times.to(K) / len(K))[:, None] * torch.where(rate > 0, -torch.expm1(-rate) / rate.where(rate > 0, 1), 1)
    coefficients = (reached * (vectors.T @ y)) @ vectors.T
    return coefficients @ (K if tests is None else tests.double()).T


def kernel_features(
    kernel: Float[Tensor, "points points"], tests: Float[Tensor, "tests points"] | None = None
) -> tuple[Float[Tensor, "points features"], Float[Tensor, "_ features"]]:
    """Φ with K = Φ Φᵀ, and the features of test points: a linear model in Φ learns as the kernel does, by any loss.

    Φ = U √λ, and Φ_* = K_* U/√λ, over the eigenvalues above P times the rounding error of ``kernel`` as it was given
    times the largest. ``gradient_flow`` of ``nn.Linear(features, 1, bias=False)`` from zero is the kernel's flow.

    >>> K = torch.tensor([[2.0, 1.0], [1.0, 2.0]]).double()
    >>> torch.allclose(K, (features := kernel_features(K)[0]) @ features.T)
    True
    """
    K, _ = _system(kernel, kernel[:, 0], "kernel_features")
    if tests is not None and tests.shape[1:] != K.shape[:1]:
        raise ValueError(f"kernel_features: tests have shape {tuple(tests.shape)}, need (tests, {len(K)})")
    values, vectors = torch.linalg.eigh(K)
    seen = values > len(K) * torch.finfo(kernel.dtype).eps * values[-1]
    root, vectors = values[seen].sqrt(), vectors[:, seen]
    features = vectors * root
    return features, features if tests is None else tests.double() @ (vectors / root)


def laplace_kernel(
    inputs: Float[Tensor, "points features"], others: Float[Tensor, "others features"], width: float
) -> Float[Tensor, "points others"]:
    """exp(−‖x − x'‖ / width): as rough as the tangent kernel of ReLU networks (1905.10843).

    >>> laplace_kernel(torch.tensor([[0.0]]), torch.tensor([[0.0], [2.0]]), width=2.0)
    tensor([[1.0000, 0.3679]])
    """
    if isinstance(width, bool) or not (math.isfinite(width) and width > 0):
        raise ValueError(f"laplace_kernel: width is {width!r}, need a positive number")
    if inputs.ndim != 2 or others.ndim != 2 or inputs.shape[1] != others.shape[1]:
        raise ValueError(
            f"laplace_kernel: inputs have shape {tuple(inputs.shape)} and others {tuple(others.shape)}; need "
            "(points, features) and (others, features)"
        )
    # Not by ‖x‖² + ‖x'‖² − 2 x·x': close points, which decide the roughness, would lose half of their digits.
    return torch.exp(-torch.cdist(inputs, others, compute_mode="donot_use_mm_for_euclid_dist") / width)


def _system(kernel: Tensor, targets: Tensor, what: str) -> tuple[Tensor, Tensor]:
    """Kernel and targets in double precision, after the door."""
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or len(kernel) == 0 or len(targets) != len(kernel):
        raise ValueError(
            f"{what}: the kernel has shape {tuple(kernel.shape)} and the targets {tuple(targets.shape)}; need "
            "(points, points), symmetric, and (points,)"
        )
    if not (kernel.isfinite().all() and targets.isfinite().all()):
        raise ValueError(f"{what}: kernel or targets hold NaN or infinity")
    K = kernel.double()
    away = (K - K.T).abs().max().item()
    if away > 100 * torch.finfo(kernel.dtype).eps * K.abs().max().item():
        raise ValueError(f"{what}: the kernel is not symmetric, it differs from its transpose by up to {away:.1e}")
    return (K + K.T) / 2, targets.double()


def _norm(matrix: Tensor, inverse: bool = False) -> float:
    """‖K‖₂ by the power method, or ‖K⁻¹‖₂ where ``matrix`` is the Cholesky factor of K; from below."""
    vector = torch.randn(len(matrix), 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(matrix)
    size = torch.zeros(())
    for _ in range(ITERATIONS):
        vector = torch.cholesky_solve(vector, matrix) if inverse else matrix @ vector
        size = vector.norm()
        vector = vector / size
    return size.item()
