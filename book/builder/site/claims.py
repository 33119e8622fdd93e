"""The claims that were measured, against the rules of the book."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from landscape_lib.report import Entry, anchor

from ..messages import BuildError
from ..paths import chapters, show


def records(notebooks: dict[Path, NotebookNode], rules: dict[str, Entry]) -> list[dict[str, Any]]:
    """The claim records in the executed notebooks: each claim of their chapters, known, stated once a box."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for path, notebook in notebooks.items():
        for number, cell in enumerate(notebook.cells):
            place = f"{show(path)}, cell {number}"
            for output in cell.get("outputs", []):
                record = output.get("metadata", {}).get("landscape")
                if record is None:
                    continue
                name = record["id"]
                if name not in rules:
                    raise BuildError(f"{place}: states {name}, which has no rule; add it to {path.stem}.claims.yml")
                if rules[name].chapter != path.stem:
                    raise BuildError(f"{place}: states {name}, a claim of chapter {rules[name].chapter}")
                if (once := anchor(record)) in found:
                    at = f"{record['budget']} budget" + (f" on {record['dataset']}" if once != f"claim-{name}" else "")
                    raise BuildError(f"{place}: states {name} again at {at}; {found[once][0]} did already")
                found[once] = (place, record)
    there = {path.stem for path in chapters(None)}
    built, stated = {path.stem: path for path in notebooks}, {record["id"] for _, record in found.values()}
    for name, entry in rules.items():
        if entry.chapter not in there:
            raise BuildError(f"notebooks/{entry.chapter}.claims.yml: {name} has no chapter; add {entry.chapter}.ipynb")
        # A chapter that a narrowed build leaves out states nothing, and its claims stay open.
        if entry.chapter in built and name not in stated:
            path = built[entry.chapter]
            names = [number for number, cell in enumerate(notebooks[path].cells) if name in cell.source]
            place = f"{show(path)}, cell {names[0]}" if names else show(path)
            raise BuildError(f"{place}: never states {name}, a claim of notebooks/{path.stem}.claims.yml")
    order = {name: place for place, name in enumerate(rules)}
    return sorted((record for _, record in found.values()), key=lambda one: (order[one["id"]], anchor(one)))
