"""Exercises: one source holds question, solution and test. The page folds the solution, the class gets a stub instead.

An exercise is three cells in a row. A Markdown cell asks. A code cell tagged `exercise` defines one function, whose
solution stands in its body between `# BEGIN SOLUTION` and `# END SOLUTION`, the marks of nbgrader and Otter. A code
cell tagged `exercise-test` calls the function and asserts. Both use what the cells tagged `parameters` and `setup`
define, and nothing else of the chapter: so they can be done, and tested, without its long measurement.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

from ..messages import BuildError
from ..paths import show

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
YOUR_TURN = 'raise NotImplementedError("your turn")'
MARKER = re.compile(r"\b(BEGIN|END)\s+SOLUTION\b", re.IGNORECASE)
TAGS = (
    "parameters",
    "setup",
    "exercise",
    "exercise-test",
    "hide-input",
    "hide-output",
    "hide-cell",
    "remove-cell",
    "remove-input",
    "raises-exception",
    "nbval-ignore-output",
    "nbval-check-output",
    "install",
)


class Exercise(NamedTuple):
    """A solution and its test, with the code that both stand on; ``number`` is the cell's."""

    number: int
    setup: list[str]
    solution: str
    test: str


def exercises(notebook: NotebookNode) -> Iterator[Exercise]:
    """The exercises of a notebook that `check` has passed."""
    setup: list[str] = []
    for number, cell in enumerate(notebook.cells):
        if tags(cell) & {"parameters", "setup"}:
            setup.append(cell.source)
        if "exercise" in tags(cell):
            yield Exercise(number, [*setup], cell.source, notebook.cells[number + 1].source)


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def stub(source: str) -> str:
    """The source with one statement, at the marker's indentation, in the place of each solution."""
    lines, inside = [], False
    for line in source.splitlines():
        mark = line.strip()
        if mark == BEGIN:
            lines.append(line.rstrip().removesuffix(BEGIN) + YOUR_TURN)
        elif not inside and mark != END:
            lines.append(line)
        inside = mark == BEGIN or (inside and mark != END)
    return "\n".join(lines)


def for_page(notebook: NotebookNode) -> NotebookNode:
    """What a reader sees: the stub, the solution folded and without its markers, the test with what it found."""
    notebook = copy.deepcopy(notebook)
    cells = []
    for cell in notebook.cells:
        if "exercise" in tags(cell):
            cells.append(nbformat.v4.new_markdown_cell(f"```python\n{stub(cell.source)}\n```", id=f"{cell.id}-stub"))
            cell.source = "\n".join(line for line in cell.source.splitlines() if line.strip() not in (BEGIN, END))
            cell.metadata["tags"] = sorted(tags(cell) - {"exercise"} | {"hide-cell"})
            cell.metadata["mystnb"] = {"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
        cells.append(cell)
    notebook.cells = cells
    return notebook


def check(path: Path, notebook: NotebookNode) -> None:
    """Refuse unknown tags, and exercises that could not be set, tested, or kept from students."""
    places = [f"{show(path)}, cell {number}" for number in range(len(notebook.cells))]
    for place, cell in zip(places, notebook.cells, strict=True):
        if unknown := tags(cell) - set(TAGS):
            raise BuildError(f"{place}: unknown tag {', '.join(sorted(unknown))}; known are {', '.join(TAGS)}")
    previous: set[str] = set()
    for place, cell, following in zip(places, notebook.cells, [*notebook.cells[1:], None], strict=True):
        found = tags(cell)
        if cell.cell_type != "code" and (
            wrong := found & {"install", "parameters", "setup", "exercise", "exercise-test"}
        ):
            raise BuildError(f"{place}: tagged {', '.join(sorted(wrong))}, but is no code cell")
        if "exercise" in found:
            check_exercise(place, cell.source, following)
        elif MARKER.search(cell.source):
            raise BuildError(f"{place}: marks a solution but is not tagged exercise, so students would get it")
        elif "exercise-test" in found and "exercise" not in previous:
            raise BuildError(f"{place}: a test without an exercise; the cell before it must be tagged exercise")
        previous = found


def check_exercise(place: str, source: str, following: NotebookNode | None) -> None:
    check_markers(place, source)
    parse(place, source)
    functions = [node for node in parse(f"{place}, as a stub", stub(source)).body if isinstance(node, ast.FunctionDef)]
    if len(functions) != 1 or not any(isinstance(node, ast.Raise) for node in ast.walk(functions[0])):
        raise BuildError(f"{place}: an exercise defines one function, with the solution marked inside its body")
    name = functions[0].name
    if following is None or "exercise-test" not in tags(following):
        raise BuildError(f"{place}: exercise {name} has no test; tag the next cell exercise-test, and assert there")
    nodes = list(ast.walk(parse(f"the test after {place}", following.source)))
    if not any(isinstance(node, ast.Assert) for node in nodes):
        raise BuildError(f"{place}: the test of exercise {name}, in the next cell, asserts nothing")
    if not any(isinstance(node, ast.Call) and ast.unparse(node.func) == name for node in nodes):
        raise BuildError(f"{place}: the test of exercise {name}, in the next cell, never calls it")


def check_markers(place: str, source: str) -> None:
    marks = [line.strip() for line in source.splitlines() if MARKER.search(line)]
    if not marks:
        raise BuildError(f"{place}: an exercise without a solution; mark it with {BEGIN} and {END}")
    for mark in marks:
        if mark not in (BEGIN, END):
            raise BuildError(f"{place}: {mark!r} is no marker; write {BEGIN} or {END}, alone on its line")
    if marks != [BEGIN, END] * (len(marks) // 2):
        raise BuildError(f"{place}: {BEGIN} and {END} must take turns; here they come as {', '.join(marks)}")


def parse(place: str, source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise BuildError(f"{place}: not Python, line {error.lineno}: {error.msg}") from None
