"""The figures of chapter 6: wide networks and their kernels, and the two regimes of training."""

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import LogFormatterSciNotation, LogLocator

from landscape_lib.figures._styles import BLUE, GREEN, GREY, INK, ORANGE, PALE, PINK, SKY, shades, ticks
from landscape_lib.measure.ntk import Circle, crossover
from landscape_lib.statistics import jackknife

FEATURE, LAZY = ORANGE, BLUE
SCALE = "output scale α̃ = √h α"
Flows = tuple[Float[np.ndarray, "times points"], Float[np.ndarray, "times points"]]


def histogram(f: Float[np.ndarray, "networks"], h: int) -> Figure:
    """How often random networks of width h answer f at one input, and the Gaussian of the same variance, 1."""
    figure, axis = plt.subplots(figsize=(5.4, 3.4), dpi=90)
    z = np.linspace(-5, 5, 201)
    axis.hist(np.clip(f, -5, 5), bins=np.linspace(-5, 5, 41).tolist(), density=True, color=SKY)
    axis.plot(z, np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi), color=INK, label="Gaussian")
    axis.set(xlabel="output f", ylabel="density", ylim=(0, 0.85), title=f"h = {h}")
    axis.legend(loc="upper right")
    return figure


def widths(panels: Sequence[tuple[str, Mapping[str, pd.DataFrame], float]]) -> Figure:
    """A panel each: what falls with the width, its mean over networks and standard errors, and a dashed guide.

    A panel is its title, its quantities (rows networks, columns widths), and the slope of its guide.
    """
    figure, axes = plt.subplots(1, len(panels), squeeze=False, figsize=(3.6 * len(panels), 3.6))
    for axis, (title, quantities, slope) in zip(axes[0], panels, strict=True):
        for (name, values), colour, mark in zip(quantities.items(), (BLUE, ORANGE, GREEN), "os^", strict=False):
            means = values.mean()
            axis.errorbar(means.index, means, values.sem(), fmt=mark + "-", color=colour, capsize=3, label=name)
        first = next(iter(quantities.values())).mean()
        h = np.array([first.index[0], first.index[-1]], dtype=float)
        axis.plot(h, 0.6 * first.iloc[0] * (h / h[0]) ** slope, color=GREY, ls="--", label=f"slope {slope:g}")
        axis.set(xscale="log", yscale="log", xlabel="width h", title=title)
        ticks(axis, [int(width) for width in first.index][::2])
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axis.yaxis.set_major_formatter(lambda y, _: f"{y:g}" if y > 9e-4 else LogFormatterSciNotation()(y))
        axis.legend(fontsize="small")
    return figure


def followed(times: Float[np.ndarray, "times"], flows: Mapping[int, Flows]) -> Figure:
    """A width a panel: F at some test points in time, and what the network's own kernel predicts (dashed)."""
    figure, axes = plt.subplots(1, len(flows), squeeze=False, figsize=(3.6 * len(flows), 3.4))
    shown = np.concatenate([values.ravel() for pair in flows.values() for values in pair])
    for axis, (h, (F, kernel)) in zip(axes[0], flows.items(), strict=True):
        for i, colour in zip(range(F.shape[1]), (BLUE, ORANGE, GREEN, PINK), strict=False):
            axis.plot(times, F[:, i], color=colour)
            axis.plot(times, kernel[:, i], color=colour, ls="--", lw=1.2)
        axis.set(
            xscale="log", xlabel="time", title=f"h = {h}", ylim=(1.1 * shown.min() - 0.05, 1.1 * shown.max() + 0.05)
        )
        ticks(axis, [1, 10, 100])
    axes[0][0].set(ylabel="F at test points")
    axes[0][0].plot([], [], color=INK, label="network")
    axes[0][0].plot([], [], color=INK, ls="--", lw=1.2, label="its kernel")
    axes[0][0].legend(loc="lower left")
    return figure


