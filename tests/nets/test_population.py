"""A population is its members: what the stack computes, each network computes alone."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from landscape_lib.nets import MLP, Population
from landscape_lib.nets._architectures import ACTIVATIONS

# Sums of fewer than 100 terms of order 1, in another order: rounding is below 1e-14, another network's output is 1 off.
ROUNDING = {"rtol": 0, "atol": 1e-12}


class Scaled(nn.Module):
    """A module with a parameter of no dimension."""

    def __init__(self):
        super().__init__()
        self.linear, self.scale = nn.Linear(6, 2), nn.Parameter(torch.randn(()))

    def forward(self, x):
        return self.scale * self.linear(x)


def conv():
    layers = nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2)
    return nn.Sequential(*layers)


def layer_norm():
    norm = nn.LayerNorm(5)
    nn.init.normal_(norm.weight)
    return nn.Sequential(nn.Linear(6, 5), norm, nn.Tanh(), nn.Linear(5, 3))


def batch_norm():
    norm = nn.BatchNorm1d(5)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    return nn.Sequential(nn.Linear(6, 5), norm, nn.ReLU(), nn.Linear(5, 1)).eval()


MAKES = {
    **{
        f"{parametrisation} {activation}": lambda seed, p=parametrisation, a=activation: MLP(
            6, 5, 3, outputs=2, parametrisation=p, activation=a, seed=seed
        )
        for parametrisation in ("standard", "ntk", "mean_field")
        for activation in ("relu", "swish", "tanh")
    },
    **{make.__name__: lambda seed, m=make: m() for make in (Scaled, conv, layer_norm, batch_norm)},
}
kinds = pytest.mark.parametrize("make", MAKES.values(), ids=MAKES.keys())


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def alone(make, seed):
    """The network that a seed makes, without a population."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(seed).double()


def mlps(nets=5, h=5, dtype=torch.float64):
    return Population(lambda seed: MLP(6, h, 2, seed=seed), range(nets), dtype=dtype)


@kinds
def test_the_stack_computes_what_each_network_computes_alone(make):
    x = gaussian(7, 6)
    together = Population(make, range(3))(x)
    assert not together[0].equal(together[1])  # so that a wrong order would be seen
    assert_close(together, torch.stack([alone(make, seed)(x) for seed in range(3)]), **ROUNDING)


@kinds
def test_a_stack_of_one_is_the_first_of_many(make):
    x, nets = gaussian(7, 6), Population(make, range(3))
    assert_close(Population(make, range(1))(x), nets(x)[:1], **ROUNDING)
    assert_close(Population(make, range(1))(x[None]), nets(x)[:1], **ROUNDING)


@kinds
def test_one_set_of_inputs_a_network_is_each_network_on_its_own_inputs(make):
    nets, x = Population(make, range(3)), gaussian(3, 7, 6)
    assert_close(nets(x), torch.stack([nets(one)[i] for i, one in enumerate(x)]), **ROUNDING)
    assert_close(nets(x[:1].repeat(3, 1, 1)), nets(x[0]), **ROUNDING)


@kinds
def test_the_gradient_of_the_stack_is_each_networks_own(make):
    nets, x = Population(make, range(3)), gaussian(7, 6)
    views = {name: view.detach().requires_grad_() for name, view in nets.views().items()}
    outputs = nets.evaluate(views, x)
    c = gaussian(*outputs.shape, seed=1)
    stacked = torch.autograd.grad((c * outputs).sum(), list(views.values()))
    for i in range(3):
        net = alone(make, i)
        own = torch.autograd.grad((c[i] * net(x)).sum(), list(net.parameters()))
        assert_close([g[i] for g in stacked], list(own), **ROUNDING)


@kinds
def test_a_population_of_its_members_is_itself(make):
    nets = Population(make, range(3))
    again = Population(nets.member, range(3))
    assert again.weights.equal(nets.weights)
    assert all(again.buffers[name].equal(nets.buffers[name]) for name in nets.buffers)
    assert_close(nets.member(2)(gaussian(7, 6)), nets(gaussian(7, 6))[2], **ROUNDING)


@kinds
def test_seeds_alone_determine_the_networks_and_the_global_generator_stays(make):
    before = torch.get_rng_state()
    one = Population(make, [3, 4])
    torch.rand(5)
    state = torch.get_rng_state()
    other = Population(make, [4, 3])
    assert torch.get_rng_state().equal(state)
    torch.set_rng_state(before)
    assert one.weights.equal(other.weights.flip(0))
    assert not one.weights[0].equal(one.weights[1])


