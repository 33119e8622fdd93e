"""What the shape of a slice says, in numbers that no change of units moves: humps, bends, and the width of a basin."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Basin:
    """Where a loss first passes a threshold on either side of a network; an ``open`` side does not within the slice."""

    left: float
    right: float
    left_open: bool
    right_open: bool

    @property
    def width(self) -> float:
        """From side to side; with an open side it is wider than this."""
        return self.right - self.left


def roughness(loss: Float[Tensor, "*slices points"]) -> Float[Tensor, "*slices"]:
    """The heights of all humps on the way to the lowest point and from it, over the slice's range; 0 without a hump.

    R = (TV − V) / (2 (max f − min f)), where TV = Σ_i |f_{i+1} − f_i| and V = f_first + f_last − 2 min f is the least
    that a slice with these ends and this minimum can vary. R = 0 for a convex slice, and for every one that falls to
    one minimum and rises from it. A hump of height a between two minima adds a, in units of the range. R(b f + c) =
    R(f) for b > 0. For a parabola with many short waves, x² + a sin kx on [−1, 1], a k ≤ 2 and a ≪ 1, R = (a k)²/8.

    A grid sees no hump within a step. High walls make all humps at the bottom small: R of log f tells of those. Along
    the last axis, over the points that are finite; NaN if fewer than two are.

    Total variation of slices in random directions, normalised in another way: Wu et al. (2021), 2103.11069.

    >>> roughness(torch.tensor([1.0, 0.0, 0.5, 0.0, 1.0]))      # one hump, half as high as the slice
    tensor(0.5000)
    """
    rows = [_humps(row[row.isfinite()]) for row in loss.reshape(-1, loss.shape[-1])]
    return torch.stack(rows).view(loss.shape[:-1])


def concave_share(
    coordinates: Float[Tensor, "points"], loss: Float[Tensor, "*slices points"], *, rounding: float = 1e-6
) -> Float[Tensor, "*slices"]:
    """The share of inner points where a slice bends down: those above the chord of their neighbours.

    A point counts if it is higher by more than ``rounding`` times the slice's range; the default is for losses computed
    in single precision on some hundred points. 0 for a convex slice, 1 for a concave one, and arccos(2/(a k²))/π over
    whole waves of x² + a sin kx, where a k² ≥ 2. Along the last axis, over the points that have two finite neighbours;
    NaN if there are none.

    >>> x = torch.linspace(-1, 1, 101, dtype=torch.float64)
    >>> concave_share(x, torch.stack([x**2, x, x**3]))
    tensor([0.0000, 0.0000, 0.4949], dtype=torch.float64)
    """
    if coordinates.ndim != 1 or loss.shape[-1:] != coordinates.shape or not (coordinates.diff() > 0).all():
        raise ValueError(
            f"concave_share: coordinates of shape {tuple(coordinates.shape)}, loss of {tuple(loss.shape)}; need "
            "(points,), increasing, and (…, points)"
        )
    x, f = coordinates.to(loss), loss.where(loss.isfinite(), math.nan)
    share = (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
    above = f[..., 1:-1] - torch.lerp(f[..., :-2], f[..., 2:], share)
    filled = f.where(f.isfinite(), f.nanmean(-1, keepdim=True))
    spread = filled.amax(-1, keepdim=True) - filled.amin(-1, keepdim=True)
    return (above > rounding * spread).sum(-1).to(f) / above.isfinite().sum(-1)


def basin(coordinates: Float[Tensor, "points"], loss: Float[Tensor, "points"], threshold: float) -> Basin:
    """How far the loss stays below a threshold on either side of the network, the point nearest to coordinate 0.

    Between the last point below and the first that is not, by linear interpolation; before a hole, at the last point
    below. A side on which it never passes ends at the last coordinate and is said to be open: the width is censored.
    Of no width if the network itself is not below.

    >>> basin(torch.tensor([-2.0, -1.0, 0.0, 1.0]), torch.tensor([4.0, 1.0, 0.0, 1.0]), threshold=2.5)
    Basin(left=-1.5, right=1.0, left_open=False, right_open=True)
    """
    if coordinates.ndim != 1 or loss.shape != coordinates.shape or not (coordinates.diff() > 0).all():
        raise ValueError(
            f"basin: coordinates of shape {tuple(coordinates.shape)}, loss of {tuple(loss.shape)}; need one shape "
            "(points,), coordinates increasing"
        )
    x, f = coordinates.tolist(), [value if math.isfinite(value) else math.inf for value in loss.tolist()]
    centre = min(range(len(x)), key=lambda i: abs(x[i]))
    ends = []
    for side in (-1, 1):
        i = centre
        while 0 <= i < len(x) and f[i] < threshold:
            i += side
        if i == centre:
            ends.append((x[centre], False))
        elif not 0 <= i < len(x):
            ends.append((x[i - side], True))
        else:
            below = i - side
            part = (threshold - f[below]) / (f[i] - f[below])
            ends.append((x[below] + part * (x[i] - x[below]), False))
    (left, left_open), (right, right_open) = ends
    return Basin(left, right, left_open, right_open)


def principal_curvatures(
    coordinates: tuple[Float[Tensor, "first"], Float[Tensor, "second"]], loss: Float[Tensor, "first second"]
) -> tuple[Float[Tensor, "_ _"], Float[Tensor, "_ _"]]:
    """The smaller and the larger eigenvalue of the Hessian within a plane, at its inner points, by differences.

    ∂₁₁, ∂₂₂ and ∂₁₂ of the loss from its values on an equally spaced grid: exact for a quadratic loss, else to the
    square of a step, per unit of the coordinates. Along orthonormal axes, they lie between the extreme eigenvalues of
    the whole Hessian: a plane that bends down shows that the loss does, and none that bends up shows that it does not.
    Li et al. (2018), 1712.09913, section 6, map |λ_min/λ_max| of the whole Hessian over such a plane.

    >>> x = torch.linspace(-1, 1, 5, dtype=torch.float64)
    >>> low, high = principal_curvatures((x, x), x[:, None] ** 2 - 3 * x[None, :] ** 2)
    >>> low[0, 0].item(), high[0, 0].item()
    (-6.0, 2.0)
    """
    steps = [t.diff() for t in coordinates]
    if loss.shape != tuple(len(t) for t in coordinates) or min(loss.shape) < 3:
        raise ValueError(f"principal_curvatures: a loss of shape {tuple(loss.shape)}; need one a point, 3 × 3 at least")
    if any(not (step > 0).all() or step.max() - step.min() > 1e-3 * step.mean() for step in steps):
        raise ValueError("principal_curvatures: coordinates are not equally spaced, or do not increase")
    a, b = (step.mean().to(loss) for step in steps)
    f, inner = loss, slice(1, -1)
    first = (f[2:, inner] - 2 * f[inner, inner] + f[:-2, inner]) / a**2
    second = (f[inner, 2:] - 2 * f[inner, inner] + f[inner, :-2]) / b**2
    mixed = (f[2:, 2:] - f[2:, :-2] - f[:-2, 2:] + f[:-2, :-2]) / (4 * a * b)
    middle, half = (first + second) / 2, torch.hypot((first - second) / 2, mixed)
    return middle - half, middle + half


def _humps(row: Float[Tensor, "points"]) -> Float[Tensor, ""]:
    """Steps up before the lowest point and down after it, over the range: exactly 0 where there are none."""
    if len(row) < 2:
        return row.new_tensor(math.nan)
    spread, lowest, steps = row.max() - row.min(), int(row.argmin()), row.diff()
    wrong = steps[:lowest].clamp(min=0).sum() - steps[lowest:].clamp(max=0).sum()
    return wrong / spread if spread > 0 else wrong
