"""The edges of a spectrum: eigenvalues and eigenvectors from products alone."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.measure.curvature._products import Product, Symmetric, as_product

PRODUCTS = 1_000


class NotConvergedError(RuntimeError):
    """An iteration ended before its residuals were as small as was asked for."""


@dataclass(frozen=True)
class Eigenpairs:
    """λ_i, unit vectors v_i in columns, orthogonal to each other, ‖A v_i − λ_i v_i‖, and the products that they took.

    Within its residual of each λ_i there is an eigenvalue; one that is alone is as near as the residual squared over
    the distance to the next. Residuals are known to rounding.
    """

    values: Float[Tensor, "k"]
    vectors: Float[Tensor, "parameters k"]
    residuals: Float[Tensor, "k"]
    products: int


def eigenpairs(
    matrix: Symmetric,
    k: int,
    *,
    which: str = "top",
    tolerance: float = 1e-4,
    products: int = PRODUCTS,
    seed: int = 0,
) -> Eigenpairs:
    """The k largest eigenvalues, from the largest down, or with ``which="bottom"`` the k lowest, from the lowest up.

    By block Lanczos from a random block, fully re-orthogonalised, without restarts (Golub & Underwood 1977). Residuals
    come out below ``tolerance`` times the largest |λ| met; where ``products`` products are too few for that,
    `NotConvergedError` says how far it came. It holds as many vectors as it takes products.

    A block of b vectors sees at most b copies of an eigenvalue. It has two; where as many of the k come out equal, to
    the tolerance, as it has vectors, all is done again with twice as many, up to k. Eigenvalues that lie within a few
    tolerances of each other are not told apart.

    >>> A = torch.diag(torch.tensor([5.0, 5.0, 5.0, 2.0, 1.0, 0.0, -7.0]))
    >>> eigenpairs(A, 4).values.round(decimals=3), eigenpairs(A, 1, which="bottom").values.round(decimals=3)
    (tensor([5., 5., 5., 2.]), tensor([-7.]))
    """
    product = as_product(matrix, "eigenpairs")
    _refuse(product, k, which, tolerance, products)
    sign = 1 if which == "top" else -1
    generator = torch.Generator().manual_seed(seed)
    spent, block = 0, min(2, k)
    while True:
        found = _block_lanczos(product, sign, k, block, tolerance, products - spent, generator)
        spent += found.products
        near = 2 * tolerance * found.values.abs().max()
        copies = ((found.values[:, None] - found.values).abs() <= near).sum(0).max()
        if copies < block or block == k:
            return replace(found, products=spent)
        block = min(2 * block, k)


def _block_lanczos(
    product: Product, sign: int, k: int, block: int, tolerance: float, limit: int, generator: torch.Generator
) -> Eigenpairs:
    """The k largest eigenvalues of ±A, each with as many copies as a block has vectors, in ``limit`` products."""
    basis = torch.empty(0, product.N, dtype=product.dtype, device=product.device)
    new = _orthonormal(basis.new_zeros(block, product.N), basis, 0.0, generator)
    T, scale, due = torch.zeros(0, 0, dtype=torch.float64), 0.0, k
    while True:
        basis = torch.cat([basis, new])
        images = sign * product.rows(new)
        overlaps = basis @ images.T
        images = images - overlaps.T @ basis
        T = _bordered(T, overlaps.double().cpu())
        if not T.isfinite().all():
            raise ValueError("eigenpairs: a product holds NaN or infinity; look at the loss near these weights")
        m = len(T)
        scale = max(scale, T[:, m - len(images) :].norm(dim=0).max().item())
        new = _orthonormal(images[: product.N - m], basis, scale, generator)
        step = (new @ images.T).double().cpu()  # A basis = basis T, and step beyond it
        last = not len(new) or m + len(new) > limit
        if m < due and not last:
            continue
        due = m + max(1, m // 10)
        theta, S = (part.flip(-1)[..., :k] for part in torch.linalg.eigh(T))
        scale, ends = max(scale, theta.abs().max().item()), S[m - len(images) :]
        residuals = (step @ ends).norm(dim=0)
        small = int((residuals <= tolerance * scale).sum()) if len(theta) == k else 0
        if small == k or not len(new):
            vectors = basis.T @ S.to(basis)
            return Eigenpairs(sign * theta.to(vectors), vectors, residuals.to(vectors), m)
        if last:
            raise NotConvergedError(
                f"eigenpairs: after {m} products in blocks of {block}, {small} of {k} residuals are below "
                f"{tolerance:g} × {scale:.3g}, and the largest is {residuals.max():.3g}; allow more products, or a "
                "larger tolerance"
            )


def _orthonormal(
    candidates: Float[Tensor, "block parameters"],
    basis: Float[Tensor, "m parameters"],
    scale: float,
    generator: torch.Generator,
) -> Float[Tensor, "block parameters"]:
    """Vectors that span the candidates, orthonormal and orthogonal to the basis to rounding.

    Candidates are orthogonal to it to the rounding of ``scale``; once that is much against their length, they are
    projected again. Where nothing else is left of one, the space is exhausted: a random vector takes its place.
    """
    floor = 10 * math.sqrt(basis.shape[1]) * torch.finfo(basis.dtype).eps * scale
    found = basis[:0]
    for vector in candidates:
        vector = vector - (found @ vector) @ found
        if vector.norm() <= floor:
            vector = torch.randn(len(vector), generator=generator, dtype=torch.float64).to(basis)
        left = 0.0
        while left < 0.7:  # Kahan's "twice is enough": the last projection took little off
            vector = vector / vector.norm()
            vector = vector - (basis @ vector) @ basis
            vector = vector - (found @ vector) @ found
            left = vector.norm().item()
        found = torch.cat([found, vector[None] / left])
    return found


def _bordered(T: Float[Tensor, "old old"], columns: Float[Tensor, "m new"]) -> Float[Tensor, "m m"]:
    """T with the columns of the new vectors, and the rows that these are as well."""
    old, m = len(T), len(columns)
    whole = torch.zeros(m, m, dtype=T.dtype)
    whole[:old, :old], whole[:, old:] = T, columns
    whole[old:, :old] = columns[:old].T
    whole[old:, old:] = (columns[old:] + columns[old:].T) / 2
    return whole


def _refuse(product: Product, k: int, which: str, tolerance: float, products: int) -> None:
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= product.N:
        raise ValueError(f"eigenpairs: k is {k!r}, need a whole number from 1 to {product.N}, the number of parameters")
    if which not in ("top", "bottom"):
        raise ValueError(f"eigenpairs: which is {which!r}, choose 'top' or 'bottom'")
    least = 10 * torch.finfo(product.dtype).eps
    if isinstance(tolerance, bool) or not least <= tolerance < 1:
        raise ValueError(
            f"eigenpairs: tolerance is {tolerance!r}, need a number below 1, and of at least {least:.0e} in "
            f"{product.dtype}"
        )
    if isinstance(products, bool) or not isinstance(products, int) or products < k:
        raise ValueError(f"eigenpairs: products is {products!r}, need a whole number of at least k = {k}")
