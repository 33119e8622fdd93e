"""Statistics of spectra: what the curvature of the loss says of size, data, batches, steps, and of how training moves.

Notation: N parameters, λ₁ the largest eigenvalue of the Hessian H, G its Gauss-Newton part, η the step size, B the size
of a batch, N_Δ the unsatisfied patterns. A row is a network at a time; a ``seed`` draws its patterns and weights.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import rankdata

from landscape_lib.statistics import Estimate, exponent, jackknife, log_jackknife, log_ratio

LEAST = 3  # sizes that say whether there is one exponent
ZERO = 1e-2  # of the largest |λ|: below it, an eigenvalue counts as zero
DEFECT = 0.5  # share of the loss of silenced patterns from which on a network is stuck by a defect


def at_the_end(rows: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Of each ``seed``, and each value of the columns ``by``, the rows of its last ``step``.

    >>> at_the_end(pd.DataFrame({"seed": [0, 0, 1], "step": [1, 5, 3], "loss": [0.5, 0.25, 0.75]})).loss.tolist()
    [0.25, 0.75]
    """
    return rows[rows.step == rows.groupby(["seed", *by], dropna=False).step.transform("max")]


def bulk_margin(rows: pd.DataFrame, column: str = "zero") -> Estimate:
    """By how much most eigenvalues sit at zero at the end, and most do not at the start: the lesser of the two.

    ``rows`` has the share of eigenvalues at zero, ``zero``, of each ``seed`` at each ``step``. With z its mean,
    min(z_end − ½, ½ − z_start): from −½ to ½, above zero where both hold (Sagun et al., 1706.04454, section 3).
    Jackknife over seeds.

    >>> rows = pd.DataFrame({"seed": [0, 1] * 2, "step": [0, 0, 9, 9], "zero": [0.125, 0.125, 1.0, 1.0]})
    >>> bulk_margin(rows).value
    0.375
    """
    first, last = rows.step.min(), rows.step.max()
    pairs = _pairs(rows, column, "step", (first, last))
    return jackknife(pairs, lambda drawn: float(min(drawn[:, 1].mean() - 0.5, 0.5 - drawn[:, 0].mean())))


def away_exponent(rows: pd.DataFrame) -> Estimate:
    """The exponent a of ⟨number of eigenvalues away from zero⟩ ~ Nᵃ: 1 where they keep their share, 0 their number.

    ``rows`` has ``away`` of each ``seed`` and number ``N`` of parameters. Least squares in ln N, jackknife over seeds.

    >>> rows = pd.DataFrame({"seed": [0, 0, 0, 1, 1, 1], "N": [1, 16, 256] * 2, "away": [10, 20, 40] * 2})
    >>> round(away_exponent(rows).value, 9)
    0.25
    """
    table, N = _sizes(rows, "away", "N", "away_exponent")
    if not (table.mean(0) > 0).all():
        raise ValueError("away_exponent: no eigenvalue is away from zero at some size; need some at each")
    return exponent(N, table, "away_exponent")


def outliers_per_cluster(rows: pd.DataFrame) -> Estimate:
    """The slope of the number of outliers against the number of clusters: 1 where each cluster adds one.

    ``rows`` has ``outliers`` of each ``seed`` and number ``k`` of clusters, of networks of one size. Least squares,
    jackknife over seeds. Sagun et al. (1611.07476, section 3; 1706.04454).

    >>> rows = pd.DataFrame({"seed": [0, 0, 0, 1, 1, 1], "k": [2, 4, 6] * 2, "outliers": [1, 3, 5] * 2})
    >>> round(outliers_per_cluster(rows).value, 9)
    1.0
    """
    table, k = _sizes(rows, "outliers", "k", "outliers_per_cluster")
    return jackknife(table, lambda drawn: float(np.polyfit(k, drawn.mean(0), 1)[0]))