def circle(one: Circle) -> Figure:
    """Left: F around the circle, and the points; right: the hidden units' weights, before (grey) and after."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.5), dpi=80)
    _learned(left, one)
    _units(right, one)
    _apart(figure)
    return figure


def hero(circles: Sequence[Circle]) -> Figure:
    """The hidden units of one network in the plane of their weights, before (grey) and after training at each scale."""
    figure, axes = plt.subplots(1, len(circles), figsize=(10.2, 3.7))
    for axis, one in zip(axes, circles, strict=True):
        _units(axis, one)
        axis.set(xlabel="", ylabel="", title=f"α̃ = {one.alpha_h:g}")
    return figure


def phase(rows: pd.DataFrame) -> Figure:
    """Test error over width and scale, in colour; α̃* of each width (dots, and their range over training sets)."""
    figure, axis = plt.subplots(figsize=(6, 4.2))
    _phase(axis, rows)
    return figure


def here(rows: pd.DataFrame, h: int, alpha_h: float) -> Figure:
    """Where one is on the map, and the errors of this width at all scales."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.3), dpi=72)
    _phase(left, rows, bar=False)
    left.plot([h], [alpha_h], "o", ms=11, mfc="none", mec="white", mew=2.5)
    errors = rows.groupby(["h", "alpha_h"]).error.mean().unstack("h")
    right.plot(errors.index, errors[h], "o-", color=INK)
    right.plot([alpha_h], [errors.loc[alpha_h, h]], "o", ms=11, mfc="none", mec=ORANGE, mew=2.5)
    right.set(xscale="log", xlabel="scale α̃", ylabel="test error", ylim=(0, 1.08 * errors.max(axis=None)))
    _apart(figure)
    return figure


def regimes(tasks: Mapping[str, pd.DataFrame]) -> Figure:
    """A panel each: the test error of each training set at the smallest and the largest α̃, joined; thick, the means."""
    top = 1.05 * max(_by_set(rows, "alpha_h").max(axis=None) for rows in tasks.values())
    figure, axes = plt.subplots(1, len(tasks), squeeze=False, figsize=(2.6 * len(tasks) + 0.6, 3.6))
    for axis, (title, rows) in zip(axes[0], tasks.items(), strict=True):
        errors = _by_set(rows, "alpha_h")[[rows.alpha_h.min(), rows.alpha_h.max()]]
        for pair in errors.to_numpy():
            axis.plot([0, 1], pair, color=PALE, lw=1.2)
        axis.plot([0, 1], errors.mean(), color=GREY, lw=2)
        for x, colour in ((0, FEATURE), (1, LAZY)):
            axis.plot([x], errors.mean().iloc[x], "o", ms=8, color=colour)
        axis.set(xlim=(-0.4, 1.4), ylim=(0, top), title=title, xticks=[0, 1], xticklabels=["feature", "lazy"])
    axes[0][0].set(ylabel="test error")
    return figure


def stripes(rows: pd.DataFrame, turned: Mapping[str, Float[np.ndarray, "units"]], predicted: Sequence[float]) -> Figure:
    """Left: how hidden units lie to the direction that matters, |cos|, before and after. Right: test errors of the
    stripe model against P at both ends, and laws of the predicted exponents through the last.
    """
    figure, (left, right) = plt.subplots(1, 2)
    edges = np.linspace(0, 1, 21)
    for (name, cosines), line, kind in zip(
        turned.items(), (PALE, FEATURE, LAZY), ("stepfilled", "step", "step"), strict=True
    ):
        left.hist(np.abs(cosines), bins=edges, weights=np.full(len(cosines), 1 / len(cosines)), histtype=kind,
                  lw=2, color=line, label=name)  # fmt: skip
    left.set(xlabel="|cos| to the axis x₁", ylabel="share of units")
    left.legend()
    _stripe_errors(right, rows, predicted)
    return figure


def stripe_curves(rows: pd.DataFrame, predicted: Sequence[float]) -> Figure:
    """Left: test errors of the stripe model against P, as in `stripes`. Right: β of each P to the next, at the mean of
    the two on the axis, with jackknife intervals over training sets; dashed, the predicted exponents.
    """
    figure, (left, right) = plt.subplots(1, 2)
    _stripe_errors(left, rows, predicted)
    for (scale, name, colour, mark), beta in zip(_ends(rows), predicted, strict=True):
        own = _by_set(rows[rows.alpha_h == scale], "P")
        P, errors = own.columns.to_numpy(float), own.to_numpy()
        falls, steps = [jackknife(errors[:, i : i + 2], _fall) for i in range(len(P) - 1)], np.log(P[1:] / P[:-1])
        values = np.array([fall.value for fall in falls]) / steps
        bars = np.abs(np.array([fall.interval for fall in falls]).T / steps - values)
        shift = 0.96 if mark == "o" else 1.04  # so that bars do not hide each other
        right.errorbar(shift * np.sqrt(P[1:] * P[:-1]), values, bars, fmt=mark, color=colour, capsize=3, label=name)
        right.axhline(beta, color=colour, ls="--")
    right.set(xscale="log", xlabel="patterns P", ylabel="β from one P to the next")
    ticks(right, sorted(rows.P.unique().tolist()))
    right.legend()
    return figure


