"""Training of a population: many networks descend at once, each as it would alone, and leave when they are done."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from landscape_lib.nets import Population
from landscape_lib.training.losses import quadratic_hinge
from landscape_lib.training.optimisers import Optimiser, keep
from landscape_lib.training.stopping import PLATEAU, SATISFIED, STEPS, Stop

Loss = Callable[[Tensor, Tensor], Tensor]


class DivergedError(RuntimeError):
    """A loss became NaN or infinite."""


@dataclass(frozen=True)
class History:
    """𝓛 of every network at some steps, about ten a decade; a finished network keeps its last value."""

    steps: Int[Tensor, "times"]
    loss: Float[Tensor, "times nets"]


@dataclass(frozen=True)
class Run:
    """Trained networks, in the order they were given in: final loss 𝓛, steps taken, why each stopped, history."""

    population: Population
    loss: Float[Tensor, "nets"]
    steps: Int[Tensor, "nets"]
    reasons: tuple[str, ...]
    history: History

    @property
    def satisfied(self) -> tuple[bool, ...]:
        """Which networks ended at zero loss."""
        return tuple(reason == SATISFIED for reason in self.reasons)


@dataclass(frozen=True)
class _Patterns:
    """The patterns of the networks in training: (nets, points, features) and (nets, points), or shared by all."""

    inputs: Tensor
    labels: Tensor

    def of(self, nets: Tensor | slice) -> "_Patterns":
        return _Patterns(
            self.inputs[nets] if self.inputs.ndim == 3 else self.inputs,
            self.labels[nets] if self.inputs.ndim == 3 else self.labels,
        )

    def chosen(self, mask: Tensor) -> tuple["_Patterns", Tensor]:
        """Each network's patterns where ``mask`` holds, padded to the longest list, and weights 1 and 0."""
        rank = mask.cumsum(1)
        index = torch.zeros(len(mask), max(int(rank[:, -1].max()), 1), dtype=torch.long, device=mask.device)
        nets, points = mask.nonzero(as_tuple=True)
        index[nets, rank[nets, points] - 1] = points
        weights = torch.arange(1, index.shape[1] + 1, device=mask.device) <= rank[:, -1:]
        if self.inputs.ndim == 2:
            picked = _Patterns(self.inputs[index], self.labels[index])
        else:
            picked = _Patterns(self.inputs.take_along_dim(index[..., None], 1), self.labels.take_along_dim(index, 1))
        return picked, weights.to(self.inputs.dtype)


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
        """Patterns with a loss, or with one if y f fell by twice the largest fall since the last check."""
        if self.margins is None:
            needed = torch.ones_like(margins, dtype=torch.bool)
        else:
            reach = 2 * (self.margins - margins).clamp(min=0).amax(1, keepdim=True)
            needed = loss((margins - reach)[..., None], torch.ones_like(margins)) > 0
        self.margins = margins
        return needed

    def descend(self, patterns: _Patterns, counted: Tensor | None, loss: Loss, points: int) -> None:
        """One step of the optimiser on (1/points) Σ_μ ℓ_μ, patterns counted with the weights ``counted``."""
        weights, gradients = self.population.weights, []
        for part in self.population.blocks(patterns.inputs.shape[-2]):
            block = patterns.of(part)
            views = {
                name: view.detach().requires_grad_() for name, view in self.population.views(weights[part]).items()
            }
            losses = loss(self.population.evaluate(views, block.inputs, part), block.labels)
            total = (losses if counted is None else losses * counted[part]).sum() / points
            parts = torch.autograd.grad(total, list(views.values()))
            gradients.append(torch.cat([g.flatten(1) for g in parts], dim=1))
        weights.grad = torch.cat(gradients)
        self.optimiser.step()


@dataclass
class _Record:
    """What comes out: filled in as networks finish."""

    weights: Tensor
    loss: Tensor
    steps: Tensor
    reasons: list[str]
    times: list[int]
    curves: list[Tensor]

    @classmethod
    def of(cls, population: Population) -> "_Record":
        w = population.weights
        steps = torch.zeros(len(population), dtype=torch.long, device=w.device)
        return cls(w.clone(), torch.full_like(w[:, 0], torch.nan), steps, [""] * len(population), [], [])

    def add(self, step: int, losses: Tensor, stack: _Stack, reasons: list[str]) -> None:
        self.loss[stack.nets], self.steps[stack.nets] = losses, step
        finished = [i for i, reason in enumerate(reasons) if reason]
        for i in finished:
            net = int(stack.nets[i])
            self.weights[net], self.reasons[net] = stack.population.weights[i], reasons[i]
        if not self.times or step >= 1.25 * self.times[-1] or len(finished) == len(reasons):
            self.times.append(step)
            self.curves.append(self.loss.clone())

    def run(self, population: Population) -> Run:
        trained = population.take(range(len(population)))
        trained.weights = self.weights
        history = History(torch.tensor(self.times), torch.stack(self.curves))
        return Run(trained, self.loss, self.steps, tuple(self.reasons), history)


