"""A small convolutional network, for images where a fully connected one is the wrong model."""

import math
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from landscape_lib.nets._architectures import ACTIVATIONS, scaling

KERNEL = 3
PARAMETRISATIONS = ("he", "ntk", "mean_field")


class CNN(nn.Module):
    """Two convolutions of h channels, each followed by φ and mean pooling, and a linear readout: R^d → R^outputs.

    x_1 = pool φ(W_1 ⋆ x + b_1),  x_2 = pool φ(W_2 ⋆ x_1 + b_2),  f = W_3 x_2 + b_3,

    with kernels of 3 × 3 pixels, zeros around the image, and means over 2 × 2 pixels (an odd last row or column is
    left out). Inputs are flattened images (points, channels · size · size), as `Images` holds them. With ``rows=1``
    they are signals (points, channels · size), kernels have 3 points, and means go over 2. Biases are zero.

    ``parametrisation``

    - ``"he"``: W ~ N(0, 2/fan-in) (He et al. 2015, 1502.01852);
    - ``"ntk"``: W ~ N(0, 1), each product divided by √fan-in, φ rescaled so that E φ(z)² = 1 (1806.07572);
    - ``"mean_field"``: the same with the last product divided by √h more (1906.08034).

    The network is a function of ``seed`` alone.

    >>> CNN(size=8, h=4)(torch.zeros(3, 64)).shape
    torch.Size([3, 1])
    >>> CNN(size=40, h=4, rows=1)(torch.zeros(3, 40)).shape
    torch.Size([3, 1])
    """

    def __init__(
        self,
        size: int,
        h: int,
        *,
        channels: int = 1,
        outputs: int = 1,
        rows: int | None = None,
        parametrisation: str = "he",
        activation: str = "relu",
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value in (("size", size), ("h", h), ("channels", channels), ("outputs", outputs)):
            least = 4 if name == "size" else 1  # what is left of it after pooling twice
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"CNN: {name} is {value!r}, need a whole number of at least {least}")
        if rows not in (None, 1, size):
            raise ValueError(f"CNN: rows is {rows!r}, need 1, for signals, or size = {size}, for square images")
        if parametrisation not in PARAMETRISATIONS:
            raise ValueError(f"CNN: unknown parametrisation {parametrisation!r}, choose one of {PARAMETRISATIONS}")
        if activation not in ACTIVATIONS:
            raise ValueError(f"CNN: unknown activation {activation!r}, choose one of {tuple(ACTIVATIONS)}")
        self.size, self.h, self.channels, self.outputs = size, h, channels, outputs
        self.rows, self.parametrisation, self.activation = rows or size, parametrisation, activation
        flat = self.rows == 1
        kernel, self.padding, self.pool = ((1, KERNEL), (0, 1), (1, 2)) if flat else ((KERNEL, KERNEL), (1, 1), (2, 2))
        self.first = nn.Conv2d(channels, h, kernel, padding=self.padding)
        self.second = nn.Conv2d(h, h, kernel, padding=self.padding)
        self.readout = nn.Linear(h * (size // 4) ** (1 if flat else 2), outputs)
        layers: tuple[nn.Conv2d | nn.Linear, ...] = (self.first, self.second, self.readout)
        fans_in = [layer.weight[0].numel() for layer in layers]
        self.scales, self.gain = scaling(parametrisation, activation, fans_in, h)
        generator = torch.Generator().manual_seed(seed)
        for layer, fan in zip(layers, fans_in, strict=True):
            std = math.sqrt(2 / fan) if parametrisation == "he" else 1.0
            nn.init.normal_(layer.weight, std=std, generator=generator)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, inputs: Float[Tensor, "points features"]) -> Float[Tensor, "points outputs"]:
        """f(x; w) at each image."""
        return self.stacked({name: value[None] for name, value in self.named_parameters()}, inputs)[0]

    def stacked(
        self, parameters: Mapping[str, Tensor], inputs: Float[Tensor, "*nets points features"]
    ) -> Float[Tensor, "_ points outputs"]:
        """f of many networks, (nets, points, outputs): convolutions in groups, one group a network.

        ``parameters`` have a leading axis nets; inputs are shared or one set a network. Networks stand side by side as
        channels, (points, nets · channels, rows, size).
        """
        phi, nets = ACTIVATIONS[self.activation], parameters["first.weight"].shape[0]
        if inputs.ndim == 2:  # shared: to the first layer, the kernels of all networks are those of one
            x, groups = self.images(inputs), 1
        else:
            x, groups = self.images(inputs.flatten(0, 1)).unflatten(0, inputs.shape[:2]), nets
            x = x.transpose(0, 1).flatten(1, 2)
        for name, scale in zip(("first", "second"), self.scales, strict=False):
            w, b = (parameters[f"{name}.{part}"].flatten(0, 1) for part in ("weight", "bias"))
            w = w if scale == 1.0 else w * scale
            x = phi(F.conv2d(x, w, b, padding=self.padding, groups=groups))
            x = F.avg_pool2d(x if self.gain == 1.0 else self.gain * x, self.pool)
            groups = nets
        features = x.unflatten(1, (nets, self.h)).flatten(2).transpose(0, 1)
        w, b = parameters["readout.weight"], parameters["readout.bias"]
        return torch.baddbmm(b[:, None], features, w.mT, alpha=self.scales[2])

    def images(self, inputs: Float[Tensor, "points features"]) -> Float[Tensor, "points channels rows size"]:
        """The inputs as images, after the door."""
        return as_images(inputs, self.channels, self.rows, self.size, "CNN")


def as_images(
    inputs: Float[Tensor, "points features"], channels: int, rows: int, size: int, caller: str
) -> Float[Tensor, "points channels rows size"]:
    """Flattened inputs as images, if they have as many features."""
    wanted = channels * rows * size
    if inputs.shape[-1] != wanted:
        space = f"{size}²" if rows == size else f"{size}"
        raise ValueError(f"{caller}: inputs have {inputs.shape[-1]} features, need {channels} · {space} = {wanted}")
    return inputs.reshape(-1, channels, rows, size)
