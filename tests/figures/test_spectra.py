"""The figures of chapter 2 show the numbers of their tables."""

import numpy as np
import pandas as pd

from landscape_lib.figures import spectra


def heights(container) -> list[float]:
    return container.lines[0].get_ydata().tolist()


def test_a_line_an_eigenvalue_the_first_in_colour():
    found = np.array([[2.0, 0.1, -0.1], [3.0, 0.05, 0.0]])
    lines = spectra.hero([0, 100], found, top=1).axes[0].lines
    assert [line.get_ydata().tolist() for line in lines] == [[0.1, 0.05], [-0.1, 0.0], [2.0, 3.0]]
    assert len({line.get_color() for line in lines}) == 2 and lines[0].get_xdata().tolist() == [0.5, 100]


def test_sizes_fall_by_rank_and_keep_their_signs():
    whole = np.array([-1.0, 4.0, 0.004])
    left, right = spectra.parts(whole, whole, whole, (-1.0, 4.0)).axes
    up, down = right.lines[:2]
    assert up.get_ydata().tolist() == [1.0, 0.001] and up.get_xdata().tolist() == [1, 3]
    assert down.get_ydata().tolist() == [0.25] and left.get_xlim() == (-1.0, 4.0)


def test_shares_at_zero_are_means_for_each_threshold():
    rows = pd.DataFrame(
        [
            {"seed": s, "step": t, "zero_tenth": 0.5 + t, "zero": 0.25 + s, "zero_thousandth": 0.0}
            for s in (0, 0.5)
            for t in (0, 0.25)
        ]
    )
    axis = spectra.peaks(rows).axes[0]
    assert [heights(own) for own in axis.containers] == [[0.5, 0.75], [0.5, 0.5], [0.0, 0.0]]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["0.1", "0.01", "0.001"]


def test_a_path_is_a_line_and_a_time_a_colour():
    rows = pd.DataFrame({"seed": [0, 0], "step": [9, 0], "loss": [0.1, 2.0], "down": [0.1, 0.4], "flat": [0.5, 0.7]})
    left, right = spectra.descents(rows).axes
    path, start, end = left.lines
    assert path.get_xdata().tolist() == [2.0, 0.1] and start.get_ydata().tolist() == [0.4]
    assert right.lines[2].get_ydata().tolist() == [0.5] and start.get_color() != end.get_color()


def test_the_parts_and_the_geometric_means_of_the_largest():
    rows = pd.DataFrame({"step": [0, 0], "split": [0.5, 0.25], "split_rest": [0.5, 0.75], "top": ["4 1", "1 0.25"]})
    left, right = spectra.splits(rows).axes
    assert [heights(own) for own in left.containers] == [[0.375], [0.625]]
    assert np.allclose(right.lines[0].get_ydata(), [2.0, 0.5])


def test_one_network_in_colour_and_the_small_ones_in_the_first_bin():
    axis = spectra.bulks({3: np.array([1.0, 0.5, 0.0]), 2: np.array([1.0, 1e-3])}, 3).axes[0]
    assert axis.patches[0].get_height() == 1
    assert sum(patch.get_height() for patch in axis.patches[:24]) == 3
    assert axis.get_legend_handles_labels()[1] == ["N = 3", "N = 2"]


def test_dots_are_as_large_as_the_networks_are_many():
    rows = pd.DataFrame({"k": [2, 2, 2, 3], "outliers": [2, 2, 1, 3], "top": ["4 2 1"] * 4})
    left, right = spectra.clusters(rows).axes
    dots = left.collections[0]
    assert dots.get_offsets().tolist() == [[2, 1], [2, 2], [3, 3]]
    assert (dots.get_sizes() / dots.get_sizes()[0]).tolist() == [1, 2, 1]
    assert np.allclose(right.lines[0].get_ydata(), [1, 0.5, 0.25])


def test_the_step_size_that_is_shown_lies_on_top_with_its_edge():
    rows = pd.DataFrame(
        [{"lr": lr, "step": t, "loss": 1.0, "sharpness": lr + t} for lr in (0.5, 0.25) for t in (0, 10)]
    )
    left, right = spectra.edges(rows, 0.5).axes
    assert right.lines[1].get_ydata().tolist() == [0.5, 10.5] and right.lines[2].get_ydata()[0] == 4.0
    assert left.lines[1].get_color() != left.lines[0].get_color()


