"""Least squares, solved and not descended: the interpolation of the smallest norm where there are many."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def minimum_norm(
    features: Float[Tensor, "*batch points features"],
    targets: Float[Tensor, "*batch points outputs"],
    *,
    rcond: float | None = None,
) -> Float[Tensor, "*batch features outputs"]:
    """The w that minimises ‖X w − y‖, and of all such w the one with the smallest ‖w‖: w = V S⁺ Uᵀ y, X = U S Vᵀ.

    With fewer features than points it is ordinary least squares. With more, X w = y has many solutions, and gradient
    descent from w = 0 goes to this one (Hastie et al. 2022, 1903.08560). No matrix is inverted: singular values below
    ``rcond`` times the largest (by default, the rounding error of X) are directions that the data do not span.

    >>> X, y = torch.tensor([[1.0, 1.0]]), torch.tensor([[2.0]])     # one equation, two unknowns
    >>> minimum_norm(X, y).flatten().round(decimals=4)
    tensor([1., 1.])
    """
    if features.ndim < 2 or targets.ndim != features.ndim or features.shape[:-1] != targets.shape[:-1]:
        raise ValueError(
            f"minimum_norm: features have shape {tuple(features.shape)} and targets {tuple(targets.shape)}, need "
            "(…, points, features) and (…, points, outputs)"
        )
    if 0 in features.shape[-2:]:
        raise ValueError(
            f"minimum_norm: features have shape {tuple(features.shape)}, need at least one point and one feature"
        )
    if not (features.isfinite().all() and targets.isfinite().all()):
        raise ValueError("minimum_norm: features or targets hold NaN or infinity")
    if rcond is None:
        rcond = torch.finfo(features.dtype).eps * max(features.shape[-2:])
    if isinstance(rcond, bool) or not 0 <= rcond < 1 or math.isnan(rcond):
        raise ValueError(f"minimum_norm: rcond is {rcond!r}, need a number from 0 to 1")
    U, S, Vt = torch.linalg.svd(features, full_matrices=False)
    seen = S > rcond * S[..., :1]
    inverse = torch.where(seen, 1 / S.where(seen, 1), 0)
    return Vt.mT @ (inverse[..., None] * (U.mT @ targets))
