"""How many gaps lie close to zero at the transition: the exponents θ of the overlaps and γ of the gaps.

A positive gap Δ is an *overlap*: its pattern is unsatisfied. Jammed packings have power laws on both sides of zero, the
density of overlaps P₊(Δ) ~ Δ^θ and that of negative gaps P₋(Δ) ~ |Δ|^(−γ), and so have networks (1809.09349, fig. 5).
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from torch import Tensor

from landscape_lib.statistics import Estimate, bootstrap

Counts = Int[np.ndarray, "*nets bins"] | Float[np.ndarray, "*nets bins"]

EDGES = np.logspace(-4, 1, 41)  # of |Δ| over the mean overlap: eight bins a decade
WINDOW = (0.01, 0.3)  # of the claims' fits, in units of the mean overlap: small, and still with gaps in every bin
RESAMPLES = 500  # each is a fit
STEEPEST = 20.0  # an exponent beyond this is refused: the counts do not look like a power law


def gap_counts(gaps: Float[Tensor, "nets points"]) -> tuple[Int[np.ndarray, "nets bins"], Int[np.ndarray, "nets bins"]]:
    """How many overlaps, Δ > 0, and how many negative gaps of each network lie in each of the bins `EDGES`.

    Both are measured in units of the network's own mean overlap ⟨Δ⟩₊: descents end at different losses, and it is what
    sets the scale at the transition. A network without overlaps has no scale, and counts nothing.

    >>> import torch
    >>> overlaps, negative = gap_counts(torch.tensor([[0.2, 0.4, -0.03, -2.0]]))
    >>> [(int(bin), round(float(EDGES[bin]), 2)) for bin in overlaps[0].nonzero()[0]]      # 2/3 and 4/3 of the mean
    [(30, 0.56), (32, 1.0)]
    >>> int(negative.sum())
    2
    """
    if gaps.ndim != 2:
        raise ValueError(f"gaps: got shape {tuple(gaps.shape)}, need (nets, points); for one network pass gaps[None]")
    values = gaps.detach().double().cpu().numpy()
    if not np.isfinite(values).all():
        broken = np.flatnonzero(~np.isfinite(values).all(1)).tolist()
        raise ValueError(f"gaps: NaN or infinite in networks {broken}; end those runs first")
    positive = values.clip(min=0)
    mean = positive.sum(1) / np.maximum((values > 0).sum(1), 1)
    scaled = np.divide(values, mean[:, None], out=np.zeros_like(values), where=mean[:, None] > 0)
    return _histogram(scaled), _histogram(-scaled)


def _histogram(values: np.ndarray) -> np.ndarray:
    """Counts of every row in `EDGES`, all rows at once; what lies outside goes into a bin at either end and is cut."""
    bins = len(EDGES) + 1
    where = np.searchsorted(EDGES, values, side="right") + bins * np.arange(len(values))[:, None]
    return np.bincount(where.ravel(), minlength=bins * len(values)).reshape(len(values), bins)[:, 1:-1]


def density(counts: Counts) -> Float[np.ndarray, "bins"]:
    """Counts pooled over the networks, as a density per unit of Δ/⟨Δ⟩₊ that integrates to 1 over `EDGES`."""
    pooled = _pooled(counts)
    return pooled / (max(pooled.sum(), 1) * np.diff(EDGES))


def window(low: float, high: float) -> slice:
    """The bins from ``low`` to ``high``, each rounded to the nearest of the `EDGES`.

    >>> bins = window(0.01, 0.3)
    >>> [round(float(edge), 3) for edge in EDGES[bins][[0, -1]]]      # where its first and its last bin begin
    [0.01, 0.237]
    """
    if not 0 < low < high:
        raise ValueError(f"exponent: window from {low} to {high}, need 0 < low < high")
    first, last = (int(np.abs(np.log(EDGES / x)).argmin()) for x in (low, high))
    return slice(first, last)


def exponent(counts: Counts, low: float, high: float) -> float:
    """The exponent a of a density x^a, from counts pooled over the networks, for x between ``low`` and ``high``.

    Maximum likelihood of the binned and truncated power law: each of the gaps that lie in the window falls into bin i
    with probability ∝ ∫_i x^a dx. No line through a log-log plot, which weighs empty bins like full ones (Clauset et
    al., SIAM Review 51, 661, 2009). θ is a for the overlaps; γ is −a for the negative gaps.

    The `window` from ``low`` to ``high`` is rounded to the nearest edges. The error is a bootstrap over networks, since
    the gaps of one network are not independent: `theta` and `gamma` come with it.

    >>> widths = np.diff(EDGES)
    >>> round(abs(exponent(1e6 * widths, 0.01, 0.3)), 6)     # as many in every unit: flat
    0.0
    """
    bins = window(low, high)
    edges, inside = EDGES[bins.start : bins.stop + 1], _pooled(counts)[bins]
    if np.count_nonzero(inside) < 2:
        raise ValueError(
            f"exponent: {int(inside.sum())} gaps in {np.count_nonzero(inside)} bins between {edges[0]:.3g} and "
            f"{edges[-1]:.3g}; need some in at least two bins: widen the window, or pool more networks"
        )
    fit = minimize_scalar(_cost(inside, edges), bounds=(-STEEPEST, STEEPEST), method="bounded")
    if abs(fit.x) > 0.99 * STEEPEST:
        raise ValueError(f"exponent: beyond ±{STEEPEST:g} between {low} and {high}; this is no power law")
    return float(fit.x)


def theta(
    overlaps: Int[np.ndarray, "nets bins"], low: float = WINDOW[0], high: float = WINDOW[1], *, seed: int = 0
) -> Estimate:
    """θ of the density of overlaps, P₊(Δ) ~ Δ^θ (1809.09349, fig. 5): their `exponent`.

    Networks are resampled, since the gaps of one network are not independent.

    >>> flat = np.tile(np.rint(1e6 * np.diff(EDGES)).astype(int), (2, 1))
    >>> abs(theta(flat).value) < 1e-3
    True
    """
    return bootstrap(overlaps, lambda counts: exponent(counts, low, high), resamples=RESAMPLES, seed=seed)


def gamma(
    negative_gaps: Int[np.ndarray, "nets bins"], low: float = WINDOW[0], high: float = WINDOW[1], *, seed: int = 0
) -> Estimate:
    """γ of the density of negative gaps, P₋(Δ) ~ |Δ|^(−γ) (1809.09349, fig. 5): minus their `exponent`.

    Networks are resampled.

    >>> steep = np.tile(np.rint(1e6 * np.diff(np.sqrt(EDGES))).astype(int), (2, 1))
    >>> round(gamma(steep).value, 2)
    0.5
    """
    return bootstrap(negative_gaps, lambda counts: -exponent(counts, low, high), resamples=RESAMPLES, seed=seed)


def _cost(inside: np.ndarray, edges: np.ndarray) -> Callable[[float], float]:
    """Minus the log-likelihood of an exponent, per gap."""
    x, share = np.log(edges), inside / inside.sum()

    def cost(a: float) -> float:
        k = a + 1
        # ln ∫ x^a dx over a bin = k x₂ + ln((1 − e^{−k (x₂ − x₁)})/k), whose limit at k = 0 is ln(x₂ − x₁)
        step = np.diff(x)
        log_mass = k * x[1:] + np.log(-np.expm1(-k * step) / k if abs(k) > 1e-9 else step)
        return float(logsumexp(log_mass) - share @ log_mass)

    return cost


def _pooled(counts: Counts) -> np.ndarray:
    counts = np.asarray(counts)
    bins = len(EDGES) - 1
    if counts.ndim not in (1, 2) or counts.shape[-1] != bins:
        raise ValueError(f"counts: got shape {counts.shape}, need ({bins},) or (nets, {bins}), as gap_counts makes")
    if not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise ValueError("counts: some are negative, NaN or infinite; need numbers of gaps")
    return counts.reshape(-1, bins).sum(0)
