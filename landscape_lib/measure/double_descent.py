"""Double descent: where a curve of N peaks, how much of a peak that is, and how sure one can be.

Where N* is needed it is given as draws: the measured one, then the replicates of its bootstrap.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from landscape_lib.statistics import Curve, Estimate, estimate, interval, power_law, prominence

Drawn = Float[np.ndarray, "draws sizes"]


def cusp(curves: Sequence[Curve], N_star: Float[np.ndarray, "draws"], *, seed: int = 0) -> Estimate:
    """N of the largest value of each curve over N*: of these ratios the one that is furthest from 1, in ln N.

    >>> N = np.array([10.0, 20.0, 40.0, 80.0])
    >>> sharp = [Curve(N, y, y, y) for y in (np.array([1.0, 3, 1, 1]), np.array([1.0, 1, 3, 1]))]
    >>> cusp(sharp, np.array([20.0, 20.0])).value
    2.0
    """
    N_star = _finite(N_star, "cusp")

    def furthest(*drawn: Drawn) -> np.ndarray:
        ratios = np.stack([curves[0].N[values.argmax(-1)] / N_star for values in drawn])
        worst = np.abs(np.log(ratios)).argmax(0)
        return ratios[worst, np.arange(len(N_star))]

    return estimate(furthest, *curves, seed=seed, resamples=len(N_star) - 1)


def divergence(
    norm: Curve, N_star: Float[np.ndarray, "draws"], *, seed: int = 0, resamples: int = 200
) -> tuple[Estimate, float]:
    """The exponent a of ‖f‖ = c + b (N − N*)ᵃ, fitted to all N above N*, and the misfit, χ² a degree of freedom.

    The papers' exponent is −1 (1901.01608); a misfit well above 1 says that there is no such law. Each replicate has
    norms and an N* of its own, and at least four sizes above it, or the fit says nothing.
    """
    N_star = _finite(N_star, "divergence")
    chosen = np.append(N_star[0], np.random.default_rng(seed).choice(N_star[1:], resamples))
    if (norm.N > chosen.max()).sum() < 4:
        raise ValueError(f"divergence: fewer than four sizes lie above an N* of {chosen.max():.0f}; add wider networks")
    laws = []
    for at, values in zip(chosen, norm.draws(seed, resamples), strict=True):
        past = norm.N > at
        laws.append(power_law(norm.N[past] - at, values[past], (norm.errors * values)[past]))
    value = laws[0].exponent.value
    return Estimate(value, interval([law.exponent.value for law in laws[1:]], value=value)), laws[0].misfit


def descent(curve: Curve, beyond: float = 2.0, *, seed: int = 0) -> Estimate:
    """The slope of ln y against ln N from ``beyond`` times the N of the peak on: negative where y falls."""
    past = curve.N >= beyond * curve.N[curve.value.argmax()]
    if past.sum() < 2:
        raise ValueError(f"descent: {past.sum()} sizes lie beyond {beyond:g} times the peak, need at least two")
    ln_N = np.log(curve.N[past]) - np.log(curve.N[past]).mean()
    return estimate(lambda drawn: np.log(drawn[:, past]) @ ln_N / (ln_N @ ln_N), curve, seed=seed)


def share_left(*pairs: tuple[Curve, Curve], seed: int = 0) -> Estimate:
    """The `prominence` of a curve after a cure, over that before it: 0 where no peak is left.

    Of several pairs (after, before) the largest share: which cure that is may change from one replicate to the next.
    """

    def largest(*drawn: Drawn) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = [prominence(a) / prominence(b) for a, b in zip(drawn[::2], drawn[1::2], strict=True)]
        return np.max(shares, axis=0)

    return estimate(largest, *(curve for pair in pairs for curve in pair), seed=seed, centred=True)


def sharpened(noisy: Curve, clean: Curve, *, seed: int = 0) -> Estimate:
    """The `prominence` of one curve less that of another."""
    return estimate(lambda one, other: prominence(one) - prominence(other), noisy, clean, seed=seed, centred=True)


def second_fall(values: Float[np.ndarray, "times"]) -> float:
    """Of the largest climb of a curve in time, the share that comes down again: 1 is all of it, 0 nothing.

    The climb is from the lowest point before to the peak, the fall from the peak to the lowest point after it.

    >>> second_fall(np.array([0.5, 0.1, 0.3, 0.2]))
    0.5
    """
    climbs = values - np.minimum.accumulate(values)
    top = int(climbs.argmax())
    if climbs[top] <= 0:
        raise ValueError("second_fall: the curve never climbs, so that nothing can fall again")
    return round(float((values[top] - values[top:].min()) / climbs[top]), 12)


def _finite(N_star: Float[np.ndarray, "draws"], what: str) -> Float[np.ndarray, "draws"]:
    if len(N_star) < 2 or not np.isfinite(N_star).all():
        raise ValueError(f"{what}: N* is not seen in every replicate; add networks on both sides of it")
    return N_star
