"""The multilayer perceptron's parametrisations, its count of parameters, and widening that leaves training alone."""

import math

import pytest
import scipy.integrate
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from landscape_lib.data import on_sphere
from landscape_lib.measure.jamming import effective_parameters, gaps
from landscape_lib.nets import MLP, Population, second_moment, widen
from landscape_lib.nets._architectures import ACTIVATIONS
from landscape_lib.training import Stop, adam, train

sizes = {"d": st.integers(1, 9), "h": st.integers(1, 9), "L": st.integers(1, 4)}
seeds = st.integers(0, 999)


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# what a network is


@given(**sizes, seed=seeds, activation=st.sampled_from(sorted(ACTIVATIONS)))
def test_a_standard_network_is_affine_maps_with_activations_between(d, h, L, seed, activation):
    net, x = MLP(d, h, L, activation=activation, seed=seed).double(), gaussian(5, d)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in net.layers:
            layer.bias.normal_(generator=generator)
    z = x
    for layer in net.layers[:-1]:
        z = ACTIVATIONS[activation](z @ layer.weight.T + layer.bias)
    # Orthogonal maps of vectors of length at most 20: rounding below 1e-13; a transposed map is of order 1.
    assert_close(net(x), z @ net.layers[-1].weight.T + net.layers[-1].bias, rtol=0, atol=1e-12)


@given(**sizes)
def test_effective_parameters_are_the_weights_without_the_biases(d, h, L):
    weights = sum(layer.weight.numel() for layer in MLP(d, h, L).layers)
    assert effective_parameters(d, h, L) == weights


@given(**sizes, seed=seeds)
def test_standard_weights_are_orthogonal_and_biases_zero(d, h, L, seed):
    for layer in MLP(d, h, L, seed=seed).layers:
        w = layer.weight.detach()
        small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
        # Single precision: a product of at most 9 terms keeps 1e-6; a Gaussian matrix misses by order 1.
        assert_close(small, torch.eye(len(small)), rtol=0, atol=1e-5)
        assert (layer.bias == 0).all()


@pytest.mark.parametrize("L, activation", [(1, "relu"), (1, "softplus"), (1, "swish"), (1, "tanh"), (3, "relu")])
def test_ntk_networks_have_unit_variance_on_the_sphere(L, activation):
    """Exactly at every width: for one hidden layer since z ~ N(0, 1), deeper since ReLU² is of degree 2."""
    x = on_sphere(gaussian(1, 5))
    nets = Population(
        lambda seed: MLP(5, 32, L, outputs=32, parametrisation="ntk", activation=activation, seed=seed), range(400)
    )
    squares = nets(x)[:, 0].square().mean(-1)
    error = squares.std() / math.sqrt(len(nets))
    assert error < 0.05  # so that a lost √2, a variance of 2 or ½, would be seen
    assert abs(squares.mean() - 1) < 4 * error  # beyond four standard errors once in 16,000 cases


