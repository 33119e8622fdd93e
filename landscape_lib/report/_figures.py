"""A figure shown with its caption, its alternative text and what it is made of."""

import base64
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from landscape_lib.figures import cuts, is_map, panel_gaps, png

from ._card import words
from ._sources import Made, facts, tables


def show(
    figure: Figure, *, name: str, caption: str, alt: str, of: Made | Sequence[Made], reproduces: str | None = None
) -> None:
    """Show a finished figure in a notebook; the page numbers it, and has the caption and the alternative text.

    ``alt`` says what the figure shows to someone who cannot see it, the result included; ``caption`` which data and
    budget made it. Both may hold measured numbers. ``of`` is what was measured: a sweep's table, a `Source`, or
    several; ``reproduces`` names the original figure. The page puts them in a strip under the figure. In plain text the
    figure is its caption, which is what is compared when the notebooks are tested.
    """
    words("show: name", name)
    words(f"show: caption of {name}", caption, least=3)
    words(f"show: alt of {name}", alt, least=3)
    if alt.strip() == caption.strip():
        raise ValueError(f"show: figure {name} has its caption as alt text; alt says what one would see")
    picture = base64.b64encode(png(figure)).decode()
    described: dict[str, Any] = {"name": name, "caption": caption, "alt": alt, "source": facts(of, reproduces)}
    described["tables"] = tables(of)
    described["classes"] = classes(cuts([panel_gaps(figure)]), is_map(figure))
    plt.close(figure)
    from IPython.display import display  # only notebooks need it

    display(
        {"image/png": picture, "text/plain": f"Figure {name}. {caption}"},
        raw=True,
        metadata={"landscape_figure": described},
    )


def classes(cut: Sequence[int], keeps_colours: bool = False) -> str:
    """What a page may do with a picture, as classes: cut it into its panels on a phone, and turn it dark or not.

    >>> classes([475]), classes([]), classes([], keeps_colours=True)
    ('panels cut-475', '', 'dark-light')
    """
    panels = ["panels", *(f"cut-{place}" for place in cut)] if cut else []
    return " ".join([*panels, *["dark-light"] * keeps_colours])