def collapse(rows: pd.DataFrame) -> Figure:
    """Against the scale α̃, a line a width: left how far the kernel moves, right the test error; means over sets."""
    figure, (left, right) = plt.subplots(1, 2)
    moved = np.exp(np.log(rows.kernel_change).groupby([rows.h, rows.alpha_h]).mean()).unstack("h")
    errors = rows.groupby(["h", "alpha_h"]).error.mean().unstack("h")
    for axis, means in ((left, moved), (right, errors)):
        for (h, shade), mark in zip(shades([int(h) for h in means.columns]).items(), "osD^vP*X", strict=False):
            axis.plot(means.index, means[h], mark + "-", ms=5, color=shade, label=f"h = {h}")
        axis.set(xscale="log", xlabel=SCALE)
    left.set(yscale="log", ylabel="motion of the kernel ‖ΔΘ‖ / ‖Θ₀‖")
    left.axhline(1, color=GREY, ls="--")
    left.legend()
    right.set(ylabel="test error")
    return figure


def descents(rows: pd.DataFrame) -> Figure:
    """Left: the test error against the width at both ends of the scales, bars are standard errors over training sets.
    Right: the share of networks that satisfied all of their patterns.
    """
    figure, (left, right) = plt.subplots(1, 2)
    for scale, name, colour, mark in _ends(rows):
        own = rows[rows.alpha_h == scale]
        errors = _by_set(own, "h")
        left.errorbar(errors.columns, errors.mean(), errors.sem(), fmt=mark + "-", color=colour, capsize=3, label=name)
        satisfied = (own.stopped == "satisfied").groupby(own.h).mean()
        right.plot(satisfied.index, satisfied, mark + "-", color=colour, label=name)
    for axis in (left, right):
        axis.set(xscale="log", xlabel="width h")
        ticks(axis, _legible(sorted(rows.h.unique().tolist())))
        axis.legend()
    left.set(ylabel="test error")
    right.set(ylabel="share satisfied", ylim=(-0.05, 1.05))
    return figure


def learning_curves(spheres: pd.DataFrame, images: pd.DataFrame | None = None) -> Figure:
    """The square error against P: left on spheres of d dimensions, with slopes of −1/d; right on images, by kernel."""
    figure, axes = plt.subplots(1, 1 if images is None else 2, squeeze=False)
    left, *others = axes[0]
    for d, shade in shades(spheres.d.unique().tolist()).items():
        means = spheres[spheres.d == d].groupby("P").square.mean()
        P = means.index.to_numpy(float)
        left.plot(P, means, "o", color=shade, label=f"d = {d}")
        left.plot(P, means.iloc[-1] * (P / P[-1]) ** (-1 / d), "--", color=shade)
    for axis in axes[0]:
        axis.set(xscale="log", yscale="log", xlabel="patterns P", ylabel="square error")
    ticks(left, [32, 128, 512, 2048, 8192][: 3 if spheres.P.max() < 2000 else 5])
    ticks(left, [y for y in (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3) if y > 0.7 * spheres.square.min()], "y")
    left.legend()
    if images is None:
        return figure
    [right] = others
    for (kernel, own), colour, mark in zip(images.groupby("kernel"), (BLUE, ORANGE), "os", strict=False):
        table = own.pivot(index="seed", columns="P", values="square")
        name = {"laplace": "Laplace", "ntk": "infinitely wide network"}[str(kernel)]
        right.errorbar(table.columns, table.mean(), table.sem(), fmt=mark + "-", color=colour, capsize=3, label=name)
    ticks(right, [32, 128, 512, 2048][: 3 if images.P.max() < 2000 else 4])
    ticks(right, [0.1, 0.2, 0.4], "y")
    right.legend()
    return figure


