"""The statistics of chapter 1 against exact small tables, and what must not matter to them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from landscape_lib.measure import seeing

FACTORS = st.floats(1e-3, 1e3)
SEEDS = 6


def noise(*shape, spread=0.3, seed=0):
    return np.random.default_rng(seed).lognormal(0, spread, shape)


def two(column, by, first, second, values):
    """A row a seed at each of two values, those of the second group first: the order of rows means nothing."""
    rows = [
        {"seed": seed, by: value, column: number}
        for value, group in ((second, values[1]), (first, values[0]))
        for seed, number in enumerate(group)
    ]
    return pd.DataFrame(rows)


def skips(values, column):
    return two(column, "skip", False, True, values)


def batches(ratios, own=None):
    """Widths after batches of 10 and 250 at as many weight decays as there are ratios."""
    own = noise(len(ratios), 2, SEEDS) if own is None else own
    return pd.concat(
        [
            two("filter", "batch", 10, 250, (ratio * own[i][0], own[i][1])).assign(weight_decay=0.01 * i)
            for i, ratio in enumerate(ratios)
        ]
    )


def regimes(ratios, own=None):
    own = noise(len(ratios), 2, SEEDS) if own is None else own
    return pd.concat(
        [
            two("error", "method", "GD", "SGD", (ratio * own[i][0], own[i][1])).assign(regime=name)
            for i, (name, ratio) in enumerate(ratios.items())
        ]
    )


def law(power, sizes=(4, 16, 64), seeds=SEEDS, spread=0.0, seed=0):
    factors = noise(len(sizes), seeds, spread=spread, seed=seed)
    return pd.DataFrame(
        [{"h": h, "seed": s, "filter": h**power * factors[i, s]} for i, h in enumerate(sizes) for s in range(seeds)]
    )


def flat(estimate):
    return [estimate.value, *estimate.interval]


def close(estimate, other, rel=1e-9):
    """The jackknife takes differences of statistics of nearly the same data: some digits of 16 are lost."""
    return flat(estimate) == pytest.approx(flat(other), rel=rel, abs=1e-9)


# slices raw and normalised


def slices(raw, normalised):
    return pd.DataFrame({"seed": range(len(raw)), "raw": raw, "filter": normalised})


@given(units=FACTORS, factor=FACTORS)
def test_a_ratio_of_changes_knows_no_units_of_the_loss(units, factor):
    raw, normalised = noise(2, SEEDS)
    one = seeing.normalised_over_raw(slices(raw, normalised))
    assert close(seeing.normalised_over_raw(slices(units * raw, units * normalised)), one)
    assert seeing.normalised_over_raw(slices(raw, factor * normalised)).value == pytest.approx(factor * one.value)


def test_slices_of_several_directions_count_as_one_of_their_seed():
    rows = pd.DataFrame({"seed": [0, 0, 1], "raw": [1.0, 3.0, 2.0], "filter": [0.0, 2.0, 3.0]})
    assert seeing.normalised_over_raw(rows).value == 1.0  # (1 + 3)/(2 + 2)
    assert flat(seeing.normalised_over_raw(rows.assign(filter=0.0))) == [0, 0, 0]


# skips


def test_the_interval_of_a_difference_is_students_over_pairs():
    values = noise(2, SEEDS)
    found = seeing.concave_difference(skips(values, "concave"))
    low, high = ttest_1samp(values[0] - values[1], 0).confidence_interval()
    assert flat(found) == pytest.approx([(values[0] - values[1]).mean(), low, high])


@pytest.mark.parametrize("seeds", [2, 3, 7])  # with two, a list of False and True could be a mask of seeds
def test_without_skips_less_with_them_however_many_seeds(seeds):
    values = np.array([[0.5] * seeds, [0.125] * seeds])
    assert flat(seeing.concave_difference(skips(values, "concave"))) == [0.375] * 3
    assert seeing.loss_without_over_with(skips(values, "loss")).value == pytest.approx(4.0)


@given(units=FACTORS)
def test_a_ratio_of_losses_knows_no_units_and_turns_over_with_its_groups(units):
    values = noise(2, SEEDS)
    one = seeing.loss_without_over_with(skips(values, "loss"))
    assert close(seeing.loss_without_over_with(skips(units * values, "loss")), one)
    value, (low, high) = seeing.loss_without_over_with(skips(values[::-1], "loss"))
    assert flat(one) == pytest.approx([1 / value, 1 / high, 1 / low])
    assert one.interval[0] > 0 and one.value == pytest.approx(values[0].mean() / values[1].mean())


# widths


@given(power=st.floats(-2, 2), units=FACTORS)
def test_an_exact_law_has_its_exponent_and_no_error(power, units):
    rows = law(power)
    rows["filter"] *= units
    assert flat(seeing.width_exponent(rows)) == pytest.approx([power] * 3, abs=1e-9)


@given(units=FACTORS)
def test_an_exponent_knows_no_units_and_another_column_is_its_own(units):
    rows = law(0.4, spread=0.3)
    rows["raw"] = units * rows["filter"]
    assert close(seeing.width_exponent(rows, "raw"), seeing.width_exponent(rows))
    wanted = np.polyfit(np.log([4, 16, 64]), np.log(rows.groupby("h")["filter"].mean()), 1)[0]
    assert seeing.width_exponent(rows.sample(frac=1, random_state=0)).value == pytest.approx(wanted)


# batches


@given(units=FACTORS)
def test_the_lesser_ratio_counts_wherever_it_stands(units):
    own = np.ones((2, 2, SEEDS))
    for ratios in ((1.5, 1.2), (1.2, 1.5)):
        assert flat(seeing.lesser_batch_ratio(batches(ratios, own * units))) == pytest.approx([1.2] * 3)
    rows, raw = batches((1.5, 1.2)), batches((0.5, 0.7))["filter"]
    assert close(seeing.lesser_batch_ratio(rows.assign(raw=raw), "raw"), seeing.lesser_batch_ratio(batches((0.5, 0.7))))


def test_runs_of_other_lengths_are_not_averaged():
    rows = batches((1.5, 1.2))
    control = rows[rows.batch == 250]
    with pytest.raises(ValueError, match="lesser_batch_ratio: several rows of seed 0, batch 250, weight_decay 0; cho"):
        seeing.lesser_batch_ratio(pd.concat([rows, control]))
    with pytest.raises(ValueError, match="width_exponent: several rows of seed 0, h 4; choose one"):
        seeing.width_exponent(pd.concat([law(1.0), law(1.0)]))


# paths


def test_what_a_path_has_above_a_walk_is_a_mean_over_seeds_of_means_over_their_paths():
    rows = pd.DataFrame(
        {
            "seed": [0, 0, 1],
            "first": [0.75, 0.5, 0.75],
            "second": [0.25, 0.25, 0.125],
            "walk": [0.5, 0.75, 0.75],
        }
    )
    assert seeing.share_above_walk(rows).value == (0.25 + 0.125) / 2
    assert flat(seeing.share_above_walk(rows.assign(walk=rows["first"] + rows.second))) == [0, 0, 0]


@given(shift=st.floats(-0.5, 0.5))
def test_shares_moved_alike_stay_as_far_apart(shift):
    first, second, walk = np.random.default_rng(0).uniform(0.2, 0.4, (3, SEEDS))
    rows = pd.DataFrame({"seed": range(SEEDS), "first": first, "second": second, "walk": walk})
    moved = rows.assign(second=second + shift, walk=walk + shift)
    assert close(seeing.share_above_walk(moved), seeing.share_above_walk(rows))


# saddles


def test_a_point_counts_from_a_hundredth_of_directions_down_on():
    rows = pd.DataFrame({"seed": [0, 0, 0, 1, 1], "down": [0.01, 0.0099, 0.5, 0.2, 0.0], "up": [1.0, 0, 0.5, 0.25, 0]})
    assert seeing.share_up(rows).value == (0.75 + 0.25) / 2


# gradient descent and SGD


def test_the_regime_that_is_furthest_in_the_logarithm_counts_whichever_way():
    own = np.ones((3, 2, SEEDS))
    assert seeing.gd_over_sgd(regimes({"a": 1.1, "b": 1.9, "c": 0.5}, own)).value == pytest.approx(0.5)
    assert seeing.gd_over_sgd(regimes({"a": 1.1, "b": 2.1, "c": 0.5}, own)).value == pytest.approx(2.1)


@given(ratio=st.floats(0.2, 5), units=FACTORS)
def test_a_ratio_of_errors_knows_no_units_and_turns_over_with_its_methods(ratio, units):
    rows = regimes({"one": ratio})
    one = seeing.gd_over_sgd(rows)
    assert close(seeing.gd_over_sgd(rows.assign(error=units * rows.error)), one)
    value, (low, high) = seeing.gd_over_sgd(rows.assign(method=rows.method.map({"GD": "SGD", "SGD": "GD"})))
    assert flat(one) == pytest.approx([1 / value, 1 / high, 1 / low])


def test_the_mean_error_counts_and_not_the_mean_of_logarithms():
    rows = regimes({"one": 1.0}, np.array([[[0.0, 0.5, 1.0], [0.25, 0.25, 0.25]]]))
    assert seeing.gd_over_sgd(rows).value == pytest.approx(2.0)  # one network without an error is no infinity


# intervals


@pytest.mark.parametrize(
    ("statistic", "draw", "truth"),
    [
        (seeing.concave_difference, lambda seed: skips(np.add([[0.5], [0.2]], normal(seed)), "concave"), 0.3),
        (seeing.loss_without_over_with, lambda seed: skips([[3.0], [1.0]] * noise(2, 10, seed=seed), "loss"), 3.0),
        (seeing.width_exponent, lambda seed: law(0.4, seeds=10, spread=0.3, seed=seed), 0.4),
        (seeing.gd_over_sgd, lambda seed: regimes({"one": 1.2}, noise(1, 2, 10, seed=seed)), 1.2),
    ],
)
def test_the_interval_holds_the_truth_nineteen_times_in_twenty(statistic, draw, truth):
    intervals = [statistic(draw(seed)).interval for seed in range(200)]
    held = sum(low <= truth <= high for low, high in intervals)
    assert 179 <= held <= 199  # 190 ± 3.1, less and more three standard deviations


def normal(seed):
    return np.random.default_rng(seed).normal(0, 0.05, (2, 10))


# doors


def test_door():
    with pytest.raises(ValueError, match="normalised_over_raw: the raw slices of 2 seeds do not change; need some"):
        seeing.normalised_over_raw(slices([0.0, 0.0], [1.0, 1.0]))
    pair = skips([[0.5, 0.5], [0.0, 0.0]], "concave")
    with pytest.raises(ValueError, match=r"concave: need every seed at skip = False and True, there is \[True\]"):
        seeing.concave_difference(pair[pair.skip])
    with pytest.raises(ValueError, match="concave: need every seed at skip = False and True"):
        seeing.concave_difference(pair.iloc[1:])
    with pytest.raises(ValueError, match=r"means \[0.5, 0.0\] over 2 seeds; need positive ones"):
        seeing.loss_without_over_with(pair.rename(columns={"concave": "loss"}))
    with pytest.raises(ValueError, match="width_exponent: 2 widths; need 3 at least, each of every seed"):
        seeing.width_exponent(law(1.0, sizes=(4, 16)))
    with pytest.raises(ValueError, match="width_exponent: 3 widths; need 3 at least, each of every seed"):
        seeing.width_exponent(law(1.0).iloc[1:])
    none = law(1.0)
    none.loc[none.h == 4, "filter"] = 0.0  # trained so badly that the loss is above the threshold from the start
    with pytest.raises(ValueError, match=r"width_exponent: filter is \{4: 0.0, .* in the mean; need basins with a wi"):
        seeing.width_exponent(none)
    with pytest.raises(ValueError, match=r"lesser_batch_ratio: batches of \[10\]; need two sizes"):
        seeing.lesser_batch_ratio(batches((1.5,)).query("batch == 10"))
    saddles = pd.DataFrame({"seed": [0, 0, 1], "down": [0.5, 0.5, 0.001], "up": [1.0, 1.0, 1.0]})
    with pytest.raises(ValueError, match="share_up: 1 seeds with directions down; need at least two"):
        seeing.share_up(saddles)
    rows = regimes({"one": 1.0})
    with pytest.raises(ValueError, match=r"error: need every seed at method = GD and SGD, there is \['SGD'\]"):
        seeing.gd_over_sgd(rows[rows.method == "SGD"])
    with pytest.raises(ValueError, match="gd_over_sgd: no rows"):
        seeing.gd_over_sgd(rows.iloc[:0])


@pytest.mark.parametrize("column", ["filter", "raw"])
def test_a_slice_with_a_hole_is_refused(column):
    rows = slices([1.0, 1.0], [0.1, 0.1])
    rows.loc[0, column] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        seeing.normalised_over_raw(rows)
