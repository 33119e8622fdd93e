"""The provenance strip: under a figure, where it comes from and the command that makes it again."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any


def strip(facts: Mapping[str, Any], *, place: str, command: str, budget: str | None = None) -> str:
    """The strip in HTML: what `landscape_lib.report._sources.facts` gathered when the figure was made or measured.

    ``place`` is the notebook's cell, or the table that the figure is drawn from.
    """
    e, budget = html.escape, facts.get("budget") or budget
    rows = {
        "From": e(place),
        "Experiment": f"<code>{e(facts['experiment'])}</code>",
        "Seeds": e(facts["seeds"]),
        "Data": f"{e(facts['dataset'])}, SHA-256 <code>{e(facts['data_sha256'])}</code>",
        "Computing": f"{facts['seconds']:g} s",
        "Reproduces": e(facts["reproduces"] or "no figure of a paper"),
        "Code": f"commit <code>{e(facts['commit'] or 'not from a checkout')}</code>, {e(facts['versions'])}",
        "Machine": f"{e(facts['machine'])}, {e(facts['date'])}",
        "Make it again": f"<code>{e(command)}</code>",
    }
    if facts.get("measured_by"):  # a table that is measured apart, and read where the figure is drawn
        rows["Measure it again"] = f"<code>{e(facts['measured_by'])}</code>"
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows.items())
    seeds = f"seed{'s' if ' ' in facts['seeds'] else ''} {facts['seeds']}"
    line = ", ".join([facts["dataset"], *([f"{budget} budget"] if budget else []), seeds, f"{facts['seconds']:g} s"])
    return (
        f'<details class="provenance"><summary>Where this comes from: {e(line)}</summary>\n<dl>{listed}</dl></details>'
    )
