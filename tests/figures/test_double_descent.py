"""The figures of the double descent chapter: what they show of known tables, and where a phone may cut them."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from landscape_lib.figures import double_descent as figures
from landscape_lib.figures import panel_gaps, png, style
from landscape_lib.measure.double_descent import curves
from landscape_lib.report import read_results
from landscape_lib.statistics import Estimate

RESULTS = Path(__file__).resolve().parents[2] / "book" / "results"
N = np.array([42, 102, 210, 390, 1092, 3752])
RIGHT = [0, 0, 4, 16, 20, 20]


@pytest.fixture(autouse=True)
def styled():
    with style():
        yield
    plt.close("all")


@pytest.fixture
def networks():
    table = pd.DataFrame({"N": N, "members": 20, "separated": RIGHT, "train_error": 0.1 * (N < 390)})
    for i, name in enumerate((*figures.CURED, "variance", "norm"), 1):
        values = 0.01 * i * np.array([2.0, 1, 2, 4, 3, 2])
        table = table.assign(**{name: values, f"{name}_low": 0.9 * values, f"{name}_high": 1.1 * values})
    return table


@pytest.fixture(scope="module")
def N_star():
    return Estimate(290.0, (210.0, 390.0))


def panels(figure):
    png(figure)
    return len(panel_gaps(figure)) + 1


def words(axis):
    return [text.get_text() for text in axis.get_legend().get_texts()]


def named(axis):
    return [text.get_text() for text in axis.texts]


def drawn(line):
    return line.get_ydata().tolist()


def spans(axis):
    """The ends of the grey band of N*."""
    (patch,) = axis.patches
    return patch.get_x(), patch.get_x() + patch.get_width()


def test_polynomials_are_medians_over_half_of_the_draws():
    errors = pd.DataFrame([[1.0, 10, 2], [2, 100, 3], [9, 1000, 4]], columns=[1, 2, 4])
    figure = figures.polynomials(errors, 2 * errors, P=2)
    near, left, right = figure.axes
    assert [drawn(axis.lines[0]) for axis in (near, left, right)] == [[2, 100, 3], [2, 100, 3], [4, 200, 6]]
    band = left.collections[0].get_paths()[0].vertices
    assert sorted({*band[band[:, 0] == 2, 1]}) == [55, 550], "the middle half of 10, 100, 1000"
    assert [axis.lines[-1].get_xdata()[0] for axis in (left, right)] == [2, 2] and panels(figure) == 3


def test_a_polynomial_stands_before_its_points_and_the_truth():
    fine = torch.linspace(-1, 1, 5, dtype=torch.float64)
    figure = figures.polynomial(fine, 2 * fine, fine, fine[:2], fine[1:3], title="2 terms")
    (axis,) = figure.axes
    truth, f, points = axis.lines
    assert drawn(f) == (2 * fine).tolist() and drawn(truth) == fine.tolist() and drawn(points) == fine[1:3].tolist()
    assert axis.get_title("left") == "2 terms" and axis.get_ylim() == (-3, 3), "that other polynomials share"


def test_features_have_a_line_a_draw_and_one_of_medians():
    wrong = pd.DataFrame([[0.3, 0.4, 0.1], [0.2, 0.5, 0.2], [0.1, 0.3, 0.3]], columns=[15, 150, 1500])
    figure = figures.features(wrong, 10 * wrong, P=150)
    left, right = figure.axes
    assert [len(axis.lines) for axis in (left, right)] == [3 + 2, 3 + 2] and panels(figure) == 2
    assert drawn(left.lines[3]) == pytest.approx([0.2, 0.4, 0.2]) and left.lines[4].get_xdata()[0] == 150
    assert named(left) == named(right) == ["N = P"]


def test_the_cusp_stands_beside_N_star(networks, N_star):
    figure = figures.cusp(networks, N_star)
    *axes, missed = figure.axes
    assert [axis.get_title("left") for axis in axes] == ["⟨ε⟩", "Var f", "‖f‖"]
    for axis, name in zip(axes, figures.SYMBOLS, strict=True):
        assert drawn(axis.lines[0]) == networks[name].tolist() and spans(axis) == pytest.approx(N_star.interval)
        ends = axis.collections[0].get_paths()[0].vertices[:, 1]
        assert (ends.min(), ends.max()) == pytest.approx((0.9 * networks[name].min(), 1.1 * networks[name].max()))
        assert named(axis) == ["N*"]
    assert drawn(missed.lines[0]) == networks.train_error.tolist() and missed.get_ylabel().startswith("wrong training")
    assert panels(figure) == 3 and axes[0].get_ylim()[0] > 0, "the error fills its panel"


def test_noise_has_two_lines_a_panel(networks):
    clean = networks[networks.N > 50].assign(error=0.01)
    figure = figures.noise(networks, clean)
    assert [[len(line.get_xdata()) for line in axis.lines] for axis in figure.axes] == [[6, 5], [6, 5]]
    assert words(figure.axes[0]) == ["a tenth flipped", "all right"] and panels(figure) == 2


def test_twice_the_patterns_are_a_second_line(networks, N_star):
    more, further = networks.assign(error=networks.error / 2), Estimate(500.0, (390.0, 1092.0))
    (axis,) = figures.plane({125: networks, 250: more}, {125: N_star, 250: further}).axes
    of_125, star, of_250, star_of_250 = axis.lines
    assert [drawn(line) for line in (of_125, of_250)] == [networks.error.tolist(), more.error.tolist()]
    assert [tuple(bar.get_xdata()) for bar in (star, star_of_250)] == [N_star.interval, further.interval]
    assert star.get_ydata()[0] != star_of_250.get_ydata()[0], "one below the other, where both can be seen"
    assert words(axis) == ["125 patterns", "250 patterns"] and named(axis) == ["N*", "N*"]
    assert [label.get_text() for label in axis.get_xticklabels()] == [str(size) for size in N]
    assert panels(axis.figure) == 1


def test_a_map_has_a_cell_a_value_and_its_edges_half_way():
    errors = pd.DataFrame([[0.3, 0.2], [0.25, 0.15], [0.1, 0.05]], index=[50, 200, 800], columns=[125, 500])
    axis, _ = figures.in_time(errors, {125: 200}).axes
    (mesh,) = axis.collections
    assert mesh.get_array().tolist() == errors.to_numpy().tolist()
    corners = mesh.get_coordinates()
    assert corners[0, :, 0].tolist() == pytest.approx([62.5, 250, 1000])
    assert corners[:, 0, 1].tolist() == pytest.approx([25, 100, 400, 1600])


def test_a_moment_stands_before_the_others():
    errors = pd.DataFrame([[0.3, 0.2, 0.1], [0.2, 0.3, 0.2]], index=[20, 40], columns=[50, 200, 800])
    figure = figures.in_time(errors, {800: 40})
    axis, colours = figure.axes
    assert drawn(axis.lines[0]) == [40] and axis.collections[0].get_array().shape == (2, 3) and panels(figure) == 1
    assert colours.get_label() == "<colorbar>", "which belongs to the map"
    figure = figures.moment(40, errors, errors / 2)
    (axis,) = figure.axes
    assert [drawn(line) for line in axis.lines[-2:]] == [[0.2, 0.3, 0.2], [0.1, 0.15, 0.1]]
    assert len(axis.lines) == 2 + 2 and axis.get_title("left") == "step 40"
    assert words(axis) == ["test error", "training labels missed"]


def test_cures_stand_beside_what_they_cure(networks, N_star):
    figure = figures.cures(networks, N_star)
    left, right = figure.axes
    assert words(left) == ["one network", "stopped early", "all together"] and words(right) == [
        "as trained",
        "calibrated",
    ]
    assert [drawn(line) for line in right.lines] == [networks.nll.tolist(), networks.nll_calibrated.tolist()]
    assert spans(right) == pytest.approx(N_star.interval) and panels(figure) == 2


def test_more_data_has_a_line_a_draw_and_one_of_medians():
    square = pd.DataFrame([[0.3, 9.0, 0.1], [0.2, 5.0, 0.2], [0.1, 7.0, 0.3]], columns=[50, 150, 600])
    figure = figures.more_data(square, 150)
    (axis,) = figure.axes
    assert len(axis.lines) == 3 + 2 and drawn(axis.lines[3]) == pytest.approx([0.2, 7, 0.2]) and panels(figure) == 1
    assert axis.lines[4].get_xdata()[0] == 150


def test_a_long_run_has_a_line_a_training_set_and_their_mean():
    errors = pd.DataFrame([[0.3, 0.1, 0.3], [0.5, 0.3, 0.1]], columns=[0, 10, 100])
    figure = figures.long_run(errors, errors / 2)
    (axis,) = figure.axes
    assert drawn(axis.lines[2]) == pytest.approx([0.4, 0.2, 0.2]) and drawn(axis.lines[3]) == pytest.approx(
        [0.2, 0.1, 0.1]
    )
    assert words(axis) == ["test error", "training labels missed"] and panels(figure) == 1
    assert [line.get_marker() for line in axis.lines[2:]] == ["o", "s"], "the steps that were recorded"
    places = axis.transData.transform([(0, 0), (10, 0), (100, 0)])[:, 0]
    assert places[0] < places[1] < places[2] and axis.get_xlim()[0] == 0, "step 0 is not in the picture"


def test_larger_networks_and_the_picture_at_the_head():
    table = read_results(RESULTS / "double_descent_paper_mnist.csv")
    ends = table[table.rest & (table.members == 4)]  # two are those of the plane
    by_noise = {share: curves(rows, ["error", "together", "variance", "norm"]) for share, rows in ends.groupby("noise")}
    figure = figures.larger(by_noise, {0.0: Estimate(225, (210, 242)), 0.1: Estimate(498, (432, 522))})
    assert words(figure.axes[0]) == ["all labels right", "a tenth flipped"] and panels(figure) == 2
    for axis, name in zip(figure.axes, ("error", "together", "variance", "norm"), strict=True):
        assert [drawn(line) for line in axis.lines] == [rows[name].tolist() for rows in by_noise.values()]
        shaded = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axis.patches]
        assert shaded == [(210, 242), (432, 522)] and named(axis) == ["N*", "N*"]
    (axis,) = figures.hero(table).axes
    right = ends[ends.noise == 0]
    assert drawn(axis.lines[2]) == pytest.approx(right.groupby("N").train_error.mean().tolist())
    geometric = np.exp(np.log(right.error).groupby(right.N).mean())
    assert drawn(axis.lines[0]) == pytest.approx(geometric.tolist())
    assert words(axis) == ["one network", "4 together", "missed in training"]
