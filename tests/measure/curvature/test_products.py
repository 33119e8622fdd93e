"""Products with a Hessian and its two parts: against torch.func, finite differences, curvlinops, and split batches."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.testing import assert_close

from landscape_lib.measure.curvature import batch_sharpness, exact_hessian, gradient, hessian_parts, hessian_product
from landscape_lib.nets import CNN, MLP

PARTS = ("whole", "gauss_newton", "functional")
# Sums in another order, in double precision: below 1e-14 of the largest entry here. A lost factor shows as 0.1 or more.
ROUNDING = {"rtol": 1e-10, "atol": 1e-12}


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def shaken(net, seed=0):
    """In double precision, and with biases that are not zero, so that a lost one is seen."""
    generator = torch.Generator().manual_seed(seed)
    net = net.double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
    return net


def function_of(net, loss, x, y):
    """𝓛 as a function of all parameters in a row, written without the library."""
    named = dict(net.named_parameters())

    def value(theta):
        parts = theta.split([p.numel() for p in named.values()])
        return loss(
            functional_call(net, {n: q.view_as(p) for (n, p), q in zip(named.items(), parts, strict=True)}, (x,)), y
        )

    return value, torch.cat([p.detach().flatten() for p in named.values()])


def second_derivative(function):
    """By reverse differentiation twice: torch.func.hessian, whose outer one is forward, is wrong for LayerNorm."""
    return torch.func.jacrev(torch.func.grad(function))


def squares(f, y):
    return (f - y).square().sum(-1).mean() / 2


class Tied(nn.Module):
    """One matrix, used twice."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)
        self.b.weight = self.a.weight

    def forward(self, x):
        return self.b(torch.tanh(self.a(x)))


class Shift(nn.Module):
    """One parameter, of no dimension, and one that nothing depends on."""

    def __init__(self):
        super().__init__()
        self.c, self.idle = nn.Parameter(torch.tensor(0.5)), nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.c.exp() * x


CLASSES, LABELS = torch.arange(12) % 3, torch.arange(12) % 2 * 2 - 1.0
CASES = {
    "softmax": (MLP(5, 4, 2, outputs=3, activation="tanh"), F.cross_entropy, gaussian(12, 5), CLASSES),
    "relu": (MLP(5, 4, 2, outputs=3), F.cross_entropy, gaussian(12, 5), CLASSES),
    "squares": (MLP(5, 4, 1, outputs=2, parametrisation="ntk", activation="softplus"), squares, gaussian(12, 5), None),
    "logistic": (MLP(5, 4, 2), lambda f, y: F.softplus(-f[:, 0] * y).mean(), gaussian(12, 5), LABELS.double()),
    "convolutions": (
        CNN(9, 2, activation="swish"),
        lambda f, y: F.softplus(-f[:, 0] * y).mean(),
        gaussian(12, 81),
        LABELS.double(),
    ),
    "layer norm": (
        nn.Sequential(nn.Linear(5, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 3)),
        F.cross_entropy,
        gaussian(12, 5),
        CLASSES,
    ),
    "group norm": (  # its derivative cannot be taken for several vectors at once
        nn.Sequential(nn.Unflatten(1, (4, 2)), nn.GroupNorm(2, 4), nn.Flatten(), nn.Linear(8, 3)),
        F.cross_entropy,
        gaussian(12, 8),
        CLASSES,
    ),
    "batch norm at rest": (
        nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 3)).eval(),
        F.cross_entropy,
        gaussian(12, 5),
        CLASSES,
    ),
    "tied": (Tied(), squares, gaussian(12, 4), gaussian(12, 4, seed=1)),
    "no dimension": (Shift(), squares, gaussian(12, 2), gaussian(12, 2, seed=1)),
}


def case(name):
    net, loss, x, y = CASES[name]
    return shaken(copy.deepcopy(net)), loss, x, gaussian(12, 2, seed=1) if y is None else y


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_hessian_of_the_loss(name):
    net, loss, x, y = case(name)
    value, theta = function_of(net, loss, x, y)
    H, vectors = second_derivative(value)(theta), gaussian(len(theta), 3)
    product = hessian_product(net, loss, [(x, y)])
    assert_close(product(vectors), H @ vectors, **ROUNDING)
    assert_close(product(vectors[:, 0]), H @ vectors[:, 0], **ROUNDING)
    assert_close(exact_hessian(product), H, **ROUNDING)
    assert_close(gradient(net, loss, [(x, y)]), torch.func.grad(value)(theta), **ROUNDING)


