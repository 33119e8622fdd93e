"""The gradients of a network's output, each layer's as a product of what enters it and what is propagated back to it.

∂f(x)/∂W_l = δ_l(x) x_l(x)ᵀ with x_l what enters layer l and δ_l = ∂f/∂z_l. So a layer's part of ∇f(x)·∇f(x') is
(x_l·x_l')(δ_l·δ_l'): two small Gram matrices, and no gradient of P times N numbers is ever formed.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from landscape_lib.nets import CNN, MLP
from landscape_lib.nets._architectures import ACTIVATIONS

# ∇f(x)·∇f(x') = Σ_terms Π_factors a(x)·a(x'), each factor (points, features)
Factors = list[tuple[Tensor, ...]]
TOGETHER = 64  # images whose activations, many times larger than the factors, are held at once


def factors_of(network: nn.Module, inputs: Float[Tensor, "points ..."]) -> Factors:
    """∇f at each input over all parameters, in factors: layer by layer where the network is known, else whole."""
    return _BY_LAYER.get(type(network), _whole)(network, inputs.detach())  # a subclass may be another function


def _of_mlp(net: MLP, inputs: Tensor) -> Factors:
    """(s x_l, 1) and δ_l of each layer z_l = s W x_l + b."""
    phi, x, entering, signals = ACTIVATIONS[net.activation], inputs, [], []
    with torch.enable_grad():
        for i, (layer, scale) in enumerate(zip(net.layers, net.scales, strict=True)):
            assert isinstance(layer, nn.Linear)
            entering.append(_with_one(x.detach() * scale))
            signals.append(_signal(torch.addmm(layer.bias.detach(), x, layer.weight.detach().mT, alpha=scale)))
            x = net.gain * phi(signals[-1]) if i < net.L else signals[-1]
        back = _propagated(x, signals)
    return list(zip(entering, back, strict=True))


def _of_cnn(net: CNN, inputs: Tensor) -> Factors:
    """The gradients of each convolution, summed over the positions of an image, and the factors of the readout."""
    parts = zip(*(_of_images(net, images) for images in inputs.split(TOGETHER)), strict=True)
    return [tuple(torch.cat(factor) for factor in zip(*terms, strict=True)) for terms in parts]


def _of_images(net: CNN, inputs: Tensor) -> Factors:
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
        back = _propagated(torch.addmm(bias, x, weight.mT, alpha=scale), signals)
    whole = [(torch.bmm(delta.flatten(2), z).flatten(1),) for delta, z in zip(back, entering, strict=True)]
    return [*whole, (_with_one(x.detach() * scale),)]


def _whole(network: nn.Module, inputs: Tensor) -> Factors:
    """∇f(x), all parameters in a row: for each point by itself, whatever the network is made of."""
    parameters = {name: value.detach() for name, value in network.named_parameters()}
    buffers = dict(network.named_buffers())

    def output(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(network, {**parameters, **buffers}, (x[None],)).sum()

    gradients = vmap(grad(output), in_dims=(None, 0), chunk_size=TOGETHER)(parameters, inputs)
    return [(torch.cat([gradient.flatten(1) for gradient in gradients.values()], dim=1),)]


_BY_LAYER: dict[type, Callable[..., Factors]] = {MLP: _of_mlp, CNN: _of_cnn}


def _with_one(x: Tensor) -> Tensor:
    """A feature more, equal to one: what the bias sees."""
    return torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)


def _signal(z: Tensor) -> Tensor:
    """z, whose gradient is asked for; the first layer's has no past."""
    return z if z.requires_grad else z.requires_grad_()


def _propagated(outputs: Tensor, signals: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """∂f(x)/∂z of every point; points do not mix, so the gradients of their sum are the gradients of each."""
    return torch.autograd.grad(outputs.sum(), signals)
