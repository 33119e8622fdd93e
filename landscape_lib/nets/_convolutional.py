"""A small convolutional network, for images where a fully connected one is the wrong model."""

import math
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

KERNEL = 3


class CNN(nn.Module):
    """Two convolutions of h channels with ReLU, each followed by mean pooling, and a linear readout: R^d → R^outputs.

    x_1 = pool φ(W_1 ⋆ x + b_1),  x_2 = pool φ(W_2 ⋆ x_1 + b_2),  f = W_3 x_2 + b_3,

    with kernels of 3 × 3 pixels, zeros around the image, and means over 2 × 2 pixels (an odd last row or column is
    left out). Inputs are flattened images (points, channels · size · size), as `Images` holds them. Weights are
    W ~ N(0, 2/fan-in), biases zero (He et al. 2015, 1502.01852); the network is a function of ``seed`` alone.

    >>> CNN(size=8, h=4)(torch.zeros(3, 64)).shape
    torch.Size([3, 1])
    """

    def __init__(self, size: int, h: int, *, channels: int = 1, outputs: int = 1, seed: int = 0) -> None:
        super().__init__()
        for name, value in (("size", size), ("h", h), ("channels", channels), ("outputs", outputs)):
            least = 4 if name == "size" else 1  # what is left of it after pooling twice
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"CNN: {name} is {value!r}, need a whole number of at least {least}")
        self.size, self.h, self.channels, self.outputs = size, h, channels, outputs
        self.first = nn.Conv2d(channels, h, KERNEL, padding=1)
        self.second = nn.Conv2d(h, h, KERNEL, padding=1)
        self.readout = nn.Linear(h * (size // 4) ** 2, outputs)
        generator = torch.Generator().manual_seed(seed)
        for layer in (self.first, self.second, self.readout):
            nn.init.normal_(layer.weight, std=math.sqrt(2 / layer.weight[0].numel()), generator=generator)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, inputs: Float[Tensor, "points features"]) -> Float[Tensor, "points outputs"]:
        """f(x; w) at each image."""
        x = self._images(inputs)
        for layer in (self.first, self.second):
            x = F.avg_pool2d(layer(x).relu(), 2)
        return self.readout(x.flatten(1))

    def stacked(
        self, parameters: Mapping[str, Tensor], inputs: Float[Tensor, "*nets points features"]
    ) -> Float[Tensor, "_ points outputs"]:
        """f of many networks, (nets, points, outputs): convolutions in groups, one group a network.

        ``parameters`` have a leading axis nets; inputs are shared or one set a network. Networks stand side by side as
        channels, (points, nets · channels, size, size).
        """
        nets = parameters["first.weight"].shape[0]
        if inputs.ndim == 2:  # shared: to the first layer, the kernels of all networks are those of one
            x, groups = self._images(inputs), 1
        else:
            x, groups = self._images(inputs.flatten(0, 1)).unflatten(0, inputs.shape[:2]), nets
            x = x.transpose(0, 1).flatten(1, 2)
        for name in ("first", "second"):
            w, b = (parameters[f"{name}.{part}"].flatten(0, 1) for part in ("weight", "bias"))
            x = F.avg_pool2d(F.conv2d(x, w, b, padding=1, groups=groups).relu(), 2)
            groups = nets
        features = x.unflatten(1, (nets, self.h)).flatten(2).transpose(0, 1)
        w, b = parameters["readout.weight"], parameters["readout.bias"]
        return torch.baddbmm(b[:, None], features, w.mT)

    def _images(self, inputs: Tensor) -> Tensor:
        wanted = self.channels * self.size**2
        if inputs.shape[-1] != wanted:
            raise ValueError(
                f"CNN: inputs have {inputs.shape[-1]} features, need {self.channels} · {self.size}² = {wanted}"
            )
        return inputs.reshape(-1, self.channels, self.size, self.size)
