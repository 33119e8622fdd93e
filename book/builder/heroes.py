"""The pictures at the heads of the chapters and of the book, drawn again: book/static/NAME.png.

Where a table in book/results holds all that is drawn, the picture is drawn from it. Where it does not, the picture is
measured again and its table with it, so it is made only when it is asked for by name.
"""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from landscape_lib.figures import jamming, png, style
from landscape_lib.report import read_results

from .messages import BuildError, say
from .paths import BOOK, show, write

# Of each chapter: the picture, how its table is drawn, and the table.
TABLES: dict[str, tuple[str, Callable[[pd.DataFrame], Figure], str]] = {
    "03_jamming": ("jamming", jamming.hero, "jamming_class_mnist"),
}
# The picture, measured and drawn: it writes its own table.
MEASURED: dict[str, tuple[str, Callable[[], bytes]]] = {}


def redraw(chapter: str | None) -> None:
    """Draw the picture of one chapter, or of all whose table is there."""
    if chapter is not None and chapter not in TABLES and chapter not in MEASURED:
        raise BuildError(f"CHAPTER={chapter}: no picture of its own; there is {', '.join([*TABLES, *MEASURED])}")
    for name in [chapter] if chapter else TABLES:
        picture, drawn = (TABLES[name][0], from_table(name)) if name in TABLES else measured(name)
        write(path := BOOK / "static" / f"{picture}.png", drawn)
        say(f"{name}: {show(path)}, {len(drawn) // 1000} kB")
    if chapter is None and MEASURED:
        say(f"measured again only when asked for, with --chapter: {', '.join(MEASURED)}")


def from_table(chapter: str) -> bytes:
    """The picture of a chapter, drawn from its table."""
    _, draw, table = TABLES[chapter]
    with style():
        figure = draw(read_results(BOOK / "results" / f"{table}.csv"))
        drawn = png(figure, marked=True)
    plt.close(figure)
    return drawn


def measured(chapter: str) -> tuple[str, bytes]:
    """The name of a picture, and the picture, of which everything was measured again."""
    picture, make = MEASURED[chapter]
    say(f"{chapter}: measuring …")
    return picture, make()
