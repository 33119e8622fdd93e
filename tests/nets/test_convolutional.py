"""The convolutional network against SciPy's correlations, and many at once against each alone."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d
from torch.testing import assert_close

from landscape_lib.nets import CNN, Population
from landscape_lib.training import Stop, gd, quadratic_hinge, train


def gaussian(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def pooled(x):
    return x[: x.shape[0] // 2 * 2, : x.shape[1] // 2 * 2].reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2).mean((1, 3))


def by_hand(net, image):
    """f of one image, channel by channel."""
    x = image.reshape(net.channels, net.size, net.size).numpy()
    for layer in (net.first, net.second):
        w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        z = [sum(correlate2d(c, k, mode="same") for c, k in zip(x, kernels, strict=True)) for kernels in w]
        x = np.stack([pooled(np.maximum(0, part + own)) for part, own in zip(z, b, strict=True)])
    return net.readout.weight.detach().numpy() @ x.ravel() + net.readout.bias.detach().numpy()


@pytest.mark.parametrize("size, channels, outputs", [(8, 1, 1), (9, 3, 2), (4, 2, 1), (7, 1, 10)])
def test_it_is_correlations_means_and_a_readout(size, channels, outputs):
    net = CNN(size, 5, channels=channels, outputs=outputs, seed=1).double()
    with torch.no_grad():
        for bias in (net.first.bias, net.second.bias, net.readout.bias):
            bias.copy_(gaussian(len(bias), seed=2))
    x = gaussian(3, channels * size**2)
    assert_close(net(x).detach(), torch.from_numpy(np.stack([by_hand(net, image) for image in x])))


def test_a_signal_is_an_image_of_one_row():
    """The same as on the signal stood three times above itself, with kernels that look at its middle row only."""
    line, image = CNN(12, 3, channels=2, rows=1, seed=1).double(), CNN(12, 3, channels=2, seed=2).double()
    x = gaussian(4, 2, 1, 12)
    with torch.no_grad():
        for own, square in ((line.first, image.first), (line.second, image.second)):
            square.weight.zero_()
            square.weight[:, :, 1:2] = own.weight
            square.bias.copy_(own.bias)
        image.readout.weight.copy_((line.readout.weight.view(3, 1, 3).expand(3, 3, 3) / 3).reshape(1, 27))
    assert_close(line(x.flatten(1)), image(x.expand(4, 2, 12, 12).flatten(1)))


def test_ntk_weights_hand_the_variance_on_too_and_mean_field_divides_by_the_root_of_the_width():
    he, ntk, mean_field = (CNN(9, 5, channels=2, parametrisation=name).double() for name in ("he", "ntk", "mean_field"))
    with torch.no_grad():  # the same draws: weights of he are those of ntk times √2 over √fan-in
        for own, other in zip(he.parameters(), ntk.parameters(), strict=True):
            if own.ndim > 1:
                assert_close(own, other * math.sqrt(2 / own[0].numel()), rtol=1e-6, atol=1e-7)
                own.copy_(other * math.sqrt(2 / own[0].numel()))
    x = gaussian(3, 162)
    assert_close(he(x), ntk(x) * math.sqrt(2))  # there the readout is a layer like the others
    assert_close(mean_field(x), ntk(x) / math.sqrt(5))


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("parametrisation", ["he", "mean_field"])
def test_a_stack_is_its_members(shared, parametrisation):
    nets = Population(
        lambda seed: CNN(9, 3, channels=2, outputs=2, parametrisation=parametrisation, seed=seed), range(4)
    )
    nets.weights = nets.weights + 0.1 * gaussian(*nets.weights.shape)  # biases too
    x = gaussian(6, 162) if shared else gaussian(4, 6, 162)
    alone = [nets.member(i)(x if shared else x[i]).detach() for i in range(4)]
    assert_close(nets(x), torch.stack(alone))


def test_it_learns_by_sgd_as_a_module_does_by_torch_optim():
    x, y = gaussian(10, 16), gaussian(10, seed=1).sign()
    run = train(Population(lambda seed: CNN(4, 3, seed=seed), [0, 1]), x, y, optimiser=gd(0.05, 0.9), stop=Stop(20))
    for i in (0, 1):
        net = CNN(4, 3, seed=i).double()
        optimiser = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        for _ in range(20):
            optimiser.zero_grad()
            quadratic_hinge(net(x)[None], y).mean().backward()
            optimiser.step()
        assert_close(run.population.member(i)(x), net(x))


def test_its_weights_hand_the_variance_on():
    """Gaussian images through the first layer: E φ(z)² is that of a pixel, inside the image where no zeros enter."""
    layer = CNN(32, 400, seed=0).first.double()
    z = layer(gaussian(20, 1, 32, 32))[:, :, 1:-1, 1:-1].relu()
    assert z.square().mean().item() == pytest.approx(1, abs=0.1)  # 400 kernels of 9 weights: √(2/3600) is 0.024
    assert math.isclose(CNN(8, 4, seed=3)(torch.zeros(1, 64)).item(), 0)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: CNN(3, 4), "size is 3, need a whole number of at least 4"),
        (lambda: CNN(8, 0), "h is 0"),
        (lambda: CNN(8, True), "h is True"),
        (lambda: CNN(8, 4, outputs=1.0), "outputs is 1.0"),
        (lambda: CNN(8, 4, rows=2), "rows is 2, need 1, for signals, or size = 8"),
        (
            lambda: CNN(8, 4, parametrisation="standard"),
            r"unknown parametrisation 'standard', choose one of \('he', 'ntk'",
        ),
        (lambda: CNN(8, 4, activation="gelu"), r"unknown activation 'gelu', choose one of \('relu', 'softplus'"),
        (lambda: CNN(8, 4, rows=1)(torch.zeros(2, 64)), "inputs have 64 features, need 1 · 8 = 8"),
        (lambda: CNN(8, 4)(torch.zeros(2, 63)), "inputs have 63 features, need 1 · 8² = 64"),
        (lambda: CNN(8, 4, channels=3)(torch.zeros(2, 64)), "need 3 · 8² = 192"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
