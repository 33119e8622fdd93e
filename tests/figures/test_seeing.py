"""The figures of chapter 1 show the numbers of their tables."""

import numpy as np
import pandas as pd
import pytest
import torch

from landscape_lib.figures import is_map, seeing
from landscape_lib.measure.surface import Plane


def plane(height: float) -> Plane:
    t = torch.linspace(-1, 1, 9, dtype=torch.float64)
    return Plane((t, t), {"loss": height * (t[:, None] ** 2 + 2 * t[None, :] ** 2)})


def heights(container) -> list[float]:
    return container.lines[0].get_ydata().tolist()


def test_surfaces_and_maps_have_one_scale():
    planes = {"low": plane(1.0), "high": plane(2.0)}
    tops = [axis.get_zlim()[1] for axis in seeing.surfaces(planes).axes]
    assert tops == [6.0, 6.0]
    levels = [axis.collections[0].levels for axis in seeing.contours(planes).axes]
    assert np.array_equal(levels[0], levels[1]) and levels[0][-1] == 6.0


def test_colours_of_heights_stay_as_they_are_on_dark_pages():
    planes = {"low": plane(1.0), "high": plane(2.0)}
    assert is_map(seeing.surfaces(planes)) and is_map(seeing.contours(planes))
    path, above = np.array([[1.0, 2.0], [0.0, 0.0]]), plane(1.0)
    above.values["loss"] += 1
    assert not is_map(seeing.paths({"one": (path, np.array([0.6, 0.15]), above)})), "lines on paper"


def test_a_dot_a_network():
    rows = pd.DataFrame({"skip": [True, False, False], "loss": [0.1, 1.0, 2.0], "concave": [0.0, 0.3, 0.5], "steps": 9})
    with_skips, without = seeing.skips(rows).axes[0].lines
    assert with_skips.get_xdata().tolist() == [0.1] and without.get_ydata().tolist() == [0.3, 0.5]
    early = pd.DataFrame({"skip": [True], "loss": [0.9], "concave": [0.1], "steps": 3})
    with_skips, stopped, without = seeing.skips(pd.concat([rows, early])).axes[0].lines
    assert (with_skips.get_xdata().tolist(), stopped.get_xdata().tolist()) == ([0.1], [0.9])


def test_basins_are_means_over_seeds():
    rows = pd.DataFrame([{"seed": s, "h": h, "filter": h + s, "raw": 1 / h} for s in (0, 2) for h in (4, 8)])
    left, right = seeing.basins(rows).axes
    assert heights(left.containers[0]) == [5.0, 9.0] and heights(right.containers[0]) == [0.25, 0.125]


def test_batches_stand_in_the_order_of_batch_and_steps():
    ways = ((10, 100), (250, 4), (250, 40))
    rows = pd.DataFrame(
        [
            {"seed": s, "batch": b, "steps": n, "weight_decay": d, "filter": n + d, "raw": b}
            for s in (0, 1)
            for b, n in ways
            for d in (0.0, 0.5)
        ]
    )
    left, _ = seeing.batches(rows).axes
    assert [heights(container) for container in left.containers] == [[100, 4, 40], [100.5, 4.5, 40.5]]
    assert [label.get_text() for label in left.get_xticklabels()] == [f"B = {b}\n{n} steps" for b, n in ways]


def test_methods_are_where_their_errors_are():
    rows = pd.DataFrame(
        [
            {"seed": s, "regime": r, "method": m, "error": e}
            for s in (0, 1)
            for r, e in (("images", 0.1), ("sums", 0.4))
            for m in ("GD", "SGD")
        ]
    )
    found = [tuple(float(part[0]) for part in c.lines[0].get_data()) for c in seeing.methods(rows).axes[0].containers]
    assert np.allclose(found, [(0.1, 0.1), (0.4, 0.4)])


def test_energies_have_means_limit_and_levels():
    rows = pd.DataFrame([{"N": N, "seed": s, "energy": -1.0 - s / N} for N in (8, 64) for s in (0, 2)])
    axis = seeing.energies(rows, -1.5).axes[0]
    assert heights(axis.containers[0]) == pytest.approx([-1.125, -1.015625])
    level = [line.get_ydata()[0] for line in axis.lines if len(set(line.get_ydata())) == 1]
    assert {round(one, 3) for one in level} >= {-1.633, -1.657}
    assert [label.get_text() for label in axis.get_xticklabels()] == ["∞", "8", "64"]


def test_random_slices_show_every_eigenvalue_and_every_line():
    eigenvalues, t = np.linspace(-1, 3, 40), np.linspace(-1, 1, 5)
    figure = seeing.random_slices(eigenvalues, np.full(7, 0.2), t, {"random": t**2, "lowest": -(t**2)})
    left, right = figure.axes
    assert sum(patch.get_height() for patch in left.patches) == 47
    assert [line.get_label() for line in right.lines] == ["random", "lowest"]


def test_paths_rulers_depths_and_lines_are_drawn_as_given():
    path, above = np.array([[1.0, 2.0], [0.0, 0.0]]), plane(1.0)
    above.values["loss"] += 1  # drawn as its logarithm
    axis = seeing.paths({"one": (path, np.array([0.6, 0.15]), above)}).axes[0]
    assert axis.get_xlabel() == "first direction, 60%" and np.array_equal(axis.lines[0].get_xydata(), path)
    t = np.linspace(-1, 1, 3)
    left, right = seeing.rulers(t, {"a": t, "b": -t}, {"a": t, "b": t}, top=2.0).axes
    assert left.lines[1].get_ydata().tolist() == [1, 0, -1] and right.lines[1].get_ydata().tolist() == [-1, 0, 1]
    rows = pd.DataFrame(
        [{"skip": k, "layers": n, "concave": n / 10, "loss": n} for k in (True, False) for n in (4, 6)] * 2
    )
    assert heights(seeing.depths(rows).axes[0].containers[0]) == pytest.approx([0.4, 0.6])
    assert len(seeing.between(np.ones((3, 5))).axes[0].lines) == 3