@given(**sizes, seed=seeds, activation=st.sampled_from(sorted(ACTIVATIONS)))
def test_a_mean_field_network_is_the_ntk_network_over_the_root_of_its_width(d, h, L, seed, activation):
    x = gaussian(4, d)
    ntk, mean_field = (
        MLP(d, h, L, parametrisation=name, activation=activation, seed=seed).double()(x)
        for name in ("ntk", "mean_field")
    )
    # √h and h are both rounded: relative 1e-16.
    assert_close(mean_field, ntk / math.sqrt(h), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
def test_the_second_moment_is_the_gaussian_integral(activation):
    def integrand(z):
        return activation(torch.tensor(z, dtype=torch.float64)).item() ** 2 * scipy.stats.norm.pdf(z)

    # In two parts, for ReLU's corner; scipy promises 1e-10, the trapezoidal rule at spacing 1e-3 errs by less.
    exact = sum(scipy.integrate.quad(integrand, a, b, epsabs=1e-10)[0] for a, b in [(-12, 0), (0, 12)])
    assert second_moment(activation) == pytest.approx(exact, abs=1e-9)


def test_a_seed_is_a_network():
    for parametrisation in ("standard", "ntk", "mean_field"):
        one, same, other = (MLP(3, 4, 2, parametrisation=parametrisation, seed=s).layers[0].weight for s in (5, 5, 6))
        assert one.equal(same) and not one.equal(other)


# symmetries


@given(seed=seeds, k=st.integers(-8, 8), layer=st.integers(0, 1))
def test_rescaled_relu_layers_have_the_same_gaps(seed, k, layer):
    """W, b times a and the next W over a; powers of two are exact, so equality needs no tolerance."""
    nets, a = Population(lambda s: MLP(4, 5, 2, seed=seed + s), range(2)), 2.0**k
    nets.weights += 0.1 * gaussian(*nets.weights.shape, seed=seed)  # biases too
    x, y = gaussian(6, 4, seed=seed), gaussian(6, seed=seed).sign()
    before = gaps(nets(x), y)
    views = nets.views()
    views[f"layers.{layer}.weight"] *= a
    views[f"layers.{layer}.bias"] *= a
    views[f"layers.{layer + 1}.weight"] /= a
    assert gaps(nets(x), y).equal(before)


@given(**sizes, extra=st.integers(0, 6), seed=seeds)
def test_a_widened_network_is_the_same_function(d, h, L, extra, seed):
    narrow, x = MLP(d, h, L, outputs=2, seed=seed), gaussian(6, d)
    wide = widen(narrow, h + extra)
    assert (wide.d, wide.h, wide.L, wide.outputs) == (d, h + extra, L, 2)
    # The units added add zeros; only the order of the sums may differ.
    assert_close(wide.double()(x), narrow.double()(x), rtol=0, atol=1e-13)


def test_a_widened_network_learns_as_the_narrow_one_and_its_added_units_stay_zero():
    h, extra, P = 4, 3, 20
    x, y = gaussian(P, 5), gaussian(P, seed=1).sign()
    narrow = Population(lambda seed: MLP(5, h, 3, seed=seed), range(4))
    wide = Population(lambda seed: widen(MLP(5, h, 3, seed=seed), h + extra), range(4))
    runs = [train(p, x, y, optimiser=adam(3e-3), stop=Stop(400)) for p in (narrow, wide)]
    assert (runs[0].loss < 0.8 * runs[0].history.loss[0]).all()  # they learnt something
    # 400 steps carry the rounding of the first to some 1e-13; a gradient in an added unit shows as 1e-3.
    assert_close(runs[0].history.loss, runs[1].history.loss, rtol=1e-9, atol=0)
    views, small = runs[1].population.views(), runs[0].population.views()
    for name, value in small.items():
        inner = tuple(slice(0, n) for n in value.shape)
        assert_close(views[name][inner], value, rtol=0, atol=1e-9)
        views[name][inner] = 0
    assert (runs[1].population.weights == 0).all()


# doors


@pytest.mark.parametrize(
    "arguments, says",
    [
        ({"d": 0}, "d is 0, need a whole number of at least 1"),
        ({"h": 2.0}, "h is 2.0, need a whole number"),
        ({"L": True}, "L is True, need a whole number"),
        ({"outputs": -1}, "outputs is -1"),
        (
            {"parametrisation": "NTK"},
            r"unknown parametrisation 'NTK', choose one of \('standard', 'ntk', 'mean_field'\)",
        ),
        ({"activation": "gelu"}, r"unknown activation 'gelu', choose one of \('relu', 'softplus', 'swish', 'tanh'\)"),
    ],
)
def test_door_mlp(as_user, arguments, says):
    with pytest.raises(ValueError, match=says):
        MLP(**{"d": 3, "h": 2, "L": 1, **arguments})


@pytest.mark.parametrize(
    "net, h, says",
    [
        (MLP(3, 4, 1), 3, "cannot narrow a network of width 4 to 3"),
        (MLP(3, 4, 1, activation="tanh"), 5, "got standard parametrisation and tanh; only standard ReLU"),
        (MLP(3, 4, 1, parametrisation="ntk"), 5, "got ntk parametrisation and relu"),
        (MLP(3, 4, 1), 5.0, "h is 5.0, need a whole number"),
    ],
)
def test_door_widen(as_user, net, h, says):
    with pytest.raises(ValueError, match=says):
        widen(net, h)


def test_a_widened_network_keeps_its_precision():
    narrow = MLP(3, 4, 2).double()
    assert widen(narrow, 5).layers[0].weight.dtype == torch.float64
