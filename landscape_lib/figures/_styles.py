"""The course's style, its colours, and a figure as a small picture."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from PIL import Image
from PIL.PngImagePlugin import PngInfo

Value = TypeVar("Value", int, float)
STYLE = Path(__file__).with_name("landscape.mplstyle")
BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
)  # fmt: skip
# Lines that guide the eye, what stands behind, what stands behind in crowds, words in a figure.
GREY, FAINT, PALE, INK = "grey", "#CCCCCC", "#DDDDDD", "#444444"


def use_style() -> None:
    """Draw the figures that follow in the course's style; `style` does so for one block only."""
    plt.style.use(STYLE)


@contextmanager
def style() -> Iterator[None]:
    """The course's style for the figures of a ``with`` block."""
    with plt.style.context(STYLE):
        yield


def shades(values: Iterable[Value]) -> dict[Value, tuple[float, float, float, float]]:
    """A colour for each of some ordered values, light to dark; told apart in grey and by the colour-blind.

    None is so light that it fades on white, nor, inverted, on a dark page.

    >>> light, dark = shades([250, 125]).values()
    >>> bool(sum(light[:3]) > sum(dark[:3]))
    True
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("shades: no values given, need at least one")
    colours = mpl.colormaps["viridis_r"]
    steps = max(len(ordered) - 1, 1)
    return {value: colours(0.28 + 0.67 * i / steps) for i, value in enumerate(ordered)}


def ticks(axis: Axes, values: Sequence[int | float], which: str = "x") -> None:
    """Ticks at these values and nowhere else, labelled as plain numbers: 50, 100, 200 on a logarithmic axis, not 10².

    >>> axis = plt.figure().add_subplot(xscale="log")
    >>> ticks(axis, [0.5, 1, 10_000])
    >>> [label.get_text() for label in axis.get_xticklabels()]
    ['0.5', '1', '10 000']
    """
    labels = [f"{value:,.0f}".replace(",", " ") if value >= 10_000 else f"{value:g}" for value in values]
    axis.set(**{f"{which}ticks": values, f"{which}ticklabels": labels})
    axis.minorticks_off()


def against(axis: Axes, rows: pd.DataFrame, by: str, column: str, **style: Any) -> None:
    """The means of a column against another, with their standard errors over the rows of each."""
    means = rows.groupby(by)[column].agg(["mean", "sem"])
    axis.errorbar(means.index, means["mean"], means["sem"], capsize=3, **style)


def above(axis: Axes, x: int | float, name: str, colour: str = INK) -> None:
    """A name over the top of the axes, where a line or a band stands: a slide has no caption to tell what it is."""
    axis.text(x, 1.01, name, transform=axis.get_xaxis_transform(), ha="center", color=colour)


def png(figure: Figure, *, tight: bool = True, marked: bool = False) -> bytes:
    """The figure as a PNG of at most 256 colours and nothing but its pixels: a third of the bytes of true colour.

    ``tight`` trims the white margin; without it, figures of one size give pictures of one size. ``marked`` writes into
    the file where a page may cut it between its panels (`cuts`): for pictures that stand in a folder.
    """
    buffer = io.BytesIO()
    with mpl.rc_context({"savefig.bbox": "tight" if tight else "standard"}):  # an argument of None would not undo it
        figure.savefig(buffer, format="png")
    true_colour = Image.open(buffer).convert("RGB")
    # Maximum coverage keeps a line's rare colours, which the median cut gives up for shades of white; no dithering,
    # which would put dots on even ground.
    few = true_colour.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=4, dither=Image.Dither.NONE)
    reduced = io.BytesIO()
    marks = PngInfo()
    if marked and (between := cuts([panel_gaps(figure, tight=tight)])):
        marks.add_text("cuts", " ".join(map(str, between)))
    few.save(reduced, format="png", optimize=True, pnginfo=marks)
    return reduced.getvalue()


def marked_cuts(picture: Path) -> list[int]:
    """Where a picture that `png` marked may be cut; nowhere, if it is not marked."""
    with Image.open(picture) as image:
        return [int(place) for place in str(image.info.get("cuts", "")).split()]


def is_map(figure: Figure) -> bool:
    """Whether colours in a figure stand for values: a page must not turn them dark with everything else."""
    if any(axis.name == "3d" for axis in figure.axes):  # a surface, or what is shaded by height
        return True
    drawn = [child for axis in figure.axes for child in axis.get_children()]
    filled = any(isinstance(child, ContourSet) and child.filled for child in drawn)
    return filled or any(isinstance(child, QuadMesh | AxesImage) for child in drawn)


def panel_gaps(figure: Figure, *, tight: bool = True) -> list[tuple[float, float]]:
    """Where nothing is drawn between panels that stand side by side, as shares of the width of the picture of `png`.

    A page cuts the picture there, and a phone shows the panels below each other. A colour bar belongs to the panel on
    its left. What spans the figure, a legend or a title of all, leaves no gap. Ask after `png`: a
    figure that is drawn again moves a little.
    """
    if figure.legends or figure.texts or getattr(figure, "_suptitle", None):
        return []
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]  # of Agg, which all of them are drawn with
    whole = figure.get_tightbbox(renderer).padded(mpl.rcParams["savefig.pad_inches"]) if tight else figure.bbox_inches
    boxes = [(box, axis) for axis in figure.axes if (box := axis.get_tightbbox(renderer)) is not None]
    spans: list[list[float]] = []
    for box, axis in sorted(boxes, key=lambda pair: pair[0].x0):
        left, right = ((x / figure.dpi - whole.x0) / whole.width for x in (box.x0, box.x1))
        if spans and (left <= spans[-1][1] or axis.get_label() == "<colorbar>"):
            spans[-1][1] = max(spans[-1][1], right)
        else:
            spans.append([left, right])
    return [(before[1], after[0]) for before, after in pairwise(spans)]


def cuts(gaps: Sequence[Sequence[tuple[float, float]]]) -> list[int]:
    """Where pictures of one size can all be cut, in thousandths of their width: the middle of what their gaps share.

    >>> cuts([[(0.4, 0.5)], [(0.45, 0.6)]])
    [475]
    >>> cuts([[(0.4, 0.5)], []])
    []
    """
    if len({len(of_one) for of_one in gaps}) != 1:
        return []
    shared = [(max(low for low, _ in column), min(high for _, high in column)) for column in zip(*gaps, strict=True)]
    return [round(500 * (low + high)) for low, high in shared] if all(low < high for low, high in shared) else []
