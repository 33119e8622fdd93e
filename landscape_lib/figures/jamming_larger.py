"""The figures of the jamming chapter's appendix: its larger runs.

Tables and transitions are as in `landscape_lib.figures.jamming`.
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Int
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from landscape_lib.figures._styles import BLUE, GREEN, GREY, INK, ORANGE, shades, ticks
from landscape_lib.figures._transitions import MISSED, SHARE, Fits, by_size, draw_crosses, draw_share, draw_stars
from landscape_lib.measure.gap_exponents import EDGES, WINDOW, density, exponent, window
from landscape_lib.measure.jamming import jammed
from landscape_lib.statistics import Transition


def larger(
    table: pd.DataFrame,
    failing: pd.DataFrame,
    larger_table: pd.DataFrame,
    larger_failing: pd.DataFrame,
    fits: Fits,
    beside: str,
) -> Figure:
    """A larger run, and one ``beside`` it in grey. Left: the share that fits, its curves; right: N_Δ/N over N/N*."""
    figure, (left, right) = plt.subplots(1, 2)
    colours = shades(fits)
    table, larger_table = table[jammed(table)], larger_table[jammed(larger_table)]
    for P, rows in table.groupby("P"):
        share = by_size(rows, "share that fits")
        left.plot(share.index, share, "-", color="#BBBBBB", lw=1, label=beside if P == table.P.min() else None)
    for P, rows in larger_table.groupby("P"):
        draw_share(left, rows, fits[P], colours[P])
    left.set(xscale="log", xlabel="weights N", ylabel=SHARE, title="Who fits")
    ticks(left, [25, 50, 100, 200, 500, 1000, 2000])
    left.legend(loc="lower right")
    failing, larger_failing = failing[jammed(failing)], larger_failing[jammed(larger_failing)]
    right.plot(failing.scale, failing.share, "o", ms=3, color="#BBBBBB", label=beside)
    for P, rows in larger_failing.groupby("P"):
        right.plot(rows.scale, rows.share, "o", ms=4, color=colours[P], alpha=0.8, label=f"P = {P}")
    right.axvline(1, color=GREY, ls=":", lw=1)
    right.set(xscale="log", xlabel="$N / N^*$", ylabel=MISSED, title="What the failing ones miss", ylim=(-0.1, 3))
    ticks(right, [0.25, 0.5, 1, 2])
    return figure


def depths(table: pd.DataFrame, fits: Mapping[int, Transition]) -> Figure:
    """Random data, against P/N, one colour a depth L. Left: the share that fits, and curves; right: N_Δ/N of failing.

    ``fits`` are transitions of N/P, by L.
    """
    figure, (left, right) = plt.subplots(1, 2)
    held = table[~jammed(table)]
    draw_crosses(right, held, held.unsatisfied / held.N, held.P / held.N)
    table = table[jammed(table)]
    for (L, rows), colour, mark in zip(table.groupby("L"), (BLUE, ORANGE, GREEN), "os^", strict=True):
        per_weight = rows.P / rows.N
        share = rows.groupby(per_weight.round(3)).satisfied.mean()
        line = np.linspace(per_weight.min(), per_weight.max(), 200)
        left.plot(line, fits[L].satisfied(1 / line), color=colour)
        left.plot(share.index, share, mark, color=colour, label=f"L = {L}")
        failing = rows[~rows.satisfied]
        right.plot(per_weight[~rows.satisfied], failing.unsatisfied / failing.N, mark, ms=4, color=colour, alpha=0.6)
    left.set(xlabel="patterns per weight, P/N", ylabel=SHARE, title="Who fits")
    left.legend()
    right.set(xlabel="patterns per weight, P/N", ylabel=MISSED, title="What the failing ones miss", ylim=(0, None))
    return figure


def gap_densities(
    counts: Mapping[str, tuple[Int[np.ndarray, "nets bins"], Int[np.ndarray, "nets bins"]]],
) -> Figure:
    """The densities of overlaps, left, and of negative gaps, right, with their power laws over the window of the fit.

    ``counts`` are of both, by a name for their networks; the last is in colour, the others in grey. Bars count gaps as
    independent.
    """
    figure, axes = plt.subplots(1, 2)
    middle, widths = np.sqrt(EDGES[1:] * EDGES[:-1]), np.diff(EDGES)
    fitted = window(*WINDOW)
    sides = (ORANGE, "Unsatisfied: Δ > 0"), (BLUE, "Satisfied: Δ < 0")
    for side, (axis, (strong, title)) in enumerate(zip(axes, sides, strict=True)):
        for i, (name, both) in enumerate(counts.items(), start=1):
            colour = strong if i == len(counts) else GREY
            p, counted = density(both[side]), both[side].sum(0) > 0
            errors = p / np.sqrt(np.maximum(both[side].sum(0), 1))
            axis.errorbar(middle[counted], p[counted], errors[counted], fmt="o", ms=4, color=colour)
            law = middle[fitted] ** (power := exponent(both[side], *WINDOW))
            law *= (p * widths)[fitted].sum() / (law * widths[fitted]).sum()  # as many gaps in the window as there are
            label = f"{name}: {power:.2f}".replace("-", "−")
            axis.plot(
                middle[fitted], law, color=colour, label=label, path_effects=[withStroke(linewidth=4, foreground="w")]
            )
        axis.set(
            xscale="log", yscale="log", xlabel="|Δ| / mean overlap", ylabel="density", title=title, xlim=(1e-3, 10)
        )
        axis.legend(title="exponent", loc="lower center" if side == 0 else "upper right")
    return figure


def phase_diagram(fits: Mapping[str, Fits], random_data: Mapping[tuple[int, int], Transition]) -> Figure:
    """N* against P of all that was measured. ``fits`` by name: live in blue, then in orange, real labels and random.

    ``random_data`` are transitions of N/P, by (L, N).
    """
    figure, axis = plt.subplots(figsize=(7.6, 4.2))
    P = np.geomspace(90, 30_000, 50)
    axis.fill_between(P, 2 * P, 60_000, color="#EEEEEE", zorder=0)
    axis.text(100, 25_000, "N > 2P: too few patterns to be stuck", color=INK)
    for (label, chosen), mark, colour in zip(fits.items(), "osos", (BLUE, BLUE, ORANGE, ORANGE), strict=True):
        draw_stars(axis, chosen, mark, colour, label)
    for i, ((_, N), fit) in enumerate(random_data.items()):
        ends = np.abs(N / np.array(fit.interval)[::-1] - N / fit.N_star)[:, None]
        name = "random data, one to three layers" if i == 0 else None
        axis.errorbar(N / fit.N_star, N, xerr=ends, fmt="^", color=GREEN, capsize=3, label=name)
    axis.plot(P, P, color=GREY, ls=":", lw=1)
    axis.text(26_000, 18_000, "N = P", color=INK, ha="right")
    axis.set(xscale="log", yscale="log", xlabel="patterns P", ylabel="weights N", xlim=(90, 30_000), ylim=(20, 60_000))
    ticks(axis, [100, 300, 1000, 3000, 10_000])
    axis.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure
