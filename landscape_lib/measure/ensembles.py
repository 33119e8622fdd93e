"""Fluctuations and ensembles: how far networks of other initial weights disagree, and what their mean gains.

Notation of 1901.01608: f_i the output of member i = 1 to n, f̄ = (1/n) Σ_i f_i the ensemble's, ⟨ε⟩ the mean test error
of the members, ε̄ the test error of f̄. ‖·‖² is a mean over test points.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import Task
from landscape_lib.statistics import Estimate, Transition, counted_transition, interval, jackknife, power_law


def errors(outputs: Float[Tensor, "*nets points outputs"], labels: Float[Tensor, "points"]) -> Float[Tensor, "*nets"]:
    """ε: the share of points whose output has the wrong sign; an output of zero is half wrong.

    Of several outputs, the share of points whose largest is not that of their class, 0, 1, ….

    >>> errors(torch.tensor([[[2.0], [-1.0], [0.0], [3.0]]]), torch.tensor([1.0, 1.0, 1.0, 1.0]))
    tensor([0.3750])
    >>> errors(torch.tensor([[[2.0, 1.0], [0.0, 1.0]]]), torch.tensor([1.0, 1.0]))
    tensor([0.5000])
    """
    if outputs.ndim < 2 or outputs.shape[-1] == 0 or labels.shape != outputs.shape[-2:-1]:
        raise ValueError(
            f"errors: outputs have shape {tuple(outputs.shape)} and labels {tuple(labels.shape)}, need "
            "(…, points, outputs) and (points,)"
        )
    if bool(outputs.isnan().any()):  # NaN has no sign, and would be counted as half right
        raise ValueError("errors: outputs hold NaN; end those runs first")
    if outputs.shape[-1] > 1:
        return (outputs.argmax(-1) != labels).to(outputs.dtype).mean(-1)
    return 0.5 - 0.5 * (outputs[..., 0].sign() * labels).mean(-1)


def variance(outputs: Float[Tensor, "nets points outputs"]) -> Float[Tensor, ""]:
    """Var f = 1/(n − 1) Σ_i ‖f_i − f̄‖², the unbiased estimate from n members.

    >>> variance(torch.tensor([[[1.0]], [[3.0]]]))
    tensor(2.)
    """
    _members(outputs, "variance")
    return outputs.var(0, correction=1).sum(-1).mean()


def norm(outputs: Float[Tensor, "*nets points outputs"]) -> Float[Tensor, "*nets"]:
    """‖f‖ = (mean over points of |f|²)^½."""
    return outputs.square().sum(-1).mean(-1).sqrt()


@dataclass(frozen=True)
class Ensemble:
    """What n networks measure, each with the 95% interval of a bootstrap over members."""

    error: Estimate  # ⟨ε⟩
    together: Estimate  # ε̄
    gap: Estimate  # ⟨ε⟩ − ε̄
    variance: Estimate  # Var f
    norm: Estimate  # ‖f‖, the mean of the members'
    members: int


def ensemble(
    outputs: Float[Tensor, "nets points 1"],
    labels: Float[Tensor, "points"],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Ensemble:
    """Errors, gap, variance and norm of an ensemble on its test points, with intervals over members.

    A draw of n members with replacement holds fewer different ones than n, so its variance is too small by (n − 1)/n
    and its f̄ noisier than the ensemble's. The first is multiplied out. For the second, replicates are moved so that
    their mean is the measured value: the interval says how far another n members would come out, not more.
    """
    _members(outputs, "ensemble")
    if isinstance(resamples, bool) or not isinstance(resamples, int) or resamples < 2:
        raise ValueError(f"ensemble: resamples is {resamples!r}, need a whole number of at least 2")
    n, f = len(outputs), outputs[..., 0]
    own, size = errors(outputs, labels), norm(outputs)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    counts = torch.from_numpy(drawn).to(f) / n  # (resamples, nets): how often each is drawn, as a share
    means = counts @ f
    together = errors(means[..., None], labels)
    spread = ((counts @ f.square()).mean(-1) - means.square().mean(-1)).clamp(min=0) * (n / (n - 1)) ** 2
    measured = {
        "error": (own.mean(), counts @ own),
        "together": (errors(outputs.mean(0), labels), together),
        "gap": (own.mean() - errors(outputs.mean(0), labels), counts @ own - together),
        "variance": (variance(outputs), spread),
        "norm": (size.mean(), counts @ size),
    }
    centred = {
        name: Estimate(value.item(), interval(replicates.cpu().numpy(), value=value.item(), centred=True))
        for name, (value, replicates) in measured.items()
    }
    return Ensemble(**centred, members=n)


@dataclass(frozen=True)
class Borders:
    """What networks of one width, trained on the same points of a square, answer all over it."""

    points: Task
    h: int
    N: int
    x: Float[Tensor, "side"]  # coordinates along either side of the square
    boundary: Float[Tensor, "side"]  # the labels are +1 where x₂ is above it, −1 where it is not
    outputs: Float[Tensor, "nets side side"]  # a row a value of x₂, a column a value of x₁

    @property
    def error(self) -> Float[Tensor, "nets"]:
        """The share of the square on which each network errs."""
        return errors(self.outputs.flatten(1)[..., None], self._truth)

    @property
    def together(self) -> float:
        """The share of the square on which their mean errs."""
        return errors(self.outputs.mean(0).flatten()[:, None], self._truth).item()

    @property
    def _truth(self) -> Float[Tensor, "area"]:
        return torch.where(self.x[:, None] > self.boundary, 1.0, -1.0).to(self.outputs).flatten()


def transition_to_zero(rows: pd.DataFrame, *, seed: int = 0) -> Transition:
    """N* of this chapter: the N at which half of the networks end at zero loss, with its interval (`transition`).

    ``rows`` has columns ``N``, ``members`` and ``satisfied``, how many of the members ended at zero; of rows of the
    same ``task_seed`` and ``N`` (ensembles of several sizes n of the same networks) one counts. Zero loss asks
    for a margin, so that it is another N* than that of right labels.
    """
    each = rows.drop_duplicates(["task_seed", "N"])
    return counted_transition(each.N, each.satisfied, each.members, seed=seed)


def at_rest(rows: pd.DataFrame, share: float = 0.9) -> pd.DataFrame:
    """The rows of those widths of whose networks at least a ``share`` ended at zero loss, over all training sets.

    What is left out still falls, or is stuck above zero: its spread is that of how far networks came.
    """
    each = rows.drop_duplicates(["task_seed", "h"]).groupby("h")
    shares = each.satisfied.sum() / each.members.sum()
    return rows[rows.h.isin(shares.index[shares >= share])]


def by_set(rows: pd.DataFrame, column: str, n: int = 1) -> pd.DataFrame:
    """A column of ensembles of n, a row a training set and a column a width h; widths without them are out."""
    return rows[rows.n == n].pivot(index="task_seed", columns="h", values=column)


def relative_variance(rows: pd.DataFrame) -> pd.DataFrame:
    """Var f/‖f‖², a row a training set and a column a width h: the share of the output that another start changes.

    Doubling f moves no border, and a hinge at zero loss does not fix the scale of f.
    """
    return by_set(rows, "variance") / by_set(rows, "norm") ** 2


def gaps(rows: pd.DataFrame, n: int) -> pd.DataFrame:
    """⟨ε⟩ − ε̄, what a network errs more than ensembles of n, a row a training set and a column a width h."""
    return (by_set(rows, "error") - by_set(rows, "error", n)).dropna(axis=1)


def variance_exponent(rows: pd.DataFrame, *, relative: bool = True, seed: int = 0) -> Estimate:
    """The exponent a of Var f/‖f‖² ~ hᵃ, or that of Var f if not ``relative`` (1901.01608: −1, as 1/h ~ N^(−1/2)).

    The slope of the logarithm of the mean over training sets against ln h, by least squares, over the widths of
    ``rows`` that are `at_rest`; the interval is the jackknife's over training sets. Of one training set: the profile
    interval of the weighted fit (`power_law`), from the columns ``variance_low`` and ``variance_high``, the ends of the
    95% intervals over members; it says nothing of other training sets.
    """
    rest = _widths(at_rest(rows), 3)
    values = relative_variance(rest) if relative else by_set(rest, "variance")
    h = values.columns.to_numpy(float)
    if len(values) > 1:
        return jackknife(values.to_numpy(), lambda sets: _slope(np.log(h), np.log(sets.mean(0))))
    first = rest[rest.n == 1].sort_values("h")
    scale = first.norm.to_numpy() ** 2 if relative else np.ones(len(h))
    known = (first.variance_high - first.variance_low).to_numpy() / 3.92 / scale
    return power_law(h, values.to_numpy()[0], known, offset=False).exponent


def gap_exponent(rows: pd.DataFrame, n: int) -> Estimate:
    """The exponent a of ⟨ε⟩ − ε̄ ~ hᵃ, with ε̄ of ensembles of n, over the widths that are `at_rest` (1901.01608: −1).

    The gap of a training set is a few test points, and may be below zero. So b hᵃ is fitted to the mean over sets as
    it is, by least squares, a < 0; the interval is the jackknife's over training sets.
    """
    gap = gaps(_widths(at_rest(rows), 3), n)
    h, ones = gap.columns.to_numpy(float), np.ones(gap.shape[1])
    return jackknife(gap.to_numpy(), lambda sets: power_law(h, sets.mean(0), ones, offset=False).exponent.value)


def excess_power(rows: pd.DataFrame, n: int, *, relative: bool = True) -> Estimate:
    """The power p of the excess error in the variance, as the size of the networks varies: ⟨ε⟩ − ε̄ ~ (Var f/‖f‖²)ᵖ.

    1901.01608 argues for p = 1: the error is smooth in the border, and what moves it one way costs what moving it the
    other way does. ε̄ is of ensembles of n. Over the widths of ``rows`` that are `at_rest`, the slope of the logarithms
    of means over training sets, every width with the same weight; the interval is the jackknife's over training sets.
    """
    rest = _widths(at_rest(rows), 3)
    gap = gaps(rest, n)
    variances = (relative_variance(rest) if relative else by_set(rest, "variance"))[gap.columns]
    both = np.stack([variances.to_numpy(), gap.to_numpy()], axis=1)
    if (both.mean(0) <= 0).any():
        raise ValueError(f"excess_power: a mean gap of {both[:, 1].mean(0).min():.2g} has no logarithm")
    return jackknife(both, lambda sets: _slope(*np.log(sets.mean(0))))


def share_of_fall(rows: pd.DataFrame, n: int, N_star: float) -> Estimate:
    """The fall of ε̄ from the first width past N* to the widest, as a share of that of ⟨ε⟩ (1901.01608: nearly none).

    ε̄ is of ensembles of n; of the widths `at_rest`, means over training sets, and the jackknife's interval over them.
    """
    past = _widths(at_rest(rows[rows.N >= N_star]), 2)
    together, alone = by_set(past, "error", n).dropna(axis=1), by_set(past, "error")
    ends = [together.columns.min(), together.columns.max()]
    both = np.stack([together[ends].to_numpy(), alone[ends].to_numpy()], axis=1)

    def share(sets: np.ndarray) -> float:
        fall = sets.mean(0)[:, 0] - sets.mean(0)[:, 1]
        return float(fall[0] / fall[1])

    return jackknife(both, share)


def binomial(error: float, points: int) -> float:
    """The standard error of a test error from so many test points: √(ε (1 − ε) / points).

    >>> round(binomial(0.05, 797), 4)
    0.0077
    """
    if not 0 <= error <= 1 or points < 1:
        raise ValueError(f"binomial: error is {error!r} of {points!r} points, need 0 to 1 and at least one point")
    return math.sqrt(error * (1 - error) / points)


def _members(outputs: Tensor, what: str) -> None:
    if outputs.ndim != 3 or len(outputs) < 2 or 0 in outputs.shape[1:]:
        raise ValueError(
            f"{what}: outputs have shape {tuple(outputs.shape)}, need (nets, points, outputs), at least two networks "
            "and one point"
        )
    if bool((broken := ~outputs.isfinite().flatten(1).all(1)).any()):
        raise ValueError(f"{what}: NaN or infinite outputs in networks {broken.nonzero().flatten().tolist()[:10]}")


def _widths(rows: pd.DataFrame, least: int) -> pd.DataFrame:
    if (widths := rows.h.nunique()) < least:
        raise ValueError(f"nine networks in ten are at zero loss at {widths} widths only; need {least}")
    return rows


def _slope(x: Float[np.ndarray, "points"], y: Float[np.ndarray, "points"]) -> float:
    away = x - x.mean()
    return float(away @ y / (away @ away))
