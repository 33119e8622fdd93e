"""What a point of the grid gives, and what it refuses."""

import pytest

from landscape_lib.experiments.grids.skeleton import grid
from landscape_lib.experiments.skeleton import EXPERIMENT, draw_means


def test_a_seed_is_a_row_and_the_same_row_again():
    rows = draw_means(16, seeds=(0, 1))
    assert [row["seed"] for row in rows] == [0, 1] and rows[0]["error"] != rows[1]["error"]
    assert all(row["error"] == again["error"] for row, again in zip(rows, draw_means(16, seeds=(0, 1)), strict=True))


def test_every_point_of_the_class_grid_runs():
    assert all(EXPERIMENT(**point) for point in grid("class"))


def test_door():
    with pytest.raises(ValueError, match="got n=0 and 1 seeds"):
        draw_means(0, seeds=[0])
    with pytest.raises(ValueError, match="unknown budget 'large'"):
        grid("large")
