"""The jamming transition: gaps, unsatisfied patterns, and the number of parameters at which they vanish.

Notation of 1809.09349: N effective parameters, P patterns, Δ_μ = κ − y_μ f(x_μ) the gap of pattern μ, N_Δ the number of
patterns with Δ_μ > 0, N* the N at which a network can just satisfy all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape_lib.measure import Estimate


def gaps(
    outputs: Float[Tensor, "nets points 1"], labels: Float[Tensor, "*nets points"], margin: float = 1.0
) -> Float[Tensor, "nets points"]:
    """Δ_μ = κ − y_μ f(x_μ): how far each pattern is from its margin κ; positive, it is unsatisfied (1809.09349, eq. 2).

    >>> import torch
    >>> gaps(torch.tensor([[[0.25], [2.0]]]), torch.tensor([1.0, -1.0]))
    tensor([[0.7500, 3.0000]])
    """
    if outputs.ndim != 3 or outputs.shape[-1] != 1:
        raise ValueError(f"gaps: outputs have shape {tuple(outputs.shape)}, need (nets, points, 1)")
    nets, points, _ = outputs.shape
    if labels.shape not in ((points,), (nets, points)):
        raise ValueError(f"gaps: labels have shape {tuple(labels.shape)}, need ({points},) or ({nets}, {points})")
    return margin - labels * outputs[..., 0]


def unsatisfied(gaps: Float[Tensor, "nets points"], tolerance: float = 0.0) -> Int[Tensor, "nets"]:
    """Count the patterns each network leaves unsatisfied: N_Δ = #{μ : Δ_μ > 0}, or above a ``tolerance``.

    A descent that ends at a loss of ε instead of zero leaves gaps up to √(2 P ε) on patterns that it has satisfied, and
    where it is stuck too: √(2 P ε) is then the tolerance that counts what is really missing.

    >>> import torch
    >>> unsatisfied(torch.tensor([[0.5, -0.2, 0.0]]))    # on its margin, a pattern is satisfied
    tensor([1])
    """
    if gaps.ndim != 2:
        raise ValueError(f"gaps: got shape {tuple(gaps.shape)}, need (nets, points); for one network pass gaps[None]")
    # NaN > 0 is False: a network that blew up would count as perfectly trained.
    if bool((broken := gaps.isnan().any(-1)).any()):
        raise ValueError(f"gaps: NaN in networks {broken.nonzero().flatten().tolist()}; end those runs first")
    if not tolerance >= 0:
        raise ValueError(f"unsatisfied: tolerance is {tolerance!r}, need a gap of at least 0")
    return (gaps > tolerance).sum(-1)


def effective_parameters(d: int, h: int, L: int) -> int:
    """N = (d + 1) h + (L − 1) h², the weights of a network with d inputs, L hidden layers of width h and one output.

    Biases are left out: each ReLU unit has one freedom of scale (its incoming weights times a, its outgoing ones over
    a) that leaves f as it is, and that takes away one parameter, as many as there are biases (1809.09349).

    >>> effective_parameters(d=10, h=8, L=3)      # 10·8 + 8·8 + 8·8 + 8
    216
    """
    if min(d, h, L) < 1:
        raise ValueError(f"effective_parameters: got d={d}, h={h}, L={L}; each must be at least 1")
    return (d + 1) * h + (L - 1) * h * h


@dataclass(frozen=True)
class Transition:
    """N*, where half of the networks are satisfied, and the width of the transition in ln N (from 10% to 90%).

    Intervals hold 95% of the replicates of a parametric bootstrap, which come along for what is derived from N*. A
    width below the spacing of the N that were tried is not resolved: what is given is then about that spacing, and
    says only that the transition is at least that sharp.
    """

    N_star: float
    interval: tuple[float, float]
    width: float
    width_interval: tuple[float, float]
    replicates: Float[np.ndarray, "replicates"]
    width_replicates: Float[np.ndarray, "replicates"]

    def window(self) -> tuple[float, float]:
        """The N at which 10% and 90% of networks are satisfied, by the fit."""
        half = np.exp(self.width / 2)
        return self.N_star / half, self.N_star * half

    def satisfied(self, N: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """The fitted fraction of satisfied networks at N."""
        return _logistic(SPREAD * np.log(np.asarray(N) / self.N_star) / self.width)


SPREAD = 2 * np.log(9)  # a logistic climbs from 1/10 to 9/10 within this many of its scales
FLAT = 1e-6  # a slope, in ln N over its standard deviation, that is zero to the fit's rounding


def transition(
    N: Float[np.ndarray, "nets"] | Int[np.ndarray, "nets"],
    satisfied: Bool[np.ndarray, "nets"],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Transition:
    """N* from which networks were satisfied: P(satisfied) = 1 / (1 + exp(−(ln N − ln N*)/s)), fitted to all of them.

    The fit maximises the likelihood times Jeffreys' prior (Firth, Biometrika 80, 27, 1993). Plain maximum likelihood
    has no answer when every network below some N fails and every one above succeeds, which is what a sharp transition
    looks like. Intervals: draws from the fitted curve at the same N, each fitted again; a draw in which no rise can be
    seen counts as beyond both ends.

    >>> N = np.repeat([50, 100, 200, 400], 10)
    >>> fit = transition(N, np.arange(40) >= 20)          # all fail at 100, none at 200
    >>> 100 < fit.interval[0] < fit.N_star < fit.interval[1] < 200
    True
    """
    N, satisfied = np.asarray(N, dtype=float), np.asarray(satisfied)
    if satisfied.dtype != bool:  # NaN would be True, and a count of successes one success
        raise ValueError(f"transition: satisfied is {satisfied.dtype}, need bool, one verdict a network")
    if N.ndim != 1 or N.shape != satisfied.shape:
        raise ValueError(f"transition: N has shape {N.shape}, satisfied {satisfied.shape}; need one of each a network")
    if not (np.isfinite(N).all() and (N > 0).all()):
        raise ValueError("transition: N must be positive and finite")
    if isinstance(resamples, bool) or not isinstance(resamples, int) or resamples < 1:
        raise ValueError(f"transition: resamples is {resamples!r}, need a whole number of at least 1")
    if satisfied.all() or not satisfied.any():
        what, remedy = ("all", "narrower") if len(N) and satisfied.all() else ("none", "wider")
        raise ValueError(
            f"transition: {what} of the {len(N)} networks are satisfied, N* is not bracketed; add {remedy} ones"
        )
    sizes, group = np.unique(N, return_inverse=True)
    nets = np.bincount(group).astype(float)
    successes = np.bincount(group, weights=satisfied)
    centre, scale = np.log(sizes).mean(), max(np.log(sizes).std(), 1e-12)
    x = (np.log(sizes) - centre) / scale
    intercept, slope = _firth(x, nets, successes[None])
    if len(sizes) < 2 or not slope[0] > FLAT:
        raise ValueError(
            f"transition: the satisfied fraction does not rise with N, {(successes / nets).round(2).tolist()} at "
            f"{sizes.astype(int).tolist()}; there is no N* to fit"
        )
    ln_N_star = centre - scale * intercept[0] / slope[0]
    if not np.log(sizes[0] / 10) <= ln_N_star <= np.log(sizes[-1] * 10):
        remedy = "narrower" if ln_N_star < centre else "wider"
        raise ValueError(
            f"transition: N* extrapolates to 10^{ln_N_star / np.log(10):.1f}, more than tenfold beyond the N tried, "
            f"{sizes[0]:g} to {sizes[-1]:g}: it is not bracketed; add {remedy} ones"
        )
    draws = np.random.default_rng(seed).binomial(
        nets.astype(int), _logistic(intercept + slope * x), (resamples, len(x))
    )
    intercepts, slopes = _firth(x, nets, draws.astype(float))
    # The fit itself goes first, then the replicates; where nothing rises there is neither N* nor width.
    slopes = np.where(slopes > FLAT, slopes, np.nan)
    intercepts, slopes = np.concatenate([intercept, intercepts]), np.concatenate([slope, slopes])
    N_star = np.exp(np.clip(centre - scale * intercepts / slopes, -700, 700))
    width = SPREAD * scale / slopes
    return Transition(
        N_star[0].item(),
        _interval(N_star[1:], low=0.0),
        width[0].item(),
        _interval(width[1:], low=0.0),
        N_star[1:],
        width[1:],
    )


def ratio(numerator: Transition, denominator: Transition) -> Estimate:
    """N* of one transition over N* of another, measured on networks that have nothing to do with each other's."""
    above, below = _shuffled([numerator.replicates, denominator.replicates])
    return Estimate(numerator.N_star / denominator.N_star, _interval(above / below, low=0.0))


