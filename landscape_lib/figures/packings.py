"""The figures of the packings beside the networks: one packing with its contacts, and contacts through jamming."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.figure import Figure

from landscape_lib.figures._styles import BLUE, GREY, INK, ORANGE, SKY
from landscape_lib.measure.packings import Picture


def packing(picture: Picture, shape: str, densities: Sequence[float], z: Sequence[float], at: int) -> Figure:
    """Left: one packing and its contacts, grey if nobody is held; right: contacts per grain of this start, by density.

    ``z`` are those at all ``densities``, 0 where no overlap is left; the packing shown is the one ``at`` this place.
    """
    jammed = z[at] > 0
    figure, (left, right) = plt.subplots(1, 2, figsize=(4.6, 2.5), width_ratios=(5, 3))
    _grains(left, picture, jammed)
    left.set_title(f"{shape}: " + ("jammed" if jammed else "nobody is held"))
    needed, x, y = (4, 0.923, 3.45) if shape == "discs" else (6, 0.86, 6.2)
    right.axhline(needed, color=GREY, ls=":", lw=1)
    right.text(x, y, "isostatic", color=INK, fontsize=9, ha="right")
    right.plot(densities, z, "o-", color="#AAAAAA", ms=3.5, lw=1.2)
    right.plot(densities[at], z[at], "o", color=ORANGE, ms=7)
    right.set(xlabel="density", xticks=(0.8, 0.86, 0.92), ylim=(-0.3, 7), title="contacts per grain")
    return figure


def scan(table: pd.DataFrame) -> Figure:
    """Energy, left, and contacts, right, of packings against density, medians as lines, discs blue, ellipses orange.

    Open symbols are packings at their own transition, dotted lines the isostatic number. ``table`` is that of
    `landscape_lib.experiments.packings`, rows of both kinds.
    """
    figure, (left, right) = plt.subplots(1, 2)
    minima, at_jamming = table[table.kind == "density"], table[table.kind == "jamming"]
    for (shape, rows), colour, mark in zip(minima.groupby("shape"), (BLUE, ORANGE), "os", strict=True):
        ends = at_jamming[at_jamming["shape"] == shape]
        for axis, value in ((left, rows.energy * 1e3), (right, rows.z)):
            jitter = np.random.default_rng(0).uniform(-0.0015, 0.0015, len(rows))
            axis.plot(rows.density + jitter, value, mark, ms=3, color=colour, alpha=0.35, mew=0)
            middle = value.groupby(rows.density.round(6)).median()
            axis.plot(middle.index, middle, color=colour, label=shape)
        right.plot(ends.density, ends.z, mark, ms=6, mfc="none", color=colour, zorder=4)
        right.axhline(ends.z_isostatic.mean(), color=colour, ls=":", lw=1.3)
    left.set(xlabel="density", ylabel="energy per grain, ×10⁻³", title="The energy grows from zero …")
    left.legend(loc="upper left")
    right.set(xlabel="density", ylabel="contacts per grain, z", title="… the contacts jump", ylim=(-0.3, 6.4))
    return figure


def _grains(axis: Axes, picture: Picture, jammed: bool) -> None:
    """Grains, grey where nobody holds them, and their contacts, thicker where the force is larger."""
    colours = [SKY if jammed and held else "#D9D9D9" for held in picture.held]
    axes = (picture.length.numpy(), picture.breadth.numpy(), picture.turned.numpy())
    look: dict[str, Any] = {"ec": "#555555", "lw": 0.6, "fc": colours, "offset_transform": axis.transData}
    axis.add_collection(EllipseCollection(*axes, units="xy", offsets=picture.centres.numpy(), **look))
    if jammed:
        widths = (1.4 * picture.strength).clamp(max=5).numpy()
        lines = LineCollection(list(picture.paths.numpy()), colors=ORANGE, linewidths=widths, capstyle="round")
        axis.add_collection(lines)
    axis.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], aspect="equal")
    axis.spines[["top", "right"]].set_visible(True)
