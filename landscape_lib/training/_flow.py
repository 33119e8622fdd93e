"""Gradient flow, dw/dt = −∇𝓛, of a population, each network in its own time."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from tqdm import tqdm

from landscape_lib.nets import Population
from landscape_lib.training._losses import Loss, quadratic_hinge, slope, soft_hinge
from landscape_lib.training._patterns import Patterns, checked_patterns
from landscape_lib.training._runs import History, Run, refuse_broken
from landscape_lib.training._stopping import PLATEAU, SATISFIED, STEPS, Stop

TIME = "time"  # why a flow ends, besides what ends a descent
TURN, MOVE = 1e-4, 0.1  # a step may turn ∇𝓛 by so much, ‖g − g'‖² / (‖g‖ ‖g'‖), and move no F further than this
SAFE, SHRINK, GROW = 0.8, 0.1, 1.5
KINK = 0.1  # of √TURN · MOVE, the error of F that both bounds allow: a step that errs less is taken where ∇𝓛 jumps
FLOW = Stop(steps=100_000)


@dataclass(frozen=True)
class Flow(Run):
    """Networks that have flowed: ``steps`` counts evaluations of ∇𝓛, those of rejected steps too.

    ``reasons`` are "satisfied", "time", "plateau" and "steps". ``time`` is how far each network came. ``weights`` are
    those at ``times``, a network that ended before keeping its last; by linear interpolation, as Euler's steps are.
    """

    time: Float[Tensor, "nets"]
    alpha: Float[Tensor, "nets"]
    initial: Population
    times: Float[Tensor, "times"]
    weights: Float[Tensor, "times nets parameters"]
    rejected: Int[Tensor, "nets"]

    def outputs(self, inputs: Float[Tensor, "*nets points features"], at: int | None = None) -> Float[Tensor, "..."]:
        """F = α (f(w) − f(w₀)) of every network, (nets, points, outputs), at the end or at the time ``times[at]``."""
        nets = self.population if at is None else self.at(at)
        return self.alpha[:, None, None] * (nets(inputs) - self.initial(inputs))

    def at(self, at: int) -> Population:
        """The networks as they were at the time ``times[at]``."""
        nets = self.initial.take(range(len(self.initial)))
        nets.weights = self.weights[at].clone()
        return nets


def gradient_flow(
    population: Population,
    inputs: Float[Tensor, "*nets points features"],
    labels: Tensor,
    *,
    alpha: float | Sequence[float] | Float[Tensor, "nets"],
    loss: Loss = soft_hinge,
    stop: Stop = FLOW,
    until: float = math.inf,
    times: Sequence[float] | Float[Tensor, "times"] = (),
    turn_bound: float = TURN,
    setting: str = "",
    progress: bool = False,
) -> Flow:
    """Follow dw/dt = −∇𝓛 with 𝓛 = (1/α² P) Σ_μ ℓ(F(x_μ), y_μ) and F = α (f(w) − f(w₀)), as in 1906.08034 and 1812.07956.

    α, one number or one a network, says how far the weights must move to change F by one: for α → ∞ they move ever less,
    training is lazy, and F follows the flow of the tangent kernel, dF/dt = −(1/P) Θ ℓ'(F), which does not contain α.

    **One α.** It multiplies f as the network is parametrised here. With ``parametrisation="ntk"``, f of order one, the
    crossover from feature to lazy training lies at α* ~ h^(−1/2), so that α̃ = √h α is of order one there. With
    "mean_field", whose f is smaller by √h, and in the authors' code, which divides the last layer by h too, their α is
    our α̃. Their code also has 1/α before the loss in place of 1/α²: its times are ours divided by α.

    Euler's steps, each network with its own: a step is taken where it turns the gradient by less than
    ‖g − g'‖² / (‖g‖ ‖g'‖) = 1e-4 and moves no F on a pattern by more than 0.1; well below both bounds (a half) the next
    one is 1.1 times as long; beyond either it is tried again, a tenth as long. ReLU's gradient jumps where a unit
    switches, and no step is short enough for the first bound: one that moves no F by more than 1e-5 is taken.

    It ends where 𝓛's hinge (for `soft_hinge` the one it rounds) or another ℓ is zero on average, ``stop.satisfied``:
    for the hinges, where min y F > 1. Or at the time ``until``, on a plateau, or after ``stop.steps`` evaluations.

    >>> from landscape_lib.nets import MLP
    >>> nets = Population(lambda seed: MLP(d=4, h=20, L=1, parametrisation="ntk", seed=seed), seeds=[0, 1])
    >>> x, y = 2 * torch.eye(4).double(), torch.tensor([1.0, -1, 1, -1]).double()
    >>> run = gradient_flow(nets, x, y, alpha=[0.1, 100.0])
    >>> run.satisfied, (run.outputs(x)[..., 0] * y).min().item() > 1
    ((True, True), True)
    """
    patterns, alphas, clock = _checked(population, inputs, labels, loss, alpha, until, times)
    began, own = time.perf_counter(), population.take(range(len(population)))
    initial, weights = own.take(range(len(own))), clock.new_empty(len(clock), *own.weights.shape)
    judged = quadratic_hinge if loss is soft_hinge else loss
    field = _Field(initial, patterns, loss, alphas, initial(inputs))
    nets = torch.arange(len(own), device=clock.device)
    here = field(own.weights, nets)
    dt = 0.01 * loss(here.F, patterns.labels).mean(-1) / (alphas**2 * here.gradient.square().sum(-1))
    t, reached, final = torch.zeros_like(alphas), torch.zeros_like(alphas), torch.zeros_like(alphas)
    steps, rejected, reasons = torch.zeros_like(nets), torch.zeros_like(nets), [""] * len(own)
    reference, since = torch.full_like(alphas, math.inf), torch.zeros_like(nets)

    kept: list[int] = []
    curves: list[Tensor] = []
    with tqdm(total=stop.steps, disable=None if progress else True, desc=setting or "flow") as bar:
        for step in range(stop.steps + 1):
            losses = judged(here.F, patterns.of(nets).labels).mean(-1)
            refuse_broken(losses, nets, step, setting)
            better = stop.progressed(losses, reference)
            reference, since = losses.where(better, reference), since.masked_fill(better, step)
            zero, stalled = stop.reached_zero(losses), stop.stalled(step, since) | (here.gradient == 0).all(-1)
            finished = zero | stalled | (t >= until) | (step == stop.steps)
            final[nets] = losses
            if not kept or step >= 1.25 * kept[-1] or finished.all():
                kept.append(step)
                curves.append(final.clone())
            if finished.any():
                done = nets[finished]
                own.weights[done], reached[done], steps[done] = here.weights[finished], t[finished], step
                for i in finished.nonzero().flatten().tolist():
                    net = int(nets[i])
                    weights[clock >= t[i], net] = here.weights[i]
                    late = TIME if t[i] >= until else STEPS
                    reasons[net] = SATISFIED if zero[i] else PLATEAU if stalled[i] else late
                stay = ~finished
                nets, t, dt, reference, since = (part[stay] for part in (nets, t, dt, reference, since))
                here = here.of(stay)
                if not len(nets):
                    break
            length = torch.minimum(dt, until - t)
            there = field(here.weights - length[:, None] * here.gradient, nets)
            turn, move = here.turn(there), (there.F - here.F).abs().amax((1, 2))
            taken = (move < MOVE) & ((turn < turn_bound) | (turn.sqrt() * move < KINK * turn_bound**0.5 * MOVE))
            room = torch.minimum((turn_bound / turn).sqrt(), MOVE / move).nan_to_num(0.0)
            for i, k in (taken[:, None] & (clock > t[:, None]) & (clock <= (t + length)[:, None])).nonzero().tolist():
                share = (clock[k] - t[i]) / length[i]
                weights[k, nets[i]] = here.weights[i].lerp(there.weights[i], share)
            dt = torch.where(taken, torch.maximum(dt, length), length) * (SAFE * room).clamp(SHRINK, GROW)
            t, here = torch.where(taken, t + length, t), here.moved(there, taken)
            rejected[nets] += ~taken
            bar.update()
    weights[clock == 0] = initial.weights
    history = History(torch.tensor(kept), torch.stack(curves))
    seconds = time.perf_counter() - began
    return Flow(own, final, steps, tuple(reasons), history, seconds, reached, alphas, initial, clock, weights, rejected)


@dataclass(frozen=True)
class _Place:
    """Where networks are: weights, F on their patterns, ∇𝓛."""

    weights: Float[Tensor, "nets parameters"]
    F: Float[Tensor, "nets points outputs"]
    gradient: Float[Tensor, "nets parameters"]

    def of(self, nets: Bool[Tensor, "nets"]) -> "_Place":
        return _Place(self.weights[nets], self.F[nets], self.gradient[nets])

    def turn(self, other: "_Place") -> Float[Tensor, "nets"]:
        """‖g − g'‖² / (‖g‖ ‖g'‖); 0 where either vanishes."""
        lengths = self.gradient.norm(dim=-1) * other.gradient.norm(dim=-1)
        change = (self.gradient - other.gradient).square().sum(-1)
        return torch.where(lengths == 0, 0, change / lengths.where(lengths != 0, 1))

    def moved(self, other: "_Place", taken: Bool[Tensor, "nets"]) -> "_Place":
        if taken.all():
            return other
        parts = zip((self.weights, self.F, self.gradient), (other.weights, other.F, other.gradient), strict=True)
        return _Place(*(new.where(taken.view(-1, *[1] * (new.ndim - 1)), old) for old, new in parts))


@dataclass(frozen=True)
class _Field:
    """The gradient field that networks flow in."""

    population: Population
    patterns: Patterns
    loss: Loss
    alpha: Float[Tensor, "nets"]
    initial: Float[Tensor, "nets points outputs"]

    def __call__(self, weights: Float[Tensor, "left parameters"], nets: Int[Tensor, "left"]) -> _Place:
        """Of the networks numbered ``nets``, at these weights."""
        parts, population = [], self.population.take(nets) if self.population.buffers else self.population
        for part in self.population.blocks(points := self.patterns.inputs.shape[-2]):
            if part.start >= len(nets):
                break
            own = nets[part]
            here, alpha = self.patterns.of(own), self.alpha[own, None, None]
            f, pull = population.pullback(weights[part], here.inputs, part)
            F = alpha * (f - self.initial[own])
            parts.append((F, pull(slope(self.loss, F, here.labels) / (alpha * points))))
        F, gradient = (torch.cat(values) for values in zip(*parts, strict=True))
        return _Place(weights, F, gradient)


def _checked(
    population: Population,
    inputs: Tensor,
    labels: Tensor,
    loss: Loss,
    alpha: float | Sequence[float] | Tensor,
    until: float,
    times: Sequence[float] | Tensor,
) -> tuple[Patterns, Tensor, Tensor]:
    """Patterns, one α a network and the times to keep, after the door."""
    patterns = checked_patterns(population, inputs, labels, loss)
    alphas = torch.as_tensor(alpha).to(population.weights)
    if alphas.shape not in ((), (len(population),)) or not (alphas.isfinite() & (alphas > 0)).all():
        raise ValueError(
            f"gradient_flow: alpha is {alpha!r:.80}, need a positive number, or one for each of the {len(population)} "
            "networks; with α = 0 the network is its initial function for ever"
        )
    clock = torch.as_tensor(times).to(population.weights)
    if clock.ndim != 1 or not (clock >= 0).all() or not until > 0:
        raise ValueError(
            f"gradient_flow: times are {times!r:.80}, until is {until!r}, need times from 0 on, and an end"
        )
    return patterns, alphas.expand(len(population)).clone(), clock
