"""Statistics of slices: what a picture of the landscape shows, and what it shows of its own making.

Notation: d a direction in the space of weights, ε the test error, h the width, B the batch. A row is a network, and a
``seed`` draws its patterns and its weights; where two ways are compared, both have the same seeds.
"""

import numpy as np
import pandas as pd
from jaxtyping import Float

from landscape_lib.statistics import Estimate, exponent, interval, jackknife, log_ratio, with_replacement

LEAST = 3  # sizes that say whether there is one exponent
SADDLE = 0.01  # share of directions down from which on a point counts as one that is no minimum


def normalised_over_raw(rows: pd.DataFrame) -> Estimate:
    """How much a change of units moves a filter-normalised slice, over how much it moves a raw one.

    ``rows`` has, of each seed, ``raw`` and ``filter``: the root mean square change of the loss along a slice when one
    ReLU layer is multiplied by a factor and the next divided by it. 0 where the slice does not see the units (Li et
    al. 2018, 1712.09913, section 4; Dinh et al. 2017, 1703.04933). Jackknife over seeds.

    >>> normalised_over_raw(pd.DataFrame({"seed": [0, 1], "raw": [2.0, 2.0], "filter": [0.5, 0.5]})).value
    0.25
    """
    changes = rows.groupby("seed")[["filter", "raw"]].mean()
    if len(changes) == 0 or not changes.raw.mean() > 0:
        raise ValueError(
            f"normalised_over_raw: the raw slices of {len(changes)} seeds do not change; need some that do"
        )
    return jackknife(changes.to_numpy(), _ratio)


def concave_difference(rows: pd.DataFrame) -> Estimate:
    """The share of a slice's points where it bends down, without skips less with them.

    ``rows`` has ``concave`` of each ``seed`` at ``skip`` True and False. 0 where skips change nothing (Li et al. 2018,
    1712.09913, sections 5 and 6). Jackknife over seeds.

    >>> rows = pd.DataFrame({"seed": [0, 1] * 2, "skip": [True, True, False, False], "concave": [0.0, 0.0, 0.5, 0.25]})
    >>> concave_difference(rows).value
    0.375
    """
    return jackknife(_pairs(rows, "concave", "skip", (False, True)), lambda pairs: float(-np.diff(pairs.mean(0))[0]))


def loss_without_over_with(rows: pd.DataFrame) -> Estimate:
    """The mean training loss without skips over that with them, after the same number of steps.

    ``rows`` has ``loss`` of each ``seed`` at ``skip`` True and False. Jackknife over seeds, of the logarithm.

    >>> rows = pd.DataFrame({"seed": [0, 1] * 2, "skip": [True, True, False, False], "loss": [1.0, 1.0, 4.0, 4.0]})
    >>> round(loss_without_over_with(rows).value, 9)
    4.0
    """
    return log_ratio(_pairs(rows, "loss", "skip", (False, True)))


def width_exponent(rows: pd.DataFrame, column: str = "filter") -> Estimate:
    """The exponent a of ⟨width of the basin⟩ ~ hᵃ: least squares in ln h, jackknife over seeds.

    ``rows`` has the width in a column at each ``h`` and ``seed``: ``filter`` in lengths of the filters, or ``raw``.

    >>> rows = pd.DataFrame({"h": [4, 16, 64] * 2, "seed": [0, 0, 0, 1, 1, 1], "filter": [1.0, 2.0, 4.0] * 2})
    >>> round(width_exponent(rows).value, 9)
    0.5
    """
    _refuse_repeated(rows, ["seed", "h"], "width_exponent")
    table = rows.pivot(index="seed", columns="h", values=column)
    if table.shape[1] < LEAST or table.isna().any(axis=None):
        raise ValueError(f"width_exponent: {table.shape[1]} widths; need {LEAST} at least, each of every seed")
    if not (table.mean() > 0).all():
        raise ValueError(f"width_exponent: {column} is {table.mean().to_dict()} in the mean; need basins with a width")
    return exponent(table.columns.to_numpy(float), table.to_numpy(), "width_exponent")


def lesser_batch_ratio(rows: pd.DataFrame, column: str = "filter") -> Estimate:
    """The width of the basin after small batches over that after large ones, at the weight decay where it is less.

    ``rows`` has the width in a column of each ``seed``, at two sizes of ``batch`` and each ``weight_decay``. Above 1
    where small batches end in wider basins with decay and without (Li et al. 2018, 1712.09913, section 4.1). Jackknife
    over seeds, of the logarithm.

    >>> rows = pd.DataFrame([{"seed": s, "batch": b, "weight_decay": d, "filter": w}
    ...                      for s in (0, 1) for b, d, w in ((8, 0, 3.0), (64, 0, 2.0), (8, 1, 2.0), (64, 1, 1.0))])
    >>> round(lesser_batch_ratio(rows).value, 9)
    1.5
    """
    sizes = sorted(rows.batch.unique().tolist())
    if len(sizes) != 2:
        raise ValueError(f"lesser_batch_ratio: batches of {sizes}; need two sizes")
    _refuse_repeated(rows, ["seed", "batch", "weight_decay"], "lesser_batch_ratio")
    ratios = [log_ratio(_pairs(own, column, "batch", sizes)) for _, own in rows.groupby("weight_decay")]
    return min(ratios, key=lambda ratio: ratio.value)