def batch_ratio(rows: pd.DataFrame, column: str = "sharpness") -> Estimate:
    """⟨λ₁⟩ after large batches over ⟨λ₁⟩ after small ones.

    ``rows`` has λ₁ in a column of each ``seed`` at two sizes of ``batch``: which are compared, at equal steps, equal
    η/B or equal loss, is the caller's choice. Jackknife over seeds, of the logarithm.

    >>> rows = pd.DataFrame({"seed": [0, 1] * 2, "batch": [8, 8, 64, 64], "sharpness": [1.0, 1.0, 3.0, 3.0]})
    >>> round(batch_ratio(rows).value, 9)
    3.0
    """
    sizes = sorted(rows.batch.unique().tolist())
    if len(sizes) != 2:
        raise ValueError(f"batch_ratio: batches of {sizes}; need two sizes")
    if (again := rows[["seed", "batch"]].duplicated()).any():
        raise ValueError(f"batch_ratio: {int(again.sum())} rows are of a seed and batch that others are of; choose one")
    return log_ratio(_pairs(rows, column, "batch", sizes[::-1]))


def gauss_newton_share(rows: pd.DataFrame) -> Estimate:
    """The share vᵀ G v/λ of the outliers that is the Gauss-Newton part's, at the end of training: 1 where all is.

    ``rows`` has ``split``, its mean over the top eigenvectors v of H, of each ``seed`` and ``step``; the last counts.
    vᵀ (H − G) v/λ is what is missing to 1 (Sagun et al., 1706.04454; Papyan, 1901.08244). Jackknife over seeds.

    >>> gauss_newton_share(pd.DataFrame({"seed": [0, 0, 1], "step": [0, 9, 9], "split": [0.5, 1.0, 0.75]})).value
    0.875
    """
    return jackknife(at_the_end(rows).groupby("seed").split.mean())


def flat_jump(rows: pd.DataFrame, column: str = "zero") -> Estimate:
    """The weight of the peak at zero over the transition, less that under it, at sizes where both are met.

    ``rows`` has the weight in a column, whether a network is ``satisfied``, its size ``P`` and ``seed``, and
    ``silenced_loss``; networks stuck by a defect, a silenced layer, are left out. 0 where the peak loses its weight
    little by little (Geiger et al., 1809.09349, section IV). Jackknife over seeds.

    >>> rows = pd.DataFrame({"seed": [0, 1, 2, 3], "P": 9, "satisfied": [True, False] * 2, "silenced_loss": 0.0,
    ...                      "zero": [1.0, 0.25] * 2})
    >>> flat_jump(rows).value
    0.75
    """
    stands = rows[rows.satisfied | (rows.silenced_loss < DEFECT)]
    both = stands.groupby("P").satisfied.transform("nunique") == 2
    counted = stands[both]
    if counted.empty or (counted.groupby("satisfied").seed.nunique() < 2).any():
        raise ValueError(
            f"flat_jump: {len(counted)} networks at sizes where some are satisfied and others not; need such a size, "
            "with two seeds on either side"
        )
    names = sorted(counted.seed.unique().tolist())
    groups = [counted[counted.seed == name] for name in names]

    def jump(drawn: Float[np.ndarray, "seeds 1"]) -> float:
        own = pd.concat([groups[int(i)] for i in drawn[:, 0]])
        return float(own[own.satisfied][column].mean() - own[~own.satisfied][column].mean())

    return jackknife(np.arange(len(names))[:, None], jump)


def overlap_with_top(rows: pd.DataFrame, column: str = "overlap") -> Estimate:
    """The share of ‖g‖² in the space of the top C eigenvectors, over all rows: C/N for a direction at random.

    ``rows`` has it in a column of each ``seed``: ``overlap`` of a batch's gradient, ``overlap_full`` of the gradient
    (Gur-Ari et al., 1812.04754). Jackknife over seeds.

    >>> overlap_with_top(pd.DataFrame({"seed": [0, 0, 1], "overlap": [0.5, 1.0, 0.25]})).value
    0.5
    """
    return jackknife(rows.groupby("seed")[column].mean())


