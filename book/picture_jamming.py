"""The picture at the head of chapter 3: python book/picture_jamming.py draws book/static/jamming.png.

Its table, book/results/jamming_class_mnist.csv, is made in two minutes, on two cores, by

landscape sweep jamming --dataset mnist --out book/results/jamming_class_mnist.csv
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from landscape_lib.figures import png, shades, style
from landscape_lib.report import read_results

BOOK = Path(__file__).resolve().parent
TABLE, PICTURE = BOOK / "results" / "jamming_class_mnist.csv", BOOK / "static" / "jamming.png"


def draw() -> None:
    """Left the loss of every network against N, right what it leaves unsatisfied: real labels, four P.

    Networks at zero lie in lanes, one a P: where each begins is the transition.
    """
    rows = read_results(TABLE)
    rows = rows[(rows.loss_name == "quadratic_hinge") & (rows.labels == "parity")]
    colours = shades(rows.P.unique())
    generator = np.random.default_rng(0)
    with style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.2), width_ratios=(3, 2))
        left.axhspan(1e-16, 3e-12, color="#EAF2F8", lw=0)
        for lane, (P, group) in enumerate(rows.groupby("P")):
            N = group.N * np.exp(generator.uniform(-0.04, 0.04, len(group)))
            zero = 10.0 ** (-12.2 - lane)
            loss = np.where(group.satisfied, zero * 10 ** generator.uniform(-0.25, 0.25, len(group)), group.loss)
            left.loglog(N, loss, "o", ms=5, mew=0, alpha=0.75, color=colours[P])
            left.annotate(f"P = {P}", (880, zero), color=colours[P] if lane > 1 else "#444444", va="center", size=10)
            right.semilogx(N, group.unsatisfied / group.N, "o", ms=5, mew=0, alpha=0.75, color=colours[P])
        left.set(xlabel="weights N", ylabel="loss after training", ylim=(2e-16, 1), xlim=(42, 1600))
        left.set_title(f"{len(rows)} networks, each a dot")
        left.set_yticks([10**-13.7, 1e-8, 1e-4, 1], ["zero", "$10^{-8}$", "$10^{-4}$", "1"])
        right.set(xlabel="weights N", ylabel=r"unsatisfied patterns, $N_\Delta / N$")
        right.set_title("What the failing ones miss")
        for axis in (left, right):
            axis.set_xticks([50, 100, 200, 400, 800], ["50", "100", "200", "400", "800"])
            axis.minorticks_off()
        PICTURE.write_bytes(png(figure))
        plt.close(figure)


if __name__ == "__main__":
    draw()
