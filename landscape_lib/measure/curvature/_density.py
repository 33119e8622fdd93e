"""The whole spectrum of a large Hessian as a density, and its trace, from random vectors; with errors over these."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.measure.curvature._products import MEMORY, TOGETHER, Product, Symmetric, as_product


@dataclass(frozen=True)
class SpectralDensity:
    """ρ(λ) = (1/N) Σ_i δ(λ − λ_i) as each probe sees it: points λ ("nodes") and weights, which add up to 1.

    A probe is a random vector v = Σ_i c_i v_i, and its measure Σ_i c_i² δ(λ − λ_i), whose mean over probes is ρ, to the
    2·steps lowest moments. What is told of ρ is a mean over probes with its standard error.
    """

    nodes: Float[Tensor, "probes steps"]
    weights: Float[Tensor, "probes steps"]
    N: int

    @property
    def width(self) -> float:
        """σ of the Gaussians that ρ is drawn with: the range of the spectrum over the number of steps."""
        seen = self.nodes[self.weights > torch.finfo(torch.float64).eps]
        return ((seen.max() - seen.min()) / self.nodes.shape[1]).item()

    def __call__(
        self, at: Float[Tensor, "points"], width: float | None = None
    ) -> tuple[Float[Tensor, "points"], Float[Tensor, "points"]]:
        """ρ at these λ, each node a Gaussian of σ = ``width``, and its error; its integral over λ is 1."""
        sigma = self.width if width is None else width
        if isinstance(sigma, bool) or not sigma > 1e-12 * self.nodes.abs().max():
            raise ValueError(
                f"spectral_density: width is {sigma!r}, need a positive number; give one to a spectrum without a range"
            )
        heights = torch.exp(-(((at.to(self.nodes)[:, None, None] - self.nodes) / sigma) ** 2) / 2).mul(self.weights)
        each = heights.sum(-1) / (sigma * math.sqrt(2 * math.pi))
        return each.mean(1), each.std(1) / math.sqrt(each.shape[1])

    def mean(self, function: Callable[[Tensor], Tensor]) -> tuple[float, float]:
        """tr f(H)/N = ∫ f(λ) ρ(λ) dλ and its error: exact for each probe where f is a polynomial of degree < 2·steps.

        The mean curvature is ``mean(lambda x: x)``, the second moment ``mean(torch.square)``.
        """
        each = (function(self.nodes) * self.weights).sum(1)
        return each.mean().item(), (each.std() / math.sqrt(len(each))).item()

    def share(self, low: float = -math.inf, high: float = math.inf) -> tuple[float, float]:
        """The share of eigenvalues with low ≤ λ < high, and its error, of the nodes there.

        An edge should lie where ρ is small: near it, nodes stand for eigenvalues on both sides.
        """
        return self.mean(lambda x: ((x >= low) & (x < high)).to(x))


def spectral_density(
    matrix: Symmetric, *, steps: int = 100, probes: int = 10, seed: int = 0, memory: float = MEMORY
) -> SpectralDensity:
    """The density of the spectrum by stochastic Lanczos quadrature: ``probes`` times ``steps`` products.

    From a Gaussian probe v, Lanczos makes a tridiagonal T whose eigenvalues are the nodes, and the squares of the first
    components of its eigenvectors the weights: Gauss's quadrature for the measure of v. Fully re-orthogonalised, since
    else eigenvalues at the edges return as ghosts. Ghorbani et al. (1901.10159). A quadrature has as many
    nodes as steps, or N where that is fewer; those of no weight are where the space was exhausted.

    Probes go side by side while their Lanczos vectors fit into ``memory`` bytes.

    >>> A = torch.diag(torch.tensor([0.0, 0.0, 0.0, 1.0]).double())
    >>> value, error = spectral_density(A, probes=1000).share(0.5, 2.0)
    >>> abs(value - 0.25) < 3 * error < 0.03
    True
    """
    product = as_product(matrix, "spectral_density")
    for name, number, least in (("steps", steps, 1), ("probes", probes, 2)):
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise ValueError(f"spectral_density: {name} is {number!r}, need a whole number of at least {least}")
    generator = torch.Generator().manual_seed(seed)
    steps = min(steps, product.N)
    together = max(1, int(memory / (steps * product.N * torch.finfo(product.dtype).bits / 8)))
    parts = []
    for start in range(0, probes, together):
        size = min(together, probes - start)
        starts = [torch.randn(product.N, generator=generator, dtype=torch.float64) for _ in range(size)]
        parts.append(_quadrature(product, torch.stack(starts), steps))
    nodes, weights = (torch.cat(part) for part in zip(*parts, strict=True))
    return SpectralDensity(nodes, weights, product.N)


def trace(matrix: Symmetric, *, probes: int = 100, seed: int = 0) -> tuple[float, float]:
    """tr H and its standard error over probes: the mean of vᵀ H v, each entry of v ±1 (Hutchinson 1990).

    Its variance is 2 Σ_{i≠j} H_ij² a probe. Of a matrix at hand, and where N probes are enough for all entries of the
    diagonal, it is exact, and the error 0.

    >>> trace(torch.tensor([[2.0, 1.0], [1.0, 3.0]]))
    (5.0, 0.0)
    """
    product = as_product(matrix, "trace")
    if isinstance(probes, bool) or not isinstance(probes, int) or probes < 2:
        raise ValueError(f"trace: probes is {probes!r}, need a whole number of at least 2")
    if isinstance(matrix, Tensor):
        return matrix.trace().item(), 0.0
    exact = probes >= product.N
    generator = torch.Generator().manual_seed(seed)
    units = torch.eye(product.N, dtype=torch.float64) if exact else None
    parts = []
    for start in range(0, product.N if exact else probes, TOGETHER):
        size = min(TOGETHER, probes - start)
        drawn = torch.randint(2, (size, product.N), generator=generator) * 2 - 1 if units is None else units[start:]
        vectors = drawn[:TOGETHER].to(product.device, product.dtype)
        parts.append((vectors * product.rows(vectors)).sum(1).double())
    each = torch.cat(parts)
    if not each.isfinite().all():
        raise ValueError("trace: a product holds NaN or infinity; look at the loss near these weights")
    if exact:
        return each.sum().item(), 0.0
    return each.mean().item(), (each.std() / math.sqrt(probes)).item()


def _quadrature(
    product: Product, starts: Float[Tensor, "probes parameters"], steps: int
) -> tuple[Float[Tensor, "probes steps"], Float[Tensor, "probes steps"]]:
    """Nodes and weights of each probe, from a Lanczos run of its own; in double precision, on the processor."""
    vectors = (starts / starts.norm(dim=1, keepdim=True)).to(product.device, product.dtype)
    floor, scale = 10 * math.sqrt(product.N) * torch.finfo(product.dtype).eps, 0.0
    basis = vectors.new_zeros(len(vectors), steps, product.N)
    T = torch.zeros(len(vectors), steps, steps, dtype=torch.float64)
    for j in range(steps):
        basis[:, j] = vectors
        images = product.rows(vectors)
        T[:, j, j] = (images * vectors).sum(1).double().cpu()
        scale = max(images.norm(dim=1).max().item(), scale)
        if not math.isfinite(scale):
            raise ValueError("spectral_density: a product holds NaN or infinity; look at the loss near these weights")
        if j + 1 == steps:
            break
        known = basis[:, : j + 1]
        for _ in range(2):
            images = images - ((known @ images[..., None]).mT @ known)[:, 0]
        lengths = images.norm(dim=1)
        lengths = lengths * (lengths > floor * scale)  # where the space is exhausted, nothing follows
        vectors = torch.where(lengths[:, None] > 0, images / lengths.where(lengths > 0, 1)[:, None], 0)
        T[:, j, j + 1] = T[:, j + 1, j] = lengths.double().cpu()
    nodes, S = torch.linalg.eigh(T)
    return nodes, S[:, 0].square()
