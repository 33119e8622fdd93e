"""Measured tables as files of the site, to be downloaded where a figure shows them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from landscape_lib.report import Link

from ..execute.records import Figure
from ..paths import write

FOLDER = "tables"  # of the site's static files


def links(figure: Figure) -> list[Link]:
    """A link to each table behind a figure, from the page of its notebook."""
    return [Link(f"CSV, {table.count(chr(10)) - 1} rows", f"../_static/{name(table)}") for table in figure.tables]


def name(table: str) -> str:
    """The file of a table, by what it holds: figures of one table share it."""
    return f"{FOLDER}/{hashlib.sha256(table.encode()).hexdigest()[:12]}.csv"


def lay_out(figure: Figure, static: Path) -> None:
    for table in figure.tables:
        write(static / name(table), table)
