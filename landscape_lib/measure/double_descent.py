"""Double descent: where a curve of N peaks, how much of a peak that is, and how sure one can be.

Where N* is needed it is given as draws: the measured one, then the replicates of its bootstrap.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from landscape_lib.measure import Estimate
from landscape_lib.measure.power_laws import power_law

Values = Float[np.ndarray, "sizes"]
Drawn = Float[np.ndarray, "draws sizes"]


@dataclass(frozen=True)
class Curve:
    """A positive quantity at rising N, each value with the ends of its 95% interval over members."""

    N: Values
    value: Values
    low: Values
    high: Values

    @classmethod
    def of(cls, rows: pd.DataFrame, name: str) -> "Curve":
        """The columns ``name``, ``name_low`` and ``name_high`` of a table with one row a size ``N``."""
        rows = rows.sort_values("N")
        if len(rows) < 3 or not rows.N.is_unique:
            raise ValueError(f"Curve: {len(rows)} rows of {rows.N.nunique()} sizes N, need at least three, one a size")
        value, low, high = (rows[column].to_numpy(float) for column in (name, f"{name}_low", f"{name}_high"))
        if not (np.isfinite([low, high]).all() and (low > 0).all() and (low <= value).all() and (value <= high).all()):
            raise ValueError(f"Curve: {name} must be positive, finite, and inside its interval")
        return cls(rows.N.to_numpy(float), value, low, high)

    @property
    def errors(self) -> Values:
        """The standard error of each value's logarithm."""
        return np.log(self.high / self.low) / (2 * 1.96)

    def draws(self, seed: int, resamples: int) -> Drawn:
        """The curve, then ``resamples`` replicates of it: log-normal, since one value comes from many networks.

        Networks of different sizes are different ones, so the values vary independently. So do two curves, though they
        may be of the same networks: what is measured between them is then known better than the interval says.
        """
        noise = np.random.default_rng(seed).standard_normal((resamples + 1, len(self.N)))
        noise[0] = 0
        return self.value * np.exp(noise * self.errors)


def estimate(
    statistic: Callable[..., np.ndarray], *curves: Curve, seed: int = 0, resamples: int = 2000, centred: bool = False
) -> Estimate:
    """A statistic of one or more curves, and its 95% interval by a parametric bootstrap of every value.

    ``statistic`` takes one array (draws, sizes) a curve, and gives one number a draw. ``centred`` moves the replicates
    so that their mean is the measured value: the noise that the curves have is in the replicates twice, and a statistic
    that noise makes larger, as it does a `prominence`, would come out too large in all of them.
    """
    drawn = statistic(*(curve.draws(seed + i, resamples) for i, curve in enumerate(curves)))
    if not np.isfinite(drawn).all():
        raise ValueError("estimate: the statistic is not finite for every replicate; is there a peak to speak of?")
    return _around(drawn[0], drawn[1:] - (drawn[1:].mean() - drawn[0] if centred else 0.0))


def prominence(values: Float[np.ndarray, "*draws sizes"]) -> Float[np.ndarray, "*draws"]:
    """How far a peak stands above both of its sides, in ln: max_j min(ln y_j/y_i, ln y_j/y_k), i < j < k.

    i and k are the lowest points before and after j, wherever it is. A curve that only falls, or only rises, has no
    peak: 0. Noise makes peaks, so that a flat curve with errors of 2% has one of about 0.05.

    >>> round(float(prominence(np.array([1.0, 0.5, 2.0, 1.5]))), 3)     # 2 over 1.5, the higher of its two sides
    0.288
    """
    return np.asarray(_heights(values).max(-1))


def peak(curve: Curve) -> float:
    """N of the most prominent peak, which need not be the largest value; NaN where there is none.

    >>> y = np.array([9.0, 1, 3, 2])
    >>> peak(Curve(np.array([10.0, 20, 40, 80]), y, y, y))
    40.0
    """
    heights = _heights(curve.value)
    return float(curve.N[heights.argmax()]) if heights.max() > 0 else float("nan")


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
    return _around(laws[0].exponent.value, [law.exponent.value for law in laws[1:]]), laws[0].misfit


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


def _heights(values: Float[np.ndarray, "*draws sizes"]) -> Float[np.ndarray, "*draws sizes"]:
    """How far each point stands above the lowest before it and the lowest after it, the smaller of the two, in ln."""
    y = np.log(values)
    before = np.minimum.accumulate(y, -1)
    after = np.minimum.accumulate(y[..., ::-1], -1)[..., ::-1]
    return np.minimum(y - before, y - after)


def _around(value: float, replicates: Float[np.ndarray, "draws"] | list[float]) -> Estimate:
    low, high = np.quantile(replicates, (0.025, 0.975))
    return Estimate(float(value), (min(float(low), float(value)), max(float(high), float(value))))


def _finite(N_star: Float[np.ndarray, "draws"], what: str) -> Float[np.ndarray, "draws"]:
    if len(N_star) < 2 or not np.isfinite(N_star).all():
        raise ValueError(f"{what}: N* is not seen in every replicate; add networks on both sides of it")
    return N_star
