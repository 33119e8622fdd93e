"""Directions and slices: whose points are the networks they say, whatever the network, and which is left alone."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from landscape_lib.measure.surface import (
    difference,
    filter_normalised,
    principal_directions,
    random_direction,
    random_walk,
    rescaled,
    slice_between,
    slice_line,
    slice_plane,
    walk_shares,
)
from landscape_lib.nets import CNN, MLP

EVEN = torch.linspace(-1, 1, 5, dtype=torch.float64)


def images(P: int = 20, d: int = 16, seed: int = 1) -> torch.Tensor:
    return torch.randn(P, d, generator=torch.Generator().manual_seed(seed))


def plain(seed: int = 0) -> nn.Module:
    return MLP(d=16, h=7, L=2, outputs=3, seed=seed)


def convolutional(seed: int = 0) -> nn.Module:
    return CNN(4, 3, outputs=3, seed=seed)


def normed(seed: int = 0) -> nn.Module:
    """With BatchNorm, LayerNorm and Dropout, in evaluation mode, after some training of the statistics."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        linear = [nn.Linear(16, 6), nn.Linear(6, 6), nn.Linear(6, 3)]
        net = nn.Sequential(
            linear[0], nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.5), linear[1], nn.LayerNorm(6), nn.ReLU(), linear[2]
        )
        net(images(seed=seed))
    return net.eval()


NETWORKS = [plain, convolutional, normed]


def measures(network: nn.Module) -> dict:
    outputs = network(images())
    return {"loss": nn.functional.cross_entropy(outputs, torch.arange(20) % 3), "first": outputs[0, 0].item()}


def fickle():
    """It measures something else at each point."""
    calls: list[int] = []
    return lambda network: calls.append(0) or {str(len(calls)): 0.0}


def moved(network: nn.Module, step: torch.Tensor) -> nn.Module:
    twin = copy.deepcopy(network)
    vector_to_parameters(parameters_to_vector(network.parameters()) + step, twin.parameters())
    return twin


def values(network: nn.Module) -> list[float]:
    with torch.no_grad():
        return [float(value) for value in measures(network).values()]


@pytest.mark.parametrize("make", NETWORKS)
def test_a_slice_holds_the_networks_it_says_and_the_trained_one_to_the_last_bit(make):
    net = make()
    axes = tuple(filter_normalised(net, random_direction(net, seed)) for seed in (0, 1))
    plane = slice_plane(net, measures, axes, (EVEN, EVEN[1:]))
    line = slice_line(net, measures, axes[0], torch.linspace(-1, 1, 51))
    assert [plane.values[name][2, 1].item() for name in ("loss", "first")] == values(net)
    assert [line.values[name][25].item() for name in ("loss", "first")] == values(net)
    assert line.coordinates[25] == 0, "what linspace leaves of zero is zero"
    for i, j in ((0, 0), (3, 2), (4, 0)):
        there = values(moved(net, EVEN[i] * axes[0] + EVEN[j + 1] * axes[1]))
        assert [plane.values[name][i, j].item() for name in ("loss", "first")] == pytest.approx(there, rel=1e-5)
    assert len(set(plane.values["loss"].flatten().tolist())) == 20, "no two points alike"


@pytest.mark.parametrize("make", NETWORKS)
def test_both_ends_of_an_interpolation_are_the_networks_to_the_last_bit(make):
    first, last = make(0), make(5)
    line = slice_between(first, last, measures)
    assert [line.values[name][0].item() for name in ("loss", "first")] == values(first)
    assert [line.values[name][-1].item() for name in ("loss", "first")] == values(last)
    if make is not normed:  # whose statistics go along
        along = slice_line(first, measures, difference(first, last), line.coordinates)
        assert torch.allclose(along.values["loss"], line.values["loss"], rtol=1e-5)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("make", NETWORKS)
def test_the_network_is_left_as_it_came(make, fails):
    net = make().train()
    next(net.parameters()).requires_grad_(False)
    before, modes = copy.deepcopy(net.state_dict()), [part.training for part in net.modules()]
    places = [value.data_ptr() for value in net.parameters()]

    def meddles(network: nn.Module) -> dict:
        network(images())  # moves the statistics of a BatchNorm in training mode
        network.eval()
        if fails:
            raise RuntimeError("measured badly")
        return {"loss": 0.0}

    try:
        slice_line(net, meddles, random_direction(net, 0), EVEN)
        slice_between(net, make(1), meddles)
    except RuntimeError:
        assert fails
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert modes == [part.training for part in net.modules()] and places == [p.data_ptr() for p in net.parameters()]
    assert [value.requires_grad for value in net.parameters()][:2] == [False, True]


def test_a_point_does_not_depend_on_those_before_it():
    """A BatchNorm that is measured in training mode begins at every point from the same statistics."""
    net = normed().train()
    net[3].eval()

    def counted(network: nn.Module) -> dict:
        network(images())
        return {"mean": network[1].running_mean[0], "seen": network[1].num_batches_tracked}

    line = slice_line(net, counted, torch.ones_like(random_direction(net, 0)), torch.zeros(4))
    assert line.values["mean"].unique().numel() == 1 and line.values["seen"].tolist() == [2.0] * 4


