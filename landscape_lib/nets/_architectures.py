"""The architectures that the chapters train: plain modules, with their parametrisation written out.

A module may also offer ``stacked(parameters, inputs)``: the same function for many networks at once. `Population` uses
it where it exists, since one batched product is several times faster than many small ones.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

BETA, LINEAR = 5.0, 20.0  # of softplus, ReLU with its corner rounded (1906.08034); from β z on it is linear
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "softplus": partial(nn.functional.softplus, beta=BETA, threshold=LINEAR),
    "swish": nn.functional.silu,
    "tanh": torch.tanh,
}
# φ′(z) δ, of δ, z and φ(z): what `torch.autograd` calls.
_THROUGH: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "relu": lambda delta, _, unit: torch.ops.aten.threshold_backward(delta, unit, 0),
    "softplus": lambda delta, z, _: torch.ops.aten.softplus_backward(delta, z, BETA, LINEAR),
    "swish": lambda delta, z, _: torch.ops.aten.silu_backward(delta, z),
    "tanh": lambda delta, _, unit: torch.ops.aten.tanh_backward(delta, unit),
}
PARAMETRISATIONS = ("standard", "ntk", "mean_field")


def second_moment(activation: Callable[[Tensor], Tensor]) -> float:
    """E φ(z)² for z ~ N(0, 1), by the trapezoidal rule on [−12, 12]: the variance that a layer hands to the next.

    >>> round(second_moment(torch.relu), 6)      # half of the Gaussian's variance
    0.5
    """
    z = torch.linspace(-12, 12, 24_001, dtype=torch.float64)
    return torch.trapezoid(activation(z).square() * torch.exp(-z.square() / 2), z).item() / math.sqrt(2 * math.pi)


def scaling(parametrisation: str, activation: str, fans_in: Sequence[int], h: int) -> tuple[list[float], float]:
    """What each layer's product and φ are multiplied by: 1/√fan-in, the last in mean field by 1/√h more, and φ so that
    E φ(z)² = 1; 1 where neither "ntk" nor "mean_field" asks for it.

    >>> scales, gain = scaling("mean_field", "relu", [4, 16], h=16)
    >>> scales, round(gain**2, 6)
    ([0.5, 0.0625], 2.0)
    """
    if parametrisation not in ("ntk", "mean_field"):
        return [1.0] * len(fans_in), 1.0
    scales = [fan**-0.5 for fan in fans_in]
    if parametrisation == "mean_field":
        scales[-1] /= math.sqrt(h)
    return scales, second_moment(ACTIVATIONS[activation]) ** -0.5


class MLP(nn.Module):
    """A fully connected network f: R^d → R^outputs with L hidden layers of width h.

    z_1 = W_1 x + b_1,  z_{l+1} = W_{l+1} φ(z_l) + b_{l+1},  f = z_{L+1}.

    ``parametrisation``

    - ``"standard"``: orthogonal W of gain 1, b = 0, as in the jamming papers (1809.09349, 1810.09665);
    - ``"ntk"``: W ~ N(0, 1), each product divided by √fan-in, φ rescaled so that E φ(z)² = 1, b = 0 (1806.07572);
    - ``"mean_field"``: the same with the last product divided by h instead of √h (1906.08034).

    Inputs are (points, d), outputs (points, outputs). The network is a function of ``seed`` alone.

    >>> MLP(d=10, h=8, L=5)(torch.zeros(3, 10)).shape
    torch.Size([3, 1])
    """

    def __init__(
        self,
        d: int,
        h: int,
        L: int,
        *,
        outputs: int = 1,
        parametrisation: str = "standard",
        activation: str = "relu",
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, size in (("d", d), ("h", h), ("L", L), ("outputs", outputs)):
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise ValueError(f"MLP: {name} is {size!r}, need a whole number of at least 1")
        if parametrisation not in PARAMETRISATIONS:
            raise ValueError(f"MLP: unknown parametrisation {parametrisation!r}, choose one of {PARAMETRISATIONS}")
        if activation not in ACTIVATIONS:
            raise ValueError(f"MLP: unknown activation {activation!r}, choose one of {tuple(ACTIVATIONS)}")
        self.d, self.h, self.L, self.outputs = d, h, L, outputs
        self.parametrisation, self.activation = parametrisation, activation
        fans_in = [d] + [h] * L
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(fans_in, [h] * L + [outputs], strict=True))
        self.scales, self.gain = scaling(parametrisation, activation, fans_in, h)
        generator = torch.Generator().manual_seed(seed)
        for layer in self.layers:
            assert isinstance(layer, nn.Linear)
            nn.init.zeros_(layer.bias)
            if parametrisation == "standard":
                nn.init.orthogonal_(layer.weight, generator=generator)
            else:
                nn.init.normal_(layer.weight, generator=generator)

    def forward(self, inputs: Float[Tensor, "points features"]) -> Float[Tensor, "points outputs"]:
        """f(x; w) at each input."""
        parameters = {name: value[None] for name, value in self.named_parameters()}
        return self.stacked(parameters, inputs)[0]

    def stacked(
        self, parameters: Mapping[str, Tensor], inputs: Float[Tensor, "*nets points features"]
    ) -> Float[Tensor, "_ points outputs"]:
        """f of many networks: ``parameters`` have a leading axis nets; inputs are shared or one set a network.

        Hidden units stand before points in memory, (nets, h, points): with h small against points the products and
        their gradients run about twice as fast as the other way round.
        """
        phi = ACTIVATIONS[self.activation]
        nets = parameters["layers.0.weight"].shape[0]
        x = inputs.mT
        for i, scale in enumerate(self.scales):
            w, b = parameters[f"layers.{i}.weight"], parameters[f"layers.{i}.bias"][..., None]
            if x.ndim == 2:  # shared inputs: one large product serves all networks
                x = (w.flatten(0, 1) @ x).unflatten(0, (nets, -1)) * scale + b
            else:
                x = torch.baddbmm(b, w, x, alpha=scale)
            if i < self.L:
                x = phi(x) if self.gain == 1.0 else self.gain * phi(x)
        return x.mT

    def pullback(
        self, parameters: Mapping[str, Tensor], inputs: Float[Tensor, "nets points features"]
    ) -> tuple[Float[Tensor, "nets points outputs"], Callable[[Tensor], Float[Tensor, "nets parameters"]]] | None:
        """f of many networks, and the map from ∂𝓛/∂f to ∂𝓛/∂w; a subclass of another function may have None.

        Back-propagation by hand: with W the weights of a layer, x what enters it and δ = ∂𝓛/∂z, the gradients are
        ∂𝓛/∂W = δ xᵀ, ∂𝓛/∂b = Σ δ, and δ of the layer before is φ′(z) Wᵀ δ. It gives what ``torch.autograd`` gives, in
        less time: no graph is built.
        """
        phi, through = ACTIVATIONS[self.activation], _THROUGH[self.activation]
        # They round otherwise where there is one output. bmm is autograd's; ReLU has had matmul, and its numbers stand.
        product = torch.matmul if self.activation == "relu" else torch.bmm
        z, entering, inner, weights = inputs.mT, [inputs.mT], [], []
        for i, scale in enumerate(self.scales):
            w, b = parameters[f"layers.{i}.weight"], parameters[f"layers.{i}.bias"][..., None]
            weights.append(w)
            z = torch.baddbmm(b, w, entering[i], alpha=scale)
            if i < self.L:
                unit = z.relu_() if self.activation == "relu" else phi(z)
                inner.append((z, unit))
                entering.append(unit if self.gain == 1.0 else self.gain * unit)

        def pull(cotangent: Tensor) -> Tensor:
            delta, gradients = cotangent.mT, []
            for i in reversed(range(self.L + 1)):
                gradients += [delta.sum(-1), product(delta, entering[i].mT).mul_(self.scales[i]).flatten(1)]
                if i:
                    delta = product(weights[i].mT, delta)
                    for factor in (self.scales[i], self.gain):
                        delta = delta if factor == 1.0 else delta.mul_(factor)
                    delta = through(delta, *inner[i - 1])
            return torch.cat(gradients[::-1], dim=1)

        return z.mT, pull


def widen(net: MLP, h: int) -> MLP:
    """The same function as a wider network: the units added have no incoming weight and pass nothing on.

    A ReLU unit at z = 0 has no gradient, and neither have the weights that leave it, so the units added stay as they
    are in training: networks of many widths, widened to one, train in one stack and each as it would by itself.

    >>> narrow = MLP(d=4, h=3, L=2)
    >>> torch.equal(widen(narrow, 5)(torch.eye(4)), narrow(torch.eye(4)))
    True
    """
    if net.parametrisation != "standard" or net.activation != "relu":
        raise ValueError(
            f"widen: got {net.parametrisation} parametrisation and {net.activation}; only standard ReLU networks keep "
            "their function and their gradients when units are added"
        )
    if h < net.h:
        raise ValueError(f"widen: cannot narrow a network of width {net.h} to {h}")
    wide = MLP(net.d, h, net.L, outputs=net.outputs).to(next(net.parameters()))  # its precision and device
    for old, new in zip(net.layers, wide.layers, strict=True):
        assert isinstance(old, nn.Linear) and isinstance(new, nn.Linear)
        rows, columns = old.weight.shape
        for parameter in new.parameters():
            nn.init.zeros_(parameter)
        with torch.no_grad():
            new.weight[:rows, :columns] = old.weight
            new.bias[:rows] = old.bias
    return wide
