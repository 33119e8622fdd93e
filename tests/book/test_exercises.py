"""Exercises: what stands in a solution's place, what stops the build; that each stub fails and each solution passes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import matplotlib
import nbformat
import pytest

from builder.classroom.exercises import class_notebook
from builder.classroom.zips import ZIP, pack
from builder.execute.cache import tables
from builder.execute.records import read, read_source
from builder.messages import BuildError
from builder.paths import chapter_of, is_appendix
from builder.site import page
from builder.site.solutions import BEGIN, END, YOUR_TURN, Exercise, check_exercises, exercises, stub
from builder.steps import take

from ._toy import CHAPTER, SQUARE, small_chapter
from .conftest import ROOT, ToyBook

CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EVERY = [(path, exercise) for path in CHAPTERS for exercise in exercises(read_source(path))]
PATH = ROOT / "notebooks" / "01_toy.ipynb"

TEST = "assert square(3) == 9"


def notebook(*cells: tuple[str, str]) -> nbformat.NotebookNode:
    """Code cells, each its tags and its source; `markdown` is no tag but the kind."""
    made = nbformat.v4.new_notebook()
    for tags, source in cells:
        if tags == "markdown":
            made.cells.append(nbformat.v4.new_markdown_cell(source))
        else:
            made.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags.split()} if tags else {}))
    return made


GOOD = notebook(
    ("markdown", "**Exercise 1.** Square a number."), ("exercise", SQUARE), ("exercise-test", TEST + "\nprint(1)")
)


def on_page(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return page.chapter_notebook(read(PATH, notebook), lambda place, text: text, with_deck=False)


def test_stub_keeps_what_is_given_and_asks_where_the_solution_was():
    source = (
        f"def f(x):\n    y = x\n    if y:\n        {BEGIN}\n        y = 2\n\n        # why\n        {END}\n    return y"
    )
    assert stub(source) == f"def f(x):\n    y = x\n    if y:\n        {YOUR_TURN}\n    return y"
    assert stub("x = 1\n\ny = 2") == "x = 1\n\ny = 2"
    twice = f"def f(x):\n  {BEGIN}\n  a\n  {END}\n  b\n  {BEGIN}\n  c\n  {END}"
    assert stub(twice) == f"def f(x):\n  {YOUR_TURN}\n  b\n  {YOUR_TURN}"


def test_good_notebook_passes_its_check_and_changes_only_in_copies():
    before = nbformat.writes(GOOD)
    check_exercises(read(PATH, GOOD))
    for version in (class_notebook(GOOD), on_page(GOOD)):
        nbformat.validate(version)
    assert nbformat.writes(GOOD) == before


def with_cell(number: int, source: str | None = None, tags: str | None = None) -> nbformat.NotebookNode:
    cells = [("markdown", GOOD.cells[0].source), ("exercise", SQUARE), ("exercise-test", TEST)]
    cells[number] = (cells[number][0] if tags is None else tags, cells[number][1] if source is None else source)
    return notebook(*cells)


BROKEN = {
    "unknown tag": (
        with_cell(2, tags="exercise-tets"),
        "cell 2: unknown tag exercise-tets; known are parameters, setup",
    ),
    "no test": (notebook(("exercise", SQUARE)), "cell 0: exercise square has no test"),
    "test not next": (with_cell(2, tags="hide-input"), "cell 1: exercise square has no test"),
    "test alone": (with_cell(1, source="1", tags=""), "cell 2: a test without an exercise"),
    "no assert": (
        with_cell(2, source="square(3)"),
        "cell 1: the test of exercise square, in the next cell, asserts no",
    ),
    "no call": (with_cell(2, source="assert square"), "cell 1: the test of exercise square, in the next cell, never"),
    "no solution": (with_cell(1, source="def square(x): ..."), "cell 1: an exercise without a solution"),
    "no end": (with_cell(1, source=SQUARE.replace(END, "")), f"cell 1: {BEGIN} and {END} must take turns"),
    "no begin": (with_cell(1, source=SQUARE.replace(BEGIN, "")), f"cell 1: {BEGIN} and {END} must take turns"),
    "nested": (with_cell(1, source=SQUARE.replace("secret = x * x", BEGIN)), f"come as {BEGIN}, {BEGIN}, {END}"),
    "backwards": (
        with_cell(1, source=SQUARE.replace(BEGIN, "?").replace(END, BEGIN).replace("?", END)),
        f"come as {END}, {BEGIN}",
    ),
    "misspelt marker": (
        with_cell(1, source=SQUARE.replace(BEGIN, "# Begin solution")),
        "'# Begin solution' is no mark",
    ),
    "marker after code": (with_cell(1, source=SQUARE.replace("secret\n    #", "secret  #")), "is no marker; write"),
    "untagged solution": (with_cell(1, tags=""), "cell 1: marks a solution but is not tagged exercise"),
    "misspelt and untagged": (
        with_cell(1, source=SQUARE.replace(BEGIN, "### begin solution"), tags="hide-cell"),
        "cell 1: marks a solution but is not tagged exercise",
    ),
    "solution in the test": (with_cell(2, source=f"{BEGIN}\n{TEST}\n{END}"), "cell 2: marks a solution but is not"),
    "solution in words": (with_cell(0, source=f"{BEGIN}\nNine.\n{END}"), "cell 0: marks a solution but is not tagged"),
    "no function": (with_cell(1, source=f"{BEGIN}\nsquare = abs\n{END}"), "cell 1: an exercise defines one function"),
    "two functions": (with_cell(1, source=f"{SQUARE}\ndef cube(x): ..."), "cell 1: an exercise defines one function"),
    "marked outside": (
        with_cell(1, source=f"def square(x):\n    return x * x\n{BEGIN}\n# because\n{END}"),
        "cell 1: an exercise defines one function, with the solution marked inside its body",
    ),
    "no Python": (with_cell(1, source=SQUARE + "\n%time"), "cell 1: not Python, line 7"),
    "no Python as a stub": (
        with_cell(1, source=f"def square(x):\n    if x:\n    {BEGIN}\n        return x\n    {END}"),
        "cell 1, as a stub: not Python",
    ),
    "no Python in the test": (
        with_cell(2, source="assert square(3) = 9"),
        "the test after notebooks/01_toy.ipynb, cell 1",
    ),
    "words as an exercise": (notebook(("markdown", "?")), "cell 0: tagged exercise, but is no code cell"),
}
BROKEN["words as an exercise"][0].cells[0].metadata["tags"] = ["exercise"]


@pytest.mark.parametrize("case", BROKEN)
def test_broken_exercise_is_refused_with_notebook_and_cell(case: str):
    broken, says = BROKEN[case]
    with pytest.raises(BuildError) as refused:
        check_exercises(read(PATH, broken))
    assert says in str(refused.value) and "notebooks/01_toy.ipynb, cell " in str(refused.value)


def test_page_shows_the_stub_and_folds_the_solution():
    question, shown, solution, test = on_page(GOOD).cells
    assert question.source.startswith("**Exercise 1.**")
    assert shown.cell_type == "markdown" and shown.source == f"```python\n{stub(SQUARE)}\n```"
    assert solution.metadata.tags == ["hide-cell"] and "secret" in solution.source and "SOLUTION" not in solution.source
    assert test.source == GOOD.cells[2].source and "hide-cell" not in test.metadata.tags
    assert len({cell.id for cell in on_page(GOOD).cells}) == 4


def test_broken_exercise_stops_the_build_before_anything_runs(toy: ToyBook, capsys: pytest.CaptureFixture[str]):
    broken = small_chapter()
    broken.cells[1:1] = notebook(("exercise", SQUARE), ("", TEST)).cells
    toy.chapter(broken)
    for step in ("book", "refresh", "class"):
        with pytest.raises(BuildError, match="notebooks/01_toy.ipynb, cell 1: exercise square has no test"):
            toy.take(step)
        assert "running" not in capsys.readouterr().out
    broken.cells[2].metadata["tags"] = ["exercise-test"]
    toy.chapter(broken)
    with pytest.raises(BuildError, match="class keeps the notebooks' defaults; leave out DATASET"):
        toy.take("class", DATASET="mnist")


def test_built_page_has_stub_and_solution(built: ToyBook):
    html = (built.html / CHAPTER).read_text()
    assert html.index("NotImplementedError") < html.index("Show the solution") < html.index("secret")
    assert "SOLUTION" not in html


def test_chapters_have_exercises():
    assert {path for path, _ in EVERY} == {path for path in CHAPTERS if not is_appendix(path)}


def outcome(exercise: Exercise, source: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What becomes of an exercise with this source in its cell: the error's name, or `passes`."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    monkeypatch.chdir(ROOT / "notebooks")
    with matplotlib.rc_context():
        for cell in exercise.setup:
            exec(cell, namespace)
        try:
            exec(source, namespace)
            exec(exercise.test, namespace)
        except (NotImplementedError, AssertionError) as error:
            return type(error).__name__
    return "passes"


@pytest.mark.parametrize("path, exercise", EVERY, ids=[f"{path.stem}-{exercise.number}" for path, exercise in EVERY])
@pytest.mark.usefixtures("as_user")
def test_stub_fails_and_solution_passes(path: Path, exercise: Exercise, monkeypatch: pytest.MonkeyPatch):
    check_exercises(read_source(path))
    assert outcome(exercise, stub(exercise.solution), monkeypatch) == "NotImplementedError"
    assert outcome(exercise, exercise.solution, monkeypatch) == "passes"


def solution_lines(exercise: Exercise, notebook: nbformat.NotebookNode) -> list[str]:
    """The lines between the markers, but for those that stand elsewhere in the notebook too."""
    elsewhere = "\n".join([cell.source for cell in notebook.cells if cell.source != exercise.solution])
    body = exercise.solution.split(BEGIN, 1)[1].rsplit(END, 1)[0]
    return [line for line in map(str.strip, body.splitlines()) if line and line not in elsewhere]


def unpacked(folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(pack(CHAPTERS))) as archive:
        archive.extractall(folder)
        assert archive.testzip() is None
    return folder / ZIP.stem


def test_zip_is_the_same_twice_and_holds_no_solution_and_no_output(tmp_path: Path):
    assert pack(CHAPTERS) == pack(CHAPTERS)
    folder = unpacked(tmp_path)
    assert {path.name for path in (folder / "notebooks").glob("*.ipynb")} == {path.name for path in CHAPTERS}
    for path, exercise in EVERY:
        source = nbformat.read(path, as_version=4)
        student = nbformat.read(folder / "notebooks" / path.name, as_version=4)
        assert [cell.metadata for cell in student.cells] == [cell.metadata for cell in source.cells], "tags are kept"
        sources = "\n".join(cell.source for cell in student.cells)
        assert "SOLUTION" not in sources
        lines = solution_lines(exercise, source)
        assert lines and not [line for line in lines if line in sources]
        code = [cell for cell in student.cells if cell.cell_type == "code"]
        assert not [cell for cell in code if cell.outputs or cell.execution_count]
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert not [file for file in files if "__pycache__" in file.parts or file.suffix == ".pyc"]
    assert sum(file.stat().st_size for file in files) < 20_000_000


WORK = """\
import nbformat, pathlib, sys
import landscape_lib
from landscape_lib.report import load_claims