def test_statistics_are_those_of_the_point_and_dropout_stays_off():
    net, inputs = normed(), images(50, seed=3)
    direction = random_direction(net, 0)
    line = slice_line(net, measures, direction, EVEN, batch_norm_inputs=inputs)
    for t, loss in zip(EVEN, line.values["loss"], strict=True):
        there = moved(net, t * direction)
        entering = there[0](inputs)
        there[1].running_mean, there[1].running_var = entering.mean(0), entering.var(0)
        assert loss.item() == pytest.approx(values(there)[0], rel=1e-5)
    old = slice_line(net, measures, direction, EVEN)
    assert not torch.allclose(line.values["loss"], old.values["loss"], rtol=0.01)
    ends = slice_between(net, net, measures, batch_norm_inputs=inputs)
    assert ends.values["loss"][0] == line.values["loss"][2]


def test_gradients_can_be_measured_too():
    net = plain()

    def slope(network: nn.Module) -> dict:
        with torch.enable_grad():
            loss = measures(network)["loss"]
            return {"slope": parameters_to_vector(torch.autograd.grad(loss, list(network.parameters()))).norm()}

    found = slice_line(net, slope, random_direction(net, 0), torch.zeros(1)).values["slope"].item()
    loss = measures(net)["loss"]
    assert found == parameters_to_vector(torch.autograd.grad(loss, list(net.parameters()))).norm().item()


def test_what_is_not_finite_is_a_hole():
    net, direction = nn.Linear(1, 1).double(), torch.tensor([1.0, 0.0]).double()
    line = slice_line(net, lambda n: {"log": (n.weight - net.weight).log()}, direction, torch.tensor([-1.0, 0, 1]))
    assert line.values["log"].isnan().tolist() == [True, True, False]


@given(st.integers(0, 99), st.integers(0, 1), st.integers(-6, 6))
def test_filter_normalised_slices_are_those_of_the_same_function_in_other_units(seed, layer, power):
    net = MLP(d=16, h=5, L=2, outputs=3, parametrisation="ntk", seed=seed)
    with torch.no_grad():
        for part in net.layers:
            part.bias.normal_(generator=torch.Generator().manual_seed(seed))
    other, raw = rescaled(net, layer, 2.0**power), random_direction(net, seed)
    assert torch.equal(other(images()), net(images()))  # a power of two rounds nothing
    slices = [
        slice_line(one, measures, direction, EVEN).values["loss"]
        for one in (net, other)
        for direction in (filter_normalised(one, raw), raw)
    ]
    assert torch.equal(slices[0], slices[2])
    assert power == 0 or not torch.allclose(slices[1], slices[3], rtol=1e-3)


def test_a_factor_that_is_no_power_of_two_changes_rounding_only():
    net = MLP(d=16, h=5, L=3, seed=1).double()
    x = images().double()
    assert torch.allclose(rescaled(net, 1, 10.0)(x), net(x), rtol=1e-12, atol=1e-14)


@given(st.integers(0, 99))
def test_each_filter_of_a_direction_is_as_long_as_the_networks(seed):
    net = normed()
    with torch.no_grad():
        net[0].weight[2] = 0
    raw = random_direction(net, seed)
    raw[16:32] = 0  # of the second filter
    parts = copy.deepcopy(net)
    vector_to_parameters(filter_normalised(net, raw), parts.parameters())
    for w, d in zip(net.parameters(), parts.parameters(), strict=True):
        if w.ndim < 2:
            assert not d.any()
            continue
        wanted = w.detach().flatten(1).norm(dim=1)
        if d is parts[0].weight:
            wanted[1] = 0
        assert torch.allclose(d.detach().flatten(1).norm(dim=1), wanted, rtol=1e-5)  # single precision
    kernels = convolutional()
    normal = filter_normalised(kernels, random_direction(kernels, seed))
    assert torch.allclose(normal[:9].norm(), kernels.first.weight[0].norm(), rtol=1e-5)


def test_a_direction_is_its_seed():
    net = plain()
    assert torch.equal(random_direction(net, 3), random_direction(copy.deepcopy(net).double(), 3).float())
    assert not torch.equal(random_direction(net, 3), random_direction(net, 4))
    wide = MLP(d=20, h=40, L=1, parametrisation="ntk", seed=0)
    own, drawn = parameters_to_vector(wide.parameters()).detach()[:800], random_direction(wide, 0)[:800]
    assert abs(torch.corrcoef(torch.stack([own, drawn]))[0, 1]) < 0.11  # 3/√800: the same seed, but not the same draws
    large = random_direction(nn.Linear(100, 100), 0)
    assert large.mean().abs() < 0.03 and abs(large.std() - 1) < 0.03  # 3/√N, and more than 3/√(2N)


