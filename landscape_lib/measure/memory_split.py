"""A memory budget of B weights, split among n networks of N weights each: which split is best, and can it be predicted?

2007.08483 measures the calibrated negative log-likelihood of ensembles over a table of widths and ensemble sizes, and
reads the best split off the table's lower envelope.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

Table = Float[np.ndarray, "widths sizes"]


@dataclass(frozen=True)
class Split:
    """``members`` networks of N weights, and what they reach."""

    N: int
    members: int
    value: float


def best_split(N: Int[np.ndarray, "widths"], members: Int[np.ndarray, "sizes"], values: Table, budget: int) -> Split:
    """The smallest value among the splits that spend a budget B = n N of weights.

    At each N the ensemble is the largest measured one that B pays for; NaN is one that was not measured. A width
    of which B would pay for more networks than were measured is left out: its value at this budget is not known. Ties
    go to the smaller N.

    >>> N, members = np.array([100, 200]), np.array([1, 2, 4])
    >>> best_split(N, members, np.array([[0.9, 0.5, 0.3], [0.6, 0.4, 0.2]]), budget=200)      # 2 × 100 or 1 × 200
    Split(N=100, members=2, value=0.5)
    """
    N, members, values = np.asarray(N), np.asarray(members), np.asarray(values, dtype=float)
    if values.shape != (len(N), len(members)):
        raise ValueError(
            f"best_split: values have shape {values.shape} for {len(N)} widths and {len(members)} ensemble sizes"
        )
    splits = []
    for i, weights in enumerate(N):
        measured, paid = members[np.isfinite(values[i])], budget // weights
        if len(measured) and measured.min() <= paid <= measured.max():
            n = int(measured[measured <= paid].max())
            splits.append(Split(int(weights), n, float(values[i, members == n][0])))
    if not splits:
        raise ValueError(f"best_split: no width of {N.tolist()} has an ensemble that spends a budget of {budget}")
    return min(splits, key=lambda split: (split.value, split.N))


def from_small(members: Int[np.ndarray, "sizes"], values: Table, largest: int) -> Table:
    """The table as ensembles of at most ``largest`` networks predict it: c + b/n at each width, by least squares.

    The mean of n independent members has 1/n of their variance, so that 1/n is the first term for any smooth loss.

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
    return constants[:, None] + slopes[:, None] * basis[:, 1]


def moving(budgets: Float[np.ndarray, "budgets"], splits: list[Split]) -> float:
    """The exponent s of n ~ Bˢ, from the best splits at some budgets: by least squares in ln n against ln B.

    s = 0: the best ensemble has one size, and larger budgets go into width. s = 1: they go into members only.

    >>> moving(np.array([100.0, 200.0, 400.0]), [Split(50, 2, 0.3), Split(50, 4, 0.2), Split(50, 8, 0.1)])
    1.0
    """
    if len(budgets) != len(splits) or len(np.unique(budgets)) < 2:
        raise ValueError(f"moving: {len(splits)} splits at budgets {list(budgets)}, need one each, two different")
    return round(float(np.polyfit(np.log(budgets), np.log([split.members for split in splits]), 1)[0]), 12) + 0.0


def regret(
    N: Int[np.ndarray, "widths"],
    members: Int[np.ndarray, "sizes"],
    values: Table,
    budget: int,
    chosen: Split,
) -> float:
    """What a ``chosen`` split loses, as a share of what splitting gains: (v_chosen − v_best)/(v_one − v_best).

    v_one is the value of the largest single network that the budget pays for. Zero is the best choice, 1 is no better
    than not to split, and where no split beats one network it is 0 for that and infinite for any other.
    """
    N, members, values = np.asarray(N), np.asarray(members), np.asarray(values, dtype=float)
    best = best_split(N, members, values, budget).value
    one = float(values[N == N[budget >= N].max(), members == 1][0])
    lost = float(values[N == chosen.N, members == chosen.members][0]) - best
    return float(lost / (one - best)) if one > best else float(0.0 if lost <= 0 else np.inf)
