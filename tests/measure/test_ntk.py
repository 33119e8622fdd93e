"""Exponents, crossovers and ratios of errors, against exact laws."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib.measure import ntk


def table(**columns):
    return pd.DataFrame(columns)


def law(power, sizes=(4, 16, 64), seeds=3, name="h", noise=None):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {name: size, "seed": seed, "q": size**power * (1 if noise is None else rng.lognormal(0, noise))}
            for size in sizes
            for seed in range(seeds)
        ]
    )


@given(power=st.floats(-2, 2))
def test_an_exact_law_has_its_exponent_and_no_error(power):
    exponent = ntk.width_exponent(law(power), "q")
    assert [exponent.value, *exponent.interval] == pytest.approx([power] * 3, abs=1e-9)
    beta = ntk.learning_exponent(law(power, name="P"), "q")
    assert [beta.value, *beta.interval] == pytest.approx([-power] * 3, abs=1e-9)


def test_the_interval_of_an_exponent_holds_the_truth_nineteen_times_in_twenty():
    held = 0
    for seed in range(200):
        rows = law(-1.0, seeds=10)
        rows["q"] *= np.random.default_rng(seed).lognormal(0, 0.3, len(rows))
        low, high = ntk.width_exponent(rows, "q").interval
        held += low <= -1.0 <= high
    assert 179 <= held <= 199  # 190 ± 3.1, less and more three standard deviations


def test_the_mean_counts_and_not_the_mean_of_logarithms():
    rows = table(h=[4, 16, 64] * 2, seed=[0] * 3 + [1] * 3, q=[3.0, 1.0, 0.5, 1.0, 0.0, -0.1])
    with pytest.raises(ValueError, match="q: means .* over 1 seeds; need positive ones"):
        ntk.width_exponent(rows, "q")  # the second seed alone has none
    rows = pd.concat([rows, rows.assign(seed=rows.seed + 2)])
    wanted = np.polyfit(np.log([4, 16, 64]), np.log([2, 0.5, 0.2]), 1)[0]
    assert ntk.width_exponent(rows, "q").value == pytest.approx(wanted)


@given(star=st.floats(0.02, 5), steepness=st.floats(0.5, 2))
def test_the_crossover_is_where_a_power_law_is_one_whatever_the_members(star, steepness):
    rows = pd.DataFrame(
        [
            {"h": 8, "task_seed": 3, "alpha": alpha, "kernel_change": factor * (star / alpha) ** steepness}
            for alpha in (0.01, 0.1, 1.0, 10.0)
            for factor in (0.5, 2.0)
        ]
    )
    assert ntk.crossover(rows).loc[3, 8] == pytest.approx(star)


def test_the_crossover_is_the_last_and_is_refused_where_there_is_none():
    rows = table(h=4, task_seed=0, alpha=[0.1, 1.0, 10.0, 100.0], kernel_change=[10.0, 0.5, 2.0, 0.1])
    assert 10 < ntk.crossover(rows).loc[0, 4] < 100, "a kernel that comes back is not lazy yet"
    for change in ([3.0, 2.0, 2.0, 1.5], [0.5, 0.2, 0.1, 0.05]):
        with pytest.raises(ValueError, match="at h = 4, training set 0, .* need one above 1 at a small α"):
            ntk.crossover(rows.assign(kernel_change=change))


def test_two_regimes_are_the_ends_of_the_scales():
    rows = table(alpha_h=[0.1, 1.0, 9.0] * 2, task_seed=[0] * 3 + [1] * 3, error=[0.3, 0.01, 0.1, 0.1, 0.01, 0.1])
    ratio = ntk.feature_over_lazy(rows)
    assert ratio.value == pytest.approx(2.0) and ratio.interval[0] < 2 < ratio.interval[1]
    with pytest.raises(ValueError, match="the only scale is α̃ = 0.1; need two"):
        ntk.feature_over_lazy(rows[rows.alpha_h == 0.1])


def test_the_furthest_dimension_is_reported():
    rows = pd.DataFrame(
        [
            {"d": d, "P": P, "seed": seed, "square": P ** (-beta / d) * (1 + 0.01 * seed)}
            for d, beta in ((1, 1.0), (2, 1.3), (4, 0.9))
            for P in (8, 16, 32)
            for seed in (0, 1)
        ]
    )
    assert ntk.dimension_times_exponent(rows).value == pytest.approx(1.3)
    with pytest.raises(ValueError, match="does not fall with P"):
        ntk.dimension_times_exponent(rows.assign(square=1 / rows.square))


def test_door():
    with pytest.raises(ValueError, match="q: 2 sizes, need at least 3 for an exponent"):
        ntk.width_exponent(law(-1.0, sizes=(4, 16)), "q")
    with pytest.raises(ValueError, match="q: means .* over 3 seeds; need positive ones"):
        ntk.width_exponent(law(-1.0).assign(q=-1.0), "q")
    with pytest.raises(ValueError, match="every seed at every size"):
        ntk.width_exponent(law(-1.0).iloc[1:], "q")
    rows = pd.DataFrame(
        [
            {"alpha_h": a, "P": P, "task_seed": t, "error": 1 / P}
            for a in (0.1, 10.0)
            for P in (8, 16, 32)
            for t in (0, 1)
        ]
    )
    assert ntk.feature_less_lazy_exponent(rows).value == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="not every training set has both scales at every P"):
        ntk.feature_less_lazy_exponent(rows.iloc[1:])
