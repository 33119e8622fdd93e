"""Calibration against PyTorch's losses, scipy's minimiser, and the cases that are known."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from torch.nn import functional as F
from torch.testing import assert_close

from landscape_lib.measure.calibration import COLDEST, HOTTEST, arithmetic, geometric, nll, temperature, two_classes


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


@pytest.mark.parametrize("tau", [0.0, -1.0, math.nan])
def test_door_temperature(as_user, tau):
    with pytest.raises(ValueError, match="temperature is"):
        nll(torch.zeros(1, 3, 2), torch.zeros(3, dtype=torch.long), tau)


@given(seed=st.integers(0, 99), classes=st.integers(2, 5))
def test_an_ensemble_is_no_worse_than_its_members_are_on_average(seed, classes):
    """Jensen: −log of a mean of probabilities is below the mean of −log; a geometric mean sums to at most 1."""
    logits, labels = drawn(seed, nets=5, classes=classes)
    mean = nll(logits, labels).mean()
    assert nll(arithmetic(logits), labels) <= mean + 1e-12
    assert nll(geometric(logits), labels) <= mean + 1e-12


def test_the_two_ways_to_average_are_the_means_of_numpy_and_alike_for_one():
    logits, labels = drawn(1)
    tau = temperature(logits, labels)
    p = np.exp(logits.numpy() / tau.numpy()[:, None, None])
    p = (p / p.sum(-1, keepdims=True)).mean(0)
    assert_close(arithmetic(logits, tau).exp(), torch.from_numpy(p))
    p = np.exp(logits.numpy())
    p = np.prod(p / p.sum(-1, keepdims=True), axis=0) ** (1 / 3)
    assert_close(geometric(logits).softmax(-1), torch.from_numpy(p / p.sum(-1, keepdims=True)))
    for way in (arithmetic, geometric):
        assert_close(way(logits[:1]).softmax(-1), logits[0].softmax(-1))


@pytest.mark.parametrize("way", [arithmetic, geometric])
def test_door_ensembles(as_user, way):
    for wrong in (torch.zeros(3, 2), torch.zeros(0, 3, 2)):
        with pytest.raises(ValueError, match=f"{way.__name__}: logits have shape"):
            way(wrong)


@pytest.mark.parametrize("tau", [0.0, math.nan, torch.ones(3), torch.tensor([1.0, -1.0])])
def test_door_arithmetic(as_user, tau):
    with pytest.raises(ValueError, match="arithmetic: temperatures are"):
        arithmetic(torch.zeros(2, 3, 2), tau)
