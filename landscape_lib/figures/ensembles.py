"""The figures of the ensembles chapter: borders on a square, variance and errors against size, calibration, splits."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from landscape_lib.figures._styles import BLUE, GREEN, GREY, INK, ORANGE, PALE, PINK, SKY, ticks
from landscape_lib.measure.ensembles import Borders, binomial, variance_law
from landscape_lib.measure.memory_split import Split
from landscape_lib.statistics import Curve, power_law

LOWEST = 1e-4  # the end of the axis of excess errors

Tables = Float[np.ndarray, "sets widths sizes"]


def border(borders: Borders, *, single: bool = False) -> Figure:
    """A square with dots of two kinds and the dotted border between them; thin lines where each network changes sign,
    a thick one where their mean does. ``single``: the first network only.
    """
    figure, axis = plt.subplots(figsize=(4.4, 4.4), dpi=90)
    axis.plot(borders.x, borders.boundary, color="black", ls=":", lw=1.3)
    _borders(axis, borders, dot=8.0, thin=2.0 if single else 0.8, thick=0.0 if single else 2.2)
    axis.set_title(f"h = {borders.h}, N = {borders.N}")
    return figure


def variance_and_gap(
    variances: Mapping[str, pd.DataFrame], gaps: Mapping[str, pd.DataFrame], *, P: int, N_star: float
) -> Figure:
    """Left: Var f against N in log-log, a colour a parametrisation, with the line fitted at N ≥ 2P and a slope of −1/2
    beside it. Right: the gap ⟨ε⟩ − ε̄. Bars: standard errors over training sets, a row each. Dotted: N*.
    """
    figure, (left, right) = plt.subplots(1, 2)
    for (name, variance), colour, mark in zip(variances.items(), (BLUE, ORANGE), "os", strict=True):
        for axis, values in ((left, variance), (right, gaps[name])):
            axis.errorbar(values.columns, values.mean(), values.sem(), fmt=mark, color=colour, capsize=3, label=name)
        wide = variance.columns[variance.columns >= 2 * P].to_numpy(float)
        if len(wide) > 1:
            slope, constant = np.polyfit(np.log(wide), np.log(variance[wide].mean()), 1)
            left.plot(wide, np.exp(constant) * wide**slope, color=colour, lw=1.2)
    guide, low = np.array([1000.0, 5000.0]), 0.4 * next(iter(variances.values())).mean().iloc[-1]
    left.plot(guide, low * (guide / guide[1]) ** -0.5, color=GREY, ls="--", lw=1.2)
    left.text(guide[0] * 0.9, low, "slope −1/2", color=INK, ha="right")
    for axis in (left, right):
        axis.axvline(N_star, color=GREY, ls=":", lw=1)
        axis.set(xscale="log", yscale="log", xlabel="weights N")
        ticks(axis, [100, 1000, 5000])
    left.set(ylabel="Var f", title="The variance …")
    right.set(ylabel="gap, ⟨ε⟩ − ε̄", title="… and what it costs")
    ticks(right, [0.003, 0.01, 0.03], "y")
    left.legend()
    return figure


def errors(alone: pd.DataFrame, together: pd.DataFrame, *, members: int, points: int, N_star: float) -> Figure:
    """Test error against N: squares of single networks, dots of ensembles; bars are standard errors over training sets,
    a row each, and bands the binomial error of the test points. Dotted: N*.
    """
    figure, axis = plt.subplots(figsize=(6, 3.9))
    for values, colour, mark, name in (
        (alone, ORANGE, "s", "one network, $⟨ε⟩$"),
        (together, BLUE, "o", f"{members} together, $\\barε$"),
    ):
        middle = values.mean()
        known = np.array([binomial(error, points) for error in middle])
        axis.fill_between(middle.index, middle - known, middle + known, color=colour, alpha=0.18, lw=0)
        axis.errorbar(middle.index, middle, values.sem(), fmt=mark + "-", color=colour, capsize=3, label=name)
    axis.axvline(N_star, color=GREY, ls=":", lw=1)
    axis.text(N_star, 1.01, "N*", transform=axis.get_xaxis_transform(), ha="center")
    axis.set(xscale="log", xlabel="weights N", ylabel="test error", ylim=(0, None))
    ticks(axis, [100, 300, 1000, 3000])
    axis.legend()
    return figure


def argument(
    t: Float[np.ndarray, "turns"],
    error: Float[np.ndarray, "turns"],
    parabola: Float[np.ndarray, "3"],
    more: Float[np.ndarray, "pairs"],
    above: Float[np.ndarray, "pairs"],
) -> Figure:
    """Left: the mean error if fluctuations are multiplied by t, dots along a dashed parabola. Right: the excess error
    against the excess variance in log-log, the power fitted to all pairs, and the power 1/2 dotted.
    """
    figure, (left, right) = plt.subplots(1, 2)
    left.plot(t, np.polyval(parabola, t), color=GREY, lw=1.3, ls="--", label="a parabola")
    left.plot(t, error, "o", color=BLUE, ms=4, label="measured")
    left.set(xlabel="fluctuation turned by t", ylabel="mean test error", title="Fluctuations turned by hand")
    left.legend(loc="upper center")
    line, drawn = np.array([more.min(), more.max()]), above >= LOWEST
    right.loglog(more[drawn], above[drawn], "o", color=BLUE, ms=4)
    with suppress(ValueError):  # too few pairs for a law
        law = power_law(more, above, np.ones(len(more)), offset=False, falling=False)
        right.plot(line, law.at(line), color=ORANGE, label=f"power {law.exponent.value:.2f}")
        right.plot(line, law.at(line)[1] * (line / line[1]) ** 0.5, color=GREY, ls=":", label="power 1/2")
        right.legend()
    right.set(xlabel="excess of Var f / ‖f‖²", ylabel="excess error", title="Every width, every n", ylim=(LOWEST, None))
    return figure


def calibrated(
    N: Int[np.ndarray, "widths"],
    members: Int[np.ndarray, "sizes"],
    nll: Tables,
    geometric: Tables,
    arithmetic: Tables,
    *,
    N_star: float,
) -> Figure:
    """Left: calibrated NLL against n at the first width past N*, two set-ups with their c + b n^a. Right: of single
    networks against N, before and after calibration; bars are standard errors over training sets. Dotted: N*.
    """
    figure, (left, right) = plt.subplots(1, 2)
    first = int(np.argmax(N >= N_star))
    there = np.isfinite(nll[:, first]).all(0)
    n = members[there].astype(float)
    line = np.linspace(1, n.max(), 200)
    for tables, colour, mark, name in (
        (geometric, BLUE, "o", "average first"),
        (arithmetic, ORANGE, "s", "temper first"),
    ):
        values = tables[:, first, there].mean(0)
        left.plot(n, values, mark, color=colour, label=name)
        with suppress(ValueError):  # too few sizes for a law
            left.plot(line, power_law(n, values, np.ones(len(n))).at(line), color=colour, lw=1.2)
    for tables, colour, mark, name in ((nll, GREEN, "^", "as it is"), (geometric, BLUE, "o", "calibrated")):
        single = tables[:, :, 0]
        spread = single.std(0, ddof=1) / len(single) ** 0.5
        right.errorbar(N, single.mean(0), spread, fmt=mark + "-", color=colour, capsize=3, label=name)
    left.set(xlabel="ensemble size n", ylabel="calibrated NLL", title=f"n networks of N = {N[first]}", ylim=(0, None))
    left.set_xticks([1, 5, 10, 15, 20])
    right.axvline(N_star, color=GREY, ls=":", lw=1)
    right.set(xscale="log", xlabel="weights N", ylabel="NLL", title="One network", ylim=(0, None))
    ticks(right, [100, 1000, 5000])
    for axis in (left, right):
        axis.legend()
    return figure


def split(
    budget: int,
    measured: Sequence[Split],
    predicted: Sequence[Split],
    others: Sequence[Sequence[Split]],
    *,
    ylim: tuple[float, float],
) -> Figure:
    """Calibrated NLL against N of the splits of one budget, with the number of networks at each: measured, dotted as
    small ensembles predict it, and grey those of ``others``, other budgets. A circle is round the best.
    """
    figure, axis = plt.subplots(figsize=(6.2, 3.7), dpi=100)
    for others_splits in others:
        axis.plot(*_line(others_splits), color=PALE, lw=1, zorder=1)
    axis.plot(*_line(measured), "o-", color=BLUE, label="measured")
    axis.plot(*_line(predicted), "s:", mfc="none", color=ORANGE, label="from ensembles of n ≤ 4")
    for known, guess in zip(measured, predicted, strict=True):
        at = (known.N, max(known.value, guess.value))
        axis.annotate(f"{known.members}", at, (0, 9), textcoords="offset points", ha="center", color=INK)
    best = min(measured, key=lambda known: (known.value, known.N))
    axis.plot(best.N, best.value, "o", ms=13, mfc="none", color=BLUE)
    axis.set(xscale="log", xlabel="weights of each network, N", ylabel="calibrated NLL", xlim=(70, 1300), ylim=ylim)
    ticks(axis, [100, 200, 400, 1000])
    axis.set_title(f"{budget} weights: best is {best.members} × {best.N}")
    axis.legend(loc="upper right")
    return figure


def convolutional(alone: pd.DataFrame, together: pd.DataFrame, *, narrowest: int = 6) -> Figure:
    """Left: Var f of one CNN against N in log-log, with 95% intervals and the power law from ``narrowest`` channels on.
    Right: test errors of one and of ten together, bars the binomial error of the test points.
    """
    figure, (left, right) = plt.subplots(1, 2)
    _variance(left, alone, narrowest, colour=BLUE, line=ORANGE)
    left.set(xscale="log", yscale="log", xlabel="parameters N", ylabel="Var f", title="The variance")
    ticks(left, [0.3, 1, 3], "y")
    left.legend()
    for rows, colour, mark, name in ((alone, ORANGE, "s", "one network"), (together, BLUE, "o", "ten together")):
        known = [binomial(error, int(points)) for error, points in zip(rows.error, rows.test_points, strict=True)]
        right.errorbar(rows.N, rows.error, known, fmt=mark + "-", color=colour, capsize=3, label=name)
    right.set(xscale="log", xlabel="parameters N", ylabel="test error", title="The errors", ylim=(0, None))
    right.legend()
    for axis in (left, right):
        ticks(axis, alone.N.tolist())
    return figure


def larger(curves: Mapping[str, Curve], *, P: int, N_star: float) -> Figure:
    """Left: the curve ``variance`` against N in log-log, and right ``error`` of one network and ``together`` of twenty,
    each in its 95% band. Dotted: N*. Grey: N ≥ 2P.
    """
    figure, (left, right) = plt.subplots(1, 2)
    for axis, name, label, colour, mark in (
        (left, "variance", "Var f", BLUE, "o-"),
        (right, "error", "one network, ⟨ε⟩", ORANGE, "s-"),
        (right, "together", "twenty together, ε̄", BLUE, "o-"),
    ):
        curve = curves[name]
        axis.fill_between(curve.N, curve.low, curve.high, color=colour, alpha=0.25, lw=0)
        axis.plot(curve.N, curve.value, mark, ms=4, color=colour, label=label)
    for axis in (left, right):
        axis.axvline(N_star, color=GREY, ls=":", lw=1)
        axis.set(xscale="log", xlabel="parameters N")
        ticks(axis, [100, 1000, 10_000])
    left.axvspan(2 * P, curves["variance"].N.max(), color=PALE, alpha=0.6, lw=0)
    left.set(yscale="log", ylabel="Var f", title="The variance")
    right.set(ylabel="test error", title="The errors", ylim=(0, None))
    right.legend(loc="lower right")
    return figure


def larger_convolutional(networks: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], *, narrowest: int = 6) -> Figure:
    """As `convolutional`, a colour a data set: left Var f with the power laws, right one network dashed, ten solid."""
    figure, (left, right) = plt.subplots(1, 2)
    for (name, (alone, together)), colour, mark in zip(networks.items(), (BLUE, ORANGE), "os", strict=True):
        _variance(left, alone, narrowest, colour=colour, line=colour, mark=mark, label=name)
        right.plot(alone.N, alone.error, mark + "--", color=colour, mfc="white", label=f"{name}, one network")
        right.plot(together.N, together.error, mark + "-", color=colour, label=f"{name}, ten together")
    left.set(yscale="log", ylabel="Var f", title="The variance")
    right.set(ylabel="test error", title="The errors", ylim=(0, None))
    for axis in (left, right):
        axis.set(xscale="log", xlabel="parameters N")
        ticks(axis, [300, 1000, 3000])
        axis.legend(fontsize="small")
    ticks(left, [0.3, 1, 3, 10], "y")
    return figure


def hero(squares: Sequence[Borders]) -> Figure:
    """A square a width: thin lines are members' borders, the thick one their mean's, whose signs colour the ground."""
    figure, axes = plt.subplots(1, len(squares), figsize=(10.2, 3.7))
    for axis, borders in zip(axes, squares, strict=True):
        x, mean = borders.x.numpy(), borders.outputs.numpy().mean(0)
        axis.contourf(x, x, mean, [-1e9, 0, 1e9], colors=["#FBF1F6", "#EAF4FB"], zorder=0)
        _borders(axis, borders, dot=14.0, thin=0.9, thick=2.6)
        axis.set_title(f"{borders.N} weights each")
        axis.spines[["top", "right"]].set_visible(True)
    return figure


def _borders(axis: Axes, borders: Borders, *, dot: float, thin: float, thick: float) -> None:
    """Dots, and where outputs change sign: those of every network, and their mean; at ``thick`` 0 only the first's."""
    x, outputs, points = borders.x.numpy(), borders.outputs.numpy(), borders.points.inputs
    colours = np.where(borders.points.labels > 0, SKY, PINK)
    axis.scatter(points[:, 0], points[:, 1], c=colours, s=dot, lw=0, zorder=1)
    for member in outputs if thick else outputs[:1]:
        axis.contour(x, x, member, [0], colors=ORANGE, linewidths=thin, zorder=2)
    if thick:
        axis.contour(x, x, outputs.mean(0), [0], colors=BLUE, linewidths=thick, zorder=3)
    axis.set(xlim=(-2, 2), ylim=(-2, 2), xticks=[], yticks=[], aspect="equal")


def _variance(
    axis: Axes,
    rows: pd.DataFrame,
    narrowest: int,
    *,
    colour: str,
    line: str,
    mark: str = "o",
    label: str | None = None,
) -> None:
    """Var f with its 95% intervals, and the power law over the widths that it is fitted to."""
    ends = np.abs(rows[["variance_low", "variance_high"]].to_numpy().T - rows.variance.to_numpy())
    axis.errorbar(rows.N, rows.variance, ends, fmt=mark, color=colour, capsize=3, label=label)
    wide = rows.N[rows.h >= narrowest].to_numpy(float)
    with suppress(ValueError):  # too few widths for a law
        law = variance_law(rows, narrowest=narrowest)
        axis.plot(wide, law.at(wide), color=line, label=f"power {law.exponent.value:.2f}".replace("-", "−"))


def _line(splits: Sequence[Split]) -> tuple[list[int], list[float]]:
    return [split.N for split in splits], [split.value for split in splits]
