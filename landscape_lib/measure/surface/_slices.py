"""Slices of a loss surface along one direction or two, streamed: one network, moved from point to point."""

import copy
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from landscape_lib.measure.surface._directions import checked_direction, same_architecture, weights_of

# What is measured at each point: the loss and whatever else, by name.
Evaluate = Callable[[nn.Module], Mapping[str, float | Tensor]]
BatchNorm = nn.modules.batchnorm._BatchNorm
ALIGNED = 64  # bytes: parameters begin where torch's own memory would, so that products round as in the network itself


@dataclass(frozen=True)
class Line:
    """What was measured along a direction, in double precision; NaN where it is not finite."""

    coordinates: Float[Tensor, "points"]
    values: dict[str, Float[Tensor, "points"]]


@dataclass(frozen=True)
class Plane:
    """What was measured in a plane, [i, j] at the i-th coordinate along the first axis and the j-th along the second.

    In double precision; NaN where it is not finite.
    """

    coordinates: tuple[Float[Tensor, "first"], Float[Tensor, "second"]]
    values: dict[str, Float[Tensor, "first second"]]


def slice_line(
    network: nn.Module,
    evaluate: Evaluate,
    direction: Float[Tensor, "parameters"],
    coordinates: Float[Tensor, "points"],
    *,
    batch_norm_inputs: Tensor | None = None,
) -> Line:
    """Measure the networks θ + t d, for each t of ``coordinates``: at 0 the network itself, to the last bit.

    ``evaluate(network)`` returns numbers by name, ``{"loss": …}``. It is given a copy, in the mode and with the buffers
    of the network, while gradients are off (``torch.enable_grad()`` brings them back). It should draw nothing at
    random, as Dropout does in training mode. Numbers that are not finite become NaN.

    With ``batch_norm_inputs`` each BatchNorm first takes its statistics anew, from these inputs as one batch, at every
    point: those of the trained network belong to its weights only.

    >>> net = nn.Linear(1, 1)
    >>> found = slice_line(net, lambda n: {"b": n.bias}, torch.tensor([0.0, 2.0]), torch.tensor([0.0, 1.0]))
    >>> found.values["b"][0].item() == net.bias.item()
    True
    """
    (axis,) = _axes(network, [direction], "slice_line")
    t = _coordinates(coordinates, "slice_line")
    twin = _Twin(network, batch_norm_inputs, "slice_line")
    axis = twin.spread(axis)

    def points() -> Iterable[dict[str, float]]:
        for x in t.tolist():
            torch.add(twin.origin, axis, alpha=x, out=twin.weights)
            yield twin.measure(evaluate)

    return Line(t, _columns(points()))


def slice_plane(
    network: nn.Module,
    evaluate: Evaluate,
    axes: tuple[Float[Tensor, "parameters"], Float[Tensor, "parameters"]],
    coordinates: tuple[Float[Tensor, "first"], Float[Tensor, "second"]],
    *,
    batch_norm_inputs: Tensor | None = None,
) -> Plane:
    """Measure the networks θ + x d₁ + y d₂, for each x and y of ``coordinates``: `slice_line` in two dimensions.

    The axes may be at any angle but 0. A point costs one addition and one evaluation, and the grid's parameters are
    never held.

    >>> net, axes = nn.Linear(1, 1), (torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    >>> slice_plane(net, lambda n: {"b": n.bias}, axes, (torch.zeros(3), torch.zeros(2))).values["b"].shape
    torch.Size([3, 2])
    """
    if len(axes) != 2 or len(coordinates) != 2:
        raise ValueError(f"slice_plane: {len(axes)} axes and {len(coordinates)} sets of coordinates; need two of each")
    directions = _axes(network, axes, "slice_plane")
    first, second = (_coordinates(t, "slice_plane") for t in coordinates)
    twin = _Twin(network, batch_norm_inputs, "slice_plane")
    along, across = (twin.spread(axis) for axis in directions)

    def points() -> Iterable[dict[str, float]]:
        for x in first.tolist():
            row = torch.add(twin.origin, along, alpha=x)
            for y in second.tolist():
                torch.add(row, across, alpha=y, out=twin.weights)
                yield twin.measure(evaluate)

    grids = {name: column.view(len(first), len(second)) for name, column in _columns(points()).items()}
    return Plane((first, second), grids)


def slice_between(
    first: nn.Module,
    last: nn.Module,
    evaluate: Evaluate,
    coordinates: Float[Tensor, "points"] | None = None,
    *,
    batch_norm_inputs: Tensor | None = None,
) -> Line:
    """Measure the networks (1 − t) θ_first + t θ_last: at 0 and 1 the two networks, to the last bit.

    By default t takes 51 values from 0 to 1. Buffers of floating point, the running statistics of BatchNorm say, go
    along from those of the first to those of the last, as with Li et al.'s ``states``; others, and the mode, are the
    first's. On the way such statistics belong to no network: with ``batch_norm_inputs`` they are taken anew, as in
    `slice_line`. Goodfellow et al. (2015), 1412.6544.

    >>> start, end = nn.Linear(1, 1), nn.Linear(1, 1)
    >>> found = slice_between(start, end, lambda n: {"b": n.bias})
    >>> found.values["b"][-1].item() == end.bias.item()
    True
    """
    same_architecture(first, last, "slice_between")
    t = torch.linspace(0, 1, 51, dtype=torch.float64) if coordinates is None else coordinates
    t = _coordinates(t, "slice_between")
    twin = _Twin(first, batch_norm_inputs, "slice_between")
    end = twin.spread(weights_of(last, "slice_between").to(twin.origin))
    starts = [value.clone() for _, value in twin.buffers]
    ends = [value.detach().to(start) for start, value in zip(starts, last.buffers(), strict=True)]

    def points() -> Iterable[dict[str, float]]:
        for x in t.tolist():
            torch.lerp(twin.origin, end, x, out=twin.weights)
            for (_, value), here, there in zip(twin.buffers, starts, ends, strict=True):
                if value.is_floating_point():
                    torch.lerp(here, there, x, out=value)
            yield twin.measure(evaluate)

    return Line(t, _columns(points()))


