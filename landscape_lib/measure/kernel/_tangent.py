"""The empirical tangent kernel Θ of networks of one output, and how far training moves it."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from landscape_lib.nets import Population, gradient_factors, gradient_products, unruly_part

MEMORY = 2e9  # bytes


def tangent_kernel(
    network: nn.Module,
    inputs: Float[Tensor, "points *features"],
    others: Float[Tensor, "others *features"] | None = None,
    *,
    memory: float = MEMORY,
) -> Float[Tensor, "points _"]:
    """Θ(x, x') = Σ_w ∂f(x)/∂w · ∂f(x')/∂w over all parameters w, between inputs and others (or themselves).

    Jacot et al. (2018), 1806.07572, eq. 7, as the network is now. Of `MLP` and `CNN` layer by layer,
    Θ = Σ_l (s_l² x_l·x_l' + 1)(δ_l·δ_l') with x_l what enters layer l, s_l its scale, δ_l = ∂f/∂z_l, and 1 for the
    bias; a convolution's gradient is summed over positions first. Of any other module by `torch.func`, point by point.
    In the network's precision. It is computed in blocks that fit, with the kernel itself, into ``memory`` bytes.

    The kernel belongs to a function of one input: BatchNorm in training mode, whose outputs depend on the other points,
    and Dropout in training mode have none, and are refused.

    >>> net = nn.Linear(2, 1)                                        # f = w·x + b: Θ = x·x' + 1
    >>> tangent_kernel(net, torch.tensor([[1.0, 2.0], [0.0, 3.0]]))
    tensor([[ 6.,  7.],
            [ 7., 10.]])
    """
    same = others is None
    others = inputs if others is None else others
    _refuse(network, inputs, others)
    size = _block(network, inputs[:1], others.shape[0] * inputs.shape[0], memory)
    kernel = inputs.new_empty(inputs.shape[0], others.shape[0])
    for i in range(0, len(inputs), size):
        rows = gradient_factors(network, inputs[i : i + size])
        for j in range(i if same else 0, len(others), size):
            columns = rows if same and i == j else gradient_factors(network, others[j : j + size])
            block = gradient_products(rows, columns)
            kernel[i : i + size, j : j + size] = block
            if same and i != j:
                kernel[j : j + size, i : i + size] = block.mT
    if not kernel.sum().isfinite():  # a number that is none makes the sum none
        raise ValueError(
            "tangent_kernel: a gradient is NaN or infinite; look for such inputs, or for weights that training broke"
        )
    return kernel


def tangent_kernels(
    population: Population,
    inputs: Float[Tensor, "*nets points features"],
    others: Float[Tensor, "*_ others features"] | None = None,
    *,
    memory: float = MEMORY,
) -> Float[Tensor, "_ points _"]:
    """The `tangent_kernel` of every network, on shared inputs or on one set of inputs (and of others) a network.

    >>> from landscape_lib.nets import MLP
    >>> nets = Population(lambda seed: MLP(4, 8, 2, parametrisation="ntk", seed=seed), range(3))
    >>> tangent_kernels(nets, torch.eye(4).double()).shape
    torch.Size([3, 4, 4])
    """
    inputs, others = population.checked(inputs), None if others is None else population.checked(others)

    def of(i: int, points: Tensor | None) -> Tensor | None:
        return points if points is None or points.ndim == 2 else points[i]

    columns = (inputs if others is None else others).shape[-2]
    share = memory - (len(population) - 1) * inputs.shape[-2] * columns * inputs.element_size()
    return torch.stack(
        [
            tangent_kernel(network, inputs if inputs.ndim == 2 else inputs[i], of(i, others), memory=share)
            for i, network in enumerate(population.each())
        ]
    )


def kernel_change(
    kernel: Float[Tensor, "*nets points others"], initial: Float[Tensor, "*nets points others"]
) -> Float[Tensor, "*nets"]:
    """‖Θ − Θ₀‖_F / ‖Θ₀‖_F, how far from lazy training was (1906.08034): 0 where the kernel stood still.

    >>> kernel_change(torch.tensor([[3.0]]), torch.tensor([[2.0]]))
    tensor(0.5000)
    """
    if kernel.shape != initial.shape or kernel.ndim < 2:
        raise ValueError(
            f"kernel_change: kernels of shapes {tuple(kernel.shape)} and {tuple(initial.shape)}; "
            "need two of one shape (…, points, others)"
        )
    return torch.linalg.matrix_norm(kernel - initial) / torch.linalg.matrix_norm(initial)


def _block(network: nn.Module, input: Tensor, entries: int, memory: float) -> int:
    """How many points at once: b of them on either side take about 4 p b + 3 b² numbers, p the factors of one."""
    free = memory / input.element_size() - entries
    p = sum(factor.numel() for term in gradient_factors(network, input) for factor in term)
    b = int((math.sqrt(4 * p**2 + 3 * free) - 2 * p) / 3) if free > 0 else 0
    if b < 1:
        need = (entries + 4 * p + 3) * input.element_size()
        raise ValueError(
            f"tangent_kernel: a kernel of {entries} entries, with {p} numbers a point, needs {need / 1e9:.3g} GB at "
            f"least, memory allows {memory / 1e9:.3g} GB; take fewer points, single precision, or more memory"
        )
    return b


def _refuse(network: nn.Module, inputs: Tensor, others: Tensor) -> None:
    if part := unruly_part(network):
        raise ValueError(
            f"tangent_kernel: {part} in training mode, where f(x) is no function of x alone and has no kernel; call "
            ".eval() on the network"
        )
    weights = next(network.parameters(), None)
    if weights is None:
        raise ValueError(f"tangent_kernel: {type(network).__name__} has no parameters, so no kernel")
    for name, points in (("inputs", inputs), ("others", others)):
        if points.ndim < 2 or len(points) == 0 or points.shape[1:] != inputs.shape[1:]:
            raise ValueError(
                f"tangent_kernel: inputs have shape {tuple(inputs.shape)} and others {tuple(others.shape)}; need "
                "(points, features) and (others, features), one point at least, with the same features"
            )
        if points.dtype != weights.dtype or points.device != weights.device:
            raise ValueError(
                f"tangent_kernel: {name} are {points.dtype} on {points.device}, the network {weights.dtype} on "
                f"{weights.device}; bring them together with .to(…)"
            )
    with torch.no_grad():
        f = network(inputs[:1])
    if f.numel() != 1:
        raise ValueError(
            f"tangent_kernel: the network has outputs of shape {tuple(f.shape)} for one input, need one output a point"
        )
