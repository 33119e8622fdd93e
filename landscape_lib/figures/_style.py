"""The course's style, its colours, and a figure as a small picture."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

Value = TypeVar("Value", int, float)
STYLE = Path(__file__).with_name("landscape.mplstyle")
BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
)  # fmt: skip


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


def png(figure: Figure, *, tight: bool = True) -> bytes:
    """The figure as a PNG of at most 256 colours and nothing but its pixels: a third of the bytes of true colour.

    ``tight`` trims the white margin; without it, figures of one size give pictures of one size.
    """
    buffer = io.BytesIO()
    with mpl.rc_context({"savefig.bbox": "tight" if tight else "standard"}):  # an argument of None would not undo it
        figure.savefig(buffer, format="png")
    true_colour = Image.open(buffer).convert("RGB")
    # Maximum coverage keeps a line's rare colours, which the median cut gives up for shades of white; no dithering,
    # which would put dots on even ground.
    few = true_colour.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=4, dither=Image.Dither.NONE)
    reduced = io.BytesIO()
    few.save(reduced, format="png", optimize=True)
    return reduced.getvalue()
