"""Explorers: a picture and the settings it depends on, to be moved by hand.

With a kernel the picture is drawn anew at every move. In the built page, which has none, the frames were drawn before.
"""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from landscape_lib.figures import cuts, is_map, panel_gaps, png

from ._card import Frame, as_script, attributes, show_card, words
from ._figures import classes
from ._sources import Made, facts, tables

Gaps = list[tuple[float, float]]
MOST = 400_000  # bytes of an explorer, as the page carries it


def explore(
    draw: Callable[..., tuple[Figure, str]],
    settings: Mapping[str, Sequence[Any]],
    *,
    name: str,
    caption: str,
    of: Made | Sequence[Made],
    reproduces: str | None = None,
    labels: Mapping[str, str] | None = None,
    start: Mapping[str, Any] | None = None,
) -> None:
    """Show what ``draw(**setting)`` draws, for one or two settings, each moved by a slider or a drop-down.

    ``settings`` names each argument of ``draw`` and the values it takes: numbers get a slider, words a drop-down.
    ``draw`` returns the figure and its own alternative text, which says what this frame shows. Figures need one size
    for all frames. A kernel calls the same ``draw`` at each move, so that it shows what the notebook's variables hold
    by then. ``labels`` gives settings a longer name, ``start`` the frame to begin with (the first), which
    is also what print and PDF show. ``of`` is what was measured, a sweep's table or a `Source`.
    """
    place = f"explorer {words('explore: name', name)}"
    words(f"{place}: caption", caption, least=3)
    grid = _grid(place, settings)
    unknown = [key for given in (labels, start) for key in given or {} if key not in grid]
    if unknown:
        raise ValueError(f"{place}: no setting is called {', '.join(unknown)}; there is {', '.join(grid)}")
    start = {key: (start or {}).get(key, values[0]) for key, values in grid.items()}
    for key, value in start.items():
        if value not in grid[key]:
            raise ValueError(f"{place}: start {key}={value!r} is none of {grid[key]}")
    titles = {key: words(f"{place}: label of {key}", (labels or {}).get(key, key)) for key in grid}

    def drawn(indices: Sequence[int]) -> tuple[Frame, Gaps, bool]:
        setting = {key: values[i] for i, (key, values) in zip(indices, grid.items(), strict=True)}
        picture, gaps, keeps_colours, alt = _draw(place, draw, setting)
        return {"src": f"data:image/png;base64,{base64.b64encode(picture).decode()}", "alt": alt}, gaps, keeps_colours

    every = product(*(range(len(values)) for values in grid.values()))
    made = {" ".join(map(str, indices)): drawn(indices) for indices in every}
    frames = {at: frame for at, (frame, *_) in made.items()}
    _check(place, frames)
    named = classes(cuts([gaps for _, gaps, _ in made.values()]), any(keeps for *_, keeps in made.values()))
    at = " ".join(str(values.index(start[key])) for key, values in grid.items())
    first = frames[at]
    controls = "\n".join(_control(name, key, titles[key], values, start[key]) for key, values in grid.items())
    shown = (
        '<div class="explorer" data-card="explorer">\n'
        f'<div class="controls" data-needs-script hidden>\n{controls}\n</div>\n'
        f'<img {attributes(**first, class_=named)}>\n<p role="status"></p>\n<p role="alert"></p>\n'
    )
    markup = f"{shown}{as_script(frames, 'explorer-frames')}</div>"
    if (size := len(markup.encode())) > MOST:
        raise ValueError(
            f"{place}: {len(frames)} frames make {size // 1000} kB, a page takes {MOST // 1000}: "
            "fewer values, smaller figures, or fewer dots in them"
        )
    setting = ", ".join(f"{titles[key]} = {_text(value)}" for key, value in start.items())
    choices = "; ".join(f"{titles[key]}: {', '.join(map(_text, values))}" for key, values in grid.items())
    show_card(
        markup,
        {"kind": f"Explorer {name}", "text": caption, "asks_for": f"{choices}\nshown: {setting}"},
        live=f'{shown}{as_script({})}<p class="caption">{html.escape(caption)}</p></div>',
        reply=lambda indices: drawn(indices)[0],
        picture=_bytes(first),
        metadata={
            "landscape_figure": {
                "name": name,
                "caption": f"{caption} In print: {setting}.",
                "alt": first["alt"],
                "source": facts(of, reproduces),
                "tables": tables(of),
                "classes": named,
            }
        },
    )


def _grid(place: str, settings: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    grid = {key: list(values) for key, values in settings.items()}
    if not 1 <= len(grid) <= 2:
        raise ValueError(f"{place}: {len(grid)} settings ({', '.join(grid)}); need one or two")
    for key, values in grid.items():
        if not values:
            raise ValueError(f"{place}: setting {key} has no values, so there are no frames; give at least two")
        if len(set(map(_text, values))) < max(len(values), 2):
            shown = ", ".join(map(_text, values))
            raise ValueError(f"{place}: setting {key} takes {shown}, as written; need at least two, no two alike")
        if len({isinstance(value, str) for value in values}) > 1:
            raise ValueError(f"{place}: setting {key} takes {values}; need words, or numbers, not both")
    return grid


def _draw(place: str, draw: Callable[..., Any], setting: Mapping[str, Any]) -> tuple[bytes, Gaps, bool, str]:
    at = ", ".join(f"{key}={value!r}" for key, value in setting.items())
    before = plt.get_fignums()
    try:
        drawn = draw(**setting)
        if not (isinstance(drawn, tuple) and len(drawn) == 2 and isinstance(drawn[0], Figure)):
            raise ValueError(f"{place} at {at}: draw returned {type(drawn).__name__}; need a figure and its alt text")
        figure, alt = drawn
        picture = png(figure, tight=False)
        gaps = panel_gaps(figure, tight=False)
        return picture, gaps, is_map(figure), words(f"{place} at {at}: alt text", alt, least=3)
    finally:
        for number in set(plt.get_fignums()) - set(before):
            plt.close(number)


def _bytes(frame: Frame) -> bytes:
    return base64.b64decode(frame["src"].partition(",")[2])


def _check(place: str, frames: Mapping[str, Frame]) -> None:
    seen: dict[str, str] = {}
    for at, frame in frames.items():
        if frame["alt"] in seen:
            raise ValueError(f"{place}: frames {seen[frame['alt']]} and {at} have the same alt text, {frame['alt']!r}")
        seen[frame["alt"]] = at
    sizes = {at: Image.open(io.BytesIO(_bytes(frame))).size for at, frame in frames.items()}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{at}: {wide} × {high}" for at, (wide, high) in sizes.items())
        raise ValueError(f"{place}: frames of several sizes ({listed}); give all figures one figsize")


def _control(name: str, key: str, title: str, values: Sequence[Any], start: Any) -> str:
    at, texts = values.index(start), [_text(value) for value in values]
    labels = json.dumps(texts, ensure_ascii=False)
    # or a browser puts a control back where it was, under the first picture
    common = attributes(data_setting=labels, name=f"{name}-{key}", autocomplete="off")
    if all(isinstance(value, str) for value in values):
        options = "".join(
            f'<option value="{i}"{" selected" if i == at else ""}>{html.escape(text)}</option>'
            for i, text in enumerate(texts)
        )
        return f"<label>{html.escape(title)} <select {common}>{options}</select></label>"
    slider = f'<input type="range" min="0" max="{len(values) - 1}" value="{at}" {common}'
    valuetext = attributes(aria_valuetext=texts[at])
    return f"<label>{html.escape(title)} {slider} {valuetext}> <output>{html.escape(texts[at])}</output></label>"


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
