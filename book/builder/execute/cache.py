"""Executions that are kept: what one depends on, and what it left."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from landscape_lib._fingerprint import notebook_parts

from ..paths import BOOK, NOTEBOOKS, ROOT, chapter_of

RUNS = {"raises-exception", "skip-execution"}  # tags that nbclient heeds
BESIDE = (".quiz.yml", ".claims.yml")


def key(path: Path, notebook: NotebookNode) -> str:
    """What the execution of a chapter depends on, in sixteen digits.

    Its code cells with their parameters, each definition of the library that they use, its quiz and its claims, the
    measured tables that it names, and the pins. Prose, tags that say how a page shows a cell, and what is said of
    slides run nothing.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    sources = [cell.source for cell in code]
    if (beside := str(NOTEBOOKS)) not in sys.path:
        sys.path.append(beside)  # where a kernel finds modules of the chapters' own
    parts = notebook_parts(sources)
    facts = [
        sys.version_info[:2],
        [(cell.source, sorted(RUNS & {*cell.metadata.get("tags", [])})) for cell in code],
        sorted((module, sorted(definitions.items())) for module, definitions in parts.items()),
    ]
    digest = hashlib.sha256(json.dumps(facts).encode())
    files = [path.with_name(chapter_of(path) + suffix) for suffix in BESIDE]
    for file in [*files, *tables(sources), ROOT / "requirements.lock"]:
        if file.is_file():
            digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def tables(sources: list[str]) -> list[Path]:
    """The files in `book/results/` of the tables that code names; all of them where it makes a name up."""
    files = sorted((BOOK / "results").glob("*.*"))
    try:
        nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    except SyntaxError:  # a line for IPython
        return files
    read = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("read_results")]
    if any(isinstance(inner, ast.JoinedStr | ast.BinOp) for node in read for inner in ast.walk(node)):
        return files
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return [file for file in files if file.stem in words]


def executed(path: Path, file: Path) -> NotebookNode:
    """A chapter as it stands, with the code and the outputs of an execution.

    Where its cells of code have changed since, all is as it was executed.
    """
    ran, notebook = nbformat.read(file, as_version=4), nbformat.read(path, as_version=4)
    cells, others = ([cell for cell in each.cells if cell.cell_type == "code"] for each in (ran, notebook))
    if len(cells) != len(others) or not all(map(is_same, cells, others)):
        return ran
    for cell, other in zip(cells, others, strict=True):
        other.source, other.outputs, other.execution_count = cell.source, cell.outputs, cell.execution_count
    notebook.metadata = ran.metadata
    return notebook


def is_same(cell: NotebookNode, other: NotebookNode) -> bool:
    """Whether two cells of code are one. Only that of the parameters may differ: an execution has values of its own."""
    parameters = all("parameters" in each.metadata.get("tags", []) for each in (cell, other))
    return parameters or cell.source == other.source


def seconds(file: Path) -> dict[str, float]:
    """What the cells of an execution took, by their ids; nothing where it was not written down."""
    times = file.with_suffix(".seconds.json")
    return json.loads(times.read_text(encoding="utf-8")) if times.exists() else {}
