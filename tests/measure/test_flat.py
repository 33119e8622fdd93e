"""Statistics of chapter 8, against tables whose answers are known, and against scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from landscape_lib.measure import flat


def edges(factor, seeds=5, column="edge"):
    return pd.DataFrame(
        [
            {"seed": s, "step": t, "lr": lr, "rho": rho, "sharpness": factor * (1 + 0.01 * s), column: 1.0}
            for s in range(seeds)
            for t in (100, 1000, 2000)
            for lr, rho in ((0.4, 0.02), (0.2, 0.1))
        ]
    )


def test_edge_ratio_is_a_geometric_mean_of_late_steps():
    rows = edges(1.3)
    rows.loc[rows.step == 100, "sharpness"] = 50.0
    expected = 1.3 * np.exp(np.log(1 + 0.01 * np.arange(5)).mean())
    assert flat.edge_ratio(rows).value == pytest.approx(expected)
    with pytest.raises(ValueError, match="0 rows after 5000 steps"):
        flat.edge_ratio(rows, least=5000)
    with pytest.raises(ValueError, match="above zero"):
        flat.edge_ratio(rows.assign(edge=0.0))


def sharp(ratio, seeds=6, scatter=0.1, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        [
            {"seed": s, "lr": lr, "batch": B, "trace": (ratio if B == 150 else 1) * np.exp(scatter * rng.normal())}
            for s in range(seeds)
            for lr in (0.05, 0.1)
            for B in (5, 20, 150)
        ]
    )


def test_large_over_small_compares_the_ends_at_one_step_size():
    assert flat.large_over_small(sharp(4.0, scatter=0)).value == pytest.approx(4)
    found = flat.large_over_small(sharp(4.0))
    assert found.interval[0] < 4 < found.interval[1]
    with pytest.raises(ValueError, match="batches of 5 only"):
        flat.large_over_small(sharp(4.0).query("batch == 5"))
    with pytest.raises(ValueError, match="of each seed and lr at batches 5 and 150"):
        flat.large_over_small(sharp(4.0).iloc[1:])


def nets(follow, seeds=8, seed=0):
    """Errors and a measure that both follow the step size, and, as asked, each other."""
    rng, rows = np.random.default_rng(seed), []
    for s in range(seeds):
        for lr in (0.05, 0.1, 0.2):
            for _ in range(6):
                common = rng.normal()
                measure = -5 * lr + follow * common + rng.normal(scale=0.3)
                rows.append(
                    {"seed": s, "lr": lr, "trace": measure, "error": -5 * lr + common + rng.normal(scale=0.3) + s}
                )
    return pd.DataFrame(rows)


def test_rank_correlation_is_that_of_scipy_within_a_seed():
    rows = nets(0.5)
    plain = [spearmanr(own.trace, own.error).statistic for _, own in rows.groupby("seed")]
    assert flat.rank_correlation(rows, given=None).value == pytest.approx(np.mean(plain))
    partial = []
    for _, own in rows.groupby("seed"):
        ranks = own[["trace", "error", "lr"]].rank().to_numpy()
        base = np.c_[np.ones(len(ranks)), ranks[:, 2]]
        left = ranks[:, :2] - base @ np.linalg.pinv(base) @ ranks[:, :2]
        partial.append(np.corrcoef(left.T)[0, 1])
    assert flat.rank_correlation(rows).value == pytest.approx(np.mean(partial))


def test_the_null_of_the_step_size_alone_is_seen_through():
    null = nets(0.0)
    assert flat.rank_correlation(null).interval[0] < 0.1 and abs(flat.rank_correlation(null).value) < 0.15
    assert flat.rank_correlation(nets(1.0)).interval[0] > 0.5
    with pytest.raises(ValueError, match="need five at least"):
        flat.rank_correlation(null.groupby("seed").head(4))
    with pytest.raises(ValueError, match="lr says all of trace"):
        flat.rank_correlation(null.assign(trace=-null.lr))


def line(height, seeds=5, pair="switched"):
    t = np.linspace(-0.5, 1.5, 9)
    return pd.DataFrame(
        [
            {"seed": s, "pair": pair, "t": at, "loss": 0.1 * (1 - at) + 0.05 * at + height * at * (1 - at)}
            for s in range(seeds)
            for at in t
        ]
    )


def test_barrier_is_above_the_chord_between_the_ends():
    assert flat.barrier(line(2.0)).value == pytest.approx(0.5)
    assert flat.barrier(line(-2.0)).value == 0  # a valley between is no barrier; and the outside does not count
    with pytest.raises(ValueError, match="need both ends"):
        flat.barrier(line(2.0).query("t != 1"))
    with pytest.raises(ValueError, match="there is \\['switched'\\]"):
        flat.barrier(line(2.0), "same start")


def mines(error, seeds=5, training=0.0):
    return pd.DataFrame(
        [
            {"seed": s, "kind": kind, "training_error": training, "error": e + 0.01 * s, "filtered": 10 * e}
            for s in range(seeds)
            for kind, e in (("plain", 0.1), ("poisoned", error))
        ]
    )


def test_poison():
    assert flat.poison_difference(mines(0.9)).value == pytest.approx(0.8)
    assert flat.poison_ratio(mines(0.9)).value == pytest.approx(9)
    with pytest.raises(ValueError, match="10 networks do not fit their training set"):
        flat.poison_difference(mines(0.9, training=0.01))
    with pytest.raises(ValueError, match="need each seed with 'rescued'"):
        flat.poison_difference(mines(0.9), ("rescued", "plain"))


def test_unit_factor_counts_up_and_down_alike():
    rows = pd.DataFrame(
        [
            {"seed": s, "factor": f, "what": what, "trace": f**-2 if what == "layer" else 1.0}
            for s in range(4)
            for f in (0.25, 4.0)
            for what in ("layer", "neuron")
        ]
    )
    assert flat.unit_factor(rows, "trace").value == pytest.approx(16)
    assert flat.unit_factor(rows, "trace", "neuron").value == pytest.approx(1)
    with pytest.raises(ValueError, match="of 'outputs', there is \\['layer', 'neuron'\\]"):
        flat.unit_factor(rows, "trace", "outputs")


def test_networks_that_are_not_at_the_loss_are_no_minima():
    rows = pd.DataFrame(
        [
            {"seed": s, "batch": B, "lr": 0.1, "rho": 0.0, "trace": 1.0 + s, "error": 0.1, "reached": B < 10 or s == 0}
            for s in (0, 1)
            for B in (5, 150)
        ]
    )
    for statistic in (flat.large_over_small, flat.sam_ratio, flat.rank_correlation):
        with pytest.raises(ValueError, match=r"1 of 4 networks did not reach .*\(150, 0.1, 0.0\)"):
            statistic(rows)


GOOD = {
    "edge_ratio": {"seed": [0, 1], "step": 2000, "sharpness": 2.0, "edge": 2.0},
    "large_over_small": {"seed": [0, 0, 1, 1], "lr": 0.1, "batch": [5, 50] * 2, "trace": [1.0, 2.0] * 2},
    "sam_ratio": {"seed": [0, 0, 1, 1], "rho": [0.0, 0.1] * 2, "trace": [2.0, 1.0] * 2},
    "rank_correlation": {
        "seed": [0] * 6 + [1] * 6,
        "lr": [1, 2] * 6,
        "trace": [1, 2, 3, 5, 4, 6] * 2,
        "error": [*range(6)] * 2,
    },
    "unit_factor": {"seed": [0, 1], "what": "layer", "factor": 2.0, "adaptive": 1.0},
    "hidden_exponent": {"seed": [0, 1], "what": "length", "factor": 2.0, "hidden": 0.25, "function": 0.0},
    "consolidation_ratio": {"seed": [0, 0, 1, 1], "step": [1, 2] * 2, "fitted": 1.0, "error": [0.4, 0.2] * 2},
    "smoothing_ratio": {"seed": [0, 0, 1, 1], "width": [0.0, 0.1] * 2, "rested": 1.0, "loss": 0.1},
    "barrier": {"seed": [0, 0, 0, 1, 1, 1], "pair": "switched", "t": [0.0, 0.5, 1.0] * 2, "loss": 0.1},
    "poison_difference": {"seed": [0, 0, 1, 1], "kind": ["plain", "poisoned"] * 2, "training_error": 0.0, "error": 0.1},
    "poison_ratio": {"seed": [0, 0, 1, 1], "kind": ["plain", "poisoned"] * 2, "training_error": 0.0, "filtered": 0.1},
}


@pytest.mark.parametrize("name", GOOD)
def test_broken_tables_are_refused_and_not_measured(name):
    statistic, rows = getattr(flat, name), pd.DataFrame(GOOD[name])
    statistic(rows)
    with pytest.raises(ValueError, match=f"{name}: there are no rows"):
        statistic(rows.iloc[:0])
    for column in rows:
        with pytest.raises(ValueError, match=f"{name}: rows have no column '{column}'"):
            statistic(rows.drop(columns=column))
        with pytest.raises(ValueError, match=f"{name}: 1 of {len(rows)} rows have no finite number in '{column}'"):
            statistic(rows.assign(**{column: rows[column].astype(object).where(rows.index != 1, None)}))


@pytest.mark.parametrize(
    "name", ["large_over_small", "sam_ratio", "consolidation_ratio", "smoothing_ratio", "poison_ratio"]
)
def test_two_rows_of_one_network_are_refused(name):
    rows = pd.DataFrame(GOOD[name])
    with pytest.raises(ValueError, match=f"{name}: {len(rows)} rows have the seed"):
        getattr(flat, name)(pd.concat([rows, rows]))


def test_poisoned_minima_that_err_on_their_images_have_no_sharpness_to_compare():
    rows = pd.DataFrame(GOOD["poison_ratio"]).assign(training_error=[0.0, 0.1, 0.0, 0.0])
    with pytest.raises(ValueError, match=r"poison_ratio: 1 networks do not fit .* seeds \[0\]"):
        flat.poison_ratio(rows)


def test_a_network_that_is_not_said_to_have_reached_its_loss_has_not():
    rows = pd.DataFrame(GOOD["sam_ratio"]).assign(batch=20, lr=0.1, reached=[True, None, True, True])
    with pytest.raises(ValueError, match="1 of 4 networks did not reach"):
        flat.sam_ratio(rows)
