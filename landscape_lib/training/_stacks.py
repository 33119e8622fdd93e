"""Networks of many widths, trained in one stack."""

import time
from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.data import Task
from landscape_lib.nets import MLP, Population, widen
from landscape_lib.training._descent import train
from landscape_lib.training._losses import cross_entropy, quadratic_hinge, soft_hinge
from landscape_lib.training._optimisers import adam
from landscape_lib.training._rest import REST, Rest, come_to_rest
from landscape_lib.training._runs import History, Run
from landscape_lib.training._stopping import SATISFIED, STEPS, Stop

ZERO = 1e-12  # a loss per pattern below this is none
LOSSES = {"quadratic_hinge": quadratic_hinge, "soft_hinge": soft_hinge, "cross_entropy": cross_entropy}


def bands(widths: Sequence[int], ratio: float = 1.35) -> list[list[int]]:
    """Widths in groups no wider than ``ratio``: a stack saves fixed costs, a narrow network loses by being widened.

    >>> bands([4, 5, 6, 8, 10, 14])
    [[4, 5], [6, 8], [10], [14]]
    """
    groups: list[list[int]] = []
    for h in sorted(set(widths)):
        if groups and h <= ratio * groups[-1][0]:
            groups[-1].append(h)
        else:
            groups.append([h])
    return groups


def descend(
    tasks: Sequence[Task],
    widths: Sequence[int],
    seeds: Sequence[int],
    *,
    L: int,
    loss: str,
    lr: float,
    steps: int,
    activation: str = "relu",
    dtype: torch.dtype = torch.float64,
    probe: Float[Tensor, "*_ probed features"] | None = None,
    device: str = "cpu",
) -> Run:
    """Train one network a width and seed, the ``tasks[i]`` being those of ``seeds[i]``, width by width, all at once.

    Full-batch Adam from orthogonal weights and zero biases, until the loss is zero (of a soft hinge, the hinge that it
    rounds), stands still for 2,000 steps, or the ``steps`` are over. ReLU networks of all widths are widened to the
    widest, which changes neither what they compute nor how they learn, so that they train in one stack. The history
    keeps the outputs at ``probe``.
    """
    population, inputs, labels = _stacked(tasks, widths, seeds, L, activation, dtype, device)
    return train(
        population,
        inputs,
        labels,
        optimiser=adam(lr),
        stop=Stop(steps, satisfied=ZERO, plateau=(2000, 0.01)),
        loss=LOSSES[loss],
        judged=quadratic_hinge if loss == "soft_hinge" else None,
        working_set=loss != "cross_entropy",
        probe=None if probe is None else probe.to(device, dtype),
        setting=f"{_setting(tasks, widths, L, loss)}, lr={lr:g}",
    )


def end_states(
    tasks: Sequence[Task],
    widths: Sequence[int],
    seeds: Sequence[int],
    *,
    L: int,
    loss: str = "quadratic_hinge",
    lr: float = 1e-3,
    steps: int = 2_000,
    stop: Stop = REST,
    activation: str = "relu",
    device: str = "cpu",
) -> Rest:
    """Where the networks of `descend` end: ``steps`` of Adam, then L-BFGS on the same loss, to zero or to rest.

    A network that Adam brings to zero stays there. What is counted as ``steps`` are the evaluations of `come_to_rest`.
    """
    begun = descend(tasks, widths, seeds, L=L, loss=loss, lr=lr, steps=steps, activation=activation, device=device)
    inputs, labels = _patterns(tasks, widths, torch.float64, device)
    setting = f"{_setting(tasks, widths, L, loss)}, to rest"
    run = come_to_rest(begun.population, inputs, labels, loss=LOSSES[loss], stop=stop, setting=setting)
    return replace(run, seconds=begun.seconds + run.seconds)


def annealed(
    tasks: Sequence[Task],
    widths: Sequence[int],
    seeds: Sequence[int],
    *,
    L: int,
    loss: str = "quadratic_hinge",
    lr: float = 1e-3,
    steps: int = 30_000,
    then: int = 10_000,
    stages: int = 3,
    device: str = "cpu",
) -> Run:
    """Where the networks of `descend` end by Adam alone, with decaying steps: the other way to rest.

    ``steps`` of size ``lr``, then ``stages`` times ``then`` steps, each a tenth as large as those before, to those that
    are not at zero. The papers' code divides its steps by ten every 250,000, down to 1e-7 (1809.09349). A network whose
    loss stands still for one size of the step goes on with the next.
    """
    population, inputs, labels = _stacked(tasks, widths, seeds, L, "relu", torch.float64, device)
    began, taken = time.perf_counter(), 0
    left = torch.arange(len(population), device=device)
    final, at, reasons = torch.zeros(len(left)).to(inputs), torch.zeros_like(left), [STEPS] * len(left)

    for stage in range(stages + 1):
        size, limit = lr / 10**stage, then if stage else steps
        run = train(
            population.take(left),
            inputs[left],
            labels[left],
            optimiser=adam(size),
            stop=Stop(limit, satisfied=ZERO, plateau=(2000, 0.01)),
            loss=LOSSES[loss],
            working_set=loss != "cross_entropy",
            setting=f"{_setting(tasks, widths, L, loss)}, lr={size:g}",
        )
        population.weights[left], final[left], at[left] = run.population.weights, run.loss, taken + run.steps
        for net, reason in zip(left.tolist(), run.reasons, strict=True):
            reasons[net] = reason
        taken += int(run.steps.max())
        left = left[torch.tensor([reason != SATISFIED for reason in run.reasons], device=device)]
        if not len(left):
            break
    history = History(at.max()[None].cpu(), final[None])
    return Run(population, final, at, tuple(reasons), history, time.perf_counter() - began)


def _setting(tasks: Sequence[Task], widths: Sequence[int], L: int, loss: str) -> str:
    return f"P={tasks[0].inputs.shape[0]}, h={min(widths)} to {max(widths)}, L={L}, {loss}"


def _stacked(
    tasks: Sequence[Task],
    widths: Sequence[int],
    seeds: Sequence[int],
    L: int,
    activation: str,
    dtype: torch.dtype,
    device: str,
) -> tuple[Population, Tensor, Tensor]:
    """A network a width and seed, and the inputs and labels of each."""
    d = tasks[0].inputs.shape[1]
    members = [(h, seed) for h in widths for seed in seeds]

    def member(i: int) -> MLP:
        net = MLP(d, members[i][0], L, activation=activation, seed=members[i][1])
        return net if len(set(widths)) == 1 else widen(net, max(widths))

    return Population(member, range(len(members)), dtype=dtype, device=device), *_patterns(tasks, widths, dtype, device)


def _patterns(tasks: Sequence[Task], widths: Sequence[int], dtype: torch.dtype, device: str) -> tuple[Tensor, Tensor]:
    inputs = torch.stack([task.inputs for task in tasks]).to(device, dtype).repeat(len(widths), 1, 1)
    labels = torch.stack([task.labels for task in tasks]).to(device, dtype).repeat(len(widths), 1)
    return inputs, labels
