"""The two parts of the Hessian: against automatic differentiation of the whole, and what is known of either."""

import pytest
import torch

from landscape_lib.measure.curvature import hessian_parts, loss_along
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.nets import MLP


def some(L: int = 2, P: int = 30, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(P, 3, generator=generator, dtype=torch.float64)
    return MLP(d=3, h=4, L=L, seed=seed).double(), inputs, torch.randn(P, generator=generator).sign().double()


@pytest.mark.parametrize("L", [1, 2, 3])
def test_the_parts_add_up_to_the_hessian_of_the_loss(L):
    network, inputs, labels = some(L)
    parts = hessian_parts(network, inputs, labels)
    names = [name for name, _ in network.named_parameters()]

    def loss(*values):
        outputs = torch.func.functional_call(network, dict(zip(names, values, strict=True)), (inputs,))
        return (1 - labels * outputs[:, 0]).clamp(min=0).square().mean() / 2

    blocks = torch.autograd.functional.hessian(loss, tuple(network.parameters()))
    sizes = [value.numel() for value in network.parameters()]
    rows = [
        torch.cat([b.reshape(m, n) for b, n in zip(row, sizes, strict=True)], 1)
        for row, m in zip(blocks, sizes, strict=True)
    ]
    assert torch.allclose(parts.whole, torch.cat(rows), atol=1e-12)


@pytest.mark.parametrize("L", [1, 2, 3])
def test_each_part_is_what_the_counting_argument_supposes(L):
    network, inputs, labels = some(L, P=8)
    parts = hessian_parts(network, inputs, labels)
    missed = (1 - labels * network(inputs)[:, 0] > 0).sum().item()
    assert parts.unsatisfied == missed >= torch.linalg.matrix_rank(parts.contacts)
    assert torch.linalg.eigvalsh(parts.contacts).min() > -1e-12
    assert parts.outputs.trace().abs() < 1e-12, "ReLU networks are linear in each weight"
    assert effective_parameters(3, 4, L) <= len(parts.outputs)


def test_with_one_hidden_layer_as_many_directions_bend_down_as_up():
    eigenvalues = torch.linalg.eigvalsh(hessian_parts(*some(L=1)).outputs)
    assert torch.allclose(eigenvalues, -eigenvalues.flip(0), atol=1e-12)


def test_the_loss_along_a_direction_begins_as_the_hessian_says():
    network, inputs, labels = some()
    values, vectors = torch.linalg.eigh(hessian_parts(network, inputs, labels).whole)
    steps = torch.tensor([-1e-5, 0.0, 1e-5], dtype=torch.float64)
    before, here, after = loss_along(network, inputs, labels, vectors[:, -1], steps)
    outputs = network(inputs)[:, 0]
    assert here == (1 - labels * outputs).clamp(min=0).square().mean() / 2
    assert ((before + after - 2 * here) / 1e-10).item() == pytest.approx(values[-1].item(), rel=1e-3)


def test_what_does_not_fit_is_refused():
    network, inputs, labels = some()
    with pytest.raises(ValueError, match="labels of"):
        hessian_parts(network, inputs, labels[:3])
    with pytest.raises(ValueError, match="a direction of shape"):
        loss_along(network, inputs, labels, torch.zeros(3, dtype=torch.float64), torch.zeros(1))
    with pytest.raises(ValueError, match="not finite"):
        hessian_parts(network, inputs * float("nan"), labels)
