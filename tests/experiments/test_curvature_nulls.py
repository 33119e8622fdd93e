"""Each claim of chapter 2 has a null, and its rule rejects it (its entry in the claims names both)."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from landscape_lib.experiments.clusters import outliers_of_clusters
from landscape_lib.experiments.edges import sharpness_of_descent
from landscape_lib.experiments.spectra import spectra_on_the_way
from landscape_lib.measure import spectra
from landscape_lib.measure.curvature import displacement, peak_at_zero, valley_displacement
from landscape_lib.report import decide, read_claims

FILE = Path(__file__).resolve().parents[2] / "notebooks" / "02_curvature.claims.yml"
CLAIMS = read_claims(FILE)
SEEDS = tuple(range(10))  # of pilots: those that decide begin at 300


def verdict(name, measured):
    """Of a statistic, and the rows that it is of: from as many seeds as there are."""
    (value, interval), rows = measured
    return decide(CLAIMS[name].rule, value, interval, n_seeds=rows.seed.nunique())


def bulk_of(rows):
    return spectra.bulk_margin(rows := pd.DataFrame(rows)), rows


def parameters_of(rows):
    return spectra.away_exponent(rows := pd.DataFrame(rows)), rows


def data_of(rows):
    return spectra.outliers_per_cluster(rows := pd.DataFrame(rows)), rows


def batch_of(rows):
    return spectra.batch_ratio(rows := pd.DataFrame(rows)), rows


def split_of(rows):
    return spectra.gauss_newton_share(rows := pd.DataFrame(rows)), rows


def flat_of(rows):
    return spectra.flat_jump(rows := pd.DataFrame(rows)), rows


def subspace_of(rows):
    return spectra.overlap_with_top(rows := pd.DataFrame(rows)), rows


def bulk_learns_of(rows):
    return spectra.bulk_excess(rows := pd.DataFrame(rows)), rows


def edge_of(rows):
    return spectra.edge(rows := pd.DataFrame(rows)), rows


def edge_batches_of(rows):
    return spectra.edge_of_batches(rows := pd.DataFrame(rows)), rows


def aging_of(rows):
    return spectra.aging(rows := pd.DataFrame(rows)), rows


def saddles_of(rows):
    return spectra.index_with_loss(rows := pd.DataFrame(rows)), rows


# curv.bulk, curv.split, curv.saddles: of networks on their way


@cache
def on_the_way():
    steps = (0, 60, 200, 800)
    return pd.DataFrame(spectra_on_the_way("digits", 60, 6, seeds=SEEDS, batch=20, lr=0.2, steps=steps))


def test_the_start_in_the_place_of_the_end_or_the_two_swapped():
    rows = on_the_way()
    assert verdict("curv.bulk", bulk_of(rows)) == "reproduced", "the rule is no bar to a truth"
    start = rows[rows.step == 0]
    assert verdict("curv.bulk", bulk_of(rows.assign(step=-rows.step))) == "not reproduced"
    assert verdict("curv.bulk", bulk_of(pd.concat([start, start.assign(step=9)]))) == "not reproduced"


def test_the_two_parts_swapped_or_networks_before_training():
    rows = on_the_way()
    assert verdict("curv.split", split_of(rows)) == "reproduced"
    assert verdict("curv.split", split_of(rows.assign(split=rows.split_rest))) == "not reproduced"
    assert verdict("curv.split", split_of(rows[rows.step == 0])) == "not reproduced"


def test_losses_shuffled_among_the_points_of_a_path():
    rows, rng, verdicts = on_the_way(), np.random.default_rng(0), []
    assert verdict("curv.saddles", saddles_of(rows)) == "reproduced"
    for _ in range(50):
        shuffled = rows.assign(loss=rows.groupby("seed").loss.transform(rng.permutation))
        verdicts.append(verdict("curv.saddles", saddles_of(shuffled)))
    assert "reproduced" not in verdicts and verdicts.count("not reproduced") > 40


# curv.parameters, curv.data


def test_random_matrices_that_grow_with_their_samples_keep_the_shape_of_their_spectrum():
    rng, rows = np.random.default_rng(0), []
    for N in (60, 120, 240):
        for seed in SEEDS:
            X = rng.standard_normal((N // 2, N))
            zero = peak_at_zero(torch.from_numpy(np.linalg.eigvalsh(X.T @ X)), 1e-2)
            rows.append({"seed": seed, "N": N, "away": round((1 - zero) * N)})
    assert verdict("curv.parameters", parameters_of(rows)) == "not reproduced"
    assert verdict("curv.parameters", parameters_of(pd.DataFrame(rows).assign(away=40))) == "reproduced"


@cache
def clustered(k):
    return pd.DataFrame(outliers_of_clusters(k, 60, 8, seeds=SEEDS, lr=0.1, steps=2000, to=0.02))


def test_clusters_shuffled_or_as_many_in_all():
    rows, rng = pd.concat([clustered(k) for k in (2, 3, 4, 5)], ignore_index=True), np.random.default_rng(0)
    assert verdict("curv.data", data_of(rows)) == "reproduced"
    shuffled = [
        verdict("curv.data", data_of(rows.assign(k=rows.groupby("seed").k.transform(rng.permutation))))
        for _ in range(50)
    ]
    assert "reproduced" not in shuffled and shuffled.count("not reproduced") > 40
    alike = pd.concat([clustered(3).assign(k=k) for k in (2, 3, 4)])
    assert verdict("curv.data", data_of(alike)) == "not reproduced"


# curv.batch, curv.edge, curv.edge_batches


@cache
def edges(batch, lr, steps=(0, 700)):
    return pd.DataFrame(sharpness_of_descent("digits", 100, 20, seeds=SEEDS[:5], batch=batch, lr=lr, steps=steps))


def test_the_start_and_a_step_that_never_meets_the_edge():
    rows = pd.concat([edges(None, 0.4), edges(None, 0.8)])
    assert verdict("curv.edge", edge_of(rows)) == "reproduced"
    assert verdict("curv.edge", edge_of(rows[rows.step == 0])) == "not reproduced"
    assert verdict("curv.edge", edge_of(pd.concat([rows, edges(None, 0.1)]))) == "not reproduced"


def test_one_size_of_batch_in_both_groups_or_the_groups_swapped():
    small, full = (edges(batch, 0.4) for batch in (4, None))
    rows = pd.concat([part[part.step == 700] for part in (small, full)])
    assert verdict("curv.batch", batch_of(rows)) == "reproduced"
    assert verdict("curv.batch", batch_of(rows.assign(batch=-rows.batch))) == "not reproduced"
    again = full.assign(seed=(full.seed + 1) % 5, batch=4)  # other networks in the other group
    assert (
        verdict("curv.batch", batch_of(pd.concat([part[part.step == 700] for part in (again, full)])))
        == "not reproduced"
    )


def test_full_batch_in_the_place_of_smaller_ones():
    assert verdict("curv.edge_batches", edge_batches_of(edges(4, 0.4))) == "reproduced"
    assert verdict("curv.edge_batches", edge_batches_of(edges(None, 0.4))) == "not reproduced"


# curv.flat: with the scatter of a pilot


def at_rest(under, sizes=(360, 370, 380), seed=0):
    """The weight of the peak is 1 in networks at zero, and as given in the others; half of the networks are these."""
    rng, rows = np.random.default_rng(seed), []
    for P in sizes:
        for s in SEEDS:
            satisfied = bool(rng.random() < 0.5)
            zero = 1.0 if satisfied else under(P) + rng.normal(0, 0.03)
            rows.append({"seed": s, "P": P, "satisfied": satisfied, "silenced_loss": 0.0, "zero": zero})
    return pd.DataFrame(rows)


def test_satisfied_networks_swapped_or_shuffled_or_a_peak_that_falls_continuously():
    rows, rng = at_rest(lambda P: 0.27), np.random.default_rng(0)
    assert verdict("curv.flat", flat_of(rows)) == "reproduced"
    assert verdict("curv.flat", flat_of(rows.assign(satisfied=~rows.satisfied))) == "not reproduced"
    assert verdict("curv.flat", flat_of(at_rest(lambda P: 1 - (P - 350) / 100))) == "not reproduced"
    verdicts = [
        verdict("curv.flat", flat_of(rows.assign(satisfied=rng.permutation(rows.satisfied)))) for _ in range(50)
    ]
    assert "reproduced" not in verdicts


def test_networks_at_a_silenced_layer_do_not_count():
    rows = at_rest(lambda P: 0.27)
    stuck = rows[rows.satisfied].assign(satisfied=False, silenced_loss=1.0)
    assert spectra.flat_jump(pd.concat([rows, stuck])) == spectra.flat_jump(rows)


# curv.subspace, curv.bulk_learns


def test_directions_at_random():
    rng, rows = np.random.default_rng(0), []
    for seed in SEEDS:
        g, V = rng.standard_normal(258), np.linalg.qr(rng.standard_normal((258, 10)))[0]
        rows.append({"seed": seed, "overlap": float(np.square(V.T @ g).sum() / (g @ g))})
    assert verdict("curv.subspace", subspace_of(rows)) == "not reproduced"
    assert (
        verdict("curv.subspace", subspace_of(pd.DataFrame(rows).assign(overlap=lambda r: 0.6 + r.overlap)))
        == "reproduced"
    )


def runs(dominant, bulk, overlap, seed=0):
    """Runs that lose so much of ln 𝓛, the whole one 1; and a share of the gradient."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        [
            {"seed": s, "run": run, "start": 1.0, "loss": np.exp(-p - rng.normal(0, 0.1)), "overlap": overlap}
            for s in SEEDS
            for run, p in (("whole", 1.0), ("dominant", dominant), ("bulk", bulk))
        ]
    )


