"""Waves on a line: their averages against numerical integrals, and where descent ends."""

import numpy as np
import pytest
from scipy.integrate import quad

from landscape_lib.measure import waves


def test_an_average_is_its_integral():
    own, w = waves.rough(3, waves=5), np.array([-0.7, 1.2])
    found = own.values(w, [0.0, 0.2])
    for at, value in zip(w, found[1], strict=True):
        told, _ = quad(
            lambda xi, at=at: own.values(np.array([at + 0.2 * xi]), [0.0])[0, 0] * np.exp(-(xi**2) / 2),
            -9,
            9,
            limit=400,
        )
        assert value == pytest.approx(told / np.sqrt(2 * np.pi), rel=1e-8)


def test_short_waves_go_first_and_a_bowl_is_left():
    own, line = waves.rough(0), waves.line()
    counts = [len(waves.minima(values)) for values in own.values(line, [0.0, 0.02, 0.1, 0.5, 3.0])]
    assert counts == sorted(counts, reverse=True) and counts[0] > 10 and counts[-1] == 1


def test_descent_goes_downhill_to_a_minimum():
    values = waves.rough(1).values(waves.line(), [0.0])[0]
    lows = set(waves.minima(values).tolist())
    for place in range(0, len(values), 37):
        end = waves.descend(values, place)
        between = values[min(place, end) : max(place, end) + 1]
        down = np.diff(between if end > place else between[::-1])
        assert end in lows and (down < 0).all()
    assert waves.descend(np.array([0.0, 1.0]), 1) == 0 and waves.descend(np.array([1.0, 1.0]), 0) == 0


def test_following_back_ends_in_a_minimum_of_the_function():
    own = waves.rough(2)
    places = waves.follow(own, [1.0, 0.3, 0.1, 0.0], 5)
    assert len(places) == 4 and places[-1] in waves.minima(own.values(waves.line(), [0.0])[0])


def test_amplitudes_have_their_height_and_slope():
    own = waves.rough(5, waves=2000, slope=1.0, height=0.5)
    assert np.sqrt(np.sum(own.amplitudes**2)) == pytest.approx(0.5)
    low, high = own.frequencies < 5, own.frequencies > 20
    assert own.amplitudes[low].std() > 3 * own.amplitudes[high].std()
