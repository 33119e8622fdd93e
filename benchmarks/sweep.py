"""The class-budget sweep of the jamming chapter: two processes against one; a GPU against a core where there is one.

Both sides start their workers afresh, as `landscape sweep` does, and the starting counts. They take turns, one, two,
two, one, so that a machine that becomes slower or faster meanwhile favours neither.
"""

import time

import torch

import landscape_lib
from landscape_lib.experiments.grids.jamming import grid
from landscape_lib.experiments.jamming import train_widths
from landscape_lib.sweeps import processes, sweep


def seconds(workers: int) -> float:
    """What the sweep takes, its workers' start included."""
    start = time.perf_counter()
    with processes(workers) as executor:
        table = sweep(train_widths, grid("class", "digits"), executor)
    assert len(table) == 470
    return time.perf_counter() - start


def networks_a_second(device: str, steps: int = 300) -> float:
    """Networks of N = 8,000 on random data trained a second, ten in a stack, for so many steps each."""
    largest = next(point for point in grid("paper", "random") if point["widths"] == (51,))
    point = {**largest, "steps": steps, "device": device}
    train_widths(**{**point, "steps": 2})  # the first call starts the device
    start = time.perf_counter()
    rows = train_widths(**point)
    return len(rows) / (time.perf_counter() - start)


def main() -> None:
    landscape_lib.one_thread()
    runs = [(workers, seconds(workers)) for workers in (1, 2, 2, 1)]
    one, two = ([took for workers, took in runs if workers == w] for w in (1, 2))
    sides = [" and ".join(f"{took:.1f}" for took in side) for side in (one, two)]
    print(f"class sweep, digits: one process {sides[0]} s, two {sides[1]} s, ratio {sum(two) / sum(one):.2f}")
    if torch.cuda.is_available():
        core, gpu = (networks_a_second(device) for device in ("cpu", "cuda"))
        print(f"N = 8,000, 300 steps: a core {core:.3f} networks a second, {torch.cuda.get_device_name()} {gpu:.3f}")
    else:
        print("no CUDA device here: a GPU was not measured")


if __name__ == "__main__":
    main()
