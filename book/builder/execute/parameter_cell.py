"""A chapter's parameters: one cell declares them, and a build may ask for other values."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ..messages import BuildError
from ..paths import show


def with_parameters(path: Path, wanted: dict[str, str]) -> NotebookNode:
    """The notebook with the wanted values written into its `parameters` cell, which the page then shows.

    A name that the cell does not declare is refused here; a value that makes no sense is refused by the notebook.
    """
    notebook = nbformat.read(path, as_version=4)
    cell = parameters_cell(path, notebook)
    declared = declarations(cell)
    lines = cell.source.splitlines()
    for name, text in wanted.items():
        if name not in declared:
            raise BuildError(f"{show(path)} has no parameter {name}; it declares {', '.join(declared)}")
        node = declared[name]
        try:
            value = type(ast.literal_eval(node))(text)
        except ValueError:
            raise BuildError(f"{name}={text}: {show(path)} wants a value like {ast.unparse(node)}") from None
        if value == ast.literal_eval(node):  # asked for or not, the default is one execution
            continue
        line = lines[node.lineno - 1].encode()  # ast counts bytes
        lines[node.lineno - 1] = (line[: node.col_offset] + repr(value).encode() + line[node.end_col_offset :]).decode()
    cell.source = "\n".join(lines)
    return notebook


def parameters_cell(path: Path, notebook: NotebookNode) -> NotebookNode:
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise BuildError(f"{show(path)}: {len(cells)} cells are tagged `parameters`; a chapter has one")
    return cells[0]


def declarations(cell: NotebookNode) -> dict[str, ast.expr]:
    """The names that a cell assigns, each with its expression."""
    return {
        node.targets[0].id: node.value
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def parameters(path: Path, notebook: NotebookNode) -> dict[str, object]:
    """The values that a notebook ran with."""
    declared = declarations(parameters_cell(path, notebook))
    return {name: ast.literal_eval(value) for name, value in declared.items()}
