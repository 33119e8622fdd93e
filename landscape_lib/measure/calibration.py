"""Calibration: one temperature that makes a network as sure as it is right.

Outputs become probabilities by p(y | x) = softmax(z / τ)_y. A network of one output f has the logits z = (−f/2, f/2),
so that p(±1) = 1/(1 + exp(∓f/τ)).
"""

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from landscape_lib.statistics import Estimate, jackknife, power_law

COLDEST, HOTTEST = 1e-4, 1e4  # bounds of τ: with no mistake on the validation points, colder is always better


def two_classes(outputs: Float[Tensor, "*nets points 1"]) -> Float[Tensor, "*nets points 2"]:
    """Logits (−f/2, f/2) of the labels −1 and +1, which are then the classes 0 and 1."""
    return torch.cat([-outputs / 2, outputs / 2], dim=-1)


def nll(
    logits: Float[Tensor, "*nets points classes"],
    labels: Int[Tensor, "points"],
    temperature: Float[Tensor, "*nets"] | float = 1.0,
) -> Float[Tensor, "*nets"]:
    """The negative log-likelihood of each network, −(1/P) Σ_μ log softmax(z_μ / τ)_y.

    >>> nll(torch.zeros(1, 3, 2), torch.tensor([0, 1, 1]))      # a coin: log 2
    tensor([0.6931])
    """
    _check(logits, labels)
    tau = torch.as_tensor(temperature, dtype=logits.dtype, device=logits.device)
    if not bool((tau > 0).all()):
        raise ValueError(f"nll: temperature is {temperature!r}, need a positive one")
    logs = F.log_softmax(logits / tau[..., None, None], dim=-1)
    return -logs.gather(-1, _index(labels, logits))[..., 0].mean(-1)


def temperature(
    logits: Float[Tensor, "*nets points classes"], labels: Int[Tensor, "points"], steps: int = 40
) -> Float[Tensor, "*nets"]:
    """τ of the smallest NLL on validation points, of each network (Guo et al. 2017, 1706.04599).

    The NLL is convex in 1/τ, and its slope there, ⟨E_p z − z_y⟩, rises through zero once: bisection of ln τ. Without a
    mistake it never does, and τ is the lower bound, 1e-4; if nothing is learnt it is the upper one, 1e4.

    >>> z = torch.tensor([[[0.0, 8.0], [0.0, 8.0], [0.0, 8.0], [0.0, 8.0]]])     # sure, and right three times in four
    >>> tau = temperature(z, torch.tensor([1, 1, 1, 0]))
    >>> (z[0, 0] / tau).softmax(-1)[1]
    tensor(0.7500)
    """
    _check(logits, labels)
    target = logits.gather(-1, _index(labels, logits))[..., 0]
    bounds = torch.log(torch.tensor([COLDEST, HOTTEST], dtype=logits.dtype, device=logits.device))
    low, high = (bound.expand(logits.shape[:-2]).clone() for bound in bounds)
    for _ in range(steps):
        middle = (low + high) / 2
        p = (logits / middle.exp()[..., None, None]).softmax(-1)
        hotter = ((p * logits).sum(-1) - target).mean(-1) > 0  # too sure: 1/τ must fall
        low, high = torch.where(hotter, middle, low), torch.where(hotter, high, middle)
    return ((low + high) / 2).exp()


def geometric(logits: Float[Tensor, "nets points classes"]) -> Float[Tensor, "points classes"]:
    """Logits of an ensemble by the mean of its members' log-probabilities, log p = (1/n) Σ_i log softmax(z_i) + const.

    One of two set-ups of calibrated ensembles: average first, then find one `temperature` for the ensemble.

    >>> z = torch.tensor([[[0.0, 2.0]], [[0.0, -1.0]]])
    >>> geometric(z).softmax(-1).round(decimals=4)      # log-odds of 0.5, the mean of 2 and −1
    tensor([[0.3775, 0.6225]])
    """
    _members(logits, "geometric")
    return F.log_softmax(logits, dim=-1).mean(0)


