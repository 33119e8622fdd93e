"""Each claim of the jamming chapter has a null, and its rule rejects it (its entry in the claims names both)."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from landscape_lib.experiments.packings import pack
from landscape_lib.measure import jamming
from landscape_lib.measure.gap_exponents import gamma, gap_counts, theta
from landscape_lib.measure.packings import missing_contacts
from landscape_lib.report import decide, load_claims
from landscape_lib.statistics import SPREAD, Transition, transition

ROOT = Path(__file__).resolve().parents[2]
RULES = {name: entry.rule for name, entry in load_claims(ROOT / "notebooks").items()}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """A class-budget run on MNIST: real networks to make nulls of."""
    return pd.read_csv(ROOT / "book" / "results" / "jamming_class_mnist.csv")


@pytest.fixture(scope="module")
def real(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table.finish == "rest") & (table.labels == "parity")]


@pytest.fixture(scope="module")
def fits(real: pd.DataFrame) -> dict[int, Transition]:
    return {
        P: transition(group.N.to_numpy(), group.satisfied.to_numpy(), resamples=400)
        for P, group in real[jamming.jammed(real)].groupby("P")
    }


def verdict(name: str, value: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return decide(RULES[name], value, (min(low, value), max(high, value)), n_seeds=10)


def test_transitions_of_one_width_are_not_called_sharper(real, fits):
    rng = np.random.default_rng(0)
    width = np.median([fit.width for fit in fits.values()])
    verdicts = []
    for _ in range(40):
        null = {}
        for P, group in real.groupby("P"):
            N = group.N.to_numpy()
            chance = 1 / (1 + np.exp(-SPREAD * np.log(N / fits[P].N_star) / width))
            null[P] = transition(N, rng.random(len(N)) < chance, resamples=300)
        verdicts.append(verdict("jam.sharp", *jamming.sharpening(null)))
    # A 95% interval errs on this side once in forty; over 900 draws it was 2 to 5%. Seven of forty: a chance of 0.3%.
    assert verdicts.count("reproduced") < 7


def test_an_N_star_that_grows_as_P_squared_breaks_the_bound(fits):
    first = fits[125]
    grown = [
        (P, replace(first, N_star=first.N_star * (P / 125) ** 2, replicates=first.replicates * (P / 125) ** 2))
        for P in fits
    ]
    assert verdict("jam.bound", *jamming.largest_ratio(grown)) != "reproduced"


@pytest.fixture(scope="module")
def failing(real, fits) -> pd.DataFrame:
    return jamming.failing(real[jamming.jammed(real)], fits)


def test_networks_that_miss_one_pattern_each_are_no_jump(failing):
    single = failing.assign(share=1 / failing.N)
    assert verdict("jam.jump", *jamming.median_share(single)) == "not reproduced"


@pytest.mark.parametrize("claim", ["jam.jump", "jam.jump_random"])
def test_a_share_that_goes_to_zero_at_N_star_is_no_jump(failing, claim):
    """A continuous onset, like 2 (1 − N/N*): above N* a failing network misses next to nothing."""
    onset = failing.assign(share=np.maximum(1 / failing.N, 2 * (1 - failing.scale)))
    assert onset.inside.sum() > 5
    assert verdict(claim, *jamming.median_share(onset)) == "not reproduced"


def test_networks_that_all_miss_three_quarters_of_N_are_a_jump(failing):
    """The rule is no bar to the paper's own number."""
    assert verdict("jam.jump", *jamming.median_share(failing.assign(share=0.75))) == "reproduced"


@pytest.mark.parametrize("complete, expected", [(0.9, 0), (1.0, 10)])
def test_a_transition_that_never_completes_has_bad_minima_past_it(table, complete, expected):
    """The fitted curves climb to nine in ten, and to all: ten draws of each, with the sizes and seeds there."""
    rested, rng = table[(table.finish == "rest") & (table.P >= 250)], np.random.default_rng(0)
    groups = [rows.assign(silenced_loss=0.0) for _, rows in rested.groupby(["labels", "P"])]
    free = [rows[jamming.jammed(rested.loc[rows.index])] for rows in groups]
    curves = [transition(rows.N.to_numpy(), rows.satisfied.to_numpy(), resamples=1) for rows in free]
    chances = [complete * fit.satisfied(rows.N.to_numpy(float)) for fit, rows in zip(curves, groups, strict=True)]
    verdicts = []
    for _ in range(10):
        drawn = pd.concat(
            [rows.assign(satisfied=rng.random(len(rows)) < p) for rows, p in zip(groups, chances, strict=True)]
        )
        verdicts.append(verdict("jam.no_minima", *jamming.share_past_transition(drawn, ["labels", "P"])))
    # In 40 draws on the live sizes: none, and 39.
    assert abs(verdicts.count("reproduced") - expected) <= (expected > 0)


