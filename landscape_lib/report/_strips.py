"""The provenance strip: under a figure, where it comes from and the command that makes it again."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
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


Parts = tuple[str | Link, ...]


@dataclass(frozen=True)
class Strip:
    """What a strip says: a line, and more rows by their names, each in parts, words or `Code`."""

    line: str
    rows: Mapping[str, Parts]


def strip(facts: Mapping[str, Any], *, place: str, command: str, budget: str | None = None) -> Strip:
    """The strip of what `landscape_lib.report._sources.facts` gathered when the figure was made or measured.

    ``place`` is the notebook's cell, or the table that the figure is drawn from. Of several tables (1) and (2) are the
    same ones in every row; where all say the same, it stands once.
    """
    budget, each = facts.get("budget") or budget, facts.get("each", [facts])
    rows: dict[str, Parts] = {
        "From": (place,),
        "Experiment": _of_each(each, lambda of: (Code(of["experiment"]),)),
        "Seeds": _of_each(each, lambda of: (of["seeds"],)),
        "Data": _of_each(each, lambda of: (f"{of['dataset']}, SHA-256 ", Code(of["data_sha256"]))),
        "Computing": (f"{facts['seconds']:g} s, summed over processes",),
        "Reproduces": (facts["reproduces"] or "no figure of a paper",),
        "Code": _of_each(
            each, lambda of: ("commit ", Code(of["commit"] or "not from a checkout"), f", {of['versions']}")
        ),
        "Machine": _of_each(each, lambda of: (f"{of['machine']}, {of['date']}",)),
        "Make it again": (Code(command),),
    }
    if facts.get("measured_by"):  # a table that is measured apart, and read where the figure is drawn
        rows["Measure it again"] = _of_each(each, lambda of: (Code(of["measured_by"]),) if of["measured_by"] else ())
    if facts.get("missing"):
        rows["Its grid"] = _of_each(each, lambda of: (of["missing"],) if of["missing"] else ())
    several = list(dict.fromkeys(of["seeds"] for of in each))
    named = f"seed{'s' if len(several) > 1 or ' ' in several[0] else ''} {' and '.join(map(brief, several))}"
    seeds = named if len(several) < 3 else f"seeds of {len(each)} tables"
    at_budget = [f"{budget} budget"] if budget else []
    return Strip(", ".join([facts["dataset"], *at_budget, seeds, f"{facts['seconds']:g} s of computing"]), rows)


def _of_each(each: Sequence[Mapping[str, Any]], told: Callable[[Mapping[str, Any]], Parts]) -> Parts:
    """What is told of each table, by its number; what is the same of all, once."""
    texts = list(map(told, each))
    if len(set(texts)) == 1:
        return texts[0]
    numbered = [(f"; ({number}) ", *text) for number, text in enumerate(texts, 1) if text]
    (first, *rest), *others = numbered
    return (str(first).removeprefix("; "), *rest, *(part for text in others for part in text))


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
