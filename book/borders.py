"""The picture at the head of chapter 5, and the table of what it shows.

python book/borders.py    train and draw (one core, some seconds); writes
    book/static/ensembles.png      the borders that narrow and wide networks draw
    book/results/borders.csv       a row a network
    book/results/borders.json      where the rows come from

The points are those of `toy(120, 1)`, the first after the pilot's, and the widths were set once.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from landscape_lib import one_thread
from landscape_lib.experiments.ensembles import boundary, toy
from landscape_lib.figures import BLUE, ORANGE, PINK, SKY, png, style
from landscape_lib.measure.ensembles import errors
from landscape_lib.measure.jamming import effective_parameters
from landscape_lib.report import write_results
from landscape_lib.training import descend

BOOK = Path(__file__).resolve().parent
TABLE, PICTURE = BOOK / "results" / "borders.csv", BOOK / "static" / "ensembles.png"
WIDTHS, SEEDS, SIDE = (5, 16, 64), range(12), torch.linspace(-2, 2, 161, dtype=torch.float64)


def measure() -> tuple[pd.DataFrame, dict[int, torch.Tensor]]:
    """A row a network, and the outputs of all networks of a width over the square."""
    square = torch.stack(torch.meshgrid(SIDE, SIDE, indexing="xy"), -1).reshape(-1, 2)
    truth = torch.where(square[:, 1] > boundary(square[:, 0]), 1.0, -1.0).double()
    points, rows, drawn = toy(120, 1), [], {}
    for h in WIDTHS:
        run = descend([points] * len(SEEDS), [h], SEEDS, L=2, loss="quadratic_hinge", lr=3e-3, steps=3000)
        drawn[h] = run.population(square)
        together = errors(drawn[h].mean(0), truth).item()
        for seed, own, satisfied in zip(SEEDS, errors(drawn[h], truth).tolist(), run.satisfied, strict=True):
            told = {"dataset": "toy", "seed": seed, "h": h, "N": effective_parameters(2, h, 2), "error": own}
            told |= {"together": together, "satisfied": satisfied, "seconds": run.seconds / len(SEEDS)}
            rows.append({**told, "data_sha256": points.sha256})
    table = pd.DataFrame(rows)
    table.attrs["experiment"] = "landscape_lib.training.descend"
    return table, drawn


def draw(drawn: dict[int, torch.Tensor]) -> None:
    """One square a width: thin lines are members' borders, the thick one that of their mean."""
    x, points = SIDE.numpy(), toy(120, 1)
    with style():
        figure, axes = plt.subplots(1, len(drawn), figsize=(10.2, 3.7))
        for axis, (h, outputs) in zip(axes, drawn.items(), strict=True):
            maps = outputs.reshape(len(outputs), len(x), len(x)).numpy()
            axis.contourf(x, x, maps.mean(0), [-1e9, 0, 1e9], colors=["#FBF1F6", "#EAF4FB"], zorder=0)
            axis.scatter(*points.inputs.T, c=np.where(points.labels > 0, SKY, PINK), s=14, lw=0, zorder=1)
            for member in maps:
                axis.contour(x, x, member, [0], colors=ORANGE, linewidths=0.9, zorder=2)
            axis.contour(x, x, maps.mean(0), [0], colors=BLUE, linewidths=2.6, zorder=3)
            axis.set(xlim=(-2, 2), ylim=(-2, 2), xticks=[], yticks=[], aspect="equal")
            axis.set_title(f"{effective_parameters(2, h, 2)} weights each")
            axis.spines[["top", "right"]].set_visible(True)
        PICTURE.write_bytes(png(figure))
        plt.close(figure)


if __name__ == "__main__":
    one_thread()
    table, drawn = measure()
    draw(drawn)
    write_results(table, TABLE, command="python book/borders.py", digits=6)
