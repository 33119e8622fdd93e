"""Double descent: where a curve of N peaks, how much of a peak that is, and how sure one can be.

Notation of 1901.01608: N parameters, P patterns, N* the N at which the training data can just be fitted, f the output.

A quantity comes as a table, a row a training set and a column a size N (`by_set`). Curves are geometric means over
training sets, since f of single networks spans decades near N*. Whole training sets are resampled, with all that was
measured of them, so that an interval holds for other training sets too.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from scipy.stats import t as student

from landscape_lib.statistics import (
    Estimate,
    PowerLaw,
    bootstrap,
    interval,
    jackknife,
    power_law,
    prominence,
    summit,
    with_replacement,
)

Drawn = Float[np.ndarray, "draws sizes"]
LEAST = 0.05  # a peak that stands less above its sides, in ln, is none: noise makes such ones


def by_set(networks: pd.DataFrame, name: str) -> pd.DataFrame:
    """One quantity of a table with a row a training set, ``task_seed``, and size, ``N``: a row a set, a column a size.

    >>> by_set(pd.DataFrame({"task_seed": [1, 2], "N": [5, 5], "error": [0.1, 0.2]}), "error")[5].tolist()
    [0.1, 0.2]
    """
    table = networks.pivot(index="task_seed", columns="N", values=name).astype(float)
    if table.isna().any(axis=None):
        raise ValueError(f"by_set: not every training set has {name} at every N; finish the sweep first")
    return table


def curves(networks: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Of each quantity the geometric mean over training sets, with its 95% interval: a row a size, for a figure.

    Of each ``name`` there are ``name_low`` and ``name_high``, by Student's t of the logarithms. ``train_error`` and
    ``zero``, the share of networks at zero loss, are plain means.
    """
    mean = networks.groupby("N")[["h", "train_error"]].mean().astype({"h": int})
    mean["zero"] = (networks.satisfied / networks.members).groupby(networks.N).mean()
    for name in names:
        ln = np.log(by_set(networks, name))
        half = student.ppf(0.975, len(ln) - 1) * ln.std() / len(ln) ** 0.5
        mean[name], mean[f"{name}_low"], mean[f"{name}_high"] = (np.exp(ln.mean() + k * half) for k in (0, -1, 1))
    return mean.reset_index()


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
    N = _alike(tables, "furthest_peak")

    def furthest(drawn: Float[np.ndarray, "draws quantities sizes"]) -> float:
        ratios = N[np.median(drawn, axis=0).argmax(-1)] / P
        return float(ratios[np.abs(np.log(ratios)).argmax()])

    return bootstrap(np.stack([table.to_numpy() for table in tables], axis=1), furthest, seed=seed)


def threshold(zero: pd.DataFrame, *, seed: int = 0) -> Estimate:
    """N*: the middle, in ln N, of a bracket: the last N at which fewer than half are at zero loss, and the next.

    ``zero`` holds the share of a training set's networks at zero loss. Nothing is known of N* inside the bracket, so
    the interval holds the whole of it: from what 97.5% of the replicates have below to what 97.5% have above.

    >>> round(threshold(pd.DataFrame([[0.0, 0.4, 1.0]] * 2, columns=[50, 100, 400])).value, 6)
    200.0
    """
    N, draws = _sizes(zero, "threshold"), with_replacement(len(zero), seed)
    low, high = _bracket(zero.to_numpy()[draws].mean(1), N)
    return Estimate(float(np.sqrt(low[0] * high[0])), (float(np.quantile(low, 0.025)), float(np.quantile(high, 0.975))))


