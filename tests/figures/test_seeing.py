"""The figure shows what was measured, and nothing else."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from landscape_lib.figures import png, style
from landscape_lib.figures.seeing import errors
from landscape_lib.statistics import Estimate


@pytest.fixture(autouse=True)
def styled():
    with style():
        yield
    plt.close("all")


def test_a_seed_is_a_dot_and_the_line_has_the_exponent():
    rows = pd.DataFrame([{"n": n, "seed": seed, "error": (1 + seed) / n} for n in (1, 4, 16) for seed in (0, 1)])
    figure = errors(rows, Estimate(-1.0, (-1.1, -0.9)))
    [axis] = figure.axes
    dots, means, line = axis.lines
    assert dots.get_xydata().tolist() == rows[["n", "error"]].to_numpy().tolist()
    assert means.get_ydata() == pytest.approx([1.5, 1.5 / 4, 1.5 / 16])
    assert np.diff(np.log(line.get_ydata())) == pytest.approx(-np.diff(np.log(line.get_xdata())))
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["mean over seeds", "power -1.00"]
    png(figure)
