"""The concept map: the chapters of the course, and what each takes from others, as a drawing and as a list."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from ..messages import BuildError

BOX, GAP, MARGIN = (190, 62), (70, 50), 8  # pixels: a box, between boxes, around all


@dataclass(frozen=True)
class Concept:
    """A chapter on the map; ``place`` is its column and row, ``needs`` what it takes from which chapter."""

    number: int
    name: str
    about: str
    place: tuple[int, int]
    needs: Mapping[int, str]

    @property
    def corner(self) -> tuple[int, int]:
        column, row = self.place
        return MARGIN + column * (BOX[0] + GAP[0]), MARGIN + row * (BOX[1] + GAP[1])

    @property
    def centre(self) -> tuple[float, float]:
        return self.corner[0] + BOX[0] / 2, self.corner[1] + BOX[1] / 2


def read_concepts(file: Path) -> list[Concept]:
    """The concepts of a file, each needing only chapters that are there, no two in one place."""
    concepts = [Concept(**entry) for entry in yaml.safe_load(file.read_text(encoding="utf-8"))]
    known = {concept.number for concept in concepts}
    for concept in concepts:
        if left := set(concept.needs) - known:
            raise BuildError(
                f"{file.name}: chapter {concept.number} needs chapter {min(left)}, which is not on the map"
            )
    if len({tuple(concept.place) for concept in concepts}) < len(concepts):
        raise BuildError(f"{file.name}: two chapters in one place")
    return concepts


def drawing(concepts: list[Concept], pages: Mapping[int, str]) -> str:
    """The map as SVG in the page's own colours; a chapter that has a page leads to it."""
    by_number = {concept.number: concept for concept in concepts}
    width = max(concept.corner[0] for concept in concepts) + BOX[0] + MARGIN
    height = max(concept.corner[1] for concept in concepts) + BOX[1] + MARGIN
    arrows = "".join(
        _arrow(by_number[other], concept, what) for concept in concepts for other, what in concept.needs.items()
    )
    boxes = "".join(_box(concept, pages.get(concept.number)) for concept in concepts)
    return (
        f'<svg class="concepts" viewBox="0 0 {width} {height}" role="group"'
        ' aria-label="What each chapter needs of others; the list below says it in words">\n'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0,0L8,4L0,8z"/></marker></defs>\n{arrows}{boxes}</svg>'
    )


def listed(concepts: list[Concept], pages: Mapping[int, str]) -> str:
    """The map in words, in Markdown, as a list."""
    lines = []
    for concept in concepts:
        name = f"Chapter {concept.number}, {concept.name}"
        page = pages.get(concept.number)
        needs = ", ".join(f"{what} (chapter {other})" for other, what in concept.needs.items())
        linked = f"[{name}](../notebooks/{page}.ipynb)" if page else f"{name} (to come)"
        end = "" if concept.about.endswith("?") else "."
        lines.append(f"- {linked}: {concept.about}{end}{f' It needs {needs}.' if needs else ''}")
    return "\n".join(lines)


def _box(concept: Concept, page: str | None) -> str:
    (x, y), (wide, high) = concept.corner, BOX
    shape = f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="6" class="{"here" if page else "planned"}"/>'
    name, about = html.escape(f"{concept.number} {concept.name}"), html.escape(concept.about)
    lines = ((26, "", name), (47, ' class="small"', about))
    text = "".join(f'<text x="{x + wide / 2}" y="{y + down}"{kind}>{words}</text>' for down, kind, words in lines)
    return f'<a href="../notebooks/{page}.html">{shape}{text}</a>\n' if page else f"<g>{shape}{text}</g>\n"


def _arrow(start: Concept, end: Concept, what: str) -> str:
    """From the edge of one box to that of the next, the concept beside its middle."""
    (x0, y0), (x1, y1) = _edge(start, end), _edge(end, start)
    line = f'<path d="M{x0:.0f},{y0:.0f}L{x1:.0f},{y1:.0f}" class="arrow" marker-end="url(#arrow)"/>'
    level = abs(y1 - y0) < 1
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    spot = f'x="{x:.0f}" y="{y - 8:.0f}"' if level else f'x="{x + 8:.0f}" y="{y + 5:.0f}" class="beside"'
    return f"{line}<text {spot}>{html.escape(what)}</text>\n"


def _edge(concept: Concept, other: Concept) -> tuple[float, float]:
    """Where the line between two centres leaves a box."""
    (x, y), (to_x, to_y) = concept.centre, other.centre
    dx, dy = to_x - x, to_y - y
    reach = min((side / 2 + 2) / abs(step) for side, step in zip(BOX, (dx, dy), strict=True) if step)
    return x + reach * dx, y + reach * dy
