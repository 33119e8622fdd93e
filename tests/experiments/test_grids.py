"""The contract of every experiment and of its grid, which stands apart from it."""

import inspect
import json
from importlib import import_module

import pytest

from landscape_lib._fingerprint import parts
from landscape_lib._sweep_command import EXPERIMENTS
from landscape_lib._sweeps.point import canonical, plain
from landscape_lib.experiments.grids import _doors

NAMES = sorted(file.stem for file in EXPERIMENTS.glob("[a-z]*.py"))
TINY = {
    "aging": {"P": 20, "h": 2, "batch": 10, "waits": (1, 2), "lags": (1, 3), "seeds": (0, 1)},
    "basins": {"P": 40, "h": 4, "batch": 10, "steps": 5, "seeds": (0, 1), "tests": 10},
    "batch_gaps": {"P": 30, "h": 3, "batch": 5, "steps": 4, "seeds": (0, 1), "tests": 20},
    "borders": {"h": 3, "P": 10, "seeds": (0, 1)},
    "circle": {"alpha_h": (0.1, 10.0), "P": 6, "h": 8, "seed": 0},
    "clusters": {"k": 2, "P": 20, "h": 2, "steps": 10, "seeds": (0, 1)},
    "critical_batches": {"P": 40, "h": 3, "batch": 8, "steps": 5, "seeds": (0, 1)},
    "double_descent": {"P": 20, "widths": (3,), "steps": 5, "seeds": (0, 1), "task_seeds": (1,)},
    "edges": {"P": 20, "h": 3, "batch": 10, "steps": (3,), "seeds": (0, 1)},
    "ensembles": {"P": 20, "h": 2, "task_seeds": (0, 1), "members": 2, "steps": 5},
    "feature_lazy": {
        "P": 20,
        "h": 4,
        "alpha_h": (0.1, 10.0),
        "task_seeds": (0, 1),
        "tests": 30,
        "probe": 10,
        "steps": 40,
    },
    "flat_directions": {"P": 40, "h": 2, "d": 3, "steps": 5, "seeds": (0, 1)},
    "gradient_noises": {"P": 40, "h": 3, "batch": 8, "steps": (0, 3), "seeds": (0, 1)},
    "jamming": {"P": 20, "widths": (3,), "steps": 5, "seeds": (0, 1)},
    "just_jammed": {"L": 1, "h": 4, "seeds": (0, 1), "begin": 1.0},
    "label_noise": {"P": 12, "h": 4, "batch": 2, "steps": 3, "seeds": (0, 1), "tests": 10},
    "landscapes": {"h": 3, "P": 20, "seeds": (0, 1), "columns": (6, 6), "steps": 5, "batch": 10},
    "large_spectra": {"P": 20, "h": 2, "batch": 10, "steps": (0, 3), "lanczos": 5, "probes": 2, "seeds": (0, 1)},
    "learning_curves": {"sizes": (4, 8), "tests": 10},
    "minefields": {"P": 20, "h": 4, "poison": 10, "to": 1.0, "steps": 50, "batch": 5, "seeds": (0, 1), "tests": 10},
    "minima": {"P": 20, "h": 2, "batch": 10, "lr": 0.1, "steps": 5, "seeds": (0, 1), "tests": 10},
    "packings": {"n": 16, "seeds": (0, 1)},
    "patches": {"P": 30, "h": 3, "batch": 5, "steps": 8, "annealing": 2, "seeds": (0, 1), "tests": 20},
    "phases": {
        "P": 20,
        "h": 3,
        "noise": 0.2,
        "lr": 0.1,
        "weight_decay": 0.01,
        "batch": 5,
        "steps": (0, 3),
        "seeds": (0, 1),
        "tests": 10,
    },
    "random_slices": {"P": 30, "h": 2, "steps": (0, 3), "seeds": (0, 1)},
    "regimes": {"P": 30, "h": 4, "steps": 5, "seeds": (0, 1), "tests": 10},
    "sam_edges": {"P": 20, "h": 3, "lr": 0.1, "rho": 0.1, "steps": (3,), "seeds": (0, 1), "tests": 10},
    "skips": {"P": 40, "h": 4, "blocks": 1, "steps": 3, "seeds": (0, 1), "tests": 10},
    "spectra": {"P": 20, "h": 2, "batch": 10, "steps": (0, 3), "seeds": (0, 1)},
    "stationary_noise": {"P": 20, "batch": 5, "steps": 6, "seeds": (0, 1)},
    "subspaces": {"P": 20, "h": 2, "batch": 10, "warm": 2, "steps": 2, "every": 1, "seeds": (0, 1)},
    "switches": {"P": 20, "h": 3, "large": 10, "small": 5, "steps": 3, "seeds": (0, 1), "tests": 10},
    "trajectories": {"P": 30, "h": 4, "batch": 10, "steps": 18, "seeds": (0, 1)},
    "smoothings": {"P": 12, "d": 3, "h": 3, "starts": 2, "steps": 12, "seeds": (0, 1)},
    "spirals": {"P": 10, "h": 8, "L": 2, "poison": 4, "tests": 20, "seeds": (0, 1)},
    "units": {"P": 20, "h": 2, "factor": 4.0, "lr": 0.1, "steps": 3, "batch": 5, "seeds": (0, 1)},
    "wide_networks": {"P": 10, "h": 4, "seeds": (0, 1), "tests": 8, "steps": 50},
}