def share_above_walk(rows: pd.DataFrame) -> Estimate:
    """The share of a path's variance in its two leading principal directions, less that of a random walk.

    ``rows`` has, of each seed, ``first`` and ``second``, the shares of the path, and ``walk``, their sum for a walk
    with steps of the same lengths in directions at random. 0 for a path that is one. Jackknife over seeds.

    >>> rows = pd.DataFrame({"seed": [0, 1], "first": [0.75, 0.75], "second": [0.125, 0.125], "walk": [0.75, 0.75]})
    >>> share_above_walk(rows).value
    0.125
    """
    return jackknife((rows["first"] + rows.second - rows.walk).groupby(rows.seed).mean())


def share_up(rows: pd.DataFrame) -> Estimate:
    """The share of random slices that bend up, at points from which the loss falls along some directions.

    ``rows`` has ``up`` of each ``seed``, and ``down``, the share of negative eigenvalues; rows below a hundredth are
    left out. One half where curvatures up and down are alike, 0 along the lowest eigenvector (Böttcher & Wheeler 2024,
    2208.13219). Jackknife over seeds.

    >>> share_up(pd.DataFrame({"seed": [0, 0, 1], "down": [0.5, 0.0, 0.5], "up": [1.0, 0.0, 0.5]})).value
    0.75
    """
    there = rows[rows.down >= SADDLE]
    if there.seed.nunique() < 2:
        raise ValueError(f"share_up: {there.seed.nunique()} seeds with directions down; need at least two")
    return jackknife(there.groupby("seed").up.mean())


def gd_over_sgd(rows: pd.DataFrame) -> Estimate:
    """The mean test error of gradient descent over that of SGD, in the one regime where they are furthest apart, in ln.

    ``rows`` has ``error`` of each ``seed`` and ``regime``, by both of ``method`` "GD" and "SGD". 1 where the noise of
    SGD changes nothing (Sagun et al. 2015, 1412.6615). Jackknife over seeds, of the logarithm.

    >>> rows = pd.DataFrame([{"seed": s, "regime": r, "method": m, "error": e} for s in (0, 1)
    ...                      for r, m, e in (("a", "GD", 0.2), ("a", "SGD", 0.1), ("b", "GD", 0.1), ("b", "SGD", 0.1))])
    >>> round(gd_over_sgd(rows).value, 9)
    2.0
    """
    ratios = [log_ratio(_pairs(own, "error", "method", ("GD", "SGD"))) for _, own in rows.groupby("regime")]
    if not ratios:
        raise ValueError("gd_over_sgd: no rows")
    return max(ratios, key=lambda ratio: abs(np.log(ratio.value)))


def limit_energy(rows: pd.DataFrame, *, seed: int = 0, resamples: int = 2000) -> Estimate:
    """e of ⟨energy⟩ = e + c N^(−2/3), the energy per spin where descent ends in the limit of many spins.

    ``rows`` has ``energy`` at each number ``N`` of spins and ``seed`` of the couplings; replicas are averaged. By
    N^(−2/3) the edge of a random spectrum, which decides where descent ends, is off at finite N. Weighted least
    squares; couplings are resampled at each N. Cugliandolo & Kurchan (1993): −2 √(2/3) = −1.633 for p = 3.

    >>> rows = pd.DataFrame([{"N": N, "seed": s, "energy": -1.5 + N ** (-2 / 3)} for N in (8, 27, 64) for s in (0, 1)])
    >>> round(limit_energy(rows).value, 9)
    -1.5
    """
    samples = {N: own.groupby("seed").energy.mean().to_numpy() for N, own in rows.groupby("N")}
    if len(samples) < LEAST:
        raise ValueError(f"limit_energy: {len(samples)} sizes, need at least {LEAST} for a limit")
    x = np.array(list(samples), dtype=float) ** (-2 / 3)
    drawn = np.stack(
        [own[with_replacement(len(own), seed + i, resamples)].mean(1) for i, own in enumerate(samples.values())]
    )
    errors = np.array([own.std(ddof=1) / np.sqrt(len(own)) for own in samples.values()])
    weights = 1 / np.maximum(errors, 1e-12) ** 2
    weights /= weights.sum()
    away = x - weights @ x
    slopes = (weights * away) @ drawn / (weights @ away**2)
    limits = weights @ drawn - slopes * (weights @ x)
    return Estimate(float(limits[0]), interval(limits[1:], value=float(limits[0])))


def _pairs(rows: pd.DataFrame, column: str, by: str, two: tuple | list) -> Float[np.ndarray, "seeds 2"]:
    """The mean of a column at the first and the second of two values, a row a seed."""
    table = rows.groupby(["seed", by])[column].mean().unstack(by).reindex(columns=list(two))
    if table.empty or table.isna().any(axis=None):
        raise ValueError(
            f"{column}: need every seed at {by} = {two[0]} and {two[1]}, there is {rows[by].unique().tolist()}"
        )
    return table.to_numpy(float)


def _ratio(pairs: Float[np.ndarray, "seeds 2"]) -> float:
    first, second = pairs.mean(0)
    return float(first / second)


def _refuse_repeated(rows: pd.DataFrame, by: list[str], caller: str) -> None:
    """Runs of other lengths, say, whose mean would be of neither."""
    if (again := rows[by].duplicated()).any():
        which = ", ".join(f"{name} {value:g}" for name, value in rows.loc[again, by].iloc[0].items())
        raise ValueError(f"{caller}: several rows of {which}; choose one measurement of each")
