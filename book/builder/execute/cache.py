"""Executions that are kept: what one depends on, and what it left."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from ..paths import BOOK, NOTEBOOKS, ROOT

RUNS = {".py", ".json", ".mplstyle"}  # what of the library a notebook's outputs depend on
READS = re.compile(r"read_results\(\"(\w+)\"\)")  # measured tables that a notebook draws


def key(notebook: NotebookNode) -> str:
    """What an execution depends on: a notebook with its parameters, the tables it reads, library, claims, pins.

    What is said of slides runs nothing, so it may change without a new execution.
    """
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for cell in notebook.cells:
        metadata = {name: value for name, value in cell.metadata.items() if name != "slideshow"}
        digest.update(json.dumps([cell.cell_type, cell.source, metadata], sort_keys=True).encode())
    library = [file for file in sorted((ROOT / "landscape_lib").rglob("*")) if file.suffix in RUNS]
    beside = [*sorted(NOTEBOOKS.glob("*.quiz.yml")), *sorted(NOTEBOOKS.glob("*.claims.yml"))]
    read = set(READS.findall("\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")))
    tables = [file for name in sorted(read) for file in sorted((BOOK / "results").glob(f"{name}.*"))]
    for file in [*library, *beside, *tables, ROOT / "requirements.lock"]:
        digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def executed(path: Path, file: Path) -> NotebookNode:
    """An execution of a chapter, with what the chapter says now of its slides."""
    notebook = nbformat.read(file, as_version=4)
    said = {cell.get("id"): cell.metadata.get("slideshow") for cell in nbformat.read(path, as_version=4).cells}
    for cell in notebook.cells:
        cell.metadata.pop("slideshow", None)
        if slideshow := said.get(cell.get("id")):
            cell.metadata["slideshow"] = slideshow
    return notebook


def seconds(file: Path) -> dict[str, float]:
    """What the cells of an execution took, by their ids; nothing where it was not written down."""
    times = file.with_suffix(".seconds.json")
    return json.loads(times.read_text(encoding="utf-8")) if times.exists() else {}


def recorded(notebook: NotebookNode, key: str) -> Iterator[dict[str, Any]]:
    """The facts under one name in the metadata of all outputs."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if found := output.get("metadata", {}).get(key):
                yield found
