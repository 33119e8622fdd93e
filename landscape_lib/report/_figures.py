"""A figure shown with its caption, its alternative text and what it is made of."""

import base64
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from landscape_lib.figures import cuts, panel_gaps, png

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
    described["cuts"] = cuts([panel_gaps(figure)])  # where a phone's page may cut the picture
    plt.close(figure)
    from IPython.display import display  # only notebooks need it

    display(
        {"image/png": picture, "text/plain": f"Figure {name}. {caption}"},
        raw=True,
        metadata={"landscape_figure": described},
    )


def panels(cut: Sequence[int]) -> str:
    """The classes of a picture that a page may cut into its panels; of one that it may not, none.

    >>> panels([475]), panels([])
    ('panels cut-475', '')
    """
    return " ".join(["panels", *(f"cut-{place}" for place in cut)]) if cut else ""
