"""Time to the same end state: a jamming curve, one network at a time against many at once.

A curve of ten widths and ten seeds at P = 1000, on MNIST where it is at hand, else on digits. Both sides get the same
tasks, the same initial weights, the same stopping rules, one thread and one process, and take turns, width by width, so
that what else the machine does falls on both.

The reference is the way of the papers' own code: one module at a time; a forward pass of all patterns, back-propagation
of the unsatisfied ones, fused Adam. ``--ingredients`` also times ours with one ingredient taken away.
"""

import argparse
import time
from collections.abc import Sequence

import torch

import landscape_lib
from landscape_lib.data import DataError, Task, load
from landscape_lib.experiments.jamming import task
from landscape_lib.nets import MLP, Population, widen
from landscape_lib.training import Stop, adam, bands, train

D, L, P, LR = 10, 3, 1000, 1e-3
WIDTHS = (5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
STOP = Stop(steps=10_000, plateau=(2000, 0.01))


def one_at_a_time(
    tasks: Sequence[Task], h: int, seeds: Sequence[int], *, L: int = L, lr: float = LR, stop: Stop = STOP
) -> list[tuple[bool, int]]:
    """The reference: what each network ends as, and its steps."""
    ends = []
    for patterns, seed in zip(tasks, seeds, strict=True):
        mlp = MLP(D, h, L, seed=seed).double()
        layers = [part for layer in mlp.layers for part in (layer, torch.nn.ReLU())][:-1]
        net = torch.nn.Sequential(*layers)
        optimiser = torch.optim.Adam(net.parameters(), lr=lr, fused=True)
        x, y = patterns.inputs, patterns.labels
        best, since = float("inf"), 0
        for step in range(stop.steps + 1):
            with torch.no_grad():
                gaps = 1 - y * net(x)[:, 0]
                missed = gaps > 0
            if step % 10 == 0:
                loss = 0.5 * gaps.clamp(min=0).square().mean().item()
                if loss < best * 0.99:
                    best, since = loss, step
                if loss < 1e-12 or step - since >= 2000 or step == stop.steps:
                    ends.append((loss < 1e-12, step))
                    break
            optimiser.zero_grad()
            if missed.any():
                (0.5 * (1 - y[missed] * net(x[missed])[:, 0]).square().sum() / len(y)).backward()
                optimiser.step()
    return ends


def together(
    tasks: Sequence[Task], widths: Sequence[int], seeds: Sequence[int], *, working_set: bool = True, drop: bool = True
) -> list[tuple[bool, int]]:
    """Ours: all networks of some widths in one stack."""
    members = [(h, i) for h in widths for i in range(len(seeds))]
    nets = Population(
        lambda k: widen(MLP(D, members[k][0], L, seed=seeds[members[k][1]]), max(widths)), range(len(members))
    )
    x = torch.stack([tasks[i].inputs for _, i in members])
    y = torch.stack([tasks[i].labels for _, i in members])
    if drop:
        run = train(nets, x, y, optimiser=adam(LR), stop=STOP, working_set=working_set)
        return list(zip(run.satisfied, run.steps.tolist(), strict=True))
    # Nobody leaves: everyone takes the steps of the slowest.
    run = train(nets, x, y, optimiser=adam(LR), stop=Stop(STOP.steps, satisfied=None), working_set=working_set)
    return [(loss < 1e-12, steps) for loss, steps in zip(run.loss.tolist(), run.steps.tolist(), strict=True)]


def clock(run, *arguments, **options):
    start = time.perf_counter()
    return run(*arguments, **options), time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="seeds a width (10)")
    parser.add_argument("--ingredients", action="store_true", help="also time ours with one ingredient taken away")
    options = parser.parse_args()
    landscape_lib.one_thread()
    try:
        load("mnist")
        dataset = "mnist"
    except DataError:
        dataset = "digits"
    seeds = range(options.seeds)
    tasks = [task(dataset, "parity", P, D, seed) for seed in seeds]
    print(f"{dataset}, P = {P}, d = {D}, L = {L}, {options.seeds} seeds; seconds on one core; ratio: theirs over ours")
    print("widths     one at a time   together   ratio   same verdict   median difference in steps")
    total = [0.0, 0.0]
    for band in bands(WIDTHS):
        alone, theirs = [], 0.0
        for h in band:
            ends, seconds = clock(one_at_a_time, tasks, h, seeds)
            alone, theirs = alone + ends, theirs + seconds
        ends, ours = clock(together, tasks, band, seeds)
        same = sum(a[0] == b[0] for a, b in zip(alone, ends, strict=True))
        apart = sorted(abs(a[1] - b[1]) / max(a[1], 1) for a, b in zip(alone, ends, strict=True))[len(ends) // 2]
        total = [total[0] + theirs, total[1] + ours]
        name = f"{band[0]} to {band[-1]}"
        print(
            f"{name:10} {theirs:13.1f} {ours:10.1f} {theirs / ours:7.1f} {same:8} of {len(ends):3} {apart:13.1%}",
            flush=True,
        )
    print(f"{'all':10} {total[0]:13.1f} {total[1]:10.1f} {total[0] / total[1]:7.1f}")
    if options.ingredients:
        ingredients(tasks, seeds)


def ingredients(tasks: Sequence[Task], seeds: Sequence[int]) -> None:
    """Ours on the middle band, whole and with one ingredient taken away."""
    band = bands(WIDTHS)[2]
    rows = {
        "all of it": lambda: together(tasks, band, seeds),
        "widths not mixed": lambda: [together(tasks, [h], seeds) for h in band],
        "no working set": lambda: together(tasks, band, seeds, working_set=False),
        "finished networks stay": lambda: together(tasks, band, seeds, drop=False),
        "no stack": lambda: [together([t], [h], [s]) for h in band for t, s in zip(tasks, seeds, strict=True)],
    }
    print(f"\nwidths {band[0]} to {band[-1]}, seconds:")
    for name, run in rows.items():
        print(f"{name:24} {clock(run)[1]:8.1f}", flush=True)


if __name__ == "__main__":
    main()
