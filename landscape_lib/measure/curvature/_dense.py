"""The whole Hessian, written down: N × N numbers, for N of a few thousand."""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.measure.curvature._products import TOGETHER, Product

LIMIT = 5_000  # parameters: 200 MB in double precision, 600 MB with what its eigenvalues need


def exact_hessian(product: Product, *, limit: int = LIMIT) -> Float[Tensor, "parameters parameters"]:
    """H, or whichever part of it ``product`` multiplies by, from its products with all unit vectors.

    Symmetric: the mean of itself and its transpose, which differ by rounding. Its spectrum is
    ``torch.linalg.eigvalsh``'s, the eigenvalues known to some rounding errors of the largest, ε λ₁ with ε = 2e-16 in
    double and 1e-7 in single precision: below that nothing tells a small eigenvalue from zero. More than ``limit``
    parameters are refused, before anything is computed.

    >>> from landscape_lib.measure.curvature import hessian_product
    >>> x, y = torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1)
    >>> exact_hessian(hessian_product(torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, [(x, y)]))
    tensor([[10.,  4.],
            [ 4.,  2.]])
    """
    N = product.N
    if N > limit:
        size = N * N * torch.finfo(product.dtype).bits / 8e9
        raise ValueError(
            f"exact_hessian: {N} parameters, a matrix of {size:.3g} GB; need at most limit = {limit}: raise it, or "
            "take eigenpairs and spectral_density, which need products only"
        )
    H = torch.empty(N, N, dtype=product.dtype, device=product.device)
    for start in range(0, N, TOGETHER):
        units = torch.zeros(min(TOGETHER, N - start), N, dtype=product.dtype, device=product.device)
        units[:, start:].fill_diagonal_(1)
        H[start : start + TOGETHER] = product.rows(units)
    return H.add_(H.T.clone()).div_(2)
