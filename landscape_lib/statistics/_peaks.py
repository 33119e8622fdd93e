"""Curves with intervals, and their peaks: how far one stands above its sides, and where."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from landscape_lib.statistics._intervals import Estimate, interval

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
    value = float(drawn[0])
    return Estimate(value, interval(drawn[1:], value=value, centred=centred))


def prominence(values: Float[np.ndarray, "*draws sizes"], *, absolute: bool = False) -> Float[np.ndarray, "*draws"]:
    """How far a peak stands above both of its sides, in ln: max_j min(ln y_j/y_i, ln y_j/y_k), i < j < k.

    i and k are the lowest points before and after j, wherever it is. A curve that only falls, or only rises, has no
    peak: 0. Noise makes peaks, so that a flat curve with errors of 2% has one of about 0.05. ``absolute``: in y itself,
    y_j − y_i and y_j − y_k.

    >>> y = np.array([1.0, 0.5, 2.0, 1.5])
    >>> round(float(prominence(y)), 3), float(prominence(y, absolute=True))  # 2 and 1.5, the higher of its two sides
    (0.288, 0.5)
    """
    return np.asarray(_heights(values if absolute else np.log(values)).max(-1))


def summit(values: Float[np.ndarray, "*draws sizes"], least: float = 0.0) -> Int[np.ndarray, "*draws"]:
    """Where the most prominent peak is, which need not be the largest value; −1 where none stands above ``least``.

    >>> int(summit(np.array([9.0, 1, 3, 2]))), int(summit(np.array([9.0, 1, 3, 2]), least=0.5))
    (2, -1)
    """
    heights = _heights(np.log(values))
    return np.asarray(np.where(heights.max(-1) > least, heights.argmax(-1), -1))


def peak(curve: Curve) -> float:
    """N of the `summit`; NaN where there is none.

    >>> y = np.array([9.0, 1, 3, 2])
    >>> peak(Curve(np.array([10.0, 20, 40, 80]), y, y, y))
    40.0
    """
    place = int(summit(curve.value))
    return float(curve.N[place]) if place >= 0 else float("nan")


def _heights(y: Float[np.ndarray, "*draws sizes"]) -> Float[np.ndarray, "*draws sizes"]:
    """How far each point stands above the lowest before it and the lowest after it, the smaller of the two."""
    before = np.minimum.accumulate(y, -1)
    after = np.minimum.accumulate(y[..., ::-1], -1)[..., ::-1]
    return np.minimum(y - before, y - after)
