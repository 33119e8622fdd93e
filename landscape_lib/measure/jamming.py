"""The jamming transition: gaps, unsatisfied patterns, and the number of parameters at which they vanish.

Notation of 1809.09349: N effective parameters, P patterns, Δ_μ = κ − y_μ f(x_μ) the gap of pattern μ, N_Δ the number of
patterns with Δ_μ > 0, N* the N at which a network can just satisfy all of them.
"""

from collections.abc import Hashable, Iterable, Mapping

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape_lib.nets import Population
from landscape_lib.statistics import Estimate, Transition, bootstrap, order_interval, shuffled, transition


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


def silenced(population: Population, inputs: Float[Tensor, "nets points features"]) -> Bool[Tensor, "nets points"]:
    """For which patterns some hidden layer of a standard ReLU MLP has all of its units off: f is then a constant there.

    No gradient reaches the weights below such a layer from such a pattern.
    """
    views, off = population.views(), torch.zeros(inputs.shape[:2], dtype=torch.bool, device=inputs.device)
    x = inputs.mT
    for layer in range(len(views) // 2 - 1):
        x = torch.baddbmm(views[f"layers.{layer}.bias"][..., None], views[f"layers.{layer}.weight"], x).relu()
        off |= (x == 0).all(1)
    return off


def jammed(table: pd.DataFrame) -> pd.Series:
    """Which networks can be used to find a transition: those at zero loss, and those that no silenced layer holds up.

    A network that fails with half of its loss or more on patterns for which a whole layer is off (`silenced`) is stuck
    for want of a gradient, not of weights. ``table`` has a row a network, ``satisfied`` and ``silenced_loss``, a share.

    >>> jammed(pd.DataFrame({"satisfied": [True, False, False], "silenced_loss": [0.0, 0.2, 1.0]})).tolist()
    [True, True, False]
    """
    return table.satisfied | (table.silenced_loss < 0.5)


def failing(
    table: pd.DataFrame, transitions: Mapping[Hashable, Transition], by: str | list[str] = "P", size: str = "N"
) -> pd.DataFrame:
    """The networks that are not satisfied, and where each stands in its own transition.

    ``table`` has a row a network, with ``N``, ``unsatisfied`` and ``satisfied``; the columns ``by`` are the key of its
    transition, and ``size`` is the column that was fitted. Three columns come along: ``share``, N_Δ/N; ``scale``, N/N*;
    and ``inside``, whether N lies within the transition, from where one in ten networks is satisfied to nine in ten.
    """
    missed = table[~table.satisfied]
    keys = list(missed[by] if isinstance(by, str) else missed[by].itertuples(index=False, name=None))
    if unknown := sorted({str(key) for key in keys if key not in transitions}):
        raise ValueError(f"failing: no transition for {by} of {', '.join(unknown)}; there is {list(transitions)}")
    star = np.array([transitions[key].N_star for key in keys])
    begin, end = np.array([transitions[key].window() for key in keys]).reshape(-1, 2).T
    return missed.assign(
        share=missed.unsatisfied / missed.N, scale=missed[size] / star, inside=missed[size].between(begin, end)
    )


def median_share(networks: pd.DataFrame, *, seed: int = 0) -> Estimate:
    """The median of N_Δ/N over the networks that fail within the transition (1809.09349, fig. 3).

    ``networks`` is what `failing` gives. The error is a bootstrap over their seeds, since those of one seed
    learn the same patterns.

    >>> table = pd.DataFrame({"seed": [0, 0, 1], "share": [0.1, 0.3, 0.2], "inside": True})
    >>> median_share(table).value
    0.2
    """
    shares = {name: group.share.to_numpy() for name, group in networks[networks.inside].groupby("seed")}
    if len(shares) < 2:
        raise ValueError(
            f"median_share: networks of {len(shares)} seeds fail within the transition, need at least two seeds"
        )

    def median(seeds: np.ndarray) -> float:
        return float(np.median(np.concatenate([shares[name] for name in seeds])))

    return bootstrap(np.array(sorted(shares)), median, seed=seed)


def share_past_transition(
    table: pd.DataFrame, by: str | list[str] = "P", *, most: float = 2.0, seed: int = 0
) -> Estimate:
    """The share of networks at zero loss among those with N from N_90 to ``most`` N_90 (1810.09665, sec. 3).

    N_90, the upper end of the transition, where nine in ten networks fit. For those of one half of the seeds (every
    other one) it is fitted to the other half, for each key ``by``, so that no network has a say in where its own N_90
    is; those that a silenced layer holds up have none (`jammed`), but they count as failures here. Where N_90 lies
    beyond the largest network, that size counts, so that a transition that does not end within the sizes is not left
    out. The error is a bootstrap over seeds, since networks of one seed learn the same patterns; how well N_90 is known
    is not in it.
    """
    past = []
    for key, group in table.groupby(by):
        order = group.seed.rank(method="dense").astype(int) % 2
        for half in (0, 1):
            others = group[jammed(group) & (order != half)]
            try:
                _, end = transition(others.N.to_numpy(), others.satisfied.to_numpy(), resamples=1).window()
            except ValueError as error:
                raise ValueError(f"share_past_transition: {by} of {key}: {error}") from error
            past.append(group[(order == half) & group.N.between(min(end, group.N.max()), most * end)])
    chosen = pd.concat(past)
    seeds = {name: group.satisfied.to_numpy() for name, group in chosen.groupby("seed")}
    if len(seeds) < 2:
        raise ValueError(f"share_past_transition: networks of {len(seeds)} seeds, need at least two")

    def share(names: np.ndarray) -> float:
        return float(np.concatenate([seeds[name] for name in names]).mean())

    return bootstrap(np.array(sorted(seeds)), share, seed=seed)


def shift_of_zero(
    N: Float[np.ndarray, "nets"] | Int[np.ndarray, "nets"],
    loss: Float[np.ndarray, "nets"],
    zeros: tuple[float, float] = (1e-4, 1e-5),
    *,
    seed: int = 0,
) -> Estimate:
    """How far the transition moves when what counts as zero is lowered: N* for the second of ``zeros`` over the first.

    N* is where half of the networks have a loss below that. A loss that reaches zero passes both at one N, and gives 1;
    one that only approaches it passes the lower one later. Both transitions are of the same networks, and their
    replicates are drawn apart, so that the interval is wider than it need be.
    """
    losses = np.asarray(loss, dtype=float)
    if not np.isfinite(losses).all():
        raise ValueError("shift_of_zero: a loss is NaN or infinite; end those runs first")
    first, second = (transition(np.asarray(N), losses < zero, seed=seed) for zero in zeros)
    return ratio(second, first)


def ratio(numerator: Transition, denominator: Transition) -> Estimate:
    """N* of one transition over N* of another, measured on networks that have nothing to do with each other's."""
    above, below = shuffled([numerator.replicates, denominator.replicates])
    return Estimate(numerator.N_star / denominator.N_star, order_interval(above / below, low=0.0))


def largest_ratio(transitions: Iterable[tuple[int, Transition]]) -> Estimate:
    """The largest N*/P, given pairs (P, transition): the c₀ that N* < c₀ P needs (1810.09665, sec. 2)."""
    pairs = list(transitions)
    if not pairs:
        raise ValueError("largest_ratio: got no transitions, need at least one")
    replicates = shuffled([fit.replicates / P for P, fit in pairs])
    return Estimate(max(fit.N_star / P for P, fit in pairs), order_interval(np.max(replicates, axis=0), low=0.0))


def spread(transitions: Iterable[Transition]) -> Estimate:
    """The largest N* over the smallest; 1 if all are alike, and above it by what chance makes of equal ones."""
    fits = list(transitions)
    if len(fits) < 2:
        raise ValueError(f"spread: got {len(fits)} transitions, need at least two to compare")
    values, replicates = np.array([fit.N_star for fit in fits]), shuffled([fit.replicates for fit in fits])
    # A maximum leaves no NaN out: a replicate without N* is undefined, and counts as beyond both ends.
    return Estimate(values.max() / values.min(), order_interval(replicates.max(0) / replicates.min(0), low=1.0))


def sharpening(transitions: Mapping[int, Transition]) -> Estimate:
    """The exponent b of w ~ P^b, w the width of the transition in ln N: a line through ln w against ln P.

    Negative, the transition is sharper for more patterns. Each replicate fits one replicate of every width.
    """
    if len(transitions) < 2:
        raise ValueError(f"sharpening: got transitions at {len(transitions)} values of P, need at least 2")
    ln_P = np.log(list(transitions))
    slope = (ln_P - ln_P.mean()) / np.square(ln_P - ln_P.mean()).sum()
    value = slope @ np.log([fit.width for fit in transitions.values()])
    widths = shuffled([fit.width_replicates for fit in transitions.values()])
    return Estimate(value.item(), order_interval(slope @ np.log(widths)))