def cusp(quantities: Sequence[pd.DataFrame], zero: pd.DataFrame, *, seed: int = 0) -> Estimate:
    """N of the most prominent peak of each curve over N*: of these ratios the one that is furthest from 1, in ln N.

    A peak stands at least `LEAST` above both of its sides. A curve without one counts as peaking where it is largest,
    which may be an end of the range. N* is anywhere in the bracket of `threshold`: of a replicate, a draw of it.

    >>> N = [5, 10, 20, 40, 80]
    >>> sharp = [pd.DataFrame([row] * 2, columns=N) for row in ([1.0, 1, 3, 1, 1], [1.0, 1, 1, 3, 1])]
    >>> zero = pd.DataFrame([[0.0, 0.4, 1, 1, 1]] * 2, columns=N)
    >>> round(cusp(sharp, zero).value, 3), round(cusp(sharp[:1], zero).value, 3)
    (2.828, 1.414)
    """
    N, draws = _alike([*quantities, zero], "cusp"), with_replacement(len(zero), seed)
    places = []
    for table in quantities:
        values = _means(table, draws)
        top = summit(values, LEAST)
        places.append(N[np.where(top < 0, values.argmax(-1), top)])
    ratios = np.stack(places) / _stars(zero, N, draws, seed)
    furthest = ratios[np.abs(np.log(ratios)).argmax(0), np.arange(len(draws))]
    return Estimate(float(furthest[0]), interval(furthest[1:], value=float(furthest[0])))


def divergence(norm: pd.DataFrame, zero: pd.DataFrame, *, seed: int = 0, resamples: int = 300) -> Estimate:
    """The exponent a of ‖f‖ = c + b (N − N*)ᵃ, fitted to all N above N* (1901.01608: −1).

    A replicate has other training sets, and an N* of its own anywhere in their bracket. At least five sizes must lie
    above it, or the fit says nothing.
    """
    N, draws = _alike([norm, zero], "divergence"), with_replacement(len(zero), seed, resamples)
    values, stars = _means(norm, draws), _stars(zero, N, draws, seed)
    laws = [_law(norm, *each).exponent.value for each in zip(values, stars, strict=True)]
    return Estimate(laws[0], interval(laws[1:], value=laws[0]))


def divergence_law(norm: pd.DataFrame, zero: pd.DataFrame) -> PowerLaw:
    """The law of `divergence` with N* in the middle of its bracket; a misfit well above 1 says that there is none."""
    N, draws = _alike([norm, zero], "divergence"), with_replacement(len(zero), 0, 0)
    return _law(norm, _means(norm, draws)[0], _stars(zero, N, draws, 0)[0])


def descent(error: pd.DataFrame, beyond: float = 2.0) -> Estimate:
    """The slope of ln y against ln N from ``beyond`` times the N of the most prominent peak on: negative where y falls.

    The interval is the jackknife's over training sets.
    """
    N, middle = _sizes(error, "descent"), _means(error, with_replacement(len(error), 0, 0))[0]
    top = int(summit(middle, LEAST))
    if top < 0:
        raise ValueError(f"descent: no peak stands {LEAST} above its sides, in ln, so that nothing is beyond it")
    past = beyond * N[top] <= N
    if past.sum() < 2:
        raise ValueError(f"descent: {past.sum()} sizes lie beyond {beyond:g} times the peak, need at least two")
    ln_N = np.log(N[past]) - np.log(N[past]).mean()
    return jackknife(np.log(error.to_numpy()[:, past]) @ ln_N / (ln_N @ ln_N))


def share_left(after: pd.DataFrame, before: pd.DataFrame, *, seed: int = 0) -> Estimate:
    """The `prominence` of a curve after a cure, over that before it, in ln: 0 where no peak is left.

    Noise makes peaks, in replicates twice: they are moved so that their mean is the measured value.
    """
    draws = (_alike([after, before], "share_left"), with_replacement(len(before), seed))[1]
    left, whole = (prominence(_means(table, draws)) for table in (after, before))
    if whole[0] < LEAST:
        raise ValueError(f"share_left: the peak before the cure stands {whole[0]:.2f} above its sides; nothing to cure")
    shares = left / np.maximum(whole, LEAST)
    return Estimate(float(shares[0]), interval(shares[1:], value=float(shares[0]), centred=True))


def sharpened(noisy: pd.DataFrame, clean: pd.DataFrame, *, relative: bool = False, seed: int = 0) -> Estimate:
    """The `prominence` of one curve less that of another: of mean errors themselves or, ``relative``, of their ln.

    A ratio says less: where labels are flipped all errors are larger, and a peak as high stands out less of them.
    """
    draws = (_alike([noisy, clean], "sharpened"), with_replacement(len(clean), seed))[1]
    high, low = (prominence(table.to_numpy()[draws].mean(1), absolute=not relative) for table in (noisy, clean))
    return Estimate(float(high[0] - low[0]), interval((high - low)[1:], value=float(high[0] - low[0]), centred=True))


