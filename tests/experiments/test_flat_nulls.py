"""Each claim of chapter 8 has a null, and its rule rejects it (its entry in the claims names both)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from landscape_lib.measure import flat
from landscape_lib.report import decide, read_claims

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = read_claims(ROOT / "notebooks" / "08_flat_minima.claims.yml")
SEEDS = range(10)


def verdict(name, found):
    return decide(CLAIMS[name].rule, found.value, found.interval, n_seeds=len(SEEDS))


def scatter(*shape, spread=0.05, seed=0):
    return np.random.default_rng(seed).lognormal(0, spread, shape)


# flat.dinh


def test_a_trace_that_follows_units():
    noise = scatter(10, spread=1e-4)
    rows = pd.DataFrame(
        [
            {"seed": s, "factor": a, "what": "layer", "adaptive": noise[s], "trace": a**-2 + a**2}
            for s in SEEDS
            for a in (0.25, 16.0)
        ]
    )
    assert verdict("flat.dinh", flat.unit_factor(rows)) == "reproduced", "the rule is no bar to a truth"
    assert verdict("flat.dinh", flat.unit_factor(rows, "trace")) == "not reproduced"


# flat.sharpness, flat.sharpness_epochs


def sharp(ratio):
    noise = scatter(10, 2, 3)
    return pd.DataFrame(
        [
            {"seed": s, "batch": B, "lr": lr, "trace": (ratio if B > 5 else 1) * noise[s, i, j]}
            for s in SEEDS
            for i, B in enumerate((5, 150))
            for j, lr in enumerate((0.05, 0.1, 0.2))
        ]
    )


@pytest.mark.parametrize("name", ["flat.sharpness", "flat.sharpness_epochs"])
def test_batches_that_are_as_sharp_or_swapped(name):
    assert verdict(name, flat.large_over_small(sharp(4.0))) == "reproduced"
    for ratio in (1.0, 0.25):
        assert verdict(name, flat.large_over_small(sharp(ratio))) == "not reproduced"


# flat.sharpness_error, flat.volume


def minima(own, steps):
    """Nine minima a seed: measure and error share a part of their own, and one that the step size sets."""
    draw, rows = np.random.default_rng(1), []
    for s in SEEDS:
        for lr in (0.05, 0.1, 0.2):
            for _ in range(3):
                shared, left = draw.standard_normal(2), 0.3 * draw.standard_normal(2)
                value = own * shared[0] + steps * np.log(lr) + left
                rows.append({"seed": s, "lr": lr, "trace": value[0], "log_volume": -value[0], "error": value[1]})
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("name", "column"), [("flat.sharpness_error", "trace"), ("flat.volume", "log_volume")])
def test_a_step_size_that_sets_both(name, column):
    assert verdict(name, flat.rank_correlation(minima(own=1.0, steps=0.5), column)) == "reproduced"
    null = minima(own=0.0, steps=2.0)
    assert abs(flat.rank_correlation(null, column, given=None).value) > 0.7, "together they go"
    assert verdict(name, flat.rank_correlation(null, column)) == "not reproduced"


# flat.switch


def lines(height, pair):
    noise = scatter(10)
    return pd.DataFrame(
        [
            {"seed": s, "pair": pair, "t": t, "loss": noise[s] * (0.01 + height * 4 * t * (1 - t))}
            for s in SEEDS
            for t in np.linspace(-0.5, 1.5, 9)
        ]
    )


def test_lines_through_a_bowl_and_from_one_start():
    assert verdict("flat.switch", flat.barrier(lines(0.5, "switched"))) == "reproduced"
    assert verdict("flat.switch", flat.barrier(lines(-0.1, "switched"))) == "not reproduced"
    assert verdict("flat.switch", flat.barrier(lines(0.0, "same start"), "same start")) == "not reproduced"


# flat.sam_edge


def test_the_edge_of_plain_descent():
    noise = scatter(10, spread=0.02)
    rows = pd.DataFrame(
        [
            {"seed": s, "step": 1500, "edge": edge, "plain": 5.0, "sharpness": edge * noise[s]}
            for s in SEEDS
            for edge in (1.0, 2.7)
        ]
    )
    assert verdict("flat.sam_edge", flat.edge_ratio(rows)) == "reproduced"
    assert verdict("flat.sam_edge", flat.edge_ratio(rows, edge="plain")) == "not reproduced"


# flat.sam, flat.sam_error


def aware(ratio, column):
    noise = scatter(10, 2)
    return pd.DataFrame(
        [
            {"seed": s, "rho": rho, column: noise[s, i] * (ratio if rho else 1)}
            for s in SEEDS
            for i, rho in enumerate((0.0, 0.2))
        ]
    )


@pytest.mark.parametrize(("name", "column"), [("flat.sam", "trace"), ("flat.sam_error", "error")])
def test_a_radius_that_changes_nothing_or_makes_it_worse(name, column):
    assert verdict(name, flat.sam_ratio(aware(0.6, column), column)) == "reproduced"
    for ratio in (1.0, 1.6):
        assert verdict(name, flat.sam_ratio(aware(ratio, column), column)) == "not reproduced"


# flat.minefield


def poisoned(more):
    return pd.DataFrame(
        [
            {"seed": s, "kind": kind, "training_error": 0.0, "error": 0.06 + (more if kind == "poisoned" else 0)}
            for s in SEEDS
            for kind in ("plain", "poisoned")
        ]
    )


def test_no_poison():
    assert verdict("flat.minefield", flat.poison_difference(poisoned(0.8))) == "reproduced"
    assert verdict("flat.minefield", flat.poison_difference(poisoned(0.0))) == "not reproduced"
    missed = poisoned(0.8).assign(training_error=0.01)
    with pytest.raises(ValueError, match="do not fit their training set"):
        flat.poison_difference(missed)


# flat.scale_invariance


def longer(power, function):
    noise = scatter(10, spread=0.01)
    return pd.DataFrame(
        [
            {"seed": s, "factor": a, "what": "length", "function": function, "hidden": a**power * noise[s]}
            for s in SEEDS
            for a in (0.25, 16.0)
        ]
    )


def test_a_network_that_feels_the_length():
    assert verdict("flat.scale_invariance", flat.hidden_exponent(longer(-2, 0.0))) == "reproduced"
    assert verdict("flat.scale_invariance", flat.hidden_exponent(longer(-1, 0.0))) == "not reproduced"
    with pytest.raises(ValueError, match="outputs changed"):
        flat.hidden_exponent(longer(-2, 3.0))


# flat.two_phases


def consolidated(ratio):
    noise = scatter(10, 3)
    return pd.DataFrame(
        [
            {"seed": s, "step": i, "fitted": fitted, "error": noise[s, i] * (0.2 if i < 2 else 0.2 * ratio)}
            for s in SEEDS
            for i, fitted in enumerate((0.1, 0.97, 1.0))
        ]
    )


def test_an_error_that_stays_or_rises():
    assert verdict("flat.two_phases", flat.consolidation_ratio(consolidated(0.6))) == "reproduced"
    for ratio in (1.0, 1.3):
        assert verdict("flat.two_phases", flat.consolidation_ratio(consolidated(ratio))) == "not reproduced"
    with pytest.raises(ValueError, match="of the wrong labels are learned"):
        flat.consolidation_ratio(consolidated(1.0).assign(fitted=0.5))


# flat.smoothing


def smoothed(ratio, rested=1.0):
    noise = scatter(10, 2)
    return pd.DataFrame(
        [
            {"seed": s, "width": width, "rested": rested, "loss": noise[s, i] * (ratio if width else 1)}
            for s in SEEDS
            for i, width in enumerate((0.0, 0.1))
        ]
    )


def test_a_width_that_changes_nothing_or_makes_it_worse():
    assert verdict("flat.smoothing", flat.smoothing_ratio(smoothed(0.8))) == "reproduced"
    for ratio in (1.0, 1.2):
        assert verdict("flat.smoothing", flat.smoothing_ratio(smoothed(ratio))) == "not reproduced"
    with pytest.raises(ValueError, match="10 seeds .*not at rest|20 seeds .*not at rest"):
        flat.smoothing_ratio(smoothed(0.8, rested=0.5))
