"""Time to the radii of a minimum along random rays: a root at a time by scipy's brentq, and all rays together.

A 64-66-10 ReLU network, N = 4,960 weights, trained on 500 Gaussian patterns of ten classes; double precision, one
thread. The sides take turns, and each one's time of the processor is the median of its turns. Both find the same radii,
to 1e-6, or the benchmark ends.
"""

import argparse

import numpy as np
import torch
from _turns import show_ratios, take_turns
from scipy.optimize import brentq
from torch.nn.functional import cross_entropy as mean_cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters

import landscape_lib
from landscape_lib.measure.flatness import log_volume, loss_level
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Stop, cross_entropy, gd, train

THRESHOLD = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rays", type=int, default=100, help="rays (100)")
    parser.add_argument("--rounds", type=int, default=5, help="turns that each side takes (5)")
    options = parser.parse_args()
    landscape_lib.one_thread()
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(500, 64, generator=generator, dtype=torch.float64)
    y = torch.randint(10, (500,), generator=generator)
    start = Population(lambda seed: MLP(64, 66, 1, outputs=10, seed=seed), [0])
    nets = train(start, x, y, optimiser=gd(0.5), loss=cross_entropy, stop=Stop(2000, 0.01)).population
    N, level = nets.weights.shape[1], loss_level(nets, 0, x, y)

    def together() -> np.ndarray:
        return log_volume(level, N, THRESHOLD, rays=options.rays).log_radii.numpy()

    net = nets.member(0).requires_grad_(False)
    weights = parameters_to_vector(net.parameters())
    here = mean_cross_entropy(net(x), y).item()
    draw = torch.Generator().manual_seed(0)
    u = torch.randn(options.rays, N, generator=draw, dtype=torch.float64)
    u /= u.norm(dim=1, keepdim=True)

    def one_at_a_time() -> np.ndarray:
        found = []
        for ray in u:

            def above(log_r: float, ray: torch.Tensor = ray) -> float:
                vector_to_parameters(weights + np.exp(log_r) * ray, net.parameters())
                return mean_cross_entropy(net(x), y).item() - here - THRESHOLD

            high = 0.0
            while above(high) < 0:
                high += np.log(1.5)
            found.append(brentq(above, -20, high, xtol=2e-8))
        return np.array(found)

    away = abs(one_at_a_time() - together()).max()
    assert away < 1e-6, f"the radii differ by {away:.0e}"
    sides = {"a root at a time": one_at_a_time, "all rays together": together}
    show_ratios(f"N={N}, {options.rays} rays", take_turns(sides, options.rounds), "all rays together")


if __name__ == "__main__":
    main()
