"""The provenance strip: under a figure, where it comes from and the command that makes it again."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Code(str):
    """Words of a strip that are code."""


@dataclass(frozen=True)
class Link:
    """Words of a strip that lead to a file."""

    words: str
    target: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True)
class Strip:
    """What a strip says: a line, and more rows by their names, each in parts, words or `Code`."""

    line: str
    rows: Mapping[str, tuple[str | Link, ...]]


def strip(facts: Mapping[str, Any], *, place: str, command: str, budget: str | None = None) -> Strip:
    """The strip of what `landscape_lib.report._sources.facts` gathered when the figure was made or measured.

    ``place`` is the notebook's cell, or the table that the figure is drawn from.
    """
    budget = facts.get("budget") or budget
    rows: dict[str, tuple[str | Link, ...]] = {
        "From": (place,),
        "Experiment": (Code(facts["experiment"]),),
        "Seeds": (facts["seeds"],),
        "Data": (f"{facts['dataset']}, SHA-256 ", Code(facts["data_sha256"])),
        "Computing": (f"{facts['seconds']:g} s",),
        "Reproduces": (facts["reproduces"] or "no figure of a paper",),
        "Code": ("commit ", Code(facts["commit"] or "not from a checkout"), f", {facts['versions']}"),
        "Machine": (f"{facts['machine']}, {facts['date']}",),
        "Make it again": (Code(command),),
    }
    if facts.get("measured_by"):  # a table that is measured apart, and read where the figure is drawn
        rows["Measure it again"] = (Code(facts["measured_by"]),)
    if facts.get("missing"):
        rows["Its grid"] = (facts["missing"],)
    seeds = f"seed{'s' if ' ' in facts['seeds'] else ''} {brief(facts['seeds'])}"
    at_budget = [f"{budget} budget"] if budget else []
    return Strip(", ".join([facts["dataset"], *at_budget, seeds, f"{facts['seconds']:g} s"]), rows)


def brief(seeds: str, most: int = 50) -> str:
    """Ranges of seeds, of which many are told by their ends.

    >>> brief("0 to 9"), brief(", ".join(f"{100 * i} to {100 * i + 9}" for i in range(30)))
    ('0 to 9', '0 to 2909, in 30 ranges')
    """
    if len(seeds) <= most:
        return seeds
    ranges = seeds.split(", ")
    return f"{ranges[0].split(' ')[0]} to {ranges[-1].split(' ')[-1]}, in {len(ranges)} ranges"


def strip_html(made: Strip) -> str:
    """The strip in HTML, folded under its line."""
    listed = "".join(f"<dt>{name}</dt><dd>{''.join(map(_markup, parts))}</dd>" for name, parts in made.rows.items())
    line = html.escape(made.line)
    return f'<details class="provenance"><summary>Where this comes from: {line}</summary>\n<dl>{listed}</dl></details>'


def _markup(part: str | Link) -> str:
    words = html.escape(str(part))
    if isinstance(part, Link):
        return f'<a href="{html.escape(part.target)}" download>{words}</a>'
    return f"<code>{words}</code>" if isinstance(part, Code) else words
