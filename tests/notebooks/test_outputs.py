"""Every notebook against its committed outputs: nbval's own comparison, on the run that the book was made from."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from builder.execute.cache import executed, key
from builder.execute.outputs import processor, slim
from builder.execute.parameter_cell import with_parameters
from builder.paths import EXECUTED, chapters

from .conftest import differences

NOTEBOOKS = chapters(None)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_says_what_is_committed(path: Path, request: pytest.FixtureRequest):
    """To the last digit on a processor of the same maker; on another, that each cell says as many things of a kind."""
    committed, ran = nbformat.read(path, as_version=4), of_the_book(path)
    if committed.metadata["processor"] == processor():
        assert not (faults := differences(request.session, path, ran)), "\n".join(faults)
    else:
        assert kinds(committed) == kinds(slim(path, copy.deepcopy(ran)))


def kinds(notebook: NotebookNode) -> list[list[tuple[str, list[str]]]]:
    """Of each cell, what its outputs are: their types, and the MIME types of what is shown."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [[(output.output_type, sorted(output.get("data", {}))) for output in cell.outputs] for cell in cells]


def of_the_book(path: Path) -> NotebookNode:
    """The chapter's execution with its defaults, just as the notebook stands."""
    file = EXECUTED / path.stem / f"{key(path, with_parameters(path, {}))}.ipynb"
    assert file.is_file(), f"{path.stem} has not run just so: run `make book` first"
    return executed(path, file)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_changed_number_in_a_copy_fails(path: Path, request: pytest.FixtureRequest, tmp_path: Path):
    """In each cell by itself: its last digit, in each kind of output."""
    notebook = nbformat.read(path, as_version=4)
    changed = 0
    for number, cell in enumerate(notebook.cells):
        copied = copy.deepcopy(notebook)
        if not changes(copied.cells[number]) or "nbval-ignore-output" in cell.metadata.get("tags", []):
            continue
        nbformat.write(copied, tmp_path / path.name)
        [fault] = differences(request.session, tmp_path / path.name, notebook)
        assert "Cell outputs differ" in fault
        changed += 1
    assert changed > 2


def changes(cell: NotebookNode) -> bool:
    """Change the last digit of what a cell prints or shows in words; false where there is none."""
    for output in reversed(cell.get("outputs", [])):
        place, name = (output, "text") if output.output_type == "stream" else (output.get("data", {}), "text/plain")
        text, count = re.subn(r"\d(?=\D*\Z)", lambda digit: str(9 - int(digit[0])), place.get(name, ""))
        if count:
            place[name] = text
            return True
    return False


def cell(text: str, *tags: str, source: str = "f()") -> NotebookNode:
    shown = [new_output("stream", name="stdout", text=text)]
    return new_code_cell(source, outputs=shown, execution_count=1, metadata={"tags": [*tags]})


def test_kinds_tell_a_cell_that_says_less():
    one, two = (new_notebook(cells=[cell("1")]), new_notebook(cells=[new_code_cell("f()")]))
    assert kinds(one) == [[("stream", [])]] != kinds(two)


@pytest.mark.parametrize(
    "committed, ran, says",
    [
        (cell("1"), cell("1"), None),
        (cell("1"), cell("2"), "Cell outputs differ"),
        (cell("1", "nbval-ignore-output"), cell("2"), None),
        (cell("1", source="# NBVAL_IGNORE_OUTPUT\nf()"), cell("2", source="# NBVAL_IGNORE_OUTPUT\nf()"), None),
        (cell("1", "nbval-skip"), cell("2"), None),
        (new_code_cell("f()"), cell("2"), None),  # never run where it was committed
    ],
)
def test_nbval_decides_what_counts(
    committed: NotebookNode, ran: NotebookNode, says: str | None, request: pytest.FixtureRequest, tmp_path: Path
):
    path = tmp_path / "a.ipynb"
    nbformat.write(new_notebook(cells=[committed, cell("after")]), path)
    faults = differences(request.session, path, new_notebook(cells=[ran, cell("after")]))
    assert [says in text for text in faults] == ([True] if says else [])


def test_pictures_and_records_are_not_compared_and_words_beside_them_are(request, tmp_path: Path):
    def shown(words: str, picture: str) -> NotebookNode:
        data = {"text/plain": words, "image/png": picture}
        return new_notebook(cells=[new_code_cell("f()", execution_count=1, outputs=[new_output("display_data", data)])])

    committed = shown("a figure", "AAAA")
    del committed.cells[0].outputs[0].data["image/png"]
    nbformat.write(committed, tmp_path / "a.ipynb")
    assert not differences(request.session, tmp_path / "a.ipynb", shown("a figure", "BBBB"))
    assert len(differences(request.session, tmp_path / "a.ipynb", shown("another", "BBBB"))) == 1


def test_another_cell_is_no_execution_of_this_one(request: pytest.FixtureRequest, tmp_path: Path):
    nbformat.write(new_notebook(cells=[cell("1")]), tmp_path / "a.ipynb")
    with pytest.raises(AssertionError, match="another cell was executed"):
        differences(request.session, tmp_path / "a.ipynb", new_notebook(cells=[cell("1", source="g()")]))
