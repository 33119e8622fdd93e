"""A memory budget of B weights, split among n networks of N weights each: which split is best, and can it be predicted?

2007.08483 measures the calibrated negative log-likelihood of ensembles over a table of widths and ensemble sizes, and
reads the best split off the table's lower envelope.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from landscape_lib.statistics import Estimate, bootstrap

Table = Float[np.ndarray, "widths sizes"]
Tables = Float[np.ndarray, "sets widths sizes"]  # of several training sets


@dataclass(frozen=True)
class Split:
    """``members`` networks of N weights, and what they reach."""

    N: int
    members: int
    value: float


def splits(N: Int[np.ndarray, "widths"], members: Int[np.ndarray, "sizes"], values: Table, budget: int) -> list[Split]:
    """The split of each width that spends a budget B = n N of weights, in the order of ``N``.

    At each N the ensemble is the largest measured one that B pays for; NaN is one that was not measured. A width
    of which B would pay for more networks than were measured is left out: its value at this budget is not known.

    >>> N, members = np.array([100, 200]), np.array([1, 2, 4])
    >>> splits(N, members, np.array([[0.9, 0.5, 0.3], [0.6, 0.4, 0.2]]), budget=300)
    [Split(N=100, members=2, value=0.5), Split(N=200, members=1, value=0.6)]
    """
    N, members, values = np.asarray(N), np.asarray(members), np.asarray(values, dtype=float)
    if values.shape != (len(N), len(members)):
        raise ValueError(
            f"splits: values have shape {values.shape} for {len(N)} widths and {len(members)} ensemble sizes"
        )
    known = []
    for i, weights in enumerate(N):
        measured, paid = members[np.isfinite(values[i])], budget // weights
        if len(measured) and measured.min() <= paid <= measured.max():
            n = int(measured[measured <= paid].max())
            known.append(Split(int(weights), n, float(values[i, members == n][0])))
    return known


def best_split(N: Int[np.ndarray, "widths"], members: Int[np.ndarray, "sizes"], values: Table, budget: int) -> Split:
    """The smallest value among the `splits` of a budget; ties go to the smaller N.

    >>> N, members = np.array([100, 200]), np.array([1, 2, 4])
    >>> best_split(N, members, np.array([[0.9, 0.5, 0.3], [0.6, 0.4, 0.2]]), budget=200)      # 2 × 100 or 1 × 200
    Split(N=100, members=2, value=0.5)
    """
    known = splits(N, members, values, budget)
    if not known:
        sizes = np.asarray(N).tolist()
        raise ValueError(f"best_split: no width of {sizes} has an ensemble that spends a budget of {budget}")
    return min(known, key=lambda split: (split.value, split.N))


def from_small(members: Int[np.ndarray, "sizes"], values: Table, largest: int) -> Table:
    """The table as ensembles of at most ``largest`` networks predict it: c + b/n at each width, by least squares.

    The mean of n independent members has 1/n of their variance, so that 1/n is the first term for any smooth loss.
    NaN stays: what was not measured is not predicted.

    >>> n = np.array([1, 2, 4, 8])
    >>> from_small(n, np.array([[0.5, 0.3, 0.2, 9.9]]), largest=4).round(3)
    array([[0.5 , 0.3 , 0.2 , 0.15]])
    """
    members, values = np.asarray(members), np.asarray(values, dtype=float)
    seen = members <= largest
    if len(np.unique(members[seen])) < 2:
        raise ValueError(f"from_small: ensembles of {members.tolist()}, need two sizes of at most {largest}")
    basis = np.stack([np.ones(len(members)), 1 / members], axis=1)
    (constants, slopes), *_ = np.linalg.lstsq(basis[seen], values[:, seen].T, rcond=None)
    return np.where(np.isfinite(values), constants[:, None] + slopes[:, None] * basis[:, 1], np.nan)


def split_exponent(budgets: Float[np.ndarray, "budgets"], best: list[Split]) -> float:
    """The exponent s of n ~ Bˢ, from the best splits at some budgets: by least squares in ln n against ln B.

    s = 0: the best ensemble has one size, and larger budgets go into width. s = 1: they go into members only.

    >>> split_exponent(np.array([100.0, 200.0, 400.0]), [Split(50, 2, 0.3), Split(50, 4, 0.2), Split(50, 8, 0.1)])
    1.0
    """
    if len(budgets) != len(best) or len(np.unique(budgets)) < 2:
        raise ValueError(f"split_exponent: {len(best)} splits at budgets {list(budgets)}, need one each, two different")
    return round(float(np.polyfit(np.log(budgets), np.log([split.members for split in best]), 1)[0]), 12) + 0.0


def regret(
    N: Int[np.ndarray, "widths"],
    members: Int[np.ndarray, "sizes"],
    values: Table,
    budget: int,
    chosen: Split,
) -> float:
    """What a ``chosen`` split loses, as a share of what splitting gains: (v_chosen − v_best)/(v_single − v_best).

    v_single is the value of the largest single network that the budget pays for. Zero is the best choice, 1 is no
    better than not to split, and where no split beats one network it is 0 for that and infinite for any other.
    """
    N, members, values = np.asarray(N), np.asarray(members), np.asarray(values, dtype=float)
    best = best_split(N, members, values, budget).value
    single = float(values[N == N[budget >= N].max(), members == 1][0])
    lost = float(values[N == chosen.N, members == chosen.members][0]) - best
    return float(lost / (single - best)) if single > best else float(0.0 if lost <= 0 else np.inf)


def best_size(
    N: Int[np.ndarray, "widths"],
    members: Int[np.ndarray, "sizes"],
    error: Tables,
    budget: int,
    *,
    N_star: float,
    seed: int = 0,
) -> Estimate:
    """N/N* of the networks of the best ensemble, by test error, that a budget of weights pays for (1901.01608).

    Of the mean over training sets; the interval is a bootstrap over sets, since a best width jumps.
    """
    return _over_sets(error, lambda mean: best_split(N, members, mean, budget).N / N_star, seed)


def movement(
    N: Int[np.ndarray, "widths"],
    members: Int[np.ndarray, "sizes"],
    values: Tables,
    budgets: Float[np.ndarray, "budgets"],
    *,
    seed: int = 0,
) -> Estimate:
    """The exponent s of n ~ Bˢ, n the size of the best ensemble that a budget of B weights pays for (2007.08483).

    `split_exponent` of the mean over training sets; the interval is a bootstrap over sets.
    """

    def exponent(mean: Table) -> float:
        return split_exponent(budgets, [best_split(N, members, mean, int(B)) for B in budgets])

    return _over_sets(values, exponent, seed)


def prediction_regret(
    N: Int[np.ndarray, "widths"],
    members: Int[np.ndarray, "sizes"],
    values: Tables,
    budget: int,
    *,
    largest: int = 4,
    seed: int = 0,
) -> Estimate:
    """The `regret` of the split that ensembles of at most ``largest`` networks predict to be best (2007.08483).

    The prediction is `from_small`, of the same mean over training sets; the interval is a bootstrap over sets.
    """

    def lost(mean: Table) -> float:
        predicted = best_split(N, members, from_small(members, mean, largest), budget)
        return regret(N, members, mean, budget, predicted)

    return _over_sets(values, lost, seed)


def _over_sets(values: Tables, statistic: Callable[[Table], float], seed: int) -> Estimate:
    """A statistic of the mean table, and its bootstrap over training sets."""
    tables = np.asarray(values, dtype=float)
    if tables.ndim != 3:
        raise ValueError(
            f"memory_split: values have shape {tables.shape}, need (training sets, widths, ensemble sizes)"
        )
    return bootstrap(np.arange(len(tables)), lambda drawn: statistic(tables[drawn.astype(int)].mean(0)), seed=seed)
