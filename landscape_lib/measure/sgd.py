"""Statistics of chapter 7: what the noise of SGD is, and what it does.

Notation: B the size of a batch, η the step size, g the gradient, Σ the covariance of the gradients of single points,
H the Hessian. A ``seed`` draws patterns and weights.
"""

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import minimize_scalar

from landscape_lib.statistics import Estimate, exponent, jackknife, log_jackknife, log_ratio

LEAST = 4  # batches that a critical one is fitted to


def tuned(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each ``batch`` the rows at its best step size: that of the fewest steps ``taken``, of those all seeds reach.

    >>> rows = pd.DataFrame({"batch": 4, "lr": [1, 1, 2, 2, 4, 4], "seed": [0, 1] * 3, "taken": [9, 7, 5, 3, 2, None]})
    >>> tuned(rows).lr.unique().tolist()
    [2]
    """
    means = rows.groupby(["batch", "lr"]).taken.agg(lambda taken: taken.mean(skipna=False))
    if (lost := means.groupby("batch").count().loc[lambda found: found == 0].index.tolist()) or rows.empty:
        raise ValueError(f"tuned: no step size takes batches of {lost} to the loss, on all seeds; try more of them")
    best = means.groupby("batch").idxmin()
    return rows[[key in set(best) for key in zip(rows.batch, rows.lr, strict=True)]]


def critical_batch(rows: pd.DataFrame) -> Estimate:
    """B_crit of S = S_min (1 + B_crit/B), the steps ``taken`` to a loss by batches of B, each at its best step size.

    ``rows`` has them of each ``seed``, ``batch`` and ``lr``. Well below B_crit twice the batch halves the steps,
    at B_crit it saves a quarter, far above none: (S/S_min − 1)(E/E_min − 1) = 1 with E = B S patterns (McCandlish et
    al., 1812.06162, 2.7). Least squares of the mean ln S; jackknife over seeds, of the logarithm, step sizes as chosen
    from all of them.

    >>> rows = pd.DataFrame([{"seed": s, "batch": B, "lr": 1, "taken": 10 * (1 + 32 / B)} for s in (0, 1)
    ...                      for B in (1, 8, 64, 512)])
    >>> round(critical_batch(rows).value, 3)
    32.0
    """
    B, samples = _steps(rows)
    return log_jackknife(samples, lambda drawn: _fitted(B, drawn))


def critical_over_scale(rows: pd.DataFrame, noises: pd.DataFrame, column: str = "scale") -> Estimate:
    """B_crit over the noise scale tr Σ/‖g‖² on the way to the same loss: 1 where the scale foretells it.

    ``rows`` as in `critical_batch`; ``noises`` has the scale in a column, and ``loss``, of each ``seed`` at each
    ``step``. It is averaged over the way: over ln 𝓛, by the trapezoidal rule, from the first loss to that of ``rows``,
    ``to``, interpolated in ln 𝓛. Jackknife over seeds, which draw the same patterns in both, of the logarithm.
    """
    (to,) = rows.to.unique()
    B, samples = _steps(rows)
    seeds, others = (sorted(part.seed.unique().tolist()) for part in (rows, noises))
    if seeds != others:
        raise ValueError(f"critical_over_scale: steps are of seeds {seeds}, noises of {others}")
    scales = np.array([_on_the_way(own, column, float(to)) for _, own in noises.groupby("seed")])
    both = np.concatenate([samples, scales[:, None]], axis=1)
    return log_jackknife(both, lambda drawn: _fitted(B, drawn[:, :-1]) / float(drawn[:, -1].mean()))


def tail_deficit(rows: pd.DataFrame, axis: str = "through") -> Estimate:
    """How far below that of a Gaussian the tail index of the noise is at the end of training: 0 for a Gaussian.

    ``rows`` has the index along an axis, and ``…_control``, the same estimator on Gaussians of the same widths, of each
    ``seed`` at each ``step``; the last counts. ``through`` is over batches for one coordinate, ``across`` over the
    coordinates of one batch. Jackknife over seeds.

    >>> tail_deficit(pd.DataFrame({"seed": [0, 1], "step": 9, "through": [1.25, 1.5], "through_control": 2.0})).value
    0.625
    """
    last = rows[rows.step == rows.step.max()]
    return jackknife(last[f"{axis}_control"] - last[axis])


def drift_ratio(rows: pd.DataFrame, kinds: tuple[str, str] = ("label noise", "batches")) -> Estimate:
    """⟨tr H after/before⟩ where noise goes on at zero loss, over that where it is gone: 1 where noise moves nothing.

    ``rows`` has ``trace`` and ``trace_before`` of each ``seed`` and ``kind`` of noise. Jackknife over seeds, of the
    logarithm. Blanc et al. (1904.09080); Damian et al. (2106.06530).

    >>> rows = pd.DataFrame({"seed": [0, 1] * 2, "kind": ["label noise"] * 2 + ["batches"] * 2, "trace_before": 4.0,
    ...                      "trace": [2.0, 2.0, 4.0, 4.0]})
    >>> round(drift_ratio(rows).value, 9)
    0.5
    """
    table = rows.assign(ratio=rows.trace / rows.trace_before).pivot(index="seed", columns="kind", values="ratio")
    if not set(kinds) <= set(table.columns) or table[list(kinds)].isna().any(axis=None):
        raise ValueError(
            f"drift_ratio: need every seed with {kinds[0]!r} and {kinds[1]!r}; kinds are {list(table.columns)}"
        )
    pairs = table[list(kinds)].to_numpy(float)
    return log_ratio(pairs)


def temperature_exponent(rows: pd.DataFrame, column: str = "variance") -> Estimate:
    """The exponent a of the variance of the weights ~ (η/B)ᵃ: 1 where step over batch sets the temperature.

    ``rows`` has it of each ``seed`` and ``direction`` at several pairs of ``lr`` and ``batch``; the mean over
    directions. Least squares in ln η/B; jackknife over seeds.

    >>> rows = pd.DataFrame([{"seed": s, "direction": 0, "lr": lr, "batch": B, "variance": (lr / B) ** 2}
    ...                      for s in (0, 1) for lr, B in ((1.0, 2), (1.0, 4), (0.5, 16))])
    >>> round(temperature_exponent(rows).value, 9)
    2.0
    """
    table = rows.groupby(["seed", "lr", "batch"])[column].mean().unstack(["lr", "batch"])
    ratios = np.array([lr / batch for lr, batch in table.columns])
    if len(np.unique(ratios.round(12))) < 3 or table.isna().any(axis=None):
        raise ValueError(
            f"temperature_exponent: {len(np.unique(ratios.round(12)))} ratios of step and batch; need three at least, "
            "each of every seed"
        )
    return exponent(ratios, table.to_numpy(float), "temperature_exponent")


def direction_exponent(rows: pd.DataFrame, column: str = "variance") -> Estimate:
    """The exponent of the variance along a direction against its curvature: −1 for exp(−𝓛/T), 0 for one width in all.

    ``rows`` has ``variance`` and ``curvature`` of each ``seed`` and ``direction``, of one step and batch. Least squares
    in logarithms for each seed, their mean; jackknife over seeds.

    >>> rows = pd.DataFrame([{"seed": s, "direction": i, "curvature": c, "variance": 1 / c} for s in (0, 1)
    ...                      for i, c in enumerate((1.0, 2.0, 4.0))])
    >>> round(direction_exponent(rows).value, 9)
    -1.0
    """
    slopes = []
    for seed, own in rows.groupby("seed"):
        if own.direction.duplicated().any() or len(own) < 3:
            raise ValueError(f"direction_exponent: seed {seed} has {len(own)} rows; need three directions, each once")
        slopes.append(np.polyfit(np.log(own.curvature.to_numpy(float)), np.log(own[column].to_numpy(float)), 1)[0])
    return jackknife(np.array(slopes))


def gap_filled(rows: pd.DataFrame, *, as_many_steps: bool = False) -> Estimate:
    """The share of the gap between large and small batches that a step size of their own fills: 1 where all of it.

    ``rows`` has the test ``error``, and the ``validation`` error, of each ``seed`` at two sizes of ``batch``, several
    ``lr``, and, for large batches, two numbers of ``steps``: as many epochs as small ones have, which are fewer steps,
    and as many steps. With e(B, η) the mean error: the gap is e(large, η_small) − e(small, η_small), η_small the best
    step size of small batches by their validation error, and what fills it is e(large, η_small) − e(large, η_large),
    η_large the best of large ones, after as many epochs or, if asked, ``as_many_steps``. Hoffer et al. (1705.08741).
    Jackknife over seeds, step sizes as chosen from all of them.
    """
    small, large = rows.batch.min(), rows.batch.max()
    few, many = rows[rows.batch == large].steps.min(), rows[rows.batch == large].steps.max()
    if small == large or few == many:
        sizes = sorted(rows.batch.unique().tolist())
        raise ValueError(
            f"gap_filled: batches of {sizes}, and {few} to {many} steps of large ones; need two batches, the large one "
            "with two numbers of steps"
        )
    ways = [rows[rows.batch == small]] + [rows[(rows.batch == large) & (rows.steps == n)] for n in (few, many)]
    best = [own.groupby("lr").validation.mean().idxmin() for own in ways]
    chosen = ((0, best[0]), (1, best[0]), (2, best[2]) if as_many_steps else (1, best[1]))
    table = pd.concat([ways[i][ways[i].lr == lr].set_index("seed").error for i, lr in chosen], axis=1)
    if table.isna().any(axis=None):
        raise ValueError(f"gap_filled: {len(table)} seeds, not each with both batches at a step size of {best[0]:g}")

    def share(drawn: Float[np.ndarray, "seeds 3"]) -> float:
        e_small, e_large, e_tuned = drawn.mean(0)
        return float((e_large - e_tuned) / (e_large - e_small))

    return jackknife(table.to_numpy(float), share)


def way_ratio(rows: pd.DataFrame, ways: tuple[str, str] = ("small", "annealed"), column: str = "clean") -> Estimate:
    """The mean error after one way of training over that after another: 1 where the step size makes no difference.

    ``rows`` has the error in a column of each ``seed`` and ``way``. Li et al. (1907.04595). Jackknife over seeds, of
    the logarithm.

    >>> ways = ["small", "small", "annealed", "annealed"]
    >>> rows = pd.DataFrame({"seed": [0, 1] * 2, "way": ways, "clean": [0.3] * 2 + [0.2] * 2})
    >>> round(way_ratio(rows).value, 9)
    1.5
    """
    table = rows.pivot(index="seed", columns="way", values=column)
    if not set(ways) <= set(table.columns) or table[list(ways)].isna().any(axis=None):
        raise ValueError(f"way_ratio: need every seed with {ways[0]!r} and {ways[1]!r}, there is {list(table.columns)}")
    pairs = table[list(ways)].to_numpy(float)
    if not (pairs.mean(0) > 0).all():
        raise ValueError(f"way_ratio: mean errors are {pairs.mean(0).tolist()}; need some of either way")
    return log_ratio(pairs)


def _steps(rows: pd.DataFrame) -> tuple[Float[np.ndarray, "batches"], Float[np.ndarray, "seeds batches"]]:
    """Steps at the best step size of each batch, a row a seed."""
    table = tuned(rows).pivot(index="seed", columns="batch", values="taken")
    if table.shape[1] < LEAST or table.isna().any(axis=None):
        raise ValueError(f"critical_batch: {table.shape[1]} batches, need {LEAST} at least, each of every seed")
    return table.columns.to_numpy(float), table.to_numpy(float)


def _fitted(B: Float[np.ndarray, "batches"], steps: Float[np.ndarray, "seeds batches"]) -> float:
    """B_crit: S_min is the mean of what ln(1 + B_crit/B) leaves."""
    y = np.log(steps).mean(0)

    def left(log_critical: float) -> float:
        residual = y - np.log1p(np.exp(log_critical) / B)
        return float(((residual - residual.mean()) ** 2).sum())

    low, high = np.log(B.min() / 100), np.log(B.max() * 100)
    return float(np.exp(minimize_scalar(left, bounds=(low, high), method="bounded", options={"xatol": 1e-6}).x))


def _on_the_way(rows: pd.DataFrame, column: str, to: float) -> float:
    own = rows.sort_values("step")
    x, y = -np.log(own.loss.to_numpy(float)), own[column].to_numpy(float)
    end = -np.log(to)
    if not (x[0] < end <= x.max()) or not np.isfinite(y[x < end]).all():
        raise ValueError(
            f"critical_over_scale: losses from {own.loss.iloc[0]:.3g} to {own.loss.min():.3g}; need them on both sides "
            f"of {to:g}, with a noise scale on the way there"
        )
    x = np.maximum.accumulate(x)
    last = int(np.argmax(x >= end))
    share = (end - x[last - 1]) / (x[last] - x[last - 1])
    x, y = np.append(x[:last], end), np.append(y[:last], y[last - 1] + share * (y[last] - y[last - 1]))
    return float(np.trapezoid(y, x) / (x[-1] - x[0]))
