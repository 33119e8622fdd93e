"""The figures of chapter 8: how flat minima are, by which measure, and what it says."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from landscape_lib.figures._styles import BLUE, FAINT, GREEN, GREY, INK, ORANGE, PINK, against, shades, ticks

CLASSES = (BLUE, ORANGE)  # of a swiss roll
KINDS = {
    "plain": ("plain", BLUE),
    "poisoned": ("poisoned", ORANGE),
    "rescued": ("rescued", GREEN),
}
PAIRS = {
    "switched": ("large, then small", BLUE),
    "same start": ("same start, small", GREEN),
    "other start": ("another start", ORANGE),
}


def in_units(
    t: Float[np.ndarray, "steps"],
    raw: Float[np.ndarray, "steps"],
    adaptive: Float[np.ndarray, "steps"],
    before: Float[np.ndarray, "steps"],
) -> Figure:
    """The loss along one direction: in raw weights, grey as it was with the old units, and in units of the weights."""
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(7.4, 3.5))
    axes[0].plot(t, before, color=FAINT, lw=4)
    axes[0].plot(t, raw, color=ORANGE, lw=2)
    axes[1].plot(t, adaptive, color=BLUE, lw=2)
    for axis, title in zip(axes, ("a step in the weights", "a step in units of the weights"), strict=True):
        axis.set(title=title, xlabel="step", yscale="log", ylim=(0.003, 10))
    axes[0].set(ylabel="training loss")
    return figure


def volumes(N: Sequence[int], missing: Mapping[str, Sequence[float]]) -> Figure:
    """How many nats an estimate of a volume lies below the truth, against the number of weights; a line a way."""
    figure, axis = plt.subplots(figsize=(5.6, 3.7))
    styles = ((GREY, "s--"), (ORANGE, "o-"), (BLUE, "D-"))
    for (name, values), (colour, mark) in zip(missing.items(), styles, strict=False):
        axis.plot(N, values, mark, color=colour, label=name)
    axis.set(xscale="log", xlabel="weights N", ylabel="nats below the truth")
    ticks(axis, list(N))
    axis.legend(loc="upper left")
    return figure


def curvature_and_loss(rows: pd.DataFrame, to: float) -> Figure:
    """The trace of the Hessian against the loss, a mark a network: open after equal epochs, full at one loss."""
    figure, axis = plt.subplots(figsize=(5.8, 4.0))
    batches = sorted(rows.batch.unique().tolist())
    for batch, colour in zip(batches, shades(range(len(batches))).values(), strict=True):
        own = rows[rows.batch == batch]
        early, level = own[own.to.isna()], own[own.to.notna()]
        axis.plot(early.loss, early.trace, "o", color=colour, mfc="none", ms=5)
        axis.plot(level.loss, level.trace, "o", color=colour, ms=5, alpha=0.7, label=f"B = {batch}")
    axis.axvline(to, color=GREY, lw=1, ls=":")
    axis.set(xscale="log", yscale="log", xlabel="training loss", ylabel="tr H")
    ticks(axis, [0.01, 0.1, 1])
    ticks(axis, [2, 5, 10, 20, 50], "y")
    axis.legend()
    return figure


def against_error(rows: pd.DataFrame) -> Figure:
    """The test error against the trace, and against the bound of ln V, each less the mean of its training set."""
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(7.8, 3.6))
    own = rows.assign(trace=np.log(rows.trace))
    names = ["trace", "log_volume", "error"]
    own[names] -= own.groupby("seed")[names].transform("mean")
    for lr, colour in shades(sorted(own.lr.unique().tolist())).items():
        some = own[own.lr == lr]
        for axis, name in zip(axes, names, strict=False):
            axis.plot(some[name], 100 * some.error, "o", color=colour, ms=5, alpha=0.7, label=f"η = {lr:g}")
    axes[0].set(xlabel="ln tr H, less its mean", ylabel="test error in %, less its mean")
    axes[1].set(xlabel="bound of ln V, less its mean")
    above = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1), "borderaxespad": 0.2}
    axes[0].legend(ncols=3, handletextpad=0.1, columnspacing=0.8, **above)
    return figure


def lines(rows: pd.DataFrame) -> Figure:
    """The training loss on lines from networks of large batches, a thin line a network; dotted, the two ends."""
    figure, axes = plt.subplots(1, len(PAIRS), sharey=True, figsize=(8.4, 3.4))
    for axis, (pair, (title, colour)) in zip(axes, PAIRS.items(), strict=True):
        for _, own in rows[rows.pair == pair].groupby("seed"):
            line = own.sort_values("t")
            axis.plot(line.t, line.loss, color=colour, lw=1, alpha=0.6)
        for end in (0, 1):
            axis.axvline(end, color=GREY, lw=1, ls=":")
        axis.set(title=title, xlabel="place t on the line", yscale="log", xticks=[0, 0.5, 1])
    axes[0].set(ylabel="training loss")
    return figure


def edges(rows: pd.DataFrame, least: int = 1000) -> Figure:
    """Left: λ₁ in time; dashed, the edge at the gradient there. Right: λ₁ late against the edge, a mark a network."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.8))
    pairs = sorted({*zip(rows.lr, rows.rho, strict=True)}, key=lambda pair: (-pair[0], pair[1]))
    for (lr, rho), colour in zip(pairs, (INK, BLUE, ORANGE, GREEN, PINK), strict=False):
        own = rows[(rows.lr == lr) & (rows.rho == rho)]
        against(left, own, "step", "sharpness", fmt="o-", color=colour)
        means = own.groupby("step").edge.mean()
        left.plot(means.index, means, "--", color=colour, lw=1)
        late = own[own.step >= least]
        name = f"η = {lr:g}, " + (f"ρ = {rho:g}" if rho else "no ball")
        right.plot(late.edge, late.sharpness, "o", color=colour, ms=5, alpha=0.7, label=name)
    ends = np.array([1.5, 6])
    right.plot(ends, ends, color=GREY, lw=1, zorder=0)
    left.set(xscale="log", yscale="log", xlabel="steps", ylabel="largest eigenvalue")
    right.set(xscale="log", yscale="log", xlabel="edge, as foretold", ylabel="largest eigenvalue")
    ticks(left, sorted(rows.step.unique().tolist())[:3])
    for axis, which in ((left, "y"), (right, "x"), (right, "y")):
        ticks(axis, [2, 3, 4, 5, 6], which)
    right.legend(loc="upper left")
    return figure


