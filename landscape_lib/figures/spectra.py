"""The figures of chapter 2: spectra of the Hessian, and how descent moves in them."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from landscape_lib.figures._styles import BLUE, FAINT, GREEN, GREY, ORANGE, PALE, PINK, above, against, shades, ticks
from landscape_lib.measure.spectra import DEFECT, ZERO

THRESHOLDS = (("zero_tenth", 0.1), ("zero", ZERO), ("zero_thousandth", 1e-3))
RUNS = {
    "whole": ("all of the gradient", BLUE, "o"),
    "dominant": ("dominant part", ORANGE, "s"),
    "bulk": ("bulk", GREEN, "^"),
}
SIZES = ((BLUE, "o"), (ORANGE, "s"))  # few parameters, many


def hero(steps: Sequence[int], eigenvalues: Float[np.ndarray, "times N"], top: int = 10) -> Figure:
    """Each eigenvalue a line against the steps of training, from the largest; the first ``top`` in colour."""
    figure, axis = plt.subplots(figsize=(7.6, 4.2))
    x = np.maximum(steps, 0.5)  # a logarithmic axis has no zero
    axis.plot(x, eigenvalues[:, top:], color=BLUE, lw=0.5, alpha=0.35)
    axis.plot(x, eigenvalues[:, :top], color=ORANGE, lw=1.8)
    axis.set_yscale("symlog", linthresh=1e-2, linscale=0.6)
    axis.set(xscale="log", xlabel="steps of SGD", ylabel="eigenvalue", xlim=(x[0], x[-1]))
    decades = [step for step in (1, 10, 100, 1000) if x[0] < step < x[-1]]
    axis.set_xticks([x[0], *decades], ["start", *map(str, decades)])
    axis.set_yticks([-0.1, -0.01, 0, 0.01, 0.1, 1], ["−0.1", "−0.01", "0", "0.01", "0.1", "1"])
    axis.minorticks_off()
    return figure


def parts(
    whole: Float[np.ndarray, "N"],
    gauss_newton: Float[np.ndarray, "N"],
    rest: Float[np.ndarray, "N"],
    ends: tuple[float, float],
) -> Figure:
    """Left: how often each eigenvalue is met, of H, G and H − G. Right: |λ| of H over the largest, by rank."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.8, 3.6), dpi=80)
    bins = np.linspace(*ends, 60)
    left.hist(whole, bins=bins.tolist(), color=FAINT, label="H")
    for values, colour, name in ((gauss_newton, BLUE, "G"), (rest, ORANGE, "H − G")):
        left.hist(values, bins=bins.tolist(), color=colour, label=name, histtype="step", lw=1.5)
    left.set(xlabel="eigenvalue", ylabel="number", yscale="log", xlim=ends, ylim=(0.6, 1.3 * len(whole)))
    left.legend(loc="upper right")
    order = np.argsort(-np.abs(whole))
    sizes, rank = np.abs(whole[order]) / np.abs(whole).max(), 1 + np.arange(len(whole))
    for up, colour, name in ((whole[order] > 0, BLUE, "positive"), (whole[order] <= 0, ORANGE, "negative")):
        right.plot(rank[up], sizes[up], ".", color=colour, label=name)
    right.axhline(ZERO, color=GREY, lw=1, ls="--")
    right.set(
        xlabel="rank",
        ylabel="size over the largest",
        xscale="log",
        yscale="log",
        ylim=(1e-6, 2),
        xlim=(0.8, 1.3 * len(whole)),
    )
    right.legend(loc="lower left")
    return figure


