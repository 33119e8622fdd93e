"""A task whose label depends on one direction only, in a space of d: the stripe model."""

import hashlib

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data._doors import count, generator_of
from landscape_lib.data._tasks import Task

EDGES = (-0.3, 1.18549)  # between which lies half of a Gaussian


def stripe_task(P: int, d: int, seed: int, test_points: int = 0) -> Task:
    """P Gaussian inputs in d dimensions; the label is −1 where −0.3 < x_1 < 1.18549, half of them, else +1.

    The stripe model of Paccolat et al. (2021), 2007.11471. The other d − 1 directions say nothing, and a kernel that
    treats all alike learns with test error ~ P^(−d/(3d−2)), a network that finds x_1 with P^(−(2d−1)/(3d−2)).

    >>> stripe_task(P=6, d=3, seed=0, test_points=4)  # doctest: +ELLIPSIS
    Task(stripe, d=3, P=6; 3 features, 4 test points, ...)
    """
    P, d, test_points = count(P, "P", 1), count(d, "d", 1), count(test_points, "test_points", 0)
    generator = generator_of(seed)
    x, tests = (torch.randn(points, d, generator=generator, dtype=torch.float64) for points in (P, test_points))
    digest = hashlib.sha256(x.numpy().tobytes() + tests.numpy().tobytes()).hexdigest()
    return Task(x, stripe(x), tests, stripe(tests), f"stripe, d={d}, P={P}", digest)


def stripe(inputs: Float[Tensor, "points features"]) -> Float[Tensor, "points"]:
    """The label of each input: −1 within the stripe, else +1.

    >>> stripe(torch.tensor([[-1.0], [0.0], [2.0]]))
    tensor([ 1., -1.,  1.])
    """
    low, high = EDGES
    within = (inputs[:, 0] > low) & (inputs[:, 0] < high)
    return torch.where(within, -1.0, 1.0).to(inputs.dtype)