def _phase(axis: Axes, rows: pd.DataFrame, *, bar: bool = True) -> None:
    errors = rows.groupby(["alpha_h", "h"]).error.mean().unstack("h")
    mesh = axis.pcolormesh(_edges(errors.columns), _edges(errors.index), errors, cmap="viridis")
    stars = crossover(rows) * np.sqrt(errors.columns.to_numpy(float))
    middle = np.exp(np.log(stars).mean())
    bounds = np.abs(np.stack([stars.min(), stars.max()]) - middle.to_numpy())
    axis.errorbar(middle.index, middle, bounds, fmt="o-", ms=4, color="white", capsize=3)
    axis.set(xscale="log", yscale="log", xlabel="width h", ylabel=SCALE if bar else "scale α̃")
    axis.text(errors.columns[0], 2.6 * middle.iloc[0], " lazy", color="white", va="bottom")
    axis.text(errors.columns[0], middle.iloc[0] / 2.6, " features", color="white", va="top")
    ticks(axis, [int(h) for h in errors.columns][:: max(1, len(errors.columns) // 4)])
    if bar:
        axis.figure.colorbar(mesh, ax=axis, label="test error")


def _stripe_errors(axis: Axes, rows: pd.DataFrame, predicted: Sequence[float]) -> None:
    """Test errors against P at both ends, and laws of the predicted exponents through the last."""
    for (scale, name, colour, mark), beta in zip(_ends(rows), predicted, strict=True):
        own = _by_set(rows[rows.alpha_h == scale], "P")
        axis.errorbar(own.columns, own.mean(), own.sem(), fmt=mark, color=colour, capsize=3, label=name)
        P = own.columns.to_numpy(float)
        axis.plot(P, own.mean().iloc[-1] * (P / P[-1]) ** -beta, "--", color=colour, label=f"slope −{beta:.2f}")
    axis.set(xscale="log", yscale="log", xlabel="patterns P", ylabel="test error")
    ticks(axis, sorted(rows.P.unique().tolist()))
    ticks(axis, [0.02, 0.05, 0.1, 0.2], "y")
    axis.legend(fontsize="small", ncols=2)


def _fall(errors: Float[np.ndarray, "sets two"]) -> float:
    """By how much the logarithm of the mean falls from one column to the next."""
    before, after = errors.mean(0)
    return float(np.log(before / after))


def _apart(figure: Figure) -> None:
    """So much room between panels that a phone's page finds where to cut, whatever labels a frame has."""
    layout = figure.get_layout_engine()
    assert isinstance(layout, ConstrainedLayoutEngine)
    layout.set(wspace=0.12)


def _edges(values: pd.Index) -> np.ndarray:
    """Where the cells of a logarithmic axis meet: halfway between values, and as far beyond the first and the last."""
    ln = np.log(values.to_numpy(float))
    middle = (ln[1:] + ln[:-1]) / 2
    return np.exp(np.concatenate([[2 * ln[0] - middle[0]], middle, [2 * ln[-1] - middle[-1]]]))


def _learned(axis: Axes, one: Circle) -> None:
    axis.axhline(0, color=PALE, lw=1)
    axis.plot(one.around, one.F, color=ORANGE)
    colours = np.where(one.points.labels > 0, SKY, PINK)
    axis.scatter(one.angles, one.points.labels, c=colours, s=30, zorder=3, edgecolor=INK, lw=0.5)
    axis.set(xlabel="angle of x", ylabel="F", ylim=(-4, 4), title=f"α̃ = {one.alpha_h:g}")
    ticks(axis, [0, math.pi, 2 * math.pi])
    axis.set_xticklabels(["0", "π", "2π"])


def _units(axis: Axes, one: Circle) -> None:
    size = 1.1 * max(one.before.abs().max().item(), one.after.abs().max().item())
    axis.plot(*one.before.numpy().T, "o", ms=3, color=GREY, alpha=0.6)
    axis.plot(*one.after.numpy().T, "o", ms=3, color=ORANGE)
    axis.set(xlim=(-size, size), ylim=(-size, size), aspect="equal", xlabel="weight of x₁", ylabel="weight of x₂")


def _legible(widths: Sequence[int]) -> list[int]:
    """Those whose labels do not touch on a logarithmic axis of two decades."""
    shown = [int(widths[0])]
    for h in widths:
        if h >= 1.5 * shown[-1]:
            shown.append(int(h))
    return shown


def _ends(rows: pd.DataFrame) -> list[tuple[float, str, str, str]]:
    """The smallest and the largest α̃, with the names, colours and marks of the two regimes."""
    return [(rows.alpha_h.min(), "feature", FEATURE, "o"), (rows.alpha_h.max(), "lazy", LAZY, "s")]


def _by_set(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Mean test errors: a training set a row."""
    return rows.groupby(["task_seed", column]).error.mean().unstack()
