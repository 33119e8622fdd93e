"""The figures of the jamming chapter: its tables and transitions as pictures, and the one at the chapter's head.

Each function returns a finished figure. Tables are those of `landscape_lib.experiments.jamming`, a row a network, and
what `failing` makes of them; ``fits`` are transitions by P. Networks that a silenced layer holds up are grey crosses.
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure

from landscape_lib.figures._styles import BLUE, FAINT, GREEN, GREY, INK, ORANGE, PINK, SKY, above, shades, ticks
from landscape_lib.figures._transitions import (
    FLOOR,
    MISSED,
    SHARE,
    VIEWS,
    Fits,
    by_size,
    draw_crosses,
    draw_share,
    draw_stars,
    viewed,
)
from landscape_lib.measure.jamming import jammed
from landscape_lib.training import History

N_TICKS = (25, 50, 100, 200, 400)


def descents(histories: Mapping[int, History], gaps: Mapping[int, Float[np.ndarray, "points"]], zero: float) -> Figure:
    """Networks of several N on the same patterns. Left: loss in time; right: histograms of the gaps at the end.

    ``zero`` is the largest gap of a satisfied pattern: what is left over at zero loss is not beyond zero.
    """
    figure, (left, right) = plt.subplots(1, 2)
    for i, ((N, history), colour) in enumerate(zip(histories.items(), (ORANGE, BLUE, GREEN, PINK), strict=False)):
        left.loglog(history.steps + 1, history.loss[:, 0].clamp(min=FLOOR), color=colour, label=f"N = {N}")
        filled = "step" if i else "stepfilled"
        right.hist(gaps[N], bins=_bins(zero), histtype=filled, color=colour, alpha=0.8, lw=1.6)
    left.axhline(1e-12, color=GREY, ls=":", lw=1)
    left.set(xlabel="step", ylabel="loss", title="Descent")
    left.legend()
    right.axvline(0, color=GREY, lw=1)
    right.set(xlabel="gap Δ", ylabel="patterns", title="Gaps at the end")
    return figure


def descent(history: History, gaps: Float[np.ndarray, "nets points"], net: int, N: int, zero: float) -> Figure:
    """One network of many on the same patterns. Left: its loss in time, the others' in grey; right: its gaps.

    Gaps beyond ``zero``, the largest of a satisfied pattern, are orange.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.3), dpi=100)
    for i in range(history.loss.shape[1]):
        colour, width = (BLUE, 2) if i == net else (FAINT, 1)
        left.loglog(
            history.steps + 1, history.loss[:, i].clamp(min=FLOOR), color=colour, lw=width, zorder=2 + (i == net)
        )
    left.axhline(1e-12, color=GREY, ls=":", lw=1)
    left.set(xlabel="step", ylabel="loss", ylim=(3e-14, 3), title=f"N = {N}")
    bins = _bins(zero)
    right.hist(gaps[net], bins=bins[:31], color=BLUE)
    right.hist(gaps[net], bins=bins[30:], color=ORANGE)
    right.axvline(0, color=GREY, lw=1)
    unsatisfied = int((gaps[net] > zero).sum())
    right.set(xlabel="gap Δ", ylabel="patterns", xlim=(-3, 2), ylim=(0, 330), title=f"{unsatisfied} unsatisfied")
    return figure


def transition(table: pd.DataFrame, fits: Fits) -> Figure:
    """Against N, at each P. Left: the share of networks that fit, and the fitted curves; right: the loss of each.

    The share and the medians leave out those that a silenced layer holds up.
    """
    figure, (left, right) = plt.subplots(1, 2)
    colours = shades(fits)
    draw_crosses(right, held := table[~jammed(table)], held.loss)
    for P, rows in table[jammed(table)].groupby("P"):
        draw_share(left, rows, fits[P], colours[P])
        jitter = np.exp(np.random.default_rng(0).uniform(-0.03, 0.03, len(rows)))
        right.loglog(rows.N * jitter, rows.loss.clip(lower=FLOOR), "o", ms=3, color=colours[P], alpha=0.7)
        medians = by_size(rows, "final loss")
        right.plot(medians.index, medians, color=colours[P])
    left.axhline(0.5, color=GREY, ls=":", lw=1)
    left.set(xscale="log", xlabel="weights N", ylabel=SHARE, title="Who fits")
    left.legend(loc="lower right")
    right.set(xlabel="weights N", ylabel="final loss", title="How well (a dot a network)")
    for axis in (left, right):
        ticks(axis, N_TICKS)
    return figure


