"""The figures of the double descent chapter: linear fits, networks against N, P and time, cures, and the head's.

Each function returns a finished figure. ``networks`` are tables of `landscape_lib.measure.double_descent.curves`: a row
a size N, means over training sets, in which every quantity stands with the ends of its interval.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from torch import Tensor

from landscape_lib.figures._styles import BLUE, GREEN, GREY, INK, ORANGE, PALE, SKY, above, ticks
from landscape_lib.measure.double_descent import curves
from landscape_lib.statistics import Estimate

# Words for the quantities, and for the noises, which captions of the same figures use too.
SYMBOLS = {"error": "⟨ε⟩", "variance": "Var f", "norm": "‖f‖"}
CURED = {
    "error": "one network",
    "error_stopped": "stopped early",
    "together": "all together",
    "nll": "as trained",
    "nll_calibrated": "calibrated",
}
LABELS = {0.0: "all labels right", 0.1: "a tenth flipped"}

STAR = "#BBBBBB"  # the interval of N*
N_TICKS = (30, 100, 300, 1000, 3000)


def polynomials(errors: pd.DataFrame, norms: pd.DataFrame, P: int) -> Figure:
    """Left and middle: the error against the number of terms, its first fall on linear axes and all of it on
    logarithmic ones; right: the norm of the weights. Lines are medians of the draws, a row each, the band is half of
    them; dotted: as many terms as points; dashed: the error of f = 0.
    """
    figure, (near, left, right) = plt.subplots(1, 3, figsize=(10, 3.4))
    middle, half = errors.median(), errors.quantile([0.25, 0.75])
    for axis in (near, left):
        axis.fill_between(half.columns, *half.to_numpy(), color=SKY, alpha=0.4, lw=0)
        axis.plot(middle.index, middle, "o-", ms=3, color=BLUE)
        axis.axhline(0.5, color=GREY, ls="--", lw=1)
    near.set(xlabel="terms N", ylabel="mean square error", title="The U", xlim=(0.5, 11), ylim=(0, 1.6))
    near.set_xticks(range(1, 12, 2))
    near.text(0.7, 0.62, "f = 0", color=INK)
    left.set(xlabel="terms N", title="The same, all of it", xscale="log", yscale="log")
    right.loglog(norms.columns, norms.median(), "o-", ms=3, color=ORANGE)
    right.set(xlabel="terms N", ylabel="‖w‖", title="Weights")
    for axis in (left, right):
        axis.axvline(P, color=GREY, ls=":", lw=1)
    above(right, P, "N = P")
    return figure


def polynomial(
    fine: Float[Tensor, "grid"],
    f: Float[Tensor, "grid"],
    truth: Float[Tensor, "grid"],
    x: Float[Tensor, "points"],
    y: Float[Tensor, "points"],
    *,
    title: str,
) -> Figure:
    """A polynomial f over a fine grid, the points that it was fitted to, and in grey the function behind them."""
    figure, axis = plt.subplots(figsize=(5.6, 3.0), dpi=90)
    axis.plot(fine, truth, color=GREY, lw=1.5)
    axis.plot(fine, f, color=BLUE, lw=1.3)
    axis.plot(x, y, "o", color=ORANGE, ms=4)
    axis.set(xlim=(-1, 1), ylim=(-3, 3), xlabel="x", title=title)
    return figure


def features(errors: pd.DataFrame, norms: pd.DataFrame, P: int) -> Figure:
    """Against the number of random features, the share of wrong signs and the norm of the weights. A thin line for each
    draw, thick ones are medians; dotted: as many features as images.
    """
    figure, (left, right) = plt.subplots(1, 2)
    for axis, table, colour, title in (
        (left, errors, BLUE, "Wrong signs"),
        (right, norms, ORANGE, "Weights"),
    ):
        for _, row in table.iterrows():
            axis.plot(row.index, row, color=colour, alpha=0.25, lw=0.8)
        axis.plot(table.columns, table.median(), "o-", ms=3, color=colour)
        axis.axvline(P, color=GREY, ls=":", lw=1)
        above(axis, P, "N = P")
        axis.set(xscale="log", xlabel="features N", title=title)
        ticks(axis, [15, 60, 150, 400, 1500])
    left.set(ylabel="test error", ylim=(0, 0.5))
    right.set(ylabel="‖w‖", yscale="log")
    return figure


def cusp(networks: pd.DataFrame, N_star: Estimate) -> Figure:
    """Error, variance and norm of the output against N, with bands of their intervals; grey: the interval of N*. With
    the error, dashed and on an axis of their own at the right, the wrong training labels: they go to zero, and beside
    them the error would look flat.
    """
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), width_ratios=(1.15, 1, 1), gridspec_kw={"wspace": 0.08})
    for axis, (name, symbol), colour in zip(axes, SYMBOLS.items(), (BLUE, ORANGE, GREEN), strict=True):
        _band(axis, networks, name, colour)
        _band_of_star(axis, N_star)
        axis.set(xscale="log", xlabel="weights N", title=symbol)
        ticks(axis, N_TICKS)
    error, variance, norm = axes
    missed = error.twinx()
    missed.plot(networks.N, networks.train_error, "--", color=INK, lw=1.3)
    missed.set(ylabel="wrong training labels (dashed)", ylim=(0, None))
    missed.set_yticks([0, 0.05, 0.1, 0.15])
    missed.grid(visible=False)
    missed.spines["right"].set_visible(True)
    variance.set_yscale("log")
    norm.set_yscale("log")
    return figure


def noise(flipped: pd.DataFrame, right: pd.DataFrame) -> Figure:
    """Error and variance against N, with bands of their intervals, with and without flipped labels."""
    figure, (error, variance) = plt.subplots(1, 2)
    for networks, label, colour, mark in (
        (flipped, "a tenth flipped", ORANGE, "o"),
        (right, "all right", BLUE, "s"),
    ):
        _band(error, networks, "error", colour, mark + "-", label=label)
        _band(variance, networks, "variance", colour, mark + "-")
    error.set(xscale="log", xlabel="weights N", title=SYMBOLS["error"], ylim=(0, 1.45 * flipped.error.max()))
    variance.set(xscale="log", yscale="log", xlabel="weights N", title=SYMBOLS["variance"])
    error.legend(loc="upper right")
    for axis in (error, variance):
        ticks(axis, N_TICKS)
    return figure


def plane(networks: Mapping[int, pd.DataFrame], N_star: Mapping[int, Estimate]) -> Figure:
    """The test error against N, a line for each number of patterns P, with bands of its intervals. Bars at the foot, in
    the colours of the lines: N*.
    """
    figure, axis = plt.subplots(figsize=(4.8, 3.4))
    looks = zip(networks.items(), ((BLUE, "s-"), (ORANGE, "o-")), strict=True)
    for foot, ((P, rows), (colour, mark)) in enumerate(looks):
        _band(axis, rows, "error", colour, mark, alpha=0.15, label=f"{P} patterns")
        height = 0.03 + 0.05 * foot  # of the axis
        (bar,) = axis.plot(N_star[P].interval, [height] * 2, color=colour, lw=4, transform=axis.get_xaxis_transform())
        bar.set_solid_capstyle("butt")
        axis.annotate(
            "N*",
            (N_star[P].interval[1], height),
            (4, 0),
            ("data", "axes fraction"),
            "offset points",
            color=colour,
            va="center",
            size="small",
        )
    axis.set(xscale="log", xlabel="weights N", title=SYMBOLS["error"])
    axis.margins(y=0.12)
    shown: list[int] = []
    for N in networks[min(networks)].N.tolist():
        if not shown or N > 1.25 * shown[-1]:  # labels closer than that run into each other
            shown.append(N)
    ticks(axis, shown)
    axis.legend(loc="upper right")
    return figure


def more_data(errors: pd.DataFrame, N: int) -> Figure:
    """Least squares on N random features: the mean square error against P, a thin line for each draw, the thick one
    medians. Dotted: as many patterns as features.
    """
    figure, axis = plt.subplots(figsize=(4.8, 3.2))
    for _, row in errors.iterrows():
        axis.plot(row.index, row, color=BLUE, alpha=0.25, lw=0.8)
    axis.plot(errors.columns, errors.median(), "o-", ms=3, color=BLUE)
    axis.axvline(N, color=GREY, ls=":", lw=1)
    above(axis, N, "P = N")
    axis.set(xscale="log", yscale="log", xlabel="patterns P", ylabel="mean square error", title=f"{N} random features")
    ticks(axis, list(errors.columns)[::2])
    return figure


def long_run(errors: pd.DataFrame, missed: pd.DataFrame) -> Figure:
    """Test error in time, a thin line for each training set, the thick one their mean; dashed: training labels missed.
    Both have a row a training set and a column a step that was recorded, a dot each, of which one may be 0.
    """
    figure, axis = plt.subplots(figsize=(5.2, 3.2))
    for _, row in errors.iterrows():
        axis.plot(row.index, row, color=BLUE, alpha=0.25, lw=0.8)
    axis.plot(errors.columns, errors.mean(), "o-", ms=4, color=BLUE, lw=2, label="test error")
    axis.plot(missed.columns, missed.mean(), "s--", ms=4, color=ORANGE, label="training labels missed")
    first = min(step for step in errors.columns if step > 0)
    axis.set_xscale("symlog", linthresh=first, linscale=0.5)  # which has room for step 0
    axis.set(xlabel="training step", xlim=(0, None), ylim=(0, None))
    ticks(axis, [0, 20, 100, 500, 2000])
    axis.legend(loc="upper right")
    return figure


def in_time(errors: pd.DataFrame, right_from: Mapping[int, int]) -> Figure:
    """A map of the test error, a row a step and a column a size. A line of dots: the step from which the training
    labels of a size are right, where they ever are.
    """
    figure, axis = plt.subplots(figsize=(5.8, 3.8))
    mesh = _cells(axis, errors.columns.to_numpy(), errors.index.to_numpy(), errors.to_numpy(), vmax=0.25)
    axis.plot(list(right_from), list(right_from.values()), "o-", color="white", mec="black", ms=4)
    axis.set(xlabel="weights N", ylabel="training step", title="Test error (line: training labels right)")
    ticks(axis, [50, 100, 200, 500, 1000, 2000])
    ticks(axis, [20, 50, 100, 200, 500, 1000], "y")
    figure.colorbar(mesh, ax=axis, extend="max")
    return figure


def moment(step: int, errors: pd.DataFrame, missed: pd.DataFrame) -> Figure:
    """Test error and missed training labels against N at one step; in grey the test error at the others, a row each."""
    figure, axis = plt.subplots(figsize=(6.2, 3.4), dpi=90)
    for _, other in errors.iterrows():
        axis.plot(errors.columns, other, color=PALE, lw=0.8)
    axis.plot(errors.columns, errors.loc[step], "o-", ms=4, color=BLUE, label="test error")
    axis.plot(errors.columns, missed.loc[step], "s--", ms=3, color=ORANGE, label="training labels missed")
    axis.set(xscale="log", xlabel="weights N", ylim=(0, 0.4), title=f"step {step}")
    ticks(axis, N_TICKS)
    axis.legend(loc="upper right")
    return figure


def cures(networks: pd.DataFrame, N_star: Estimate) -> Figure:
    """Against N, with bands of intervals. Left: the error of one network, stopped early, and of all of a set together;
    right: the NLL as trained, and calibrated. Grey: the interval of N*.
    """
    figure, (left, right) = plt.subplots(1, 2)
    looks = ((BLUE, "o-"), (ORANGE, "s-"), (GREEN, "^-"), (BLUE, "o-"), (ORANGE, "s-"))
    for (name, label), (colour, mark) in zip(CURED.items(), looks, strict=True):
        _band(right if name.startswith("nll") else left, networks, name, colour, mark, alpha=0.2, label=label)
    for axis, title in ((left, "Test error"), (right, "NLL")):
        _band_of_star(axis, N_star)
        axis.set(xscale="log", xlabel="weights N", title=title)
        ticks(axis, N_TICKS)
        axis.legend()
    left.set_ylim(0, 1.3 * networks.error.max())
    right.set_yscale("log")
    return figure


def larger(networks: Mapping[float, pd.DataFrame], N_star: Mapping[float, Estimate]) -> Figure:
    """Networks of the larger run, by the share of flipped labels, against N, with bands of their intervals. Above the
    error of one, and of a set together; below the variance and the norm of the output. Shaded: N*.
    """
    figure, axes = plt.subplots(2, 2, figsize=(8.4, 6.2), sharex=True)
    colours = {0.0: BLUE, 0.1: ORANGE}
    titles = SYMBOLS | {"error": "⟨ε⟩, one network", "together": "ε̄, together"}
    for axis, name in zip(axes.flat, ("error", "together", "variance", "norm"), strict=True):
        for share, rows in networks.items():
            _band(axis, rows, name, colours[share], ms=3.0, label=LABELS[share])
        axis.set(xscale="log", title=titles[name])
        ticks(axis, [100, 300, 1000])
        for share, star in N_star.items():
            _band_of_star(axis, star, colours[share])
    for axis in axes[0]:
        axis.set_ylim(0, max(rows.error.max() for rows in networks.values()) * 1.1)
    for axis in axes[1]:
        axis.set(yscale="log", xlabel="weights N")
    axes[0, 0].legend(loc="lower left")
    return figure


def hero(table: pd.DataFrame) -> Figure:
    """Against N, of networks at rest without flipped labels: the test error of one network and of all of a training set
    together, and the share of training labels missed.
    """
    rest = table[table.rest & (table.noise == 0)]
    rows = curves(rest, ["error", "together"])
    figure, axis = plt.subplots(figsize=(9.6, 4.2))
    for name, label, colour, mark in (
        ("error", "one network", BLUE, "o-"),
        ("together", f"{rest.members.iloc[0]} together", GREEN, "^-"),
    ):
        _band(axis, rows, name, colour, mark, ms=5.0, label=label)
    axis.plot(rows.N, rows.train_error, "s--", ms=3, color=ORANGE, label="missed in training")
    axis.set(xscale="log", xlabel="parameters N", ylabel="share of wrong labels", ylim=(0, None))
    ticks(axis, [50, 100, 200, 500, 1000, 2000])
    axis.legend(loc="upper right")
    return figure


def _band(
    axis: Axes,
    networks: pd.DataFrame,
    name: str,
    colour: str,
    mark: str = "o-",
    *,
    ms: float = 3.5,
    alpha: float = 0.25,
    label: str | None = None,
) -> None:
    """A quantity against N, and its intervals as a band."""
    axis.fill_between(networks.N, networks[f"{name}_low"], networks[f"{name}_high"], color=colour, alpha=alpha, lw=0)
    axis.plot(networks.N, networks[name], mark, ms=ms, color=colour, label=label)


def _band_of_star(axis: Axes, N_star: Estimate, colour: str | None = None) -> None:
    """The interval of N* as a band, grey or in the colour of the networks that it is of, with its name above it."""
    axis.axvspan(*N_star.interval, color=colour or STAR, alpha=0.2 if colour else 0.6, lw=0)
    above(axis, float(np.sqrt(np.prod(N_star.interval))), "N*", colour or INK)


def _cells(
    axis: Axes,
    x: Sequence[int] | Int[np.ndarray, "columns"],
    y: Sequence[int] | Int[np.ndarray, "rows"],
    values: Float[np.ndarray, "rows columns"],
    **options: Any,
) -> QuadMesh:
    """A heat map on logarithmic axes, one cell a value, its edges half way between neighbours."""
    edges = []
    for middles in (x, y):
        places = np.arange(len(middles) + 1) - 0.5
        between = np.exp(np.interp(places, np.arange(len(middles)), np.log(middles)))
        between[0], between[-1] = middles[0] ** 1.5 / middles[1] ** 0.5, middles[-1] ** 1.5 / middles[-2] ** 0.5
        edges.append(between)
    mesh = axis.pcolormesh(*edges, values, cmap="viridis", **options)
    axis.set(xscale="log", yscale="log")
    axis.minorticks_off()
    return mesh
