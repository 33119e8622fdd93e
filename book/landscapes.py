"""The picture at the top of the book: maps of four loss landscapes, and the table of what they show.

python book/landscapes.py    train, map and draw (one core, about three minutes); writes
    book/static/landscapes.png      the maps of seed 0
    book/results/landscapes.csv     a row a map, ten seeds a size of network
    book/results/landscapes.json    where the rows come from

A map is a plane section of the landscape, chosen by a rule and not by its looks. Three networks start from the same
weights and draw their own batches of the same patterns; the plane is the one through the three ends. Descent stops at
the shore of zero loss, so those that get there are trained on, to a margin of 2. The map is of the loss for margin 1.
The frame is the same for all maps, in units of the three's spread; it was set once, to hold the lakes of seed 0.
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LightSource, LinearSegmentedColormap
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import distance_transform_edt, gaussian_filter, label, minimum_filter, zoom

from landscape_lib import one_thread
from landscape_lib.data import Task
from landscape_lib.experiments.jamming import ZERO, task
from landscape_lib.figures import style
from landscape_lib.measure.jamming import effective_parameters, gaps
from landscape_lib.nets import MLP, Population
from landscape_lib.report import write_results
from landscape_lib.training import Stop, adam, quadratic_hinge, train

BOOK = Path(__file__).resolve().parent
TABLE, PICTURE = BOOK / "results" / "landscapes.csv", BOOK / "static" / "landscapes.png"

WIDTHS, SEEDS = (4, 8, 16, 32), tuple(range(10))  # each width twice the last
SETTINGS = {"dataset": "digits", "labels": "parity", "P": 1000, "d": 10, "L": 3}
TRAINING = {"lr": 1e-3, "batch": 100, "steps": 20_000, "inland": 2.0}
THREE = 3  # points make a plane
FRAME = (2.4, 1.6)  # half-width and half-height of a map, in distances from the middle of the three to the farthest
FINE, COARSE = 288, 60  # columns of the grid: of the seed that is drawn, and of the others


@dataclass(frozen=True)
class Map:
    """The loss, and the largest gap of any pattern, at the points of a plane through three networks."""

    h: int
    seed: int
    loss: NDArray[np.float64]  # (rows, columns), from the south
    gap: NDArray[np.float64]
    ends: NDArray[np.float64]  # (3, 2): where the networks are, in the frame's unit
    end_loss: NDArray[np.float64]
    unsatisfied: NDArray[np.int64]
    unit: float  # the frame's unit over the norm of the weights in the middle

    @property
    def N(self) -> int:
        """Effective parameters: the weights."""
        return effective_parameters(SETTINGS["d"], self.h, SETTINGS["L"])

    @property
    def height(self) -> NDArray[np.float64]:
        """√(2𝓛): the root mean square of what the patterns miss their margin by."""
        return np.sqrt(2 * self.loss)

    @property
    def zero(self) -> NDArray[np.bool_]:
        """Where every pattern is satisfied."""
        return self.loss < ZERO

    @property
    def lakes(self) -> int:
        """Bodies of water that hold one of the three, as far as the grid tells: a strait within a step is not seen."""
        bodies, _ = label(self.zero)
        rows, columns = self.loss.shape
        near = np.rint((self.ends / FRAME + 1) / 2 * (columns - 1, rows - 1)).astype(int)
        held = bodies[near[:, 1], near[:, 0]]
        ponds = (held == 0) & (self.end_loss < ZERO)  # smaller than a step
        return len(set(held) - {0}) + int(ponds.sum())

    def row(self) -> dict[str, object]:
        """The facts of this map, a row of the table."""
        rows, columns = self.loss.shape
        return {
            "N": self.N,
            "h": self.h,
            "seed": self.seed,
            "satisfied": int((self.end_loss < ZERO).sum()),
            "lowest_loss": self.end_loss.min(),
            "highest_loss": self.end_loss.max(),
            "fewest_unsatisfied": self.unsatisfied.min(),
            "most_unsatisfied": self.unsatisfied.max(),
            "zero_share": self.zero.mean(),
            "lakes": self.lakes,
            "lowest_height": self.height.min(),
            "unit": self.unit,
            "columns": columns,
            "rows": rows,
            "step": 2 * FRAME[0] * self.unit / (columns - 1),
        }


def descend(h: int, tasks: Sequence[Task], seeds: Sequence[int], *, steps: int) -> Population:
    """Three networks a seed, from the same weights by other batches; those that fit, trained on to a margin of 2."""
    L, d = SETTINGS["L"], SETTINGS["d"]
    inputs = torch.stack([task.inputs for task in tasks]).repeat_interleave(THREE, 0)
    labels = torch.stack([task.labels for task in tasks]).repeat_interleave(THREE, 0)
    start = Population(lambda seed: MLP(d, h, L, seed=seed), [seed for seed in seeds for _ in range(THREE)])
    rules = {"optimiser": adam(TRAINING["lr"]), "stop": Stop(steps, satisfied=ZERO, plateau=(2000, 0.01))}
    run = train(start, inputs, labels, batch=TRAINING["batch"], setting=f"h={h}", **rules)
    ends, fit = run.population, torch.tensor(run.satisfied)
    if fit.any():
        inland = partial(quadratic_hinge, margin=TRAINING["inland"])
        on = train(ends.take(fit), inputs[fit], labels[fit], loss=inland, working_set=True, **rules)
        ends.weights[fit] = on.population.weights
    return ends


def survey(three: Population, task: Task, h: int, seed: int, columns: int) -> Map:
    """Evaluate the plane through three networks, its axes the principal ones of the three, on a grid."""
    middle = three.weights.mean(0)
    arms = three.weights - middle
    axes = torch.linalg.svd(arms, full_matrices=False).Vh[:2]
    ends = arms @ axes.T
    signs = ends.gather(0, ends.abs().argmax(0, keepdim=True)).sign()  # the farthest end of each axis is east, north
    axes, ends = axes * signs.T, ends * signs
    unit = arms.norm(dim=1).max()
    x = torch.linspace(-1, 1, columns, dtype=torch.float64) * FRAME[0]
    y = torch.linspace(-1, 1, round(columns * FRAME[1] / FRAME[0]), dtype=torch.float64) * FRAME[1]
    line = three.take([0] * columns)
    losses, worst = [], []
    for north in y:  # a line of the grid is one stack
        line.weights = middle + unit * (x[:, None] * axes[0] + north * axes[1])
        delta = gaps(line(task.inputs), task.labels)
        losses.append(0.5 * delta.clamp(min=0).square().mean(1))
        worst.append(delta.max(1).values)
    missed = gaps(three(task.inputs), task.labels).clamp(min=0)
    return Map(
        h,
        seed,
        torch.stack(losses).numpy(),
        torch.stack(worst).numpy(),
        (ends / unit).numpy(),
        (0.5 * missed.square().mean(1)).numpy(),
        (missed > (2 * SETTINGS["P"] * ZERO) ** 0.5).sum(1).numpy(),
        (unit / middle.norm()).item(),
    )


# The drawing. Sizes are in pixels of the finished picture; a phone shows it at a third of that.
WIDE, HIGH, HEAD, LEGEND = 498, 332, 44, 104
CONTOURS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
LAND = LinearSegmentedColormap.from_list("land", ["#fbf3df", "#edd6a3", "#cfa765", "#a97c4c", "#8a6a52"])
WATER = LinearSegmentedColormap.from_list("water", ["#2a78ad", "#0f5288", "#082f5a"])
INK, PAPER = "#1f1812", "#fbf6ea"
LOW, TOP = 0.03, 3.0  # heights: where the tint turns from linear to logarithmic, and where it ends
DEEP = 1.0  # the distance of the closest pattern from its margin at which water is darkest
BAR = 0.1  # the length of the scale bars, over the norm of the weights


def tint(height: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Height as drawn, 0 to 1 at TOP: linear near the water, so that a shore is a slope, logarithmic above."""
    return np.log1p(np.asarray(height) / LOW) / np.log1p(TOP / LOW)


