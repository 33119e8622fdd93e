"""Fluctuations and ensembles: how far networks of other initial weights disagree, and what their mean gains.

Notation of 1901.01608: f_i the output of member i = 1 to n, f̄ = (1/n) Σ_i f_i the ensemble's, ⟨ε⟩ the mean test error
of the members, ε̄ the test error of f̄. ‖·‖² is a mean over test points.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape_lib.data import Task
from landscape_lib.statistics import (
    Curve,
    Estimate,
    PowerLaw,
    Transition,
    counted_transition,
    estimate,
    interval,
    jackknife,
    power_law,
)


def errors(outputs: Float[Tensor, "*nets points 1"], labels: Float[Tensor, "points"]) -> Float[Tensor, "*nets"]:
    """ε: the share of points whose output has the wrong sign; an output of zero is half wrong.

    >>> errors(torch.tensor([[[2.0], [-1.0], [0.0], [3.0]]]), torch.tensor([1.0, 1.0, 1.0, 1.0]))
    tensor([0.3750])
    """
    if outputs.ndim < 2 or outputs.shape[-1] != 1 or labels.shape != outputs.shape[-2:-1]:
        raise ValueError(
            f"errors: outputs have shape {tuple(outputs.shape)} and labels {tuple(labels.shape)}, need "
            "(…, points, 1) and (points,)"
        )
    if bool(outputs.isnan().any()):  # NaN has no sign, and would be counted as half right
        raise ValueError("errors: outputs hold NaN; end those runs first")
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


def satisfaction(networks: pd.DataFrame, *, resamples: int = 1000, seed: int = 0) -> Transition:
    """N*: the N at which half of the networks reach zero loss.

    ``networks`` has a row a set of networks, with their ``N``, how many ``members`` there are, and how many of them are
    ``satisfied``: at zero loss.

    >>> table = pd.DataFrame({"N": [50, 100, 200, 400], "members": 10, "satisfied": [0, 0, 10, 10]})
    >>> 100 < satisfaction(table).N_star < 200
    True
    """
    return counted_transition(networks.N, networks.satisfied, networks.members, resamples=resamples, seed=seed)


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


def excess(
    n: Int[np.ndarray, "sizes"], relative: Float[np.ndarray, "widths"], error: Float[np.ndarray, "widths sizes"]
) -> tuple[Float[np.ndarray, "pairs"], Float[np.ndarray, "pairs"]]:
    """What smaller ensembles err and fluctuate more than the largest of their width: pairs of (variance, error).

    The mean of n independent members has the variance Var f / n. By the argument of 1901.01608, ε̄_n − ε̄_m is in
    proportion to Var f (1/n − 1/m). ``relative`` is Var f / ‖f‖² of each width, ``error`` is ε̄_n, NaN where a width has
    no ensemble of n; m is the largest it has.

    >>> excess(np.array([1, 2]), np.array([0.4]), np.array([[0.08, 0.06]]))
    (array([0.2]), array([0.02]))
    """
    n, relative, error = np.asarray(n), np.asarray(relative, dtype=float), np.asarray(error, dtype=float)
    if error.shape != (len(relative), len(n)) or (np.isfinite(error).sum(1) < 2).any():
        raise ValueError(
            f"excess: errors have shape {error.shape} for {len(relative)} widths and {len(n)} sizes, need one each, "
            "and at least two sizes at each width"
        )
    has = np.isfinite(error)
    last = np.where(has, n, 0).argmax(1)
    left = has & (np.arange(len(n)) != last[:, None])
    more = relative[:, None] * (1 / n - 1 / n[last][:, None])
    above = error - np.take_along_axis(error, last[:, None], 1)
    return more[left], above[left]


def variance_exponent(variance: pd.DataFrame | Curve, P: int, *, seed: int = 0) -> Estimate:
    """The exponent a of Var f ~ N^a at N ≥ 2P: the slope of ln Var f against ln N, by least squares (1901.01608).

    Several training sets, a table with a row a set and a column a size N: the slope of their mean, and the jackknife's
    interval over them. One set, a curve with intervals over members: a parametric bootstrap of it, from ``seed``.

    >>> N = np.array([500.0, 1000, 4000])
    >>> round(variance_exponent(pd.DataFrame([0.3 * N**-0.5, 0.5 * N**-0.5], columns=N), P=250).value, 3)
    -0.5
    """
    window, N = _tail(variance, P, "variance_exponent")
    return _resampled(lambda values: _slope(N, values[:, window]), variance, seed=seed)


def gap_exponent(gap: pd.DataFrame | Curve, P: int, *, seed: int = 0) -> Estimate:
    """The exponent a of ⟨ε⟩ − ε̄ ~ N^a at N ≥ 2P, with an interval as that of `variance_exponent`.

    The gap of a training set is a few test points, and may be below zero. So b N^a is fitted to the mean over sets as
    it is, by least squares. A curve is positive, and its exponent is the slope of the logarithms.
    """
    window, N = _tail(gap, P, "gap_exponent")
    if isinstance(gap, Curve):
        return variance_exponent(gap, P, seed=seed)
    wide = gap.to_numpy(float)[:, window]
    return jackknife(wide, lambda sets: power_law(N, sets.mean(0), np.ones(len(N)), offset=False).exponent.value)


def excess_power(
    n: Int[np.ndarray, "sizes"],
    relative: Float[np.ndarray, "sets widths"],
    error: Float[np.ndarray, "sets widths sizes"],
) -> Estimate:
    """The power p of the excess error in the excess variance, over all pairs of `excess`: b xᵖ, by least squares.

    1901.01608 argues for p = 1: the error is smooth in the border, and what moves it one way costs what moving it the
    other way does. Of the means over training sets; the interval is the jackknife's over them.
    """
    relative, error = np.asarray(relative, dtype=float), np.asarray(error, dtype=float)
    if len(relative) != len(error):
        raise ValueError(f"excess_power: variances of {len(relative)} training sets, errors of {len(error)}")

    def power(chosen: np.ndarray) -> float:
        sets = chosen.astype(int)
        more, above = excess(n, relative[sets].mean(0), error[sets].mean(0))
        return power_law(more, above, np.ones(len(more)), offset=False, falling=False).exponent.value

    return jackknife(np.arange(len(error)), power)


def share_of_fall(
    together: pd.DataFrame | Curve, alone: pd.DataFrame | Curve, N_star: float, *, seed: int = 0
) -> Estimate:
    """The fall of ε̄ from the first width past N* to the widest, as a share of that of ⟨ε⟩ (1901.01608: nearly none).

    The interval is as that of `variance_exponent`: over training sets, or over the members of one.
    """
    N = _sizes(alone)
    if type(together) is not type(alone) or not np.array_equal(N, _sizes(together)):
        raise ValueError(
            "share_of_fall: the ensembles' errors and the members' must be of the same sizes N, both alike"
        )
    past = np.flatnonzero(N >= N_star)
    if len(past) < 2:
        raise ValueError(f"share_of_fall: {len(past)} sizes, up to {N.max():g}, are past N* = {N_star:g}; need two")
    first = past[0]

    def share(ensembles: np.ndarray, members: np.ndarray) -> np.ndarray:
        return np.asarray((ensembles[:, first] - ensembles[:, -1]) / (members[:, first] - members[:, -1]))

    return _resampled(share, together, alone, seed=seed)


def variance_law(rows: pd.DataFrame, *, narrowest: int = 6) -> PowerLaw:
    """Var f = b N^a of convolutional networks with ``narrowest`` channels or more; the exponent has an interval.

    ``rows`` has one row a width, with columns ``h``, ``N``, ``variance`` and the ends of its 95% interval over members,
    ``variance_low`` and ``variance_high``: 3.92 standard errors apart.
    """
    wide = rows[rows.h >= narrowest].sort_values("N")
    known = (wide.variance_high - wide.variance_low) / 3.92
    return power_law(wide.N.to_numpy(float), wide.variance.to_numpy(float), known.to_numpy(float), offset=False)


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


def _sizes(measured: pd.DataFrame | Curve) -> Float[np.ndarray, "widths"]:
    return np.asarray(measured.N if isinstance(measured, Curve) else measured.columns, dtype=float)


def _tail(measured: pd.DataFrame | Curve, P: int, what: str) -> tuple[np.ndarray, Float[np.ndarray, "wide"]]:
    """Which sizes are at least 2P, and these."""
    N = _sizes(measured)
    window = N >= 2 * P
    if window.sum() < 2:
        raise ValueError(
            f"{what}: {window.sum()} of the sizes N, up to {N.max():g}, are at least 2P = {2 * P}; need two"
        )
    return window, N[window]


def _slope(N: Float[np.ndarray, "widths"], values: Float[np.ndarray, "draws widths"]) -> Float[np.ndarray, "draws"]:
    """The slope of ln y against ln N, of each row."""
    ln_N = np.log(N) - np.log(N).mean()
    return np.log(values) @ ln_N / (ln_N @ ln_N)


def _resampled(statistic: Callable[..., np.ndarray], *measured: pd.DataFrame | Curve, seed: int) -> Estimate:
    """A statistic of arrays (draws, widths), one a quantity: of means over training sets, or of one set's curves."""
    if isinstance(measured[0], Curve):
        return estimate(statistic, *measured, seed=seed)
    values = np.stack([np.asarray(sets, dtype=float) for sets in measured], axis=1)
    return jackknife(values, lambda sets: statistic(*sets.mean(0)[:, None])[0])
