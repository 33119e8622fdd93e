"""A book in miniature, and a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
HTML = Path(os.environ.get("LANDSCAPE_SITE", ROOT / "_build" / "html"))  # another copy of it, where one is named

CLAIMS = """
- id: toy.mean
  statement: The mean of the samples lies near 0.75, and not at 0 * 1 | 2.
  deck: S
  paper: {key: geiger2019jamming, says: "about 0.75, N* < c P", value: 0.75}
  measures: mean of the samples
  by: toy.mean
  rule: {low: 0.5, high: 1.0, on: ci}
  falsified_by: A mean below 0.5.
  null: Samples of mean zero.
  min_seeds: 5
- id: toy.unmeasured
  statement: Nobody measured this one.
  deck: S G
  paper: {key: geiger2019jamming, says: nothing, value: null}
  measures: nothing
  by: toy.nothing
  rule: {low: null, high: 1.0, on: ci}
  falsified_by: A value above one.
  null: Two.
  min_seeds: 5
"""
PARAMETERS = 'BUDGET = "class"\nDATASET = "digits"  # µ: a comment of more bytes than letters\nSEED = 0'
MEASURE = """\
import pandas as pd

from landscape_lib.report import claim
from landscape_lib.statistics import bootstrap

if DATASET not in ("digits", "mnist"):
    raise ValueError(f"DATASET = {DATASET!r}; accepted: 'digits', 'mnist'")
table = pd.DataFrame({"seed": range(5), "dataset": DATASET, "data_sha256": "0" * 64, "seconds": 0.02})
table.attrs["experiment"] = "toy"


def unmeasured():
    raise ValueError("nobody looked")


claim("toy.unmeasured", unmeasured, of=table)
claim("toy.mean", lambda: bootstrap([0.71, 0.78, 0.69, 0.75, 0.80 + SEED]), of=table)"""


def toy_notebook(*cells: str) -> nbformat.NotebookNode:
    """A chapter: title, `parameters` cell, then the code cells given."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# A toy", metadata={"slideshow": {"slide_type": "slide", "minutes": 5}}),
        nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        *(nbformat.v4.new_code_cell(cell) for cell in cells),
    ]
    return notebook


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(root), *who, *arguments]
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout


def passes(site: Path, mark: str, *names: str) -> None:
    """Run the tests with a mark, of the files named, on another copy of the site."""
    tests = [ROOT / "tests" / "book" / f"test_{name}.py" for name in names]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "-m", mark, *tests]
    environment = os.environ | {"LANDSCAPE_SITE": str(site)}
    done = subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout and " skipped" not in done.stdout


@dataclass(frozen=True)
class ToyBook:
    """A repository with one small chapter, to build and to break."""

    root: Path

    def chapter(self, *cells: str, name: str = "01_toy") -> None:
        nbformat.write(toy_notebook(*cells), self.root / "notebooks" / f"{name}.ipynb")

    def build(self, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run the builder; ``path`` is the one folder where it finds programs, all of the machine's by default."""
        command = [sys.executable, "-m", "builder", *arguments]
        environment = os.environ | ({"PATH": str(path)} if path else {})
        return subprocess.run(
            command, cwd=self.root / "book", capture_output=True, text=True, timeout=300, env=environment
        )

    def commit(self) -> None:
        """Make a repository of it."""
        git(self.root, "init", "--quiet")
        (self.root / ".gitignore").write_text("_build/\n__pycache__/\n")
        git(self.root, "add", ".")
        git(self.root, "commit", "--quiet", "-m", "Begin")


def toy_book(tmp_path: Path) -> ToyBook:
    (tmp_path / "book").mkdir()
    for name in ("builder", "static"):
        shutil.copytree(ROOT / "book" / name, tmp_path / "book" / name)
    pages = ("scoreboard.md", "status.md", "sweeps.md", "notation.md", "glossary.md")
    for name in (*pages, "references.bib"):
        shutil.copy(ROOT / "book" / name, tmp_path / "book" / name)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01_toy.claims.yml").write_text(CLAIMS)
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n"
        "- file: notebooks/01_toy\n- file: book/scoreboard\n- file: book/sweeps\n- file: book/bibliography\n"
    )
    (tmp_path / "book" / "index.md").write_text("# Toy\n\nSee [the chapter](../notebooks/01_toy.ipynb).\n")
    (tmp_path / "book" / "bibliography.md").write_text("# Bibliography\n\n```{bibliography}\n:all:\n```\n")

    book = ToyBook(tmp_path)
    book.chapter(MEASURE)
    return book


@pytest.fixture
def toy(tmp_path: Path) -> ToyBook:
    return toy_book(tmp_path)


@pytest.fixture(autouse=True, scope="session")
def unpublished() -> Iterator[None]:
    """Toy books have no address, whatever the book that was built has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LANDSCAPE_REPOSITORY", raising=False)
        yield


@pytest.fixture(scope="session")
def html() -> Path:
    if not (HTML / "index.html").is_file():
        pytest.fail(f"no site in {HTML}: run `make book` first")
    return HTML


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, else the one that Playwright keeps for itself."""
    names = ("chromium", "chromium-browser", "google-chrome")
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        path = next((found for name in names if (found := shutil.which(name))), own if Path(own).exists() else None)
        if path is None:
            pytest.fail(f"no browser: looked for {', '.join(names)}; on Debian, apt-get install chromium")
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", *quiet])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, html: Path) -> Iterator[Page]:
    """A page of a browser without a network, in which nothing moves."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def server(html: Path) -> Iterator[str]:
    """The site over HTTP, as readers get it."""
    handler = partial(Quiet, directory=str(html))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_address[1]}"
        served.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass
