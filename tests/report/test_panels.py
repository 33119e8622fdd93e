"""Where a picture can be cut between its panels: in white, from top to bottom."""

from __future__ import annotations

import io
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from landscape_lib.figures import cuts, panel_gaps, png, style


def drawn(columns: int, *, bar: bool = False, **options) -> Figure:
    figure, axes = plt.subplots(1, columns, squeeze=False, **options)
    for i, axis in enumerate(axes[0]):
        axis.plot([0, 1], [10**-i, 10.0**i], label="a line")
        axis.set(xlabel="weights N", ylabel="loss after training", title=f"Panel {i}", yscale="log")
        axis.legend(loc="center left", bbox_to_anchor=(1.02, 0.5) if i == 0 else (0.1, 0.5))
    if bar:
        mesh = axes[0, 0].pcolormesh([1, 2, 3], [1, 2, 3], np.arange(4).reshape(2, 2))
        figure.colorbar(mesh, ax=axes[0, 0])
    return figure


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No figure is left open, whatever fails."""
    yield
    plt.close("all")


@pytest.mark.parametrize("tight", [True, False])
@pytest.mark.parametrize("bar", [True, False])
@pytest.mark.parametrize("columns", [1, 2, 3])
def test_a_picture_is_cut_where_nothing_is_drawn(columns: int, bar: bool, tight: bool):
    with style():
        figure = drawn(columns, bar=bar, figsize=(10, 3.4))
        picture = Image.open(io.BytesIO(png(figure, tight=tight))).convert("L")
        gaps = panel_gaps(figure, tight=tight)
    assert len(gaps) == columns - 1
    ink = (np.asarray(picture) < 200).any(0)
    for place in cuts([gaps]):
        assert not ink[round(place / 1000 * picture.width)]


def test_what_spans_the_figure_is_not_cut():
    with style():
        titled, rows = drawn(2), plt.subplots(2, 2)[0]
        titled.suptitle("Both")
        png(titled), png(rows)
        assert panel_gaps(titled) == []
        assert len(panel_gaps(rows)) == 1, "a column is a strip, whatever its rows"


def test_frames_are_cut_where_all_of_them_can_be():
    assert cuts([[(0.3, 0.4), (0.6, 0.7)], [(0.35, 0.5), (0.5, 0.65)]]) == [375, 625]
    assert cuts([[(0.3, 0.4)], [(0.45, 0.5)]]) == [], "one frame's gap is another's curve"
    assert cuts([[(0.3, 0.4)], []]) == [] and cuts([]) == []