def relief(one: Map) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """The map's colours, (HIGH, WIDE, 3), its heights, and where its water is, from the grid to the picture's pixels.

    Light comes from the north-west, as in atlases. Water is darker the farther the closest pattern is from its margin.
    """
    scale = (HIGH / one.loss.shape[0], WIDE / one.loss.shape[1])
    up = gaussian_filter(zoom(tint(one.height), scale, order=1), 1.0)
    gap = zoom(one.gap, scale, order=1)
    wet = gap <= 0
    shade = LightSource(315, 45).hillshade(up, vert_exag=75)[..., None]
    land = LAND(up)[..., :3]
    lit = np.where(shade > 0.5, 1 - (1 - land) * (1.35 - 0.7 * shade), land * (0.55 + 0.9 * shade))
    height = LOW * np.expm1(up * np.log1p(TOP / LOW))
    return np.where(wet[..., None], WATER(-gap / DEEP)[..., :3], lit).clip(0, 1), height, wet


def roomiest(free: NDArray[np.bool_], high: int, wide: int) -> tuple[int, int] | None:
    """Where a box fits with most room around it, (row, column) of its middle; None if nowhere."""
    fits = minimum_filter(free, size=(high, wide), mode="constant", cval=0)
    room = distance_transform_edt(free) * fits
    return np.unravel_index(room.argmax(), room.shape) if fits.any() else None


def sheet(axis: Axes, one: Map) -> None:
    """One map: relief, contours, water, and the three networks."""
    colours, height, wet = relief(one)
    axis.imshow(colours, origin="lower", extent=(0, WIDE, 0, HIGH), interpolation="nearest")
    x, y = np.arange(WIDE) + 0.5, np.arange(HIGH) + 0.5
    lines = axis.contour(x, y, height, levels=CONTOURS, colors=INK, linewidths=0.8, alpha=0.6)
    axis.clabel(lines, fmt="%g", fontsize=13)
    ends = (one.ends / FRAME + 1) / 2 * (WIDE, HIGH)
    free = wet & (np.hypot(x - ends[:, 0, None, None], y[:, None] - ends[:, 1, None, None]).min(0) > 14)
    if wet.any():
        axis.contour(x, y, wet, levels=[0.5], colors="#06233c", linewidths=1.5)
    if spot := roomiest(free, 30, 124):
        axis.text(*spot[::-1], "zero loss", color="white", style="italic", ha="center", va="center_baseline")
    axis.plot(*ends.T, "o", ms=8, mfc="white", mec=INK, mew=1.6)
    axis.set(xlim=(0, WIDE), ylim=(0, HIGH))


