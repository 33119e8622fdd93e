"""Each claim of the double descent chapter has a null, and its rule rejects it (its entry in the claims names both)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from landscape_lib.experiments import double_descent as dd
from landscape_lib.measure import double_descent as measure
from landscape_lib.nets import legendre
from landscape_lib.report import decide, load_claims

ROOT = Path(__file__).resolve().parents[2]
RULES = {name: entry.rule for name, entry in load_claims(ROOT / "notebooks").items()}
N = np.array([42, 60, 102, 152, 210, 276, 390, 620, 1092, 2040, 3752, 7280])
SETS = 10


def verdict(name, value, interval, n_seeds=40):
    low, high = interval
    return decide(RULES[name], float(value), (float(min(low, value)), float(max(high, value))), n_seeds=n_seeds)


def sets(values, error=0.015, seed=0):
    """Training sets that differ by 5% at all sizes alike, and by ``error`` at each, as those of the chapter do."""
    generator = np.random.default_rng(seed)
    shared, own = generator.normal(0, 0.05, (SETS, 1)), generator.normal(0, error, (SETS, len(values)))
    return pd.DataFrame(values * np.exp(shared + own), columns=N[-len(values) :])


def peaked(height=1.0, at=320.0):
    """A curve that falls slowly, and has a peak in ln N of that height in ln."""
    return 0.1 * N**-0.05 * np.exp(height * np.exp(-0.5 * np.square(np.log(N / at) / 0.7)))


ZERO = pd.DataFrame([(N > 300) * 1.0] * SETS, columns=N)  # N* is between 276 and 390


def test_a_ridge_has_no_peak():
    """The claim's quantity, of polynomials with a ridge."""
    grid, degrees, P = torch.linspace(-1, 1, 501).double(), (1, 3, 5, 8, 12, 16, 19, 24, 40, 100, 300), 20
    X_grid, errors = legendre(grid, max(degrees)), []
    for seed in range(20):
        x, y = dd.scatter(P, 0.3, seed)
        X = legendre(x, max(degrees))
        errors.append([])
        for degree in degrees:
            A = X[:, : degree + 1]
            w = torch.linalg.solve(A.T @ A + torch.eye(degree + 1).double(), A.T @ y)
            errors[-1].append((X_grid[:, : degree + 1] @ w - dd.truth(grid)).square().mean().item())
    depth = measure.second_descent(pd.DataFrame(errors, columns=np.array(degrees) + 1), P)
    assert verdict("dd.polynomial", *depth) == "not reproduced"


def test_features_of_half_of_the_points_peak_elsewhere():
    sizes = (20, 40, 60, 75, 90, 120, 150, 200, 400)
    rows = pd.DataFrame(dd.features("digits", 75, sizes, seeds=range(10)))
    both = [rows.pivot(index="seed", columns="N", values=name) for name in ("square", "norm")]
    assert verdict("dd.features", *measure.furthest_peak(both, 75)) == "reproduced"
    assert verdict("dd.features", *measure.furthest_peak(both, 150)) == "not reproduced"


def test_an_error_that_only_falls_has_no_cusp():
    """Whatever the noise: a wiggle near N* is no peak, and a curve without one is largest at its smallest N."""
    there = sets(peaked())
    assert verdict("dd.cusp", *measure.cusp([there, there, there], ZERO)) == "reproduced"
    for seed in range(20):
        falling = sets(0.2 * N**-0.2, seed=seed)
        assert verdict("dd.cusp", *measure.cusp([falling, there, there], ZERO)) == "not reproduced"


def test_one_over_a_logarithm_is_no_divergence():
    norm = sets(10 / np.log(N), 0.02)
    assert verdict("dd.divergence", *measure.divergence(norm, ZERO)) == "not reproduced"
    far = ZERO.set_axis(N * 1, axis=1)
    values = 2 + 500 / np.maximum(N - 328.0, 1)
    assert verdict("dd.divergence", *measure.divergence(sets(values, 0.01), far)) != "not reproduced"


def test_an_error_that_rises_is_no_descent():
    assert verdict("dd.descent", *measure.descent(sets(peaked()))) == "reproduced"
    there, back = np.split(peaked(), [7])
    assert verdict("dd.descent", *measure.descent(sets(np.append(there, back[::-1])))) == "not reproduced"


@pytest.mark.parametrize("by, wanted", [(0.03, "reproduced"), (-0.03, "not reproduced"), (-0.01, "not reproduced")])
def test_more_data_that_helps_does_not_hurt(by, wanted):
    """Training sets differ as those of the chapter do, by 0.03 a set of two networks: forty decide."""
    sizes, draw = [60, 80, 102, 152], np.random.default_rng(1)
    fewer = pd.DataFrame(np.linspace(0.15, 0.25, 40)[:, None] * np.ones(4), columns=sizes)
    more = fewer + by + draw.normal(0, 0.03, (40, 4))
    zero = pd.DataFrame(draw.binomial(2, [0.1, 0.3, 0.7, 0.9], (40, 4)) / 2, columns=sizes)
    assert verdict("dd.sample", *measure.rise(fewer, more, zero)) == wanted


def test_a_plateau_is_no_second_fall():
    steps = np.arange(30)
    noise = np.random.default_rng(0).normal(0, 0.001, (5, 30))
    plateau = 0.1 + 0.1 / (1 + np.exp(-(steps - 12) / 2)) + 0.3 * np.exp(-steps / 2) + noise
    assert verdict("dd.epoch", *measure.mean_second_fall(list(plateau))) == "not reproduced"
    again = plateau - 0.05 * np.maximum(0, steps - 20) / 9
    assert verdict("dd.epoch", *measure.mean_second_fall(list(again))) == "reproduced"


def test_the_same_labels_on_both_sides_sharpen_nothing():
    for seed in range(10):
        same = measure.sharpened(sets(peaked(), seed=seed), sets(peaked(), seed=seed + 100))
        assert verdict("dd.noise", *same) != "reproduced"
    assert verdict("dd.noise", *measure.sharpened(sets(peaked()), sets(peaked()))) == "not reproduced"
    assert verdict("dd.noise", *measure.sharpened(sets(peaked(1.0)), sets(peaked(0.3)))) == "reproduced"


@pytest.mark.parametrize("cure", ["dd.cure_stopping", "dd.cure_ensemble", "dd.cure_calibration"])
def test_no_cure_leaves_the_peak(cure):
    for seed in range(5):
        uncured = measure.share_left(sets(peaked(), seed=seed), sets(peaked(), seed=seed + 100))
        assert verdict(cure, *uncured) == "not reproduced"
    assert verdict(cure, *measure.share_left(sets(peaked(0.2)), sets(peaked()))) == "reproduced"