assert pathlib.Path(landscape_lib.__file__).is_relative_to(pathlib.Path.cwd().parent), landscape_lib.__file__
assert load_claims()
cells = nbformat.read(sys.argv[1], as_version=4).cells
tagged = lambda *names: [cell.source for cell in cells if set(names) & set(cell.metadata.get("tags", []))]
names = {"__name__": "__main__"}
for source in tagged("parameters", "setup"):
    exec(source, names)
for stub, test in zip(tagged("exercise"), tagged("exercise-test"), strict=True):
    exec(stub, names)
    try:
        exec(test, names)
    except NotImplementedError as error:
        print("refused:", error)
"""


def test_unpacked_zip_is_ready_to_work_in(tmp_path: Path):
    """Tried in one chapter; what any of them reads is there."""
    folder, path = unpacked(tmp_path), CHAPTERS[0]
    done = subprocess.run(
        [sys.executable, "-c", WORK, path.name],
        cwd=folder / "notebooks",
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("refused: your turn") == sum(where == path for where, _ in EVERY)
    for path in CHAPTERS:
        for table in tables(
            [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        ):
            assert (folder / table.relative_to(ROOT)).is_file(), f"{path.stem} reads {table.name}"
        assert (folder / "notebooks" / f"{chapter_of(path)}.quiz.yml").is_file()


def test_class_command_writes_the_zip():
    take("class", None, {}, timeout=60)
    assert ZIP.read_bytes() == pack(CHAPTERS)
