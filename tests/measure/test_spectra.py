"""Statistics of spectra: exact cases, what they do not depend on, intervals, and what they refuse."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr, ttest_1samp

from landscape_lib.measure import spectra

SEEDS = 6
FACTORS = st.floats(0.01, 100)


def noise(*shape, seed=0, spread=0.2):
    return np.random.default_rng(seed).lognormal(0, spread, shape)


def flat(estimate):
    return [estimate.value, *estimate.interval]


def two(values, column, by, names):
    return pd.DataFrame(
        [{"seed": s, by: name, column: values[i][s]} for i, name in enumerate(names) for s in range(len(values[0]))]
    )


@pytest.mark.parametrize(
    ("start", "end", "wanted"), [(0.1, 0.8, 0.3), (0.4, 0.9, 0.1), (0.7, 0.9, -0.2), (0.1, 0.3, -0.2)]
)
def test_most_at_the_end_and_not_at_the_start_whichever_is_less(start, end, wanted):
    rows = two([[start] * 3, [0.0] * 3, [end] * 3], "zero", "step", (0, 5, 9))
    assert flat(spectra.bulk_margin(rows)) == pytest.approx([wanted] * 3)


@given(power=st.floats(-1, 1), units=FACTORS)
def test_an_exact_law_has_its_exponent(power, units):
    rows = pd.DataFrame([{"seed": s, "N": N, "away": units * N**power} for N in (10, 50, 400) for s in range(3)])
    assert flat(spectra.away_exponent(rows)) == pytest.approx([power] * 3, abs=1e-9)


@given(slope=st.floats(-2, 2), offset=st.floats(-5, 5))
def test_a_line_has_its_slope(slope, offset):
    rows = pd.DataFrame([{"seed": s, "k": k, "outliers": offset + slope * k} for k in (2, 3, 7) for s in range(3)])
    assert flat(spectra.outliers_per_cluster(rows)) == pytest.approx([slope] * 3, abs=1e-9)


@given(units=FACTORS)
def test_a_ratio_knows_no_units_and_turns_over_with_its_groups(units):
    rows = two(noise(2, SEEDS), "sharpness", "batch", (4, 64))
    one = spectra.batch_ratio(rows)
    assert flat(spectra.batch_ratio(rows.assign(sharpness=units * rows.sharpness))) == pytest.approx(flat(one))
    value, (low, high) = spectra.batch_ratio(rows.assign(batch=-rows.batch))
    assert flat(one) == pytest.approx([1 / value, 1 / high, 1 / low])


def test_the_interval_of_a_mean_is_students():
    values = noise(SEEDS)
    rows = pd.DataFrame({"seed": range(SEEDS), "step": 3, "split": values, "overlap": values})
    wanted = [values.mean(), *ttest_1samp(values, 0).confidence_interval()]
    assert flat(spectra.gauss_newton_share(rows)) == pytest.approx(wanted)
    assert flat(spectra.overlap_with_top(rows)) == pytest.approx(wanted)
    assert spectra.gauss_newton_share(pd.concat([rows, rows.assign(step=1, split=9.0)])).value == values.mean()


def test_only_sizes_where_networks_end_on_both_sides_count():
    rows = pd.DataFrame(
        [
            {"seed": s, "P": P, "satisfied": satisfied, "silenced_loss": 0.0, "zero": 1.0 if satisfied else zero}
            for P, sides, zero in ((10, (True,), 0), (20, (True, False), 0.25), (30, (False,), 0.0))
            for s in range(4)
            for satisfied in [sides[s % len(sides)]]
        ]
    )
    assert flat(spectra.flat_jump(rows)) == [0.75] * 3


def runs(whole, dominant, bulk, overlap, units=1.0):
    lost = {"whole": whole, "dominant": dominant, "bulk": bulk}
    return pd.DataFrame(
        [
            {"seed": s, "run": run, "start": units, "loss": units * np.exp(-p), "overlap": overlap}
            for s in range(3)
            for run, p in lost.items()
        ]
    )


@given(overlap=st.floats(0, 1), whole=st.floats(0.1, 5), units=FACTORS)
def test_a_run_in_proportion_to_its_share_of_the_gradient_has_no_excess(overlap, whole, units):
    rows = runs(whole, overlap * whole, (1 - overlap) * whole, overlap, units)
    assert flat(spectra.bulk_excess(rows)) == pytest.approx([0, 0, 0], abs=1e-9)
    assert spectra.bulk_excess(runs(whole, 0, whole, overlap, units)).value == pytest.approx(overlap, abs=1e-9)


def test_the_step_size_that_is_furthest_from_the_edge_counts_and_the_batch_that_is_next_to_it():
    rows = pd.DataFrame(
        [
            {"seed": s, "lr": lr, "batch": 10 * lr, "step": step, "edge": e if step else 0.3}
            for s in range(3)
            for lr, e in ((1, 1.1), (2, 0.8), (3, 1.2))
            for step in (0, 9)
        ]
    )
    assert flat(spectra.edge(rows)) == pytest.approx([0.8] * 3)
    assert flat(spectra.edge_of_batches(rows)) == pytest.approx([1.2] * 3)


@given(small=st.floats(-1, 2), large=st.floats(-1, 2), dies=st.floats(0, 2), units=FACTORS)
def test_an_exponent_of_aging_does_not_know_how_the_noise_dies(small, large, dies, units):
    rows = pd.DataFrame(
        [
            {"seed": s, "N": N, "wait": w, "lag": t, "moved": units * w**-dies * t * (w**-mu if t > 1 else 1)}
            for s in range(3)
            for N, mu in ((9, small), (99, large))
            for w in (1, 10, 100)
            for t in (1, 5, 10)
        ]
    )
    assert spectra.aging(rows).value == pytest.approx(small - large, abs=1e-9)
    assert spectra.aging(rows, raw=True).value == pytest.approx(small - large, abs=1e-9)


def test_ranks_are_spearmans():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"seed": np.repeat(range(4), 5), "loss": rng.random(20), "down": rng.integers(0, 4, 20)})
    wanted = [spearmanr(own.down, own.loss).statistic for _, own in rows.groupby("seed")]
    assert spectra.index_with_loss(rows).value == pytest.approx(np.mean(wanted))
    assert flat(spectra.index_with_loss(rows.assign(down=0.0))) == [0, 0, 0]


def test_the_interval_of_a_ratio_holds_the_truth_nineteen_times_in_twenty():
    draws = [two([[2.0], [1.0]] * noise(2, 10, seed=seed), "sharpness", "batch", (64, 4)) for seed in range(200)]
    held = sum(low <= 2.0 <= high for low, high in (spectra.batch_ratio(rows).interval for rows in draws))
    assert 179 <= held <= 199  # 190 ± 3.1, less and more three standard deviations


def test_door():
    rows = two(noise(2, SEEDS), "sharpness", "batch", (4, 64))
    with pytest.raises(ValueError, match=r"batch_ratio: batches of \[4\]; need two sizes"):
        spectra.batch_ratio(rows[rows.batch == 4])
    with pytest.raises(ValueError, match="batch_ratio: 12 rows are of a seed and batch that others are of"):
        spectra.batch_ratio(pd.concat([rows, rows]))
    with pytest.raises(ValueError, match="sharpness: need every seed at two values of batch"):
        spectra.batch_ratio(rows.iloc[1:])
    with pytest.raises(ValueError, match="zero: need every seed at two values of step"):
        spectra.bulk_margin(pd.DataFrame({"seed": [0, 1], "step": 0, "zero": 0.5}))
    sizes = pd.DataFrame([{"seed": s, "N": N, "away": 1.0} for N in (1, 2, 3) for s in (0, 1)])
    with pytest.raises(ValueError, match="away_exponent: 3 sizes N; need 3 at least, each of every seed"):
        spectra.away_exponent(sizes.iloc[1:])
    with pytest.raises(ValueError, match="away_exponent: no eigenvalue is away from zero at some size"):
        spectra.away_exponent(sizes.assign(away=0))
    with pytest.raises(ValueError, match="away_exponent: 6 rows are of a seed and N that others are of"):
        spectra.away_exponent(pd.concat([sizes, sizes]))
    one = pd.DataFrame({"seed": [0, 1], "P": 5, "satisfied": True, "silenced_loss": 0.0, "zero": 1.0})
    with pytest.raises(ValueError, match="flat_jump: 0 networks at sizes where some are satisfied and others not"):
        spectra.flat_jump(one)
    with pytest.raises(ValueError, match="bulk_excess: need a whole, a dominant and a bulk run"):
        spectra.bulk_excess(runs(1, 0, 1, 0.5).query("run != 'bulk'"))
    with pytest.raises(ValueError, match="bulk_excess: the whole run makes no progress"):
        spectra.bulk_excess(runs(-1, 0, 1, 0.5))
    for statistic in (spectra.edge, spectra.edge_of_batches):
        with pytest.raises(ValueError, match=f"{statistic.__name__}: no rows"):
            statistic(pd.DataFrame({"seed": [], "lr": [], "batch": [], "step": [], "edge": []}))
    with pytest.raises(ValueError, match="aging: 1 sizes, lags 1 to 1, 1 waiting times"):
        spectra.aging(pd.DataFrame({"seed": [0, 1], "N": 3, "wait": 1, "lag": 1, "moved": 1.0}))
    with pytest.raises(ValueError, match="index_with_loss: need 3 times at least of every seed"):
        spectra.index_with_loss(pd.DataFrame({"seed": [0, 0, 1], "down": 0.0, "loss": 1.0}))
