"""Statistics of lazy training and feature learning: what becomes of networks as they get wide, or their scale large.

Notation: h the width, α the scale of the output F = α (f − f₀), α̃ = √h α, Θ the tangent kernel, ε the test error, P the
number of patterns. Small α̃ is feature learning, large α̃ is lazy.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import Task
from landscape_lib.statistics import Estimate, exponent, interval, jackknife, prominence, with_replacement

BINS = 72  # of five degrees each
LEAST = 3  # sizes that say whether there is one exponent


@dataclass(frozen=True)
class Circle:
    """One network at one α̃ = √h α: F around the circle, and the weights of its hidden units, before and after."""

    alpha_h: float
    points: Task
    angles: Float[Tensor, "points"]  # of the training points
    around: Float[Tensor, "angles"]
    F: Float[Tensor, "angles"]
    before: Float[Tensor, "h 2"]
    after: Float[Tensor, "h 2"]


def width_exponent(rows: pd.DataFrame, column: str) -> Estimate:
    """The exponent a of ⟨q⟩ ~ hᵃ, ⟨q⟩ the mean of a column over networks: least squares in ln h, jackknife over seeds.

    ``rows`` has one row a width ``h`` and ``seed``. At initialisation it is −1 for the excess kurtosis of f, and −1/2
    for the fluctuation of Θ; −1 for the motion of Θ in training at α = 1 (Dyer & Gur-Ari 2020, 1909.11304).

    >>> rows = pd.DataFrame({"h": [4, 16, 64] * 2, "seed": [0, 0, 0, 1, 1, 1], "q": [1.0, 0.5, 0.25] * 2})
    >>> round(width_exponent(rows, "q").value, 9)
    -0.5
    """
    return _exponent(rows.pivot(index="seed", columns="h", values=column), column)


def crossover(rows: pd.DataFrame) -> pd.DataFrame:
    """α*, where training moves the kernel by its own size, ‖ΔΘ‖ = ‖Θ₀‖: one row a training set, one column a width.

    ``rows`` has ``kernel_change`` at several ``alpha`` of each ``h`` and ``task_seed``, of which members are averaged
    geometrically. ln ‖ΔΘ‖ is taken as straight in ln α between two of them (Geiger et al. 2020, 1906.08034).

    >>> rows = pd.DataFrame({"h": 4, "task_seed": 0, "alpha": [0.1, 1.0, 10.0], "kernel_change": [100.0, 10.0, 0.1]})
    >>> float(crossover(rows).loc[0, 4].round(9))
    3.16227766
    """
    stars = {}
    for (task_seed, h), own in rows.groupby(["task_seed", "h"]):
        change = np.log(own.kernel_change).groupby(own.alpha).mean().sort_index()
        another = (change > 0).to_numpy().nonzero()[0]  # the scales at which the kernel has become another one
        if len(another) == 0 or another[-1] == len(change) - 1:
            raise ValueError(
                f"crossover: at h = {h}, training set {task_seed}, ‖ΔΘ‖/‖Θ₀‖ goes from {np.exp(change.iloc[0]):.2g} to "
                f"{np.exp(change.iloc[-1]):.2g}; need one above 1 at a small α, and below at the largest"
            )
        pair = change.iloc[[another[-1] + 1, another[-1]]]
        stars[task_seed, h] = np.exp(np.interp(0.0, pair, np.log(pair.index.to_numpy(float))))
    return pd.Series(stars).unstack().rename_axis(index="task_seed", columns="h")


def crossover_exponent(rows: pd.DataFrame) -> Estimate:
    """The exponent a of α* ~ hᵃ, of the `crossover`: −1/2 in the papers; jackknife over training sets.

    >>> rows = pd.DataFrame([{"h": h, "task_seed": t, "alpha": a, "kernel_change": 1 / (a * h**0.5)}
    ...                      for h in (4, 16, 64) for t in (0, 1) for a in (0.01, 10.0)])
    >>> round(crossover_exponent(rows).value, 9)
    -0.5
    """
    return _exponent(crossover(rows), "the crossover")


def feature_over_lazy(rows: pd.DataFrame) -> Estimate:
    """The mean test error at the smallest α̃ over that at the largest: below 1 where feature learning wins.

    ``rows`` has ``error`` at each ``alpha_h`` of each ``task_seed``; widths and members are averaged. The jackknife is
    over training sets, which both regimes share (Geiger et al. 2020, 1906.08034).

    >>> rows = pd.DataFrame({"alpha_h": [0.1, 10.0] * 2, "task_seed": [0, 0, 1, 1], "error": [0.1, 0.2, 0.1, 0.2]})
    >>> feature_over_lazy(rows).value
    0.5
    """
    errors = _at_ends(rows).groupby(["task_seed", "alpha_h"]).error.mean().unstack()
    return jackknife(errors.to_numpy(), lambda sets: sets.mean(0)[0] / sets.mean(0)[1])


def lesser_prominence(rows: pd.DataFrame, *, seed: int = 0, resamples: int = 2000) -> Estimate:
    """How far the peak of the mean test error in the width stands out, in ln, in the regime where it does less.

    ``rows`` has ``error`` at each ``h``, ``alpha_h`` and ``task_seed``. At both ends it is the `prominence` of the mean
    over training sets and members. Training sets are resampled, the same at both ends; noise makes peaks, in replicates
    twice, so that these are moved until their mean is the measured value (Geiger et al. 2020, 1906.08034).

    >>> rows = pd.DataFrame([{"h": h, "task_seed": t, "alpha_h": s, "error": e} for s, top in ((0.1, 2.0), (10.0, 4.0))
    ...                      for h, e in ((2, 1.0), (4, top), (8, 0.5)) for t in (0, 1)])
    >>> round(lesser_prominence(rows).value, 3)
    0.693
    """
    _, errors = _by_regime(rows, "h")
    lesser = prominence(errors[with_replacement(len(errors), seed, resamples)].mean(1)).min(-1)
    return Estimate(float(lesser[0]), interval(lesser[1:], value=float(lesser[0]), centred=True))


def learning_exponent(rows: pd.DataFrame, column: str = "error") -> Estimate:
    """β of ⟨q⟩ ~ P^(−β), ⟨q⟩ the mean of a column over training sets, ``seed``: jackknife over them (1905.10843).

    >>> rows = pd.DataFrame({"P": [4, 16, 64] * 2, "seed": [0, 0, 0, 1, 1, 1], "error": [1.0, 0.5, 0.25] * 2})
    >>> round(learning_exponent(rows).value, 9)
    0.5
    """
    falls = _exponent(rows.pivot(index="seed", columns="P", values=column), column)
    return Estimate(-falls.value, (-falls.interval[1], -falls.interval[0]))


def feature_less_lazy_exponent(rows: pd.DataFrame) -> Estimate:
    """β of ε ~ P^(−β) at the smallest α̃, less that at the largest; both on the same training sets, and jackknife.

    On the stripe model in d dimensions it is (2d − 1)/(3d − 2) − d/(3d − 2) = (d − 1)/(3d − 2) (Paccolat et al. 2021,
    2007.11471).

    >>> rows = pd.DataFrame([{"alpha_h": a, "P": P, "task_seed": t, "error": P**-b}
    ...                      for a, b in ((0.1, 0.7), (10.0, 0.4)) for P in (8, 16, 32) for t in (0, 1)])
    >>> round(feature_less_lazy_exponent(rows).value, 9)
    0.3
    """
    sizes, errors = _by_regime(rows, "P")
    _refuse_few(len(sizes), "error")

    def less(sets: Float[np.ndarray, "sets scales sizes"]) -> float:
        feature, lazy = -np.polyfit(np.log(sizes), np.log(sets.mean(0)).T, 1)[0]
        return float(feature - lazy)

    return jackknife(errors, less)


def dimension_times_exponent(rows: pd.DataFrame) -> Estimate:
    """β d of the square error ~ P^(−β) on spheres of d dimensions, in the d where it is furthest from 1, in ln.

    It is 1 for the Laplace kernel as teacher and student (Spigler, Geiger & Wyart 2020, 1905.10843). ``rows`` has
    ``square`` at each ``d``, ``P`` and ``seed``; jackknife over seeds.

    >>> rows = pd.DataFrame([{"d": d, "P": P, "seed": s, "square": P ** (-b / d)}
    ...                      for d, b in ((1, 1.0), (2, 0.9)) for P in (8, 16, 32) for s in (0, 1)])
    >>> round(dimension_times_exponent(rows).value, 9)
    0.9
    """
    betas = {d: learning_exponent(own, "square") for d, own in rows.groupby("d")}
    products = {d: Estimate(d * b.value, (d * b.interval[0], d * b.interval[1])) for d, b in betas.items()}
    if not all(product.value > 0 for product in products.values()):
        raise ValueError(f"dimension_times_exponent: the error does not fall with P: β d = {products}")
    return max(products.values(), key=lambda product: abs(np.log(product.value)))


def directions(weights: Float[Tensor, "h 2"]) -> float:
    """In how many directions of the plane the units point: exp S, S the entropy of Σ ‖w‖² over sectors of five degrees.

    A unit counts with the square of its weights. It is 1 where all point one way, and 72 where none is preferred and
    there are very many; h units of random weights come to fewer (Petrini et al. 2023, 2206.12314, call few sparse).

    >>> import torch
    >>> directions(torch.tensor([[1.0, 0.01], [2.0, 0.02], [0.01, -1.0], [0.02, -2.0]]))
    2.0
    """
    w = weights.double().numpy()
    sectors = np.floor((np.arctan2(w[:, 1], w[:, 0]) / (2 * np.pi) % 1) * BINS)
    share = np.bincount(sectors.astype(int), np.square(w).sum(1), minlength=BINS)
    share = share[share > 0] / share.sum()
    return round(float(np.exp(-(share * np.log(share)).sum())), 9)


def _at_ends(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the smallest and the largest α̃."""
    low, high = rows.alpha_h.min(), rows.alpha_h.max()
    if not low < high:
        raise ValueError(f"the only scale is α̃ = {low:g}; need two, one for each regime")
    return rows[rows.alpha_h.isin([low, high])]