def arithmetic(
    logits: Float[Tensor, "nets points classes"], temperatures: Float[Tensor, "nets"] | float = 1.0
) -> Float[Tensor, "points classes"]:
    """Logits of an ensemble by the mean of its members' probabilities, p = (1/n) Σ_i softmax(z_i / τ_i).

    The other of the two set-ups: find each member's own `temperature`, then average. The logits returned are log p.

    >>> z = torch.tensor([[[0.0, 9.0]], [[0.0, -9.0]]])
    >>> arithmetic(z).softmax(-1)
    tensor([[0.5000, 0.5000]])
    """
    _members(logits, "arithmetic")
    tau = torch.as_tensor(temperatures, dtype=logits.dtype, device=logits.device)
    if tau.shape not in ((), logits.shape[:1]) or not bool((tau > 0).all()):
        raise ValueError(f"arithmetic: temperatures are {temperatures!r}, need positive ones, one or {len(logits)}")
    logs = F.log_softmax(logits / tau.reshape(-1, 1, 1), dim=-1)
    return torch.logsumexp(logs, dim=0) - math.log(len(logits))


def power_in_size(
    N: Int[np.ndarray, "widths"],
    members: Int[np.ndarray, "sizes"],
    nll: Float[np.ndarray, "sets widths sizes"],
    N_star: float,
) -> Estimate:
    """The exponent a of the calibrated NLL c + b nᵃ of n networks, at the first width past N* (2007.08483: −1).

    ``nll`` is NaN where a width has no ensemble of n. Of the mean over training sets, and the jackknife's interval over
    them.
    """
    rows = np.asarray(nll, dtype=float)[:, _past(N, N_star, nll)[0]]
    measured = np.isfinite(rows).all(0)
    return _power(np.asarray(members)[measured], rows[:, measured])


def power_in_width(
    N: Int[np.ndarray, "widths"],
    members: Int[np.ndarray, "sizes"],
    nll: Float[np.ndarray, "sets widths sizes"],
    N_star: float,
) -> Estimate:
    """The exponent a of the calibrated NLL c + b Nᵃ of single networks past N*, as `power_in_size` (2007.08483)."""
    past = _past(N, N_star, nll)
    single = np.asarray(nll, dtype=float)[:, past][..., np.asarray(members) == 1]
    return _power(np.asarray(N)[past], single[..., 0])


def _past(N: np.ndarray, N_star: float, nll: np.ndarray) -> np.ndarray:
    """Where the widths past N* are, in order of size."""
    order = np.argsort(N)
    past = order[np.asarray(N)[order] >= N_star]
    if np.ndim(nll) != 3 or not len(past):
        raise ValueError(
            f"calibration: NLL of shape {np.shape(nll)}, N up to {np.max(N)} and N* of {N_star:g}; need "
            "(training sets, widths, ensemble sizes) and a width past N*"
        )
    return past


def _power(x: np.ndarray, rows: Float[np.ndarray, "sets points"]) -> Estimate:
    x = x.astype(float)
    return jackknife(rows, lambda sets: power_law(x, sets.mean(0), np.ones(len(x))).exponent.value)


def _members(logits: Tensor, what: str) -> None:
    if logits.ndim != 3 or 0 in logits.shape:
        raise ValueError(f"{what}: logits have shape {tuple(logits.shape)}, need (nets, points, classes)")


def _index(labels: Tensor, logits: Tensor) -> Tensor:
    return labels.expand(logits.shape[:-1])[..., None]


def _check(logits: Tensor, labels: Tensor) -> None:
    if logits.ndim < 2 or labels.shape != logits.shape[-2:-1] or 0 in logits.shape:
        raise ValueError(
            f"calibration: logits have shape {tuple(logits.shape)} and labels {tuple(labels.shape)}, need "
            "(…, points, classes) and (points,)"
        )
    if not bool(logits.isfinite().all()):
        raise ValueError("calibration: logits hold NaN or infinity")
    if labels.is_floating_point() or labels.min() < 0 or labels.max() >= logits.shape[-1]:
        raise ValueError(
            f"calibration: labels of {labels.dtype} from {labels.min().item()} to {labels.max().item()}, need classes "
            f"0 to {logits.shape[-1] - 1}; labels ±1 are (labels > 0).long()"
        )