def test_runs_in_proportion_to_their_gradient_or_swapped():
    assert verdict("curv.bulk_learns", bulk_learns_of(runs(0.0, 1.0, 0.6))) == "reproduced"
    assert verdict("curv.bulk_learns", bulk_learns_of(runs(1.0, 0.0, 0.6))) == "not reproduced"
    assert verdict("curv.bulk_learns", bulk_learns_of(runs(0.6, 0.4, 0.6))) == "not reproduced"
    assert verdict("curv.bulk_learns", bulk_learns_of(runs(0.04, 0.96, 0.04))) == "not reproduced", (
        "a subspace at random"
    )


# curv.aging


def walks(shrinks=1.0, seed=0):
    """Random walks of both sizes, whose steps shrink as t^(−shrinks/2)."""
    rng, waits, lags, rows = np.random.default_rng(seed), (100, 300, 1000, 3000), (10, 300), []
    at = sorted({*waits, *(w + t for w in waits for t in lags)})
    for N in (58, 1738):
        for s in SEEDS:
            steps = rng.standard_normal((at[-1] + 1, 20)) * np.arange(1, at[-1] + 2)[:, None] ** (-shrinks / 2)
            places = displacement(torch.from_numpy(steps.cumsum(0)[at]))
            rows += [
                {"seed": s, "N": N, "wait": w, "lag": t, "moved": places[at.index(w), at.index(w + t)].item()}
                for w in waits
                for t in lags
            ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("shrinks", [0.0, 1.0])
def test_walks_whose_steps_shrink(shrinks):
    assert verdict("curv.aging", aging_of(walks(shrinks))) == "not reproduced"


def test_sizes_swapped_or_waiting_times_shuffled():
    rows, rng = walks(), np.random.default_rng(0)
    held = (rows.N == 58) & (rows.lag == 300)
    aged = rows.assign(moved=rows.moved * np.where(held, rows.wait**-0.8, 1.0))
    assert verdict("curv.aging", aging_of(aged)) == "reproduced"
    assert verdict("curv.aging", aging_of(aged.assign(N=1796 - aged.N))) == "not reproduced"
    verdicts = []
    for _ in range(50):
        own = {
            (s, N): dict(zip(own.wait, rng.permutation(own.wait), strict=True))
            for (s, N), own in aged[aged.lag == 10].groupby(["seed", "N"])
        }
        wait = [own[s, N][w] for s, N, w in zip(aged.seed, aged.N, aged.wait, strict=True)]
        verdicts.append(verdict("curv.aging", aging_of(aged.assign(wait=wait))))
    assert "reproduced" not in verdicts


def test_a_convex_valley_passes_the_rule_of_aging_which_is_its_fault():
    """What the claim's tag says: a drift that ends in noise looks the same as a glass to this statistic."""
    rows = walks(0.0)
    small = rows.N == 58
    modes = np.geomspace(1e-3, 1e-1, 58)
    slid = [valley_displacement(modes, 1e-5, wait, lag) for wait, lag in zip(rows.wait, rows.lag, strict=True)]
    assert verdict("curv.aging", aging_of(rows.assign(moved=rows.moved.where(~small, slid)))) == "reproduced"
    assert [tag.tag for tag in CLAIMS["curv.aging"].tags] == ["rule at fault"]
