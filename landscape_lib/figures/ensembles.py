"""The figures of the ensembles chapter: borders on a square, variance and errors against size, calibration, splits."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from landscape_lib.figures._styles import BLUE, GREEN, GREY, INK, ORANGE, PALE, PINK, SKY, above, ticks
from landscape_lib.measure.ensembles import Borders, binomial
from landscape_lib.measure.memory_split import Split
from landscape_lib.statistics import power_law

HIGHEST = 40.0  # of a variance that is drawn: that of narrow networks, not divided by anything, is beyond
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


def variance_and_gain(
    relative: Mapping[str, pd.DataFrame],
    raw: Mapping[str, pd.DataFrame],
    gains: Mapping[str, pd.DataFrame],
    *,
    widest: int,
    h_star: float,
) -> Figure:
    """Left: Var f/‖f‖² against h in log-log, filled, a colour each, with the line fitted from the width ``widest`` on
    and a slope of −1 beside it; hollow, Var f as it is. Right: the ensemble's gain ⟨ε⟩ − ε̄. Bars: standard errors over
    training sets, a row each. Dotted: the width at N*.
    """
    figure, (left, right) = plt.subplots(1, 2)
    for (name, values), colour, mark in zip(relative.items(), (BLUE, ORANGE), "os", strict=False):
        for axis, shown in ((left, values), (right, gains[name])):
            axis.errorbar(shown.columns, shown.mean(), shown.sem(), fmt=mark, color=colour, capsize=3, label=name)
        bare = raw[name].mean().loc[lambda values: values < HIGHEST]
        left.plot(bare.index, bare, mark, ms=4, mfc="none", color=colour)
        wide = values.columns[values.columns >= widest].to_numpy(float)
        if len(wide) > 1:
            slope, constant = np.polyfit(np.log(wide), np.log(values[wide].mean()), 1)
            left.plot(wide, np.exp(constant) * wide**slope, color=colour, lw=1.2)
    first = next(iter(relative.values())).mean()
    guide, low = np.array([widest, first.index[-1]], dtype=float), 0.55 * first.iloc[-1]
    left.plot(guide, low * guide[1] / guide, color=GREY, ls="--", lw=1.2)
    left.text(guide[1], 0.85 * low, "slope −1", color=INK, ha="right", va="top")
    for axis in (left, right):
        axis.axvline(h_star, color=GREY, ls=":", lw=1)
        _beside(axis, h_star)
        axis.set(xscale="log", yscale="log", xlabel="width h")
        ticks(axis, [5, 10, 20, 40, 80])
    left.set(ylabel="Var f / ‖f‖²", title="The variance …", ylim=(0.35 * low, HIGHEST))
    right.set(ylabel="the ensemble’s gain, ⟨ε⟩ − ε̄", title="… and what it costs")
    ticks(left, [0.01, 0.1, 1, 10], "y")
    ticks(right, [0.003, 0.01, 0.03], "y")
    kinds = {"over ‖f‖²": INK, "Var f as it is": "none"}
    left.legend(handles=[Line2D([], [], ls="", marker="o", ms=5, color=INK, mfc=f, label=k) for k, f in kinds.items()])
    right.legend()
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
    above(axis, N_star, "N*")
    axis.set(xscale="log", xlabel="weights N", ylabel="test error", ylim=(0, None))
    ticks(axis, [100, 300, 1000, 3000])
    axis.legend()
    return figure


def argument(
    t: Float[np.ndarray, "turns"],
    error: Float[np.ndarray, "turns"],
    parabola: Float[np.ndarray, "3"],
    relative: pd.DataFrame,
    gain: pd.DataFrame,
) -> Figure:
    """Left: the mean error if fluctuations are multiplied by t, dots along a dashed parabola. Right: the gain against
    Var f/‖f‖² in log-log, a dot a width, with standard errors over training sets, a row each; the power fitted, and
    the powers 1 and 1/2 dashed and dotted.
    """
    figure, (left, right) = plt.subplots(1, 2)
    left.plot(t, np.polyval(parabola, t), color=GREY, lw=1.3, ls="--", label="a parabola")
    left.plot(t, error, "o", color=BLUE, ms=4, label="measured")
    left.set(xlabel="fluctuation turned by t", ylabel="mean test error", title="Fluctuations turned by hand")
    left.legend(loc="upper center")
    x, y = relative[gain.columns].mean().to_numpy(), gain.mean().to_numpy()
    right.errorbar(x, y, gain.sem(), relative[gain.columns].sem(), fmt="o", color=BLUE, ms=4, capsize=2)
    line, middle = np.array([x.min(), x.max()]), (np.exp(np.log(x).mean()), np.exp(np.log(y).mean()))
    fitted = float(np.polyfit(np.log(x), np.log(y), 1)[0])
    for power, colour, style, name in (
        (fitted, ORANGE, "-", f"power {fitted:.2f}"),
        (1.0, GREY, "--", "power 1"),
        (0.5, GREY, ":", "power 1/2"),
    ):
        right.plot(line, middle[1] * (line / middle[0]) ** power, color=colour, ls=style, label=name)
    right.set(
        xscale="log",
        yscale="log",
        xlabel="Var f / ‖f‖²",
        ylabel="the ensemble’s gain, ⟨ε⟩ − ε̄",
        title="As the width varies",
    )
    ticks(right, [0.03, 0.1, 0.3])
    ticks(right, [0.003, 0.01, 0.03], "y")
    right.legend()
    return figure


def calibrated(
    N: Int[np.ndarray, "widths"],
    members: Int[np.ndarray, "sizes"],
    nll: Tables,
    after: Tables,
    shared: Tables,
    *,
    first: int,
    N_star: float,
) -> Figure:
    """Left: calibrated NLL against n at the width number ``first``, two calibrations with their c + k n^a. Right: of
    single networks against N, before and after calibration; bars are standard errors over training sets. Dotted: N*.
    """
    figure, (left, right) = plt.subplots(1, 2)
    there = np.isfinite(nll[:, first]).all(0)
    n = members[there].astype(float)
    line = np.linspace(1, n.max(), 200)
    for tables, colour, mark, name in (
        (after, BLUE, "o", "average, then one τ"),
        (shared, ORANGE, "s", "one τ shared, then average"),
    ):
        values = tables[:, first, there].mean(0)
        left.plot(n, values, mark, color=colour, label=name)
        with suppress(ValueError):  # too few sizes for a law
            left.plot(line, power_law(n, values, np.ones(len(n))).at(line), color=colour, lw=1.2)
    for tables, colour, mark, name in ((nll, GREEN, "^", "as it is"), (after, BLUE, "o", "calibrated")):
        single = tables[:, :, 0]
        spread = single.std(0, ddof=1) / len(single) ** 0.5
        right.errorbar(N, single.mean(0), spread, fmt=mark + "-", color=colour, capsize=3, label=name)
    left.set(xlabel="ensemble size n", ylabel="calibrated NLL", title=f"n networks of N = {N[first]}", ylim=(0, None))
    left.set_xticks([1, 2, 4, 6, 8, 10])
    right.axvline(N_star, color=GREY, ls=":", lw=1)
    _beside(right, N_star)
    right.set(xscale="log", yscale="log", xlabel="weights N", ylabel="NLL", title="One network")
    ticks(right, [100, 1000, 5000])
    ticks(right, [0.1, 0.3, 1, 3], "y")
    left.legend(loc="lower left")
    right.legend()
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
    runs of half of the budget predict it, and grey those of ``others``, other budgets. A circle is round the best.
    """
    figure, axis = plt.subplots(figsize=(6.2, 3.7), dpi=100)
    for others_splits in others:
        axis.plot(*_line(others_splits), color=PALE, lw=1, zorder=1)
    axis.plot(*_line(measured), "o-", color=BLUE, label="measured")
    axis.plot(*_line(predicted), "s:", mfc="none", color=ORANGE, label="from half of the budget")
    for known in measured:
        number = axis.annotate(
            f"{known.members}", (known.N, known.value), (0, 9), textcoords="offset points", ha="center", color=INK
        )
        number.set_path_effects([withStroke(linewidth=3, foreground="white")])  # over the lines that cross it
    best = min(measured, key=lambda known: (known.value, known.members))
    axis.plot(best.N, best.value, "o", ms=13, mfc="none", color=BLUE)
    axis.set(xscale="log", xlabel="weights of each network, N", ylabel="calibrated NLL", xlim=(70, 5000), ylim=ylim)
    ticks(axis, [100, 300, 1000, 3000])
    axis.set_title(f"{budget} weights: best is {best.members} × {best.N:.0f}")
    axis.legend(loc="upper left")  # where no budget has a split
    return figure


