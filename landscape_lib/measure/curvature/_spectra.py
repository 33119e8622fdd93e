"""What a spectrum says: how many eigenvalues stand out, how many are zero, how many are negative."""

import math
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

FRACTION = 1e-3  # of the largest |λ|: below it, an eigenvalue counts as zero


class Outliers(NamedTuple):
    """How many eigenvalues stand above the rest, and the ratio λ_number / λ_{number+1} there."""

    number: int
    ratio: float


def outliers(eigenvalues: Float[Tensor, "eigenvalues"], most: int) -> Outliers:
    """n = argmax λ_i/λ_{i+1} over 1 ≤ i ≤ ``most``, λ_1 ≥ λ_2 ≥ …: where the largest relative gap lies, and its ratio.

    Papers find outliers by eye, beside a bulk: about as many as classes C (Sagun et al., 1706.04454), C and then C²
    smaller ones (Papyan, 1901.08244). ``most`` = 2C looks for the first kind. There is always a largest gap, so look at
    its ratio, and at the same of a spectrum without outliers: of a Wishart matrix, or of labels that were shuffled.
    Only ratios of positive eigenvalues count; all of a spectrum is accepted, or its top ``most`` + 1.

    >>> import torch
    >>> outliers(torch.tensor([9.0, 8.0, 7.0, 1.0, 0.9, 0.8, 0.0]), most=5)
    Outliers(number=3, ratio=7.0)
    """
    _refuse(eigenvalues, "outliers")
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most < len(eigenvalues):
        raise ValueError(
            f"outliers: most is {most!r}, need a whole number from 1 to {len(eigenvalues) - 1}, one less than there are"
        )
    top = eigenvalues.double().sort(descending=True).values[: most + 1]
    top = top[top > 0]
    if len(top) < 2:
        raise ValueError(f"outliers: {len(top)} positive eigenvalues, need two for a ratio")
    ratios = top[:-1] / top[1:]
    number = int(ratios.argmax())
    return Outliers(number + 1, ratios[number].item())


def peak_at_zero(eigenvalues: Float[Tensor, "eigenvalues"], fraction: float = FRACTION) -> float:
    """The weight of the peak at zero: the share of eigenvalues with |λ| ≤ ``fraction`` times the largest |λ|.

    It depends on the fraction where the spectrum falls continuously to zero: show it for several. Of a
    `SpectralDensity`, ``share`` is the same, with an error.

    >>> import torch
    >>> peak_at_zero(torch.tensor([1.0, 0.5, 1e-9, 0.0]))
    0.5
    """
    edge = _edge(eigenvalues, fraction, "peak_at_zero")
    return (eigenvalues.abs() <= edge).double().mean().item()


def negative_share(eigenvalues: Float[Tensor, "eigenvalues"], fraction: float = FRACTION) -> float:
    """The share of directions that bend down: λ < − ``fraction`` times the largest |λ|; the index of a saddle over N.

    Of a point that is no saddle, too: see `gradient_curvature`.

    >>> import torch
    >>> negative_share(torch.tensor([1.0, -0.5, -1e-9, 0.0]))
    0.25
    """
    edge = _edge(eigenvalues, fraction, "negative_share")
    return (eigenvalues < -edge).double().mean().item()


def _edge(eigenvalues: Tensor, fraction: float, what: str) -> float:
    _refuse(eigenvalues, what)
    if isinstance(fraction, bool) or not (math.isfinite(fraction) and 0 <= fraction < 1):
        raise ValueError(f"{what}: fraction is {fraction!r}, need a number of at least 0 and below 1")
    return fraction * eigenvalues.abs().max().item()


def _refuse(eigenvalues: Tensor, what: str) -> None:
    if eigenvalues.ndim != 1 or not len(eigenvalues) or not eigenvalues.isfinite().all():
        raise ValueError(
            f"{what}: eigenvalues have shape {tuple(eigenvalues.shape)}; need (eigenvalues,), one at least, all finite"
        )