def test_batches_stand_in_units_of_the_edge_and_ratios_with_their_intervals():
    rows = pd.DataFrame({"batch": [5, 5, 20], "edge": [0.25, 0.75, 1.0], "batch_edge": [1.0, 1.0, 0.5]})
    left, right = spectra.batches(rows, {"steps": (2.0, (1.5, 3.0))}).axes
    assert [heights(own) for own in left.containers] == [[0.5, 1.0], [1.0, 0.5]]
    assert right.containers[0].lines[2][0].get_segments()[0].tolist() == [[0.0, 1.5], [0.0, 3.0]]


def test_networks_at_rest_are_told_apart():
    rows = pd.DataFrame(
        {"P": [20, 20, 40], "N": 10, "satisfied": [True, False, False], "silenced_loss": [0.0, 0.0, 0.9]}
    ).assign(zero=[1.0, 0.25, 0.5])
    assert len(spectra.at_rest(rows, {}).axes) == 1
    left, right = spectra.at_rest(rows, {"P = 20": np.array([2.0, -1.0])}).axes
    assert [(line.get_xdata().tolist(), line.get_ydata().tolist()) for line in left.lines] == [
        ([2.0], [1.0]),
        ([2.0], [0.25]),
        ([4.0], [0.5]),
    ]
    assert right.lines[0].get_ydata().tolist() == [1.0, 0.5]


def test_each_run_has_its_curve_and_its_ends():
    rows = pd.DataFrame({"run": ["whole", "dominant", "bulk"], "start": 1.0, "loss": [0.25, 1.0, 0.5]})
    left, right = spectra.subspaces({"whole": ([0, 1], [1.0, 0.25])}, rows).axes
    assert left.lines[0].get_ydata().tolist() == [1.0, 0.25]
    assert [line.get_ydata().tolist() for line in right.lines] == [[1.0], [0.25], [1.0], [1.0], [1.0], [0.5]]


def test_displacements_as_they_are_and_over_those_of_the_shortest_lag():
    rows = pd.DataFrame(
        [
            {"N": N, "seed": 0, "wait": w, "lag": t, "moved": float(N * t * w)}
            for N in (5, 50)
            for w in (1, 10)
            for t in (1, 4)
        ]
    )
    left, right = spectra.aging(rows, rows[rows.N == 5].assign(moved=1.0)).axes
    assert [line.get_ydata().tolist() for line in left.lines] == [[20.0, 200.0], [200.0, 2000.0], [1.0, 1.0]]
    assert [line.get_ydata().tolist() for line in right.lines] == [[4.0, 4.0], [4.0, 4.0], [1.0, 1.0]]
    assert len(spectra.aging(rows).axes[0].lines) == 2


def test_overlaps_have_a_line_for_each_step_size():
    rows = pd.DataFrame(
        [{"lr": lr, "time": t, "seed": 0, "overlap": lr, "overlap_full": 2 * lr} for lr in (0.1, 0.3) for t in (3, 30)]
    )
    left, right = spectra.overlaps(rows).axes
    assert [heights(own) for own in left.containers] == [[0.1, 0.1], [0.3, 0.3]]
    assert [heights(own) for own in right.containers] == [[0.2, 0.2], [0.6, 0.6]]


def test_sizes_have_their_numbers_before_and_after():
    rows = pd.DataFrame(
        [
            {"N": N, "step": t, "seed": s, "away": N / (1 + t) + s, "top": "4 1" if s else "1 0.25"}
            for N in (1000, 4000)
            for t in (0, 9)
            for s in (0, 2)
        ]
    )
    left, right = spectra.sizes(rows).axes
    assert [heights(own) for own in left.containers] == [[1001.0, 4001.0], [101.0, 401.0]]
    assert np.allclose(right.lines[1].get_ydata(), [2.0, 0.5])


def test_arrivals_have_a_line_for_each_step_size():
    rows = pd.DataFrame(
        [{"lr": lr, "step": t, "seed": s, "edge": lr + t + s} for lr in (1, 2) for t in (0, 5) for s in (0, 2)]
    )
    axis = spectra.arrivals(rows).axes[0]
    assert [heights(own) for own in axis.containers] == [[2.0, 7.0], [3.0, 8.0]]


def test_waiting_has_a_panel_for_each_size_and_a_line_for_each_lag():
    rows = pd.DataFrame(
        [
            {"N": N, "seed": s, "wait": w, "lag": t, "moved": float(N * t * w + s)}
            for N in (5, 50)
            for s in (0, 2)
            for w in (10, 100)
            for t in (1, 4)
        ]
    )
    left, right = spectra.waiting(rows).axes
    assert [heights(own) for own in left.containers] == [[51.0, 501.0], [201.0, 2001.0]]
    assert right.get_title() == "N = 50" and heights(right.containers[0]) == [501.0, 5001.0]
