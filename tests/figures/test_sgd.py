"""The figures of chapter 7 show the numbers of their tables."""

import numpy as np
import pandas as pd
import pytest

from landscape_lib.figures import sgd


def heights(container) -> list[float]:
    return container.lines[0].get_ydata().tolist()


def test_steps_are_means_and_the_line_is_of_the_critical_batch():
    best = pd.DataFrame({"batch": [1, 1, 4, 4], "taken": [90, 110, 38, 42], "seed": [0, 1, 0, 1]})
    noises = pd.DataFrame({"seed": [0, 0], "step": [5, 0], "loss": [0.1, 2.0], "scale": [30.0, 10.0]})
    left, right = sgd.critical(best, noises, 4.0, 0.2).axes
    assert heights(left.containers[0]) == [100, 40]
    line = left.lines[0]
    assert np.ptp(line.get_ydata() / (1 + 4 / line.get_xdata())) < 1e-9
    assert right.lines[0].get_ydata().tolist() == [10.0, 30.0] and right.lines[1].get_ydata() == [4.0, 4.0]


def test_tails_stand_beside_their_controls():
    rows = pd.DataFrame({"step": [0, 0, 100, 100], "seed": [0, 1] * 2}).assign(
        across=[1.2, 1.4, 1.1, 1.1],
        across_control=1.5,
        across_full=1.4,
        through=[1.9, 1.9, 1.4, 1.2],
        through_control=2.0,
        through_t=1.7,
    )
    left, right = sgd.tails(rows).axes
    assert [heights(own) for own in left.containers] == [pytest.approx([1.3, 1.1]), [1.5, 1.5], [1.4, 1.4]]
    assert heights(right.containers[0]) == pytest.approx([1.9, 1.3])
    assert [text.get_text() for text in right.get_legend().get_texts()][-1] == "Student's t, 3"


def test_each_sampling_has_its_marks_and_its_law():
    rows = pd.DataFrame(
        [
            {"sampling": name, "direction": i, "seed": 0, "curvature": c, "variance": c + k, "predicted": 2 * c + k}
            for k, name in enumerate(sgd.SAMPLINGS)
            for i, c in enumerate((2.0, 1.0))
        ]
    )
    lines = sgd.stationary(rows).axes[0].lines
    assert lines[0].get_ydata().tolist() == [2.0, 1.0] and len(lines) == 6
    assert lines[1].get_ydata() == pytest.approx([2.0, 4.0])


def test_laws_are_lines_and_a_curvature_is_dotted():
    axis = sgd.laws(np.array([0.1, 1.0]), {"SGD": [1.0, 2.0], "in epochs": [0.1, 2.0]}, 0.5).axes[0]
    assert [line.get_ydata().tolist() for line in axis.lines[:2]] == [[1.0, 2.0], [0.1, 2.0]]
    assert axis.lines[2].get_xdata() == [0.5, 0.5]


def test_walks_begin_at_the_dot_and_the_mean_stands_beside_what_is_told():
    walk, still = np.array([[4.0, 0.25], [1.0, 1.0]]), np.array([[4.0, 0.25], [4.0, 0.25]])
    left, right = sgd.valley({"noise": walk, "none": still}, np.arange(2.0), np.ones(2), np.zeros(2)).axes
    assert left.lines[-1].get_xdata() == [4.0] and [len(line.get_xdata()) for line in right.lines] == [2, 2]
    assert right.lines[1].get_ydata().tolist() == [0.0, 0.0]


def test_a_line_a_network_for_each_kind():
    rows = pd.DataFrame({"kind": ["b", "a", "a"], "trace_before": [3.0, 1.0, 2.0], "trace": [3.0, 0.5, 1.0]})
    left, right = sgd.drifts(rows).axes
    assert [line.get_ydata().tolist() for line in left.lines] == [[1.0, 0.5], [2.0, 1.0]]
    assert right.get_title() == "b"


def test_errors_are_means_at_each_step_size():
    rows = pd.DataFrame(
        {"batch": [10, 10, 250], "steps": [500, 500, 20], "lr": [0.1, 0.1, 0.5], "error": [0.1, 0.3, 0.4]}
    )
    small, large = sgd.gaps(rows).axes[0].containers
    assert heights(small) == [0.2] and heights(large) == [0.4]


def test_errors_on_images_and_on_patches_have_a_panel_each():
    rows = pd.DataFrame({"way": ["small", "large", "annealed"] * 2, "clean": [0.3, 0.2, 0.1] * 2, "patch": 0.0})
    left, right = sgd.patches(rows).axes
    assert [line.get_ydata().tolist() for line in left.lines[:2]] == [[0.3, 0.3], [0.3, 0.3]]
    assert right.get_ylim()[1] == 0.02 and len(right.lines) == 6
