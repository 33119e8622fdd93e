"""The statistics of chapter 7, on tables that are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib.measure import sgd

BATCHES = (1, 4, 16, 64, 256)


def steps(critical, least=10.0, seeds=5, scatter=0.0, to=0.2):
    rng, rows = np.random.default_rng(0), []
    for s in range(seeds):
        for B in BATCHES:
            best = least * (1 + critical / B) * rng.lognormal(0, scatter)
            for lr, cost in ((0.1, 1.5), (0.2, 1.0), (0.4, np.nan)):
                rows.append({"seed": s, "batch": B, "lr": lr, "to": to, "taken": best * cost})
    return pd.DataFrame(rows)


def way(scale, seeds=5):
    losses = np.array([2.0, 1.0, 0.5, 0.25, 0.125])
    return pd.DataFrame(
        [
            {"seed": s, "step": i, "loss": loss, "scale": scale(loss)}
            for s in range(seeds)
            for i, loss in enumerate(losses)
        ]
    )


@given(st.floats(2.0, 100.0), st.floats(1.0, 1000.0))
def test_the_critical_batch_is_found_whatever_the_steps_are_in_units_of(critical, least):
    assert sgd.critical_batch(steps(critical, least)).value == pytest.approx(critical, rel=1e-3)


def test_each_batch_stands_at_its_own_best_step_that_all_seeds_reach():
    rows = steps(16.0)
    assert sgd.tuned(rows).lr.unique().tolist() == [0.2]
    one_lost = rows.assign(taken=rows.taken.where((rows.seed != 3) | (rows.lr != 0.2) | (rows.batch != 4)))
    assert sgd.tuned(one_lost).groupby("batch").lr.first().to_dict() == {1: 0.2, 4: 0.1, 16: 0.2, 64: 0.2, 256: 0.2}


def test_the_interval_of_the_critical_batch_grows_with_the_scatter():
    narrow, wide = (sgd.critical_batch(steps(16.0, scatter=x)).interval for x in (0.01, 0.1))
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])


def test_a_scale_is_averaged_over_the_way_to_the_loss():
    assert sgd.critical_over_scale(steps(16.0), way(lambda loss: 8.0)).value == pytest.approx(2.0, rel=1e-3)
    linear = way(lambda loss: -np.log(loss))  # from -ln 2 at the start to -ln 0.2 at the end, its mean in between
    mean = (-np.log(2.0) - np.log(0.2)) / 2
    assert sgd.critical_over_scale(steps(16.0), linear).value == pytest.approx(16 / mean, rel=1e-3)


def test_the_scale_after_the_loss_does_not_matter():
    found = sgd.critical_over_scale(steps(16.0, to=0.25), way(lambda loss: 8.0 if loss > 0.2 else 1e6))
    assert found.value == pytest.approx(2.0, rel=1e-3)


def test_tails_are_held_against_gaussians_at_the_end():
    rows = pd.DataFrame(
        [{"seed": s, "step": t, "through": 1.9 - t / 10 + s / 100, "across": 1.2} for s in (0, 1) for t in (0, 4)]
    ).assign(through_control=1.9, across_control=1.4)
    assert sgd.tail_deficit(rows).value == pytest.approx(0.395)
    assert sgd.tail_deficit(rows, "across").value == pytest.approx(0.2)


def test_a_drift_is_held_against_no_drift():
    rows = pd.DataFrame(
        [
            {"seed": s, "kind": kind, "trace_before": 3.0 + s, "trace": (3.0 + s) * share}
            for s in (0, 1, 2)
            for kind, share in (("label noise", 0.4), ("batches", 0.8))
        ]
    )
    assert sgd.drift_ratio(rows).value == pytest.approx(0.5)
    assert sgd.drift_ratio(rows, ("batches", "label noise")).value == pytest.approx(2.0)


def quadratic(power, law, seeds=3):
    pairs = ((0.1, 10), (0.2, 20), (0.1, 40), (0.02, 4))
    return pd.DataFrame(
        [
            {"seed": s, "lr": lr, "batch": B, "direction": i, "curvature": c, "variance": (lr / B) ** power * c**law}
            for s in range(seeds)
            for lr, B in pairs
            for i, c in enumerate((0.1, 0.5, 2.0))
        ]
    )


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_exponents_of_temperature_and_of_direction(power, law):
    rows = quadratic(power, law)
    assert sgd.temperature_exponent(rows).value == pytest.approx(power, abs=1e-9)
    one = rows[(rows.lr == 0.1) & (rows.batch == 10)]
    assert sgd.direction_exponent(one).value == pytest.approx(law, abs=1e-9)


def gaps(small=0.04, large=0.24, tuned=0.06, long=0.04, seeds=4):
    rows = []
    for s in range(seeds):
        for batch, steps, at in ((10, 500, (small, 0.5)), (250, 20, (large, tuned)), (250, 500, (0.1, long))):
            for lr, error in zip((0.2, 1.0), at, strict=True):
                rows.append(
                    {
                        "seed": s,
                        "batch": batch,
                        "steps": steps,
                        "lr": lr,
                        "error": error + s / 1000,
                        "validation": error,
                    }
                )
    return pd.DataFrame(rows)


def test_what_a_step_size_fills_of_the_gap():
    assert sgd.gap_filled(gaps()).value == pytest.approx(0.9)
    assert sgd.gap_filled(gaps(), as_many_steps=True).value == pytest.approx(1.0)
    assert sgd.gap_filled(gaps(tuned=0.24)).value == pytest.approx(0.0)


def test_step_sizes_are_chosen_by_validation_and_not_by_what_is_reported():
    rows = gaps()
    fooled = rows.assign(validation=rows.validation.where((rows.batch != 250) | (rows.lr != 1.0), 0.9))
    assert sgd.gap_filled(fooled).value == pytest.approx(0.0)


def test_one_way_is_held_against_another():
    errors = {"small": 0.3, "annealed": 0.2}
    rows = pd.DataFrame([{"seed": s, "way": way, "clean": e} for s in (0, 1, 2) for way, e in errors.items()])
    assert sgd.way_ratio(rows).value == pytest.approx(1.5)
    with pytest.raises(ValueError, match="need every seed with 'small' and 'large', there is"):
        sgd.way_ratio(rows, ("small", "large"))
    with pytest.raises(ValueError, match="need some of either way"):
        sgd.way_ratio(rows.assign(clean=0.0))


def test_door(as_user):
    with pytest.raises(ValueError, match=r"batches of \[10\], and .* need two batches"):
        sgd.gap_filled(gaps()[lambda rows: rows.batch == 10])
    with pytest.raises(ValueError, match="not each with both batches at a step size of 0.2"):
        sgd.gap_filled(gaps()[lambda rows: (rows.batch == 10) | (rows.seed > 0)])
    rows = quadratic(1, 0)
    with pytest.raises(ValueError, match="2 ratios of step and batch; need three"):
        sgd.temperature_exponent(rows[rows.lr >= 0.1])
    with pytest.raises(ValueError, match="seed 0 has 12 rows; need three directions, each once"):
        sgd.direction_exponent(rows)
    rows = steps(16.0)
    with pytest.raises(ValueError, match=r"no step size takes batches of \[4\] to the loss, on all seeds"):
        sgd.critical_batch(rows.assign(taken=rows.taken.where(rows.batch != 4)))
    with pytest.raises(ValueError, match="no step size"):
        sgd.tuned(rows[:0])
    with pytest.raises(ValueError, match="3 batches, need 4 at least"):
        sgd.critical_batch(rows[rows.batch < 32])
    with pytest.raises(ValueError, match=r"steps are of seeds \[0, 1, 2, 3, 4\], noises of \[0, 1\]"):
        sgd.critical_over_scale(rows, way(lambda loss: 8.0, seeds=2))
    with pytest.raises(ValueError, match="losses from 2 to 0.125; need them on both sides of 0.01"):
        sgd.critical_over_scale(steps(16.0, to=0.01), way(lambda loss: 8.0))
    with pytest.raises(ValueError, match="with a noise scale on the way"):
        sgd.critical_over_scale(rows, way(lambda loss: np.nan))
    with pytest.raises(ValueError, match="need every seed with 'label noise' and 'batches'; kinds are"):
        sgd.drift_ratio(pd.DataFrame({"seed": [0], "kind": "batches", "trace": 1.0, "trace_before": 1.0}))
