"""Functions of one variable with many minima, and what an average over a Gaussian leaves of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

REACH, POINTS = 3.0, 2001  # functions are looked at from −3 to 3, at so many points


@dataclass(frozen=True)
class Waves:
    """F(w) = ½ w² + Σ_k a_k cos(q_k w + φ_k): a bowl with waves on its floor.

    >>> Waves(np.array([2.0]), np.array([1.0]), np.array([0.0])).values(np.array([0.0]), [0.0])
    array([[1.]])
    """

    frequencies: Float[np.ndarray, "waves"]
    amplitudes: Float[np.ndarray, "waves"]
    phases: Float[np.ndarray, "waves"]

    def values(self, w: Float[np.ndarray, "points"], widths: Sequence[float]) -> Float[np.ndarray, "widths points"]:
        """⟨F(w + σ ξ)⟩ over standard normal ξ, for each width σ: F itself at 0.

        A wave keeps its frequency and exp(−q_k² σ²/2) of its height, the bowl is lifted by σ²/2: short waves go first.
        """
        sigma = np.asarray(widths, dtype=float)[:, None]
        heights = self.amplitudes * np.exp(-((self.frequencies * sigma) ** 2) / 2)
        shapes = np.cos(np.outer(self.frequencies, w) + self.phases[:, None])
        return (w**2 + sigma**2) / 2 + heights @ shapes


def line() -> Float[np.ndarray, "points"]:
    """The points at which functions are looked at: a minimum is known to a step of them."""
    return np.linspace(-REACH, REACH, POINTS)


def minima(values: Float[np.ndarray, "points"]) -> Int[np.ndarray, "minima"]:
    """Places that lie below both neighbours, the ends apart.

    >>> minima(np.array([2.0, 1.0, 2.0, 0.0, 1.0])).tolist()
    [1, 3]
    """
    return np.flatnonzero((values[1:-1] < values[:-2]) & (values[1:-1] < values[2:])) + 1


def descend(values: Float[np.ndarray, "points"], place: int) -> int:
    """The minimum downhill of a place; an end of the line, if it goes downhill to there.

    >>> descend(np.array([2.0, 1.0, 2.0, 0.0, 1.0]), 0)
    1
    """
    stops = np.array([0, *minima(values), len(values) - 1])
    if place in stops[1:-1]:
        return place
    left = values[place - 1] if place > 0 else np.inf
    right = values[place + 1] if place + 1 < len(values) else np.inf
    if min(left, right) >= values[place]:
        return place
    return int(stops[stops < place][-1] if left < right else stops[stops > place][0])


def follow(waves: Waves, widths: Sequence[float], place: int) -> list[int]:
    """Descend at the first width from a place on the `line`, from where that ends at the second, and so on."""
    places = []
    for values in waves.values(line(), widths):
        place = descend(values, place)
        places.append(place)
    return places


def rough(seed: int, waves: int = 40, *, slope: float = 1.0, height: float = 1.5, shortest: float = 40.0) -> Waves:
    """Waves drawn at random: frequencies evenly from 1 to the ``shortest``, amplitudes normal times q^−slope.

    Their root sum of squares is the ``height``. At a ``slope`` of 0 short waves are as high as long ones.
    """
    draw = np.random.default_rng(seed)
    q = draw.uniform(1, shortest, waves)
    a = draw.standard_normal(waves) * q**-slope
    return Waves(q, height * a / np.sqrt(np.sum(a**2)), draw.uniform(0, 2 * np.pi, waves))
