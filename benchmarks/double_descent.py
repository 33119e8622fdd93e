"""The model-wise curve of double descent: seconds a network, one at a time against the chapter's stacks.

The curve of `landscape_lib.experiments.double_descent` on digits: twelve widths, P = 1000, a tenth of the labels
flipped. Ours trains all twenty members of a stack; the reference, that of jamming.py, only the first few of each width.
Both have one thread and one process, and take turns, stack by stack.
"""

import argparse

from jamming import clock, one_at_a_time

import landscape_lib
from landscape_lib.experiments.double_descent import task
from landscape_lib.experiments.grids.double_descent import MEMBERS, grid
from landscape_lib.training import Stop, descend


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=2, help="networks of a width that are trained alone (2)")
    options = parser.parse_args()
    landscape_lib.one_thread()
    print("widths     one at a time, s a network   in stacks   ratio")
    alone, ours = 0.0, 0.0
    for point in (point for point in grid("class", "digits") if len(point["seeds"]) == MEMBERS):
        L, lr, widths, seeds = point["L"], point["lr"], point["widths"], point["seeds"]
        one = task("digits", point["P"], 10, point["noise"], point["task_seeds"][0])
        stop, few = Stop(point["steps"], plateau=(2000, 0.01)), seeds[: options.members]
        each = [clock(one_at_a_time, [one] * len(few), h, few, L=L, lr=lr, stop=stop)[1] / len(few) for h in widths]
        settings = {"L": L, "loss": "quadratic_hinge", "lr": lr, "steps": point["steps"]}
        seconds = clock(descend, [one] * len(seeds), widths, seeds, **settings)[1] / len(seeds)
        alone, ours = alone + sum(each), ours + seconds
        mean, own = sum(each) / len(widths), seconds / len(widths)
        print(f"{widths[0]:2} to {widths[-1]:2} {mean:26.2f} {own:11.3f} {mean / own:7.1f}", flush=True)
    print(f"all, a network of each width {alone:8.1f} {ours:11.2f} {alone / ours:7.1f}")


if __name__ == "__main__":
    main()