SLICED = ("basins", "random_slices", "regimes", "skips", "trajectories")  # chapter 1's


def modules(name):
    return tuple(import_module(f"landscape_lib.experiments.{folder}{name}") for folder in ("", "grids."))


def own_dataset(grid):
    dataset = inspect.signature(grid).parameters["dataset"].default
    return "digits" if dataset is inspect.Parameter.empty else dataset


@pytest.mark.parametrize("name", NAMES)
def test_every_point_is_one_of_its_experiment_and_a_grid_repeats_itself(name):
    experiment, grids = modules(name)
    assert experiment.EXPERIMENT.__module__ == experiment.__name__
    assert experiment.DIGITS is None or experiment.DIGITS >= 4
    points = grids.grid("class", own_dataset(grids.grid), 0)
    keys = [canonical(experiment.EXPERIMENT, point) for point in points]
    assert len(set(keys)) == len(keys) > 1
    assert grids.grid("class", own_dataset(grids.grid)) == points, "seed 0 is what one gets without asking"
    others = grids.grid("class", own_dataset(grids.grid), 1)
    assert not set(keys) & {canonical(experiment.EXPERIMENT, point) for point in others}


@pytest.mark.parametrize("name", NAMES)
def test_each_row_says_where_it_comes_from_and_repeats_itself(name):
    experiment, grids = modules(name)
    point = grids.grid("class", own_dataset(grids.grid), 0)[-1] | TINY.get(name, {})
    rows, again = experiment.EXPERIMENT(**point), experiment.EXPERIMENT(**point)
    for row in rows:
        assert {"dataset", "data_sha256", "seconds"} <= row.keys() and {"seed", "seeds"} & row.keys()
        assert len(row["data_sha256"]) == 64 and row["seconds"] >= 0
        json.dumps({column: plain(value, column) for column, value in row.items()})
    assert repr([row | {"seconds": 0} for row in rows]) == repr([row | {"seconds": 0} for row in again])


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_point_does_not_depend_on_the_grid(name):
    experiment, _ = modules(name)
    assert not [module for module in parts(experiment.EXPERIMENT) if ".grids" in module]


@pytest.mark.parametrize("budget", ["class", "paper"])
@pytest.mark.parametrize("name", SLICED)
def test_every_setting_has_the_same_seeds_and_no_pilot_or_other_grid_has_them(large, name, budget):
    experiment, grids = modules(name)
    for seed in (0, 1, 2):
        seeds = {}
        for point in grids.grid(budget, "mnist", seed):
            inspect.signature(experiment.EXPERIMENT).bind(**point)
            setting = repr({key: value for key, value in point.items() if key != "seeds"})
            seeds.setdefault(setting, []).extend(point["seeds"])
        assert all(own == list(range(300 + 10 * seed, 310 + 10 * seed)) for own in seeds.values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"budget": "huge"}, "unknown budget 'huge', choose 'class' or 'paper'"),
        ({"dataset": "letters"}, "no data set 'letters', choose one of"),
        ({"seed": -1}, "seed is -1, need a whole number of at least 0"),
        ({"seed": True}, "seed is True, need a whole number"),
        ({"seed": "0"}, "seed is '0', need a whole number"),
    ],
)
def test_door(as_user, name, wrong, says):
    _, grids = modules(name)
    with pytest.raises(ValueError, match=f"grid: {says}"):
        grids.grid(**({"budget": "class", "dataset": own_dataset(grids.grid), "seed": 0} | wrong))


def test_a_data_set_that_is_too_small_for_the_papers_is_refused(as_user):
    with pytest.raises(ValueError, match="the paper budget needs more than 5000 images, digits has 1797; take mnist"):
        _doors.check("paper", "digits", 0, paper_needs=5000)
    _doors.check("class", "digits", 0, paper_needs=5000)
