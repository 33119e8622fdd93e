"""A book in miniature, and a browser."""

from __future__ import annotations

import contextlib
import fcntl
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
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from playwright.sync_api import Browser, Page, sync_playwright

from builder import steps
from builder.execute.cache import key
from builder.execute.parameter_cell import with_parameters
from builder.paths import BUILD
from builder.pdf.latex import PDF
from builder.site.assets import installed
from builder.site.launch import VARIABLE
from landscape_lib.report import PAGE

from ._toy import ROOT, appendix, lay_out, more_chapter, played

HTML = ROOT / "_build" / "html"
HERE = "https://github.com/owner/name"


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(root), *who, *arguments]
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout


@contextlib.contextmanager
def moved(root: Path) -> Iterator[None]:
    """The builder's paths, in this process, lead into another tree; those of the library stay."""
    with pytest.MonkeyPatch.context() as patch:
        for module in [module for name, module in sys.modules.items() if name.split(".")[0] == "builder"]:
            for name, value in list(vars(module).items()):
                if isinstance(value, Path) and value.is_relative_to(ROOT) and value != PAGE:
                    patch.setattr(module, name, root / value.relative_to(ROOT))
        yield


@dataclass(frozen=True)
class ToyBook:
    """A repository in miniature, to build and to break."""

    root: Path

    @property
    def html(self) -> Path:
        return self.root / "_build" / "html"

    def chapter(self, chapter: NotebookNode, name: str = "01_toy") -> Path:
        """Write a chapter."""
        path = self.root / "notebooks" / f"{name}.ipynb"
        nbformat.write(chapter, path)
        return path

    def kept(self, name: str = "01_toy") -> Path:
        """Where the builder keeps the execution of a chapter as it stands."""
        with moved(self.root):
            path = self.root / "notebooks" / f"{name}.ipynb"
            return self.root / "_build" / "executed" / name / f"{key(path, with_parameters(path, {}))}.ipynb"

    def keep(self, executed: NotebookNode, name: str = "01_toy") -> None:
        """Put an execution there, made by hand."""
        self.kept(name).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(executed, self.kept(name))

    def play(self, chapter: NotebookNode, name: str = "01_toy") -> None:
        """Write a chapter and its execution, which no kernel made."""
        self.keep(played(chapter, self.chapter(chapter, name).parent), name)

    def build(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the builder, as `make` does."""
        command = [sys.executable, "-m", "builder", *arguments]
        return subprocess.run(command, cwd=self.root / "book", capture_output=True, text=True, timeout=300)

    def take(self, step: str, chapter: str | None = None, **wanted: str) -> None:
        """Take a step of the builder in this process, where no kernel need start."""
        with moved(self.root):
            steps.take(step, chapter, wanted, timeout=60)

    def page(self, name: str) -> BeautifulSoup:
        return BeautifulSoup((self.html / name).read_text(encoding="utf-8"), "html.parser")

    def commit(self) -> None:
        """Make a git repository of it."""
        git(self.root, "init", "--quiet")
        (self.root / ".gitignore").write_text("_build/\n__pycache__/\n")
        git(self.root, "add", ".")
        git(self.root, "commit", "--quiet", "-m", "Begin <with> $care$")


@contextlib.contextmanager
def once(factory: pytest.TempPathFactory, name: str) -> Iterator[tuple[ToyBook, bool]]:
    """A toy book that all workers of a run share, and whether it is still to be made: the first does, others wait."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    done = base / f"{name}.done"
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(base / name, ignore_errors=True)
        yield ToyBook(base / name), not done.exists()
        done.touch()


@pytest.fixture(scope="session")
def npm() -> Path:
    """What npm gives, installed once for all books."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / ".npm.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return installed().parent


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, npm: Path) -> ToyBook:
    """The toy book, executed and built once in a run, to look at: whoever changes something takes `toy`, a copy."""
    with once(tmp_path_factory, "toy") as (book, new):
        if new:
            lay_out(book.root)
            (book.root / "_build").mkdir()
            (book.root / "_build" / "npm").symlink_to(npm)
            book.play(more_chapter(), "02_more")
            book.play(appendix(), "01_toy_appendix")
            done = book.build("book")
            assert done.returncode == 0, done.stderr
            assert "02_more: unchanged" in done.stdout and "formulas:" not in done.stdout
    return book


@pytest.fixture
def toy(built: ToyBook, tmp_path: Path) -> ToyBook:
    """The toy book, built, for one test alone."""
    return copied(built, tmp_path / "toy")


def copied(book: ToyBook, root: Path) -> ToyBook:
    shutil.copytree(book.root, root, symlinks=True)
    return ToyBook(root)


@pytest.fixture(scope="session")
def published(built: ToyBook, tmp_path_factory: pytest.TempPathFactory) -> ToyBook:
    """The toy book as one is published: committed, with an address, and its zip in the site."""
    with once(tmp_path_factory, "published") as (book, new), pytest.MonkeyPatch.context() as patch:
        if new:
            copied(built, book.root).commit()
            patch.setenv(VARIABLE, HERE)
            book.take("zip")
            (book.html / PDF.name).touch()  # `make pdf` puts it there; its own tests are elsewhere
    return book


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sites without Sphinx, of one bare page: for what happens before it and after it."""

    def bare(source: Path, out: Path, *options: str) -> None:
        (out / "_build" / "html").mkdir(parents=True)
        (out / "_build" / "html" / "index.html").write_text("<title>bare</title>")

    monkeypatch.setattr(steps, "jupyter_book", bare)


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
        path = next((there for name in names if (there := shutil.which(name))), own if Path(own).exists() else None)
        if path is None:
            pytest.fail(f"no browser: looked for {', '.join(names)}; on Debian, apt-get install chromium")
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", *quiet])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser without a network, in which nothing moves."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def server(published: ToyBook) -> Iterator[str]:
    """The published toy over HTTP, as readers get it."""
    handler = partial(Quiet, directory=str(published.html))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_address[1]}"
        served.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass
