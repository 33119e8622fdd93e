"""The pictures at the heads of the chapters and of the book, drawn again: book/static/NAME.png.

Where a table in book/results holds all that is drawn, the picture is drawn from it. Where it does not, what is drawn is
measured again, only when the picture is asked for by name, with ``--chapter``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from landscape_lib import one_thread
from landscape_lib.experiments import landscapes as expedition
from landscape_lib.experiments import skips, spirals
from landscape_lib.experiments import spectra as spectrum_run
from landscape_lib.experiments.borders import learn
from landscape_lib.experiments.circle import learn as learn_circle
from landscape_lib.experiments.grids import borders, circle
from landscape_lib.experiments.grids import landscapes as grids
from landscape_lib.experiments.grids import skips as skip_grids
from landscape_lib.experiments.grids import spectra as spectrum_grids
from landscape_lib.experiments.grids import spirals as roll_grids
from landscape_lib.figures import double_descent, ensembles, flat, jamming, landscapes, ntk, png, seeing, sgd, style
from landscape_lib.figures import spectra as curvature
from landscape_lib.report import read_results, write_results

from .messages import BuildError, say
from .paths import BOOK, show, write

RESULTS = BOOK / "results"


def maps() -> bytes:
    """The maps at the top of the book, those of the first seed; a row a map in their table. Three minutes on one core.

    The table holds what the maps show and not the maps, so whoever draws them measures them.
    """
    points = grids.grid("class", "digits")
    pairs = [pair for point in reversed(points) for pair in expedition.maps(**point)]
    table = pd.DataFrame([row for row, _ in pairs])
    table.attrs["experiment"] = f"{expedition.__name__}.{expedition.EXPERIMENT.__name__}"
    settings = {name: value for name, value in points[0].items() if name not in ("h", "columns")}
    settings |= {"lr": expedition.LR, "inland": expedition.INLAND, "widths": grids.WIDTHS, "frame": landscapes.FRAME}
    command = "cd book && python -m builder heroes --chapter index"
    write_results(table, RESULTS / "landscapes.csv", command=command, digits=expedition.DIGITS, settings=settings)
    figure = landscapes.hero([drawn for row, drawn in pairs if row["seed"] == grids.SEEDS[0]])
    drawn = landscapes.png(figure)
    plt.close(figure)
    return drawn


def squares() -> bytes:
    """What the networks of chapter 5's picture answer all over a square. Some seconds.

    How often they err is in the table that `landscape sweep borders` makes.
    """
    return picture(ensembles.hero, [learn(**point)[0] for point in borders.grid("class")])


def circles() -> bytes:
    """Where the hidden units of chapter 6's picture went. A second.

    In how many directions they point is in the table that `landscape sweep circle` makes.
    """
    point = circle.grid("class")[0]
    drawn, _ = learn_circle(circle.SHOWN, P=point["P"], h=point["h"], seed=point["seed"])
    return picture(ntk.hero, drawn)


def surfaces() -> bytes:
    """The two surfaces at the head of chapter 1. Some seconds.

    What training came to, and how often slices bend down, is in the table that `landscape sweep skips` makes.
    """
    grid, last = skip_grids.grid("class", "digits"), skip_grids.CLASS["steps"]
    points = {point["skip"]: point for point in grid if point["steps"] == last}
    seed, planes = skip_grids.FIRST, {}
    for skip, title in ((True, "with skip connections"), (False, "without")):
        how = {name: value for name, value in points[skip].items() if name not in ("dataset", "kind", "P", "seeds")}
        patterns = skips.task("digits", points[skip]["P"], seed)
        run = skips.descend("mlp", [patterns], "digits", [seed], **how)
        planes[title] = skips.surface(run.population.member(0), patterns, seed, points=51)
    return picture(seeing.surfaces, planes)


def spectra() -> bytes:
    """The eigenvalues at the head of chapter 2, in time. Some seconds.

    Shares and counts, of this network and others, are in the table that `landscape sweep spectra` makes.
    """
    point = next(own for own in spectrum_grids.grid("class", "digits") if own["h"] == 12)
    seed, steps = point["seeds"][0], [0, *sorted({round(1.2**k) for k in range(42)})]
    patterns = spectrum_run.task("digits", point["P"], seed, 0, d=spectrum_run.D)
    run, x, y = spectrum_run.learn([patterns], [seed], h=point["h"], batch=point["batch"], lr=point["lr"], steps=steps)
    found = [spectrum_run.hessians(run.at(i).member(0), x[0], y[0])[0] for i in range(len(steps))]
    eigenvalues = np.stack([torch.linalg.eigvalsh(H).flip(0).numpy() for H in found])
    return picture(lambda shown: curvature.hero(steps, shown), eigenvalues)


def rolls() -> bytes:
    """The two minima at the head of chapter 8. Some seconds.

    How often others err is in the table that `landscape sweep spirals` makes.
    """
    point = roll_grids.grid("class")[0]
    how = {name: point[name] for name in ("P", "h", "L", "seeds", "poison")}
    place = torch.linspace(-1.25, 1.25, 200, dtype=torch.float64)
    plane = torch.stack(torch.meshgrid(place, place, indexing="xy"), -1).reshape(-1, 2)
    learned = spirals.learn(**how)
    with torch.no_grad():
        maps = {
            kind: rest.population.member(0)(plane).reshape(200, 200).numpy() for kind, (rest, _, _) in learned.items()
        }
    shown = tuple(part[0].numpy() for part in learned["plain"][1:])
    return picture(lambda drawn: flat.rolls(drawn, 1.25, *shown), maps)


# Of each chapter: the picture, how its table is drawn, and the table.
TABLES: dict[str, tuple[str, Callable[[pd.DataFrame], Figure], str]] = {
    "03_jamming": ("jamming", jamming.hero, "jamming_class_mnist"),
    "04_double_descent": ("double_descent", double_descent.hero, "double_descent_paper_mnist"),
    "07_sgd_noise": ("sgd", sgd.hero, "stationary_noise"),
}
# The picture, measured and drawn.
MEASURED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "index": ("landscapes", maps),
    "01_seeing_the_landscape": ("seeing", surfaces),
    "02_curvature": ("curvature", spectra),
    "05_fluctuations_and_ensembles": ("ensembles", squares),
    "06_ntk_vs_mean_field": ("ntk", circles),
    "08_flat_minima": ("flat", rolls),
}


def redraw(chapter: str | None) -> None:
    """Draw the picture of one chapter, or of all whose table is there."""
    if chapter is not None and chapter not in TABLES and chapter not in MEASURED:
        raise BuildError(f"CHAPTER={chapter}: no picture of its own; there is {', '.join([*TABLES, *MEASURED])}")
    for name in [chapter] if chapter else TABLES:
        file, drawn = (TABLES[name][0], from_table(name)) if name in TABLES else measured(name)
        write(path := BOOK / "static" / f"{file}.png", drawn)
        say(f"{name}: {show(path)}, {len(drawn) // 1000} kB")
    if chapter is None and MEASURED:
        say(f"measured again only when asked for, with --chapter: {', '.join(MEASURED)}")


def from_table(chapter: str) -> bytes:
    """The picture of a chapter, drawn from its table."""
    _, draw, table = TABLES[chapter]
    return picture(draw, read_results(RESULTS / f"{table}.csv"))


def picture(draw: Callable[[Any], Figure], shown: Any) -> bytes:
    """What is shown, drawn in the book's style, as a PNG that says where a phone's page may cut it."""
    with style():
        figure = draw(shown)
        drawn = png(figure, marked=True)
    plt.close(figure)
    return drawn


def measured(chapter: str) -> tuple[str, bytes]:
    """The name of a picture, and the picture, of which everything was measured again."""
    file, make = MEASURED[chapter]
    say(f"{chapter}: measuring …")
    one_thread()
    return file, make()
