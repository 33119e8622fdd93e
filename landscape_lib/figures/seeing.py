"""The figures of chapter 1: slices of the landscape, and what they are held against."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure

from landscape_lib.figures._styles import BLUE, FAINT, GREEN, GREY, INK, ORANGE, PALE, against, shades, ticks
from landscape_lib.measure.pspin import ground_state_energy, threshold_energy
from landscape_lib.measure.surface import Plane

WITH, WITHOUT = BLUE, ORANGE
REGIMES = ("images", "few units", "scrambled", "noisy", "sums")
Lines = Mapping[str, Float[np.ndarray, "points"]]


def surfaces(planes: Mapping[str, Plane], name: str = "loss") -> Figure:
    """A surface each, side by side, all on one scale of height."""
    figure = plt.figure(figsize=(5.1 * len(planes), 4.3))
    top = max(plane.values[name].nan_to_num(0).max().item() for plane in planes.values())
    for i, (title, plane) in enumerate(planes.items()):
        axis = figure.add_subplot(1, len(planes), i + 1, projection="3d")
        x, y = np.meshgrid(*(t.numpy() for t in plane.coordinates), indexing="ij")
        heights = plane.values[name].numpy()
        style = {"cmap": "viridis", "vmin": 0, "vmax": top, "rcount": 50, "ccount": 50, "lw": 0.2, "edgecolor": INK}
        axis.plot_surface(x, y, heights, **style)
        axis.set(zlim=(0, top), title=title, xlabel="step a", ylabel="step b", zlabel=name)
        axis.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        axis.view_init(28, -60)
    return figure


def contours(planes: Mapping[str, Plane], name: str = "loss") -> Figure:
    """The same as maps: lines of equal loss, the network in the middle."""
    figure, axes = plt.subplots(1, len(planes), squeeze=False, figsize=(4.2 * len(planes), 3.8))
    top = max(plane.values[name].nan_to_num(0).max().item() for plane in planes.values())
    for axis, (title, plane) in zip(axes[0], planes.items(), strict=True):
        x, y = (t.numpy() for t in plane.coordinates)
        levels = np.linspace(0, top, 17)
        axis.contourf(x, y, plane.values[name].numpy().T, levels=levels, cmap="viridis")
        axis.contour(x, y, plane.values[name].numpy().T, levels=levels, colors="white", linewidths=0.5)
        axis.plot([0], [0], "o", color=ORANGE, mec="white")
        axis.set(title=title, xlabel="step a", aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    axes[0][0].set(ylabel="step b")
    return figure


def rulers(t: Float[np.ndarray, "points"], raw: Lines, normalised: Lines, top: float) -> Figure:
    """A slice each of networks of one function: left in raw directions, right in filter-normalised ones."""
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(7.4, 3.4), dpi=80)
    for axis, lines, title in zip(axes, (raw, normalised), ("raw direction", "filter-normalised"), strict=True):
        for (label, loss), colour, dash in zip(lines.items(), (BLUE, ORANGE), ("-", "--"), strict=True):
            axis.plot(t, loss, dash, color=colour, label=label, lw=2.2)
        axis.set(xlabel="step", title=title, ylim=(0, top))
    axes[0].set(ylabel="loss")
    axes[1].legend(loc="upper center")
    return figure


def skips(rows: pd.DataFrame) -> Figure:
    """A dot a network: how often its slices bend down, against the loss that training came to.

    Of networks with skips there may be two lengths of training; the shorter has rings.
    """
    figure, axis = plt.subplots(figsize=(5.2, 3.6))
    last = rows.steps.max()
    groups = (
        (rows.skip & (rows.steps == last), WITH, "o", WITH, "with skips"),
        (rows.skip & (rows.steps < last), WITH, "o", "none", "with skips, stopped early"),
        (~rows.skip, WITHOUT, "s", WITHOUT, "without"),
    )
    for group, colour, mark, face, label in groups:
        own = rows[group]
        if len(own):
            axis.plot(own.loss, own.concave, mark, color=colour, mfc=face, label=label, alpha=0.8)
    axis.set(xscale="log", xlabel="training loss", ylabel="share of a slice that bends down", ylim=(-0.03, 1))
    axis.legend(loc="upper left")
    return figure


def basins(rows: pd.DataFrame) -> Figure:
    """The width of the basin against the width of the network, in both rulers; bars are standard errors over seeds."""
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.5))
    rulers_ = (("filter", "in lengths of the filters", BLUE), ("raw", "in raw weights", ORANGE))
    for axis, (column, title, colour) in zip(axes, rulers_, strict=True):
        table = rows.pivot(index="seed", columns="h", values=column)
        axis.errorbar(table.columns, table.mean(), table.sem(), fmt="o-", color=colour, capsize=3)
        axis.set(xscale="log", xlabel="width h", title=title, ylim=(0, 1.15 * table.mean().max()))
        ticks(axis, [int(h) for h in table.columns][::2])
    axes[0].set(ylabel="width of the basin")
    return figure


def batches(rows: pd.DataFrame) -> Figure:
    """The width of the basin after each way of training, in both rulers; bars are standard errors over seeds."""
    figure, axes = plt.subplots(1, 2, figsize=(7.8, 3.6))
    ways = [(size, steps) for size, steps in sorted({*zip(rows.batch, rows.steps, strict=True)})]
    for axis, (column, title) in zip(
        axes, (("filter", "in lengths of the filters"), ("raw", "in raw weights")), strict=True
    ):
        for decay, colour, mark in zip(sorted(rows.weight_decay.unique()), (BLUE, ORANGE), "os", strict=True):
            own = [
                rows[(rows.batch == size) & (rows.steps == steps) & (rows.weight_decay == decay)][column]
                for size, steps in ways
            ]
            label = f"weight decay {decay:g}"
            heights, bars = [one.mean() for one in own], [one.sem() for one in own]
            axis.errorbar(range(len(ways)), heights, bars, fmt=mark, color=colour, capsize=3, label=label)
        axis.set(title=title, xlim=(-0.5, len(ways) - 0.5), ylim=(0, None), xticks=range(len(ways)))
        axis.set_xticklabels([f"B = {size}\n{steps} steps" for size, steps in ways])
    axes[0].set(ylabel="width of the basin")
    axes[0].legend(loc="lower right")
    return figure


def paths(planes: Mapping[str, tuple[Float[np.ndarray, "times 2"], Float[np.ndarray, "2"], Plane | None]]) -> Figure:
    """A path each in the plane of its two leading principal directions, the share of its variance along each, and
    under it, where it is there, the loss on that plane.
    """
    figure, axes = plt.subplots(1, len(planes), squeeze=False, figsize=(4.2 * len(planes), 3.6))
    for axis, (title, (path, shares, plane)) in zip(axes[0], planes.items(), strict=True):
        if plane is not None:
            x, y = (t.numpy() for t in plane.coordinates)
            loss = plane.values["loss"].numpy().T
            axis.contour(x, y, np.log10(loss), levels=12, cmap="viridis", linewidths=0.9)
        axis.plot(*path.T, ".-", color=ORANGE, ms=4, lw=1)
        axis.plot(*path[-1], "o", color=INK)
        axis.set(xlabel=f"first direction, {shares[0]:.0%}", ylabel=f"second, {shares[1]:.0%}", title=title)
    return figure


def random_slices(
    eigenvalues: Float[np.ndarray, "N"],
    curvatures: Float[np.ndarray, "slices"],
    t: Float[np.ndarray, "points"],
    lines: Mapping[str, Float[np.ndarray, "points"]],
) -> Figure:
    """Left: all eigenvalues of the Hessian, and the curvatures of random slices. Right: the loss along some of them,
    and along the lowest eigenvector.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.8, 3.5))
    bound = max(abs(eigenvalues.min()), np.sort(eigenvalues)[-10])
    bins = np.linspace(-1.1 * bound, 1.1 * bound, 60)
    left.hist(np.clip(eigenvalues, bins[0], bins[-1]), bins=bins.tolist(), color=FAINT, label="eigenvalues")
    left.hist(curvatures, bins=bins.tolist(), color=ORANGE, label="random slices")
    left.axvline(0, color=INK, lw=1)
    left.set(xlabel="curvature", ylabel="number", yscale="log")
    left.legend(loc="upper right")
    for (label, loss), colour, width in zip(
        lines.items(), (PALE, PALE, PALE, PALE, ORANGE, BLUE), (2,) * 6, strict=False
    ):
        right.plot(t, loss, color=colour, lw=width, label=label)
    right.set(xlabel="step", ylabel="loss")
    return figure