def test_evaluation_draws_nothing_from_the_global_generator():
    before = torch.get_rng_state()
    for make in MAKES.values():
        Population(make, [0, 1])(gaussian(4, 6))
    assert torch.get_rng_state().equal(before)


def test_buffers_are_used_and_never_updated():
    nets = Population(lambda seed: batch_norm(), range(2))
    before = {name: value.clone() for name, value in nets.buffers.items()}
    nets(gaussian(9, 6) + 3)
    assert all(nets.buffers[name].equal(before[name]) for name in before)


@given(points=st.integers(1, 4000), nets=st.integers(1, 40), h=st.integers(1, 100))
def test_blocks_are_the_networks_once_each_in_order(points, nets, h):
    population = Population(lambda seed: nn.Linear(2, h), [0]).take([0] * nets)
    blocks = population.blocks(points)
    assert [i for block in blocks for i in range(nets)[block]] == list(range(nets))
    most = max(len(range(nets)[block]) for block in blocks)
    assert most == 1 or most * points * max(h, 1) <= 2**17  # the cache they are to fit


@pytest.mark.parametrize("make", [lambda seed: MLP(6, 64, 2, seed=seed), MAKES["batch_norm"]], ids=["MLP", "module"])
def test_several_blocks_compute_what_one_block_computes(make):
    nets, x = Population(make, range(5)), gaussian(5, 6000, 6)
    assert len(nets.blocks(6000)) > 1
    assert_close(nets(x), nets.evaluate(nets.views(), x), **ROUNDING)
    assert_close(nets(x[0]), nets.evaluate(nets.views(), x[0]), **ROUNDING)


# members


@given(order=st.lists(st.integers(0, 4), min_size=1))
def test_take_evaluates_the_chosen_in_the_chosen_order(order):
    nets, x = mlps(), gaussian(7, 6)
    for taken in (nets.take(order), nets.take(torch.tensor(order))):
        assert taken.seeds == tuple(order) and len(taken) == len(order)
        assert_close(taken(x), nets(x)[order], **ROUNDING)


@given(mask=st.lists(st.booleans(), min_size=5, max_size=5).filter(any))
def test_a_mask_takes_what_its_indices_take(mask):
    nets, chosen = mlps(), [i for i, yes in enumerate(mask) if yes]
    for given_as in (mask, torch.tensor(mask)):
        assert nets.take(given_as).weights.equal(nets.take(chosen).weights)
        assert nets.take(given_as).seeds == tuple(chosen)


def test_take_and_member_share_no_memory_with_the_population():
    nets = Population(lambda seed: batch_norm(), range(3))
    weights, mean = nets.weights.clone(), nets.buffers["1.running_mean"].clone()
    taken, member = nets.take([0, 1, 2]), nets.member(0)
    taken.weights.zero_()
    taken.buffers["1.running_mean"].zero_()
    with torch.no_grad():
        for value in (*member.parameters(), *member.buffers()):
            value.zero_()
    assert nets.weights.equal(weights) and nets.buffers["1.running_mean"].equal(mean)


def test_views_are_views_of_the_weights_by_name():
    nets = mlps()
    for i in range(len(nets)):
        named = dict(nets.member(i).named_parameters())
        assert all(view[i].equal(named[name]) for name, view in nets.views().items())
    nets.views()["layers.2.bias"].fill_(7)
    nets.views()["layers.2.weight"].zero_()
    assert (nets(gaussian(4, 6)) == 7).all()


def test_precision_is_the_one_asked_for():
    single, double = mlps(dtype=torch.float32), mlps()
    assert single.weights.dtype == torch.float32 and double.weights.dtype == torch.float64
    x = gaussian(7, 6)
    # Outputs of order 1 in sums of few terms: single precision keeps 7 digits.
    assert_close(single(x.float()).double(), double(x), rtol=0, atol=1e-5)
    assert single(x.float()).dtype == torch.float32


# doors


