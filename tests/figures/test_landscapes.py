"""How maps of a landscape are drawn."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from landscape_lib.figures.landscapes import HEAD, HIGH, WIDE, hero, png, relief
from landscape_lib.measure.landscapes import Map


def painted(zero: np.ndarray, ends: list[tuple[float, float]]) -> Map:
    """A map with water where ``zero`` says, its three networks afloat."""
    gap = np.where(zero, -0.5, 0.5)
    none = np.zeros(3)
    return Map(76, 0.5 * gap.clip(min=0) ** 2, gap, np.array(ends, dtype=float), none, none.astype(int), 0.2)


def test_water_is_blue_and_darker_than_its_shore():
    zero = np.zeros((32, 48), dtype=bool)
    zero[8:24, 12:36] = True
    colours, height, wet = relief(painted(zero, [(0, 0)] * 3))
    assert colours.shape == (HIGH, WIDE, 3) and wet.mean() == pytest.approx(zero.mean(), abs=0.05)
    red, _, blue = colours[wet].T
    assert (blue > red).all() and (colours[~wet][:, 0] > colours[~wet][:, 2]).all()
    assert colours[wet].mean() < colours[~wet].mean() - 0.2
    assert height[~wet].max() == pytest.approx(0.5, rel=0.01)


def test_drawing_is_the_same_twice():
    zero = np.zeros((32, 48), dtype=bool)
    zero[8:24, 8:40] = True
    maps = [painted(zero & (i > 0), [(-1, 0), (0, 0), (1, 0)]) for i in range(4)]
    first, again = (png(hero(maps)) for _ in range(2))
    plt.close("all")
    assert first == again
    picture = np.asarray(Image.open(io.BytesIO(first)).convert("RGB")).astype(int)
    watery = picture[..., 2] > picture[..., 0] + 30
    top, bottom = HEAD + HIGH, 2 * (HEAD + HIGH)
    assert not watery[:top, :WIDE].any()  # the first map is dry
    assert watery[:top, WIDE:].mean() > 0.1 and watery[top:bottom, :WIDE].mean() > 0.1
