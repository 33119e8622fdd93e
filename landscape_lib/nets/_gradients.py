"""The gradients of single points, each layer's as a product of what enters it and what is propagated back to it.

∂ℓ(x)/∂W_l = δ_l(x) x_l(x)ᵀ with x_l what enters layer l and δ_l = ∂ℓ/∂z_l. So a layer's part of ∇ℓ(x)·∇ℓ(x') is
(x_l·x_l')(δ_l·δ_l'): two small Gram matrices, and no gradient of P times N numbers need be formed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from landscape_lib.nets._architectures import ACTIVATIONS, MLP
from landscape_lib.nets._convolutional import CNN

# ∇ℓ(x)·∇ℓ(x') = Σ_terms Π_factors a(x)·a(x'), each factor (points, features)
Factors = list[tuple[Tensor, ...]]
Total = Callable[[Tensor, Tensor], Tensor]  # of (outputs, targets): the sum of ℓ over points
TOGETHER = 64  # images whose activations, many times larger than the factors, are held at once


def gradient_factors(
    network: nn.Module,
    inputs: Float[Tensor, "points *features"],
    targets: Shaped[Tensor, "points ..."] | None = None,
    total: Total | None = None,
) -> Factors:
    """∇ℓ at each point over all parameters, in factors: layer by layer where the network is known, else whole.

    ``total`` gives Σ ℓ over the points it is handed, one by one or together; without it ℓ is the sum of the outputs.
    A term of one factor holds gradients as they are, (points, parameters); one of two, (1, x_l) of a layer's inputs and
    δ_l, their outer product.
    """
    of = total or (lambda outputs, _: outputs.sum())
    held = inputs.new_zeros(len(inputs)) if targets is None else targets
    return _BY_LAYER.get(type(network), _whole)(network, inputs.detach(), held, of)  # a subclass may differ


def sample_gradients(network: nn.Module, factors: Factors) -> Float[Tensor, "points parameters"]:
    """The gradients that these factors are of, all parameters in the order of ``network.parameters()``."""
    if type(network) not in _LAYERS:
        return factors[0][0]
    parts = []
    for term, layer in zip(factors, _LAYERS[type(network)](network), strict=True):
        if len(term) == 2:
            whole = term[1][:, :, None] * term[0][:, None, :]
        else:
            whole = term[0].unflatten(1, (len(layer.weight), -1))
        parts += [whole[..., :-1].flatten(1), whole[..., -1]]
    return torch.cat(parts, dim=1)


def summed_gradient(network: nn.Module, factors: Factors) -> Float[Tensor, "parameters"]:
    """Their sum over points, none of them written out where the layers are known."""
    if type(network) not in _LAYERS:
        return factors[0][0].sum(0)
    parts = []
    for term, layer in zip(factors, _LAYERS[type(network)](network), strict=True):
        whole = term[1].mT @ term[0] if len(term) == 2 else term[0].sum(0).unflatten(0, (len(layer.weight), -1))
        parts += [whole[:, :-1].flatten(), whole[:, -1]]
    return torch.cat(parts)


def gradient_products(rows: Factors, columns: Factors) -> Float[Tensor, "points others"]:
    """∇ℓ(x)·∇ℓ(x') between the points of two sets: Σ_terms Π_factors a aᵀ."""
    total: Tensor | None = None
    for row, column in zip(rows, columns, strict=True):
        first, *grams = [a @ b.mT for a, b in zip(row, column, strict=True)]
        for gram in grams:
            first.mul_(gram)
        total = first if total is None else total.add_(first)
    assert total is not None
    return total


def gradient_squares(factors: Factors) -> Float[Tensor, "points"]:
    """‖∇ℓ(x)‖² of each point."""
    terms = [torch.stack([a.square().sum(1) for a in term]).prod(0) for term in factors]
    return torch.stack(terms).sum(0)


def _of_mlp(net: MLP, inputs: Tensor, targets: Tensor, total: Total) -> Factors:
    """(s x_l, 1) and δ_l of each layer z_l = s W x_l + b."""
    phi, x, entering, signals = ACTIVATIONS[net.activation], inputs, [], []
    with torch.enable_grad():
        for i, (layer, scale) in enumerate(zip(net.layers, net.scales, strict=True)):
            assert isinstance(layer, nn.Linear)
            entering.append(_with_one(x.detach() * scale))
            signals.append(_signal(torch.addmm(layer.bias.detach(), x, layer.weight.detach().mT, alpha=scale)))
            x = net.gain * phi(signals[-1]) if i < net.L else signals[-1]
        back = _propagated(total(x, targets), signals)
    return list(zip(entering, back, strict=True))


def _of_cnn(net: CNN, inputs: Tensor, targets: Tensor, total: Total) -> Factors:
    """The gradients of each convolution, summed over the positions of an image, and the factors of the readout."""
    blocks = zip(inputs.split(TOGETHER), targets.split(TOGETHER), strict=True)
    parts = zip(*(_of_images(net, *block, total) for block in blocks), strict=True)
    return [tuple(torch.cat(factor) for factor in zip(*terms, strict=True)) for terms in parts]


def _of_images(net: CNN, inputs: Tensor, targets: Tensor, total: Total) -> Factors:
    phi, x, entering, signals = ACTIVATIONS[net.activation], net.images(inputs), [], []
    with torch.enable_grad():
        for layer, scale in zip((net.first, net.second), net.scales[:2], strict=True):
            assert layer.bias is not None
            patches = F.unfold(x.detach(), layer.kernel_size, padding=net.padding).mT  # (points, positions, c · k²)
            entering.append(_with_one(patches * scale))
            weight, bias = layer.weight.detach() * scale, layer.bias.detach()
            signals.append(_signal(F.conv2d(x, weight, bias, padding=net.padding)))
            x = F.avg_pool2d(net.gain * phi(signals[-1]), net.pool)
        scale, weight, bias = net.scales[2], net.readout.weight.detach(), net.readout.bias.detach()
        x = x.flatten(1)
        signals.append(torch.addmm(bias, x, weight.mT, alpha=scale))
        *back, last = _propagated(total(signals[-1], targets), signals)
    whole = [(torch.bmm(delta.flatten(2), z).flatten(1),) for delta, z in zip(back, entering, strict=True)]
    return [*whole, (_with_one(x.detach() * scale), last)]


def _whole(network: nn.Module, inputs: Tensor, targets: Tensor, total: Total) -> Factors:
    """∇ℓ(x), all parameters in a row: for each point by itself, whatever the network is made of."""
    parameters = {name: value.detach() for name, value in network.named_parameters()}
    buffers = dict(network.named_buffers())

    def of(parameters: dict[str, Tensor], x: Tensor, target: Tensor) -> Tensor:
        return total(functional_call(network, {**parameters, **buffers}, (x[None],)), target[None])

    gradients = vmap(grad(of), in_dims=(None, 0, 0), chunk_size=TOGETHER)(parameters, inputs, targets)
    return [(torch.cat([gradient.flatten(1) for gradient in gradients.values()], dim=1),)]


_BY_LAYER: dict[type, Callable[..., Factors]] = {MLP: _of_mlp, CNN: _of_cnn}
_LAYERS: dict[type, Callable[..., list[Any]]] = {
    MLP: lambda net: list(net.layers),
    CNN: lambda net: [net.first, net.second, net.readout],
}


def _with_one(x: Tensor) -> Tensor:
    """A feature more, equal to one: what the bias sees."""
    return torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)


def _signal(z: Tensor) -> Tensor:
    """z, whose gradient is asked for; the first layer's has no past."""
    return z if z.requires_grad else z.requires_grad_()


def _propagated(total: Tensor, signals: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """∂ℓ(x)/∂z of every point; points do not mix, so the gradients of their sum are the gradients of each."""
    return torch.autograd.grad(total, signals)
