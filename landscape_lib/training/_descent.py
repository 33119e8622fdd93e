"""Training of a population: many networks descend at once, each as it would alone, and leave when they are done."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import SupportsIndex

import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from landscape_lib.nets import Population
from landscape_lib.training._doors import kept_steps, refuse_rules
from landscape_lib.training._losses import Loss, quadratic_hinge, slope
from landscape_lib.training._optimisers import Optimiser, keep
from landscape_lib.training._patterns import Batches, Patterns, checked_patterns
from landscape_lib.training._perturbations import Perturb
from landscape_lib.training._runs import History, Run, refuse_broken
from landscape_lib.training._stopping import PLATEAU, SATISFIED, STEPS, Stop

# Which networks, their patterns, and which of these count (1) or are padding (0).
_Block = tuple[slice, Patterns, Tensor | None]

# The networks as they are, their gradients, and their places among all networks; to what is descended instead.
Project = Callable[
    [Population, Float[Tensor, "nets parameters"], Int[Tensor, "nets"]], Float[Tensor, "nets parameters"]
]


@dataclass
class _Stack:
    """The networks still in training, and what is remembered of each."""

    population: Population
    optimiser: torch.optim.Optimizer
    nets: Tensor  # their places among all networks
    reference: Tensor  # the loss at the last real progress, and its step
    since: Tensor
    margins: Tensor | None = None  # y f of all patterns at the last check

    @classmethod
    def of(cls, population: Population, optimiser: Optimiser) -> "_Stack":
        weights = population.weights
        nets = torch.arange(len(population), device=weights.device)
        return cls(population, optimiser([weights]), nets, torch.full_like(weights[:, 0], torch.inf), nets * 0)

    def judge(self, losses: Tensor, step: int, stop: Stop) -> list[str]:
        """Why each network stops now; empty where it goes on."""
        better = stop.progressed(losses, self.reference)
        self.reference, self.since = losses.where(better, self.reference), self.since.masked_fill(better, step)
        zero, stalled = stop.reached_zero(losses).tolist(), stop.stalled(step, self.since).tolist()
        last = STEPS if step == stop.steps else ""
        return [SATISFIED if z else PLATEAU if s else last for z, s in zip(zero, stalled, strict=True)]

    def keep(self, stay: Tensor) -> None:
        weights = keep(self.optimiser, stay)
        self.population = self.population.take(stay)
        self.population.weights = weights
        self.nets, self.reference, self.since = self.nets[stay], self.reference[stay], self.since[stay]
        self.margins = None if self.margins is None else self.margins[stay]

    def in_reach(self, margins: Tensor, loss: Loss) -> Tensor:
        """Patterns that pull, or would if y f fell by twice the largest fall since the last check.

        A pull below the rounding of 1 is none: that is where the tail of a soft hinge ends.
        """
        if self.margins is None:
            needed = torch.ones_like(margins, dtype=torch.bool)
        else:
            reach = 2 * (self.margins - margins).clamp(min=0).amax(1, keepdim=True)
            pull = slope(loss, (margins - reach)[..., None], torch.ones_like(margins))[..., 0].abs()
            needed = pull > torch.finfo(pull.dtype).eps / 4
        self.margins = margins
        return needed

    def blocks(self, patterns: Patterns, counted: Tensor | None = None) -> list[_Block]:
        """The networks with their patterns, in blocks that fit the cache, each padded no further than it needs."""
        parts = self.population.blocks(patterns.inputs.shape[-2])
        if counted is None:
            return [(part, patterns.of(part), None) for part in parts]
        blocks: list[_Block] = []
        for part in parts:
            longest = max(int(counted[part].sum(1).max()), 1)
            block = Patterns(patterns.inputs[part, :longest], patterns.labels[part, :longest])
            blocks.append((part, block, counted[part, :longest]))
        return blocks

    def descend(
        self, blocks: list[_Block], loss: Loss, points: int, project: Project | None, perturb: Perturb | None
    ) -> None:
        """One step of the optimiser on (1/points) Σ_μ ℓ_μ, patterns counted with the weights of their block."""
        weights = self.population.weights
        gradient = self.gradient(weights, blocks, loss, points)
        if perturb is not None:
            away = _like(gradient, perturb(weights, gradient), "perturb")
            gradient = self.gradient(weights + away, blocks, loss, points)
        if project is not None:
            gradient = _like(gradient, project(self.population, gradient, self.nets), "project")
        weights.grad = gradient
        self.optimiser.step()

    def gradient(
        self, weights: Float[Tensor, "nets parameters"], blocks: list[_Block], loss: Loss, points: int
    ) -> Float[Tensor, "nets parameters"]:
        """Of (1/points) Σ_μ ℓ_μ at these weights."""
        gradients = []
        for part, patterns, counted in blocks:
            outputs, pull = self.population.pullback(weights[part], patterns.inputs, part)
            share = 1 / points if counted is None else (counted / points)[..., None]
            gradients.append(pull(slope(loss, outputs, patterns.labels) * share))
        return torch.cat(gradients)


def _like(gradient: Tensor, found: Tensor, what: str) -> Tensor:
    """What a function of the caller's returned, if it has the shape of a gradient."""
    if found.shape != gradient.shape:
        raise ValueError(f"train: {what} returned shape {tuple(found.shape)}, need {tuple(gradient.shape)}")
    return found