@pytest.mark.parametrize("name", ["softmax", "squares", "convolutions"])
def test_it_is_the_change_of_the_gradient(name):
    net, loss, x, y = case(name)
    theta = nn.utils.parameters_to_vector(net.parameters()).detach()
    v, moved = gaussian(len(theta), seed=3), []
    product = hessian_product(net, loss, [(x, y)])
    for step in (1e-5, -1e-5):
        there = copy.deepcopy(net)
        nn.utils.vector_to_parameters(theta + step * v, there.parameters())
        moved.append(gradient(there, loss, [(x, y)]))
    # Central differences: 1e-10 of curvature's curvature, 1e-11 of rounding.
    assert_close(product(v), (moved[0] - moved[1]) / 2e-5, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_its_parts_are_those_of_the_jacobian_and_of_the_outputs_curvature(name):
    net, loss, x, y = case(name)
    outputs, theta = function_of(net, lambda f, _: f, x, y)
    f = outputs(theta)
    J = torch.func.jacrev(outputs)(theta).reshape(f.numel(), -1)
    S = second_derivative(lambda f: loss(f, y))(f).reshape(f.numel(), -1)
    slopes = torch.func.grad(lambda f: loss(f, y))(f)
    exact = {"gauss_newton": J.T @ S @ J, "functional": second_derivative(lambda t: (slopes * outputs(t)).sum())(theta)}
    found = {part: exact_hessian(hessian_product(net, loss, [(x, y)], part=part)) for part in PARTS}
    for part, matrix in exact.items():
        assert_close(found[part], matrix, **ROUNDING)
    assert_close(found["gauss_newton"] + found["functional"], found["whole"], **ROUNDING)
    assert torch.linalg.eigvalsh(found["gauss_newton"]).min() > -1e-12, "convex losses"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", ["softmax", "convolutions"])
def test_batches_of_unequal_size_count_by_their_points(name, part):
    net, loss, x, y = case(name)
    whole = hessian_product(net, loss, [(x, y)], part=part)
    unequal = list(zip(x.split([7, 1, 4]), y.split([7, 1, 4]), strict=True))
    v = gaussian(whole.N, 2)
    assert_close(hessian_product(net, loss, unequal, part=part)(v), whole(v), **ROUNDING)
    assert_close(gradient(net, loss, unequal), gradient(net, loss, [(x, y)]), **ROUNDING)
    by_number = sum(hessian_product(net, loss, [batch], part=part)(v) for batch in unequal) / 3
    assert (by_number - whole(v)).norm() > 0.1 * whole(v).norm(), "what counting batches alike would give is another"
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=5, shuffle=True)
    assert_close(hessian_product(net, loss, loader, part=part)(v), whole(v), **ROUNDING)


@pytest.mark.parametrize("part", PARTS)
def test_little_memory_gives_the_same_products(part):
    net, loss, x, y = case("softmax")
    batches = list(zip(x.split([5, 7]), y.split([5, 7]), strict=True))
    kept, anew = (hessian_product(net, loss, batches, part=part, memory=memory) for memory in (2e9, 0.0))
    v = gaussian(kept.N, 40)  # more vectors than go together
    assert_close(anew(v), kept(v), **ROUNDING)


def test_graphs_are_kept_only_where_they_fit():
    calls = []

    def loss(f, y):
        calls.append(len(y))
        return F.cross_entropy(f, y)

    net, _, x, y = case("softmax")
    for memory, built in ((2e9, 0), (0.0, 1)):
        product = hessian_product(net, loss, [(x, y)], memory=memory)
        calls.clear()
        product(gaussian(product.N))
        assert (len(calls) > 0) == built


def test_the_hinge_in_two_parts_is_the_general_split():
    net = shaken(MLP(5, 4, 2))
    x, y = gaussian(20, 5), gaussian(20, seed=1).sign()
    parts = hessian_parts(net, x, y)
    assert 0 < parts.unsatisfied < 20

    def loss(f, y):
        return (1 - y * f[:, 0]).clamp(min=0).square().mean() / 2

    for part, matrix in (("whole", parts.whole), ("gauss_newton", parts.contacts), ("functional", parts.outputs)):
        assert_close(exact_hessian(hessian_product(net, loss, [(x, y)], part=part)), matrix, **ROUNDING)


def test_a_loss_that_is_linear_where_it_is_has_no_gauss_newton_part():
    net, _, x, y = case("logistic")
    product = hessian_product(net, lambda f, y: (f[:, 0] * y).mean(), [(x, y)], part="gauss_newton")
    assert not product(gaussian(product.N)).any()
    constant = hessian_product(net, lambda f, y: f.detach().mean(), [(x, y)])
    assert not constant(gaussian(constant.N, 2)).any()


def test_it_stays_where_it_was_taken_and_leaves_the_network_as_it_was():
    net, loss, x, y = case("softmax")
    net.train()
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    next(net.parameters()).requires_grad_(False)
    before = copy.deepcopy(net.state_dict())
    product = hessian_product(net, loss, [(x, y)], memory=0.0)
    v = gaussian(product.N)
    first = product(v)
    gradient(net, loss, [(x, y)])
    assert net.training and all(value.equal(before[name]) for name, value in net.state_dict().items())
    assert all(parameter.grad.eq(1).all() for parameter in net.parameters())
    assert [parameter.requires_grad for parameter in net.parameters()] == [False] + [True] * 5
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(2)
    assert product(v).equal(first)


