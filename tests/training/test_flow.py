"""Gradient flow: where its end or its path is known in closed form, and what must hold on any path."""

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from landscape_lib.data import on_sphere
from landscape_lib.measure.kernel import kernel_features, kernel_flow, tangent_kernel, tangent_kernels
from landscape_lib.nets import CNN, MLP, Population
from landscape_lib.training import (
    PLATEAU,
    SATISFIED,
    STEPS,
    TIME,
    DivergedError,
    Stop,
    gradient_flow,
    mean_square,
    quadratic_hinge,
    soft_hinge,
)


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def problem(points=12, d=4):
    return on_sphere(gaussian(points, d)), gaussian(points, seed=1).sign()


def mlps(number=3, d=4, h=16, L=2, **options):
    options = {"parametrisation": "ntk", "activation": "softplus", **options}
    return Population(lambda seed: MLP(d, h, L, seed=seed, **options), range(number))


def cnns(number=3, h=4):
    make = dict(parametrisation="ntk", activation="softplus")
    return Population(lambda seed: CNN(4, h, seed=seed, **make), range(number))


def linear(features, number=2):
    return Population(lambda seed: nn.Linear(features, 1), range(number))


TIMES = torch.tensor([0.0, 0.3, 1.0, 3.0, 10.0], dtype=torch.float64)


def test_a_linear_models_flow_is_its_kernels_closed_form():
    """Whatever α and where it begins; the error falls with the bound on a step's turn, like its fourth root."""
    x, _ = problem(points=20)
    y, tests = gaussian(20, seed=2), gaussian(5, 4, seed=3)
    net = nn.Linear(4, 1).double()
    exact = kernel_flow(tangent_kernel(net, x), y, TIMES)
    exact_tests = kernel_flow(tangent_kernel(net, x), y, TIMES, tangent_kernel(net, tests, x))
    errors = []
    for turn in (1e-3, 1e-7):
        run = gradient_flow(linear(4), x, y, alpha=[0.01, 30.0], loss=mean_square, until=10.0, times=TIMES, turn=turn)
        assert run.reasons == (TIME, TIME) and (run.time == 10).all()
        F = torch.stack([run.outputs(x, at) for at in range(5)])[..., 0]
        assert (F[0] == 0).all() and torch.equal(run.outputs(x)[..., 0], F[-1])
        errors.append((F - exact[:, None]).abs().max().item())
        F_tests = torch.stack([run.outputs(tests, at) for at in range(5)])[..., 0]
        assert_close(F_tests, exact_tests[:, None].expand_as(F_tests), rtol=0, atol=10 * turn**0.5)
    assert errors[0] < 0.01 and errors[1] < 0.15 * errors[0]


def test_lazy_networks_follow_their_kernels_flow_and_others_do_not():
    x, _ = problem()
    y, nets = gaussian(12, seed=2), mlps(2, h=32)
    exact = [kernel_flow(kernel, y, TIMES) for kernel in tangent_kernels(nets, x)]
    for alpha, far in ((1e5, False), (0.1, True)):
        run = gradient_flow(nets, x, y, alpha=alpha, loss=mean_square, until=10.0, times=TIMES)
        F = torch.stack([run.outputs(x, at)[..., 0] for at in range(5)], 1)
        away = (F - torch.stack(exact)).abs().max()
        assert (away > 0.1) if far else (away < 0.01)


def test_the_flow_of_any_loss_is_that_of_its_kernels_features():
    """The hinge, lazily: a network, and a linear model in the features of its kernel, from zero."""
    (x, y), nets = problem(), mlps(1, h=32)
    features, _ = kernel_features(tangent_kernels(nets, x)[0])
    zero = Population(lambda seed: nn.Linear(features.shape[1], 1, bias=False), [0])
    options = {"until": 5.0, "times": TIMES[:-1]}
    one, other = (
        gradient_flow(population, inputs, y, alpha=1e5, **options)
        for population, inputs in ((nets, x), (zero, features))
    )
    for at in range(4):
        assert_close(one.outputs(x, at), other.outputs(features, at), rtol=0, atol=0.01)