def draw(maps: Sequence[Map], path: Path = PICTURE) -> None:
    """Four maps, two by two, each under its number of weights and a scale bar; below them what the tints mean."""
    width, height = 2 * WIDE + 4, 2 * (HEAD + HIGH + 2) + LEGEND
    look = {"font.size": 18, "text.color": INK, "figure.constrained_layout.use": False, "savefig.bbox": None}
    with style(), plt.rc_context(look):
        figure = plt.figure(figsize=(width / 100, height / 100), facecolor=INK)

        def box(left: int, top: int, wide: int, high: int) -> Axes:
            axis = figure.add_axes((left / width, 1 - (top + high) / height, wide / width, high / height))
            axis.set(xlim=(0, wide), ylim=(0, high), xticks=[], yticks=[], facecolor=PAPER, frame_on=True)
            axis.spines[:].set_visible(False)
            axis.grid(False)
            return axis

        def bar(axis: Axes, left: float, right: float, y: float) -> None:
            axis.plot([left, right], [y, y], color=INK, lw=4, solid_capstyle="butt")

        for i, one in enumerate(maps):
            left, top = i % 2 * (WIDE + 4), i // 2 * (HEAD + HIGH + 2)
            head = box(left, top, WIDE, HEAD)
            head.text(14, HEAD / 2, f"{one.N} weights", fontsize=22, weight="bold", va="center_baseline")
            bar(head, WIDE - 16 - BAR * WIDE / (2 * FRAME[0] * one.unit), WIDE - 16, HEAD / 2)
            sheet(box(left, top + HEAD, WIDE, HIGH), one)

        legend, shore, end = box(0, height - LEGEND, width, LEGEND), 120, 540
        legend.imshow(WATER(np.linspace(1, 0, 256))[None], extent=(16, shore, 66, 92), aspect="auto")
        legend.imshow(LAND(np.linspace(0, 1, 256))[None], extent=(shore, end, 66, 92), aspect="auto")
        legend.set(xlim=(0, width), ylim=(0, LEGEND))
        for value in (0, 0.05, 0.2, 0.5, 1, TOP):
            legend.text(shore + (end - shore) * tint(value), 38, f"{value:g}" + "+" * (value == TOP), ha="center")
        legend.text(16, 38, f"{DEEP:g}+")
        legend.text(16, 10, "depth")
        legend.text((shore + end) / 2, 10, "height, the rms gap", ha="center")
        legend.plot(602, 79, "o", ms=8, mfc="white", mec=INK, mew=1.6)
        legend.text(640, 79, "a trained network", va="center_baseline")
        bar(legend, 576, 626, 30)
        legend.text(640, 30, "10% of the weights’ norm", va="center_baseline")
        canvas = io.BytesIO()
        figure.savefig(canvas, dpi=100)
        plt.close(figure)
    picture = Image.open(canvas).convert("RGB")
    picture.quantize(256, method=Image.Quantize.MEDIANCUT).save(path, optimize=True)


def measure() -> list[Map]:
    """A map of every width and seed; the first seed's in detail."""
    chosen = {name: SETTINGS[name] for name in ("dataset", "labels", "P", "d")}
    tasks = [task(**chosen, seed=seed) for seed in SEEDS]
    maps = []
    for h in WIDTHS:
        ends = descend(h, tasks, SEEDS, steps=TRAINING["steps"])
        for i, seed in enumerate(SEEDS):
            three = ends.take(range(THREE * i, THREE * (i + 1)))
            maps.append(survey(three, tasks[i], h, seed, COARSE if i else FINE))
    return maps


def record(maps: Sequence[Map], seconds: float) -> None:
    """Write the rows, and beside them where they come from."""
    sha256 = task("digits", "parity", SETTINGS["P"], SETTINGS["d"], SEEDS[0]).sha256
    table = pd.DataFrame([one.row() for one in maps])
    table = table.assign(dataset=SETTINGS["dataset"], data_sha256=sha256, seconds=seconds / len(maps))
    table.attrs["experiment"] = "book/landscapes.py"  # run as a script, its functions have no module's name
    settings = {**SETTINGS, **TRAINING, "widths": WIDTHS, "seeds": SEEDS, "frame": FRAME}
    write_results(table, TABLE, command="python book/landscapes.py", digits=4, settings=settings)


if __name__ == "__main__":
    one_thread()
    start = time.perf_counter()
    maps = measure()
    record(maps, time.perf_counter() - start)
    draw([one for one in maps if one.seed == SEEDS[0]])