def peaks(rows: pd.DataFrame) -> Figure:
    """The share of eigenvalues at zero against the steps of training, for three thresholds; bars: standard errors."""
    figure, axis = plt.subplots(figsize=(6.4, 3.6))
    for (column, threshold), colour, mark in zip(THRESHOLDS, (PINK, BLUE, ORANGE), "^os", strict=True):
        against(axis, rows, "step", column, fmt=mark + "-", color=colour, label=f"{threshold:g}")
    axis.axhline(0.5, color=GREY, lw=1, ls="--")
    axis.set(xlabel="steps of SGD", ylabel="share at zero", ylim=(0, 1.02))
    axis.set_xscale("symlog", linthresh=100)
    ticks(axis, sorted(rows.step.unique().tolist()))
    axis.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), title="within this\nof the largest")
    return figure


def descents(rows: pd.DataFrame) -> Figure:
    """Of each path, against the loss: the share of negative eigenvalues; ‖Hg‖/‖g‖ over the largest |λ|."""
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.5))
    names = (("down", "share of negative eigenvalues"), ("flat", "|Hg| / |g| over the largest"))
    for axis, (column, name) in zip(axes, names, strict=True):
        for _, own in rows.groupby("seed"):
            own = own.sort_values("step")
            axis.plot(own.loss, own[column], "-", color=PALE, lw=1)
        for step, shade in shades(sorted(rows.step.unique().tolist())).items():
            own = rows[rows.step == step]
            axis.plot(own.loss, own[column], "o", color=shade, label=f"{step} steps")
        axis.set(xscale="log", xlabel="training loss", ylabel=name, ylim=(0, None))
    axes[0].legend(loc="upper left")
    return figure


def splits(rows: pd.DataFrame, classes: int = 10) -> Figure:
    """Left: the Gauss-Newton part's share of the top eigenvalues, against steps. Right: the largest eigenvalues,
    geometric means over networks, a line for each number of steps.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.5))
    for column, colour, mark, name in (("split", BLUE, "o", "G"), ("split_rest", ORANGE, "s", "H − G")):
        against(left, rows, "step", column, fmt=mark + "-", color=colour, label=name)
    left.set(xlabel="steps of SGD", ylabel="share of the top ten", ylim=(-0.05, 1.05))
    left.set_xscale("symlog", linthresh=100)
    ticks(left, sorted(rows.step.unique().tolist()))
    left.legend(loc="center right")
    for step, shade in shades(sorted(rows.step.unique().tolist())).items():
        _ranked(right, _tops(rows[rows.step == step]), color=shade, label=f"{step} steps")
    right.axvline(classes + 0.5, color=GREY, lw=1, ls="--")
    above(right, classes + 0.5, "as many as classes")
    right.set(xlabel="rank", ylabel="eigenvalue", yscale="log")
    right.legend(loc="upper right")
    return figure


def bulks(spectra: Mapping[int, Float[np.ndarray, "_"]], shown: int) -> Figure:
    """How many eigenvalues there are of each size, over the largest: one network in colour, those of other sizes faint.

    ``spectra`` are by number of parameters N.
    """
    figure, axis = plt.subplots(figsize=(6.2, 3.6), dpi=80)
    bins = np.linspace(-6, 0, 25)
    for N, values in spectra.items():
        sizes = np.log10(np.maximum(np.abs(values) / np.abs(values).max(), 1e-6))
        if N == shown:
            axis.hist(sizes, bins=bins.tolist(), color=BLUE, alpha=0.85, label=f"N = {N}")
        else:
            axis.hist(sizes, bins=bins.tolist(), color=GREY, histtype="step", lw=1, label=f"N = {N}")
    axis.axvline(np.log10(ZERO), color=ORANGE, lw=1.5, ls="--")
    above(axis, np.log10(ZERO), "counted as zero, to the left", ORANGE)
    axis.set(xlabel="size over the largest", ylabel="eigenvalues", xlim=(-6, 0))
    axis.set_xticks([-6, -4, -2, 0], ["$10^{-6}$", "$10^{-4}$", "$10^{-2}$", "1"])
    axis.legend(loc="upper left")
    return figure


def sizes(rows: pd.DataFrame) -> Figure:
    """Left: how many eigenvalues are away from zero, before training and after it, against N; bars are standard errors.
    Right: the largest eigenvalues at the end, geometric means over networks, a line for each N.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.8, 3.6))
    begin, end = rows[rows.step == rows.step.min()], rows[rows.step == rows.step.max()]
    for own, colour, mark, name in ((begin, GREY, "^", "before training"), (end, BLUE, "o", "after it")):
        against(left, own, "N", "away", fmt=mark + "-", color=colour, label=name)
    left.set(xscale="log", yscale="log", xlabel="weights N", ylabel="eigenvalues away from zero", ylim=(100, None))
    ticks(left, sorted(rows.N.unique().tolist()))
    left.legend(loc="upper left")
    for N, shade in shades(sorted(rows.N.unique().tolist())).items():
        _ranked(right, _tops(end[end.N == N]), color=shade, label=f"{N:,}".replace(",", " "))
    right.set(xlabel="rank", ylabel="eigenvalue", yscale="log")
    right.legend(loc="upper right", title="weights N")
    return figure


