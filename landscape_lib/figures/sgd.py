"""The figures of chapter 7: the noise of SGD, its size, its tails, and what it does."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure

from landscape_lib.figures._styles import BLUE, FAINT, GREEN, GREY, INK, ORANGE, PALE, against, shades, ticks

SAMPLINGS = {
    "langevin": ("Langevin", GREEN, "D"),
    "replacement": ("SGD", BLUE, "o"),
    "epochs": ("SGD, in epochs", ORANGE, "s"),
}


def critical(best: pd.DataFrame, noises: pd.DataFrame, critical_batch: float, to: float) -> Figure:
    """Left: steps to a loss, ``taken``, against the batch, each at its best step size; dashed, S_min (1 + B_crit/B).

    Right: the noise scale against the loss on the way down to the one that was asked for, and B_crit.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.8, 3.6))
    B = np.array(sorted(best.batch.unique()), dtype=float)
    means = best.groupby("batch").taken.mean().to_numpy(float)
    least = np.exp(np.mean(np.log(means) - np.log1p(critical_batch / B)))
    fine = np.geomspace(B.min(), B.max(), 100)
    left.plot(fine, least * (1 + critical_batch / fine), "--", color=GREY)
    against(left, best, "batch", "taken", fmt="o", color=BLUE)
    left.axvline(critical_batch, color=ORANGE, lw=1, ls="--")
    left.set(xscale="log", yscale="log", xlabel="batch B", ylabel=f"steps to a loss of {to:g}")
    ticks(left, [int(batch) for batch in B[::2]])
    ticks(left, [10, 30, 100, 300], "y")
    for _, own in noises.groupby("seed"):
        way = own.sort_values("step")
        right.plot(way.loss, way.scale, "o-", color=BLUE, lw=1, ms=4, alpha=0.6)
    right.axhline(critical_batch, color=ORANGE, lw=1, ls="--")
    right.axvspan(to, noises.loss.max() * 1.1, color=FAINT, alpha=0.3, lw=0)
    right.set(xscale="log", yscale="log", xlabel="training loss", ylabel="noise scale")
    right.invert_xaxis()
    return figure


def tails(rows: pd.DataFrame) -> Figure:
    """The tail index against steps, means over networks: across the coordinates of one batch, and through batches."""
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(7.8, 3.6))
    lines = (("", "noise", BLUE, "o-"), ("_control", "Gaussian, same widths", GREY, "--"))
    for axis, name, title in zip(axes, ("across", "through"), ("across coordinates", "through batches"), strict=True):
        for ending, label, colour, mark in lines:
            against(axis, rows, "step", name + ending, fmt=mark, color=colour, label=label)
        axis.set(title=title, xlabel="steps of SGD", ylim=(1, 2.1))
        axis.set_xscale("symlog", linthresh=10)
        ticks(axis, [step for step in sorted(rows.step.unique().tolist()) if step in (0, 10, 100, 1000, 10_000)])
    against(axes[0], rows, "step", "across_full", fmt=":", color=GREEN, label="Gaussian, full covariance")
    axes[0].legend(loc="lower left")
    against(axes[1], rows, "step", "through_t", fmt=":", color=ORANGE, label="Student's t, 3")
    axes[0].set(ylabel="tail index")
    axes[1].legend(loc="lower left")
    return figure


def stationary(rows: pd.DataFrame) -> Figure:
    """The variance along each eigenvector against its curvature, a mark a direction; lines are fits to closed forms."""
    figure, axis = plt.subplots(figsize=(5.4, 3.8))
    for sampling, (name, colour, mark) in SAMPLINGS.items():
        own = rows[rows.sampling == sampling]
        axis.plot(own.curvature, own.variance, mark, color=colour, ms=4, alpha=0.6, label=name)
        law = np.polyfit(np.log(own.curvature), np.log(own.predicted), 1)
        ends = np.array([own.curvature.min(), own.curvature.max()])
        axis.plot(ends, np.exp(np.polyval(law, np.log(ends))), "-", color=colour, lw=1.5)
    axis.set(xscale="log", yscale="log", xlabel="curvature of the direction", ylabel="variance of the weights")
    ticks(axis, [0.5, 1, 2])
    ticks(axis, [0.0005, 0.001, 0.002, 0.005], "y")
    axis.legend()
    return figure


def laws(curvatures: Float[np.ndarray, "curvatures"], ways: Mapping[str, Sequence[float]], relaxed: float) -> Figure:
    """Closed forms of the variance against the curvature, a line a way of drawing batches; dotted, a curvature."""
    figure, axis = plt.subplots(figsize=(5.4, 3.8))
    for (name, values), colour in zip(ways.items(), (BLUE, ORANGE), strict=True):
        axis.plot(curvatures, values, color=colour, lw=2, label=name)
    axis.axvline(relaxed, color=GREY, ls=":")
    top = max(map(max, ways.values()))
    axis.set(xscale="log", yscale="log", ylim=(top / 3000, 3 * top))
    axis.set(xlabel="curvature", ylabel="variance of the weights")
    axis.legend(loc="lower right")
    return figure


