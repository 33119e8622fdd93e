"""Time to one tangent kernel: layer by layer against a loop over points, `torch.func`, and nngeometry.

P points (--points) of a 64-128-128-1 ReLU network in single precision, one thread. The sides take turns, and each one's
time of the processor is the median of its turns: a gradient of one point after the other and the Gram matrix of all,
that by ``vmap(grad)``, nngeometry's Gram object where it is installed (pip install nngeometry==0.4), and ours. All
agree to rounding, or the benchmark ends.
"""

import argparse

import torch
from _turns import show_ratios, take_turns
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.utils.data import DataLoader, TensorDataset

import landscape_lib
from landscape_lib.measure.kernel import tangent_kernel
from landscape_lib.nets import MLP


def one_at_a_time(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    parameters = list(net.parameters())
    rows = [torch.cat([g.flatten() for g in torch.autograd.grad(net(point[None]).sum(), parameters)]) for point in x]
    J = torch.stack(rows)
    return J @ J.T


def by_vmap(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    parameters = {name: value.detach() for name, value in net.named_parameters()}

    def output(parameters: dict[str, torch.Tensor], point: torch.Tensor) -> torch.Tensor:
        return functional_call(net, parameters, (point[None],)).sum()

    gradients = vmap(grad(output), in_dims=(None, 0))(parameters, x)
    J = torch.cat([gradient.flatten(1) for gradient in gradients.values()], dim=1)
    return J @ J.T


def by_nngeometry(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    from nngeometry.gram import GramMatrix

    loader = DataLoader(TensorDataset(x, torch.zeros(len(x))), batch_size=len(x))
    return GramMatrix(net, loader, function=lambda *batch: net(batch[0])).to_torch().reshape(len(x), len(x))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=300, help="P (300)")
    parser.add_argument("--rounds", type=int, default=15, help="turns that each side takes (15)")
    options = parser.parse_args()
    landscape_lib.one_thread()
    ours = MLP(64, 128, 2, seed=0)
    plain = nn.Sequential(ours.layers[0], nn.ReLU(), ours.layers[1], nn.ReLU(), ours.layers[2])  # the same weights
    x = torch.randn(options.points, 64, generator=torch.Generator().manual_seed(0))
    sides = {
        "one point at a time": lambda: one_at_a_time(plain, x),
        "vmap(grad)": lambda: by_vmap(plain, x),
        "nngeometry": lambda: by_nngeometry(plain, x),
        "layer by layer": lambda: tangent_kernel(ours, x),
    }
    try:
        import nngeometry  # noqa: F401
    except ImportError:
        print("nngeometry is not installed, and left out: pip install --no-deps nngeometry==0.4")
        del sides["nngeometry"]
    exact = sides["layer by layer"]()
    for name, side in sides.items():
        away = ((side() - exact).abs().max() / exact.abs().max()).item()
        assert away < 1e-5, f"{name} differs by {away:.0e}"
    show_ratios(f"P={options.points}", take_turns(sides, options.rounds), "layer by layer")


if __name__ == "__main__":
    main()
