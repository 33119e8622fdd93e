"""Time to the noise of gradients at one network: layer by layer against a loop over points, `torch.func`, and BackPACK.

tr Σ and ‖g‖² of P points (--points) of a 64-128-128-10 ReLU network with cross-entropy, in single precision, one
thread. The sides take turns, and each one's time of the processor is the median of its turns: a gradient of one point
after the other, that by ``vmap(grad)``, BackPACK's norms of point gradients where it is installed (pip install
--no-deps backpack-for-pytorch==1.7.1 unfoldNd==0.2.3 einops), and ours. All agree to rounding, or the benchmark ends.
"""

import argparse
import copy

import torch
from _turns import show_ratios, take_turns
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

import landscape_lib
from landscape_lib.measure.noise import gradient_noise
from landscape_lib.nets import MLP

Found = tuple[float, float]  # tr Σ and ‖g‖²


def of_rows(rows: torch.Tensor) -> Found:
    mean = rows.mean(0)
    return (rows - mean).square().sum().item() / len(rows), mean.square().sum().item()


def one_at_a_time(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Found:
    parameters = list(net.parameters())
    losses = (cross_entropy(net(x[i : i + 1]), y[i : i + 1]) for i in range(len(x)))
    return of_rows(torch.stack([torch.cat([g.flatten() for g in torch.autograd.grad(a, parameters)]) for a in losses]))


def by_vmap(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Found:
    parameters = {name: value.detach() for name, value in net.named_parameters()}

    def loss(parameters: dict[str, torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return cross_entropy(functional_call(net, parameters, (x[None],)), y[None])

    gradients = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, x, y)
    return of_rows(torch.cat([gradient.flatten(1) for gradient in gradients.values()], dim=1))


def by_backpack(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Found:
    from backpack import backpack, extend
    from backpack.extensions import BatchL2Grad

    extended, loss = extend(copy.deepcopy(net)), extend(nn.CrossEntropyLoss())  # its hooks stay on what it extends
    with backpack(BatchL2Grad()):
        loss(extended(x), y).backward()
    parameters = list(extended.parameters())
    squares = len(x) * sum(p.batch_l2.sum().item() for p in parameters)  # of gradients that are divided by P
    square = sum(p.grad.square().sum().item() for p in parameters)
    return squares - square, square


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1000, help="P (1000)")
    parser.add_argument("--rounds", type=int, default=15, help="turns that each side takes (15)")
    options = parser.parse_args()
    landscape_lib.one_thread()
    ours = MLP(64, 128, 2, outputs=10, seed=0)
    plain = nn.Sequential(ours.layers[0], nn.ReLU(), ours.layers[1], nn.ReLU(), ours.layers[2])  # the same weights
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(options.points, 64, generator=generator)
    y = torch.randint(10, (options.points,), generator=generator)

    def layer_by_layer() -> Found:
        noise = gradient_noise(ours, cross_entropy, x, y)
        return noise.trace, noise.gradient.square().sum().item()

    sides = {
        "one point at a time": lambda: one_at_a_time(plain, x, y),
        "vmap(grad)": lambda: by_vmap(plain, x, y),
        "BackPACK": lambda: by_backpack(plain, x, y),
        "layer by layer": layer_by_layer,
    }
    try:
        import backpack  # noqa: F401
    except ImportError:
        print("BackPACK is not installed, and left out: pip install --no-deps backpack-for-pytorch==1.7.1 ...")
        del sides["BackPACK"]
    exact = layer_by_layer()
    for name, side in sides.items():
        away = max(abs(a / b - 1) for a, b in zip(side(), exact, strict=True))
        assert away < 1e-4, f"{name} differs by {away:.0e}"
    show_ratios(f"P={options.points}", take_turns(sides, options.rounds), "layer by layer")


if __name__ == "__main__":
    main()