@dataclass
class _Record:
    """What comes out: filled in as networks finish."""

    population: Population  # all networks, each as it is when it finishes, or was at the last time kept
    probe: Tensor | None
    loss: Tensor
    steps: Tensor
    reasons: list[str]
    times: list[int]
    curves: list[Tensor]
    outputs: list[Tensor]
    at: tuple[int, ...]
    snapshots: list[Tensor]
    began: float

    @classmethod
    def of(cls, population: Population, probe: Tensor | None, at: tuple[int, ...]) -> "_Record":
        own = population.take(range(len(population)))
        w = own.weights
        steps = torch.zeros(len(population), dtype=torch.long, device=w.device)
        loss = torch.full_like(w[:, 0], torch.nan)
        return cls(own, probe, loss, steps, [""] * len(own), [], [], [], at, [], time.perf_counter())

    def add(self, step: int, losses: Tensor, stack: _Stack, reasons: list[str]) -> None:
        self.loss[stack.nets], self.steps[stack.nets] = losses, step
        finished = [i for i, reason in enumerate(reasons) if reason]
        for i in finished:
            net = int(stack.nets[i])
            self.population.weights[net], self.reasons[net] = stack.population.weights[i], reasons[i]
        if not self.times or step >= 1.25 * self.times[-1] or len(finished) == len(reasons):
            self.times.append(step)
            self.curves.append(self.loss.clone())
            if self.probe is not None:
                self.population.weights[stack.nets] = stack.population.weights
                self.outputs.append(self.population(self.probe))

    def snapshot(self, stack: _Stack) -> None:
        self.population.weights[stack.nets] = stack.population.weights
        self.snapshots.append(self.population.weights.clone())

    def run(self) -> Run:
        outputs = torch.stack(self.outputs) if self.outputs else None
        late = [self.population.weights.clone()] * (len(self.at) - len(self.snapshots))
        weights = torch.stack(self.snapshots + late) if self.at else None
        history = History(torch.tensor(self.times), torch.stack(self.curves), outputs, weights)
        seconds = time.perf_counter() - self.began
        return Run(self.population, self.loss, self.steps, tuple(self.reasons), history, seconds)


