"""Directions in the space of all parameters: at random, of filters' size, between networks, and of a trajectory."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector


@dataclass(frozen=True)
class PrincipalDirections:
    """The leading principal axes of a trajectory, the share of its variance along each, and where it lies on them.

    ``axes`` are orthonormal. ``shares`` are of the variance about the mean of the trajectory. ``coordinates`` have
    their origin at its last point, so that a plane through the trained network holds it at (0, 0).
    """

    axes: Float[Tensor, "axes parameters"]
    shares: Float[Tensor, "axes"]
    coordinates: Float[Tensor, "times axes"]


def random_direction(network: nn.Module, seed: int) -> Float[Tensor, "parameters"]:
    """A direction with independent entries N(0, 1): one a seed, in any precision and on any device.

    >>> random_direction(nn.Linear(2, 1), seed=0).shape
    torch.Size([3])
    """
    theta = weights_of(network, "random_direction")
    return _gaussian(seed, len(theta)).to(theta)


def filter_normalised(network: nn.Module, direction: Float[Tensor, "parameters"]) -> Float[Tensor, "parameters"]:
    """The direction with each filter as long as the network's: d_j ← d_j ‖w_j‖/‖d_j‖.

    A filter is what one output unit or channel sees: a slice, at one index of axis 0, of a parameter of two dimensions
    or more. Those of fewer (biases, the scales and shifts of norm layers) get direction 0. So does a filter that is
    zero in the network or in the direction. A step of 1 along it then changes every filter by its own length,
    whatever the units of a ReLU network's layers are. Li et al. (2018), 1712.09913, section 4.

    >>> filter_normalised(nn.Linear(2, 1), torch.tensor([3.0, 4.0, 5.0]))[2]
    tensor(0.)
    """
    checked_direction(network, direction, "filter_normalised")
    parts = []
    for w, d in zip(network.parameters(), _like(network, direction), strict=True):
        if w.ndim < 2:
            parts.append(torch.zeros_like(d).flatten())
            continue
        lengths = torch.linalg.vector_norm(d.flatten(1), dim=1, keepdim=True)
        wanted = torch.linalg.vector_norm(w.detach().flatten(1), dim=1, keepdim=True)
        parts.append((d.flatten(1) * torch.where(lengths > 0, wanted / lengths, 0.0)).flatten())
    return torch.cat(parts)


def difference(first: nn.Module, last: nn.Module) -> Float[Tensor, "parameters"]:
    """θ_last − θ_first, the direction from one network to another of the same architecture.

    >>> net = nn.Linear(2, 1)
    >>> difference(net, net)
    tensor([0., 0., 0.])
    """
    same_architecture(first, last, "difference")
    return weights_of(last, "difference") - weights_of(first, "difference")


def principal_directions(trajectory: Float[Tensor, "times parameters"], axes: int = 2) -> PrincipalDirections:
    """The leading principal axes of a trajectory through the space of parameters.

    They are eigenvectors of the covariance of its points about their mean. The shares λ_k/Σλ are of this covariance,
    so that those of a random walk are known (`walk_shares`). Coordinates are about the last point. An axis points to
    where the trajectory is farthest from its end. Li et al. (2018), 1712.09913, section 7.2: there too differences from
    the last point are centred before their axes are found, by the PCA of the authors' code, and projected as they are.

    >>> found = principal_directions(torch.tensor([[4.0, 0.0], [2.0, 1.0], [0.0, 0.0]]))
    >>> found.coordinates[:2, 0].tolist(), found.shares.sum().item()
    ([4.0, 2.0], 1.0)
    """
    if trajectory.ndim != 2 or not trajectory.isfinite().all():
        raise ValueError(
            f"principal_directions: a trajectory of shape {tuple(trajectory.shape)}; need (times, parameters), finite"
        )
    if isinstance(axes, bool) or not isinstance(axes, int) or axes < 1:
        raise ValueError(f"principal_directions: axes is {axes!r}, need a whole number of at least 1")
    _, lengths, rows = torch.linalg.svd(trajectory - trajectory.mean(0), full_matrices=False)
    rounding = max(trajectory.shape) * torch.finfo(trajectory.dtype).eps * trajectory.abs().max()
    rank = int((lengths > rounding).sum())
    if rank < axes:
        raise ValueError(
            f"principal_directions: {len(trajectory)} points that span {rank} directions have no {axes} axes; take "
            "more points of the trajectory, or fewer axes"
        )
    coordinates = (trajectory - trajectory[-1]) @ rows[:axes].mT
    signs = coordinates.gather(0, coordinates.abs().argmax(0, keepdim=True)).sign()
    shares = lengths.square() / lengths.square().sum()
    return PrincipalDirections(rows[:axes] * signs.mT, shares[:axes], coordinates * signs)


def random_walk(trajectory: Float[Tensor, "times parameters"], seed: int) -> Float[Tensor, "times parameters"]:
    """From the same start, steps as long as the trajectory's, each in a direction at random: what chance would draw.

    >>> random_walk(torch.zeros(5, 3), seed=0).shape
    torch.Size([5, 3])
    """
    lengths = trajectory.diff(dim=0).norm(dim=1, keepdim=True)
    steps = _gaussian(seed, len(lengths), trajectory.shape[1]).to(trajectory)
    steps = lengths * steps / steps.norm(dim=1, keepdim=True)
    return torch.cat([trajectory[:1], trajectory[0] + steps.cumsum(0)])


def walk_shares(lengths: Float[Tensor, "steps"], axes: int = 2) -> Float[Tensor, "axes"]:
    """The shares of variance along the leading axes of a random walk with steps of such lengths.

    In a space of many more dimensions than steps, where no two steps have anything in common. For T equal steps the
    k-th is 3 / (2 T (T + 2) sin²(πk/(2T + 2))), and 6/(π k)² of a long walk: 60.8% and 15.2% in two components.
    Antognini & Sohl-Dickstein (2018), 1806.08805.

    >>> walk_shares(torch.ones(1000, dtype=torch.float64)).round(decimals=3)
    tensor([0.6080, 0.1520], dtype=torch.float64)
    """
    walk = torch.cat([torch.zeros_like(lengths)[None], torch.diag(lengths).cumsum(0)])
    return principal_directions(walk, axes).shares


def weights_of(network: nn.Module, caller: str) -> Float[Tensor, "parameters"]:
    """All parameters in a row, if there are any, and of one kind."""
    kinds = {(parameter.dtype, parameter.device) for parameter in network.parameters()}
    if len(kinds) != 1:
        what = "parameters of several precisions or devices" if kinds else "no parameters"
        raise ValueError(f"{caller}: {type(network).__name__} has {what}; need some, all of one precision and device")
    return parameters_to_vector(network.parameters()).detach()


def checked_direction(network: nn.Module, direction: Tensor, caller: str) -> Float[Tensor, "parameters"]:
    """The direction in the network's precision, if it is one."""
    theta = weights_of(network, caller)
    if direction.shape != theta.shape or not direction.isfinite().all():
        raise ValueError(
            f"{caller}: a direction of shape {tuple(direction.shape)}; need ({len(theta)},), one finite number a "
            "parameter, in the order of network.parameters()"
        )
    return direction.detach().to(theta)


def same_architecture(first: nn.Module, last: nn.Module, caller: str) -> None:
    """Refuse two networks whose parameters and buffers do not correspond."""
    shapes = [
        [tuple(value.shape) for value in (*network.parameters(), *network.buffers())] for network in (first, last)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError(f"{caller}: networks of shapes {shapes[0]} and {shapes[1]}; need two of one architecture")


def _gaussian(seed: int, *shape: int) -> Float[Tensor, "*shape"]:
    """By NumPy: a torch generator of this seed may have drawn the network's weights, and would draw them again."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def _like(network: nn.Module, direction: Tensor) -> list[Tensor]:
    parts = direction.split([parameter.numel() for parameter in network.parameters()])
    return [part.view(parameter.shape) for part, parameter in zip(parts, network.parameters(), strict=True)]
