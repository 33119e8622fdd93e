"""A threshold: the size from which trials succeed, and how sharp the transition is."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from landscape_lib.statistics._intervals import order_interval


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
STEEP = 6.0  # the second slope to begin a fit with, in the same units
MOST = 10_000  # steps of a fit


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
        order_interval(N_star[1:], low=0.0),
        width[0].item(),
        order_interval(width[1:], low=0.0),
        N_star[1:],
        width[1:],
    )


def counted_transition(
    N: ArrayLike, satisfied: ArrayLike, networks: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> Transition:
    """The `transition` of counts: at each N, so many of the ``networks`` were ``satisfied``.

    >>> fit = counted_transition([50, 100, 200, 400], [0, 0, 10, 10], [10, 10, 10, 10])
    >>> 100 < fit.N_star < 200
    True
    """
    N, satisfied, networks = (np.asarray(values) for values in (N, satisfied, networks))
    if not N.shape == satisfied.shape == networks.shape or not ((satisfied >= 0) & (satisfied <= networks)).all():
        raise ValueError(
            f"transition: {satisfied.tolist()} of {networks.tolist()} networks are satisfied at {N.tolist()}; need a "
            "count of each at every N, and no more satisfied ones than there are"
        )
    verdicts = [np.arange(number) < count for count, number in zip(satisfied, networks, strict=True)]
    return transition(np.repeat(N, networks), np.concatenate(verdicts), resamples=resamples, seed=seed)


def _logistic(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))


def _firth(x: np.ndarray, nets: np.ndarray, successes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Intercepts and slopes of logistic regressions of many ``successes`` (replicates, sizes) on x, after Firth.

    What is maximised, ln p + ½ ln det I, may have two maxima where few sizes are met and none is between them: Newton's
    method begins flat and steep, and the higher end counts.
    """
    flat, steep = (_newton(x, nets, successes, np.tile([0.0, slope], (len(successes), 1))) for slope in (0.0, STEEP))
    if unfinished := int(np.isnan(flat).any(1).sum()):
        raise ArithmeticError(f"transition: {unfinished} of {len(successes)} fits have not converged in {MOST} steps")
    higher = _penalised(x, nets, successes, steep) > _penalised(x, nets, successes, flat) + 1e-9  # never for NaN
    beta = np.where(higher[:, None], steep, flat)
    return beta[:, 0], beta[:, 1]


def _newton(x: np.ndarray, nets: np.ndarray, successes: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """From ``beta``, intercepts and slopes (replicates, 2), to where the score is zero; NaN if it does not get there.

    The score of each size is k − n p + h (1/2 − p), with h the size's leverage; Newton's steps at fixed h, as if there
    were n + h networks, at most 2 long, until one is below 1e-10. (Without h in the step it is twice too long where
    h = n, and never ends.) Ten steps, as a rule; a replicate in a hundred thousand takes a thousand.
    """
    moving = np.arange(len(successes))
    design = np.stack([np.ones_like(x), x], axis=1)
    for _ in range(MOST):
        p = _logistic(beta[moving] @ design.T)
        weight = nets * p * (1 - p)
        leverage = weight * np.einsum("si,rij,sj->rs", design, _inverse(weight, design), design)
        score = (successes[moving] - nets * p + leverage * (0.5 - p)) @ design
        step = np.einsum("rij,rj->ri", _inverse((nets + leverage) * p * (1 - p), design), score)
        length = np.linalg.norm(step, axis=1)
        beta[moving] += step * np.minimum(1, 2 / np.maximum(length, 1e-300))[:, None]
        moving = moving[~(length < 1e-10)]  # NaN never ends
        if len(moving) == 0:
            break
    beta[moving] = np.nan
    return beta


def _penalised(x: np.ndarray, nets: np.ndarray, successes: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """ln p(outcome) + ½ ln det I of each replicate."""
    z = beta @ np.stack([np.ones_like(x), x])
    below, above = np.logaddexp(0, -z), np.logaddexp(0, z)
    weight = nets * np.exp(-below - above)
    determinant = weight.sum(1) * (weight * x * x).sum(1) - (weight * x).sum(1) ** 2
    return 0.5 * np.log(np.maximum(determinant, 1e-300)) - (successes * below + (nets - successes) * above).sum(1)


def _inverse(weight: np.ndarray, design: np.ndarray) -> np.ndarray:
    """(Xᵀ W X)⁻¹ of each replicate, with a ridge of rounding's size for designs of a single size."""
    return np.linalg.inv(np.einsum("rs,si,sj->rij", weight, design, design) + 1e-12 * np.eye(2))
