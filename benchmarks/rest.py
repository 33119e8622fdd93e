"""Time to zero near the transition: Adam with decaying steps against descent to rest.

Ten networks of one size at one P, near N*. One side is Adam with the authors' decaying steps, each a tenth as long as
the last (`annealed`); the other `end_states`, Adam and then L-BFGS, to rest. Both have the same tasks, initial weights,
one thread, and take turns, setting by setting.

Adam says how many networks K it satisfies at all, and when it had the K-th. Ours is timed to its own K-th. The last
columns say how many networks were still falling at the end: on "steps" for Adam, "out of patience" for ours, which
must have ended before Adam did.
"""

import argparse
import time

import landscape_lib
from landscape_lib.data import DataError, load
from landscape_lib.experiments.jamming import task
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.training import OUT_OF_PATIENCE, SATISFIED, STEPS, Stop, annealed, end_states

SEEDS = tuple(range(10))
# Data set, L, h, P over N (random) or P; Adam's steps, of the first size and of each of the three that follow; ours
SETTINGS = {
    "random L=1": ("random", 1, 17, 2.4, (3e-4, 60_000, 20_000), 500),
    "random L=3": ("random", 3, 17, 2.7, (3e-4, 60_000, 20_000), 500),
    "P=1000": ("images", 3, 9, 1000, (1e-3, 30_000, 10_000), 2000),
    "P=5000": ("images", 3, 14, 5000, (1e-3, 30_000, 10_000), 2000),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="*", default=list(SETTINGS), help=f"of {', '.join(SETTINGS)} (all)")
    options = parser.parse_args()
    landscape_lib.one_thread()
    try:
        load("mnist")
        images = "mnist"
    except DataError:
        images = "digits"
    print("setting         N      P   satisfied   time to as many   ratio   satisfied    still falling")
    print("                           by Adam     Adam     ours             by ours      Adam   ours")
    for name in options.settings:
        data, L, h, size, (lr, steps, then), own = SETTINGS[name]
        d = h if data == "random" else 10
        N = effective_parameters(d, h, L)
        P = round(size * N) if data == "random" else int(size)
        if data == "images" and P > len(load(images).labels):
            print(f"{name}: {images} has fewer images")
            continue
        labels = "random" if data == "random" else "parity"
        tasks = [task(images if data == "images" else "random", labels, P, d, seed) for seed in SEEDS]

        began, stages = time.perf_counter(), []
        slow = annealed(tasks, [h], SEEDS, L=L, lr=lr, steps=steps, then=then, stamps=stages)
        whole = time.perf_counter() - began
        K = slow.reasons.count(SATISFIED)
        theirs = sorted(s for s, r in zip(slow.steps.tolist(), slow.reasons, strict=True) if r == SATISFIED)
        adam_time = stages[theirs[-1] - 1] - began if K else float("nan")

        rested = end_states(tasks, [h], SEEDS, L=L, steps=own, stop=Stop(1_000_000, plateau=(500, 0.01)))
        ours = sorted(s for s, r in zip(rested.steps.tolist(), rested.reasons, strict=True) if r == SATISFIED)
        own_time = float("inf")
        if 0 < K <= len(ours):
            began = time.perf_counter()
            end_states(tasks, [h], SEEDS, L=L, steps=own, stop=Stop(max(ours[K - 1], 1), plateau=(500, 0.01)))
            own_time = time.perf_counter() - began
        falling = rested.reasons.count(OUT_OF_PATIENCE) if rested.seconds <= whole else "?"
        print(
            f"{name:12} {N:5} {P:6} {K:8} {adam_time:12.1f} {own_time:8.1f} {adam_time / own_time:7.1f}"
            f" {len(ours):8} {slow.reasons.count(STEPS):12} {falling:6}   ({whole:.0f} s, {rested.seconds:.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
