"""A new chapter, as `make chapter` lays it out: built in a copy of the repository, tested there, and thrown away."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from builder.chapter import filled, lay_out
from builder.contents import README, described, with_chapters
from builder.messages import BuildError
from builder.paths import chapters

from .conftest import ROOT

MADE = (
    "notebooks/99_odd_ends.ipynb",
    "notebooks/99_odd_ends.claims.yml",
    "notebooks/99_odd_ends.quiz.yml",
    "landscape_lib/measure/ends.py",
    "landscape_lib/experiments/ends.py",
    "landscape_lib/experiments/grids/ends.py",
    "landscape_lib/figures/ends.py",
    "tests/measure/test_ends.py",
    "tests/figures/test_ends.py",
    "tests/experiments/test_ends.py",
    "tests/experiments/test_ends_nulls.py",
)


class Copy:
    """A copy of the repository's files, without its history."""

    def __init__(self, root: Path) -> None:
        self.root = root
        listed = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True,
            capture_output=True,
            text=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, root / name)
        if (ROOT / "_build" / "npm").is_dir():
            (root / "_build").mkdir()
            (root / "_build" / "npm").symlink_to(ROOT / "_build" / "npm")
        if (ROOT / ".mypy_cache").is_dir():  # of `make check`; what is new is checked
            shutil.copytree(ROOT / ".mypy_cache", root / ".mypy_cache")

    def run(self, *arguments: str, cwd: str = ".") -> str:
        paths = os.pathsep.join(map(str, (self.root, self.root / "book")))
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.root / cwd,
            env=os.environ | {"PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def outcome(self, *arguments: str) -> str:
        """Some of the tests that stand in the copy, and what pytest says of them."""
        return self.run("pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *arguments)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy = Copy(tmp_path_factory.mktemp("copy"))
    copy.run("builder", "chapter", "--chapter", "99_odd_ends", "--module", "ends", cwd="book")
    return copy


def test_its_files_are_there_without_a_word_of_the_skeleton(copy: Copy):
    for name in MADE:
        assert "skel" not in (copy.root / name).read_text().lower(), name
    notebook = nbformat.read(copy.root / MADE[0], as_version=4)
    assert notebook.cells[0].source.startswith("# Odd ends: ") and "install" in notebook.cells[1].metadata.tags
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("claim ends.exponent: reproduced" in output.get("data", {}).get("text/plain", "") for output in outputs)
    assert "[Chapter 99: odd ends](notebooks/99_odd_ends.ipynb)" in (copy.root / "README.md").read_text()


def test_it_passes_what_make_check_asks(copy: Copy):
    copy.run("ruff", "check", ".")
    copy.run("ruff", "format", "--check", ".")
    copy.run("mypy")
    copy.run("codespell_lib")
    lint = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    done = subprocess.run(
        lint, cwd=copy.root, env=os.environ | {"PYTHONPATH": f"{copy.root}:{copy.root}/book"}, capture_output=True
    )
    assert done.returncode == 0, done.stdout.decode()[-3000:]


def test_it_passes_its_own_tests(copy: Copy):
    ours = [name for name in MADE if name.startswith("tests/")]
    doctests = [name for name in MADE if name.startswith("landscape_lib/")]
    assert " passed" in copy.outcome(*ours, *doctests, "tests/report/test_index.py")


def test_it_passes_what_every_experiment_must(copy: Copy):
    assert " passed" in copy.outcome("tests/experiments/test_grids.py", "-k", "ends")


def test_it_is_built_and_passes_what_every_page_must(copy: Copy):
    copy.run("builder", "book", "--chapter", "99_odd_ends", cwd="book")
    page = (copy.root / "_build" / "html" / "notebooks" / "99_odd_ends.html").read_text()
    assert "99. Odd ends" in page and 'id="claim-ends.exponent"' in page
    assert "Chapter 99: odd ends" in (copy.root / "_build" / "html" / "book" / "index.html").read_text()
    assert "99_odd_ends.html" in (copy.root / "_build" / "html" / "book" / "lecturers.html").read_text()
    # What was built says what is committed; a change of any number would not be passed over.
    assert "2 passed" in copy.outcome("tests/notebooks", "-k", "99_odd_ends")


def test_what_is_there_is_not_written_over(copy: Copy, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("builder.chapter.ROOT", copy.root)
    monkeypatch.setattr("builder.paths.ROOT", copy.root)
    monkeypatch.setattr("builder.chapter.NOTEBOOKS", copy.root / "notebooks")
    before = {file: file.read_bytes() for file in copy.root.glob("[nlt]*/**/*") if file.is_file()}
    for name, module, says in (
        (None, None, "NAME=: need a number and a name, such as 06_ntk_vs_mean_field"),
        ("6_odd", None, "NAME=6_odd: need a number and a name"),
        ("99_other", None, "NAME=99_other: number 99 is notebooks/99_odd_ends.ipynb"),
        ("98_other", "ends", "landscape_lib/measure/ends.py"),
        ("98_other", "Ends", "MODULE=Ends: need a name for the chapter's modules"),
        ("98_other", "class", "MODULE=class: need a name for the chapter's modules"),
        ("98_my_skeleton", "k", "NAME=98_my_skeleton: need a number and a name"),
        ("98_other", "skeletons", "MODULE=skeletons: need a name for the chapter's modules"),
    ):
        with pytest.raises(BuildError, match=re.escape(says)):
            lay_out(name, module)
    assert before == {file: file.read_bytes() for file in copy.root.glob("[nlt]*/**/*") if file.is_file()}


def test_the_readme_lists_the_chapters():
    text = README.read_text()
    assert text == with_chapters(text, chapters(None)), "run `make refresh`, which renews it"


def test_a_chapter_says_what_it_is_about():
    for path in chapters(None):
        number, title, about = described(path, nbformat.read(path, as_version=4))
        assert path.name.startswith(f"{number:02}_") and title and not about.endswith(".")


def test_names_are_filled_in():
    words = {"00_skeleton": "06_b_c", "skel.": "bc.", "skeleton": "b_c"}
    assert filled("00_skeleton skel.x skeleton.y test_skeleton.py", words) == "06_b_c bc.x b_c.y test_b_c.py"
