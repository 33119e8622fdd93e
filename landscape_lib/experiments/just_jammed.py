"""Networks that are just jammed: patterns are added one by one to a network that fits them all, until it cannot.

A packing is brought to its transition by compressing it, from one minimum to the next. Here patterns are the grains.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.experiments.jamming import task
from landscape_lib.measure.gap_exponents import gap_counts
from landscape_lib.measure.jamming import effective_parameters, gaps, silenced, unsatisfied
from landscape_lib.training import SATISFIED, ZERO, Stop, come_to_rest, end_states, quadratic_hinge

STOP = Stop(20_000, satisfied=ZERO, plateau=(500, 0.01))


def present(
    outputs: Float[Tensor, "nets points 1"], labels: Float[Tensor, "nets points"]
) -> Float[Tensor, "nets points"]:
    """The quadratic hinge of the patterns that are there; a label of 0 says that one is not there yet."""
    return quadratic_hinge(outputs, labels) * labels.abs()


def compress(
    L: int, h: int, *, seeds: Sequence[int], begin: float = 2.2, most: float = 3.6, steps: int = 500
) -> list[dict[str, Any]]:
    """Random data, d = h: networks at their own transition, one row a network.

    A network of N weights begins with ``begin`` N patterns and is brought to zero loss. Then patterns are added, some
    at a time, and it follows to zero again from where it is; where it cannot, half as many are added to the last state
    at zero, down to one. It is ``jammed`` when one pattern more leaves it at rest with a positive loss: at that P. One
    that does not fit even the first patterns, or fits ``most`` N, is not, and tells why in ``stopped``.

    ``overlaps`` and ``negative_gaps`` are its `gap_counts` there, ``unsatisfied`` N_Δ, ``silenced_loss`` as in
    `jamming.train_widths`.
    """
    if not 0 < begin < most:
        raise ValueError(f"compress: patterns a weight from {begin} to {most}, need 0 < begin < most")
    began, N = time.perf_counter(), effective_parameters(h, h, L)
    limit, first = round(most * N), round(begin * N)
    tasks = [task("random", "random", limit + limit % 2, h, seed) for seed in seeds]
    inputs, labels = (torch.stack([getattr(each, name) for each in tasks]) for name in ("inputs", "labels"))
    order = torch.arange(inputs.shape[1])
    starts = [replace(each, inputs=each.inputs[:first], labels=each.labels[:first]) for each in tasks]
    run = end_states(starts, [h], seeds, L=L, steps=steps, stop=STOP)
    nets = run.population
    fits = torch.full((len(seeds),), first)  # patterns that each is known to fit, and how many come next
    batch = torch.full_like(fits, max(1, N // 20))
    jammed = nets.take(range(len(nets)))
    stopped = ["" if satisfied else "does not fit the first patterns" for satisfied in run.satisfied]
    while going := [i for i, reason in enumerate(stopped) if not reason]:
        nets_on = torch.tensor(going)
        tried = (fits[nets_on] + batch[nets_on]).clamp(max=limit)
        last = int(tried.max())
        there = labels[nets_on, :last] * (order[:last] < tried[:, None])
        setting = f"L={L}, h={h}, to jamming"
        run = come_to_rest(nets.take(nets_on), inputs[nets_on, :last], there, loss=present, stop=STOP, setting=setting)
        for k, i in enumerate(going):
            if run.reasons[k] == SATISFIED:
                nets.weights[i], fits[i] = run.population.weights[k], tried[k]
                if tried[k] == limit:
                    stopped[i] = "fits all there are"
            elif batch[i] > 1:
                batch[i] //= 2
            else:
                jammed.weights[i], fits[i], stopped[i] = run.population.weights[k], tried[k], "jammed"
    seconds, rows = (time.perf_counter() - began) / len(seeds), []
    for i, seed in enumerate(seeds):
        P, is_jammed = int(fits[i]), stopped[i] == "jammed"
        x, y = inputs[i : i + 1, :P], labels[i : i + 1, :P]
        net = jammed.take([i])
        delta, losses, off = gaps(net(x), y), quadratic_hinge(net(x), y), silenced(net, x)
        overlaps, negative = gap_counts(delta)
        rows.append(
            {
                "dataset": "random",
                "L": L,
                "d": h,
                "h": h,
                "N": N,
                "P": P,
                "seed": seed,
                "stopped": stopped[i],
                "loss": losses.mean().item() if is_jammed else None,
                "unsatisfied": int(unsatisfied(delta, (2 * P * ZERO) ** 0.5)) if is_jammed else None,
                "silenced_loss": ((losses * off).sum() / losses.sum()).item() if is_jammed else None,
                "overlaps": " ".join(map(str, overlaps[0])) if is_jammed else "",
                "negative_gaps": " ".join(map(str, negative[0])) if is_jammed else "",
                "seconds": seconds,
                "data_sha256": tasks[i].sha256,
            }
        )
    return rows


EXPERIMENT = compress
DIGITS: int | None = 6  # of floats in a table