class _Twin:
    """A copy of a network, its parameters views into one flat tensor: to move it is one addition."""

    def __init__(self, network: nn.Module, batch_norm_inputs: Tensor | None, caller: str) -> None:
        theta = weights_of(network, caller)
        self.network, self.inputs = copy.deepcopy(network), batch_norm_inputs
        parameters = list(self.network.parameters())
        step = ALIGNED // theta.element_size()
        self.sizes = [parameter.numel() for parameter in parameters]
        self.room = [math.ceil(size / step) * step for size in self.sizes]
        self.origin = self.spread(theta)
        self.weights = self.origin.clone()
        for parameter, part in zip(parameters, self.weights.split(self.room), strict=True):
            parameter.data = part[: parameter.numel()].view(parameter.shape)
        self.modes = [(part, part.training) for part in self.network.modules()]
        self.buffers = [(value, value.clone()) for value in self.network.buffers()]
        self.norms = [m for m in self.network.modules() if isinstance(m, BatchNorm) and m.running_mean is not None]
        if batch_norm_inputs is not None and not self.norms:
            raise ValueError(
                f"{caller}: batch_norm_inputs given, but {type(network).__name__} has no BatchNorm that keeps "
                "statistics; leave them out"
            )

    def spread(self, direction: Float[Tensor, "parameters"]) -> Float[Tensor, "_"]:
        """A direction, laid out as the flat tensor is."""
        laid = direction.new_zeros(sum(self.room))
        for part, values in zip(laid.split(self.room), direction.split(self.sizes), strict=True):
            part[: len(values)] = values
        return laid

    def measure(self, evaluate: Evaluate) -> dict[str, float]:
        """What ``evaluate`` says of the network where it stands, from the same buffers and modes at each point."""
        for buffer, value in self.buffers:
            buffer.copy_(value)
        self.restore_modes()
        with torch.no_grad():
            if self.inputs is not None:
                self.take_statistics(self.inputs)
            return _numbers(evaluate(self.network))

    def take_statistics(self, inputs: Tensor) -> None:
        """Running mean and variance of every BatchNorm from one batch; all else, Dropout say, stays in its mode."""
        momenta = [norm.momentum for norm in self.norms]
        for norm in self.norms:
            norm.reset_running_stats()
            norm.momentum, norm.training = None, True  # None: the plain mean over all batches, here over one
        self.network(inputs)
        for norm, momentum in zip(self.norms, momenta, strict=True):
            norm.momentum = momentum
        self.restore_modes()

    def restore_modes(self) -> None:
        """Training or evaluation, part by part, as the network came."""
        for part, training in self.modes:
            if part.training != training:  # to set what is set already would take as long as a small layer
                part.training = training


def _axes(network: nn.Module, axes: Iterable[Tensor], caller: str) -> list[Float[Tensor, "parameters"]]:
    """One axis or two in the network's precision, if they span as many dimensions."""
    directions = [checked_direction(network, axis, caller) for axis in axes]
    units = [axis.double() / axis.double().norm() for axis in directions]
    if any(not unit.isfinite().all() for unit in units):
        raise ValueError(f"{caller}: an axis is zero; need directions with a length")
    if len(units) == 2 and (units[1] - (units[0] @ units[1]) * units[0]).norm() < 1e-6:
        raise ValueError(f"{caller}: the axes are parallel and span no plane; take another second axis")
    return directions


def _coordinates(coordinates: Tensor, caller: str) -> Float[Tensor, "points"]:
    """Coordinates in double precision, those that are zero but for rounding set to zero."""
    if coordinates.ndim != 1 or len(coordinates) == 0 or not coordinates.isfinite().all():
        raise ValueError(
            f"{caller}: coordinates of shape {tuple(coordinates.shape)}; need (points,), one finite number at least"
        )
    real = coordinates if coordinates.is_floating_point() else coordinates.double()
    rounding = 4 * torch.finfo(real.dtype).eps * real.abs().max()
    return torch.where(real.abs() <= rounding, 0.0, real).double().cpu()


def _numbers(measured: Mapping[str, float | Tensor]) -> dict[str, float]:
    if not isinstance(measured, Mapping) or not measured:
        raise ValueError(f"evaluate: returned {measured!r:.80}; need numbers by name, such as {{'loss': loss}}")
    numbers = {}
    for name, value in measured.items():
        if isinstance(value, Tensor) and value.numel() != 1:
            raise ValueError(f"evaluate: {name!r} has shape {tuple(value.shape)}; need one number")
        number = float(value)
        numbers[name] = number if math.isfinite(number) else math.nan
    return numbers


def _columns(points: Iterable[dict[str, float]]) -> dict[str, Float[Tensor, "points"]]:
    """Numbers by name at each point, as a column a name."""
    columns: dict[str, list[float]] = {}
    for i, numbers in enumerate(points):
        if i and numbers.keys() != columns.keys():
            raise ValueError(f"evaluate: returned {sorted(numbers)} at one point and {sorted(columns)} at another")
        for name, number in numbers.items():
            columns.setdefault(name, []).append(number)
    return {name: torch.tensor(column, dtype=torch.float64) for name, column in columns.items()}
