"""Pictures: small, the same bytes every time, and to the eye those that were drawn."""

from __future__ import annotations

import io
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from landscape_lib.figures import BLUE, ORANGE, is_map, png, shades, style


def crowded(seed: int) -> Figure:
    """All that a figure of the course has at once: lines, dots that overlap half seen through, shades, an image."""
    rng = np.random.default_rng(seed)
    with style():
        figure, (left, right) = plt.subplots(1, 2)
        for value, colour in shades(range(5)).items():
            left.plot(rng.random(30) + value, color=colour)
        left.scatter(rng.uniform(0, 30, 300), rng.uniform(0, 6, 300), color=ORANGE, alpha=0.4)
        left.axhline(3, color=BLUE)
        right.imshow(rng.random((12, 12)))
        left.set_title("$N^*$ against $P$")
    return figure


def pixels(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)


def rendered(seed: int, render: Callable[[Figure], bytes]) -> bytes:
    """A fresh figure's picture: the layout of a figure that is drawn again moves a little."""
    figure = crowded(seed)
    with style():
        picture = render(figure)
    plt.close(figure)
    return picture


def true_colour(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


@pytest.mark.parametrize("seed", range(3))
def test_picture_is_smaller_and_looks_as_drawn(seed: int):
    large, small = rendered(seed, true_colour), rendered(seed, png)
    assert len(small) < 0.5 * len(large)
    drawn, shown = pixels(large), pixels(small)
    assert shown.shape == drawn.shape
    apart = np.abs(shown - drawn).max(axis=-1)
    # Two colours 20 of 255 apart are hard to tell side by side; on average a pixel moves by less than two.
    assert apart.max() <= 20 and apart.mean() < 2
    white = (drawn == 255).all(axis=-1)
    assert white.mean() > 0.3 and (shown[white] == 255).all(), "paper stays white"


def test_picture_is_its_pixels_and_nothing_else():
    picture = rendered(0, png)
    assert picture == rendered(0, png), "the same bytes every time"
    assert Image.open(io.BytesIO(picture)).info == {}, "no program, no date"


def test_pictures_of_one_size_unless_trimmed():
    sizes = {True: set(), False: set()}
    for label in ("N", "a label\nof three\nlines"):
        with style():
            figure, axes = plt.subplots(figsize=(4, 2))
            axes.set_ylabel(label)
            figure.suptitle(label, x=1.1)  # past the edge: trimming widens the picture to hold it
            for tight, shapes in sizes.items():
                shapes.add(pixels(png(figure, tight=tight)).shape)
        plt.close(figure)
    assert sizes[False] == {(220, 440, 3)}, "inches times dots an inch"
    assert len(sizes[True]) == 2


def test_colours_that_stand_for_values_are_known():
    whole = crowded(0)
    assert is_map(whole), "it has an image"
    figure, axis = plt.subplots()
    axis.scatter([1, 2], [3, 4])
    assert not is_map(figure)
    axis.pcolormesh(np.eye(2))
    assert is_map(figure)
    plt.close("all")