def bulk_excess(rows: pd.DataFrame) -> Estimate:
    """By how much the bulk learns more, and the dominant space less, than their shares of the gradient: the lesser.

    ``rows`` has ``start`` and ``loss`` of each ``seed`` by each ``run``, "whole", "dominant" and "bulk", and the
    ``overlap`` o of the gradient with the dominant space. With p the progress −Δ⟨ln loss⟩ of a run over that of the
    whole, to first order p_dominant = o and p_bulk = 1 − o, and so it is with a space at random; the value is
    min(o − p_dominant, p_bulk − 1 + o), o where the bulk does all of the work (Song et al., 2405.16002, section 4).
    Jackknife over seeds.

    >>> rows = pd.DataFrame([{"seed": s, "run": r, "start": 1.0, "loss": l, "overlap": 0.75} for s in (0, 1)
    ...                      for r, l in (("whole", 0.5), ("dominant", 1.0), ("bulk", 0.5))])
    >>> bulk_excess(rows).value
    0.75
    """
    progress = np.log(rows.start / rows.loss)
    table = rows.assign(progress=progress).pivot_table(index="seed", columns="run", values="progress")
    table = table.reindex(columns=["whole", "dominant", "bulk"])
    if table.empty or table.isna().any(axis=None):
        raise ValueError("bulk_excess: need a whole, a dominant and a bulk run of every seed")
    samples = table.assign(overlap=rows.groupby("seed").overlap.mean()).to_numpy()
    if not samples[:, 0].mean() > 0:
        raise ValueError("bulk_excess: the whole run makes no progress, to which that of its parts could be compared")

    def excess(drawn: Float[np.ndarray, "seeds 4"]) -> float:
        whole, dominant, bulk, overlap = drawn.mean(0)
        return float(min(overlap - dominant / whole, bulk / whole - 1 + overlap))

    return jackknife(samples, excess)


def edge(rows: pd.DataFrame, column: str = "edge") -> Estimate:
    """⟨λ₁⟩ η/2 at the end of full-batch descent, at the step size η where it is furthest from 1, in ln.

    ``rows`` has λ₁ η/2 as ``edge`` of each ``seed``, ``lr`` and ``step``; of each η the last step counts. 1 at the edge
    of stability (Cohen et al., 2103.00065). Jackknife over seeds, of the logarithm.

    >>> rows = pd.DataFrame([{"seed": s, "lr": lr, "step": 9, "edge": e}
    ...                      for s in (0, 1) for lr, e in ((1, 1.0), (2, 1.5))])
    >>> round(edge(rows).value, 9)
    1.5
    """
    if rows.empty:
        raise ValueError("edge: no rows")
    found = [_log_mean(own.groupby("seed")[column].mean()) for _, own in at_the_end(rows, ["lr"]).groupby("lr")]
    return max(found, key=lambda own: abs(np.log(own.value)))


def edge_of_batches(rows: pd.DataFrame) -> Estimate:
    """⟨λ₁⟩ η/2 at the end of SGD, at the size of batch where it is largest: below 1 where all stay below the edge.

    ``rows`` has ``edge`` of each ``seed``, ``batch`` and ``step``; the last step counts. Jackknife over seeds, of the
    logarithm.

    >>> rows = pd.DataFrame([{"seed": s, "batch": b, "step": 9, "edge": e}
    ...                      for s in (0, 1) for b, e in ((4, 0.5), (9, 0.75))])
    >>> round(edge_of_batches(rows).value, 9)
    0.75
    """
    if rows.empty:
        raise ValueError("edge_of_batches: no rows")
    found = [_log_mean(own.groupby("seed").edge.mean()) for _, own in at_the_end(rows, ["batch"]).groupby("batch")]
    return max(found, key=lambda own: own.value)


