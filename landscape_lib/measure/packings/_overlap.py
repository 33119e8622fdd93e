"""When do two ellipses touch: the function of Perram and Wertheim (J. Comput. Phys. 58, 409, 1985), in two dimensions.

A vector of the plane is a complex number here, v = v₁ + i v₂. An ellipse of semi-axes a and b, with the axis a at an
angle φ, is the set vᵀ A⁻¹ v ≤ 1 of a symmetric matrix A. Matrices of this kind act as A v = m v + w v*, with

    m = (a² + b²)/2,    w = (a² − b²)/2 · e^{2iφ},    det A = m² − |w|² = a² b²,    adj(A) v = m v − w v*.
"""

from typing import NamedTuple

import torch
from jaxtyping import Complex, Float
from torch import Tensor


class Matrices(NamedTuple):
    """m, w and the determinant of the first (row 0) and the second ellipse (row 1) of each pair."""

    mean: Float[Tensor, "2 pairs"]
    split: Complex[Tensor, "2 pairs"]
    det: Float[Tensor, "2 pairs"]


class Touch(NamedTuple):
    """The contact function of pairs of ellipses, and what its derivatives are made of."""

    F: Float[Tensor, "pairs"]
    weight: Float[Tensor, "pairs"]  # λ, where the maximum is
    direction: Complex[Tensor, "pairs"]  # s = C⁻¹ r, along the normal at which they would touch


def ellipses(a: Float[Tensor, "2 pairs"], b: Float[Tensor, "2 pairs"], angle: Float[Tensor, "2 pairs"]) -> Matrices:
    """The matrices of ellipses with these semi-axes, the axis a at this angle."""
    return Matrices((a * a + b * b) / 2, torch.polar((a * a - b * b) / 2, 2 * angle), (a * b).square())


def touch(r: Complex[Tensor, "pairs"], grains: Matrices, *, steps: int = 4) -> Touch:
    """F = max over λ in [0, 1] of λ (1 − λ) rᵀ C⁻¹ r, with C = (1 − λ) A + λ B  (Perram & Wertheim 1985).

    r goes from the centre of the first ellipse, A, to that of the second, B. Scale both by √F about their centres, and
    they touch: F < 1 where they overlap. Discs of radii R and R′ have λ = R/(R + R′) and √F = |r|/(R + R′).

    In two dimensions C⁻¹ = adj(C)/det C, with adj(C) linear and det C quadratic in λ, so that F is largest at a root of
    a polynomial of fourth degree. Halley's ``steps`` start from the λ of two discs that reach as far along r as the
    ellipses do. For sizes within a factor of 1.4, λ is then exact to 1e-14 after two steps at aspect 1.5, to 1e-12
    after four at aspect 3.

    >>> thin = ellipses(torch.full((2, 1), 0.8), torch.full((2, 1), 0.5), torch.zeros(2, 1))
    >>> touch(torch.tensor([2.0 + 0.0j]), thin).F.sqrt()      # end to end they touch at a distance of 1.6
    tensor([1.2500])
    """
    mean, split, det = grains
    # rᵀ adj(C) r = N + n λ, and det C = D + e λ + f λ².
    N, end = mean * (r * r.conj()).real - (split.conj() * (r * r)).real
    D, last = det
    n, e = end - N, 2.0 * (mean[0] * mean[1] - (split[0].conj() * split[1]).real - D)
    f = last - D - e
    # λ (1 − λ) (N + n λ) = N λ + p λ² − n λ³; its derivative times (det C)² is c₀ + c₁ λ + … + c₄ λ⁴.
    p = n - N
    # (2.0, not 2: PyTorch turns whole numbers into tensors first, which takes longer than the product.)
    c0, c1, c2, c3, c4 = N * D, 2.0 * p * D, p * e - N * f - 3.0 * n * D, -2.0 * n * e, -n * f
    slopes, bends = (c1, 2.0 * c2, 3.0 * c3, 4.0 * c4), (c2, 3.0 * c3, 6.0 * c4)  # of f′ and of f″/2
    along = (D / N).sqrt()  # how far each reaches along r, over |r|
    weight = along / (along + (last / end).sqrt())
    for _ in range(steps):
        value, slope, bend = _at(weight, c0, c1, c2, c3, c4), _at(weight, *slopes), _at(weight, *bends)
        weight = weight - value * slope / (slope * slope - value * bend)
    adjugate = torch.lerp(mean[0], mean[1], weight) * r - (split[0] + weight * (split[1] - split[0])) * r.conj()
    direction = adjugate / _at(weight, D, e, f)
    return Touch(weight * (1 - weight) * (r.conj() * direction).real, weight, direction)


def _at(x: Tensor, *coefficients: Tensor) -> Tensor:
    """c₀ + c₁ x + c₂ x² + …, by Horner's rule."""
    total = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        total = torch.addcmul(coefficient, total, x)
    return total
