"""The picture at the head of chapter 4: python book/picture_double_descent.py draws book/static/double_descent.png.

Its table, book/results/double_descent_paper_mnist.csv, is made in some hours by

landscape sweep double_descent --budget paper --dataset mnist --out book/results/double_descent_paper_mnist.csv
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt

from landscape_lib.figures import BLUE, GREEN, ORANGE, png, style
from landscape_lib.report import read_results

BOOK = Path(__file__).resolve().parent
TABLE, PICTURE = BOOK / "results" / "double_descent_paper_mnist.csv", BOOK / "static" / "double_descent.png"
LINES = (("error", "one network", BLUE, "o-"), ("together", "twenty together", GREEN, "^-"))


def draw() -> None:
    """Against N, at the end: the test error of one network and of twenty, and what they miss in training."""
    rows = read_results(TABLE)
    rows = rows[rows.noise == 0]
    rows = rows.loc[rows.groupby("h").step.idxmax()].sort_values("N")
    with style():
        figure, axis = plt.subplots(figsize=(9.6, 4.2))
        for name, label, colour, mark in LINES:
            axis.fill_between(rows.N, rows[f"{name}_low"], rows[f"{name}_high"], color=colour, alpha=0.25, lw=0)
            axis.plot(rows.N, rows[name], mark, ms=5, color=colour, label=label)
        axis.plot(rows.N, rows.train_error, "s--", ms=3, color=ORANGE, label="missed in training")
        axis.set(xscale="log", xlabel="parameters N", ylabel="share of wrong labels", ylim=(0, None))
        axis.set_xticks([100, 300, 1000, 3000, 10_000, 30_000], ["100", "300", "1000", "3000", "10 000", "30 000"])
        axis.minorticks_off()
        axis.legend(loc="upper right")
        PICTURE.write_bytes(png(figure))
        plt.close(figure)


if __name__ == "__main__":
    draw()