def aging(rows: pd.DataFrame, *, raw: bool = False) -> Estimate:
    """How much faster weights slow down, as they wait, in small networks than in large ones: a difference of exponents.

    ``rows`` has ``moved`` = Δ(t_w, t_w + t) of each ``seed``, number ``N`` of parameters (two), ``wait`` t_w and
    ``lag`` t. Δ at the longest lag over Δ at the shortest, in which the strength of the noise cancels, goes as
    t_w^(−μ); the value is μ of the small networks less μ of the large ones. μ = 0 for diffusion, whatever its strength;
    μ > 0 where the longer a system has waited, the longer it stays (Baity-Jesi et al., 1803.06969). ``raw``: the same
    of Δ at the longest lag, noise and all. Jackknife over seeds, of means over them.

    >>> rows = pd.DataFrame([{"seed": s, "N": N, "wait": w, "lag": t, "moved": t * w ** -mu if t > 1 else t}
    ...                      for s in (0, 1) for N, mu in ((9, 0.5), (99, 0)) for w in (1, 10, 100) for t in (1, 10)])
    >>> round(aging(rows).value, 9)
    0.5
    """
    sizes, lags = sorted(rows.N.unique().tolist()), (rows.lag.min(), rows.lag.max())
    waits = np.array(sorted(rows.wait.unique().tolist()), dtype=float)
    if len(sizes) != 2 or lags[0] == lags[1] or len(waits) < LEAST:
        raise ValueError(
            f"aging: {len(sizes)} sizes, lags {lags[0]} to {lags[1]}, {len(waits)} waiting times; need two sizes, two "
            f"lags, and {LEAST} times"
        )
    table = rows[rows.lag.isin(lags)].pivot_table(index="seed", columns=["N", "lag", "wait"], values="moved")
    if table.shape[1] != 4 * len(waits) or table.isna().any(axis=None) or not (table > 0).all(axis=None):
        raise ValueError("aging: need a positive displacement of every seed, size, lag and waiting time")

    def difference(drawn: Float[np.ndarray, "seeds columns"]) -> float:
        small, large = drawn.mean(0).reshape(2, 2, -1)
        slopes = [
            np.polyfit(np.log(waits), np.log(long if raw else long / short), 1)[0] for short, long in (small, large)
        ]
        return float(slopes[1] - slopes[0])

    return jackknife(table.to_numpy(), difference)


def index_with_loss(rows: pd.DataFrame, column: str = "down") -> Estimate:
    """Spearman's rank correlation of the share of negative curvature with the loss, along each path: 1 if both fall.

    ``rows`` has ``down`` and ``loss`` of each ``seed`` at each ``step``, three steps at least; the mean over seeds.
    Sagun et al. (1611.07476). Jackknife over seeds.

    >>> rows = pd.DataFrame({"seed": [0] * 3 + [1] * 3, "step": [0, 1, 2] * 2, "loss": [3.0, 2, 1] * 2,
    ...                      "down": [0.5, 0.25, 0.125] * 2})
    >>> index_with_loss(rows).value
    1.0
    """
    if (rows.groupby("seed").size() < LEAST).any():
        raise ValueError(f"index_with_loss: need {LEAST} times at least of every seed")
    return jackknife(
        [_spearman(own[column].to_numpy(float), own.loss.to_numpy(float)) for _, own in rows.groupby("seed")]
    )


def _spearman(x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"]) -> float:
    """0 where one of them is constant: then nothing falls with anything."""
    a, b = (rankdata(part) - (len(part) + 1) / 2 for part in (x, y))
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale else 0.0


def _pairs(rows: pd.DataFrame, column: str, by: str, two: tuple | list) -> Float[np.ndarray, "seeds 2"]:
    """The mean of a column at the first and the second of two values, a row a seed."""
    table = rows.groupby(["seed", by])[column].mean().unstack(by).reindex(columns=list(two))
    if table.empty or two[0] == two[1] or table.isna().any(axis=None):
        raise ValueError(f"{column}: need every seed at two values of {by}, there is {rows[by].unique().tolist()}")
    return table.to_numpy(float)


def _sizes(
    rows: pd.DataFrame, column: str, by: str, caller: str
) -> tuple[Float[np.ndarray, "seeds sizes"], Float[np.ndarray, "sizes"]]:
    """A column of each seed at each size, and the sizes."""
    if (again := rows[["seed", by]].duplicated()).any():
        raise ValueError(
            f"{caller}: {int(again.sum())} rows are of a seed and {by} that others are of; choose one time"
        )
    table = rows.pivot(index="seed", columns=by, values=column)
    if table.shape[1] < LEAST or table.isna().any(axis=None):
        raise ValueError(f"{caller}: {table.shape[1]} sizes {by}; need {LEAST} at least, each of every seed")
    return table.to_numpy(float), table.columns.to_numpy(float)


def _log_mean(values: pd.Series) -> Estimate:
    if not (values > 0).all():
        raise ValueError(f"sharpness is {values.min():.3g} in some network; need positive ones")
    return log_jackknife(values)