def test_a_population_holds_one_architecture(as_user):
    with pytest.raises(ValueError, match=r"seed 2 made a network of shapes .* one population holds one architecture"):
        Population(lambda seed: MLP(3, 1 + seed // 2, 1), range(3))


@pytest.mark.parametrize(
    "make, seeds, says",
    [
        (lambda seed: MLP(3, 2, 1), [], "no seeds given, need at least one"),
        (lambda seed: nn.ReLU(), [0], "ReLU has no parameters to stack"),
        (
            lambda seed: nn.Sequential(nn.Linear(3, 2), nn.Dropout()),
            [0],
            r"Dropout in training mode is not supported; call .eval\(\) on the network",
        ),
    ],
)
def test_door(as_user, make, seeds, says):
    with pytest.raises(ValueError, match=says):
        Population(make, seeds)


@pytest.mark.parametrize(
    "inputs, says",
    [
        (gaussian(9, 1024, 6), r"inputs have shape \(9, 1024, 6\), .* shared by all, or \(5, points, features\)"),
        (gaussian(6), r"inputs have shape \(6,\), need \(points, features\)"),
        (gaussian(3, 6).float(), "inputs are torch.float32 on cpu, the networks torch.float64 on cpu; bring them"),
    ],
    ids=["sets", "point", "precision"],
)
def test_door_inputs(as_user, inputs, says):
    with pytest.raises(ValueError, match=says):
        mlps(h=64)(inputs)  # of nine sets, blocks of this size would take five and leave four


def test_seeds_are_whole_numbers_of_any_kind(as_user):
    assert Population(lambda seed: MLP(3, 2, 1, seed=seed), np.arange(3)).seeds == (0, 1, 2)
    with pytest.raises(TypeError, match="integer"):
        Population(lambda seed: MLP(3, 2, 1), [0.5])


def test_dropout_is_evaluated_where_it_does_nothing():
    nets = Population(lambda seed: nn.Sequential(nn.Linear(6, 2), nn.Dropout()).eval(), range(2))
    assert nets(gaussian(3, 6)).equal(nets(gaussian(3, 6)))


def test_a_population_names_itself():
    assert repr(mlps()) == f"Population(5 × MLP, {6 * 5 + 5 + 25 + 5 + 5 + 1} parameters each)"


# modules at the edge of what is held


@pytest.mark.parametrize("number", [1, 2])
def test_buffers_are_never_updated_in_training_mode_either(number):
    nets = Population(lambda seed: batch_norm().train(), range(number))
    before = {name: value.clone() for name, value in nets.buffers.items()}
    x = gaussian(9, 6) + 3
    assert_close(nets(x)[-1], nets.member(number - 1)(x), **ROUNDING)  # of the batch's own statistics
    assert all(nets.buffers[name].equal(before[name]) for name in before)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 6)
        self.b.weight = self.a.weight
        self.register_buffer("shift", torch.randn(6), persistent=False)

    def forward(self, x):
        return self.b(self.a(x)) + self.shift


def test_a_module_of_tied_weights_and_unsaved_buffers_has_members():
    nets, x = Population(lambda seed: Tied(), range(2)), gaussian(3, 6)
    assert_close(nets.member(1)(x), nets(x)[1], **ROUNDING)


class OneNumber(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.randn(()))

    def forward(self, x):
        return self.a * x


def test_a_module_of_one_number_is_evaluated():
    nets = Population(lambda seed: OneNumber(), range(2))
    assert nets(gaussian(3, 6)).shape == (2, 3, 6)


def test_no_points_have_no_outputs():
    assert mlps()(gaussian(0, 6)).shape == (5, 0, 1)


@pytest.mark.parametrize("parametrisation", ["standard", "ntk", "mean_field"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_pullback_is_what_autograd_gives(parametrisation, activation):
    nets = Population(
        lambda seed: MLP(d=5, h=4, L=3, outputs=2, parametrisation=parametrisation, activation=activation, seed=seed),
        seeds=range(3),
    )
    generator = torch.Generator().manual_seed(1)
    inputs, cotangent = (torch.randn(3, 7, size, generator=generator, dtype=torch.float64) for size in (5, 2))
    outputs, pull = nets.pullback(nets.weights, inputs)
    leaf = nets.weights.clone().requires_grad_()
    expected = nets.evaluate(nets.views(leaf), inputs)
    torch.testing.assert_close(outputs, expected.detach(), rtol=0, atol=1e-14)
    # Sums of some tens of terms of order one, in another order: rounding of a few 1e-15.
    torch.testing.assert_close(pull(cotangent), *torch.autograd.grad(expected, leaf, cotangent), rtol=0, atol=1e-13)


def test_each_is_every_member_in_turn_in_one_module():
    nets = Population(lambda seed: MLP(3, 4, 1, seed=seed), [2, 0, 7])
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    seen = [(id(net), net(x).detach().clone()) for net in nets.each()]
    assert len({module for module, _ in seen}) == 1
    for net, (_, outputs) in enumerate(seen):
        assert torch.equal(outputs, nets.member(net)(x))
    first, second = nets.member(0), nets.member(1)
    assert first is not second and not torch.equal(first(x), second(x)), "members are copies of their own"
