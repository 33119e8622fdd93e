"""Descent to rest: where a network ends, and not how it gets there."""

import time
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from landscape_lib.nets import Population
from landscape_lib.training._losses import Loss, quadratic_hinge, slope
from landscape_lib.training._patterns import Patterns, checked_patterns
from landscape_lib.training._quasi_newton import QuasiNewton
from landscape_lib.training._runs import History, Run, refuse_broken
from landscape_lib.training._stopping import AT_REST, OUT_OF_PATIENCE, SATISFIED, Stop

REST = Stop(steps=20_000, plateau=(500, 0.01))  # evaluations


@dataclass(frozen=True)
class Rest(Run):
    """Networks at rest: ``steps`` counts evaluations of loss and gradient, ``gradient`` is the ‖∇𝓛‖ that is left.

    ``reasons`` are "satisfied", "at rest" and "out of patience". ``kinks`` counts the searches that ended at a kink:
    at a minimum on a kink the gradient does not vanish.
    """

    gradient: Float[Tensor, "nets"]
    kinks: Int[Tensor, "nets"]


def come_to_rest(
    population: Population,
    inputs: Float[Tensor, "*nets points features"],
    labels: Tensor,
    *,
    loss: Loss = quadratic_hinge,
    stop: Stop = REST,
    memory: int = 30,
    setting: str = "",
    progress: bool = False,
) -> Rest:
    """Follow 𝓛 = (1/P) Σ_μ ℓ(f(x_μ), y_μ) of every network by L-BFGS from where it is, to zero or to rest.

    All patterns count at every evaluation. A network is *satisfied* when 𝓛 < ``stop.satisfied``; *at rest* when in
    ``stop.plateau[0]`` evaluations its loss fell by less than the fraction ``stop.plateau[1]``, or when a search along
    −∇𝓛 finds nothing lower; *out of patience* after ``stop.steps`` evaluations.

    It is no model of training: begin with a descent that is one (`train`), and use this where the end state is the
    subject. Double precision; in single precision the line search ends at the rounding of the loss.

    >>> from landscape_lib.nets import MLP
    >>> x = torch.eye(4, dtype=torch.float64)
    >>> nets = Population(lambda seed: MLP(d=4, h=20, L=2, seed=seed), seeds=[0, 1])
    >>> come_to_rest(nets, x, torch.tensor([1.0, -1, 1, -1]).double()).satisfied
    (True, True)
    """
    if isinstance(memory, bool) or not isinstance(memory, int) or memory < 1:
        raise ValueError(f"come_to_rest: memory is {memory!r}, need a whole number of pairs of at least 1")
    if stop.plateau is None:
        raise ValueError("come_to_rest: stop has no plateau, (evaluations, fraction), need one to know rest by")
    began, patterns = time.perf_counter(), checked_patterns(population, inputs, labels, loss)
    ends = population.take(range(len(population)))
    nets = torch.arange(len(ends), device=ends.weights.device)
    objective = _Objective(ends, patterns, loss)
    losses, gradient = objective(ends.weights)
    refuse_broken(losses, nets, 0, setting)
    search = QuasiNewton(ends.weights.clone(), losses, gradient, memory)
    final, steps, kinks = losses.clone(), torch.zeros_like(nets), torch.zeros_like(nets)
    remaining = torch.zeros_like(losses)
    reasons, times, curves = [""] * len(nets), [0], [losses.clone()]
    reference, since = losses, torch.zeros_like(nets)

    with tqdm(total=stop.steps, disable=None if progress else True, desc=setting or "to rest") as bar:
        for step in range(stop.steps + 1):
            if step:
                search.advance(*objective(search.trial))
                bar.update()
            better = stop.progressed(search.value, reference)
            reference, since = search.value.where(better, reference), since.masked_fill(better, step)
            satisfied = stop.reached_zero(search.value)
            rested = stop.stalled(step, since) | search.stuck
            finished = satisfied | rested | (step == stop.steps)
            if step >= 1.25 * times[-1] or finished.all():
                final[nets] = search.value
                times.append(step)
                curves.append(final.clone())
            if not finished.any():
                continue
            done = nets[finished]
            ends.weights[done], final[done] = search.point[finished], search.value[finished]
            steps[done], kinks[done] = step, search.kinks[finished]
            remaining[done] = search.gradient[finished].norm(dim=-1)
            for net, zero, rest in zip(
                done.tolist(), satisfied[finished].tolist(), rested[finished].tolist(), strict=True
            ):
                reasons[net] = SATISFIED if zero else AT_REST if rest else OUT_OF_PATIENCE
            if finished.all():
                break
            nets, reference, since = nets[~finished], reference[~finished], since[~finished]
            objective = _Objective(ends.take(nets), patterns.of(nets), loss, objective.sparse)
            search.keep(~finished)
    history = History(torch.tensor(times), torch.stack(curves))
    return Rest(
        ends, final, steps, tuple(reasons), history, time.perf_counter() - began, gradient=remaining, kinks=kinks
    )


@dataclass
class _Objective:
    """𝓛 and ∇𝓛 of networks at other weights.

    Once fewer than half of the patterns pull, near zero most of the time, the outputs of all are computed first and
    only those that pull are back-propagated: the same numbers up to rounding, in up to half of the time.
    """

    population: Population
    patterns: Patterns
    loss: Loss
    sparse: bool = False

    def __call__(
        self, weights: Float[Tensor, "nets parameters"]
    ) -> tuple[Float[Tensor, "nets"], Float[Tensor, "nets parameters"]]:
        losses, gradients, shares = [], [], []
        for part in self.population.blocks(points := self.patterns.inputs.shape[-2]):
            here, at = self.patterns.of(part), weights[part]
            if self.sparse:
                with torch.no_grad():
                    outputs = self.population.evaluate(self.population.views(at), here.inputs, part)
            else:
                outputs, pull = self.population.pullback(at, here.inputs, part)
            losses.append(self.loss(outputs, here.labels).mean(-1))
            pulls = slope(self.loss, outputs, here.labels) / points
            pulling = (pulls != 0).any(-1)
            shares.append(pulling.sum(1).max() / points)
            if self.sparse:
                chosen, counted = here.chosen(pulling)
                outputs, pull = self.population.pullback(at, chosen.inputs, part)
                pulls = slope(self.loss, outputs, chosen.labels) * (counted / points)[..., None]
            gradients.append(pull(pulls))
        self.sparse = bool(torch.stack(shares).max() < 0.5)
        return torch.cat(losses), torch.cat(gradients)
