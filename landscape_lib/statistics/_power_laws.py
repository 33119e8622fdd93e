"""Power laws with an offset, y = c + b xᵃ: the exponent that points with error bars allow, and how sure it is.

A straight line through a double logarithmic plot gives an exponent for anything. Here the offset is fitted too, which
makes the interval wide when x spans little: that is the honest answer (2007.08483 fits deep ensembles so).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq, minimize_scalar

from landscape_lib.statistics._intervals import Estimate, jackknife

Numbers = Float[np.ndarray, "points"]

STEEPEST, FLATTEST = 8.0, 1e-3  # bounds of |a|: beyond, a law is a step, or a constant
CUT = 3.841  # of χ², which one parameter exceeds in one case of twenty
GRID = 400


@dataclass(frozen=True)
class PowerLaw:
    """y = offset + scale · x^exponent. ``misfit`` is χ² a degree of freedom; well above 1, the law does not hold.

    The interval of the exponent holds what the points allow at 95%, errors widened by √misfit where that is above 1. An
    end that they leave open is infinite.
    """

    exponent: Estimate
    scale: float
    offset: float
    misfit: float

    def at(self, x: Float[np.ndarray, "..."] | float) -> Float[np.ndarray, "..."]:
        """The fitted y."""
        return self.offset + self.scale * np.asarray(x, dtype=float) ** self.exponent.value


def power_law(x: Numbers, y: Numbers, errors: Numbers, *, offset: bool = True, falling: bool = True) -> PowerLaw:
    """Fit c + b xᵃ by least squares weighted with the standard ``errors``; without ``offset``, c = 0.

    For each a the best b and c are those of a straight line in xᵃ, so the search is for a alone: a < 0 if ``falling``,
    else a > 0. The interval is where the profile χ²(a) stays within 3.84 of its minimum.

    >>> x = np.array([1.0, 2, 4, 8, 16, 32])
    >>> law = power_law(x, 0.1 + 0.5 / x, np.full(6, 0.01))
    >>> print(f"{law.exponent.value:.3f}, {law.offset:.3f}")
    -1.000, 0.100
    """
    x, y, errors = (np.asarray(values, dtype=float) for values in (x, y, errors))
    parameters = 2 + offset
    if not x.shape == y.shape == errors.shape or x.ndim != 1:
        raise ValueError(
            f"power_law: x, y, errors have shapes {x.shape}, {y.shape}, {errors.shape}, need one axis each"
        )
    if not (np.isfinite([x, y, errors]).all() and (x > 0).all() and (errors > 0).all()):
        raise ValueError("power_law: x and errors must be positive, and all numbers finite")
    if (different := len(np.unique(x))) <= parameters:
        need = f"need at least {parameters + 1} to fit {parameters} numbers"
        raise ValueError(f"power_law: {different} different x, {need}")
    scaled, sign = x / np.exp(np.log(x).mean()), -1.0 if falling else 1.0

    def profile(log_sizes: Float[np.ndarray, "sizes"]) -> Float[np.ndarray, "sizes"]:
        return _lines(scaled ** (sign * np.exp(log_sizes))[:, None], y, errors, offset)[2]

    def at(log_size: float) -> float:
        return float(profile(np.array([log_size]))[0])

    sizes = np.linspace(np.log(FLATTEST), np.log(STEEPEST), GRID)
    values = profile(sizes)
    least = int(values.argmin())
    near = (sizes[max(least - 1, 0)], sizes[min(least + 1, GRID - 1)])
    best = float(minimize_scalar(at, bounds=near, method="bounded", options={"xatol": 1e-10}).x)
    misfit = min(at(best), values[least]) / (len(x) - parameters)
    level = at(best) + CUT * max(1.0, misfit)
    inside = np.append(sizes[values <= level], best)
    below, above = sizes[sizes < inside.min()], sizes[sizes > inside.max()]

    def end(outside: float, within: float) -> float:
        return float(np.exp(brentq(lambda size: at(size) - level, outside, within)))

    low = end(below[-1], inside.min()) if len(below) else 0.0
    high = end(above[0], inside.max()) if len(above) else np.inf
    a = sign * float(np.exp(best))
    slope, constant, _ = (float(number[0]) for number in _lines(scaled[None] ** a, y, errors, offset))
    ends = (-high, -low) if falling else (low, high)
    return PowerLaw(Estimate(a, ends), slope * float((scaled[0] / x[0]) ** a), constant, misfit)


def exponent(x: Numbers, samples: Float[np.ndarray, "seeds points"], what: str) -> Estimate:
    """The exponent a of ⟨y⟩ ~ xᵃ, ⟨y⟩ the mean over rows of ``samples``: least squares in ln x, jackknife over rows.

    No offset, and all x weigh alike. ``what`` is measured, for an error's words.

    >>> round(exponent(np.array([1.0, 4.0, 16.0]), np.array([[1.0, 2.0, 4.0]] * 2), "y").value, 9)
    0.5
    """
    ln_x = np.log(x)

    def slope(drawn: Float[np.ndarray, "seeds points"]) -> float:
        means = drawn.mean(0)
        if not (means > 0).all():
            raise ValueError(f"{what}: means {means.round(6).tolist()} over {len(drawn)} seeds; need positive ones")
        return float(np.polyfit(ln_x, np.log(means), 1)[0])

    return jackknife(samples, slope)


def _lines(
    t: Float[np.ndarray, "lines points"], y: Numbers, errors: Numbers, offset: bool
) -> tuple[Float[np.ndarray, "lines"], Float[np.ndarray, "lines"], Float[np.ndarray, "lines"]]:
    """For each row of t the slope and constant of the best line of y in it, and its χ²."""
    weights = 1 / errors**2
    share = weights / weights.sum() if offset else np.zeros_like(weights)
    middle, height = t @ share, y @ share
    away = t - middle[:, None]
    spread = away**2 @ weights
    slope = away @ (weights * (y - height)) / np.where(spread > 0, spread, 1.0)
    left = y - height - slope[:, None] * away
    return slope, height - slope * middle, left**2 @ weights