def clusters(rows: pd.DataFrame) -> Figure:
    """Left: outliers against clusters; a grey dot is a network, larger where there are more. Right: the largest
    eigenvalues over the first, means over networks.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.6))
    met = rows.groupby(["k", "outliers"]).size()
    k, found = (met.index.get_level_values(level) for level in ("k", "outliers"))
    left.scatter(k, found, s=12 * met, color=FAINT)
    against(left, rows, "k", "outliers", fmt="o", color=BLUE)
    ends = np.array([rows.k.min(), rows.k.max()])
    left.plot(ends, ends, color=GREY, lw=1, ls="--")
    left.set(xlabel="clusters", ylabel="outliers", ylim=(0, None))
    ticks(left, sorted(rows.k.unique().tolist()))
    for number, shade in shades(sorted(rows.k.unique().tolist())).items():
        values = _tops(rows[rows.k == number])[:, :15]
        _ranked(right, values / values[:, :1], color=shade, label=f"{number}")
    right.set(xlabel="rank", ylabel="eigenvalue over the first", yscale="log")
    right.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), title="clusters")
    return figure


def edges(rows: pd.DataFrame, shown: float) -> Figure:
    """The loss and the largest eigenvalue along full-batch descent: one step size η in colour, others faint."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.8, 3.5), dpi=80)
    for lr, own in sorted(rows.groupby("lr"), key=lambda pair: pair[0] == shown):
        means = own.groupby("step")[["loss", "sharpness"]].mean()
        style = {"color": BLUE, "lw": 2.2} if lr == shown else {"color": PALE, "lw": 1.2}
        left.plot(means.index, means.loss, ".-", **style)
        right.plot(means.index, means.sharpness, ".-", **style)
    right.axhline(2 / shown, color=ORANGE, lw=1.5, ls="--", label="2/η")
    left.set(xlabel="steps", ylabel="training loss", yscale="log")
    right.set(xlabel="steps", ylabel="largest eigenvalue", ylim=(0, 1.1 * rows.sharpness.max()))
    right.legend(loc="upper left")
    return figure


def arrivals(rows: pd.DataFrame) -> Figure:
    """The largest eigenvalue along full-batch descent in units of the edge, a line a step size."""
    figure, axis = plt.subplots(figsize=(5.6, 3.6))
    for lr, shade in shades(sorted(rows.lr.unique().tolist())).items():
        against(axis, rows[rows.lr == lr], "step", "edge", fmt="o-", color=shade, label=f"η = {lr:g}")
    axis.axhline(1, color=GREY, lw=1, ls="--")
    axis.set(xlabel="steps", ylabel="largest eigenvalue, in units of 2/η", ylim=(0, None))
    axis.legend(loc="lower right")
    return figure