def transition_at(P: int, table: pd.DataFrame, fits: Fits, view: str) -> Figure:
    """The transition at one P in one of the `VIEWS`, the other P in grey; the band is the interval of N*."""
    figure, axis = plt.subplots(figsize=(6.4, 3.6), dpi=100)
    colour = shades(fits)[P]
    table = table[jammed(table)]
    lines = {p: by_size(rows, view) for p, rows in table.groupby("P")}
    for p, line in lines.items():
        axis.plot(line.index, line, color=colour if p == P else FAINT, lw=1 + (p == P), zorder=2 + (p == P))
    here = table[table.P == P]
    dots = lines[P] if VIEWS[view] == "mean" else viewed(here, view)
    axis.plot(here.N if VIEWS[view] == "median" else dots.index, dots, "o", color=colour, alpha=0.6, zorder=4)
    axis.axvspan(*fits[P].interval, color=SKY, alpha=0.3, lw=0)
    above(axis, fits[P].N_star, "N*")
    scale, limits = ("linear", (-0.05, 1.05)) if view == "share that fits" else ("log", (3e-14, 3))
    axis.set(xscale="log", yscale=scale, xlabel="weights N", ylabel=view, xlim=(22, 420), ylim=limits)
    ticks(axis, N_TICKS)
    return figure


def jump(table: pd.DataFrame, failing: pd.DataFrame, fits: Fits) -> Figure:
    """N_Δ/N. Left: against N/N*, failing networks as dots, satisfied ones as ticks at zero; right: a histogram of those
    that fail within the transition, and their median as a line.
    """
    figure, (left, right) = plt.subplots(1, 2, width_ratios=(3, 2))
    colours = shades(fits)
    draw_crosses(left, held := failing[~jammed(failing)], held.share, held.scale)
    failing = failing[jammed(failing)]
    for P, rows in failing.groupby("P"):
        left.plot(rows.scale, rows.share, "o", ms=4, color=colours[P], label=f"P = {P}", alpha=0.8)
    satisfied = table[table.satisfied]
    scale = satisfied.N / satisfied.P.map({P: fit.N_star for P, fit in fits.items()})
    left.plot(scale, np.zeros(len(scale)), "|", color=GREY, ms=8, label="satisfied")
    left.axvline(1, color=GREY, ls=":", lw=1)
    left.set(xscale="log", xlabel="$N / N^*$", ylabel=MISSED, title="Every network", ylim=(-0.1, 3))
    ticks(left, [0.5, 1, 2, 4])
    left.legend(loc="upper right")
    inside = failing[failing.inside].share
    right.hist(inside, bins=np.linspace(0, 3, 31), color=BLUE)
    if len(inside):
        right.axvline(inside.median(), color=ORANGE)
    right.set(xlabel=MISSED, ylabel="failing networks", title="Within the transition")
    return figure


def curvature(
    outputs: Float[np.ndarray, "parameters"],
    whole: Float[np.ndarray, "parameters"],
    steps: Float[np.ndarray, "steps"],
    change: Float[np.ndarray, "steps"],
) -> Figure:
    """What holds a network that fails. Left: the eigenvalues of 𝓗_p, and of 𝓗, from the lowest on; right: how the loss
    changes along the lowest of 𝓗, over the size of the step, and what that eigenvalue alone would give.
    """
    figure, (left, right) = plt.subplots(1, 2)
    rank = np.arange(1, len(outputs) + 1)
    left.plot(rank, whole, "s", ms=3, mfc="none", color=ORANGE, label=r"$\mathcal{H}$")
    left.plot(rank, outputs, "o", ms=3, color=BLUE, label=r"$\mathcal{H}_p$")
    left.axhline(0, color=GREY, lw=1)
    left.set_yscale("symlog", linthresh=1e-4)
    left.set(xlabel="rank", ylabel="eigenvalue", title="As many down as up")
    left.set_yticks([-1, -1e-2, 0, 1e-2, 1, 100])
    left.legend(loc="upper left")
    right.loglog(steps, np.clip(change, FLOOR, None), "o-", ms=4, color=INK, label="measured")
    right.loglog(steps, -0.5 * whole.min() * steps**2, "--", color=ORANGE, label="parabola, mirrored")
    right.set(xlabel="step along the lowest direction", ylabel="rise of the loss", title="Held by a kink")
    right.legend(loc="upper left")
    return figure