def convolutional(
    relative: Mapping[str, pd.DataFrame],
    errors: Mapping[str, tuple[pd.Series, pd.Series]],
    exponent: Mapping[str, float],
) -> Figure:
    """Left: Var f/‖f‖² of CNNs against their channels h in log-log, a colour a data set, dots the mean over training
    sets with standard errors, if there are several, and the fitted power of ``exponent``, if it was fitted. Right: test
    errors against h, of one network dashed and of all together solid.
    """
    figure, (left, right) = plt.subplots(1, 2)
    for (name, values), colour, mark in zip(relative.items(), (BLUE, ORANGE), "os", strict=False):
        h, mean = values.columns.to_numpy(float), values.mean().to_numpy()
        left.errorbar(h, mean, values.sem().fillna(0), fmt=mark, color=colour, capsize=3, label=name)
        if name in exponent:
            line = np.exp(np.log(mean).mean()) * (h / np.exp(np.log(h).mean())) ** exponent[name]
            left.plot(h, line, color=colour, lw=1.2, label=f"power {exponent[name]:.2f}".replace("-", "−"))
        alone, together = errors[name]
        right.plot(alone.index, alone, mark + "--", color=colour, mfc="white", label=f"{name}, one network")
        right.plot(together.index, together, mark + "-", color=colour, label=f"{name}, together")
    narrowest = min(values.columns.min() for values in relative.values())
    left.set(yscale="log", ylabel="Var f / ‖f‖²", title="The variance")
    right.set(ylabel="test error", title="The errors", ylim=(0, None))
    for axis in (left, right):
        axis.set(xscale="log", xlabel="channels h")
        ticks(axis, [h for h in (3, 6, 12, 24) if h >= narrowest])  # one further out would widen the axis
        axis.legend(fontsize="small")
    highest = max(values.mean().max() for values in relative.values())
    ticks(left, [value for value in (0.05, 0.1, 0.2, 0.4, 0.8) if value < 2 * highest], "y")
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


def _beside(axis: Axes, star: float) -> None:
    """The name of N* at the foot of its line: above it is the title."""
    axis.text(1.08 * star, 0.03, "N*", transform=axis.get_xaxis_transform(), color=INK)


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


def _line(splits: Sequence[Split]) -> tuple[list[float], list[float]]:
    return [split.N for split in splits], [split.value for split in splits]
