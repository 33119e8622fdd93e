"""Time to one plane of a loss surface, and where its points are: ours against loss-landscapes.

A plane of 40 × 40 points (--points) about a trained 64-32-32-10 ReLU network: the cross-entropy of all 1,797 digits, or
of the first 100, in single precision, on one thread. The other side is random_plane of loss-landscapes, where that is
installed (pip install --no-deps loss-landscapes==3.0.6). Both evaluate the loss in the same way, along two directions
that are filter-normalised, and take turns. Each one's time is the shortest of its turns, in seconds of the processor:
other work on the machine only adds. The forward passes alone are timed too; nothing that takes one point after the
other can be faster.

Then both say where each point of their plane is. An even grid is fitted to these places: how far from it the farthest
is, and how far the grid's middle is from the trained network, in steps of the grid; and what the loss at the middle is.
"""

import argparse
import time

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

import landscape_lib
from landscape_lib.data import load
from landscape_lib.measure.surface import filter_normalised, random_direction, slice_plane

Places = list[tuple[Tensor, float]]


def trained(x: Tensor, y: Tensor) -> nn.Module:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(200):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimiser.step()
    return net


def passes(net: nn.Module, x: Tensor, y: Tensor, points: int) -> None:
    with torch.no_grad():
        for _ in range(points**2):
            nn.functional.cross_entropy(net(x), y).item()


def ours(net: nn.Module, x: Tensor, y: Tensor, points: int, places: Places | None = None) -> Tensor:
    def evaluate(network: nn.Module) -> dict[str, float]:
        loss = nn.functional.cross_entropy(network(x), y).item()
        if places is not None:
            places.append((parameters_to_vector(network.parameters()).double(), loss))
        return {"loss": loss}

    axes = filter_normalised(net, random_direction(net, 0)), filter_normalised(net, random_direction(net, 1))
    t = torch.linspace(-1, 1, points)
    return slice_plane(net, evaluate, axes, (t, t)).values["loss"]


def theirs(net: nn.Module, x: Tensor, y: Tensor, points: int, places: Places | None = None) -> Tensor:
    import loss_landscapes
    from loss_landscapes.metrics import Loss

    class Located(Loss):
        def __call__(self, wrapper) -> float:
            loss = super().__call__(wrapper)
            if places is not None:
                places.append((parameters_to_vector(list(wrapper.get_module_parameters())).double(), loss))
            return loss

    metric = Located(nn.functional.cross_entropy, x, y)
    plane = loss_landscapes.random_plane(net, metric, steps=points, normalization="filter", deepcopy_model=True)
    return torch.from_numpy(plane)


def placed(net: nn.Module, places: Places, plane: Tensor) -> tuple[float, float]:
    """How far the farthest point is from an even grid fitted to all, and its middle from the network, in steps."""
    n = len(plane)
    grid = torch.stack([place for place, _ in places]).view(n, n, -1)
    losses = torch.tensor([loss for _, loss in places], dtype=plane.dtype).view(n, n)
    if not torch.equal(losses, plane):  # there and back again, but written one way
        grid[1::2], losses[1::2] = grid[1::2].flip(1), losses[1::2].flip(1)
    assert torch.equal(losses, plane), "the order of the places is not that of the plane"
    i, j = (index.flatten().double() for index in torch.meshgrid(*[torch.arange(n) - (n - 1) / 2] * 2, indexing="ij"))
    design = torch.stack([torch.ones_like(i), i, j], 1)
    fitted = torch.linalg.lstsq(design, grid.view(n * n, -1)).solution
    step = fitted[1:].norm(dim=1).mean()
    away = (grid.view(n * n, -1) - design @ fitted).norm(dim=1).max() / step
    return away.item(), ((fitted[0] - parameters_to_vector(net.parameters()).detach()).norm() / step).item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=40, help="points a side (40)")
    parser.add_argument("--rounds", type=int, default=15, help="turns that each side takes (15)")
    options = parser.parse_args()
    landscape_lib.one_thread()
    digits = load("digits")
    x, y = digits.inputs, digits.labels
    net = trained(x, y)
    sides = {"loss-landscapes": theirs, "ours": ours}
    try:
        import loss_landscapes  # noqa: F401
    except ImportError:
        print("loss-landscapes is not installed, and left out: pip install --no-deps loss-landscapes==3.0.6")
        del sides["loss-landscapes"]
    print(f"{options.points} × {options.points} points       s    ratio")
    for patterns in (len(x), 100):
        seconds: dict[str, list[float]] = {name: [] for name in ("passes alone", *sides)}
        for _ in range(options.rounds):
            for name, side in {"passes alone": passes, **sides}.items():
                began = time.process_time()
                side(net, x[:patterns], y[:patterns], options.points)
                seconds[name].append(time.process_time() - began)
        mine = min(seconds["ours"])
        for name, times in seconds.items():
            print(f"{patterns:5} {name:15} {min(times):7.3f} {min(times) / mine:7.2f}")
    print("\n41 × 41 points   farthest from its grid, steps   middle from the network   loss in the middle")
    with torch.no_grad():
        print(f"the network {nn.functional.cross_entropy(net(x), y).item():70.8f}")
    for name, side in sides.items():
        places: Places = []
        plane = side(net, x, y, 41, places)
        farthest, middle = placed(net, places, plane)
        print(f"{name:15} {farthest:25.6f} {middle:28.6f} {plane[20, 20].item():22.8f}")


if __name__ == "__main__":
    main()
