"""Deep networks whose skip connections can be switched off, with the same parameters either way, and with BatchNorm."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from landscape_lib.nets._architectures import ACTIVATIONS, second_moment
from landscape_lib.nets._convolutional import KERNEL, as_images


class ResidualMLP(nn.Module):
    """A fully connected network of 2 · blocks + 2 layers, with skip connections over two layers each: R^d → R^outputs.

    x_0 = W x + b,  x_{l+1} = x_l + W₂ φ(W₁ φ(x_l) + b₁) + b₂,  f = V φ(x_blocks) + c.

    Without ``skip`` there is no x_l in the sum, and the network is a plain one of the same depth and parameters. With
    ``batch_norm`` a BatchNorm stands before each φ, and b₁ is left out. φ before the weights leaves the skips free from
    end to end: He et al. (2016), 1603.05027.

    W ~ N(0, 1/fan-in) over E φ² where φ stands before, so that variance is handed on; with skips W₂ is divided by
    √blocks, so that it grows e-fold at most, however deep the network is. Biases are zero. The network is a function of
    ``seed`` alone, with the same draws with and without skips.

    >>> deep, plain = (ResidualMLP(d=10, h=8, blocks=4, skip=skip) for skip in (True, False))
    >>> deep(torch.zeros(3, 10)).shape, sum(p.numel() for p in deep.parameters())
    (torch.Size([3, 1]), 673)
    """

    def __init__(
        self,
        d: int,
        h: int,
        blocks: int,
        *,
        outputs: int = 1,
        skip: bool = True,
        batch_norm: bool = False,
        activation: str = "relu",
        seed: int = 0,
    ) -> None:
        super().__init__()
        _refuse("ResidualMLP", activation, {"d": d, "h": h, "blocks": blocks, "outputs": outputs})
        self.d, self.h, self.outputs, self.skip, self.batch_norm = d, h, outputs, skip, batch_norm
        self.activation = activation

        def layer(bias: bool = True) -> nn.Linear:
            return nn.Linear(h, h, bias=bias)

        def norm() -> nn.Module:
            return nn.BatchNorm1d(h) if batch_norm else nn.Identity()

        self.stem = nn.Linear(d, h)
        self.blocks = nn.ModuleList(_Block(layer, norm, activation, skip) for _ in range(blocks))
        self.norm, self.readout = norm(), nn.Linear(h, outputs)
        _draw(self, self.blocks, activation, skip, seed)

    def forward(self, inputs: Float[Tensor, "points features"]) -> Float[Tensor, "points outputs"]:
        """f(x; w) at each input."""
        x = self.stem(inputs)
        for block in self.blocks:
            x = block(x)
        return self.readout(ACTIVATIONS[self.activation](self.norm(x)))


class ResidualCNN(nn.Module):
    """The same with convolutions of h channels, 2 · blocks + 1 of them, and a linear readout: R^d → R^outputs.

    x_0 = W ⋆ x + b,  x_{l+1} = x_l + W₂ ⋆ φ(W₁ ⋆ φ(x_l) + b₁) + b₂,  f = V mean φ(x_blocks) + c.

    Kernels are of 3 × 3 pixels, with zeros around the image. After the first half of the blocks, rounded down, the
    image shrinks to means over 2 × 2 pixels (an odd last row or column is left out), skips and all; the last mean goes
    over what is left of it. Inputs are flattened images (points, channels · size · size), as `Images` holds them; with
    ``rows=1`` they are signals (points, channels · size), as in `CNN`. Else it is as `ResidualMLP`, the draws too.

    >>> ResidualCNN(size=8, h=4, blocks=3)(torch.zeros(3, 64)).shape
    torch.Size([3, 1])
    """

    def __init__(
        self,
        size: int,
        h: int,
        blocks: int,
        *,
        channels: int = 1,
        outputs: int = 1,
        rows: int | None = None,
        skip: bool = True,
        batch_norm: bool = False,
        activation: str = "relu",
        seed: int = 0,
    ) -> None:
        super().__init__()
        sizes = {"h": h, "blocks": blocks, "channels": channels, "outputs": outputs}
        _refuse("ResidualCNN", activation, {"size": size}, least=2)
        _refuse("ResidualCNN", activation, sizes)
        if rows not in (None, 1, size):
            raise ValueError(f"ResidualCNN: rows is {rows!r}, need 1, for signals, or size = {size}, for square images")
        self.size, self.h, self.channels, self.outputs, self.rows = size, h, channels, outputs, rows or size
        self.skip, self.batch_norm, self.activation = skip, batch_norm, activation
        flat = self.rows == 1
        kernel, padding, self.pool = ((1, KERNEL), (0, 1), (1, 2)) if flat else ((KERNEL, KERNEL), (1, 1), (2, 2))

        def layer(bias: bool = True) -> nn.Conv2d:
            return nn.Conv2d(h, h, kernel, padding=padding, bias=bias)

        def norm() -> nn.Module:
            return nn.BatchNorm2d(h) if batch_norm else nn.Identity()

        self.stem = nn.Conv2d(channels, h, kernel, padding=padding)
        self.blocks = nn.ModuleList(_Block(layer, norm, activation, skip) for _ in range(blocks))
        self.norm, self.readout = norm(), nn.Linear(h, outputs)
        _draw(self, self.blocks, activation, skip, seed)

    def forward(self, inputs: Float[Tensor, "points features"]) -> Float[Tensor, "points outputs"]:
        """f(x; w) at each image."""
        x = self.stem(as_images(inputs, self.channels, self.rows, self.size, "ResidualCNN"))
        for i, block in enumerate(self.blocks):
            if i == len(self.blocks) // 2:
                x = F.avg_pool2d(x, self.pool)
            x = block(x)
        return self.readout(ACTIVATIONS[self.activation](self.norm(x)).mean((2, 3)))


class _Block(nn.Module):
    """x + W₂ φ(W₁ φ(x)), with a norm before each φ; without the x where there is no skip."""

    def __init__(
        self, layer: Callable[..., nn.Module], norm: Callable[[], nn.Module], activation: str, skip: bool
    ) -> None:
        super().__init__()
        self.skip, self.phi = skip, ACTIVATIONS[activation]
        self.before, self.between = norm(), norm()
        self.first = layer(bias=isinstance(self.between, nn.Identity))  # a BatchNorm takes the mean away again
        self.second = layer()

    def forward(self, x: Tensor) -> Tensor:
        branch = self.second(self.phi(self.between(self.first(self.phi(self.before(x))))))
        return x + branch if self.skip else branch


def _draw(network: nn.Module, blocks: nn.ModuleList, activation: str, skip: bool, seed: int) -> None:
    """Weights that hand variance on, in the order of the layers; biases zero."""
    generator = torch.Generator().manual_seed(seed)
    last = {id(block.second) for block in blocks}
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            variance = 1 / layer.weight[0].numel()
            if name != "stem":  # the others see φ
                variance /= second_moment(ACTIVATIONS[activation])
            if skip and id(layer) in last:
                variance /= len(blocks)
            nn.init.normal_(layer.weight, std=math.sqrt(variance), generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _refuse(caller: str, activation: str, sizes: dict[str, int], least: int = 1) -> None:
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < least:
            raise ValueError(f"{caller}: {name} is {size!r}, need a whole number of at least {least}")
    if activation not in ACTIVATIONS:
        raise ValueError(f"{caller}: unknown activation {activation!r}, choose one of {tuple(ACTIVATIONS)}")
