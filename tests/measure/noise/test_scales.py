"""The noise scale of batches, against that of points."""

import numpy as np
import pytest

from landscape_lib.measure.noise import noise_scale_of_batches


def squares(seed, *, signal=2.0, N=50, draws=400, sizes=(4, 64)):
    """Gradients g + noise of tr Σ = 10 N = 500, drawn in batches."""
    rng = np.random.default_rng(seed)
    g = np.full(N, signal / np.sqrt(N))
    return {size: ((g + rng.normal(0, np.sqrt(10 / size), (draws, N))) ** 2).sum(1) for size in sizes}


def test_the_interval_covers_the_scale_in_nineteen_cases_of_twenty():
    covered = 0
    for seed in range(200):
        low, high = noise_scale_of_batches(squares(seed, signal=20.0, draws=40)).interval
        covered += low <= 500 / 400 <= high
    assert 180 <= covered <= 199


def test_it_does_not_hang_on_the_two_sizes():
    scales = [noise_scale_of_batches(squares(0, signal=20.0, sizes=sizes)).value for sizes in ((1, 8), (16, 256))]
    assert scales[0] == pytest.approx(scales[1], rel=0.1) and scales[1] == pytest.approx(500 / 400, rel=0.05)


def test_door(as_user):
    given = squares(0, signal=0.0)
    with pytest.raises(ValueError, match="0.* within its error, from 400 draws; need more draws, or larger batches"):
        noise_scale_of_batches(given)
    with pytest.raises(ValueError, match=r"batches of \[4\] .* need two sizes"):
        noise_scale_of_batches({4: [1.0, 2.0]})
    with pytest.raises(ValueError, match="each with as many draws"):
        noise_scale_of_batches({4: [1.0, 2.0], 8: [1.0]})
    with pytest.raises(ValueError, match="NaN or infinite"):
        noise_scale_of_batches({4: [1.0, np.nan], 8: [1.0, 1.0]})
    with pytest.raises(ValueError, match="batches of"):
        noise_scale_of_batches({0: [1.0, 2.0], 8: [1.0, 1.0]})
