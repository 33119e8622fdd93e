"""The figures of the ensembles chapter: what they show of known laws, and where a phone may cut them."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from landscape_lib.data import Task
from landscape_lib.figures import ensembles, panel_gaps, png, style
from landscape_lib.measure.ensembles import Borders
from landscape_lib.measure.memory_split import best_split, from_small, splits
from landscape_lib.report import read_results
from landscape_lib.statistics import Curve

RESULTS = Path(__file__).resolve().parents[2] / "book" / "results"
N, MEMBERS = np.array([80, 152, 432, 1026, 2832, 4800]), np.array([1, 2, 4, 8])
NOISE = 1 + 0.05 * np.random.default_rng(0).standard_normal((5, 6, 4))
NLL = (0.12 + 20 / N[:, None] / MEMBERS + 2 / N[:, None]) * NOISE


@pytest.fixture(autouse=True)
def styled():
    with style():
        yield
    plt.close("all")


def panels(figure):
    png(figure)
    return len(panel_gaps(figure)) + 1


def words(axis):
    return [text.get_text() for text in axis.get_legend().get_texts()]


def by_set(values):
    return pd.DataFrame(values, columns=N)


def square(h=5):
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    points = torch.tensor([[0.0, 1.0], [0.0, -1.0], [1.0, 1.5]], dtype=torch.float64)
    task = Task(points, points[:, 1].sign(), points[:0], points[:0, 0], "toy", "")
    outputs = torch.stack([x[:, None] - c + 0 * x for c in (-0.5, 0.1, 0.6)])
    return Borders(task, h, 40, x, 0 * x, outputs)


@pytest.mark.parametrize("single, lines", [(False, 3 + 1), (True, 1)])
def test_each_network_has_a_border_and_their_mean_a_thick_one(single, lines):
    (axis,) = ensembles.border(square(), single=single).axes
    dots, *borders = axis.collections
    assert len(dots.get_offsets()) == 3 and len(borders) == lines
    heights = [border.get_paths()[0].vertices[:, 1].mean() for border in borders]
    assert heights == pytest.approx([-0.5, 0.1, 0.6, 0.2 / 3][:lines] if not single else [-0.5])
    assert axis.get_title("left") == "h = 5, N = 40"


def test_the_head_has_a_square_a_width():
    figure = ensembles.hero([square(5), square(16), square(64)])
    assert [axis.get_title("left") for axis in figure.axes] == ["40 weights each"] * 3 and panels(figure) == 3


def test_the_line_of_the_variance_is_the_law_that_it_was_made_with():
    law = {name: by_set(scale * N**-0.5 * NOISE[:, :, 0] ** 0) for name, scale in (("standard", 3.0), ("NTK", 5.0))}
    figure = ensembles.variance_and_gap(law, law, P=500, N_star=108.0)
    left, right = figure.axes
    fitted = [line for line in left.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 3]
    assert [line.get_xdata().tolist() for line in fitted] == [[1026, 2832, 4800]] * 2
    assert fitted[1].get_ydata() == pytest.approx(5 * N[3:] ** -0.5)
    assert words(left) == ["standard", "NTK"] and right.get_ylabel() == "gap, ⟨ε⟩ − ε̄" and panels(figure) == 2


def test_errors_have_the_band_of_the_test_points():
    alone, together = by_set(0.1 * NOISE[:, :, 0]), by_set(0.05 * NOISE[:, :, 1])
    (axis,) = ensembles.errors(alone, together, members=10, points=400, N_star=108.0).axes
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    middle = alone.mean()
    known = np.sqrt(middle * (1 - middle) / 400)
    assert (band.min(), band.max()) == pytest.approx(((middle - known).min(), (middle + known).max()))
    assert words(axis) == ["one network, $⟨ε⟩$", "10 together, $\\barε$"]


def test_excess_errors_below_the_axis_are_left_out_and_the_power_is_fitted_to_all():
    t, more = np.linspace(-2, 2, 9), np.array([0.0001, 0.01, 0.1, 0.5])
    figure = ensembles.argument(t, 0.05 + t**2, np.array([1.0, 0.0, 0.05]), more, 0.2 * more)
    left, right = figure.axes
    assert left.lines[0].get_ydata() == pytest.approx(0.05 + t**2)
    assert right.lines[0].get_xdata().tolist() == [0.01, 0.1, 0.5]
    assert words(right) == ["power 1.00", "power 1/2"] and panels(figure) == 2


def test_calibration_is_drawn_at_the_first_width_past_the_transition():
    figure = ensembles.calibrated(N, MEMBERS, 1.5 * NLL, NLL, 1.1 * NLL, N_star=108.0)
    left, right = figure.axes
    assert left.get_title("left") == "n networks of N = 152" and panels(figure) == 2
    assert left.lines[0].get_ydata() == pytest.approx(NLL[:, 1].mean(0))
    assert words(right) == ["as it is", "calibrated"]


def test_a_split_has_its_number_and_the_best_a_circle():
    mean, budgets = NLL.mean(0), (160, 600)
    measured, predicted = (splits(N, MEMBERS, table, 600) for table in (mean, from_small(MEMBERS, mean, 2)))
    others = [splits(N, MEMBERS, mean, budget) for budget in budgets]
    (axis,) = ensembles.split(600, measured, predicted, others, ylim=(0.1, 0.5)).axes
    best = best_split(N, MEMBERS, mean, 600)
    assert axis.get_title("left") == f"600 weights: best is {best.members} × {best.N}"
    assert [text.get_text() for text in axis.texts] == [str(split.members) for split in measured]
    assert axis.lines[-1].get_xdata() == [best.N] and axis.lines[-1].get_markersize() == 13


@pytest.fixture(scope="module")
def networks():
    tables = {name: read_results(RESULTS / f"ensembles_paper_{name}.csv") for name in ("mnist", "cifar10_jpeg")}
    return {name: tuple(rows[rows.n == n].sort_values("N") for n in (1, 10)) for name, rows in tables.items()}


def test_the_power_law_of_cnns_stands_over_the_widths_that_it_is_fitted_to(networks):
    alone, together = networks["mnist"]
    figure = ensembles.convolutional(alone, together)
    left, right = figure.axes
    (line,) = (line for line in left.lines if line.get_label().startswith("power"))
    assert line.get_xdata().tolist() == alone.N[alone.h >= 6].tolist() and words(left) == ["power −0.82"]
    assert words(right) == ["one network", "ten together"] and panels(figure) == 2


def test_larger_networks(networks):
    figure = ensembles.larger_convolutional(networks)
    assert sorted(words(figure.axes[0])) == ["cifar10_jpeg", "mnist", "power −0.82", "power −1.00"]
    assert panels(figure) == 2
    values = np.array([5.0, 3.0, 2.0])
    curve = Curve(np.array([100.0, 1000.0, 10_000.0]), values, 0.9 * values, 1.1 * values)
    figure = ensembles.larger({name: curve for name in ("variance", "error", "together")}, P=2000, N_star=532.0)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_xticklabels()] == ["100", "1000", "10 000"]
    assert words(right) == ["one network, ⟨ε⟩", "twenty together, ε̄"] and panels(figure) == 2
