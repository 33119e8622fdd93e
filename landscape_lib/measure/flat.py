"""Statistics of chapter 8: what flatness tells, and what it follows from.

Notation: λ₁ the largest eigenvalue of the Hessian, η the step size, B the size of a batch, ρ the radius of SAM's ball.
A ``seed`` draws patterns and weights.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from landscape_lib.statistics import Estimate, jackknife, log_jackknife, log_ratio

FITTED = 0.95  # of the wrong labels: from then on they are learned by heart


def edge_ratio(rows: pd.DataFrame, least: int = 1000, edge: str = "edge") -> Estimate:
    """λ₁ over the edge that SAM's formula foretells, ⟨λ₁/λ_edge⟩: 1 where descent is at its edge.

    ``rows`` has ``sharpness`` and, in a column, the edge of each ``seed`` and ``step``, at several ``lr`` and ``rho``;
    those after ``least`` steps count. Geometric mean over all of a seed, then over seeds; jackknife over seeds, of the
    logarithm. Long and Bartlett (2309.12488).

    >>> rows = pd.DataFrame({"seed": [0, 1], "step": 2000, "sharpness": [2.0, 2.0], "edge": [2.0, 2.0]})
    >>> edge_ratio(rows).value
    1.0
    """
    _refuse_broken(rows, "edge_ratio", ("seed", "step", "sharpness", edge))
    late = rows[rows.step >= least]
    if late.empty or not (late[edge] > 0).all() or not (late.sharpness > 0).all():
        raise ValueError(
            f"edge_ratio: {len(late)} rows after {least} steps; need some, with edges and eigenvalues above zero"
        )
    each = np.log(late.sharpness / late[edge]).groupby(late.seed).mean()
    return log_jackknife(np.exp(each.to_numpy(float)), lambda drawn: float(np.exp(np.log(drawn).mean())))


def large_over_small(rows: pd.DataFrame, column: str = "trace") -> Estimate:
    """A measure of sharpness at minima of large batches over that at minima of small ones: 1 where both are as sharp.

    ``rows`` has it in a column of each ``seed`` and ``lr`` at two or more sizes of ``batch``; the smallest and the
    largest are compared at the same step sizes. Geometric mean over step sizes; jackknife over seeds, of the logarithm.
    Keskar et al. (1609.04836).

    >>> rows = pd.DataFrame([{"seed": s, "lr": 1, "batch": B, "trace": 2 * B} for s in (0, 1) for B in (10, 30)])
    >>> round(large_over_small(rows).value, 9)
    3.0
    """
    _refuse_broken(rows, "large_over_small", ("seed", "lr", "batch", column), key=("seed", "lr", "batch"))
    few, many = rows.batch.min(), rows.batch.max()
    if few == many:
        raise ValueError(f"large_over_small: batches of {few} only; need two sizes")
    table = rows.pivot(index=["seed", "lr"], columns="batch", values=column)[[few, many]]
    if table.isna().any(axis=None) or not (table > 0).all(axis=None):
        raise ValueError(f"large_over_small: need {column} above zero, of each seed and lr at batches {few} and {many}")
    means = np.log(table).groupby("seed").mean()
    return log_ratio(np.exp(means[[many, few]].to_numpy(float)))


def sam_ratio(rows: pd.DataFrame, column: str = "trace") -> Estimate:
    """A measure at minima that SAM finds with its largest radius, over that without a radius: 1 where nothing changes.

    ``rows`` has it in a column of each ``seed`` and ``rho``, at one batch and step size. Jackknife over seeds, of the
    logarithm. Foret et al. (2010.01412).

    >>> rows = pd.DataFrame({"seed": [0, 0, 1, 1], "rho": [0.0, 0.1] * 2, "trace": [4.0, 2.0] * 2})
    >>> round(sam_ratio(rows).value, 9)
    0.5
    """
    _refuse_broken(rows, "sam_ratio", ("seed", "rho", column), key=("seed", "rho"))
    table = rows.pivot(index="seed", columns="rho", values=column)
    radii = sorted(table.columns)
    if len(radii) < 2 or radii[0] != 0 or table[[radii[0], radii[-1]]].isna().any(axis=None):
        raise ValueError(f"sam_ratio: need each seed with rho 0 and one above, there is {radii}")
    return log_ratio(table[[radii[-1], 0.0]].to_numpy(float))


def rank_correlation(rows: pd.DataFrame, column: str = "trace", *, given: str | None = "lr") -> Estimate:
    """Spearman's correlation of a measure with the test ``error``, beyond what another column says.

    Within the networks of one ``seed``, which learn the same patterns, and then the mean over seeds: easy sets of
    patterns say nothing. With r the rank correlations of measure m, error e and ``given`` g, it is partial, (r_me −
    r_mg r_eg)/√((1 − r_mg²)(1 − r_eg²)); ``given=None`` has r_me. Jackknife over seeds. Jiang et al. (1912.02178);
    Andriushchenko et al. (2302.07011), who find that sharpness follows the step size.

    >>> rows = pd.DataFrame([{"seed": s, "lr": i % 2, "trace": i, "error": i**2} for s in (0, 1) for i in range(6)])
    >>> rank_correlation(rows, given=None).value
    1.0
    """
    names = [column, "error"] + ([given] if given else [])
    _refuse_broken(rows, "rank_correlation", ("seed", *names))
    if column == "error":
        raise ValueError("rank_correlation: column is 'error', need a measure to correlate with it")
    each = []
    for seed, own in rows.groupby("seed"):
        if len(own) < 5 or (own[names].nunique() < 2).any():
            raise ValueError(
                f"rank_correlation: seed {seed} has {len(own)} networks; need five at least, with different {names}"
            )
        r = own[names].rank().corr().to_numpy()
        if given:
            left = (1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2)
            if left < 1e-12:
                raise ValueError(f"rank_correlation: with seed {seed}, {given} says all of {column} or of the error")
            each.append((r[0, 1] - r[0, 2] * r[1, 2]) / np.sqrt(left))
        else:
            each.append(r[0, 1])
    return jackknife(np.array(each))


def unit_factor(rows: pd.DataFrame, column: str = "adaptive", what: str = "layer") -> Estimate:
    """By what factor a measure changes, up or down, with the units of the weights: exp ⟨|ln ratio|⟩, 1 if invariant.

    ``rows`` has the ratio, after over before, in a column of each ``seed`` and ``factor`` that ``what`` was multiplied
    by. Mean over factors, then over seeds; jackknife over seeds. Dinh et al. (1703.04933).

    >>> rows = pd.DataFrame({"seed": [0, 0, 1, 1], "factor": [0.5, 2.0] * 2, "what": "layer", "trace": [4.0, 0.25] * 2})
    >>> round(unit_factor(rows, "trace").value, 9)
    4.0
    """
    _refuse_broken(rows, "unit_factor", ("seed", "what", "factor", column))
    own = rows[rows.what == what]
    if own.empty or not (own[column] > 0).all() or (own.factor == 1).all():
        raise ValueError(f"unit_factor: need ratios above zero of {what!r}, there is {sorted(set(rows.what))}")
    each = np.log(own[column]).abs().groupby(own.seed).mean()
    return log_jackknife(np.exp(each.to_numpy(float)), lambda drawn: float(np.exp(np.log(drawn).mean())))


def hidden_exponent(rows: pd.DataFrame, what: str = "length") -> Estimate:
    """The power with which tr H of the hidden weights goes with their length: −2 where the function does not feel it.

    ``rows`` has the ratio ``hidden``, after over before, of each ``seed`` and ``factor``, and the largest change of the
    ``function``, which must not change. Slope of the logarithms through the origin; jackknife over seeds. Van Laarhoven
    (1706.05350).

    >>> rows = pd.DataFrame({"seed": [0, 0, 1, 1], "factor": [0.5, 2.0] * 2, "what": "length", "function": 0.0,
    ...                      "hidden": [4.0, 0.25] * 2})
    >>> round(hidden_exponent(rows).value, 9)
    -2.0
    """
    _refuse_broken(rows, "hidden_exponent", ("seed", "what", "factor", "hidden", "function"))
    own = rows[rows.what == what]
    if own.empty or not (own.hidden > 0).all() or not (own.factor > 0).all() or (own.factor == 1).all():
        raise ValueError(f"hidden_exponent: need traces above zero of {what!r}, there is {sorted(set(rows.what))}")
    if (most := own.function.max()) > 1e-6:
        raise ValueError(f"hidden_exponent: outputs changed by up to {most:.3g}; need another length, and one function")
    x, y = np.log(own.factor), np.log(own.hidden)
    sums = (x * y).groupby(own.seed).sum() / (x * x).groupby(own.seed).sum()
    return jackknife(sums.to_numpy(float))


def consolidation_ratio(rows: pd.DataFrame) -> Estimate:
    """The test ``error`` at the end over that when the wrong labels were learned: below 1 if what follows repairs it.

    ``rows`` has it of each ``seed`` and ``step``, with the share ``fitted`` of wrong labels; they are learned at the
    first step at which it is 0.95. Jackknife over seeds, of the logarithm.

    >>> rows = pd.DataFrame({"seed": [0] * 3 + [1] * 3, "step": [0, 1, 2] * 2, "fitted": [0.0, 1.0, 1.0] * 2,
    ...                      "error": [0.9, 0.4, 0.2] * 2})
    >>> round(consolidation_ratio(rows).value, 9)
    0.5
    """
    _refuse_broken(rows, "consolidation_ratio", ("seed", "step", "fitted", "error"), key=("seed", "step"))
    pairs = []
    for seed, own in rows.groupby("seed"):
        way = own.sort_values("step")
        learned = way[way.fitted >= FITTED]
        if learned.empty or learned.step.iloc[0] == way.step.iloc[-1]:
            raise ValueError(
                f"consolidation_ratio: with seed {seed} {way.fitted.max():.0%} of the wrong labels are learned, and "
                f"{FITTED:.0%} not before the last of {len(way)} steps; train longer"
            )
        pairs.append((way.error.iloc[-1], learned.error.iloc[0]))
    return log_ratio(np.array(pairs, dtype=float))


def smoothing_ratio(rows: pd.DataFrame, width: float = 0.1, column: str = "loss") -> Estimate:
    """The loss at rest after descent on the averaged loss, over that without: below 1 where smoothing finds better.

    ``rows`` has it of each ``seed`` and ``width`` of the Gaussian, all of them at rest. Jackknife over seeds, of the
    logarithm.

    >>> rows = pd.DataFrame({"seed": [0, 0, 1, 1], "width": [0.0, 0.1] * 2, "loss": [0.4, 0.2] * 2, "rested": 1.0})
    >>> round(smoothing_ratio(rows).value, 9)
    0.5
    """
    _refuse_broken(rows, "smoothing_ratio", ("seed", "width", "rested", column), key=("seed", "width"))
    own = rows[rows.width.isin((0.0, width))]
    table = own.pivot(index="seed", columns="width", values=column)
    if width == 0 or set(table.columns) != {0.0, width} or table.isna().any(axis=None):
        raise ValueError(
            f"smoothing_ratio: need each seed with widths 0 and {width:g}, there is {sorted(set(rows.width))}"
        )
    if (own.rested < 1).any():
        raise ValueError(f"smoothing_ratio: {int((own.rested < 1).sum())} seeds have networks that are not at rest")
    return log_ratio(table[[width, 0.0]].to_numpy(float))


def barrier(rows: pd.DataFrame, pair: str = "switched", column: str = "loss") -> Estimate:
    """max over 0 ≤ t ≤ 1 of 𝓛(t) − (1 − t) 𝓛(0) − t 𝓛(1) on a line between two networks: 0 without anything between.

    ``rows`` has the loss at each ``t`` of each ``seed`` and ``pair``. Mean over seeds; jackknife over them.

    >>> rows = pd.DataFrame([{"seed": s, "pair": "switched", "t": t, "loss": t * (1 - t)} for s in (0, 1)
    ...                      for t in (-0.5, 0.0, 0.5, 1.0, 1.5)])
    >>> barrier(rows).value
    0.25
    """
    _refuse_broken(rows, "barrier", ("seed", "pair", "t", column))
    found = []
    for seed, own in rows[rows.pair == pair].groupby("seed"):
        line = own[own.t.between(0, 1)].sort_values("t")
        t, values = line.t.to_numpy(float), line[column].to_numpy(float)
        if len(t) < 3 or t[0] != 0 or t[-1] != 1 or len(np.unique(t)) < len(t):
            raise ValueError(f"barrier: seed {seed} has {len(t)} points from 0 to 1; need both ends, and one between")
        found.append(np.max(values - (1 - t) * values[0] - t * values[-1]))
    if len(found) < 2:
        raise ValueError(f"barrier: {len(found)} seeds with the pair {pair!r}, there is {sorted(set(rows.pair))}")
    return jackknife(np.array(found))


def poison_difference(rows: pd.DataFrame, kinds: tuple[str, str] = ("poisoned", "plain")) -> Estimate:
    """The mean test ``error`` at minima that were reached with poison, less that without: 0 where poison does nothing.

    ``rows`` has it of each ``seed`` and ``kind``, and the ``training_error``; only minima without any training error
    are minima, others are refused. Jackknife over seeds. Huang et al. (1906.03291).

    >>> rows = pd.DataFrame({"seed": [0, 1] * 2, "kind": ["plain"] * 2 + ["poisoned"] * 2, "training_error": 0.0,
    ...                      "error": [0.25, 0.25, 0.75, 0.75]})
    >>> poison_difference(rows).value
    0.5
    """
    pairs = _paired(rows, kinds, "error", "poison_difference")
    return jackknife(pairs[:, 0] - pairs[:, 1])


def poison_ratio(
    rows: pd.DataFrame, column: str = "filtered", kinds: tuple[str, str] = ("poisoned", "plain")
) -> Estimate:
    """A measure of sharpness at minima that were reached with poison, over that without: 1 where both are as sharp.

    ``rows`` as in `poison_difference`. Jackknife over seeds, of the logarithm.
    """
    pairs = _paired(rows, kinds, column, "poison_ratio")
    return log_ratio(pairs)


def _refuse_broken(rows: pd.DataFrame, caller: str, columns: Sequence[str], key: Sequence[str] = ()) -> None:
    """A table without rows or a column, with a number that is none, or with two rows of one ``key``; and networks that
    should be at one loss, and are not: they are no minima to compare."""
    if lacking := [name for name in columns if name not in rows]:
        raise ValueError(f"{caller}: rows have no column {lacking[0]!r}; there is {list(rows.columns)}")
    if rows.empty:
        raise ValueError(f"{caller}: there are no rows")
    for name in columns:
        values = rows[name]
        if name in ("seed", "what", "pair", "kind"):
            bad = int(values.isna().sum())
        else:
            bad = int((~np.isfinite(pd.to_numeric(values, errors="coerce").astype(float))).sum())
        if bad:
            raise ValueError(f"{caller}: {bad} of {len(rows)} rows have no finite number in {name!r}")
    if "reached" in rows and not (reached := rows.reached.eq(True)).all():
        late = rows[~reached]
        settings = sorted({*zip(*(late[name] for name in ("batch", "lr", "rho") if name in late), strict=True)})
        raise ValueError(
            f"{caller}: {len(late)} of {len(rows)} networks did not reach the loss asked for, at (batch, lr, rho) "
            f"{settings}; train longer, or with other steps"
        )
    if key and (twice := int(rows.duplicated(list(key)).sum())):
        raise ValueError(f"{caller}: {twice} rows have the {', '.join(key)} of another; need one row of each")


def _paired(rows: pd.DataFrame, kinds: tuple[str, str], column: str, caller: str) -> Float[np.ndarray, "seeds 2"]:
    """A column of two kinds of minima, without any training error."""
    _refuse_broken(rows, caller, ("seed", "kind", "training_error", column), key=("seed", "kind"))
    table = rows.pivot(index="seed", columns="kind", values=column)
    if not set(kinds) <= set(table.columns) or table[list(kinds)].isna().any(axis=None) or kinds[0] == kinds[1]:
        raise ValueError(f"{caller}: need each seed with {kinds[0]!r} and {kinds[1]!r}, there is {list(table.columns)}")
    if (wrong := rows[rows.kind.isin(kinds) & (rows.training_error > 0)]).size:
        raise ValueError(
            f"{caller}: {len(wrong)} networks do not fit their training set, seeds {sorted(set(wrong.seed))}; "
            "train longer"
        )
    return table[list(kinds)].to_numpy(float)
