"""The figures of packings: what they show, and where a phone may cut them."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba

from landscape_lib.experiments.packings import pack
from landscape_lib.figures import SKY, packings, panel_gaps, png, style
from landscape_lib.measure.packings import picture, random_packings, relax


@pytest.fixture(autouse=True)
def styled():
    with style():
        yield
    plt.close("all")


@pytest.mark.parametrize("density, jammed", [(0.5, False), (0.95, True)])
def test_a_packing_has_contacts_and_colour_where_it_is_jammed(density, jammed):
    drawn = picture(relax(random_packings(16, density, seeds=[0])).packings, 0)
    z = [0.0, 4.2] if jammed else [0.0, 0.0]
    figure = packings.packing(drawn, "discs", (0.5, 0.95), z, at=1)
    left, right = figure.axes
    grains, *contacts = left.collections
    assert any(isinstance(lines, LineCollection) for lines in contacts) == jammed
    coloured = (grains.get_facecolor() == np.array(to_rgba(SKY))).all(1)
    assert coloured.sum() == (drawn.held.sum() if jammed else 0)
    assert right.lines[-1].get_ydata().tolist() == z[1:]
    png(figure, tight=False)
    assert len(panel_gaps(figure, tight=False)) == 1


def test_a_scan_shows_medians_of_both_shapes_beside_their_own_transitions():
    rows = [
        row
        for aspect in (1.0, 1.3)
        for densities in (None, (0.7, 0.95))
        for row in pack(aspect, 16, (0, 1), densities=densities)
    ]
    figure = packings.scan(pd.DataFrame(rows))
    left, right = figure.axes
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["discs", "ellipses"]
    for line in (line for line in right.lines if line.get_label() in ("discs", "ellipses")):
        assert line.get_xdata().tolist() == [0.7, 0.95] and line.get_ydata()[0] == 0 < line.get_ydata()[1]
    png(figure)
    assert len(panel_gaps(figure)) == 1