def methods(rows: pd.DataFrame) -> Figure:
    """The test error of gradient descent against that of SGD, a mark a regime, standard errors over seeds."""
    figure, axis = plt.subplots(figsize=(4.8, 4.2))
    for (regime, shade), mark in zip(shades(range(len(REGIMES))).items(), "os^Dv", strict=True):
        own = rows[rows.regime == REGIMES[regime]].pivot(index="seed", columns="method", values="error")
        if len(own):
            x, y = own.SGD, own.GD
            axis.errorbar(x.mean(), y.mean(), y.sem(), x.sem(), fmt=mark, color=shade, label=REGIMES[regime], ms=8)
    ends = np.array([0.02, 0.8])
    axis.plot(ends, ends, color=GREY, lw=1, ls="--")
    axis.set(
        xscale="log", yscale="log", xlabel="test error, SGD", ylabel="test error, gradient descent", aspect="equal"
    )
    for which in "xy":
        ticks(axis, [0.03, 0.1, 0.3], which)
    axis.legend(loc="upper left")
    return figure


def energies(rows: pd.DataFrame, limit: float) -> Figure:
    """The energy per spin where descent ends, against N^(−2/3), N the spins; its limit, and what theory has."""
    figure, axis = plt.subplots(figsize=(5.4, 3.6))
    means = rows.groupby(["N", "seed"]).energy.mean().unstack("N")
    x = means.columns.to_numpy(float) ** (-2 / 3)
    for _, one in means.iterrows():
        axis.plot(x, one, ".", color=PALE, ms=6)
    axis.errorbar(x, means.mean(), means.sem(), fmt="o", color=BLUE, capsize=3)
    axis.plot([0], [limit], "D", color=ORANGE, label="limit")
    levels = (threshold_energy(3), "threshold", GREEN), (ground_state_energy(3), "ground state", INK)
    for level, name, colour in levels:
        axis.axhline(level, color=colour, lw=1, ls="--")
        axis.text(x.max(), level, f" {name}", color=colour, va="bottom", ha="right")
    axis.set(xlabel="spins N", ylabel="energy per spin", xlim=(-0.05 * x.max(), 1.05 * x.max()))
    axis.set_xticks([0, *x], ["∞", *(f"{int(n)}" for n in means.columns)])
    axis.legend()
    return figure


def depths(rows: pd.DataFrame) -> Figure:
    """Against the number of layers, with skips and without: how often slices bend down, and the training loss."""
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.5))
    for axis, column, name in zip(axes, ("concave", "loss"), ("share that bends down", "training loss"), strict=True):
        for skip, colour, mark, label in ((True, WITH, "o", "with skips"), (False, WITHOUT, "s", "without")):
            against(axis, rows[rows.skip == skip], "layers", column, fmt=mark + "-", color=colour, label=label)
        axis.set(xlabel="layers", ylabel=name)
        ticks(axis, [int(layers) for layers in sorted(rows.layers.unique())])
    axes[0].legend()
    axes[1].set(yscale="log")
    return figure


def between(lines: Float[np.ndarray, "networks points"]) -> Figure:
    """The loss on the straight line from the start of training to its end, a line a network."""
    figure, axis = plt.subplots(figsize=(5.2, 3.4))
    axis.plot(np.linspace(0, 1, lines.shape[1]), lines.T, color=BLUE, lw=1, alpha=0.6)
    axis.set(xlabel="from start to end", ylabel="training loss", ylim=(0, None))
    return figure