def largest_ratio(transitions: Iterable[tuple[int, Transition]]) -> Estimate:
    """The largest N*/P, given pairs (P, transition): the c₀ that N* < c₀ P needs (1810.09665, sec. 2)."""
    pairs = list(transitions)
    if not pairs:
        raise ValueError("largest_ratio: got no transitions, need at least one")
    replicates = _shuffled([fit.replicates / P for P, fit in pairs])
    return Estimate(max(fit.N_star / P for P, fit in pairs), _interval(np.max(replicates, axis=0), low=0.0))


def spread(transitions: Iterable[Transition]) -> Estimate:
    """The largest N* over the smallest; 1 if all are alike, and above it by what chance makes of equal ones."""
    fits = list(transitions)
    if len(fits) < 2:
        raise ValueError(f"spread: got {len(fits)} transitions, need at least two to compare")
    values, replicates = np.array([fit.N_star for fit in fits]), _shuffled([fit.replicates for fit in fits])
    # A maximum leaves no NaN out: a replicate without N* is undefined, and counts as beyond both ends.
    return Estimate(values.max() / values.min(), _interval(replicates.max(0) / replicates.min(0), low=1.0))


def sharpening(transitions: Mapping[int, Transition]) -> Estimate:
    """The exponent b of w ~ P^b, w the width of the transition in ln N: a line through ln w against ln P.

    Negative, the transition is sharper for more patterns. Each replicate fits one replicate of every width.
    """
    if len(transitions) < 2:
        raise ValueError(f"sharpening: got transitions at {len(transitions)} values of P, need at least 2")
    ln_P = np.log(list(transitions))
    slope = (ln_P - ln_P.mean()) / np.square(ln_P - ln_P.mean()).sum()
    value = slope @ np.log([fit.width for fit in transitions.values()])
    widths = _shuffled([fit.width_replicates for fit in transitions.values()])
    return Estimate(value.item(), _interval(slope @ np.log(widths)))


