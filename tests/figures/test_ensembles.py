"""The figures of the ensembles chapter: what they show of known laws, and where a phone may cut them."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from landscape_lib.data import Task
from landscape_lib.figures import ensembles, panel_gaps, png, style
from landscape_lib.measure.ensembles import Borders
from landscape_lib.measure.memory_split import best_split, from_small, splits

H = np.array([5, 8, 16, 27, 48, 64])
N, MEMBERS = 11 * H + H**2, np.array([1, 2, 4, 8])
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


def by_set(values, size=N):
    return pd.DataFrame(values, columns=size)


def middle(bars):
    """x and y of what `errorbar` drew, and the ends of its vertical bars."""
    line, _, (segments, *_) = bars
    return *line.get_data(), np.array([segment[:, 1] for segment in segments.get_segments()])


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


def test_the_lines_of_the_variance_are_the_laws_that_it_was_made_with():
    """From ``widest`` on, past a narrow width that is off them; one slope of −1 is drawn beside them."""
    law = {"standard": 3.0 * H**-1.2, "NTK": 5.0 * H**-0.8}
    relative = {name: by_set(np.tile(np.where(H < 27, 1.0, values), (5, 1)), H) for name, values in law.items()}
    raw = {name: 4 * values for name, values in relative.items()}
    gains = {name: by_set(0.01 * NOISE[:, :, 0] / H * 5, H) for name in law}
    figure = ensembles.variance_and_gain(relative, raw, gains, widest=27, h_star=6.5)
    left, right = figure.axes
    lines = [line for line in left.lines if line.get_linestyle() == "-"]
    assert [line.get_xdata().tolist() for line in lines] == [[27, 48, 64]] * 2
    for line, values in zip(lines, law.values(), strict=True):
        assert line.get_ydata() == pytest.approx(values[3:])
    (guide,) = (line for line in left.lines if line.get_linestyle() == "--")
    assert np.polyfit(*np.log(guide.get_data()), 1)[0] == pytest.approx(-1) and left.texts[0].get_text() == "slope −1"
    hollow = [line for line in left.lines if line.get_markerfacecolor() == "none"]
    assert [line.get_ydata().tolist() for line in hollow] == [frame.mean().tolist() for frame in raw.values()]
    for bars, shown in zip(left.containers + right.containers, [*relative.values(), *gains.values()], strict=True):
        x, y, ends = middle(bars)
        assert x.tolist() == H.tolist() and y == pytest.approx(shown.mean())
        assert ends[:, 1] - ends[:, 0] == pytest.approx(2 * shown.to_numpy().std(0, ddof=1) / 5**0.5)
    for axis in (left, right):
        assert 6.5 in [line.get_xdata()[0] for line in axis.lines if line.get_linestyle() == ":"]
    assert words(left) == ["over ‖f‖²", "Var f as it is"] and words(right) == ["standard", "NTK"]
    assert right.get_ylabel() == "the ensemble’s gain, ⟨ε⟩ − ε̄" and panels(figure) == 2


def test_errors_have_the_band_of_the_test_points():
    alone, together = by_set(0.1 * NOISE[:, :, 0]), by_set(0.05 * NOISE[:, :, 1])
    (axis,) = ensembles.errors(alone, together, members=10, points=400, N_star=108.0).axes
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    middle = alone.mean()
    known = np.sqrt(middle * (1 - middle) / 400)
    assert (band.min(), band.max()) == pytest.approx(((middle - known).min(), (middle + known).max()))
    assert words(axis) == ["one network, $⟨ε⟩$", "10 together, $\\barε$"]


def test_the_argument_is_a_parabola_and_a_power_beside_those_it_might_be():
    t = np.linspace(-2, 2, 9)
    relative = by_set(np.tile(8.0 / H, (5, 1)) * NOISE[:, :, 1], H)
    gain = by_set(np.tile(0.02 * relative.mean().to_numpy() ** 0.8, (5, 1)), H).drop(columns=16)
    figure = ensembles.argument(t, 0.05 + t**2, np.array([1.0, 0.0, 0.05]), relative, gain)
    left, right = figure.axes
    assert all(line.get_ydata() == pytest.approx(0.05 + t**2) for line in left.lines)
    (bars,) = right.containers
    assert middle(bars)[0] == pytest.approx(relative.mean().drop(16)), "widths of which both are known"
    powers = [line for line in right.lines if line.get_label().startswith("power")]
    assert [np.diff(np.log(line.get_ydata())) / np.diff(np.log(line.get_xdata())) for line in powers] == [
        pytest.approx(power) for power in (0.8, 1, 0.5)
    ]
    assert sorted(words(right)) == ["power 0.80", "power 1", "power 1/2"] and panels(figure) == 2


def test_calibration_is_drawn_at_the_width_asked_for_and_its_law_is_that_it_was_made_with():
    """And an ensemble size that no set has there is left out."""
    members = np.array([1, 2, 4, 8, 10])
    after, shared = (np.tile(0.12 + 3 / N[:, None] / members**a, (5, 1, 1)) for a in (1.0, 0.5))
    before = 1.5 * after * NOISE[:, :, :1]
    for tables in (before, after, shared):
        tables[:, 1, -1] = np.nan
    figure = ensembles.calibrated(N, members, before, after, shared, first=1, N_star=75.0)
    left, right = figure.axes
    assert left.get_title("left") == f"n networks of N = {N[1]}" and panels(figure) == 2
    dots, curves = left.lines[::2], left.lines[1::2]
    for dot, curve, a in zip(dots, curves, (1.0, 0.5), strict=True):
        assert dot.get_xdata().tolist() == [1, 2, 4, 8]
        line = curve.get_xdata()
        assert (line.min(), line.max()) == (1, 8)
        assert curve.get_ydata() == pytest.approx(0.12 + 3 / N[1] / line**a, rel=1e-3)
    for bars, tables in zip(right.containers, (before, after), strict=True):
        x, y, ends = middle(bars)
        assert x.tolist() == N.tolist() and y == pytest.approx(tables[:, :, 0].mean(0))
        assert np.diff(ends)[:, 0] == pytest.approx(2 * tables[:, :, 0].std(0, ddof=1) / 5**0.5, abs=1e-12)
    assert words(left) == ["average, then one τ", "one τ shared, then average"]
    assert words(right) == ["as it is", "calibrated"]


def test_a_split_has_its_number_and_the_best_a_circle():
    mean, budgets = NLL.mean(0), (400.0, 900.0)
    measured, predicted = (splits(N, MEMBERS, table, 700.0) for table in (mean, from_small(H, N, MEMBERS, mean, 700.0)))
    others = [splits(N, MEMBERS, mean, budget) for budget in budgets]
    (axis,) = ensembles.split(700, measured, predicted, others, ylim=(0.1, 0.5)).axes
    best = best_split(N, MEMBERS, mean, 700.0)
    assert axis.get_title("left") == f"700 weights: best is {best.members} × {best.N:.0f}"
    assert [text.get_text() for text in axis.texts] == [str(split.members) for split in measured]
    assert [text.xy for text in axis.texts] == [(split.N, split.value) for split in measured]
    for line, known in zip(axis.lines, [*others, measured, predicted], strict=False):
        assert line.get_xydata().tolist() == [[split.N, split.value] for split in known]
    assert axis.lines[-1].get_xydata().tolist() == [[best.N, best.value]] and axis.lines[-1].get_markersize() == 13
    assert words(axis) == ["measured", "from half of the budget"] and axis.get_ylim() == (0.1, 0.5)


CHANNELS = np.array([6, 9, 14, 24])


def cnn(sets, power):
    """Variances on a power law, and errors of single networks and of all together."""
    variances = by_set(np.tile(2.0 * CHANNELS**power, (sets, 1)), CHANNELS)
    return variances, tuple(pd.Series(level + 0.5 / CHANNELS, CHANNELS) for level in (0.1, 0.05))


@pytest.mark.parametrize("exponents", [{"digits": -0.8}, {}])
def test_the_power_of_cnns_is_drawn_where_it_was_fitted(exponents):
    variances, errors = cnn(5, -0.8)
    figure = ensembles.convolutional({"digits": variances}, {"digits": errors}, exponents)
    left, right = figure.axes
    fitted = [line for line in left.lines if line.get_label().startswith("power")]
    assert [line.get_label() for line in fitted] == ["power −0.80"] * len(exponents)
    for line in fitted:
        assert line.get_xdata().tolist() == CHANNELS.tolist()
        assert line.get_ydata() == pytest.approx(2.0 * CHANNELS**-0.8)
    assert [line.get_ydata().tolist() for line in right.lines] == [values.tolist() for values in errors]
    assert words(right) == ["digits, one network", "digits, together"] and panels(figure) == 2


def test_several_data_sets_of_one_training_set_each_have_no_bars():
    both = {name: cnn(1, power) for name, power in (("mnist", -0.8), ("cifar10-jpeg", -0.3))}
    variances, errors = ({name: pair[i] for name, pair in both.items()} for i in (0, 1))
    figure = ensembles.convolutional(variances, errors, {})
    left, right = figure.axes
    assert words(left) == ["mnist", "cifar10-jpeg"] and len(words(right)) == 4 and panels(figure) == 2
    for bars in left.containers:
        _, y, ends = middle(bars)
        assert ends == pytest.approx(np.stack([y, y], axis=1)), "one set has no standard error"


def test_no_axis_reaches_beyond_what_cnns_measured():
    variances, errors = (cnn(5, -0.8)[0] / 20, cnn(5, -0.8)[1])
    variances, errors = variances.loc[:, variances.columns >= 6], tuple(of[of.index >= 6] for of in errors)
    figure = ensembles.convolutional({"digits": variances}, {"digits": errors}, {})
    (lowest, _), (_, highest) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
    assert lowest > 4 and highest < 2 * variances.mean().max()
