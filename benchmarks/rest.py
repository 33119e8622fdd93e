"""Time to zero near the transition: Adam with decaying steps against descent to rest.

Ten networks (--seeds) of one size at one P, near N*. One side is Adam with the authors' decaying steps, each a tenth as
long as the last (`annealed`); the other `end_states`, Adam and then L-BFGS, to rest. Both have the same tasks, initial
weights, one thread, and take turns, setting by setting.

Adam says how many networks it satisfies at all, and when it had the last of them. Ours is timed to as many; where it
satisfies fewer, both are timed to those. The last columns say how many networks were still falling at the end: on
"steps" for Adam, "out of patience" for ours, which must have ended before Adam did.
"""

import argparse
import time

import torch
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits
from torch.optim.optimizer import register_optimizer_step_post_hook

import landscape_lib
from landscape_lib.data import DataError, load
from landscape_lib.experiments.jamming import task
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.nets import Population
from landscape_lib.training import (
    OUT_OF_PATIENCE,
    SATISFIED,
    STEPS,
    ZERO,
    Stop,
    annealed,
    come_to_rest,
    descend,
    end_states,
    quadratic_hinge,
)
from landscape_lib.training._losses import slope

# Data set, L, h, P over N (random) or P; Adam's steps, of the first size and of each of the three that follow; ours
SETTINGS = {
    "random L=1": ("random", 1, 17, 2.4, (3e-4, 60_000, 20_000), 500),
    "random L=3": ("random", 3, 17, 2.7, (3e-4, 60_000, 20_000), 500),
    "P=1000": ("images", 3, 8, 1000, (1e-3, 30_000, 10_000), 2000),
    "P=5000": ("images", 3, 14, 5000, (1e-3, 30_000, 10_000), 2000),
}


def by_scipy(population: Population, x: torch.Tensor, y: torch.Tensor, evaluations: int = 20_000) -> list[float]:
    """The losses that scipy's L-BFGS-B ends at, one network after another, begun again while that helps."""
    losses = []
    for i in range(len(population)):
        one, patterns, labels = population.take([i]), x[i : i + 1], y[i : i + 1]

        def function(w, one=one, patterns=patterns, labels=labels):
            outputs, pull = one.pullback(torch.from_numpy(w)[None], patterns)
            gradient = pull(slope(quadratic_hinge, outputs, labels) / patterns.shape[1])
            return quadratic_hinge(outputs, labels).mean().item(), gradient[0].numpy()

        def enough(intermediate_result):
            if intermediate_result.fun < ZERO:
                raise StopIteration

        w, used, last = one.weights[0].numpy().copy(), 0, float("inf")
        while used < evaluations:
            rules = {"maxcor": 30, "maxfun": evaluations - used, "maxiter": evaluations, "ftol": 0, "gtol": 0}
            end = minimize(function, w, jac=True, method="L-BFGS-B", callback=enough, options=rules)
            w, used = end.x, used + end.nfev
            if end.fun < ZERO or end.fun > 0.999 * last:
                break
            last = end.fun
        losses.append(float(end.fun))
    return losses


def against_scipy() -> None:
    """From where 500 steps of Adam leave them: in one stack, and one at a time by scipy. Seconds of the processor."""
    print("                 N      P   networks   stack: s, at zero   scipy: s, at zero   only stack, only scipy")
    for data, L, h, P, seeds in (
        ("random", 1, 17, 734, range(40)),
        ("random", 3, 10, 744, range(10)),
        ("digits", 2, 5, 500, range(120)),
        ("digits", 2, 6, 700, range(60)),
    ):
        d, labels = (h, "random") if data == "random" else (10, "parity")
        N = effective_parameters(d, h, L)
        tasks = [task(data, labels, P, d, seed) for seed in seeds]
        begun = descend(tasks, [h], seeds, L=L, loss="quadratic_hinge", lr=1e-3, steps=500).population
        x, y = torch.stack([t.inputs for t in tasks]), torch.stack([t.labels for t in tasks])
        began = time.process_time()
        together = come_to_rest(begun, x, y).loss < ZERO
        middle = time.process_time()
        with threadpool_limits(1):  # or the linear algebra beneath scipy's takes another core, and twice the time
            alone = torch.tensor(by_scipy(begun, x, y)) < ZERO
        end = time.process_time()
        print(
            f"L={L} {N:13} {P:6} {len(seeds):10} {middle - began:11.1f} {together.sum():7} {end - middle:11.1f}"
            f" {alone.sum():7} {(together & ~alone).sum():12} {(alone & ~together).sum():11}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="*", default=list(SETTINGS), help=f"of {', '.join(SETTINGS)} (all)")
    parser.add_argument("--scipy", action="store_true", help="scipy's L-BFGS-B, one network at a time, against ours")
    parser.add_argument("--seeds", type=int, default=10, help="networks of each setting (10)")
    options = parser.parse_args()
    seeds = range(options.seeds)
    landscape_lib.one_thread()
    if options.scipy:
        return against_scipy()
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
        tasks = [task(images if data == "images" else "random", labels, P, d, seed) for seed in seeds]

        moments: list[float] = []  # after each step of Adam
        clock = register_optimizer_step_post_hook(lambda *_, moments=moments: moments.append(time.perf_counter()))
        started = time.perf_counter()
        slow = annealed(tasks, [h], seeds, L=L, lr=lr, steps=steps, then=then)
        clock.remove()
        whole = time.perf_counter() - started
        theirs = sorted(s for s, r in zip(slow.steps.tolist(), slow.reasons, strict=True) if r == SATISFIED)

        rested = end_states(tasks, [h], seeds, L=L, steps=own, stop=Stop(1_000_000, plateau=(500, 0.01)))
        ours = sorted(s for s, r in zip(rested.steps.tolist(), rested.reasons, strict=True) if r == SATISFIED)
        K, adam_time, own_time = min(len(theirs), len(ours)), float("nan"), float("nan")
        if K:
            adam_time = moments[theirs[K - 1] - 1] - started
            began = time.perf_counter()
            end_states(tasks, [h], seeds, L=L, steps=own, stop=Stop(max(ours[K - 1], 1), plateau=(500, 0.01)))
            own_time = time.perf_counter() - began
        falling = rested.reasons.count(OUT_OF_PATIENCE) if rested.seconds <= whole else "?"
        print(
            f"{name:12} {N:5} {P:6} {len(theirs):8} {adam_time:12.1f} {own_time:8.1f} {adam_time / own_time:7.1f}"
            f" {len(ours):8} {slow.reasons.count(STEPS):12} {falling:6}   ({whole:.0f} s, {rested.seconds:.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
