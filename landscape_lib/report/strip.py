"""The provenance strip: under a figure, where it comes from and the command that makes it again."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any


def strip(facts: Mapping[str, Any], *, cell: int, chapter: str, parameters: Mapping[str, Any]) -> str:
    """The strip in HTML: what `facts` gathered when the figure was made, its cell, and the notebook's parameters."""
    e = html.escape
    settings = " ".join(f"{name}={value}" for name, value in parameters.items())
    rows = {
        "Notebook": f"{chapter}, cell {cell}",
        "Experiment": f"<code>{e(facts['experiment'])}</code>",
        "Seeds": e(facts["seeds"]),
        "Data": f"{e(facts['dataset'])}, SHA-256 <code>{e(facts['data_sha256'])}</code>",
        "Computing": f"{facts['seconds']:g} s on one core",
        "Reproduces": e(facts["reproduces"] or "no figure of a paper"),
        "Code": f"commit <code>{e(facts['commit'] or 'not from a checkout')}</code>, {e(facts['versions'])}",
        "Machine": f"{e(facts['machine'])}, {e(facts['date'])}",
        "Make it again": f"<code>make book CHAPTER={e(chapter)} {e(settings)}</code>",
    }
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows.items())
    budget = f"{parameters['BUDGET']} budget, " if "BUDGET" in parameters else ""
    seeds = f"seed{'s' if ' ' in facts['seeds'] else ''} {facts['seeds']}"
    line = f"{facts['dataset']}, {budget}{seeds}, {facts['seconds']:g} s"
    return (
        f'<details class="provenance"><summary>Where this comes from: {e(line)}</summary>\n<dl>{listed}</dl></details>'
    )
