"""Fluctuations and ensembles: how far networks of other initial weights disagree, and what their mean gains.

Notation of 1901.01608: f_i the output of member i = 1 to n, f̄ = (1/n) Σ_i f_i the ensemble's, ⟨ε⟩ the mean test error
of the members, ε̄ the test error of f̄. ‖·‖² is a mean over test points.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape_lib.statistics import Estimate, interval


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
