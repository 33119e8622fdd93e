"""Surfaces: heights over a plane, which the reader turns. No kernel is asked: the page carries the heights."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from landscape_lib.figures import is_map, png

from ._card import as_script, attributes, show_card, words
from ._explorers import MOST
from ._figures import classes
from ._sources import Made, facts, tables

Heights = Float[np.ndarray, "rows columns"]
LEVELS = 999  # a height is a whole number of so many steps from the lowest to the highest
COLOURS = [mpl.colors.to_hex(mpl.colormaps["viridis"](i / 31)) for i in range(32)]
TURN, TILT = (-180, 180, 5, -60), (0, 90, 5, 30)  # degrees: lowest, highest, step, start


def turn(
    surfaces: Mapping[str, tuple[Heights, str]],
    *,
    picture: Figure,
    axes: tuple[str, str, str],
    name: str,
    caption: str,
    alt: str,
    of: Made | Sequence[Made],
    reproduces: str | None = None,
) -> None:
    """Show heights over a plane as a surface that can be turned and tilted; several are chosen from a drop-down.

    ``surfaces`` gives each by its name: heights, rows along the second axis, columns along the first, and what one
    would see. All have one size and one scale, and the middle of the grid is marked. A height that is not finite is a
    hole. ``axes`` names the two directions and the height. ``picture`` stands in the surface's place in print and
    where there is no script, ``alt`` says what it shows.
    """
    place = f"surface {words('turn: name', name)}"
    words(f"{place}: caption", caption, least=3)
    words(f"{place}: alt", alt, least=3)
    labels = [words(f"{place}: axis", axis) for axis in axes]
    grids = _grids(place, surfaces)
    low, high = _range(place, grids)
    data = {
        "axes": labels,
        "ends": [f"{low:.3g}", f"{high:.3g}"],
        "colours": COLOURS,
        "surfaces": [
            {"alt": words(f"{place}: alt text of {title}", seen, least=3), "heights": _levels(grid, low, high)}
            for (title, (_, seen)), grid in zip(surfaces.items(), grids, strict=True)
        ],
    }
    menu = _menu(name, list(surfaces)) if len(surfaces) > 1 else ""
    sliders = "\n".join(_slider(name, key, *of_) for key, of_ in (("turn", TURN), ("tilt", TILT)))
    shot, named = png(picture), classes([], is_map(picture))
    plt.close(picture)  # or the notebook shows it once more
    shown = (
        '<div class="surface" data-card="surface">\n'
        f'<div class="controls" data-needs-script hidden>\n{menu}{sliders}\n</div>\n'
        '<canvas role="img" data-needs-script hidden></canvas>\n'
        f"<img {attributes(src=f'data:image/png;base64,{base64.b64encode(shot).decode()}', alt=alt, class_=named)}>\n"
        f'<p role="status"></p>\n{as_script(data)}'
    )
    if (size := len(shown.encode())) > MOST:
        raise ValueError(f"{place}: {size // 1000} kB, a page takes {MOST // 1000}: fewer surfaces, or coarser ones")
    show_card(
        f"{shown}</div>",
        {"kind": f"Surface {name}", "text": caption, "asks_for": f"to be turned: {', '.join(surfaces)}"},
        live=f'{shown}<p class="caption">{html.escape(caption)}</p></div>',
        picture=shot,
        metadata={
            "landscape_figure": {
                "name": name,
                "caption": caption,
                "alt": alt,
                "source": facts(of, reproduces),
                "tables": tables(of),
                "classes": named,
            }
        },
    )


def _grids(place: str, surfaces: Mapping[str, tuple[Heights, str]]) -> list[Heights]:
    if not surfaces:
        raise ValueError(f"{place}: no surfaces given; need at least one")
    grids = [np.asarray(heights, dtype=float) for heights, _ in surfaces.values()]
    shapes = {title: grid.shape for title, grid in zip(surfaces, grids, strict=True)}
    if len(set(shapes.values())) > 1 or any(grid.ndim != 2 or min(grid.shape) < 2 for grid in grids):
        raise ValueError(f"{place}: heights of shapes {shapes}; need (rows, columns), one for all, at least 2 of each")
    return grids


def _range(place: str, grids: Sequence[Heights]) -> tuple[float, float]:
    finite = np.concatenate([grid[np.isfinite(grid)] for grid in grids])
    if len(finite) == 0 or not finite.min() < finite.max():
        seen = "none is finite" if len(finite) == 0 else f"all are {finite[0]:g}"
        raise ValueError(f"{place}: of {sum(grid.size for grid in grids)} heights {seen}; need two different ones")
    return finite.min(), finite.max()


def _levels(grid: Heights, low: float, high: float) -> list[list[int | None]]:
    """Heights as steps above the lowest; None for a hole."""
    steps = np.rint(np.where(np.isfinite(grid), (grid - low) / (high - low), -1) * LEVELS).astype(int)
    return [[None if step < 0 else step for step in row] for row in steps.tolist()]


def _menu(name: str, titles: Sequence[str]) -> str:
    options = "".join(f'<option value="{i}">{html.escape(title)}</option>' for i, title in enumerate(titles))
    return f'<label>shown <select name="{html.escape(name)}-shown" autocomplete="off">{options}</select></label>\n'


def _slider(name: str, key: str, least: int, most: int, step: int, start: int) -> str:
    given = attributes(name=f"{name}-{key}", autocomplete="off", data_angle=key, aria_valuetext=f"{start} degrees")
    return f'<label>{key} <input type="range" min="{least}" max="{most}" step="{step}" value="{start}" {given}></label>'
