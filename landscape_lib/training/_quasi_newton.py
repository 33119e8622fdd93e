"""L-BFGS of many functions at once: each row of a tensor is a point with a memory and a line search of its own."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.linalg import vecdot

SUFFICIENT, CURVATURE = 1e-4, 0.9  # of the weak Wolfe conditions
TRIES = 25  # trial points of a search along one direction


@dataclass
class QuasiNewton:
    """Limited-memory BFGS (Nocedal 1980) of n functions f_i: R^N → R, one evaluation of all of them at a time.

    ``trial`` is where the functions are to be evaluated next; `advance` takes what was found there. Each row accepts
    its trial point if it meets the weak Wolfe conditions, and takes a new direction −H g from there; else it goes on
    with its search by bisection, which ends at a kink too (Lewis & Overton 2013, algorithm 2.6). H is the compact form
    of the last ``memory`` pairs (s, y) (Byrd, Nocedal & Schnabel 1994, theorem 2.2), with the inverse of its triangle
    R kept, which costs a column a pair: four products with the memory a step, where the recursion of two loops takes
    four a pair.

    A row whose search finds nothing forgets its pairs and begins again along −g; one that finds nothing there
    either is ``stuck``, at a kink, at a point without slope, or at the precision of its numbers.

    ``point``, ``value``, ``gradient`` are those of the last point accepted; values never rise. ``kinks`` counts the
    searches that found no point flat enough.
    """

    point: Float[Tensor, "n N"]
    value: Float[Tensor, "n"]
    gradient: Float[Tensor, "n N"]
    memory: int = 30
    trial: Float[Tensor, "n N"] = field(init=False)
    stuck: Bool[Tensor, "n"] = field(init=False)
    kinks: Int[Tensor, "n"] = field(init=False)

    def __post_init__(self) -> None:
        (n, N), m, like = self.point.shape, self.memory, self.point
        # Of the pairs, each in its slot: the oldest is overwritten, so that slots are not in the order of their ages.
        self.S: Float[Tensor, "n m N"] = like.new_zeros(n, m, N)
        self.Y: Float[Tensor, "n m N"] = like.new_zeros(n, m, N)
        self.sy: Float[Tensor, "n m"] = like.new_zeros(n, m)  # s·y of each pair
        self.inverse: Float[Tensor, "n m m"] = like.new_zeros(n, m, m)  # R⁻¹, R_ij = s_i·y_j where i is no younger
        self.scale = torch.ones_like(self.value)  # s·y / y·y of the newest pair
        self.met, self.kinks = (torch.zeros(n, dtype=torch.long, device=like.device) for _ in range(2))  # met: pairs
        self.stuck = torch.zeros_like(self.value, dtype=torch.bool)
        self.direction: Float[Tensor, "n N"] = -self.gradient
        # Of the search: the trial length, the longest known to be low enough, the shortest known not to be.
        self.length, self.below, self.above = (torch.zeros_like(self.value) for _ in range(3))
        self.slope, self.tries = torch.zeros_like(self.value), torch.zeros_like(self.met)
        self.last = torch.zeros_like(self.stuck)  # whether the trial point is taken as it is, if it is low enough
        self._search(~self.stuck)

    def keep(self, rows: Bool[Tensor, "n"]) -> None:
        """Go on with these rows only."""
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(self, name, value[rows])

    def advance(self, value: Float[Tensor, "n"], gradient: Float[Tensor, "n N"]) -> None:
        """Take f and its gradient at the ``trial`` points, and set the next ones. A value of NaN is too high."""
        slope = vecdot(gradient, self.direction)
        low_enough = value <= self.value + SUFFICIENT * self.length * self.slope
        accepted = low_enough & ((slope >= CURVATURE * self.slope) | self.last)
        failed = torch.zeros_like(accepted)
        if not accepted.all():
            self._narrow(value, low_enough)
            failed = ~accepted & (self.tries >= TRIES)
        if accepted.any():
            self._remember(accepted & (slope > self.slope), gradient)
            where = accepted[:, None]
            self.point = torch.where(where, self.trial, self.point)
            self.gradient = torch.where(where, gradient, self.gradient)
            self.value = torch.where(accepted, value, self.value)
            self.direction = torch.where(where, -self._inverse_hessian_times_gradient(), self.direction)
        if failed.any():
            self.kinks += failed
            lower = failed & (self.below > 0)  # a point that was low enough, if too steep: a kink is beyond it
            self.last |= lower
            self.length = torch.where(lower, self.below, self.length)
            failed &= ~lower
            self.stuck |= failed & (self.met == 0)
            self._forget(failed)
        self._search(accepted | failed)

    def _narrow(self, value: Tensor, low_enough: Tensor) -> None:
        """The bracket of each search, and the next trial length in it."""
        t, slope = self.length, self.slope
        self.tries = self.tries + 1
        self.above = torch.where(low_enough, self.above, t)
        self.below = torch.where(low_enough, t, self.below)
        parabola = -0.5 * slope * t * t / (value - self.value - slope * t)  # its lowest point, if t was too far
        parabola = parabola.nan_to_num(0.0).clamp(0.1 * t, 0.5 * t)
        middle = torch.where(self.below > 0, 0.5 * (self.below + self.above), parabola)
        self.length = torch.where(self.above.isfinite(), middle, 2 * t)

    def _remember(self, curved: Bool[Tensor, "n"], gradient: Float[Tensor, "n N"]) -> None:
        """Keep the pair of each row where the slope has risen, s·y > 0.

        R gains the column r = Sᵀy with s·y at its foot, so that R⁻¹ gains −R⁻¹ r / s·y with 1 / s·y at its foot; what
        R⁻¹ is without its oldest row and column, it is of the pairs without the oldest.
        """
        rows = curved.nonzero()[:, 0]
        slot = self.met[rows] % self.memory
        s, y = self.trial - self.point, gradient - self.gradient
        self.S[rows, slot], self.Y[rows, slot] = s[rows], y[rows]
        self.inverse[rows, slot], self.inverse[rows, :, slot] = 0.0, 0.0
        sy = vecdot(s, y)[rows]
        column = -(self.inverse @ (self.S @ y[..., None]))[rows, :, 0] / sy[:, None]
        self.inverse[rows, :, slot] = column.scatter_(1, slot[:, None], 1 / sy[:, None])
        self.sy[rows, slot] = sy
        self.scale[rows] = sy / vecdot(y, y)[rows]
        self.met += curved

    def _inverse_hessian_times_gradient(self) -> Float[Tensor, "n N"]:
        """H g = γ q + S R⁻ᵀ(D u − γ Yᵀq) with u = R⁻¹ Sᵀg and q = g − Y u, D the s·y of the pairs."""
        g, gamma = self.gradient[..., None], self.scale[:, None, None]
        u = self.inverse @ (self.S @ g)
        q = g - self.Y.mT @ u
        c = self.inverse.mT @ (self.sy[..., None] * u - gamma * (self.Y @ q))
        return (gamma * q + self.S.mT @ c)[..., 0]

    def _forget(self, rows: Bool[Tensor, "n"]) -> None:
        for kept, empty in ((self.S, 0), (self.Y, 0), (self.sy, 0), (self.inverse, 0), (self.scale, 1)):
            kept[rows] = empty
        self.met = self.met.masked_fill(rows, 0)
        self.direction = torch.where(rows[:, None], -self.gradient, self.direction)

    def _search(self, fresh: Bool[Tensor, "n"]) -> None:
        """Begin a search along the direction of each ``fresh`` row; the others go on with theirs."""
        slope = vecdot(self.gradient, self.direction)
        squared = vecdot(self.gradient, self.gradient)
        uphill = fresh & ~(slope < -1e-10 * (squared * vecdot(self.direction, self.direction)).sqrt()) & (self.met > 0)
        if uphill.any():
            self._forget(uphill)
            slope = torch.where(uphill, -squared, slope)
        first = torch.where(self.met == 0, 1 / squared.sqrt().clamp(min=1.0), 1.0)
        self.slope = torch.where(fresh, slope, self.slope)
        self.length = torch.where(fresh, first, self.length)
        self.below, self.above = self.below.masked_fill(fresh, 0.0), self.above.masked_fill(fresh, torch.inf)
        self.tries, self.last = self.tries.masked_fill(fresh, 0), self.last & ~fresh
        self.trial = self.point + self.length[:, None] * self.direction
