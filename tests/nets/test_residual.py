"""Deep networks with and without skips: written out again, of equal parameters, and stable however deep."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from landscape_lib.nets import MLP, Population, ResidualCNN, ResidualMLP
from landscape_lib.training import Stop, gd, quadratic_hinge, train

SWITCHES = [(skip, norm) for skip in (True, False) for norm in (True, False)]


def gaussian(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def shifted(net):
    """Every parameter moved off its initial value, biases and norms too."""
    for i, value in enumerate(net.parameters()):
        value.data += 0.1 * gaussian(*value.shape, seed=i)
    return net


def normalised(z, norm, axes):
    mean, var = z.mean(axes, keepdims=True), z.var(axes, keepdims=True)
    shape = (1, -1) + (1,) * (z.ndim - 2)
    return (z - mean) / np.sqrt(var + norm.eps) * weights(norm.weight, shape) + weights(norm.bias, shape)


def weights(value, shape=None):
    array = value.detach().numpy()
    return array if shape is None else array.reshape(shape)


@pytest.mark.parametrize("skip, norm", SWITCHES)
def test_it_is_its_formula(skip, norm):
    net = shifted(ResidualMLP(6, 5, 3, outputs=2, skip=skip, batch_norm=norm, seed=1).double())
    inputs = gaussian(9, 6)

    def layer(part, x):
        return x @ weights(part.weight).T + (0 if part.bias is None else weights(part.bias))

    def phi(part, z):
        return np.maximum(0, normalised(z, part, 0) if norm else z)

    x = layer(net.stem, inputs.numpy())
    for block in net.blocks:
        branch = layer(block.second, phi(block.between, layer(block.first, phi(block.before, x))))
        x = x + branch if skip else branch
    assert_close(net(inputs).detach(), torch.from_numpy(layer(net.readout, phi(net.norm, x))))


def test_on_equal_pixels_kernels_of_one_pixel_are_the_fully_connected_network():
    mlp, cnn = shifted(ResidualMLP(3, 5, 2, seed=1).double()), ResidualCNN(4, 5, 2, channels=3, seed=2).double()
    with torch.no_grad():
        for own, other in zip(mlp.parameters(), cnn.parameters(), strict=True):
            if other.ndim == 4:
                other.zero_()
                other[:, :, 1, 1] = own
            else:
                other.copy_(own)
    x = gaussian(7, 3)
    assert_close(cnn(x[:, :, None].expand(7, 3, 16).flatten(1)), mlp(x))


def test_a_signal_is_an_image_of_one_row():
    line, image = ResidualCNN(12, 3, 3, channels=2, rows=1).double(), ResidualCNN(12, 3, 3, channels=2).double()
    with torch.no_grad():
        for own, square in zip(shifted(line).parameters(), image.parameters(), strict=True):
            square.zero_()
            if square.ndim == 4:
                square[:, :, 1:2] = own
            else:
                square.copy_(own)
    x = gaussian(4, 2, 1, 12)
    assert_close(line(x.flatten(1)), image(x.expand(4, 2, 12, 12).flatten(1)))


def test_without_skips_it_is_a_plain_network_of_as_many_layers():
    deep, plain = ResidualMLP(6, 5, 2, skip=False, seed=1).double(), MLP(6, 5, 5).double()
    layers = [part for part in deep.modules() if isinstance(part, nn.Linear)]
    with torch.no_grad():
        for own, other in zip(layers, plain.layers, strict=True):
            other.weight.copy_(own.weight)
    assert_close(plain(gaussian(8, 6)), deep(gaussian(8, 6)))


@pytest.mark.parametrize("make", [lambda **s: ResidualMLP(16, 6, 3, **s), lambda **s: ResidualCNN(4, 6, 3, **s)])
@pytest.mark.parametrize("norm", [True, False])
def test_skips_change_neither_parameters_nor_draws(make, norm):
    with_skips, without = make(skip=True, batch_norm=norm), make(skip=False, batch_norm=norm)
    shapes = [[(name, value.shape) for name, value in net.named_parameters()] for net in (with_skips, without)]
    assert shapes[0] == shapes[1]
    for (name, own), other in zip(with_skips.named_parameters(), without.parameters(), strict=True):
        assert_close(own * 3**0.5 if "second.weight" in name else own, other)
    assert torch.equal(make(seed=5).stem.weight, make(seed=5).stem.weight)
    assert not torch.equal(make(seed=5).stem.weight, make(seed=6).stem.weight)
    assert any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in with_skips.modules()) == norm


@pytest.mark.parametrize("blocks", [1, 30])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("skip", [True, False])
def test_variance_is_handed_on_however_deep(blocks, activation, skip):
    net = ResidualMLP(50, 200, blocks, skip=skip, activation=activation, outputs=500)
    z = net(torch.randn(20, 50, generator=torch.Generator().manual_seed(0)))
    # One with skips would be (1 + 1/blocks)^blocks, up to e; tanh sends larger variances to less. Of 60 layers of 200
    # units each keeps the variance to √(5/200) or so, thus the whole to a factor of some e^±1.2.
    assert 0.2 < z.square().mean() < 3 * 2.72


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("skip, norm", SWITCHES)
def test_a_population_is_its_members(skip, norm, training):
    for make in (ResidualMLP, ResidualCNN):
        size = 16 if make is ResidualMLP else 4
        nets = Population(
            lambda seed, make=make, size=size: make(size, 3, 2, outputs=2, skip=skip, batch_norm=norm, seed=seed).train(
                training
            ),
            range(3),
        )
        x = gaussian(6, 16)
        before = copy.deepcopy(nets.buffers)
        assert_close(nets(x), torch.stack([nets.member(i)(x).detach() for i in range(3)]))
        assert all(torch.equal(value, nets.buffers[name]) for name, value in before.items())


def test_it_learns_by_sgd_as_a_module_does_by_torch_optim():
    x, y = gaussian(10, 16), gaussian(10, seed=1).sign()
    nets = Population(lambda seed: ResidualCNN(4, 3, 2, batch_norm=True, seed=seed), [0, 1])
    run = train(nets, x, y, optimiser=gd(0.05, 0.9), stop=Stop(10))
    for i in (0, 1):
        net = ResidualCNN(4, 3, 2, batch_norm=True, seed=i).double()
        optimiser = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        for _ in range(10):
            optimiser.zero_grad()
            quadratic_hinge(net(x)[None], y).mean().backward()
            optimiser.step()
        assert_close(run.population.member(i)(x), net(x))


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: ResidualMLP(0, 4, 1), "ResidualMLP: d is 0, need a whole number of at least 1"),
        (lambda: ResidualMLP(4, 4, 0), "blocks is 0"),
        (lambda: ResidualMLP(4, True, 1), "h is True"),
        (lambda: ResidualMLP(4, 4, 1, activation="gelu"), r"unknown activation 'gelu', choose one of \('relu'"),
        (lambda: ResidualCNN(1, 4, 1), "ResidualCNN: size is 1, need a whole number of at least 2"),
        (lambda: ResidualCNN(8, 4, 1, channels=0), "channels is 0"),
        (lambda: ResidualCNN(8, 4, 1, rows=2), "rows is 2, need 1, for signals, or size = 8"),
        (lambda: ResidualCNN(8, 4, 1)(torch.zeros(2, 63)), "ResidualCNN: inputs have 63 features, need 1 · 8² = 64"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