def _shuffled(replicates: Sequence[np.ndarray]) -> np.ndarray:
    """Replicates of several transitions, each in an order of its own: bootstraps of one seed are not independent."""
    return np.stack([np.random.default_rng(i).permutation(part) for i, part in enumerate(replicates)])


def steepest_fall(
    N: Float[np.ndarray, "sizes"] | Int[np.ndarray, "sizes"],
    loss: Float[np.ndarray, "seeds sizes"],
    floor: float = 1e-12,
) -> float:
    """The steepest fall of the median loss from one N to the next, max −Δ ln 𝓛 / Δ ln N; below ``floor`` is zero loss.

    >>> steepest_fall(np.array([10, 20, 40]), np.array([[1.0, 0.5, 0.5 / 8]])).__round__(9)
    3.0
    """
    N, loss = np.asarray(N, dtype=float), np.asarray(loss, dtype=float)
    if len(N) < 2 or loss.shape[-1] != len(N) or not (np.diff(N) > 0).all():
        raise ValueError(f"steepest_fall: N is {N.tolist()}, loss {loss.shape}; need rising N and a loss for each")
    if not np.isfinite(loss).all():
        raise ValueError("steepest_fall: a loss is NaN or infinite; end those runs first")
    medians = np.median(np.log(np.maximum(loss, floor)), axis=0)
    return float(np.max(-np.diff(medians) / np.diff(np.log(N))))


def _interval(replicates: np.ndarray, level: float = 0.95, low: float = -np.inf) -> tuple[float, float]:
    """The central part of the replicates; one that is undefined counts as below it, at ``low``, and as above it."""
    undefined = np.isnan(replicates)
    below, above = np.where(undefined, low, replicates), np.where(undefined, np.inf, replicates)
    return (
        float(np.quantile(below, (1 - level) / 2, method="lower")),
        float(np.quantile(above, (1 + level) / 2, method="higher")),
    )


def _logistic(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))


def _firth(x: np.ndarray, nets: np.ndarray, successes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Intercepts and slopes of logistic regressions of many ``successes`` (replicates, sizes) on x, after Firth.

    The score of each size is k − n p + h (1/2 − p), with h the size's leverage; Newton's steps at fixed h, as if there
    were n + h networks, at most 2 long, until one is below 1e-10. (Without h in the step it is twice too long where
    h = n, and never ends.) Ten steps, as a rule; a replicate in a hundred thousand takes a thousand.
    """
    beta, moving = np.zeros((len(successes), 2)), np.arange(len(successes))
    design = np.stack([np.ones_like(x), x], axis=1)
    for _ in range(10_000):
        p = _logistic(beta[moving] @ design.T)
        weight = nets * p * (1 - p)
        leverage = weight * np.einsum("si,rij,sj->rs", design, _inverse(weight, design), design)
        score = (successes[moving] - nets * p + leverage * (0.5 - p)) @ design
        step = np.einsum("rij,rj->ri", _inverse((nets + leverage) * p * (1 - p), design), score)
        length = np.linalg.norm(step, axis=1)
        beta[moving] += step * np.minimum(1, 2 / np.maximum(length, 1e-300))[:, None]
        moving = moving[~(length < 1e-10)]  # NaN never ends
        if len(moving) == 0:
            return beta[:, 0], beta[:, 1]
    raise ArithmeticError(f"transition: {len(moving)} of {len(successes)} fits have not converged in 10,000 steps")


def _inverse(weight: np.ndarray, design: np.ndarray) -> np.ndarray:
    """(Xᵀ W X)⁻¹ of each replicate, with a ridge of rounding's size for designs of a single size."""
    return np.linalg.inv(np.einsum("rs,si,sj->rij", weight, design, design) + 1e-12 * np.eye(2))
