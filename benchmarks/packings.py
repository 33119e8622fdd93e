"""Time to the same minima: soft discs and ellipses, one packing at a time against many at once.

Both sides are this library's, get the same starts, one thread and one process, and take turns. Seconds are the
processor's, the best of ``--rounds``.
"""

import argparse
import time

import landscape_lib
from landscape_lib.experiments.packings import START, ZERO
from landscape_lib.measure.packings import jam, random_packings, relax


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="turns each side takes (2)")
    options = parser.parse_args()
    landscape_lib.one_thread()
    print("aspect  what                    packings   one at a time   together   ratio")
    for number in (10, 100):
        for aspect in (1.0, 1.3):
            starts = random_packings(32, START, seeds=range(number), aspect=aspect)
            tasks = {"to a minimum": lambda packings: relax(packings, tolerance=1e-3, zero=ZERO)}
            if number == 10:
                tasks["to the transition"] = jam
            for what, run in tasks.items():
                alone, together = [], []
                for _ in range(options.rounds):
                    alone.append(clock(lambda run=run, s=starts: [run(s[i : i + 1]) for i in range(len(s))]))
                    together.append(clock(lambda run=run, s=starts: run(s)))
                a, b = min(alone), min(together)
                print(f"{aspect:<7g} {what:23} {number:8} {a:15.2f} {b:10.2f} {a / b:7.1f}", flush=True)


def clock(run) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


if __name__ == "__main__":
    main()
