"""Exercises as a student gets them."""

from __future__ import annotations

import copy

from nbformat import NotebookNode

from ..site.solutions import stub, without_pencil


def class_notebook(notebook: NotebookNode) -> NotebookNode:
    """What a student gets: stubs, no solution, nothing run yet."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if cell.cell_type == "markdown":
            cell.source = without_pencil(cell.source)
        if "exercise" in cell.metadata.get("tags", []):
            cell.source = stub(cell.source)
    return notebook
