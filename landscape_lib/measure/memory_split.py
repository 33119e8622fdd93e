"""A memory budget of B weights, split among n networks of B/n each: which split is best, and can it be predicted?

2007.08483 measures the calibrated negative log-likelihood of ensembles over a table of widths and ensemble sizes, and
reads the best split off the table's lower envelope. Here a budget is spent to the last weight: B/n lies between two
measured sizes, and the value there is a straight line in ln N. What is best is so no matter of what divides B well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from landscape_lib.statistics import Estimate, bootstrap

Table = Float[np.ndarray, "widths sizes"]
Tables = Float[np.ndarray, "sets widths sizes"]  # of several training sets
Widths = Int[np.ndarray, "widths"]
Sizes = Int[np.ndarray, "sizes"]


@dataclass(frozen=True)
class Split:
    """``members`` networks of N weights each, and what they reach."""

    N: float
    members: int
    value: float


def splits(N: Widths, members: Sizes, values: Table, budget: float) -> list[Split]:
    """The splits of a budget of B weights, n networks of B/n each, in the order of n.

    ``values`` is of N weights and n networks, NaN where that was not measured; between two sizes N next to each other
    it is interpolated in ln N. An n whose B/n lies in no such pair is left out: its value at this budget is not known.

    >>> N, members = np.array([100, 200, 400]), np.array([1, 2, 4])
    >>> splits(N, members, np.array([[0.9, 0.5, 0.3], [0.6, 0.4, 0.2], [0.4, 0.3, np.nan]]), budget=400.0)
    [Split(N=400.0, members=1, value=0.4), Split(N=200.0, members=2, value=0.4), Split(N=100.0, members=4, value=0.3)]
    """
    N, members, values = np.asarray(N, dtype=float), np.asarray(members), np.asarray(values, dtype=float)
    if values.shape != (len(N), len(members)) or len(N) < 2 or not (np.diff(N) > 0).all():
        raise ValueError(
            f"splits: values have shape {values.shape} for {len(N)} widths and {len(members)} sizes; need two or "
            "more, rising"
        )
    known = []
    for column, n in zip(values.T, members.tolist(), strict=True):
        each = budget / n
        if N[0] <= each <= N[-1]:
            above = max(int(np.searchsorted(N, each)), 1)
            share = np.log(each / N[above - 1]) / np.log(N[above] / N[above - 1])
            ends = column[above - 1 : above + 1]
            value = float(ends[round(share)] if share in (0, 1) else ends[0] + share * (ends[1] - ends[0]))
            if np.isfinite(value):
                known.append(Split(float(each), n, value))
    return known


def best_split(N: Widths, members: Sizes, values: Table, budget: float) -> Split:
    """The smallest value among the `splits` of a budget; ties go to fewer networks.

    >>> N, members = np.array([100, 200]), np.array([1, 2, 4])
    >>> best_split(N, members, np.array([[0.9, 0.5, 0.3], [0.6, 0.4, 0.2]]), budget=200.0)    # 2 × 100 or 1 × 200
    Split(N=100.0, members=2, value=0.5)
    """
    known = splits(N, members, values, budget)
    if not known:
        raise ValueError(f"best_split: no split of a budget of {budget:g} has N of {np.min(N)} to {np.max(N)}")
    return min(known, key=lambda split: (split.value, split.members))


def common_sizes(
    N: Widths, members: Sizes, values: Table, budgets: Float[np.ndarray, "budgets"]
) -> Int[np.ndarray, "common"]:
    """The ensemble sizes that every one of the budgets can pay for, and whose value is known in all.

    >>> N, members = np.array([100, 200, 400]), np.array([1, 2, 4])
    >>> common_sizes(N, members, np.zeros((3, 3)), np.array([200.0, 400.0]))
    array([1, 2])
    """
    known = [{split.members for split in splits(N, members, values, B)} for B in budgets]
    return np.array(sorted(set.intersection(*known)), dtype=int)


def vertex(known: Sequence[Split]) -> float:
    """The ensemble size of the lowest value, from a parabola in ln n through it and its neighbours; an end is itself.

    >>> vertex([Split(400.0, 1, 0.3), Split(200.0, 2, 0.2), Split(100.0, 4, 0.3)])
    2.0
    """
    values, ln_n = np.array([split.value for split in known]), np.log([split.members for split in known])
    low = int(values.argmin())
    if not 0 < low < len(known) - 1:
        return float(known[low].members)
    curvature, slope, _ = np.polyfit(ln_n[low - 1 : low + 2], values[low - 1 : low + 2], 2)
    return round(float(np.exp(-slope / (2 * curvature))), 12) if curvature > 0 else float(known[low].members)


def best_size(
    N: Widths,
    members: Sizes,
    error: Tables,
    budget: float,
    *,
    N_star: Float[np.ndarray, "replicates"] | float,
    seed: int = 0,
) -> Estimate:
    """N/N* of the networks of the best ensemble, by test error, that a budget of weights pays for (1901.01608).

    Of the mean over training sets, between measured sizes by `vertex`. The interval is a bootstrap over sets, since a
    best size jumps; each draw takes an N* from its replicates, if there are any. The best must have neighbours on both
    sides: with the smallest or the largest networks that were measured it is not known, and such a draw has no end.
    """
    stars = np.atleast_1d(np.asarray(N_star, dtype=float))
    middle = float(np.median(stars))
    drawn = np.random.default_rng(seed)

    def size(mean: Table, star: float) -> float:
        known = splits(N, members, mean, budget)
        values = [split.value for split in known]
        if len(known) < 3 or int(np.argmin(values)) in (0, len(known) - 1):
            return np.nan
        return budget / vertex(known) / star

    tables = _tables(error)
    if np.isnan(value := size(tables.mean(0), middle)):
        best = best_split(N, members, tables.mean(0), budget)
        raise ValueError(
            f"best_size: the best split of {budget:g} weights, {best.members} × {best.N:.0f}, is at an end of what was "
            "measured"
        )
    found = bootstrap(
        np.arange(len(tables)),
        lambda sets: size(tables[sets.astype(int)].mean(0), float(drawn.choice(stars))),
        seed=seed,
    )
    return Estimate(value, found.interval)


def movement(
    N: Widths, members: Sizes, values: Tables, budgets: Float[np.ndarray, "budgets"], *, seed: int = 0
) -> Estimate:
    """The exponent s of n ~ Bˢ, n the size of the best ensemble that a budget of B weights pays for (2007.08483).

    s = 0: the best ensemble has one size, and larger budgets go into width. s = 1: they go into members only. In each
    budget only those n are compared that all budgets pay for (`common_sizes`): else n would grow with B where an
    ensemble of six is best whatever B is, since small budgets pay for no six. n is the `vertex`, s the slope of ln n
    against ln B by least squares, of the mean over training sets; the interval is a bootstrap over sets.
    """
    budgets, tables = np.asarray(budgets, dtype=float), _tables(values)
    if len(np.unique(budgets)) < 2:
        raise ValueError(f"movement: budgets {budgets.tolist()}, need two different ones")
    shared = common_sizes(N, members, tables.mean(0), budgets)
    if len(shared) < 3:
        raise ValueError(
            f"movement: budgets {budgets.tolist()} have the ensemble sizes {shared.tolist()} in common, need 3"
        )
    chosen = np.isin(members, shared)

    def exponent(mean: Table) -> float:
        n = [vertex(splits(N, shared, mean[:, chosen], B)) for B in budgets]
        return float(np.polyfit(np.log(budgets), np.log(n), 1)[0])

    return _over_sets(tables, exponent, seed)


def from_small(h: Widths, N: Widths, members: Sizes, values: Table, budget: float) -> Table:
    """The table as runs of at most ``budget`` weights in all predict it: v(1, h) − D hᵇ (1 − nᵃ).

    Only ensembles with n N of at most ``budget`` are looked at. What n members gain over one is a power law in n, as in
    2007.08483, and its size one in the width: D, b and −2 ≤ a ≤ −0.2 by least squares of the gains' logarithms.
    One network larger than ``budget`` is predicted to be no better than the largest within.

    >>> h, n = np.array([4, 8, 16]), np.array([1, 2, 3, 4])
    >>> true = 0.1 + 0.3 / h[:, None] / n
    >>> np.allclose(from_small(h, 10 * h, n, true, 160.0), true)
    True
    """
    h, N, members, values = np.asarray(h), np.asarray(N), np.asarray(members), np.asarray(values, dtype=float)
    if 1 not in members:
        raise ValueError(f"from_small: ensembles of {members.tolist()} networks, need single ones among them")
    single = values[:, np.argmax(members == 1)]
    gains = single[:, None] - values
    width, size = np.nonzero(np.isfinite(values) & (N[:, None] * members <= budget) & (members > 1) & (gains > 0))
    if len(width) < 4 or len(np.unique(width)) < 2:
        raise ValueError(
            f"from_small: {len(width)} ensembles of at most {budget:g} weights in all gain over one; need four, "
            "of two widths"
        )
    basis = np.stack([np.ones(len(width)), np.log(h[width])], axis=1)
    fits = []
    for a in np.linspace(0.2, 2, 37):
        wanted = np.log(gains[width, size] / (1 - members[size].astype(float) ** -a))
        line = np.linalg.lstsq(basis, wanted, rcond=None)[0]
        fits.append((float(np.square(wanted - basis @ line).sum()), float(a), line))
    _, a, (scale, power) = min(fits, key=lambda fit: fit[0])
    seen = np.where(budget >= N, single, single[budget >= N][-1])
    return np.asarray(
        seen[:, None] - np.exp(scale) * (h.astype(float) ** power)[:, None] * (1 - members.astype(float) ** -a)
    )


def prediction_loss(
    h: Widths, N: Widths, members: Sizes, values: Tables, budget: float, *, small: float, seed: int = 0
) -> Estimate:
    """What the split of a budget loses that runs of at most ``small`` weights predict to be best (2007.08483).

    As a share of what a split taken blindly loses: (v_predicted − v_best)/(v̄ − v_best), v̄ the mean of all `splits` of
    the budget. Zero is the best choice, 1 no better than chance. Half of the training sets predict (`from_small`) and
    the other half say what that split reaches, both ways round; the interval is a bootstrap over pairs of sets.
    """
    tables = _tables(values)
    half = len(tables) // 2
    if half < 2:
        raise ValueError(f"prediction_loss: {len(tables)} training sets, need four: half predict, half measure")

    def lost(past: Table, now: Table) -> float:
        known = splits(N, members, now, budget)
        predicted = {s.members: s.value for s in splits(N, members, from_small(h, N, members, past, small), budget)}
        reached = np.array([split.value for split in known])
        chosen = min(range(len(known)), key=lambda i: predicted[known[i].members])
        return float((reached[chosen] - reached.min()) / (reached.mean() - reached.min()))

    def both(pairs: np.ndarray) -> float:
        first, second = (tables[pairs.astype(int) + start].mean(0) for start in (0, half))
        return (lost(first, second) + lost(second, first)) / 2

    return bootstrap(np.arange(half), both, seed=seed)


def _over_sets(tables: Tables, statistic: Callable[[Table], float], seed: int) -> Estimate:
    """A statistic of the mean table, and its bootstrap over training sets."""
    return bootstrap(np.arange(len(tables)), lambda drawn: statistic(tables[drawn.astype(int)].mean(0)), seed=seed)


def _tables(values: Tables) -> Tables:
    tables = np.asarray(values, dtype=float)
    if tables.ndim != 3:
        raise ValueError(
            f"memory_split: values have shape {tables.shape}, need (training sets, widths, ensemble sizes)"
        )
    return tables
