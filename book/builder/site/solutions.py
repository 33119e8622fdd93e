"""Exercises: one source holds question, solution and test. The page folds the solution, the class gets a stub instead.

An exercise is three cells in a row. A Markdown cell asks. A code cell tagged `exercise` defines one function, whose
solution stands in its body between `# BEGIN SOLUTION` and `# END SOLUTION`, the marks of nbgrader and Otter. A code
cell tagged `exercise-test` calls the function and asserts. Both use what the cells tagged `parameters` and `setup`
define, and nothing else of the chapter: so they can be done, and tested, without its long measurement. An exercise that
needs a pencil only is one Markdown cell, whose solution stands between the same marks in HTML comments.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..execute.records import Cell, Chapter
from ..messages import BuildError

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
PENCIL = re.compile(r"<!-- BEGIN SOLUTION -->.*?<!-- END SOLUTION -->\n?", re.DOTALL)
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


def exercises(chapter: Chapter) -> Iterator[Exercise]:
    """The exercises of a chapter that `check_exercises` has passed."""
    setup: list[str] = []
    for cell, following in zip(chapter.cells, [*chapter.cells[1:], None], strict=True):
        if cell.tags & {"parameters", "setup"}:
            setup.append(cell.source)
        if "exercise" in cell.tags and following:
            yield Exercise(cell.number, [*setup], cell.source, following.source)


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


def without_markers(source: str) -> str:
    """A solution as a page shows it."""
    return "\n".join(line for line in source.splitlines() if line.strip() not in (BEGIN, END))


def without_pencil(text: str) -> str:
    """Markdown without the solutions of exercises that need no code.

    >>> without_pencil("Why? <!-- BEGIN SOLUTION -->Because.<!-- END SOLUTION -->")
    'Why? '
    """
    return PENCIL.sub("", text)


def check_exercises(chapter: Chapter) -> None:
    """Refuse unknown tags, and exercises that could not be set, tested, or kept from students."""
    for cell in chapter.cells:
        if unknown := cell.tags - set(TAGS):
            raise BuildError(f"{cell.place}: unknown tag {', '.join(sorted(unknown))}; known are {', '.join(TAGS)}")
    previous: frozenset[str] = frozenset()
    for cell, following in zip(chapter.cells, [*chapter.cells[1:], None], strict=True):
        if cell.kind != "code" and (
            wrong := cell.tags & {"install", "parameters", "setup", "exercise", "exercise-test"}
        ):
            raise BuildError(f"{cell.place}: tagged {', '.join(sorted(wrong))}, but is no code cell")
        if "exercise" in cell.tags:
            check_exercise(cell, following)
        elif MARKER.search(without_pencil(cell.source) if cell.kind == "markdown" else cell.source):
            raise BuildError(f"{cell.place}: marks a solution but is not tagged exercise, so students would get it")
        elif "exercise-test" in cell.tags and "exercise" not in previous:
            raise BuildError(f"{cell.place}: a test without an exercise; the cell before it must be tagged exercise")
        previous = cell.tags


def check_exercise(cell: Cell, following: Cell | None) -> None:
    place, source = cell.place, cell.source
    check_markers(place, source)
    parse(place, source)
    functions = [node for node in parse(f"{place}, as a stub", stub(source)).body if isinstance(node, ast.FunctionDef)]
    if len(functions) != 1 or not any(isinstance(node, ast.Raise) for node in ast.walk(functions[0])):
        raise BuildError(f"{place}: an exercise defines one function, with the solution marked inside its body")
    name = functions[0].name
    if following is None or "exercise-test" not in following.tags:
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
