"""Change the units of a ReLU network's layer: the same function elsewhere in the space of parameters."""

import copy
import math

import torch

from landscape_lib.nets import MLP


def rescaled(network: MLP, layer: int, factor: float) -> MLP:
    """The same function with (W_l, b_l) ← (a W_l, a b_l) and W_{l+1} ← W_{l+1}/a, l = ``layer`` counted from 0.

    φ(a z) = a φ(z) for ReLU and a > 0, so no output changes; every sharpness in raw weights does. For a power of two
    outputs are equal to the last bit. Dinh et al. (2017), 1703.04933, section 5.

    >>> net, x = MLP(d=3, h=4, L=2), torch.eye(3)
    >>> torch.equal(rescaled(net, 0, 8.0)(x), net(x))
    True
    """
    if network.activation != "relu":
        raise ValueError(f"rescaled: activation is {network.activation!r}; only 'relu' passes a factor on")
    if isinstance(layer, bool) or not isinstance(layer, int) or not 0 <= layer < network.L:
        raise ValueError(f"rescaled: layer is {layer!r}, need a hidden layer from 0 to {network.L - 1}")
    if isinstance(factor, bool) or not (math.isfinite(factor) and factor > 0):
        raise ValueError(f"rescaled: factor is {factor!r}, need a positive number")
    twin = copy.deepcopy(network)
    with torch.no_grad():
        for value in twin.layers[layer].parameters():
            value.mul_(factor)
        twin.layers[layer + 1].get_parameter("weight").div_(factor)
    return twin
