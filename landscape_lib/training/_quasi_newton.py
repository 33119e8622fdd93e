"""L-BFGS of many functions at once: each row of a tensor is a point with a memory and a line search of its own."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

SUFFICIENT, CURVATURE = 1e-4, 0.9  # of the weak Wolfe conditions
TRIES = 25  # trial points of a search along one direction


@dataclass
class QuasiNewton:
    """Limited-memory BFGS (Nocedal 1980) of n functions f_i: R^N → R, one evaluation of all of them at a time.

    ``trial`` is where the functions are to be evaluated next; `advance` takes what was found there. Each row accepts
    its trial point if it meets the weak Wolfe conditions, and takes a new direction −H g from there; else it goes on
    with its search by bisection, which ends at a kink too (Lewis & Overton 2013, algorithm 2.6). H is the compact form
    of the last ``memory`` pairs (s, y) (Byrd, Nocedal & Schnabel 1994, theorem 2.2): two products with the memory a
    step, where the recursion of two loops takes four a pair.

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
        self.pairs: Float[Tensor, "n 2m N"] = like.new_zeros(n, 2 * m, N)  # s in the first m slots, y in the others
        self.products: Float[Tensor, "n 2m m"] = like.new_zeros(n, 2 * m, m)  # SᵀY above, YᵀY below
        self.newest = torch.full((n,), -1, device=like.device)  # slot of the newest pair
        self.held, self.kinks = torch.zeros_like(self.newest), torch.zeros_like(self.newest)
        self.stuck = torch.zeros_like(self.value, dtype=torch.bool)
        self.direction: Float[Tensor, "n N"] = -self.gradient
        # Of the search: the trial length, the longest known to be low enough, the shortest known not to be.
        self.length, self.below, self.above = (torch.zeros_like(self.value) for _ in range(3))
        self.slope, self.tries = torch.zeros_like(self.value), torch.zeros_like(self.newest)
        self.last = torch.zeros_like(self.stuck)  # whether the trial point is taken as it is, if it is low enough
        self._search(~self.stuck)

    def keep(self, rows: Bool[Tensor, "n"]) -> None:
        """Go on with these rows only."""
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(self, name, value[rows])

    def advance(self, value: Float[Tensor, "n"], gradient: Float[Tensor, "n N"]) -> None:
        """Take f and its gradient at the ``trial`` points, and set the next ones. A value of NaN is too high."""
        low_enough = value <= self.value + SUFFICIENT * self.length * self.slope
        flat_enough = (gradient * self.direction).sum(-1) >= CURVATURE * self.slope
        accepted = low_enough & (flat_enough | self.last)
        self._narrow(value, low_enough)
        failed = ~accepted & (self.tries >= TRIES)
        if accepted.any():
            self._remember(accepted, gradient)
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
            self.stuck |= failed & (self.held == 0)
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

    def _remember(self, accepted: Bool[Tensor, "n"], gradient: Float[Tensor, "n N"]) -> None:
        s, y = self.trial - self.point, gradient - self.gradient
        curved = (s * y).sum(-1) > 1e-12 * s.norm(dim=-1) * y.norm(dim=-1)
        rows = (accepted & curved).nonzero()[:, 0]
        if not len(rows):
            return
        m = self.memory
        slot = (self.newest[rows] + 1) % m
        self.newest[rows], self.held[rows] = slot, (self.held[rows] + 1).clamp(max=m)
        self.pairs[rows, slot], self.pairs[rows, m + slot] = s[rows], y[rows]
        made = self.pairs @ torch.stack([s, y], -1)
        self.products[rows, :, slot] = made[rows, :, 1]
        self.products[rows, slot] = made[rows, m:, 0]
        self.products[rows, m + slot] = made[rows, m:, 1]

    def _inverse_hessian_times_gradient(self) -> Float[Tensor, "n N"]:
        """H g = γ g + S c − γ Y u, with u = R⁻¹ Sᵀg and c = R⁻ᵀ((D + γ YᵀY) u − γ Yᵀg), pairs ordered by age."""
        m, n = self.memory, len(self.point)
        order = (self.newest[:, None] + 1 + torch.arange(m, device=self.point.device)) % m  # oldest first
        both = torch.cat([order, m + order], 1)
        rows = torch.arange(n, device=self.point.device)[:, None, None]
        products = self.products[rows, both[:, :, None], order[:, None, :]]
        R, YY = products[:, :m].triu(), products[:, m:]
        D = R.diagonal(dim1=-2, dim2=-1)
        scale = D[:, -1] / YY[:, -1, -1]
        gamma = torch.where(self.held > 0, scale, 1.0)[:, None]
        empty = torch.arange(m, device=self.point.device) < m - self.held[:, None]
        R = R + torch.diag_embed(empty.to(R))
        projected = (self.pairs @ self.gradient[..., None])[..., 0].gather(1, both)
        u = torch.linalg.solve_triangular(R, projected[:, :m, None], upper=True)
        inner = D[..., None] * u + gamma[..., None] * (YY @ u - projected[:, m:, None])
        c = torch.linalg.solve_triangular(R.mT, inner, upper=False)
        weights = torch.empty_like(projected).scatter_(1, both, torch.cat([c, -gamma[..., None] * u], 1)[..., 0])
        return gamma * self.gradient + (weights[:, None] @ self.pairs)[:, 0]

    def _forget(self, rows: Bool[Tensor, "n"]) -> None:
        self.pairs[rows], self.products[rows] = 0.0, 0.0
        self.newest = self.newest.masked_fill(rows, -1)
        self.held = self.held.masked_fill(rows, 0)
        self.direction = torch.where(rows[:, None], -self.gradient, self.direction)

    def _search(self, fresh: Bool[Tensor, "n"]) -> None:
        """Begin a search along the direction of each ``fresh`` row; the others go on with theirs."""
        slope = (self.gradient * self.direction).sum(-1)
        squared = self.gradient.square().sum(-1)
        uphill = fresh & ~(slope < -1e-10 * squared.sqrt() * self.direction.norm(dim=-1)) & (self.held > 0)
        if uphill.any():
            self._forget(uphill)
            slope = torch.where(uphill, -squared, slope)
        first = torch.where(self.held == 0, 1 / squared.sqrt().clamp(min=1.0), 1.0)
        self.slope = torch.where(fresh, slope, self.slope)
        self.length = torch.where(fresh, first, self.length)
        self.below, self.above = self.below.masked_fill(fresh, 0.0), self.above.masked_fill(fresh, torch.inf)
        self.tries, self.last = self.tries.masked_fill(fresh, 0), self.last & ~fresh
        self.trial = self.point + self.length[:, None] * self.direction
