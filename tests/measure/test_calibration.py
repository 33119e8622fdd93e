"""Calibration against PyTorch's losses, scipy's minimiser, and the cases that are known."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit, minimize_scalar
from torch.nn import functional as F
from torch.testing import assert_close

from landscape_lib.measure.calibration import (
    COLDEST,
    HOTTEST,
    mean_probability,
    nll,
    power_in_size,
    power_in_width,
    shared_temperature,
    temperature,
    two_classes,
)


def drawn(seed, *, nets=3, points=50, classes=4, scale=3.0):
    """Logits that lean towards the label, too sure or not sure enough."""
    generator = np.random.default_rng(seed)
    labels = torch.from_numpy(generator.integers(classes, size=points))
    logits = torch.from_numpy(generator.standard_normal((nets, points, classes)))
    return scale * (logits + F.one_hot(labels, classes)), labels


@given(seed=st.integers(0, 99), classes=st.integers(2, 5), scale=st.floats(0.1, 30))
def test_the_temperature_is_where_scipy_finds_the_smallest_nll(seed, classes, scale):
    logits, labels = drawn(seed, classes=classes, scale=scale)
    tau = temperature(logits, labels)
    for one, own in zip(logits, tau, strict=True):
        best = minimize_scalar(
            lambda t, z=one: F.cross_entropy(z / math.exp(t), labels).item(), bounds=(-6, 8), options={"xatol": 1e-9}
        )
        assert nll(one, labels, own) <= best.fun + 1e-12
        assert math.log(own) == pytest.approx(best.x, abs=1e-3) or own > 1e3


def test_the_nll_is_the_cross_entropy_and_of_two_classes_the_logistic_loss():
    logits, labels = drawn(0)
    assert_close(nll(logits, labels, 2.0)[1], F.cross_entropy(logits[1] / 2, labels))
    f = torch.linspace(-4, 4, 9, dtype=torch.float64)[None, :, None]
    y = torch.tensor([1.0, -1] * 4 + [1])
    assert_close(nll(two_classes(f), (y > 0).long()), F.softplus(-y * f[0, :, 0]).mean()[None])


@given(seed=st.integers(0, 99), factor=st.floats(0.05, 20))
def test_it_undoes_a_factor(seed, factor):
    logits, labels = drawn(seed)
    tau = temperature(logits, labels)
    again = temperature(factor * logits, labels)
    inside = (tau * factor < HOTTEST / 2) & (tau < HOTTEST / 2)
    assert_close(again[inside], (factor * tau)[inside], rtol=1e-9, atol=0)


def test_at_the_bounds():
    labels = torch.tensor([0, 1, 1])
    right = 5.0 * F.one_hot(labels, 2).double()
    assert_close(temperature(right, labels), torch.tensor(COLDEST, dtype=torch.float64))
    assert_close(temperature(-right, labels), torch.tensor(HOTTEST, dtype=torch.float64))


@pytest.mark.parametrize(
    "logits, labels, says",
    [
        (torch.zeros(3), torch.zeros(3, dtype=torch.long), r"logits have shape \(3,\)"),
        (torch.zeros(2, 3, 2), torch.zeros(2, dtype=torch.long), r"labels \(2,\)"),
        (torch.zeros(2, 0, 2), torch.zeros(0, dtype=torch.long), r"\(2, 0, 2\)"),
        (torch.full((1, 3, 2), math.nan), torch.zeros(3, dtype=torch.long), "NaN"),
        (torch.zeros(1, 3, 2), torch.tensor([0, 1, 2]), "from 0 to 2, need classes 0 to 1"),
        (torch.zeros(1, 3, 2), torch.tensor([-1, 1, 1]), "from -1 to 1"),
    ],
)
def test_door(as_user, logits, labels, says):
    for measure in (nll, temperature):
        with pytest.raises(ValueError, match=says):
            measure(logits, labels)
    if logits.ndim == 3:
        with pytest.raises(ValueError, match=says):
            shared_temperature(logits, labels)


@pytest.mark.parametrize("tau", [0.0, -1.0, math.nan])
def test_door_temperature(as_user, tau):
    with pytest.raises(ValueError, match="temperature is"):
        nll(torch.zeros(1, 3, 2), torch.zeros(3, dtype=torch.long), tau)


@given(seed=st.integers(0, 99), classes=st.integers(2, 5), tau=st.floats(0.1, 30))
def test_an_ensemble_is_no_worse_than_its_members_are_on_average(seed, classes, tau):
    """Jensen: −log of a mean of probabilities is below the mean of −log."""
    logits, labels = drawn(seed, nets=5, classes=classes)
    assert nll(mean_probability(logits, tau), labels) <= nll(logits, labels, tau).mean() + 1e-12


def test_the_mean_of_probabilities_is_numpys_each_ensemble_with_its_temperature():
    z = np.random.default_rng(0).standard_normal((2, 3, 5, 4))
    tau = np.array([0.5, 3.0])
    p = np.exp(z / tau[:, None, None, None])
    p = torch.from_numpy((p / p.sum(-1, keepdims=True)).mean(1))
    assert_close(mean_probability(torch.from_numpy(z), torch.from_numpy(tau)).exp(), p)
    assert_close(mean_probability(torch.from_numpy(z[0]), 0.5).exp(), p[0])
    one = torch.from_numpy(z[:, :1])
    assert_close(mean_probability(one).exp(), one[:, 0].softmax(-1))


def test_what_is_averaged_are_probabilities_and_not_their_logarithms():
    """Members sure of opposite answers leave a coin toss of either kind; sure and undecided, only one has p = 3/4."""
    z = torch.tensor([[[0.0, 60.0]], [[0.0, 0.0]]], dtype=torch.float64)
    assert_close(mean_probability(z).exp(), torch.tensor([[0.25, 0.75]], dtype=torch.float64))


def lowest(z, labels):
    """The smallest NLL of a mean of probabilities over 300 temperatures, polished by scipy, from where members vote."""
    behind = (z - z.gather(-1, labels.expand(z.shape[:-1])[..., None])).abs().sum(-1)
    tried = np.linspace(np.log(behind.median().item() / 20), np.log(HOTTEST), 300)

    def of(ln_tau):
        return nll(mean_probability(z, math.exp(ln_tau)), labels).item()

    values = [of(ln_tau) for ln_tau in tried]
    i = int(np.argmin(values))
    bounds = (tried[max(i - 1, 0)], tried[min(i + 1, 299)])
    return min(values[i], minimize_scalar(of, bounds=bounds).fun)


@given(seed=st.integers(0, 99), classes=st.integers(2, 4), scale=st.floats(0.3, 30))
def test_the_shared_temperature_is_where_a_search_finds_the_smallest_nll(seed, classes, scale):
    logits, labels = drawn(seed, nets=4, classes=classes, scale=scale)
    own = nll(mean_probability(logits, shared_temperature(logits, labels)), labels)
    assert own <= lowest(logits, labels) + 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_one_loud_member_does_not_hide_the_smallest_of_several_minima(seed):
    logits, labels = drawn(seed, nets=5, classes=2, scale=1.5)
    logits[0] *= 100
    own = nll(mean_probability(logits, shared_temperature(logits, labels)), labels)
    assert own <= lowest(logits, labels) + 1e-6


@given(seed=st.integers(0, 99), classes=st.integers(2, 4), factor=st.floats(0.1, 10))
def test_of_equal_members_the_shared_temperature_is_their_own_and_undoes_a_factor(seed, classes, factor):
    logits, labels = drawn(seed, nets=1, classes=classes)
    (own,) = temperature(logits, labels)
    shared = shared_temperature(factor * logits.repeat(3, 1, 1), labels)
    assert shared.log() == pytest.approx(math.log(factor * own), abs=1e-6)


def test_members_that_are_all_right_get_the_coldest_temperature_of_a_vote():
    labels = torch.tensor([0, 1, 1])
    right = (5.0 * F.one_hot(labels, 2).double()).repeat(2, 1, 1)
    assert_close(shared_temperature(right, labels).item(), 5 / 20)
    assert shared_temperature(-right, labels) > HOTTEST * 0.99, "nothing is learnt"


def test_ensembles_in_a_stack_have_the_temperatures_that_each_has_by_itself():
    many = [drawn(seed, nets=3, classes=3, scale=scale)[0] for seed, scale in ((0, 1.0), (1, 9.0), (2, 0.2))]
    labels = drawn(0, classes=3)[1]
    assert_close(
        shared_temperature(torch.stack(many), labels), torch.stack([shared_temperature(z, labels) for z in many])
    )


def test_door_ensembles(as_user):
    labels = torch.zeros(3, dtype=torch.long)
    for wrong in (torch.zeros(3, 2), torch.zeros(0, 3, 2)):
        with pytest.raises(ValueError, match="mean_probability: logits have shape"):
            mean_probability(wrong)
    with pytest.raises(ValueError, match=r"shared_temperature: logits have shape \(3, 2\), need \(…, nets, points"):
        shared_temperature(torch.zeros(3, 2), labels)


@pytest.mark.parametrize("tau", [0.0, -2.0, math.nan, torch.ones(3), torch.tensor([1.0, -1.0])])
def test_door_mean_probability(as_user, tau):
    with pytest.raises(ValueError, match=r"mean_probability: temperature is .* each of the \(2,\) ensembles"):
        mean_probability(torch.zeros(2, 4, 3, 2), tau)


MEMBERS = np.array([1, 2, 3, 4, 6, 8, 10])


@pytest.mark.parametrize("power", [power_in_size, power_in_width])
@pytest.mark.parametrize("a", [-0.3, -0.5, -1.0, -2.0])
def test_the_power_is_the_one_the_nll_was_made_with(power, a):
    values = np.tile(0.13 + 0.07 * MEMBERS.astype(float) ** a, (3, 1))
    value, (low, high) = power(MEMBERS, values)
    assert value == pytest.approx(a, abs=1e-3) and (low, high) == pytest.approx((a, a), abs=2e-3)


def test_the_powers_are_scipys_fit_to_the_mean_over_sets_and_their_intervals_hold_the_truth():
    """Nineteen times in twenty, to three standard errors of 40 draws."""
    held = 0
    for seed in range(40):
        values = 0.13 + 0.07 / MEMBERS + 0.003 * np.random.default_rng(seed).standard_normal((8, 7))
        (_, _, a), _ = curve_fit(lambda n, c, b, a: c + b * n**a, MEMBERS, values.mean(0), (0.1, 0.1, -1.0))
        value, (low, high) = power_in_size(MEMBERS, values)
        assert value == pytest.approx(a, abs=1e-3)
        assert seed or power_in_width(MEMBERS, values).value == pytest.approx(value)
        held += low <= -1 <= high
    assert held / 40 > 0.95 - 3 * 0.034


def test_sizes_without_ensembles_are_left_out():
    values = np.tile(0.13 + 0.07 / MEMBERS, (3, 1))
    values[:, -1] = np.nan
    values[1, 2] = np.nan
    there = [0, 1, 3, 4, 5]
    assert power_in_size(MEMBERS, values) == power_in_size(MEMBERS[there], values[:, there])


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: power_in_size(MEMBERS, np.ones((3, 6))), r"power_in_size: NLL of shape \(3, 6\), need .*, 7 sizes\)"),
        (lambda: power_in_size(MEMBERS, np.ones(7)), r"power_in_size: NLL of shape \(7,\), need \(training sets, 7"),
        (lambda: power_in_width(MEMBERS, np.ones((3, 6))), r"power_in_width: NLL of shape \(3, 6\), need .*, 7 widths"),
        (lambda: power_in_width(MEMBERS, np.full((3, 7), np.nan)), "samples hold NaN"),
        (lambda: power_in_size(MEMBERS, np.full((3, 7), np.nan)), "0 different x|at least"),
        (lambda: power_in_size(MEMBERS[:3], np.ones((3, 3))), "3 different x, need at least 4"),
        (lambda: power_in_size(MEMBERS, np.ones((1, 7))), "need at least two seeds"),
    ],
)
def test_door_powers(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