def _by_regime(
    rows: pd.DataFrame, column: str
) -> tuple[Float[np.ndarray, "sizes"], Float[np.ndarray, "sets scales sizes"]]:
    """The sizes in a column, and the mean error of each training set, at both ends of the scales, at all of them."""
    means = _at_ends(rows).groupby(["task_seed", "alpha_h", column]).error.mean()
    errors = means.unstack(["alpha_h", column]).sort_index(axis=1)
    sizes = errors.columns.levels[1].to_numpy(float)
    if errors.shape[1] < 2 * len(sizes) or errors.isna().any(axis=None):
        raise ValueError(f"not every training set has both scales at every {column}")
    return sizes, errors.to_numpy().reshape(-1, 2, len(sizes))


def _exponent(table: pd.DataFrame, what: str) -> Estimate:
    """The slope of the logarithm of the mean over rows against that of the column's number; jackknife over rows."""
    _refuse_few(table.shape[1], what)
    if table.isna().any(axis=None):
        raise ValueError(f"{what}: a number is missing; need every seed at every size, {table.columns.to_list()}")
    return exponent(table.columns.to_numpy(float), table.to_numpy(), what)


def _refuse_few(sizes: int, what: str) -> None:
    if sizes < LEAST:
        raise ValueError(f"{what}: {sizes} sizes, need at least {LEAST} for an exponent")
