"""What figures of a transition share: who fits against N, N* against P, and networks that a silenced layer holds up."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from landscape_lib.statistics import Transition

Fits = Mapping[int, Transition]  # by P

FLOOR = 1e-13  # losses below are drawn there: 1e-12 counts as zero
SHARE, MISSED = "share that reaches zero loss", r"$N_\Delta / N$"
VIEWS = {"share that fits": "mean", "final loss": "median"}  # of the networks of one N


def by_size(table: pd.DataFrame, view: str) -> pd.Series:
    """The mean share that fits, or the median of the final loss, at each N."""
    return viewed(table, view).groupby(table.N).agg(VIEWS[view])


def viewed(table: pd.DataFrame, view: str) -> pd.Series:
    """What a view shows of each network: whether it fits, or its final loss, no lower than `FLOOR`."""
    return table.satisfied if view == "share that fits" else table.loss.clip(lower=FLOOR)


def draw_crosses(axis: Axes, held: pd.DataFrame, y: pd.Series, x: pd.Series | None = None) -> None:
    """The networks that a silenced layer holds up."""
    if len(held):
        axis.plot(held.N if x is None else x, y, "x", ms=4, mew=0.8, color="#AAAAAA", zorder=1, label="silenced")


def draw_share(axis: Axes, rows: pd.DataFrame, fit: Transition, colour: object) -> None:
    """The share of networks that fit at each N of one P, and the fitted curve."""
    share = by_size(rows, "share that fits")
    N = np.geomspace(share.index.min(), share.index.max(), 200)
    axis.plot(N, fit.satisfied(N), color=colour)
    axis.plot(share.index, share, "o", color=colour, label=f"P = {rows.P.iloc[0]}")


def draw_stars(axis: Axes, fits: Fits, mark: str, colour: str, label: str) -> None:
    """N* against P, with its intervals."""
    star = np.array([fit.N_star for fit in fits.values()])
    ends = np.array([fit.interval for fit in fits.values()]).T
    axis.errorbar(list(fits), star, np.abs(ends - star), fmt=mark, color=colour, capsize=3, label=label)