def valley(
    walks: Mapping[str, Float[np.ndarray, "times 2"]],
    times: Float[np.ndarray, "times"],
    found: Float[np.ndarray, "times"],
    told: Float[np.ndarray, "times"],
) -> Figure:
    """Left: walks in the valley xy = 1, a line each, from the black dot. Right: the mean of x² − y² in time; dashed, as
    told.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.8, 3.6))
    x = np.geomspace(0.2, 5, 200)
    left.plot(x, 1 / x, color=PALE, lw=6)
    for (name, walk), colour in zip(walks.items(), (ORANGE, BLUE), strict=True):
        left.plot(walk[:, 0], walk[:, 1], color=colour, lw=1, label=name)
        left.plot(*walk[-1], "o", color=colour, mec="white")
    start = next(iter(walks.values()))[0]
    left.plot(*start, "o", color=INK)
    left.set(xlabel="x", ylabel="y", xlim=(0, 4.5), ylim=(0, 2.5))
    left.legend(loc="upper right")
    right.plot(times, found, color=ORANGE, lw=2)
    right.plot(times, told, "--", color=INK)
    right.set(xlabel="steps", ylabel="mean of x² − y²", ylim=(0, None), xticks=np.linspace(0, times[-1], 4))
    return figure


def drifts(rows: pd.DataFrame) -> Figure:
    """The trace of the Hessian before and after, a line a network, for each kind of noise."""
    kinds = sorted(rows.kind.unique().tolist())
    figure, axes = plt.subplots(1, len(kinds), sharey=True, squeeze=False, figsize=(3.6 * len(kinds), 3.6))
    for axis, kind, colour in zip(axes[0], kinds, (BLUE, ORANGE), strict=True):
        own = rows[rows.kind == kind]
        axis.plot([0, 1], own[["trace_before", "trace"]].to_numpy().T, "o-", color=colour, lw=1, alpha=0.7)
        axis.set(title=kind, xlim=(-0.3, 1.3), ylim=(0, None), xticks=[0, 1])
        axis.set_xticklabels(["before", "after"])
    axes[0, 0].set(ylabel="tr H at zero loss")
    return figure


def gaps(rows: pd.DataFrame) -> Figure:
    """The test error against the step size, means over networks: small batches, and large ones of two lengths."""
    figure, axis = plt.subplots(figsize=(5.6, 3.8))
    ways = sorted({*zip(rows.batch, rows.steps, strict=True)})
    for (batch, steps), colour in zip(ways, shades(range(len(ways))).values(), strict=True):
        own = rows[(rows.batch == batch) & (rows.steps == steps)]
        against(axis, own, "lr", "error", fmt="o-", color=colour, label=f"B = {batch}, {steps} steps")
    lowest = rows.groupby(["batch", "steps", "lr"]).error.mean().min()
    axis.set(xscale="log", yscale="log", xlabel="step size", ylabel="test error", ylim=(0.35 * lowest, 1))
    ticks(axis, sorted(rows.lr.unique().tolist()))
    ticks(axis, [error for error in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if error > 0.35 * lowest], "y")
    axis.legend(loc="lower left")
    return figure


def patches(rows: pd.DataFrame) -> Figure:
    """The test errors after each way of training, a dot a network, means as bars: images alone, and patches alone."""
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.5))
    ways = ("small", "large", "annealed")
    for axis, column, title in zip(axes, ("clean", "patch"), ("images without a patch", "patches alone"), strict=True):
        for place, (way, colour) in enumerate(zip(ways, (ORANGE, BLUE, GREEN), strict=True)):
            own = rows[rows.way == way][column]
            axis.plot(np.full(len(own), place), own, "o", color=colour, alpha=0.4)
            axis.plot([place - 0.25, place + 0.25], [own.mean()] * 2, "-", color=colour, lw=3)
        axis.set(title=title, xlim=(-0.5, 2.5), ylim=(0, max(1.15 * rows[column].max(), 0.02)), xticks=range(3))
        axis.set_xticklabels(["small steps", "large", "large,\nthen small"])
    axes[0].set(ylabel="test error")
    return figure


def hero(rows: pd.DataFrame) -> Figure:
    """The stationary laws, of all seeds of one step and batch."""
    other = rows[rows.sampling != "replacement"].iloc[0]
    return stationary(rows[(rows.lr == other.lr) & (rows.batch == other.batch)])
