"""Stationary laws of noisy descent, against their closed forms and simulations written here."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib.measure.noise import langevin, langevin_variance, sgd_variance


@pytest.mark.parametrize("step", [0.01, 0.2, 0.8])
def test_langevin_on_a_quadratic_has_the_variance_of_its_step(step):
    curvature = torch.tensor([0.5, 2.0])
    walk = langevin(
        lambda w: curvature * w, torch.zeros(2000, 2), step=step, steps=int(40 / step), temperature=0.7, every=5
    )
    late = walk[len(walk) // 2 :].flatten(0, 1)
    for i, own in enumerate(curvature.tolist()):
        assert late[:, i].var().item() == pytest.approx(langevin_variance(own, step, 0.7), rel=0.06)
    assert late.mean(0).abs().max() < 0.1


def test_a_double_well_is_sampled_on_both_sides():
    walk = langevin(lambda w: w**3 - w, torch.full((500, 1), 1.0), step=0.05, steps=4000, temperature=0.3, every=10)
    late = walk[200:].flatten().numpy()
    w = np.linspace(-3, 3, 6001)
    law = np.exp(-(w**4 / 4 - w**2 / 2) / 0.3)
    assert (late > 0).mean() == pytest.approx(0.5, abs=0.05)
    assert (late**2).mean() == pytest.approx((law * w**2).sum() / law.sum(), rel=0.05)


def simulated(curvature, step, epoch, *, replace, epochs=4000, burn=500, seed=0):
    """SGD on the mean of ½ λ (w − x_μ)² over as many points as batches, one point a batch."""
    rng, w, kept = np.random.default_rng(seed), np.zeros(64), []
    x = rng.standard_normal(epoch)
    x = (x - x.mean()) / x.std()
    for k in range(epochs):
        order = np.stack([rng.choice(epoch, epoch, replace=replace) for _ in range(64)])
        for t in range(epoch):
            w = w - step * curvature * (w - x[order[:, t]])
            if k >= burn:
                kept.append(w)
    return np.var(kept)


@pytest.mark.parametrize(("curvature", "step"), [(1.0, 0.3), (0.2, 0.1)])
@pytest.mark.parametrize("replace", [True, False])
def test_sgd_scatters_as_told(curvature, step, replace):
    found = simulated(curvature, step, 10, replace=replace, epochs=1500)
    noise = curvature**2  # of one point's gradient, λ (w − x) with x of variance 1
    assert found == pytest.approx(sgd_variance(curvature, step, noise, None if replace else 10), rel=0.1)


@given(st.floats(1e-3, 1.0), st.integers(2, 200))
def test_epochs_never_scatter_more(step, epoch):
    assert sgd_variance(1.0, step, 1.0, epoch) <= sgd_variance(1.0, step, 1.0) * (1 + 1e-9) * epoch / (epoch - 1)


def test_noise_in_proportion_to_curvature_is_one_temperature():
    variances = [sgd_variance(own, 0.01, 3.0 * own) for own in (0.01, 0.1, 1.0)]
    assert max(variances) / min(variances) < 1.01 and variances[0] == pytest.approx(0.01 * 3.0 / 2, rel=0.01)


def test_door(as_user):
    w = torch.zeros(3, 2)
    with pytest.raises(ValueError, match="step is 0, need a positive number"):
        langevin(lambda w: w, w, step=0, steps=1)
    with pytest.raises(ValueError, match="temperature is -1"):
        langevin(lambda w: w, w, step=0.1, steps=1, temperature=-1)
    with pytest.raises(ValueError, match="steps is 0, need a whole number"):
        langevin(lambda w: w, w, step=0.1, steps=0)
    with pytest.raises(ValueError, match=r"start has shape \(3,\)"):
        langevin(lambda w: w, w[:, 0], step=0.1, steps=1)
    with pytest.raises(ValueError, match=r"the gradient has shape \(3,\)"):
        langevin(lambda w: w[:, 0], w, step=0.1, steps=1)
    with pytest.raises(ValueError, match="a walker is lost after"):
        langevin(lambda w: w**3, w + 100, step=0.1, steps=100)
    with pytest.raises(ValueError, match="no stationary law; need a step below 2/λ = 0.5"):
        langevin_variance(4.0, 0.5)
    with pytest.raises(ValueError, match="epoch is 1, need a number of batches"):
        sgd_variance(1.0, 0.1, 1.0, 1)
    with pytest.raises(ValueError, match="noise is nan"):
        sgd_variance(1.0, 0.1, float("nan"))