def sam(rows: pd.DataFrame) -> Figure:
    """The trace of the Hessian and the test error at one loss against the radius, means over networks, by batch."""
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.5))
    batches = sorted(rows.batch.unique().tolist())
    for batch, colour, mark in zip(batches, (BLUE, ORANGE), ("o-", "s--"), strict=True):
        own = rows[rows.batch == batch]
        for axis, column in zip(axes, ("trace", "error"), strict=True):
            against(axis, own, "rho", column, fmt=mark, color=colour, label=f"B = {batch}")
    for axis, name in zip(axes, ("tr H", "test error"), strict=True):
        axis.set(xlabel="radius ρ", ylabel=name, ylim=(0, None), xticks=[0, 0.1, 0.2])
    axes[0].legend(loc="lower left")
    return figure


def rolls(
    maps: Mapping[str, Float[np.ndarray, "rows columns"]], reach: float, points: np.ndarray, classes: np.ndarray
) -> Figure:
    """Which class a network gives each place of the plane, a panel a network, and the points that it learned."""
    figure, axes = plt.subplots(1, len(maps), figsize=(3.7 * len(maps), 3.9))
    for axis, (name, values) in zip(axes, maps.items(), strict=True):
        _plane(axis, values, reach)
        for sign, colour in zip((1, -1), CLASSES, strict=True):
            axis.plot(*points[classes == sign].T, "o", color=colour, mec="white", mew=0.7, ms=6)
        axis.set(title=name)
    return figure


def _plane(axis: Axes, values: Float[np.ndarray, "rows columns"], reach: float) -> None:
    place = np.linspace(-reach, reach, len(values))
    colours = [(*plt.matplotlib.colors.to_rgb(colour), 0.35) for colour in reversed(CLASSES)]
    axis.contourf(place, place, np.sign(values), levels=[-2, 0, 2], colors=colours)
    axis.set(aspect="equal", xticks=[], yticks=[])


def poison(rows: pd.DataFrame) -> Figure:
    """The test error of minima, a dot a network: by how they were found, with how much poison."""
    amounts = sorted(rows.poison.unique().tolist())
    figure, axes = plt.subplots(1, len(amounts), sharey=True, squeeze=False, figsize=(3.6 * len(amounts), 3.6))
    for axis, amount in zip(axes[0], amounts, strict=True):
        for place, (kind, (_, colour)) in enumerate(KINDS.items()):
            values = rows[(rows.poison == amount) & (rows.kind == kind)].error.to_numpy()
            axis.plot(place + np.linspace(-0.15, 0.15, len(values)), values, "o", color=colour)
            axis.plot([place - 0.3, place + 0.3], [values.mean()] * 2, color=colour, lw=2)
        axis.set(title=f"{amount} wrong labels", xticks=range(len(KINDS)), ylim=(0, 1))
        axis.set_xticklabels([name for name, _ in KINDS.values()])
    axes[0, 0].set(ylabel="test error")
    return figure


def phases(rows: pd.DataFrame) -> Figure:
    """In time, means over networks: the share of wrong labels learned, the length of a hidden unit, the test error."""
    figure, axes = plt.subplots(1, 3, figsize=(7.8, 3.2))
    ways = (
        ((0.2, 0.003), "decay", BLUE, "o-"),
        ((0.2, 0.0), "no decay", ORANGE, "s--"),
        ((0.0, 0.003), "right labels", GREY, ":"),
    )
    for (noise, decay), name, colour, mark in ways:
        own = rows[(rows.noise == noise) & (rows.weight_decay == decay)]
        for axis, column in zip(axes, ("fitted", "unit", "error"), strict=True):
            if own[column].notna().all():
                against(axis, own, "step", column, fmt=mark, color=colour, label=name)
    for axis, title in zip(axes, ("wrong labels learned", "length of a unit", "test error"), strict=True):
        axis.set(title=title, xlabel="steps", ylim=(0, None))
        axis.set_xscale("symlog", linthresh=30, linscale=0.3)
        axis.set(xlim=(0, None))
        ticks(axis, [0, 100, 10_000 if rows.step.max() > 10_000 else 1000])
    axes[2].set(ylim=(0, 0.4))
    axes[2].legend(loc="upper right")
    return figure


def smoothed(
    w: Float[np.ndarray, "points"],
    bare: Float[np.ndarray, "points"],
    average: Float[np.ndarray, "points"],
    path: Float[np.ndarray, "stages"],
    heights: Float[np.ndarray, "stages"],
) -> Figure:
    """A function of one variable (grey), its average over a Gaussian, and where following it back has come (dots)."""
    figure, axis = plt.subplots(figsize=(6.2, 3.8))
    axis.plot(w, bare, color=FAINT, lw=1.2)
    axis.plot(w, average, color=BLUE, lw=2)
    axis.plot(path, heights, "o-", color=ORANGE, ms=4, lw=1)
    axis.plot(path[-1], heights[-1], "o", color=ORANGE, ms=9, mec="white")
    axis.set(xlabel="w", ylabel="F(w)")
    return figure