@pytest.mark.parametrize(
    "make", [mlps, lambda: Population(lambda s: CNN(4, 3, activation="softplus", seed=s), range(3))]
)
def test_its_loss_never_rises(make):
    """At any of 300 times, for any α: an Euler step that hardly turns the gradient goes down."""
    nets = make()
    d = 4 if make is mlps else 16
    x, y = problem(d=d)
    times = torch.logspace(-6, 4, 300, dtype=torch.float64)
    alpha = torch.tensor([0.01, 1.0, 100.0])
    run = gradient_flow(nets, x, y, alpha=alpha, times=times, stop=Stop(5000))
    assert run.reasons == (SATISFIED,) * 3
    losses = torch.stack([soft_hinge(run.outputs(x, at), y).mean(-1) for at in range(300)])
    assert (losses.diff(dim=0) <= 1e-12).all() and (losses[-1] < 0.3 * losses[0]).all()
    assert (run.outputs(x)[..., 0] * y > 1 - 1e-5).all()  # 𝓛 of the hinge is below 1e-12


def test_at_zero_a_centred_network_has_the_loss_of_the_label_alone():
    (x, y), nets = problem(), mlps()
    run = gradient_flow(nets, x, y, alpha=1.0, times=[0.0], stop=Stop(0))
    assert run.reasons == (STEPS,) * 3 and (run.steps == 0).all() and (run.time == 0).all()
    assert torch.equal(run.weights[0], nets.weights) and torch.equal(run.population.weights, nets.weights)
    assert (run.outputs(x) == 0).all() and (run.loss == 0.5).all()  # the hinge, ½


@pytest.mark.parametrize("shared", [True, False])
def test_each_network_flows_as_it_would_alone(shared):
    nets = mlps()
    x, y = problem() if shared else (on_sphere(gaussian(36, 4)).view(3, 12, 4), gaussian(3, 12, seed=1).sign())
    alpha, times = [0.1, 1.0, 10.0], [0.1, 5.0]
    together = gradient_flow(nets, x, y, alpha=alpha, times=times, stop=Stop(3000))
    for i in range(3):
        own = (x, y) if shared else (x[i], y[i])
        alone = gradient_flow(nets.take([i]), *own, alpha=alpha[i], times=times, stop=Stop(3000))
        assert together.reasons[i] == alone.reasons[0] == SATISFIED
        # Rounding, which a block of one and of three do differently, may change which step is taken last.
        assert_close(together.weights[:, i], alone.weights[:, 0], rtol=1e-2, atol=1e-3)
        assert_close(together.time[i], alone.time[0], rtol=1e-2, atol=0)
    assert torch.equal(nets.weights, mlps().weights)  # the caller's stay as they are


def test_a_relu_network_passes_its_kinks():
    x, y = problem()
    run = gradient_flow(mlps(activation="relu"), x, y, alpha=10.0, stop=Stop(5000))
    assert run.reasons == (SATISFIED,) * 3


@pytest.mark.parametrize("convolutional", [False, True])
def test_implicit_steps_take_the_same_path(convolutional):
    """At every α, to what first-order steps of such a turn leave: 4% of F, and 2% with a tenth of the turn."""
    x, y = problem(d=16 if convolutional else 4)
    nets, tests = cnns() if convolutional else mlps(), gaussian(30, x.shape[1], seed=3)
    given = {"alpha": [0.05, 1.0, 50.0], "until": 2.0}
    F = gradient_flow(nets, x, y, turn=1e-4, **given).outputs(tests)[..., 0]
    for turn, most in ((1e-2, 0.04), (1e-3, 0.02)):
        run = gradient_flow(nets, x, y, turn=turn, kernel=tangent_kernels, **given)
        assert ((run.outputs(tests)[..., 0] - F).norm(dim=1) < most * F.norm(dim=1)).all()


def test_with_the_squared_loss_a_linear_models_implicit_step_is_exact_however_long():
    x, y, net = gaussian(20, 4), gaussian(20, seed=2), linear(4)
    given = {"alpha": [0.01, 30.0], "loss": mean_square, "until": 300.0, "stop": Stop(200)}
    run = gradient_flow(net, x, y, turn=0.5, kernel=tangent_kernels, **given)
    exact = kernel_flow(tangent_kernel(net.member(0), x), y, torch.tensor([300.0]))
    assert run.reasons == (TIME, TIME) and (run.steps < 100).all()
    assert_close(run.outputs(x)[..., 0], exact.expand(2, -1), rtol=0, atol=1e-9)