def train(
    population: Population,
    inputs: Float[Tensor, "*nets points features"],
    labels: Tensor,
    *,
    optimiser: Optimiser,
    stop: Stop,
    loss: Loss = quadratic_hinge,
    judged: Loss | None = None,
    every: int = 10,
    working_set: bool = False,
    batch: int | None = None,
    seed: int = 0,
    probe: Float[Tensor, "*_ probed features"] | None = None,
    at: Iterable[SupportsIndex] = (),
    project: Project | None = None,
    perturb: Perturb | None = None,
    setting: str = "",
    progress: bool = False,
) -> Run:
    """Descend 𝓛 = (1/P) Σ_μ ℓ(f(x_μ), y_μ) with every network at once, until each meets its stopping rule.

    Inputs and labels are shared, (points, features) and (points,), or one set a network, with a leading axis nets.
    Every ``every`` steps all losses are computed, the rules judged, and finished networks leave the stack.
    ``judged`` is the loss that rules and history look at, where it is not the one that is descended: a soft hinge is
    never zero, and ends where the hinge is.
    A loss that is NaN or infinite ends the run with a `DivergedError` that names step, networks and ``setting``.

    ``working_set`` back-propagates only the patterns that may have a gradient, for a loss of finite range (the hinges):
    those that pull, or would if their output moved against their label by twice the largest such move since the last
    check. With ``every=1`` this is exact; with more, a pattern that moves faster than that is missed
    until the next check.

    ``batch`` draws that many patterns a step (SGD), for each network from a generator of its own, seeded by ``seed``
    and the network's own seed.

    ``probe``: inputs, shared or one set a network, at which the outputs are kept in the history: test points, say.
    ``at``: steps, after which the weights are kept in the history (0: the initial ones); `Run.at` has the networks.

    ``project`` gives what is descended in place of the gradients, (nets, parameters): it is called at every step with
    the networks that are left, their gradients, and their places among all. `measure.curvature.top_projection` is one.
    ``perturb`` says how far from the weights the gradient is taken, (nets, parameters), given the weights and their
    own gradients: `sam` is one. A step then takes two gradients of the same batch.

    >>> from landscape_lib.nets import MLP
    >>> from landscape_lib.training import Stop, adam, train
    >>> x = torch.eye(4, dtype=torch.float64)
    >>> nets = Population(lambda seed: MLP(d=4, h=20, L=2, seed=seed), seeds=[0, 1])
    >>> train(nets, x, torch.tensor([1.0, -1, 1, -1]).double(), optimiser=adam(0.01), stop=Stop(steps=2000)).satisfied
    (True, True)
    """
    population.checked(inputs)
    refuse_rules(inputs, labels, every, working_set, batch, perturb is not None)
    patterns = checked_patterns(population, inputs, labels, loss)
    points = patterns.inputs.shape[-2] if batch is None else batch
    batches = None if batch is None else Batches(population, seed, patterns.inputs.shape[-2], batch)
    stack = _Stack.of(population.take(range(len(population))), optimiser)  # the caller's networks stay as they are
    record = _Record.of(population, None if probe is None else population.checked(probe), kept_steps(at, stop.steps))
    blocks: list[_Block] = []

    with tqdm(total=stop.steps, disable=None if progress else True, desc=setting or "training") as bar:
        for step in range(stop.steps + 1):
            if step in record.at:
                record.snapshot(stack)
            if step % every == 0 or step == stop.steps:
                here = patterns.of(stack.nets)
                outputs = stack.population(here.inputs)
                losses = (judged or loss)(outputs, here.labels).mean(-1)
                refuse_broken(losses, stack.nets, step, setting)
                reasons = stack.judge(losses, step, stop)
                record.add(step, losses, stack, reasons)
                stay = torch.tensor([not reason for reason in reasons], device=losses.device)
                if not stay.any():
                    break
                if not stay.all():
                    stack.keep(stay)
                    here, outputs = patterns.of(stack.nets), outputs[stay]
                if working_set:
                    needed = stack.in_reach(outputs[..., 0] * here.labels, loss)
                    alike = needed.sum(1).argsort()  # side by side, so that a block pads little
                    stack.keep(alike)
                    blocks = stack.blocks(*here.of(alike).chosen(needed[alike]))
                else:
                    blocks = stack.blocks(here)
                bar.update(min(every, stop.steps - step))
            if batches is not None:
                blocks = stack.blocks(patterns.at(stack.nets, batches.draw(stack.nets)))
            stack.descend(blocks, loss, points, project, perturb)
    return record.run()
