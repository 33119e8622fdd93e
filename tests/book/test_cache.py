"""What asks for a new execution of a chapter, and what does not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_output

from builder.execute import cache
from builder.execute.run import ROUNDING

from ._toy import ROOT, small_chapter

KEYS = """
import json, sys
import nbformat
from builder.execute.cache import key
from builder.paths import chapters

for line in sys.stdin:  # an answer a line
    print(json.dumps({path.stem: key(path, nbformat.read(path, as_version=4)) for path in chapters(None)}), flush=True)
"""


class Copy:
    """The repository in another place, where its files may be changed, and a process that tells the chapters' keys."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("landscape_lib", "notebooks", "book"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        shutil.copy(ROOT / "requirements.lock", root)
        piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        environment = {"PYTHONPATH": f"{root}:{root / 'book'}", "PATH": "/nowhere"}
        self.process = subprocess.Popen([sys.executable, "-c", KEYS], env=environment, cwd=root, **piped)
        self.last = self.keys()

    def keys(self) -> dict[str, str]:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def changed(self, name: str, text: str) -> set[str]:
        """The chapters, by their numbers, that run again when a text is added to a file."""
        before = self.last
        (self.root / name).write_text((self.root / name).read_text() + text)
        self.last = after = self.keys()
        return {chapter[:2] for chapter in before if after[chapter] != before[chapter]}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory):
    made = Copy(tmp_path_factory.mktemp("copy"))
    yield made
    made.process.communicate(timeout=30)


@pytest.mark.parametrize(
    "name, text, again",
    [
        ("landscape_lib/measure/jamming.py", "\n# A comment.\n", set()),
        ("landscape_lib/measure/jamming.py", "\n\ndef nobody_calls(x):\n    return x\n", set()),
        ("landscape_lib/experiments/jamming.py", "\nprint()\n", {"03"}),
        ("landscape_lib/experiments/ensembles.py", "\nprint()\n", {"05"}),
        ("landscape_lib/cli.py", "\nprint()\n", set()),
        ("landscape_lib/data/__init__.py", "\nprint()\n", {"03", "04", "05"}),
        ("notebooks/04_double_descent.claims.yml", "\n# A typo.\n", {"04"}),
        ("notebooks/05_fluctuations_and_ensembles.quiz.yml", "\n# A typo.\n", {"05"}),
        ("book/results/jamming_paper_random.csv", "\n", {"03"}),
        ("book/references.bib", "\n", set()),
        ("requirements.lock", "\n", {"03", "04", "05"}),
    ],
)
def test_chapters_run_again_when_what_they_use_changes(copy: Copy, name: str, text: str, again: set[str]):
    assert copy.changed(name, text) & {"03", "04", "05"} == again


def test_prose_and_what_a_page_shows_ask_for_no_execution_and_code_does():
    path = ROOT / "notebooks" / "01_toy.ipynb"
    notebook = small_chapter("a = 1", "b = 2")
    before = cache.key(path, notebook)
    notebook.cells[0].source = "# Another title"
    notebook.cells.insert(1, new_markdown_cell("Words."))
    notebook.cells[2].metadata["tags"].append("hide-input")
    notebook.cells[3].outputs = [new_output("stream", text="1")]
    notebook.cells[3].id = "another"
    assert cache.key(path, notebook) == before
    for number, source, tags in ((2, "SEED = 1", []), (3, "a = 2", []), (3, "a = 1", ["raises-exception"])):
        other = nbformat.from_dict(json.loads(json.dumps(notebook)))
        other.cells[number].source, other.cells[number].metadata["tags"] = source, tags
        assert cache.key(path, other) != before
    notebook.cells[3:] = [nbformat.v4.new_code_cell("a = 1\nb = 2")]
    assert cache.key(path, notebook) != before, "outputs stand under another cell"


def test_an_execution_has_the_prose_of_today(tmp_path: Path):
    ran = small_chapter("a = 1", "b = 2")
    ran.cells[1].source = "SEED = 7"
    ran.cells[2].outputs = [new_output("stream", text="one")]
    ran.metadata["widgets"] = {}
    nbformat.write(ran, tmp_path / "ran.ipynb")
    today = small_chapter("a = 1", "b = 2")
    for cell in today.cells[2:]:
        cell.id = f"other-{cell.id}"
    today.cells[0].source = "# Another title"
    today.cells[2].metadata["tags"] = ["hide-input"]
    today.cells.append(new_markdown_cell("An end."))
    nbformat.write(today, tmp_path / "01_toy.ipynb")
    shown = cache.executed(tmp_path / "01_toy.ipynb", tmp_path / "ran.ipynb")
    assert [cell.source for cell in shown.cells] == ["# Another title", "SEED = 7", "a = 1", "b = 2", "An end."]
    assert shown.cells[2].outputs == ran.cells[2].outputs and shown.cells[2].metadata["tags"] == ["hide-input"]
    today.cells[3].source = "b = 3"
    today.cells[3].id = "new"
    nbformat.write(today, tmp_path / "01_toy.ipynb")
    shown = cache.executed(tmp_path / "01_toy.ipynb", tmp_path / "ran.ipynb")
    assert shown.cells[0].source == "# A toy", "code that did not run has no outputs to be shown under"


@pytest.mark.parametrize(
    "source, names",
    [
        ('read_results("a")', {"a.csv", "a.json"}),
        ('for name in ("a", "b"):\n    report.read_results(name)', {"a.csv", "a.json", "b.csv"}),
        ('read_results(f"a_{DATASET}")', {"a.csv", "a.json", "b.csv"}),
        ("%time 1", {"a.csv", "a.json", "b.csv"}),
        ("1", set()),
    ],
)
def test_tables_are_those_that_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, names: set[str]):
    (tmp_path / "results").mkdir()
    for name in ("a.csv", "a.json", "b.csv"):
        (tmp_path / "results" / name).touch()
    monkeypatch.setattr(cache, "BOOK", tmp_path)
    assert {file.name for file in cache.tables(["x = 1", source])} == names


def test_who_calls_the_builder_by_hand_gets_the_rounding_of_make():
    exported = re.findall(r"^export (\w+) := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(exported) == ROUNDING
