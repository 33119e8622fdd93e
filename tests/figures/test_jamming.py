"""The figures of the jamming chapter, from its committed tables: what they show, and where a phone may cut them."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from landscape_lib.figures import jamming, jamming_larger, panel_gaps, png, style
from landscape_lib.measure import jamming as measured
from landscape_lib.measure.gap_exponents import EDGES
from landscape_lib.report import read_results
from landscape_lib.statistics import transition
from landscape_lib.training import History

RESULTS = Path(__file__).resolve().parents[2] / "book" / "results"


@pytest.fixture(autouse=True)
def styled():
    with style():
        yield
    plt.close("all")


def fitted(N, rows):
    rest = measured.jammed(rows)
    return transition(N[rest].to_numpy(), rows.satisfied[rest].to_numpy(), resamples=50)


@pytest.fixture(scope="module")
def table():
    return read_results(RESULTS / "jamming_class_mnist.csv")


@pytest.fixture(scope="module")
def real(table):
    return table[(table.finish == "rest") & (table.labels == "parity")]


@pytest.fixture(scope="module")
def fits(real):
    return {int(P): fitted(rows.N, rows) for P, rows in real.groupby("P")}


@pytest.fixture(scope="module")
def noise():
    rows = read_results(RESULTS / "jamming_paper_random.csv")
    return rows[(rows.N > 800) & (rows.N < 5000)]


@pytest.fixture(scope="module")
def by_depth(noise):
    return {int(L): fitted(rows.N / rows.P, rows) for L, rows in noise.groupby("L")}


def history(nets):
    return History(torch.tensor([0, 1, 10]), torch.tensor([[1.0], [0.1], [0.0]], dtype=torch.float64).repeat(1, nets))


def gaps(nets):
    return torch.randn(nets, 100, generator=torch.Generator().manual_seed(0), dtype=torch.float64).numpy()


def test_figures_of_two_panels_can_be_cut_between_them(table, real, fits, noise, by_depth):
    lost, smeared = measured.failing(real, fits), table[table.loss_name == "cross_entropy"]
    counts = np.random.default_rng(0).poisson(100 * np.diff(EDGES), size=(3, len(EDGES) - 1))
    spectrum, steps = np.linspace(-1, 1, 31), np.geomspace(1e-6, 1e-2, 9)
    drawn = [
        jamming.descents({76: history(1), 546: history(1)}, {76: gaps(1)[0], 546: gaps(2)[1]}, 1e-6),
        jamming.descent(history(3), gaps(3), 1, 105, 1e-6),
        jamming.transition(real, fits),
        jamming.jump(real, lost, fits),
        jamming.loss_range(table[(table.finish == "steps") & (table.loss_name == "quadratic_hinge")], smeared),
        jamming_larger.larger(real, lost, real, lost, fits, "live"),
        jamming.curvature(spectrum, spectrum, steps, steps**2),
        jamming_larger.depths(noise, by_depth),
        jamming_larger.gap_densities({"small": (counts, counts), "large": (counts, counts)}),
        jamming.hero(table),
    ]
    for figure in drawn:
        png(figure)
        ((end, begin),) = panel_gaps(figure)
        assert 0.2 < end <= begin < 0.8, [axis.get_title() for axis in figure.axes]


def test_a_transition_shows_the_share_that_fits_and_its_curve(real, fits):
    left, right = jamming.transition(real, fits).axes
    P = max(fits)
    (dots,) = (line for line in left.lines if line.get_label() == f"P = {P}")
    rest = real[measured.jammed(real)]
    share = rest[rest.P == P].groupby("N").satisfied.mean()
    assert dots.get_xdata().tolist() == share.index.tolist() and dots.get_ydata().tolist() == share.tolist()
    curve = left.lines[left.lines.index(dots) - 1]
    assert np.interp(fits[P].N_star, curve.get_xdata(), curve.get_ydata()) == pytest.approx(0.5, abs=0.01)
    marks = {mark: sum(len(line.get_xdata()) for line in right.lines if line.get_marker() == mark) for mark in "ox"}
    assert marks == {"o": len(rest), "x": len(real) - len(rest)}


@pytest.mark.parametrize("view", jamming.VIEWS)
def test_a_view_of_one_P_is_of_one_size(real, fits, view):
    sizes = {jamming.transition_at(P, real, fits, view).get_size_inches().tobytes() for P in fits}
    assert len(sizes) == 1
    line = jamming.by_size(real[real.P == 250], view)
    assert line.index.is_monotonic_increasing and 0 <= line.min() <= line.max() <= 1


def test_the_plane_and_the_phase_diagram_hold_every_transition(fits, by_depth):
    random = {250: fits[250]}
    plane = jamming.plane(fits, random).axes[0]
    assert [len(bars.lines[0].get_xdata()) for bars in plane.containers] == [len(fits), 1]
    named = {"a": fits, "b": random, "c": fits, "d": random}
    sizes = {(L, 900): fit for L, fit in by_depth.items()}
    phase = jamming_larger.phase_diagram(named, sizes).axes[0]
    assert [label.get_text() for label in phase.get_legend().get_texts()][:4] == list(named)
    assert len(phase.containers) == 4 + len(sizes)
