"""Outputs as they are kept, and as they are committed."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ..messages import BuildError, say
from ..paths import show, write
from .cache import executed
from .run import execute

HEAVY = 50_000  # characters of an HTML output that no committed notebook should carry


def refresh(paths: Sequence[Path], timeout: int) -> None:
    """Write chapters' outputs back without pictures and records: what nbval compares, and no more."""
    for path, file in execute(paths, {}, timeout).items():
        write(path, nbformat.writes(slim(path, executed(path, file))) + "\n")
        say(f"{show(path)}: outputs written")


def processor() -> str:
    """Who made this machine's processor: those of one maker round alike, others may not, whatever they are asked for.

    A descent near a transition ends elsewhere for a last digit, so that numbers are compared on one maker's only.
    """
    facts = Path("/proc/cpuinfo")
    found = re.search(r"^vendor_id\s*:\s*(\S+)", facts.read_text(encoding="utf-8"), re.M) if facts.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def slim(path: Path, notebook: NotebookNode) -> NotebookNode:
    """An executed notebook as it is committed."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["processor"] = processor()
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            for name in [name for name in output.get("metadata", {}) if name.startswith("landscape")]:
                del output.metadata[name]
            data = output.get("data", {})
            for mime in [mime for mime in data if mime.startswith(("image/", "application/vnd."))]:
                del data[mime]
            if len(data.get("text/html", "")) > HEAVY:
                if "nbval-ignore-output" not in cell.metadata.get("tags", []):
                    size = len(data["text/html"]) // 1000
                    raise BuildError(
                        f"{show(path)}, cell {number}: {size} kB of HTML is too much to commit; "
                        "make it smaller, or tag the cell nbval-ignore-output so that it can be left out"
                    )
                del data["text/html"]
    return notebook