def batches(rows: pd.DataFrame, ratios: Mapping[str, tuple[float, tuple[float, float]]]) -> Figure:
    """Left: the largest eigenvalue and the batch sharpness in units of the edge 2/η against the size of the batch; bars
    are standard errors. Right: the largest eigenvalue after large batches over that after small ones.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.8, 3.6))
    for column, colour, mark, name in (
        ("edge", BLUE, "o", "largest eigenvalue"),
        ("batch_edge", ORANGE, "s", "batch sharpness"),
    ):
        against(left, rows, "batch", column, fmt=mark + "-", color=colour, label=name)
    left.axhline(1, color=GREY, lw=1, ls="--")
    left.set(xscale="log", xlabel="batch size B", ylabel="in units of 2/η", ylim=(0, 1.2))
    ticks(left, sorted(rows.batch.unique().tolist()))
    left.legend(loc="lower right")
    for place, (value, (low, high)) in enumerate(ratios.values()):
        right.errorbar(place, value, [[value - low], [high - value]], fmt="o", color=BLUE, capsize=3)
    right.axhline(1, color=GREY, lw=1, ls="--")
    right.set(ylabel="large over small batches", xlim=(-0.5, len(ratios) - 0.5), ylim=(0, None))
    right.set_xticks(range(len(ratios)), list(ratios))
    return figure


def at_rest(rows: pd.DataFrame, spectra: Mapping[str, Float[np.ndarray, "_"]]) -> Figure:
    """Left: the weight of the peak at zero of networks at rest, against P/N. Right, where there are ``spectra``: |λ|
    over the largest by rank, of two networks that were not satisfied.
    """
    figure, axes = plt.subplots(1, 2 if spectra else 1, figsize=(7.8 if spectra else 5.2, 3.6), squeeze=False)
    left = axes[0, 0]
    x = rows.P / rows.N
    groups = (
        (rows.satisfied, BLUE, "o", "all satisfied"),
        (~rows.satisfied & (rows.silenced_loss < DEFECT), ORANGE, "s", "at rest above zero"),
        (~rows.satisfied & (rows.silenced_loss >= DEFECT), GREY, "x", "stuck at a silenced layer"),
    )
    for chosen, colour, mark, name in groups:
        if chosen.any():
            left.plot(x[chosen], rows.zero[chosen], mark, color=colour, alpha=0.7, label=name)
    left.set(xlabel="P/N", ylabel="weight of the peak at zero", ylim=(0, 1.05))
    left.legend(loc="lower left")
    if not spectra:
        return figure
    right = axes[0, 1]
    for (name, values), colour in zip(spectra.items(), (ORANGE, BLUE), strict=False):
        sizes = np.sort(np.abs(values))[::-1] / np.abs(values).max()
        right.plot(1 + np.arange(len(sizes)), np.maximum(sizes, 1e-9), ".-", color=colour, lw=0.7, label=name)
    right.set(xlabel="rank", ylabel="size over the largest", yscale="log", ylim=(1e-8, 2))
    right.legend(loc="lower left")
    return figure


def subspaces(curves: Mapping[str, tuple[Sequence[int], Sequence[float]]], rows: pd.DataFrame) -> Figure:
    """Left: the loss of one network along each run. Right: of all, what the loss was before (grey) and after each."""
    figure, (left, right) = plt.subplots(1, 2, sharey=True, figsize=(7.8, 3.6))
    for run, (steps, losses) in curves.items():
        name, colour, _ = RUNS[run]
        left.plot(steps, losses, color=colour, lw=2, label=name, ls="--" if run == "bulk" else "-")
    left.set(xlabel="steps", ylabel="training loss", yscale="log")
    left.legend(loc="lower left")
    for place, (run, (_, colour, mark)) in enumerate(RUNS.items()):
        own = rows[rows.run == run]
        right.plot(np.full(len(own), place - 0.12), own.start, "_", color=GREY, ms=8)
        right.plot(np.full(len(own), place + 0.12), own.loss, mark, color=colour, alpha=0.7)
    right.set_xticks(range(len(RUNS)), ["all", "dominant", "bulk"])
    right.set(xlim=(-0.5, len(RUNS) - 0.5))
    return figure


def overlaps(rows: pd.DataFrame) -> Figure:
    """The share of a batch's, and of the whole, squared gradient in the top space, against time; a line a step size."""
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(7.8, 3.6))
    names = (("overlap", "of a batch's gradient"), ("overlap_full", "of the whole gradient"))
    for axis, (column, name) in zip(axes, names, strict=True):
        for lr, shade in shades(sorted(rows.lr.unique().tolist())).items():
            against(axis, rows[rows.lr == lr], "time", column, fmt="o-", color=shade, label=f"η = {lr:g}")
        axis.set(xscale="log", xlabel="time: steps times η", ylim=(0, 1), title=name)
        ticks(axis, sorted(rows.time.unique().tolist()))
    axes[0].set(ylabel="share in the top ten directions")
    axes[1].legend(loc="lower right")
    return figure