def rise(fewer: pd.DataFrame, more: pd.DataFrame, zero: pd.DataFrame, *, seed: int = 0) -> Estimate:
    """How much the test error of networks at their limit rises when they are given more data (1912.02292, sec. 7).

    ``fewer`` and ``more`` hold the errors at P₁ < P₂ on the same training sets and N, ``zero`` the share at zero loss
    at P₂. It is the mean of ε(P₂) − ε(P₁) over training sets and over the two N between which N* of P₂ lies. A
    replicate has other training sets, and with them another bracket.

    >>> error = pd.DataFrame([[0.3, 0.2, 0.1, 0.1]] * 2, columns=[5, 10, 20, 40])
    >>> zero = pd.DataFrame([[0.0, 0.2, 0.8, 1.0]] * 2, columns=[5, 10, 20, 40])
    >>> round(rise(error, error + [0, 0.02, 0.04, 0], zero).value, 9)
    0.03
    """
    N, draws = _alike([fewer, more, zero], "rise"), with_replacement(len(zero), seed)
    low, high = _bracket(zero.to_numpy()[draws].mean(1), N)
    rises = (more - fewer).to_numpy()[draws].mean(1)
    at_limit = np.take_along_axis(rises, np.searchsorted(N, np.stack([low, high], 1)), 1).mean(1)
    return Estimate(float(at_limit[0]), interval(at_limit[1:], value=float(at_limit[0])))


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


def _means(table: pd.DataFrame, draws: Int[np.ndarray, "draws sets"]) -> Drawn:
    """The geometric mean over the training sets of each draw."""
    values = table.to_numpy(float)
    if not (values > 0).all():
        raise ValueError("values must be positive: their logarithms are averaged over training sets")
    return np.exp(np.log(values)[draws].mean(1))


def _bracket(
    shares: Drawn, N: Int[np.ndarray, "sizes"]
) -> tuple[Float[np.ndarray, "draws"], Float[np.ndarray, "draws"]]:
    """Of each draw the last N with fewer than half at zero loss, and the next."""
    below = shares < 0.5
    if not (below.any(-1) & ~below[:, -1]).all():
        raise ValueError("N* is not bracketed in every replicate; add networks on both sides of it")
    last = below.shape[1] - 1 - below[:, ::-1].argmax(-1)
    return N[last].astype(float), N[last + 1].astype(float)


def _stars(
    zero: pd.DataFrame, N: Int[np.ndarray, "sizes"], draws: Int[np.ndarray, "draws sets"], seed: int
) -> Float[np.ndarray, "draws"]:
    """N* of each draw: the middle of its bracket, then anywhere in it, uniformly in ln N."""
    low, high = _bracket(zero.to_numpy()[draws].mean(1), N)
    where = np.random.default_rng(seed + 1).uniform(size=len(draws))
    where[0] = 0.5
    return np.asarray(low * (high / low) ** where)


def _law(norm: pd.DataFrame, values: Float[np.ndarray, "sizes"], N_star: float) -> PowerLaw:
    past = norm.columns.to_numpy() > N_star
    if past.sum() < 5:
        raise ValueError(
            f"divergence: {past.sum()} sizes lie above an N* of {N_star:.0f}, need five; add wider networks"
        )
    errors = np.log(norm.to_numpy()).std(0, ddof=1) / len(norm) ** 0.5
    return power_law(norm.columns.to_numpy()[past] - N_star, values[past], (errors * values)[past])


def _alike(tables: Sequence[pd.DataFrame], what: str) -> Int[np.ndarray, "sizes"]:
    """The N of several tables, which have the same columns and rows."""
    N = _sizes(tables[0], what)
    if not all(table.columns.equals(tables[0].columns) and len(table) == len(tables[0]) for table in tables):
        raise ValueError(f"{what}: the tables must have the same training sets and the same N")
    return N


def _sizes(table: pd.DataFrame, what: str) -> Int[np.ndarray, "sizes"]:
    """The N of a table's columns, after the door."""
    N = table.columns.to_numpy()
    if len(N) < 3 or not (np.diff(N) > 0).all():
        raise ValueError(f"{what}: the columns are {N.tolist()}; need at least three rising N")
    return N