def test_axes_and_shares_are_those_of_scikit_learn():
    path = torch.randn(9, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64).cumsum(0)
    found, other = principal_directions(path, axes=3), PCA(3).fit(path.numpy())
    assert found.shares.numpy() == pytest.approx(other.explained_variance_ratio_)
    assert (found.axes.numpy() * other.components_).sum(1) ** 2 == pytest.approx(np.ones(3))
    assert torch.allclose(found.axes @ found.axes.T, torch.eye(3, dtype=torch.float64), atol=1e-12)
    assert torch.allclose(found.coordinates, (path - path[-1]) @ found.axes.T, atol=1e-12)
    assert not found.coordinates[-1].any(), "the end is at (0, 0)"
    whole = principal_directions(path, axes=8)
    assert whole.shares.sum().item() == pytest.approx(1)
    assert torch.allclose(whole.coordinates.norm(dim=1), (path - path[-1]).norm(dim=1))


@pytest.mark.parametrize("steps", [2, 7, 100])
def test_a_random_walk_has_the_shares_of_the_formula(steps):
    k = np.arange(1, 3)
    exact = 3 / (2 * steps * (steps + 2) * np.sin(np.pi * k / (2 * steps + 2)) ** 2)
    assert walk_shares(torch.full((steps,), 0.7, dtype=torch.float64)).numpy() == pytest.approx(exact)


def test_a_random_walk_with_a_trajectorys_steps_has_shares_that_its_steps_foretell():
    path = torch.randn(40, 20_000, generator=torch.Generator().manual_seed(0)) / torch.arange(1, 41)[:, None]
    walk = random_walk(path, seed=1)
    lengths = path.diff(dim=0).norm(dim=1)
    assert torch.allclose(walk.diff(dim=0).norm(dim=1), lengths, rtol=1e-4)  # rounding of sums in single precision
    assert torch.equal(walk[0], path[0])
    # Steps overlap by 1/√N = 0.007, each share by a few times that.
    assert torch.allclose(principal_directions(walk).shares, walk_shares(lengths), atol=0.02)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: random_direction(nn.ReLU(), 0), "ReLU has no parameters"),
        (lambda: slice_line(nn.ReLU(), measures, torch.ones(1), EVEN), "slice_line: ReLU has no parameters"),
        (
            lambda: random_direction(nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1).double()), 0),
            "parameters of several precisions",
        ),
        (lambda: filter_normalised(plain(), torch.ones(3)), r"a direction of shape \(3,\); need \(199,\)"),
        (lambda: slice_line(plain(), measures, torch.full((199,), math.inf), EVEN), "one finite number a parameter"),
        (lambda: slice_line(plain(), measures, torch.zeros(199), EVEN), "an axis is zero"),
        (lambda: slice_line(plain(), measures, torch.ones(199), EVEN[:0]), r"coordinates of shape \(0,\)"),
        (lambda: slice_line(plain(), measures, torch.ones(199), EVEN * math.nan), "one finite number at least"),
        (lambda: slice_plane(plain(), measures, (torch.ones(199),) * 2, (EVEN, EVEN)), "the axes are parallel"),
        (lambda: slice_plane(plain(), measures, (torch.ones(199),), (EVEN,)), "1 axes and 1 sets of coordinates"),
        (
            lambda: slice_line(plain(), measures, torch.ones(199), EVEN, batch_norm_inputs=images()),
            "MLP has no BatchNorm that keeps statistics",
        ),
        (lambda: slice_line(plain(), lambda n: 1.0, torch.ones(199), EVEN), "need numbers by name"),
        (lambda: slice_line(plain(), lambda n: {}, torch.ones(199), EVEN), "need numbers by name"),
        (
            lambda: slice_line(plain(), lambda n: {"f": n(images())}, torch.ones(199), EVEN),
            r"'f' has shape \(20, 3\); need one number",
        ),
        (
            lambda: slice_line(plain(), fickle(), torch.ones(199), EVEN),
            r"returned \['2'\] at one point and \['1'\] at another",
        ),
        (lambda: slice_between(plain(), convolutional(), measures), "need two of one architecture"),
        (lambda: difference(plain(), MLP(16, 8, 2, outputs=3)), "need two of one architecture"),
        (lambda: principal_directions(torch.eye(3)[:2]), "2 points that span 1 directions have no 2 axes"),
        (lambda: principal_directions(torch.ones(4, 3)), "span 0 directions"),
        (lambda: principal_directions(torch.full((4, 3), math.nan)), "need .times, parameters., finite"),
        (lambda: principal_directions(torch.eye(3), axes=0), "axes is 0"),
        (lambda: rescaled(MLP(2, 3, 1, activation="tanh"), 0, 2.0), "activation is 'tanh'"),
        (lambda: rescaled(MLP(2, 3, 1), 1, 2.0), "layer is 1, need a hidden layer from 0 to 0"),
        (lambda: rescaled(MLP(2, 3, 1), 0, -2.0), "factor is -2.0, need a positive number"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
