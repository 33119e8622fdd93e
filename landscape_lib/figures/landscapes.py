"""The picture at the top of the book: maps of four landscapes, as in an atlas."""

import io
from collections.abc import Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.colors import LightSource, LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image
from scipy.ndimage import distance_transform_edt, gaussian_filter, minimum_filter, zoom

from landscape_lib.figures._styles import style
from landscape_lib.measure.landscapes import FRAME, Map

# The drawing. Sizes are in pixels of the finished picture; a phone shows it at a third of that.
WIDE, HIGH, HEAD, LEGEND = 498, 332, 44, 104
CONTOURS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
LAND = LinearSegmentedColormap.from_list("land", ["#fbf3df", "#edd6a3", "#cfa765", "#a97c4c", "#8a6a52"])
WATER = LinearSegmentedColormap.from_list("water", ["#2a78ad", "#0f5288", "#082f5a"])
INK, PAPER = "#1f1812", "#fbf6ea"
LOW, TOP = 0.03, 3.0  # heights: where the tint turns from linear to logarithmic, and where it ends
DEEP = 1.0  # the distance of the closest pattern from its margin at which water is darkest
BAR = 0.1  # the length of the scale bars, over the norm of the weights


def tint(height: Float[np.ndarray, "*grid"]) -> Float[np.ndarray, "*grid"]:
    """Height as drawn, 0 to 1 at TOP: linear near the water, so that a shore is a slope, logarithmic above."""
    return np.log1p(height / LOW) / np.log1p(TOP / LOW)


def relief(
    chart: Map,
) -> tuple[Float[np.ndarray, "high wide 3"], Float[np.ndarray, "high wide"], Bool[np.ndarray, "high wide"]]:
    """The map's colours, (HIGH, WIDE, 3), its heights, and where its water is, from the grid to the picture's pixels.

    Light comes from the north-west, as in atlases. Water is darker the farther the closest pattern is from its margin.
    """
    scale = (HIGH / chart.loss.shape[0], WIDE / chart.loss.shape[1])
    up = gaussian_filter(zoom(tint(chart.height), scale, order=1), 1.0)
    gap = zoom(chart.gap, scale, order=1)
    wet = gap <= 0
    shade = LightSource(315, 45).hillshade(up, vert_exag=75)[..., None]
    land = LAND(up)[..., :3]
    lit = np.where(shade > 0.5, 1 - (1 - land) * (1.35 - 0.7 * shade), land * (0.55 + 0.9 * shade))
    height = LOW * np.expm1(up * np.log1p(TOP / LOW))
    return np.where(wet[..., None], WATER(-gap / DEEP)[..., :3], lit).clip(0, 1), height, wet


def roomiest(free: Bool[np.ndarray, "rows columns"], high: int, wide: int) -> tuple[int, int] | None:
    """Where a box fits with most room around it, (row, column) of its middle; None if nowhere."""
    fits = minimum_filter(free, size=(high, wide), mode="constant", cval=0)
    room = distance_transform_edt(free) * fits
    row, column = divmod(int(room.argmax()), room.shape[1])
    return (row, column) if fits.any() else None


def sheet(axis: Axes, chart: Map) -> None:
    """One map: relief, contours, water, and the three networks."""
    colours, height, wet = relief(chart)
    axis.imshow(colours, origin="lower", extent=(0, WIDE, 0, HIGH), interpolation="nearest")
    x, y = np.arange(WIDE) + 0.5, np.arange(HIGH) + 0.5
    lines = axis.contour(x, y, height, levels=CONTOURS, colors=INK, linewidths=0.8, alpha=0.6)
    axis.clabel(lines, fmt="%g", fontsize=13)
    ends = (chart.ends / FRAME + 1) / 2 * (WIDE, HIGH)
    free = wet & (np.hypot(x - ends[:, 0, None, None], y[:, None] - ends[:, 1, None, None]).min(0) > 14)
    if wet.any():
        axis.contour(x, y, wet, levels=[0.5], colors="#06233c", linewidths=1.5)
    if spot := roomiest(free, 30, 124):
        axis.text(*spot[::-1], "zero loss", color="white", style="italic", ha="center", va="center_baseline")
    axis.plot(*ends.T, "o", ms=8, mfc="white", mec=INK, mew=1.6)
    axis.set(xlim=(0, WIDE), ylim=(0, HIGH))


def hero(maps: Sequence[Map]) -> Figure:
    """Four maps, two by two, each under its number of weights and a scale bar; below them what the tints mean."""
    width, height = 2 * WIDE + 4, 2 * (HEAD + HIGH + 2) + LEGEND
    with style(), plt.rc_context({"font.size": 18, "text.color": INK, "figure.constrained_layout.use": False}):
        figure = plt.figure(figsize=(width / 100, height / 100), facecolor=INK)

        def box(left: int, top: int, wide: int, high: int) -> Axes:
            axis = figure.add_axes((left / width, 1 - (top + high) / height, wide / width, high / height))
            axis.set(xlim=(0, wide), ylim=(0, high), xticks=[], yticks=[], facecolor=PAPER, frame_on=True)
            axis.spines[:].set_visible(False)
            axis.grid(False)
            return axis

        def bar(axis: Axes, left: float, right: float, y: float) -> None:
            axis.plot([left, right], [y, y], color=INK, lw=4, solid_capstyle="butt")

        for i, chart in enumerate(maps):
            left, top = i % 2 * (WIDE + 4), i // 2 * (HEAD + HIGH + 2)
            head = box(left, top, WIDE, HEAD)
            head.text(14, HEAD / 2, f"{chart.N} weights", fontsize=22, weight="bold", va="center_baseline")
            bar(head, WIDE - 16 - BAR * WIDE / (2 * FRAME[0] * chart.unit), WIDE - 16.0, HEAD / 2)
            sheet(box(left, top + HEAD, WIDE, HIGH), chart)

        legend, shore, end = box(0, height - LEGEND, width, LEGEND), 120, 540
        legend.imshow(WATER(np.linspace(1, 0, 256))[None], extent=(16, shore, 66, 92), aspect="auto")
        legend.imshow(LAND(np.linspace(0, 1, 256))[None], extent=(shore, end, 66, 92), aspect="auto")
        legend.set(xlim=(0, width), ylim=(0, LEGEND))
        marks = np.array([0, 0.05, 0.2, 0.5, 1, TOP])
        for value, x in zip(marks, shore + (end - shore) * tint(marks), strict=True):
            legend.text(x, 38, f"{value:g}" + ("+" if value == TOP else ""), ha="center")
        legend.text(16, 38, f"{DEEP:g}+")
        legend.text(16, 10, "depth")
        legend.text((shore + end) / 2, 10, "height, the rms gap", ha="center")
        legend.plot(602, 79, "o", ms=8, mfc="white", mec=INK, mew=1.6)
        legend.text(640, 79, "a trained network", va="center_baseline")
        bar(legend, 576.0, 626.0, 30.0)
        legend.text(640, 30, "10% of the weights’ norm", va="center_baseline")
        return figure


def png(figure: Figure) -> bytes:
    """The maps as a PNG of 256 colours, a pixel of the figure's a pixel of it."""
    canvas, reduced = io.BytesIO(), io.BytesIO()
    with mpl.rc_context({"savefig.bbox": "standard"}):
        figure.savefig(canvas, dpi=100)
    few = Image.open(canvas).convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT)
    few.save(reduced, format="png", optimize=True)
    return reduced.getvalue()