def aging(rows: pd.DataFrame, valley: pd.DataFrame | None = None) -> Figure:
    """How far weights move in the longest lag, against the waiting time: as it is, and over the shortest lag's; and
    the same for a ball in a ``valley``, in grey.
    """
    figure, axes = plt.subplots(1, 2, figsize=(7.8, 3.6))
    lags = (rows.lag.min(), rows.lag.max())
    drawn = [
        (rows[rows.N == N], colour, mark + "-", f"N = {N}")
        for N, (colour, mark) in zip(sorted(rows.N.unique().tolist()), SIZES, strict=True)
    ]
    if valley is not None:
        drawn.append((valley, GREY, "^--", "a convex valley"))
    for own, colour, style, name in drawn:
        table = own.groupby(["wait", "lag"]).moved.mean().unstack("lag")
        axes[0].plot(table.index, table[lags[1]], style, color=colour, label=name)
        axes[1].plot(table.index, table[lags[1]] / table[lags[0]], style, color=colour, label=name)
    names = (f"displacement in {lags[1]} steps", f"over that in {lags[0]} steps")
    for axis, name in zip(axes, names, strict=True):
        axis.set(xscale="log", yscale="log", xlabel="waiting time", ylabel=name)
        ticks(axis, sorted(rows.wait.unique().tolist()))
    axes[0].legend(loc="lower left")
    return figure


def waiting(rows: pd.DataFrame) -> Figure:
    """How far weights move against the waiting time, a line a lag: of networks of few parameters, and of many."""
    numbers = sorted(rows.N.unique().tolist())
    figure, axes = plt.subplots(1, len(numbers), figsize=(7.8, 3.6), squeeze=False)
    for axis, N in zip(axes[0], numbers, strict=True):
        own = rows[rows.N == N]
        for lag, shade in shades(sorted(own.lag.unique().tolist())).items():
            against(axis, own[own.lag == lag], "wait", "moved", fmt="o-", color=shade, label=f"in {lag} steps")
        axis.set(xscale="log", yscale="log", xlabel="waiting time", title=f"N = {N}")
        ticks(axis, [10**k for k in range(1, 7) if own.wait.min() <= 10**k <= own.wait.max()])
    axes[0][0].set(ylabel="displacement")
    axes[0][-1].legend(loc="lower left")
    return figure


def _ranked(axis: Axes, values: Float[np.ndarray, "nets ranks"], **style: Any) -> None:
    """Geometric means over networks against their rank."""
    mean = np.exp(np.log(values).mean(0))
    axis.plot(1 + np.arange(len(mean)), mean, ".-", **style)


def _tops(rows: pd.DataFrame) -> Float[np.ndarray, "nets ranks"]:
    """The largest eigenvalues of each row."""
    return np.array([[float(value) for value in words.split()] for words in rows.top])
