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
    others = logits - logits.gather(-1, _index(labels, logits))
    bounds = torch.log(torch.tensor([COLDEST, HOTTEST], dtype=logits.dtype, device=logits.device))
    low, high = (bound.expand(logits.shape[:-2]).clone() for bound in bounds)
    for _ in range(steps):
        middle = (low + high) / 2
        hotter = _true_label(others, middle.exp()[..., None])[1].mean(-1) > 0  # too sure: 1/τ must fall
        low, high = torch.where(hotter, middle, low), torch.where(hotter, high, middle)
    return ((low + high) / 2).exp()


def mean_probability(
    logits: Float[Tensor, "*ensembles nets points classes"], temperature: Float[Tensor, "*ensembles"] | float = 1.0
) -> Float[Tensor, "*ensembles points classes"]:
    """Logits of an ensemble by the mean of its members' probabilities, log p with p = (1/n) Σ_i softmax(z_i / τ).

    The two calibrations of 2007.08483: at τ = 1, and what comes out calibrated by a `temperature` of its own; or with
    the `shared_temperature`. Neither averages log-probabilities, and neither gives each member a τ of its own.

    >>> z = torch.tensor([[[0.0, 9.0]], [[0.0, -9.0]]])
    >>> mean_probability(z).softmax(-1)
    tensor([[0.5000, 0.5000]])
    """
    tau = torch.as_tensor(temperature, dtype=logits.dtype, device=logits.device)
    if logits.ndim < 3 or 0 in logits.shape:
        raise ValueError(f"mean_probability: logits have shape {tuple(logits.shape)}, need (…, nets, points, classes)")
    if tau.shape not in ((), logits.shape[:-3]) or not bool((tau > 0).all()):
        raise ValueError(
            f"mean_probability: temperature is {temperature!r}, need a positive one, or one for each of the "
            f"{tuple(logits.shape[:-3])} ensembles"
        )
    logs = F.log_softmax(logits / tau[..., None, None, None], dim=-1)
    return torch.logsumexp(logs, dim=-3) - math.log(logits.shape[-3])


def shared_temperature(
    logits: Float[Tensor, "*ensembles nets points classes"], labels: Int[Tensor, "points"], steps: int = 40
) -> Float[Tensor, "*ensembles"]:
    """The one τ of all members at which the mean of their probabilities has its smallest NLL on validation points.

    A mean of probabilities may have several minima: near the transition one member's outputs are a hundred times those
    of others. So the NLL is compared at fourteen τ, and from the lowest its slope in 1/τ, the mean of Σ_i w_i (⟨z_i⟩ −
    z_iy), is brought to zero by bisection of ln τ; w_i is member i's share of the ensemble's probability of the true
    label y. The smallest τ is a twentieth of the median Σ |z_y − z_other|: below it members only vote, and a τ near
    zero would be best wherever no validation point has all votes against it.

    >>> z = torch.tensor([[[0.0, 8.0]] * 4, [[0.0, 8.0]] * 4])           # alike, sure, right three times in four
    >>> tau = shared_temperature(z, torch.tensor([1, 1, 1, 0]))
    >>> mean_probability(z, tau)[0].exp()[1]
    tensor(0.7500)
    """
    if logits.ndim < 3:
        raise ValueError(
            f"shared_temperature: logits have shape {tuple(logits.shape)}, need (…, nets, points, classes)"
        )
    _check(logits, labels)
    others = logits - logits.gather(-1, _index(labels, logits))
    coldest = (others.abs().sum(-1).flatten(-2).median(-1).values / 20).clamp(COLDEST, HOTTEST / 2)
    share = torch.linspace(0, 1, 14).to(logits).reshape(-1, *[1] * coldest.ndim)
    tried = coldest.log() + share * (math.log(HOTTEST) - coldest.log())
    lowest = torch.stack(
        [-_true_label(others, ln.exp()[..., None, None])[0].mean(-2).log().mean(-1) for ln in tried]
    ).argmin(0)
    low, high = (tried.gather(0, (lowest + step).clamp(0, len(tried) - 1)[None])[0] for step in (-1, 1))
    for _ in range(steps):
        middle = (low + high) / 2
        right, behind = _true_label(others, middle.exp()[..., None, None])
        slope = (right * behind).sum(-2) / right.sum(
            -2
        )  # NaN where the probabilities of all members underflow: far too sure
        colder = slope.mean(-1) < 0  # not sure enough
        low, high = torch.where(colder, low, middle), torch.where(colder, middle, high)
    return ((low + high) / 2).exp()


def power_in_size(members: Int[np.ndarray, "sizes"], nll: Float[np.ndarray, "sets sizes"]) -> Estimate:
    """The exponent a of the calibrated NLL c + b nᵃ of n networks of one width (2007.08483: −1 for large n).

    ``nll`` is NaN where there is no ensemble of n. Least squares on the mean over training sets, a < 0, and the
    jackknife's interval over them.
    """
    rows = np.asarray(nll, dtype=float)
    if rows.ndim != 2 or rows.shape[1] != len(members):
        raise ValueError(f"power_in_size: NLL of shape {rows.shape}, need (training sets, {len(members)} sizes)")
    known = np.isfinite(rows).all(0)
    return _power(np.asarray(members)[known], rows[:, known])


def power_in_width(h: Int[np.ndarray, "widths"], nll: Float[np.ndarray, "sets widths"]) -> Estimate:
    """The exponent a of the calibrated NLL c + b hᵃ of single networks of width h, as `power_in_size` (2007.08483)."""
    rows = np.asarray(nll, dtype=float)
    if rows.ndim != 2 or rows.shape[1] != len(h):
        raise ValueError(f"power_in_width: NLL of shape {rows.shape}, need (training sets, {len(h)} widths)")
    return _power(np.asarray(h), rows)


def _power(x: np.ndarray, rows: Float[np.ndarray, "sets points"]) -> Estimate:
    x = x.astype(float)
    return jackknife(rows, lambda sets: power_law(x, sets.mean(0), np.ones(len(x))).exponent.value)


def _true_label(
    others: Float[Tensor, "*nets points classes"], tau: Float[Tensor, "..."]
) -> tuple[Float[Tensor, "*nets points"], Float[Tensor, "*nets points"]]:
    """The probability of the true label at τ, and the slope of its −log in 1/τ, the mean logit less its own.

    ``others`` are the logits less that of the true label. Of two classes there is one other, and a sigmoid will do: a
    softmax over an axis of two is slow.
    """
    if others.shape[-1] == 2:
        other = others[..., 0] + others[..., 1]
        return torch.sigmoid(-other / tau), torch.sigmoid(other / tau) * other
    scaled = others / tau[..., None]
    return (-scaled.logsumexp(-1)).exp(), (scaled.softmax(-1) * others).sum(-1)


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
