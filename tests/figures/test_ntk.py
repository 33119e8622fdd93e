"""Each figure of chapter 6 shows what was measured, and nothing else."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from landscape_lib.experiments.circle import learn
from landscape_lib.figures import ntk as figures
from landscape_lib.figures import panel_gaps, png, style


@pytest.fixture(autouse=True)
def styled():
    with style():
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def circles():
    return learn((0.1, 100.0), P=6, h=8, seed=0)[0]


def panels(figure):
    png(figure)
    return len(panel_gaps(figure)) + 1


def words(axis):
    return [text.get_text() for text in axis.get_legend().get_texts()]


def plane(widths=(4, 16, 64), scales=(0.1, 1.0, 10.0)):
    return pd.DataFrame(
        [
            {
                "h": h,
                "task_seed": t,
                "alpha_h": s,
                "alpha": s / h**0.5,
                "kernel_change": 2 / s,
                "error": (t + s + 10) / 100,
            }
            for h in widths
            for t in (0, 1)
            for s in scales
        ]
    )


def test_all_outputs_are_counted_those_beyond_the_frame_at_its_ends():
    f = np.concatenate([np.random.default_rng(0).standard_normal(500), [-40.0, 40.0]])
    [axis] = figures.histogram(f, 8).axes
    heights = [patch.get_height() for patch in axis.patches]
    assert sum(heights) * 0.25 == pytest.approx(1) and heights[0] > 0 and heights[-1] > 0
    gaussian = axis.lines[0].get_xydata()
    assert gaussian[100].tolist() == pytest.approx([0, 1 / math.sqrt(2 * math.pi)])


def test_a_panel_a_title_with_means_over_networks_and_the_slope_that_is_named():
    values = pd.DataFrame([[1.0, 0.4, 0.2], [3.0, 0.6, 0.2]], columns=[4, 16, 64])
    figure = figures.widths([("falls", {"measured": values}, -1.0), ("another", {"a": values, "b": 2 * values}, -0.5)])
    first, second = figure.axes
    assert panels(figure) == 2 and [axis.get_title(loc="left") for axis in figure.axes] == ["falls", "another"]
    assert first.lines[0].get_ydata().tolist() == pytest.approx([2, 0.5, 0.2])
    guide = next(line for line in first.lines if line.get_label() == "slope -1")
    assert np.diff(np.log(guide.get_ydata())) == pytest.approx(-np.diff(np.log(guide.get_xdata())))
    assert sorted(words(second)) == ["a", "b", "slope -0.5"]


def test_a_width_a_panel_network_and_kernel():
    F = np.arange(6.0).reshape(3, 2)
    figure = figures.followed(np.array([1.0, 2, 3]), {8: (F, -F), 64: (F, F)})
    left, _ = figure.axes
    assert panels(figure) == 2 and left.get_title(loc="left") == "h = 8" and words(left) == ["network", "its kernel"]
    assert [line.get_ydata().tolist() for line in left.lines[:2]] == [[0, 2, 4], [0, -2, -4]]


def test_a_circle_and_where_its_units_went(circles):
    figure = figures.circle(circles[0])
    left, right = figure.axes
    assert left.lines[1].get_ydata().tolist() == pytest.approx(circles[0].F.tolist())
    before, after = right.lines
    assert before.get_xydata() == pytest.approx(circles[0].before.numpy())
    assert after.get_xydata() == pytest.approx(circles[0].after.numpy())
    hero = figures.hero(circles)
    assert panels(hero) == 2 and [axis.get_title(loc="left") for axis in hero.axes] == ["α̃ = 0.1", "α̃ = 100"]


def test_the_map_has_a_colour_a_cell_and_the_line_where_the_kernel_moves_by_its_size():
    rows = plane()
    figure = figures.phase(rows)
    axis, _bar = figure.axes
    mesh = axis.collections[0].get_array()
    assert mesh.ravel().tolist() == pytest.approx(rows.groupby(["alpha_h", "h"]).error.mean().tolist())
    star = axis.lines[0]
    assert star.get_xdata().tolist() == [4, 16, 64] and star.get_ydata().tolist() == pytest.approx([2.0] * 3)
    here = figures.here(rows, 16, 1.0)
    left, right = here.axes
    assert [16.0, 1.0] in [line.get_xydata()[0].tolist() for line in left.lines]
    assert right.lines[0].get_ydata().tolist() == pytest.approx([0.106, 0.115, 0.205])


def test_both_ends_of_each_training_set_are_joined():
    figure = figures.regimes({"pixels": plane(), "stripes": plane(widths=(16,))})
    left, right = figure.axes
    assert panels(figure) == 2 and left.get_title(loc="left") == "pixels"
    assert [line.get_ydata().tolist() for line in right.lines[:2]] == [
        pytest.approx([0.101, 0.2]),
        pytest.approx([0.111, 0.21]),
    ]
    assert right.lines[2].get_ydata().tolist() == pytest.approx([0.106, 0.205]), "the thick one is their mean"


def stripe_rows():
    """Errors that fall as P^(−0.7) with features, as P^(−0.4) lazily."""
    return pd.DataFrame(
        [
            {"alpha_h": s, "P": P, "task_seed": t, "error": (1 + t) * P**-b}
            for s, b in ((0.1, 0.7), (100.0, 0.4))
            for P in (8, 32, 128)
            for t in (0, 1)
        ]
    )


def test_stripes_have_dots_and_laws_through_the_last():
    rows = stripe_rows()
    units = {"before": np.array([0.1, -0.1]), "with features": np.array([1.0, -1.0]), "lazy": np.array([0.2, -0.1])}
    figure = figures.stripes(rows, units, (0.7, 0.4))
    left, right = figure.axes
    assert panels(figure) == 2 and words(left) == list(units)
    laws = [line for line in right.lines if line.get_label().startswith("slope")]
    for law, beta in zip(laws, (0.7, 0.4), strict=True):
        assert law.get_ydata() == pytest.approx(1.5 * np.array([8, 32, 128]) ** -beta)


def test_exponents_from_one_size_to_the_next_stand_between_them():
    rows = stripe_rows()
    figure = figures.stripe_curves(rows, (0.6, 0.3))
    left, right = figure.axes
    assert panels(figure) == 2 and words(right) == ["feature", "lazy"]
    assert sorted(words(left)) == ["feature", "lazy", "slope −0.30", "slope −0.60"]
    for bars, beta in zip(right.containers, (0.7, 0.4), strict=True):
        at, values = bars.lines[0].get_data()
        assert list(at) == pytest.approx([16, 64], rel=0.05) and list(values) == pytest.approx([beta] * 2)
    assert [line.get_ydata()[0] for line in right.lines if line.get_linestyle() == "--"] == [0.6, 0.3]


def test_a_line_a_width_of_what_moves_and_what_errs():
    figure = figures.collapse(plane())
    left, right = figure.axes
    assert panels(figure) == 2 and words(left) == ["h = 4", "h = 16", "h = 64"]
    assert left.lines[0].get_xdata().tolist() == [0.1, 1.0, 10.0]
    assert left.lines[2].get_ydata().tolist() == pytest.approx([20, 2, 0.2])
    assert right.lines[0].get_ydata().tolist() == pytest.approx([0.106, 0.115, 0.205])


def test_both_regimes_against_the_width_and_who_is_satisfied():
    rows = plane().assign(stopped=["satisfied", "plateau", "satisfied"] * 6)
    left, right = figures.descents(rows).axes
    assert words(left) == words(right) == ["feature", "lazy"]
    assert right.lines[0].get_ydata().tolist() == [1.0, 1.0, 1.0]
    assert left.lines[0].get_ydata().tolist() == pytest.approx([0.106] * 3)
    close = plane(widths=(3, 6, 9, 12, 15, 60)).assign(stopped="satisfied")
    assert figures.descents(close).axes[0].get_xticks().tolist() == [3, 6, 9, 15, 60]


def test_spheres_have_slopes_of_their_dimension_and_images_a_line_a_kernel():
    spheres = pd.DataFrame(
        [{"d": d, "P": P, "seed": 0, "square": P ** (-1 / d)} for d in (1, 2) for P in (32, 128, 512)]
    )
    images = pd.DataFrame(
        [
            {"kernel": kernel, "P": P, "seed": s, "square": (1 + s) / P}
            for kernel in ("laplace", "ntk")
            for P in (32, 128, 512)
            for s in (0, 1)
        ]
    )
    figure = figures.learning_curves(spheres, images)
    left, right = figure.axes
    assert panels(figure) == 2 and words(left) == ["d = 1", "d = 2"]
    for dots, law in zip(left.lines[::2], left.lines[1::2], strict=True):
        assert law.get_ydata() == pytest.approx(dots.get_ydata())
    assert words(right) == ["Laplace", "infinitely wide network"]
    assert right.lines[0].get_ydata().tolist() == pytest.approx([1.5 / 32, 1.5 / 128, 1.5 / 512])
