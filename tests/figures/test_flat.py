"""The figures of chapter 8 show the numbers of their tables."""

import numpy as np
import pandas as pd
import pytest

from landscape_lib.figures import flat


def data(axis):
    return [np.asarray(line.get_ydata()).tolist() for line in axis.lines]


def test_a_direction_before_and_after_a_change_of_units():
    t = np.array([0.0, 1.0])
    left, right = flat.in_units(t, np.array([1.0, 9.0]), np.array([1.0, 2.0]), np.array([1.0, 3.0])).axes
    assert data(left) == [[1.0, 3.0], [1.0, 9.0]] and data(right) == [[1.0, 2.0]]


def test_a_line_each_way_of_measuring_a_volume():
    (axis,) = flat.volumes([10, 100], {"sphere": [0.0, 0.0], "plain": [1.0, 20.0]}).axes
    assert data(axis) == [[0.0, 0.0], [1.0, 20.0]]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["sphere", "plain"]


def test_open_marks_are_after_equal_epochs():
    rows = pd.DataFrame(
        {"batch": [5, 5, 150, 150], "to": [None, 0.02] * 2, "loss": [0.1, 0.02] * 2, "trace": [9.0, 4.0, 30.0, 5.0]}
    )
    (axis,) = flat.curvature_and_loss(rows, 0.02).axes
    assert data(axis)[:4] == [[9.0], [4.0], [30.0], [5.0]]
    assert [line.get_markerfacecolor() == "none" for line in axis.lines[:4]] == [True, False, True, False]


def test_errors_are_less_the_mean_of_their_training_set():
    rows = pd.DataFrame(
        {
            "seed": [0, 0, 1, 1],
            "lr": [0.1, 0.2] * 2,
            "trace": [1.0, np.e**2] * 2,
            "log_volume": [3.0, 5.0] * 2,
            "error": [0.1, 0.2, 0.3, 0.4],
        }
    )
    left, right = flat.against_error(rows).axes
    assert left.lines[0].get_xdata().tolist() == [-1, -1] and data(left)[0] == pytest.approx([-5, -5])
    assert right.lines[1].get_xdata().tolist() == [1, 1]


def test_lines_and_their_pairs():
    rows = pd.DataFrame(
        [
            {"seed": s, "pair": pair, "t": t, "loss": 1.0 + t + s}
            for s in (0, 1)
            for pair in flat.PAIRS
            for t in (1.0, 0.0)
        ]
    )
    axes = flat.lines(rows).axes
    assert len(axes) == 3 and all(data(axis)[:2] == [[1.0, 2.0], [2.0, 3.0]] for axis in axes)


def test_eigenvalues_stand_against_their_edges():
    rows = pd.DataFrame(
        [
            {"seed": s, "lr": 0.4, "rho": rho, "step": step, "sharpness": 2.0 + s, "edge": 3.0 - rho}
            for s in (0, 1)
            for rho in (0.0, 0.1)
            for step in (100, 2000)
        ]
    )
    left, right = flat.edges(rows).axes
    assert [line.get_ydata().tolist() for line in left.lines if line.get_linestyle() == "--"] == [
        [3.0, 3.0],
        [2.9, 2.9],
    ]
    assert data(right)[:2] == [[2.0, 3.0]] * 2 and right.lines[1].get_xdata().tolist() == [2.9, 2.9]
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["η = 0.4, no ball", "η = 0.4, ρ = 0.1"]


def test_sam_is_shown_by_batch():
    rows = pd.DataFrame(
        [
            {"seed": s, "batch": B, "rho": rho, "trace": 5.0 - rho, "error": 0.1}
            for s in (0, 1)
            for B in (20, 150)
            for rho in (0.0, 0.2)
        ]
    )
    left, right = flat.sam(rows).axes
    assert [own.lines[0].get_ydata().tolist() for own in left.containers] == [[5.0, 4.8]] * 2
    assert [own.lines[0].get_ydata().tolist() for own in right.containers] == [[0.1, 0.1]] * 2


def test_a_roll_has_its_points_and_two_sides():
    values = np.array([[-1.0, 1.0], [-1.0, 1.0]])
    points, classes = np.array([[0.0, 0.1], [0.2, 0.3]]), np.array([1.0, -1.0])
    axes = flat.rolls({"plain": values, "poisoned": -values}, 1.2, points, classes).axes
    assert [axis.get_title() for axis in axes] == ["plain", "poisoned"]
    assert data(axes[0]) == [[0.1], [0.3]]


def test_each_kind_of_minimum_has_its_dots_and_mean():
    rows = pd.DataFrame(
        {"poison": 9, "kind": [kind for kind in flat.KINDS for _ in (0, 1)], "error": [0.1, 0.1, 0.8, 0.9, 0.2, 0.4]}
    )
    (axis,) = flat.poison(rows).axes
    assert data(axis)[2] == [0.8, 0.9] and data(axis)[3] == pytest.approx([0.85, 0.85])


def test_phases_leave_out_what_has_no_wrong_labels():
    rows = pd.DataFrame(
        [
            {
                "seed": s,
                "noise": noise,
                "weight_decay": decay,
                "step": step,
                "fitted": None if noise == 0 else 0.5,
                "unit": 1.0,
                "error": 0.1,
            }
            for s in (0, 1)
            for noise, decay in ((0.2, 0.003), (0.2, 0.0), (0.0, 0.003))
            for step in (0, 100)
        ]
    )
    first, second, third = flat.phases(rows).axes
    assert (len(first.containers), len(second.containers), len(third.containers)) == (2, 3, 3)


def test_the_path_back_ends_in_a_larger_dot():
    w = np.linspace(-1, 1, 5)
    (axis,) = flat.smoothed(w, w**2, w**2 + 1, np.array([0.5, 0.0]), np.array([1.0, 0.0])).axes
    assert data(axis)[2:] == [[1.0, 0.0], [0.0]]