def _refuse_broken(losses: Tensor, nets: Tensor, step: int, setting: str) -> None:
    broken = nets[~losses.isfinite()].tolist()
    if broken:
        raise DivergedError(
            f"training{' of ' + setting if setting else ''}: the loss of networks {broken} is NaN or infinite "
            f"at step {step}; lower the step size, or look for NaN in the inputs"
        )


def _checked(
    population: Population, inputs: Tensor, labels: Tensor, every: int, working_set: bool, batch: int | None
) -> _Patterns:
    """The patterns, after the door."""
    lead = (len(population),) if inputs.ndim == 3 else ()
    if inputs.ndim not in (2, 3) or tuple(inputs.shape[:-2]) != lead or inputs.shape[-2] == 0:
        raise ValueError(
            f"train: inputs have shape {tuple(inputs.shape)}, need (points, features) shared by all, or "
            f"({len(population)}, points, features), one set a network; at least one point"
        )
    if tuple(labels.shape[: len(lead) + 1]) != tuple(inputs.shape[:-1]):
        raise ValueError(
            f"train: labels have shape {tuple(labels.shape)} for inputs {tuple(inputs.shape)}; need {inputs.shape[:-1]}"
        )
    if inputs.dtype != population.weights.dtype or inputs.device != population.weights.device:
        raise ValueError(
            f"train: inputs are {inputs.dtype} on {inputs.device}, the networks {population.weights.dtype} on "
            f"{population.weights.device}; bring them together with .to(…)"
        )
    if isinstance(every, bool) or every < 1:
        raise ValueError(f"train: every is {every!r}, need a number of steps of at least 1")
    if batch is not None and not 1 <= batch <= inputs.shape[-2]:
        raise ValueError(f"train: batch is {batch}, need 1 to {inputs.shape[-2]}, the number of points")
    if working_set and batch is not None:
        raise ValueError("train: working_set and batch exclude each other: one chooses patterns, the other draws them")
    if working_set and labels.shape != inputs.shape[:-1]:
        raise ValueError("train: working_set needs labels ±1, one a pattern")
    return _Patterns(inputs, labels)


def train(
    population: Population,
    inputs: Float[Tensor, "*nets points features"],
    labels: Tensor,
    *,
    optimiser: Optimiser,
    stop: Stop,
    loss: Loss = quadratic_hinge,
    every: int = 10,
    working_set: bool = False,
    batch: int | None = None,
    seed: int = 0,
    setting: str = "",
    progress: bool = False,
) -> Run:
    """Descend 𝓛 = (1/P) Σ_μ ℓ(f(x_μ), y_μ) with every network at once, until each meets its stopping rule.

    Inputs and labels are shared, (points, features) and (points,), or one set a network, with a leading axis nets.
    Every ``every`` steps all losses are computed, the rules judged, and finished networks leave the stack.
    A loss that is NaN or infinite ends the run with a `DivergedError` that names step, networks and ``setting``.

    ``working_set`` back-propagates only the patterns that may have a gradient, for a loss of finite range (the hinges):
    those that are unsatisfied, or would be if their output moved against their label by twice the largest such move
    since the last check. With ``every=1`` this is exact; with more, a pattern that moves faster than that is missed
    until the next check.

    ``batch`` draws that many patterns a step, for each network its own, from a generator seeded by ``seed`` (SGD).

    >>> from landscape_lib.nets import MLP
    >>> from landscape_lib.training import Stop, adam, train
    >>> x = torch.eye(4, dtype=torch.float64)
    >>> nets = Population(lambda seed: MLP(d=4, h=20, L=2, seed=seed), seeds=[0, 1])
    >>> train(nets, x, torch.tensor([1.0, -1, 1, -1]).double(), optimiser=adam(0.01), stop=Stop(steps=2000)).satisfied
    (True, True)
    """
    patterns = _checked(population, inputs, labels, every, working_set, batch)
    points = patterns.inputs.shape[-2]
    generator = torch.Generator(patterns.inputs.device).manual_seed(seed)
    stack = _Stack.of(population.take(range(len(population))), optimiser)  # the caller's networks stay as they are
    record = _Record.of(population)
    here, counted = patterns, None

    with tqdm(total=stop.steps, disable=None if progress else True, desc=setting or "training") as bar:
        for step in range(stop.steps + 1):
            if step % every == 0 or step == stop.steps:
                here, counted = patterns.of(stack.nets), None
                outputs = stack.population(here.inputs)
                losses = loss(outputs, here.labels).mean(-1)
                _refuse_broken(losses, stack.nets, step, setting)
                reasons = stack.judge(losses, step, stop)
                record.add(step, losses, stack, reasons)
                stay = torch.tensor([not reason for reason in reasons], device=losses.device)
                if not stay.any():
                    break
                if not stay.all():
                    stack.keep(stay)
                    here, outputs = patterns.of(stack.nets), outputs[stay]
                if working_set:
                    here, counted = here.chosen(stack.in_reach(outputs[..., 0] * here.labels, loss))
                bar.update(min(every, stop.steps - step))
            if batch is not None:
                draw = torch.rand(len(stack.nets), points, generator=generator, device=losses.device)
                here, counted = patterns.of(stack.nets).chosen(draw.argsort(1).argsort(1) < batch)
            stack.descend(here, counted, loss, points if batch is None else batch)
    return record.run(population)