def test_gradients_that_are_switched_off_do_not_make_it_zero():
    net, loss, x, y = case("softmax")
    product = hessian_product(net, loss, [(x, y)], memory=0.0)
    v = gaussian(product.N)
    exact, slope, sharpness = product(v), gradient(net, loss, [(x, y)]), batch_sharpness(net, loss, [(x, y)])[0]
    with torch.no_grad():
        assert product(v).equal(exact) and hessian_product(net, loss, [(x, y)])(v).equal(exact)
        assert gradient(net, loss, [(x, y)]).equal(slope)
        assert batch_sharpness(net, loss, [(x, y)])[0] == sharpness > 0
        assert not torch.is_grad_enabled()


def test_single_precision_is_single_precision():
    net, loss, x, y = case("softmax")
    exact = hessian_product(net, loss, [(x, y)])
    product = hessian_product(net.float(), loss, [(x.float(), y)])
    v = gaussian(product.N, 2)
    assert product(v.float()).dtype == torch.float32
    assert_close(product(v.float()).double(), exact(v), rtol=1e-4, atol=1e-5)  # some hundred roundings of 1e-7


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # what torch's forward mode loads
@pytest.mark.parametrize("part, peer", [("whole", "HessianLinearOperator"), ("gauss_newton", "GGNLinearOperator")])
def test_it_is_that_of_curvlinops(part, peer):
    curvlinops = pytest.importorskip("curvlinops", reason="an oracle, not a dependency: curvlinops-for-pytorch==3.0.1")
    net, _, x, y = case("softmax")
    batches = list(zip(x.split([7, 5]), y.split([7, 5]), strict=True))
    operator = getattr(curvlinops, peer)(net, nn.CrossEntropyLoss(), list(net.parameters()), batches)
    v = gaussian(sum(p.numel() for p in net.parameters()))
    assert_close(hessian_product(net, F.cross_entropy, batches, part=part)(v), operator @ v, **ROUNDING)


# doors

X, Y = gaussian(6, 4), torch.arange(6) % 2
NET = MLP(4, 3, 1, outputs=2).double()
NORM = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2)).double()
LOSS = F.cross_entropy


def taken():
    return hessian_product(NET, LOSS, [(X, Y)])


@pytest.mark.parametrize(
    "call, says",
    [
        (
            lambda: hessian_product(nn.ReLU(), LOSS, [(X, Y)]),
            "hessian_product: ReLU has no parameters, so no curvature",
        ),
        (lambda: gradient(nn.ReLU(), LOSS, [(X, Y)]), "gradient: ReLU has no parameters"),
        (lambda: hessian_product(NORM, LOSS, [(X, Y)]), r"BatchNorm1d \(1\) in training mode, .* call .eval\(\)"),
        (lambda: hessian_product(nn.Sequential(nn.Dropout(), NET), LOSS, [(X, Y)]), r"Dropout \(0\) in training mode"),
        (lambda: hessian_product(NET, LOSS, []), "no batches, need at least one"),
        (lambda: hessian_product(NET, LOSS, iter([(X, Y)])), "batches are a list_iterator, empty after one pass"),
        (lambda: hessian_product(NET, LOSS, [(X, Y), (X[:0], Y[:0])]), r"batch 2 has inputs of shape \(0, 4\)"),
        (lambda: hessian_product(NET, LOSS, [(X, Y[:5])]), r"shape \(6, 4\) and targets of \(5,\); need \(points"),
        (
            lambda: hessian_product(NET, LOSS, [(X.float(), Y)]),
            "batch 1 has inputs of torch.float32 on cpu, the network",
        ),
        (lambda: hessian_product(NET, LOSS, [(X * math.nan, Y)]), "the loss is nan; look for NaN in the inputs"),
        (lambda: gradient(NET, LOSS, [(X * math.inf, Y)]), "gradient: the loss is nan"),
        (
            lambda: hessian_product(NET, nn.CrossEntropyLoss(reduction="none"), [(X, Y)]),
            r"loss returned shape \(6,\); need one number, the mean over a batch",
        ),
        (lambda: hessian_product(NET, LOSS, [(X, Y)], part="half"), "part is 'half', choose one of"),
        (lambda: taken()(gaussian(7)), r"vectors have shape \(7,\), need \(23,\), or \(23, k\)"),
        (lambda: taken()(gaussian(2, 23)), r"vectors have shape \(2, 23\), need"),
        (lambda: taken()(gaussian(23).float()), "vectors are torch.float32 on cpu, the matrix torch.float64"),
        (lambda: exact_hessian(taken(), limit=22), "23 parameters, a matrix of 4.23e-06 GB; need at most limit = 22"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_a_network_that_is_refused_comes_back_as_it_was():
    NORM.train()
    before = copy.deepcopy(NORM.state_dict())
    with pytest.raises(ValueError, match="training mode"):
        hessian_product(NORM, LOSS, [(X, Y)])
    assert NORM.training and all(value.equal(before[name]) for name, value in NORM.state_dict().items())
