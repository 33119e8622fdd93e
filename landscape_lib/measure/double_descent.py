"""Double descent: where a curve of N peaks, how much of a peak that is, and how sure one can be.

Notation of 1901.01608: N parameters, P patterns, N* the N at which the training data can just be fitted, f the output.
Where N* is needed it is given as draws: the measured one, then the replicates of its bootstrap.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from landscape_lib.statistics import (
    Curve,
    Estimate,
    PowerLaw,
    Transition,
    Values,
    bootstrap,
    counted_transition,
    estimate,
    interval,
    power_law,
    prominence,
)

Drawn = Float[np.ndarray, "draws sizes"]
# Of each cure: the quantity that has a peak after it, and the one that had it before.
CURES = {
    "early stopping": ("error_stopped", "error"),
    "ensemble": ("together", "error"),
    "calibration": ("nll_calibrated", "nll"),
}


def second_descent(errors: pd.DataFrame, P: int, *, seed: int = 0) -> Estimate:
    """How deep a fit's error falls from its peak: log₁₀ ε(P) / max(min ε(N < P), ε(largest N)), ε the median error.

    ``errors`` has a row a data set of ``P`` points and a column a number of weights N, which rises and includes P.
    The median is that of data sets, which are resampled (the curve is that of Belkin et al. 2019, fig. 1).

    >>> second_descent(pd.DataFrame([[0.1, 100.0, 1.0]] * 2, columns=[1, 2, 4]), 2).value
    2.0
    """
    N = _sizes(errors, "second_descent")
    if P not in N[1:-1]:
        raise ValueError(f"second_descent: P = {P} is not among the N {N.tolist()}, or is the first or last of them")

    def depth(drawn: Drawn) -> np.floating:
        middle = np.median(drawn, axis=0)
        return np.log10(middle[N == P][0] / max(middle[N < P].min(), middle[-1]))

    return bootstrap(errors.to_numpy(), depth, seed=seed)


def furthest_peak(tables: Sequence[pd.DataFrame], P: int, *, seed: int = 0) -> Estimate:
    """N/P at the largest median of each quantity: of these ratios the one that is furthest from 1, in ln N.

    Each of ``tables`` holds one quantity, a row a draw of data and features, a column a number of features N. A draw
    is resampled with all that was measured of it. Of least squares the ratio is 1 (Belkin et al. 2019, fig. 2).

    >>> peaks = [pd.DataFrame([row] * 2, columns=[5, 10, 20]) for row in ([1.0, 3, 2], [1.0, 2, 3])]
    >>> furthest_peak(peaks, 10).value
    2.0
    """
    N = _sizes(tables[0], "furthest_peak")
    if not all(table.columns.equals(tables[0].columns) and len(table) == len(tables[0]) for table in tables):
        raise ValueError("furthest_peak: the quantities must have the same draws and the same N")

    def furthest(drawn: Float[np.ndarray, "draws quantities sizes"]) -> float:
        ratios = N[np.median(drawn, axis=0).argmax(-1)] / P
        return float(ratios[np.abs(np.log(ratios)).argmax()])

    return bootstrap(np.stack([table.to_numpy() for table in tables], axis=1), furthest, seed=seed)


def separation(networks: pd.DataFrame, *, resamples: int = 2000, seed: int = 0) -> Transition:
    """N*: the N at which half of the networks have every training label right.

    ``networks`` has a row an ensemble at one moment, with ``N``, its ``members``, and how many of them are
    ``separated``: without a training error.

    Of a ReLU network that gives each pattern its sign, a multiple has zero hinge loss: only the patience to get there
    may be missing. So this N* depends less on the number of steps than that of zero loss.
    """
    return counted_transition(networks.N, networks.separated, networks.members, resamples=resamples, seed=seed)


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


def divergent_law(norm: Curve, N_star: float) -> PowerLaw:
    """‖f‖ = c + b (N − N*)ᵃ, fitted to all N above N*. A misfit well above 1 says that there is no such law.

    >>> N = np.array([60.0, 70, 90, 130, 210, 370])
    >>> y = 2 + 300 / (N - 50)
    >>> round(divergent_law(Curve(N, y, 0.99 * y, 1.01 * y), 50.0).exponent.value, 3)
    -1.0
    """
    return _law(norm, N_star, norm.value)


def divergence(norm: Curve, N_star: Float[np.ndarray, "draws"], *, seed: int = 0, resamples: int = 200) -> Estimate:
    """The exponent a of `divergent_law`; the papers' is −1 (1901.01608).

    Each replicate has norms and an N* of its own, and at least four sizes above it, or the fit says nothing.
    """
    N_star = _finite(N_star, "divergence")
    chosen = np.append(N_star[0], np.random.default_rng(seed).choice(N_star[1:], resamples))
    if (norm.N > chosen.max()).sum() < 4:
        raise ValueError(f"divergence: fewer than four sizes lie above an N* of {chosen.max():.0f}; add wider networks")
    drawn = zip(chosen, norm.draws(seed, resamples), strict=True)
    value, *replicates = (_law(norm, at, values).exponent.value for at, values in drawn)
    return Estimate(value, interval(replicates, value=value))


def descent(curve: Curve, beyond: float = 2.0, *, seed: int = 0) -> Estimate:
    """The slope of ln y against ln N from ``beyond`` times the N of the peak on: negative where y falls."""
    past = curve.N >= beyond * curve.N[curve.value.argmax()]
    if past.sum() < 2:
        raise ValueError(f"descent: {past.sum()} sizes lie beyond {beyond:g} times the peak, need at least two")
    ln_N = np.log(curve.N[past]) - np.log(curve.N[past]).mean()
    return estimate(lambda drawn: np.log(drawn[:, past]) @ ln_N / (ln_N @ ln_N), curve, seed=seed)


def cures(rows: pd.DataFrame) -> dict[str, tuple[Curve, Curve]]:
    """Of each of `CURES` the curve after it and the curve before it, from a table with one row a size ``N``."""
    return {cure: (Curve.of(rows, after), Curve.of(rows, before)) for cure, (after, before) in CURES.items()}


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
    return estimate(
        lambda flipped, right: prominence(flipped) - prominence(right), noisy, clean, seed=seed, centred=True
    )


def rise(errors: pd.DataFrame, *, seed: int = 0) -> Estimate:
    """How much the test error of the same network rises when it is given more data: the mean of ε(P₂) − ε(P₁).

    ``errors`` has a row a training set, and two columns, P₁ < P₂. Training sets are resampled (1912.02292, sec. 7).

    >>> round(rise(pd.DataFrame({125: [0.1, 0.2], 250: [0.2, 0.3]})).value, 9)
    0.1
    """
    if errors.shape[1] != 2 or not errors.columns[0] < errors.columns[1]:
        raise ValueError(f"rise: the columns are {errors.columns.tolist()}; need two rising P")
    return bootstrap(errors.iloc[:, 1] - errors.iloc[:, 0], seed=seed)


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


def mean_second_fall(curves: Sequence[Float[np.ndarray, "_"]], *, seed: int = 0) -> Estimate:
    """The mean `second_fall` of the test error in time, a curve a training set; training sets are resampled.

    Curves need not be equally long: a network at rest has no further rows (1912.02292, sec. 6).

    >>> mean_second_fall([np.array([0.5, 0.1, 0.3, 0.2]), np.array([0.5, 0.1, 0.3])]).value
    0.25
    """
    return bootstrap([second_fall(values) for values in curves], seed=seed)


def _law(norm: Curve, N_star: float, values: Values) -> PowerLaw:
    """The law of a replicate: other ``values`` at the same N, each as uncertain as the measured one."""
    past = norm.N > N_star
    return power_law(norm.N[past] - N_star, values[past], (norm.errors * values)[past])


def _finite(N_star: Float[np.ndarray, "draws"], what: str) -> Float[np.ndarray, "draws"]:
    if len(N_star) < 2 or not np.isfinite(N_star).all():
        raise ValueError(f"{what}: N* is not seen in every replicate; add networks on both sides of it")
    return N_star


def _sizes(table: pd.DataFrame, what: str) -> Int[np.ndarray, "sizes"]:
    """The N of a table's columns, after the door."""
    N = table.columns.to_numpy()
    if len(N) < 3 or not (np.diff(N) > 0).all():
        raise ValueError(f"{what}: the columns are {N.tolist()}; need at least three rising N")
    return N
