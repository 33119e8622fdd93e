"""Gradient flow, dw/dt = −∇𝓛, of a population, each network in its own time."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from landscape_lib.nets import Population
from landscape_lib.training._euler import Euler, Field, Kernel
from landscape_lib.training._losses import Loss, quadratic_hinge, soft_hinge
from landscape_lib.training._patterns import Patterns, checked_patterns
from landscape_lib.training._runs import History, Run, refuse_broken
from landscape_lib.training._stopping import PLATEAU, SATISFIED, STEPS, Stop

TIME = "time"  # why a flow ends, besides what ends a descent
TURN = 1e-4  # of ∇𝓛 in a step, ‖g − g'‖² / (‖g‖ ‖g'‖), as in the authors' code
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
    turn: float = TURN,
    kernel: Kernel | None = None,
    setting: str = "",
    progress: bool = False,
) -> Flow:
    """Follow dw/dt = −∇𝓛, 𝓛 = (1/α² P) Σ_μ ℓ(F(x_μ), y_μ), F = α (f(w) − f(w₀)), as in 1906.08034 and 1812.07956.

    α, one number or one a network, says how little the weights must move to change F by one. For α → ∞ training is
    lazy, and F follows the flow of the tangent kernel, dF/dt = −(1/P) Θ ℓ'(F), in which there is no α.

    **One α.** It multiplies f as the network is parametrised here. With ``parametrisation="ntk"``, f of order one, the
    crossover from feature to lazy training lies at α* ~ h^(−1/2), so that α̃ = √h α is of order one there. With
    "mean_field", whose f is smaller by √h, as in the authors' code, which divides the last layer by h, α̃ is α itself
    (but for the bias of the output, which nothing divides there, and which adds 1 to a kernel of order 1/h).
    Their code also has 1/α before the loss in place of 1/α²: its times are ours divided by α.

    Euler's steps, each network with its own length: a step is taken if it turns the gradient by less than
    ‖g − g'‖² / (‖g‖ ‖g'‖) = ``turn`` and moves no F on a pattern by more than 0.1, else tried again, shorter. At a kink
    of ReLU the gradient jumps however short the step is: one is taken too whose error in F, the product of both, is
    what these bounds allow, 1e-3. F comes out to about half a percent, and for a third of that ``turn`` is 1e-6. Both
    sides of a kink may lead to it, and a ReLU network then follows it in small steps; the papers' ``"softplus"`` has
    no kinks.

    With ``kernel``, such as `measure.kernel.tangent_kernels`, steps are linearly implicit: ℓ' is taken where a step
    ends, ℓ' + ℓ'' ΔF with ΔF = −(dt/P) Θ (ℓ' + ℓ'' ΔF), which asks for Θ and for P equations at every step. Steep
    directions of 𝓛 then no longer bound the steps of all: where Θ has a condition number of 1e5 or more, as with many
    patterns and in convolutional networks, the same path takes up to a hundred times fewer. F comes out to about two
    percent at a ``turn`` of 1e-2, and to one at 1e-3. For `mean_square` they are exact where Θ stays: the wider or
    lazier the network, the less they err.

    It ends where the mean of ℓ (for `soft_hinge`, of the hinge that it rounds) is below ``stop.satisfied``, for the
    hinges min y F > 1; or at the time ``until``, on a plateau of ℓ, without a gradient, or after ``stop.steps``.

    >>> from landscape_lib.nets import MLP
    >>> nets = Population(lambda seed: MLP(4, 20, 1, parametrisation="ntk", activation="softplus", seed=seed), [0, 1])
    >>> x, y = 2 * torch.eye(4).double(), torch.tensor([1.0, -1, 1, -1]).double()
    >>> run = gradient_flow(nets, x, y, alpha=[0.1, 100.0])
    >>> run.satisfied, (run.outputs(x)[..., 0] * y).min().item() > 1
    ((True, True), True)
    """
    patterns, alphas, clock = _checked(population, inputs, labels, loss, alpha, until, times, turn)
    began, own = time.perf_counter(), population.take(range(len(population)))
    judged = quadratic_hinge if loss is soft_hinge else loss
    euler = Euler.begin(Field(population, patterns, loss, alphas, population(inputs), kernel))
    weights = own.weights.expand(len(clock), *own.weights.shape).clone()  # of t = 0
    reached, final, reasons = torch.zeros_like(alphas), torch.zeros_like(alphas), [""] * len(own)
    steps, rejected = torch.zeros_like(euler.nets), torch.zeros_like(euler.nets)
    kept: list[int] = []
    curves: list[Tensor] = []
    reference, since = torch.full_like(alphas, math.inf), torch.zeros_like(euler.nets)

    with _no_denormals(), tqdm(total=stop.steps, disable=None if progress else True, desc=setting or "flow") as bar:
        for step in range(stop.steps + 1):
            nets, t, here = euler.nets, euler.t, euler.here
            losses = euler.field.losses(here, nets, judged)
            refuse_broken(losses, nets, step, setting)
            falling = euler.field.losses(here, nets, loss)  # the hinge may rise where the soft one falls
            better = stop.progressed(falling, reference)
            reference, since = falling.where(better, reference), since.masked_fill(better, step)
            zero, stalled = stop.reached_zero(losses), stop.stalled(step, since) | (here.gradient == 0).all(-1)
            finished = zero | stalled | (t >= until) | (step == stop.steps)
            final[nets] = losses
            if not kept or step >= 1.25 * kept[-1] or finished.all():
                kept.append(step)
                curves.append(final.clone())
            for i in finished.nonzero().flatten().tolist():
                net, late = int(nets[i]), TIME if t[i] >= until else STEPS
                own.weights[net], reached[net], steps[net] = here.weights[i], t[i], step
                weights[clock >= t[i], net] = here.weights[i]
                reasons[net] = SATISFIED if zero[i] else PLATEAU if stalled[i] else late
            if finished.any():
                euler.keep(~finished)
                reference, since = reference[~finished], since[~finished]
                if finished.all():
                    break
            taken, before, left = euler.advance(until, turn)
            passed = taken[:, None] & (clock > before[:, None]) & (clock <= euler.t[:, None])
            for i, k in passed.nonzero().tolist():
                share = (clock[k] - before[i]) / (euler.t[i] - before[i])
                weights[k, euler.nets[i]] = left.weights[i].lerp(euler.here.weights[i], share)
            rejected[euler.nets] += ~taken
            bar.update()
    history, seconds = History(torch.tensor(kept), torch.stack(curves)), time.perf_counter() - began
    end = (own, final, steps, tuple(reasons), history, seconds, reached, alphas)
    return Flow(*end, population.take(range(len(own))), clock, weights, rejected)


@contextmanager
def _no_denormals() -> Iterator[None]:
    """Numbers below the smallest normal one are zero meanwhile.

    A satisfied pattern pulls with e^{−20 (Fy − 1)}, a unit that is off passes e^{5z} on. In single precision many of
    these are denormal, which no sum notices, but products of such matrices take ten times as long.
    """
    before = (torch.tensor([torch.finfo(torch.float32).tiny]) / 2).item() == 0
    torch.set_flush_denormal(True)  # False where a processor cannot
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def _checked(
    population: Population,
    inputs: Tensor,
    labels: Tensor,
    loss: Loss,
    alpha: float | Sequence[float] | Tensor,
    until: float,
    times: Sequence[float] | Tensor,
    turn: float,
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
    if isinstance(turn, bool) or not 0 < turn < 1:
        raise ValueError(f"gradient_flow: turn is {turn!r}, need a number between 0 and 1, such as {TURN}")
    return patterns, alphas.expand(len(population)).clone(), clock
