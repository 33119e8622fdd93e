"""The model-wise curve of double descent: seconds a network, one at a time against the chapter's stacks.

The curve of `landscape_lib.experiments.double_descent` in Adam's time, on digits: twelve widths, P = 1000, a tenth of
the labels flipped. Ours trains all twenty members of a stack; the reference, that of jamming.py, only the first few of
each width. Both have one thread and one process, and take turns, stack by stack.
"""

import argparse

from jamming import clock, one_at_a_time

import landscape_lib
from landscape_lib.experiments.double_descent import task
from landscape_lib.training import Stop, bands, descend

WIDTHS, SEEDS = (3, 4, 6, 8, 10, 12, 15, 20, 28, 40, 56, 80), range(20)
L, LR, STEPS = 2, 5e-3, 2_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=2, help="networks of a width that are trained alone (2)")
    options = parser.parse_args()
    landscape_lib.one_thread()
    print("widths     one at a time, s a network   in stacks   ratio")
    alone, ours = 0.0, 0.0
    one, stop, few = task("digits", 1000, 10, 0.1, 1), Stop(STEPS, plateau=(2000, 0.01)), SEEDS[: options.members]
    settings = {"L": L, "loss": "quadratic_hinge", "lr": LR, "steps": STEPS}
    for widths in bands(WIDTHS)[::-1]:
        each = [clock(one_at_a_time, [one] * len(few), h, few, L=L, lr=LR, stop=stop)[1] / len(few) for h in widths]
        seconds = clock(descend, [one] * len(SEEDS), widths, SEEDS, **settings)[1] / len(SEEDS)
        alone, ours = alone + sum(each), ours + seconds
        mean, own = sum(each) / len(widths), seconds / len(widths)
        print(f"{widths[0]:2} to {widths[-1]:2} {mean:26.2f} {own:11.3f} {mean / own:7.1f}", flush=True)
    print(f"all, a network of each width {alone:8.1f} {ours:11.2f} {alone / ours:7.1f}")


if __name__ == "__main__":
    main()