def test_implicit_steps_are_not_bound_by_the_steepest_direction():
    x, y = gaussian(12, 40), gaussian(12, seed=1).sign()
    x[1], y[1] = x[0] + 0.02 * x[1], -y[0]  # two that nearly coincide, and differ
    nets = Population(lambda seed: nn.Linear(40, 1, bias=False), [0])
    assert gradient_flow(nets, x, y, alpha=1.0, stop=Stop(500)).reasons == (STEPS,)
    run = gradient_flow(nets, x, y, alpha=1.0, turn=1e-3, kernel=tangent_kernels, stop=Stop(500))
    assert run.reasons == (SATISFIED,)


@pytest.mark.parametrize("loss", [mean_square, quadratic_hinge])
def test_implicit_steps_take_other_losses(loss):
    (x, y), nets = problem(), mlps()
    given = {"alpha": 10.0, "loss": loss, "until": 3.0}
    fine = gradient_flow(nets, x, y, turn=1e-6, **given)
    run = gradient_flow(nets, x, y, turn=1e-3, kernel=tangent_kernels, **given)
    assert_close(run.outputs(x), fine.outputs(x), rtol=0, atol=0.02)


def test_denormal_numbers_are_zero_while_it_flows_and_no_longer():
    def half_of_the_smallest():
        return (torch.tensor([torch.finfo(torch.float32).tiny]) / 2).item()

    def kernel(nets, inputs):
        seen.append(half_of_the_smallest())
        return tangent_kernels(nets, inputs)

    seen, (x, y) = [], problem()
    gradient_flow(mlps(), x, y, alpha=1.0, stop=Stop(2), kernel=kernel)
    assert half_of_the_smallest() > 0
    if torch.set_flush_denormal(False):  # the processor has such a mode
        assert set(seen) == {0.0}


def test_it_says_why_it_ended():
    x, y = problem()
    assert gradient_flow(mlps(), x, y, alpha=1.0, stop=Stop(3)).reasons == (STEPS,) * 3
    assert gradient_flow(mlps(), x, y, alpha=1.0, until=1e-3).reasons == (TIME,) * 3
    nets = mlps()
    nets.weights.zero_()
    nets.views()["layers.2.bias"].fill_(1.0)  # whose centred output is zero for ever but for this bias
    balanced = torch.tensor([1.0, -1.0] * 6, dtype=torch.float64)
    run = gradient_flow(mlps(2, activation="relu"), 0 * x, balanced, alpha=1.0, stop=Stop(500, plateau=(50, 0.01)))
    assert run.reasons == (PLATEAU,) * 2  # one input with both labels
    run = gradient_flow(mlps(), x, y, alpha=1.0, loss=quadratic_hinge, stop=Stop(20_000, satisfied=1e-4))
    assert run.reasons == (SATISFIED,) * 3 and (run.loss < 1e-4).all()


@pytest.mark.parametrize(
    "given, says",
    [
        *[
            ({"alpha": a}, rf"alpha is {a!r}, need a positive number, .*with α = 0 the network")
            for a in (0, -1.0, math.inf)
        ],
        ({"alpha": [1.0, 2.0]}, r"alpha is \[1.0, 2.0\], need a positive number, or one for each of the 3 networks"),
        ({"times": [-1.0]}, r"times are \[-1.0\], until is inf, need times from 0 on, and an end"),
        ({"until": 0.0}, "until is 0.0"),
        ({"turn": 0.0}, "turn is 0.0, need a number between 0 and 1"),
        ({"labels": torch.ones(11).double()}, r"labels have shape \(11,\)"),
        ({"inputs": torch.ones(12, 3)}, "inputs are torch.float32"),
    ],
)
def test_door(as_user, given, says):
    x, y = problem()
    with pytest.raises(ValueError, match=says):
        gradient_flow(mlps(), **{"inputs": x, "labels": y, "alpha": 1.0, **given})


def test_an_output_that_is_no_number_ends_it():
    x, y = problem()
    x[2, 1] = math.nan
    with pytest.raises(DivergedError, match=r"the loss of networks \[0, 1, 2\] is NaN or infinite at step 0"):
        gradient_flow(mlps(), x, y, alpha=1.0)
