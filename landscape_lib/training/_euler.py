"""Euler's steps along −∇𝓛, each network's of its own length: as long as ∇𝓛 and the outputs hardly change.

With a tangent kernel they are linearly implicit, or exponential for the squared loss: directions in which 𝓛 is steep do
not bound them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape_lib.nets import Population
from landscape_lib.training._losses import BETA, Loss, mean_square, slope, soft_hinge
from landscape_lib.training._patterns import Patterns

MOVE = 0.1  # a step moves no F on a pattern further than this
SAFE, SHRINK, GROW = 0.8, 0.1, 1.5  # the next step: so much of what the bounds leave room for, within these factors
FIRST = 0.01  # the first step would lower 𝓛 by this share

Kernel = Callable[[Population, Tensor], Tensor]  # Θ of every network, (nets, points, points), on its own inputs


@dataclass(frozen=True)
class Place:
    """Where networks are: weights, F on their patterns, ∇𝓛."""

    weights: Float[Tensor, "nets parameters"]
    F: Float[Tensor, "nets points outputs"]
    gradient: Float[Tensor, "nets parameters"]

    def of(self, nets: Bool[Tensor, "nets"]) -> "Place":
        return Place(self.weights[nets], self.F[nets], self.gradient[nets])

    def turn(self, other: "Place") -> Float[Tensor, "nets"]:
        """‖g − g'‖² / (‖g‖ ‖g'‖); 0 where either vanishes."""
        lengths = self.gradient.norm(dim=-1) * other.gradient.norm(dim=-1)
        change = (self.gradient - other.gradient).square().sum(-1)
        return torch.where(lengths == 0, 0, change / lengths.where(lengths != 0, 1))

    def moved(self, other: "Place", taken: Bool[Tensor, "nets"]) -> "Place":
        if taken.all():
            return other
        parts = zip((self.weights, self.F, self.gradient), (other.weights, other.F, other.gradient), strict=True)
        return Place(*(new.where(taken.view(-1, *[1] * (new.ndim - 1)), old) for old, new in parts))


@dataclass(frozen=True)
class Field:
    """∇𝓛 with 𝓛 = (1/α² P) Σ_μ ℓ(F_μ, y_μ), F = α (f − f₀), of a population."""

    population: Population
    patterns: Patterns
    loss: Loss
    alpha: Float[Tensor, "nets"]
    initial: Float[Tensor, "nets points outputs"]
    kernel: Kernel | None = None

    def __call__(self, weights: Float[Tensor, "left parameters"], nets: Int[Tensor, "left"]) -> Place:
        """At these weights, of the networks numbered ``nets``."""
        population, parts = self.population.take(nets), []
        population.weights = weights
        for part in population.blocks(points := self.patterns.inputs.shape[-2]):
            own = nets[part]
            here, alpha = self.patterns.of(own), self.alpha[own, None, None]
            f, pull = population.pullback(weights[part], here.inputs, part)
            F = alpha * (f - self.initial[own])
            parts.append((F, pull(slope(self.loss, F, here.labels) / (alpha * points))))
        F, gradient = (torch.cat(values) for values in zip(*parts, strict=True))
        return Place(weights, F, gradient)

    def step(self, place: Place, nets: Int[Tensor, "left"], length: Float[Tensor, "left"]) -> Tensor:
        """What a step of this length adds to the weights.

        Without a kernel −dt ∇𝓛. With it, ℓ' is taken where the step ends, to first order: ℓ' + ℓ'' ΔF with
        ΔF = −(dt/P) Θ v, so that v = (1 + (dt/P) ℓ'' Θ)⁻¹ ℓ' stands in the place of ℓ' in ∇𝓛. For the squared loss,
        ℓ'' = 1, it is the mean of ℓ' over the step, with Θ fixed: v = (1 − e^{−z})/z ℓ', z = (dt/P) Θ, which is exact
        for a linear model however long the step is.
        """
        if self.kernel is None:
            return -length[:, None] * place.gradient
        population, own, parts = self.population.take(nets), self.patterns.of(nets), []
        population.weights, points = place.weights, place.F.shape[1]
        for part in population.blocks(points):
            here, member = own.of(part), population.take(torch.arange(len(nets), device=nets.device)[part])
            F, rate = place.F[part], length[part, None, None] / points
            pulls = slope(self.loss, F, here.labels)
            z = rate * self.kernel(member, here.inputs)
            if self.loss is mean_square:
                v = _mean_pull(z, pulls)
            else:
                v = torch.linalg.solve(torch.eye(points).to(F) + _bend(self.loss, F, here.labels) * z, pulls)
            _, pull = population.pullback(place.weights[part], here.inputs, part)
            parts.append(pull(v / (self.alpha[nets[part], None, None] * points)))
        return -length[:, None] * torch.cat(parts)

    def losses(self, place: Place, nets: Int[Tensor, "left"], loss: Loss) -> Float[Tensor, "left"]:
        """The mean of another loss over the patterns."""
        return loss(place.F, self.patterns.of(nets).labels).mean(-1)


@dataclass
class Euler:
    """Networks on their way, each at a time and with a step of its own."""

    field: Field
    nets: Int[Tensor, "nets"]  # their numbers among all
    here: Place
    t: Float[Tensor, "nets"]
    dt: Float[Tensor, "nets"]

    @classmethod
    def begin(cls, field: Field) -> "Euler":
        nets = torch.arange(len(field.population), device=field.alpha.device)
        here = field(field.population.weights, nets)
        fall = field.alpha**2 * here.gradient.square().sum(-1)
        return cls(field, nets, here, torch.zeros_like(fall), FIRST * field.losses(here, nets, field.loss) / fall)

    def advance(self, until: float, bound: float) -> tuple[Bool[Tensor, "nets"], Float[Tensor, "nets"], Place]:
        """Try a step: which networks take it, from what time on, and what they leave.

        A step is taken if it turns ∇𝓛 by less than the ``bound`` and moves no F by more than `MOVE`. Where ∇𝓛 jumps, at
        a kink of ReLU, no step is short enough for that: one whose √turn · move, about its error in F, is below what
        both bounds together allow is taken too.
        """
        left, before = self.here, self.t
        length = torch.minimum(self.dt, until - self.t)
        there = self.field(left.weights + self.field.step(left, self.nets, length), self.nets)
        turn, move = left.turn(there), (there.F - left.F).abs().amax((1, 2))
        spare = bound**0.5 * MOVE / (turn.sqrt() * move)
        taken = (move < MOVE) & ((turn < bound) | (spare > 1))
        room = torch.minimum(torch.maximum(bound / turn, spare).sqrt(), MOVE / move).nan_to_num(0.0)  # of a broken F: 0
        self.dt = length * (SAFE * room).clamp(SHRINK, GROW)
        self.t, self.here = torch.where(taken, self.t + length, self.t), left.moved(there, taken)
        return taken, before, left

    def keep(self, stay: Bool[Tensor, "nets"]) -> None:
        self.nets, self.here, self.t, self.dt = self.nets[stay], self.here.of(stay), self.t[stay], self.dt[stay]


def _mean_pull(z: Float[Tensor, "nets points points"], pulls: Float[Tensor, "nets points 1"]) -> Tensor:
    """(1 − e^{−z})/z of the pulls, by the eigenvectors of z, which is symmetric."""
    values, vectors = torch.linalg.eigh(z)
    share = torch.where(values > 0, -torch.expm1(-values) / values.where(values > 0, 1), 1)[..., None]
    return vectors @ (share * (vectors.mT @ pulls))


def _bend(loss: Loss, F: Float[Tensor, "nets points 1"], labels: Tensor) -> Float[Tensor, "nets points 1"]:
    """∂²ℓ_μ/∂F_μ² of each pattern, of one output: where `slope` turns."""
    if loss is soft_hinge:
        on = slope(loss, F, labels).abs()
        return BETA * on * (1 - on)
    with torch.enable_grad():
        leaf = F.detach().requires_grad_()
        (first,) = torch.autograd.grad(loss(leaf, labels).sum(), leaf, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), leaf)
    return second