def test_the_hinge_does_not_move_its_zero(table):
    """The null of the range: the quadratic hinge after the same steps, in the place of cross-entropy."""
    hinge = table[(table.finish == "steps") & (table.loss_name == "quadratic_hinge")]
    estimate = jamming.shift_of_zero(hinge.N.to_numpy(), hinge.loss.to_numpy())
    assert verdict("jam.finite_range", *estimate) != "reproduced"


def test_swapped_labels_and_equal_labels_show_no_effect_of_data(table, fits):
    random = table[(table.labels == "random") & (table.P == 250) & jamming.jammed(table)]
    fit = transition(random.N.to_numpy(), random.satisfied.to_numpy(), resamples=400)
    assert verdict("jam.data", *jamming.ratio(fits[250], fit)) == "not reproduced"
    assert verdict("jam.data", *jamming.ratio(fits[250], fits[250])) != "reproduced"


@pytest.mark.parametrize("by_depth, expected", [(1, "reproduced"), (2, "not reproduced"), (3, "not reproduced")])
def test_an_N_star_in_proportion_to_depth_is_no_independence_of_it(by_depth, expected):
    """Six P/N and ten networks at each, as in the grid; from one to three layers N*/P grows `by_depth` times."""
    rng, per_weight = np.random.default_rng(0), np.array([1.7, 2.0, 2.3, 2.6, 2.9, 3.3])
    fits = []
    for middle in (1, by_depth**0.5, by_depth):
        N_over_P = np.repeat(1 / per_weight, 10) * middle  # scanned around its own transition
        chance = 1 / (1 + np.exp(-SPREAD * np.log(N_over_P * 2.4 / middle) / 0.3))
        fits.append(transition(N_over_P, rng.random(60) < chance, resamples=400))
    assert verdict("jam.depth", *jamming.spread(fits)) == expected


def test_gaps_of_a_gaussian_have_no_exponent():
    """As many networks and patterns as near the transition of the random data, a quarter of them unsatisfied."""
    drawn = torch.randn(40, 2200, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 0.67
    overlaps, negative = gap_counts(drawn)
    assert verdict("jam.exponents", *theta(overlaps)) != "reproduced"
    assert verdict("jam.gap_exponent", *gamma(negative)) != "reproduced"


def test_gaps_with_the_papers_exponents_are_recognised():
    """The rules are no bar to a truth: overlaps of density Δ^0.3 and negative gaps of density |Δ|^−0.2."""
    u = torch.rand(40, 3000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    gaps = torch.cat([2 * u[:, :600] ** (1 / 1.3), -20 * u[:, 600:] ** (1 / 0.8)], dim=1)
    overlaps, negative = gap_counts(gaps)
    assert verdict("jam.exponents", *theta(overlaps)) == "reproduced"
    assert verdict("jam.gap_exponent", *gamma(negative)) == "reproduced"


@pytest.fixture(scope="module")
def discs() -> list[list[dict]]:
    """Discs at their transition, twice: other seeds for what stands in the ellipses' place."""
    return [pack(1.0, 20, seeds) for seeds in (range(10), range(10, 20))]


def test_discs_in_the_place_of_the_ellipses_are_rejected(discs):
    """Measured against what discs need, and against what ellipses need, of which a third is then missing."""
    first, second = ([row["deficit"] for row in rows] for rows in discs)
    assert verdict("jam.packing", *missing_contacts(second, first)) == "not reproduced"
    as_ellipses = [1 - row["z"] / (6 - 2 / row["held"]) for row in discs[1]]
    assert verdict("jam.packing", *missing_contacts(as_ellipses, first)) == "not reproduced"


def test_discs_with_contacts_to_spare_or_missing_are_rejected_beside_any_ellipses(discs):
    """|δ| of the discs counts against the claim, on either side."""
    ellipses, own = np.full(10, 0.1), np.array([row["deficit"] for row in discs[0]])
    for share in (-0.1, 0.1):
        assert verdict("jam.packing", *missing_contacts(ellipses, own + share)) == "not reproduced"