def plane(real: Fits, random: Fits) -> Figure:
    """N* against P for real and random labels, with their intervals, below the grey of N > 2P."""
    figure, axis = plt.subplots(figsize=(5.4, 3.8))
    P = np.geomspace(90, 1400, 50)
    axis.fill_between(P, 2 * P, 6000, color="#EEEEEE", zorder=0)
    axis.text(100, 2400, "N > 2P: too few patterns to be stuck", color=INK)
    draw_stars(axis, real, "o", BLUE, "real labels")
    draw_stars(axis, random, "s", ORANGE, "random labels")
    axis.plot(P, P, color=GREY, ls=":", lw=1)
    axis.text(900, 1000, "N = P", color=INK, rotation=30, ha="right")
    axis.set(xscale="log", yscale="log", xlabel="patterns P", ylabel="N*", xlim=(90, 1400), ylim=(20, 5000))
    ticks(axis, [125, 250, 500, 1000])
    axis.legend(loc="lower right")
    return figure


def loss_range(hinge: pd.DataFrame, cross_entropy: pd.DataFrame) -> Figure:
    """Left: the two losses of one pattern; right: what networks trained with either have left, against N."""
    figure, (left, right) = plt.subplots(1, 2)
    margin = np.linspace(-2, 4, 300)
    left.plot(margin, 0.5 * np.maximum(0, 1 - margin) ** 2, color=BLUE, label="quadratic hinge")
    left.plot(margin, np.log1p(np.exp(-margin)), color=ORANGE, ls="--", label="cross-entropy")
    left.set(xlabel="y f", ylabel="loss of one pattern", title="The two losses", ylim=(0, 3))
    left.legend()
    for rows, colour, mark, line in ((hinge, BLUE, "o", "-"), (cross_entropy, ORANGE, "s", "--")):
        medians = by_size(rows, "final loss")
        right.loglog(rows.N, rows.loss.clip(lower=FLOOR), mark, ms=3, color=colour, alpha=0.5)
        right.plot(medians.index, medians, color=colour, ls=line)
    right.set(xlabel="weights N", ylabel="loss after the same steps", title="P = 250")
    ticks(right, N_TICKS[1:4])
    return figure


def hero(table: pd.DataFrame) -> Figure:
    """Left the loss of every network against N, right what it leaves unsatisfied: real labels, each P.

    Networks at zero lie in lanes, one a P: where each begins is the transition.
    """
    rows = table[(table.finish == "rest") & (table.labels == "parity")]
    colours, generator = shades(rows.P.unique().tolist()), np.random.default_rng(0)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.2), width_ratios=(3, 2))
    left.axhspan(1e-16, 3e-12, color="#EAF2F8", lw=0)
    for lane, (P, group) in enumerate(rows.groupby("P")):
        N = group.N * np.exp(generator.uniform(-0.04, 0.04, len(group)))
        zero = 10.0 ** (-12.2 - lane)
        loss = np.where(group.satisfied, zero * 10 ** generator.uniform(-0.25, 0.25, len(group)), group.loss)
        left.loglog(N, loss, "o", ms=5, mew=0, alpha=0.75, color=colours[P])
        left.annotate(f"P = {P}", (340, zero), color=colours[P] if lane > 1 else INK, va="center", size=10)
        right.semilogx(N, group.unsatisfied / group.N, "o", ms=5, mew=0, alpha=0.75, color=colours[P])
    left.set(xlabel="weights N", ylabel="loss at rest", ylim=(2e-16, 1), xlim=(22, 620))
    left.set_title(f"{len(rows)} networks, each a dot")
    left.set_yticks([10**-13.7, 1e-8, 1e-4, 1], ["zero", "$10^{-8}$", "$10^{-4}$", "1"])
    right.set(xlabel="weights N", ylabel=r"unsatisfied patterns, $N_\Delta / N$")
    right.set_title("What the failing ones miss")
    for axis in (left, right):
        ticks(axis, N_TICKS)
    return figure


def _bins(zero: float) -> Float[np.ndarray, "edges"]:
    """Of gaps from −3 to 2, an edge at ``zero``: the last thirty-first begins there."""
    return np.linspace(-3, 2, 51) + zero
