"""Losses against closed forms, PyTorch's own losses, and finite differences."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.testing import assert_close

from landscape_lib.training import cross_entropy, hinge, mean_square, quadratic_hinge, soft_hinge
from landscape_lib.training._losses import slope

BINARY = [quadratic_hinge, hinge, soft_hinge, cross_entropy]
# y f: far out, where exponentials overflow, and near the margin.
margins = st.lists(st.floats(-1000, 1000) | st.floats(-3, 3), min_size=1, max_size=6)
EXACT = {"rtol": 1e-14, "atol": 1e-14}  # the same few operations, rounded once or twice more


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def of_margins(loss, margins, **options):
    """The loss at y f, given as an output of either sign with the label of that sign."""
    m = torch.tensor(margins, dtype=torch.float64)
    both = [loss((sign * m)[None, :, None], torch.full_like(m, sign), **options)[0] for sign in (1.0, -1.0)]
    assert both[0].equal(both[1])  # only y f counts
    return both[0]


@given(margins=margins, kappa=st.floats(0.1, 3))
def test_hinges_are_powers_of_the_positive_gap(margins, kappa):
    gap = np.maximum(0, kappa - np.array(margins))
    assert_close(of_margins(hinge, margins, margin=kappa), torch.from_numpy(gap), **EXACT)
    assert_close(of_margins(quadratic_hinge, margins, margin=kappa), torch.from_numpy(gap**2 / 2), **EXACT)


@given(margins=margins, beta=st.floats(1, 100))
def test_the_soft_hinge_is_a_rounded_hinge_within_log_two_over_beta(margins, beta):
    soft, hard = of_margins(soft_hinge, margins, beta=beta), of_margins(hinge, margins)
    exact = np.logaddexp(0, beta * (1 - np.array(margins))) / beta
    # PyTorch's softplus is the identity beyond 20, where log(1 + e^−20) = 2.1e-9 is left out.
    assert_close(soft, torch.from_numpy(exact), rtol=1e-12, atol=2.1e-9 / beta)
    assert (soft >= hard - 1e-12 * (1 + hard)).all() and (soft <= hard + (math.log(2) + 1e-9) / beta).all()


@given(margins=margins)
def test_binary_cross_entropy_is_the_logistic_loss(margins):
    exact = np.logaddexp(0, -np.array(margins))
    assert_close(of_margins(cross_entropy, margins), torch.from_numpy(exact), rtol=1e-12, atol=2.1e-9)
    f = torch.tensor(margins, dtype=torch.float64)
    torch_says = F.binary_cross_entropy_with_logits(f, torch.ones_like(f), reduction="none")
    assert_close(of_margins(cross_entropy, margins), torch_says, rtol=1e-12, atol=2.1e-9)


@given(seed=st.integers(0, 999), classes=st.integers(2, 5))
def test_cross_entropy_of_classes_is_pytorchs(seed, classes):
    f = 5 * gaussian(3, 4, classes, seed=seed)
    y = torch.randint(classes, (3, 4), generator=torch.Generator().manual_seed(seed))
    exact = torch.stack([F.cross_entropy(f[i], y[i], reduction="none") for i in range(3)])
    assert_close(cross_entropy(f, y), exact, **EXACT)
    assert cross_entropy(f, y.double()).equal(cross_entropy(f, y))


@given(seed=st.integers(0, 999))
def test_two_classes_are_one_output_of_their_difference(seed):
    f, y = gaussian(2, 5, 2, seed=seed), gaussian(5, seed=seed).sign()
    one_output = cross_entropy((f[..., 1:] - f[..., :1]), y)
    assert_close(cross_entropy(f, (y > 0).long()), one_output, rtol=1e-12, atol=1e-14)


@given(seed=st.integers(0, 999), outputs=st.integers(1, 4))
def test_mean_square_is_half_the_squared_distance(seed, outputs):
    f, y = gaussian(3, 5, outputs, seed=seed), gaussian(5, outputs, seed=seed + 1)
    exact = torch.stack([0.5 * F.mse_loss(one, y, reduction="none").sum(-1) for one in f])
    assert_close(mean_square(f, y), exact, **EXACT)
    if outputs == 1:
        assert mean_square(f, y[:, 0]).equal(mean_square(f, y))


@pytest.mark.parametrize("loss", [*BINARY, mean_square], ids=lambda loss: loss.__name__)
def test_labels_of_each_networks_own_are_each_networks_loss(loss):
    f, y = gaussian(3, 5, 1), gaussian(3, 5, seed=1).sign()
    together = loss(f, y)
    assert together.shape == (3, 5)
    # Not bit by bit: an exponential in a vector register may round otherwise than one left over at the end of a row.
    assert_close(together, torch.cat([loss(f[i : i + 1], y[i]) for i in range(3)]), **EXACT)


@pytest.mark.parametrize("loss", [*BINARY, mean_square], ids=lambda loss: loss.__name__)
def test_gradients_are_finite_differences(loss):
    f, y = gaussian(2, 6, 1), gaussian(6, seed=1).sign()
    assert ((1 - y * f[..., 0]).abs() > 1e-3).all()  # no hinge's corner within the differences' step of 1e-6
    assert torch.autograd.gradcheck(lambda f: loss(f, y), f.requires_grad_())


def test_gradients_of_class_losses_are_finite_differences():
    f, classes = gaussian(2, 4, 3).requires_grad_(), torch.tensor([0, 2, 1, 1])
    assert torch.autograd.gradcheck(lambda f: cross_entropy(f, classes), f)
    assert torch.autograd.gradcheck(lambda f: mean_square(f, F.one_hot(classes, 3).double()), f)


@pytest.mark.parametrize("loss", [quadratic_hinge, hinge], ids=lambda loss: loss.__name__)
def test_satisfied_patterns_exert_no_force(loss):
    f = torch.tensor([[[1.0], [1.5], [-2.0]]], requires_grad=True)
    (gradient,) = torch.autograd.grad(loss(f, torch.tensor([1.0, 1.0, -1.0])).sum(), f)
    assert (gradient == 0).all() or loss is hinge  # at its corner the hinge has no single slope
    assert (gradient[0, 1:] == 0).all()


@pytest.mark.parametrize(
    "loss, shape",
    [
        (loss, shape)
        for loss in BINARY
        for shape in [(3, 4), (1, 4, 2), (4,), (4, 1)]
        if loss is not cross_entropy or shape[-1] == 1
    ],
)
def test_door(as_user, loss, shape):
    with pytest.raises(ValueError, match=rf"outputs have shape \({shape[0]},.*\), need \(nets, points, 1\)"):
        loss(torch.zeros(shape), torch.ones(4))


@pytest.mark.parametrize("loss", [*BINARY, mean_square], ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("shape", [(3,), (4, 4), (1, 3, 4), ()])
def test_door_labels(as_user, loss, shape):
    """Three networks, four patterns: what would be broadcast, or belongs to four networks."""
    with pytest.raises(ValueError, match=rf"have shape {re.escape(str(shape))}, need \(4,\) or \(3, 4\)"):
        loss(torch.zeros(3, 4, 1), torch.ones(shape))


@pytest.mark.parametrize("loss, shape", [(mean_square, (4,)), (mean_square, (4, 1)), (cross_entropy, (4, 4))])
def test_door_labels_of_many_outputs(as_user, loss, shape):
    with pytest.raises(ValueError, match=rf"have shape {re.escape(str(shape))}, need \(4,"):
        loss(torch.zeros(3, 4, 4), torch.zeros(shape))  # as many outputs as patterns


def test_a_batch_of_one_target_couples_no_networks():
    f, y = gaussian(3, 1, 1), gaussian(3, 1, seed=1)
    assert_close(mean_square(f, y), 0.5 * (f[..., 0] - y).square(), **EXACT)


@pytest.mark.parametrize("loss", [*BINARY, mean_square])
@given(margins=margins, shared=st.booleans())
def test_a_slope_is_the_derivative_of_its_loss(loss, margins, shared):
    """Against autograd, which is another way to it for the losses that have a formula; on the margin itself too."""
    f = torch.tensor([[*margins, 1.0], [*(-m for m in margins), 1.0]], dtype=torch.float64)[..., None]
    labels = torch.ones(f.shape[1] if shared else f.shape[:2], dtype=torch.float64)
    labels[..., ::2] = -1
    leaf = f.clone().requires_grad_()
    (exact,) = torch.autograd.grad(loss(leaf, labels).sum(), leaf)
    assert_close(slope(loss, f, labels), exact, rtol=1e-14, atol=2.1e-9 if loss in (cross_entropy, soft_hinge) else 0)


def test_a_slope_of_classes_has_one_number_an_output():
    f, labels = gaussian(2, 5, 3), torch.tensor([0, 1, 2, 1, 0])
    wanted = f.softmax(-1) - F.one_hot(labels, 3)
    assert_close(slope(cross_entropy, f, labels), wanted.double())


@pytest.mark.parametrize("loss", [quadratic_hinge, cross_entropy])
def test_door_of_slopes_is_that_of_losses(as_user, loss):
    with pytest.raises(ValueError, match="labels have shape"):
        slope(loss, gaussian(2, 5, 1), torch.ones(4, dtype=torch.float64))
