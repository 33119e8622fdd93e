"""Formulas: typeset while the site is built, where npm gives KaTeX; by the reader's browser where it does not."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from .conftest import MEASURE, ROOT, ToyBook, toy_notebook

VENDOR = ROOT / "book" / "builder" / "vendor"
FORMULAS = r"""# Toy

Inline $N^* < c P$, and in a table:

| Symbol | Meaning |
| --- | --- |
| $\Delta_\mu$ | a gap |

$$
\mathcal L = \frac1P \sum_\mu \tfrac12 \max(0, \Delta_\mu)^2
$$ (loss)

\begin{align}
a &= b \\
c &= d
\end{align}

Equation {eq}`loss` is the loss. See [the chapter](../notebooks/01_toy.ipynb).
"""
MATHJAX = "readers' browsers typeset them, with MathJax from cdn.jsdelivr.net"


@pytest.fixture
def formulas(toy: ToyBook) -> ToyBook:
    """A toy with formulas in a page, in a notebook's text and in an output."""
    (toy.root / "book" / "index.md").write_text(FORMULAS)
    notebook = toy_notebook(MEASURE, "from IPython.display import Math, display", r"display(Math(r'\eta \to 0'))")
    notebook.cells.append(nbformat.v4.new_markdown_cell(r"It holds that $\theta > 0$ and \$5 is no formula."))
    nbformat.write(notebook, toy.root / "notebooks" / "01_toy.ipynb")
    return toy


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs that holds node and, as npm, a script that fails as without a network."""
    folder = tmp_path / "programs"
    folder.mkdir()
    node = shutil.which("node")
    assert node, "needs node and npm; on Debian, apt-get install nodejs npm"
    (folder / "node").symlink_to(node)
    npm = folder / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
    npm.chmod(0o755)
    return folder


def page(toy: ToyBook, name: str) -> BeautifulSoup:
    return BeautifulSoup((toy.root / "_build" / "html" / name).read_text(encoding="utf-8"), "html.parser")


def test_formulas_are_typeset_wherever_they_stand(formulas: ToyBook):
    done = formulas.build("book")
    assert done.returncode == 0, done.stderr
    assert "formulas:" not in done.stdout
    index, chapter = page(formulas, "book/index.html"), page(formulas, "notebooks/01_toy.html")
    tex = [[node.text.strip() for node in soup.select("math annotation")] for soup in (index, chapter)]
    assert [text[:9] for text in tex[0]] == ["N^* < c P", r"\Delta_\m", r"\mathcal ", r"\begin{al"]
    assert tex[1] == [r"\displaystyle \eta \to 0", r"\theta > 0"]
    for soup in (index, chapter):
        assert len(soup.select(".math > .katex, .math > .katex-display")) == len(soup.select(".math"))
        assert not [script for script in soup.select("script") if "mathjax" in str(script).lower()]
    assert index.select_one(".eqno") and index.select_one('a[href="#equation-loss"]')
    static = formulas.root / "_build" / "html" / "_static" / "katex"
    named = set(re.findall(r"url\(([^)]*)\)", (static / "katex.css").read_text()))
    assert named == {f"fonts/{file.name}" for file in (static / "fonts").iterdir()} and len(named) > 10


def test_formula_that_cannot_be_typeset_stops_the_build(toy: ToyBook):
    (toy.root / "book" / "index.md").write_text("# Toy\n\nHere $\\nosuchcommand$ stands.\n\n$$\n\\frac{1 < 2\n$$\n")
    done = toy.build("book")
    assert done.returncode == 1
    assert "book/index.html: cannot typeset \\nosuchcommand: KaTeX parse error: Undefined control seq" in done.stderr
    assert "book/index.html: cannot typeset \\frac{1 < 2: KaTeX parse error: Unexpected end of input" in done.stderr
    assert not (toy.root / "_build" / "html").exists()


def test_book_is_built_without_npm_and_says_who_typesets(formulas: ToyBook, programs: Path):
    lock = formulas.root / "book" / "builder" / "vendor" / "package-lock.json"
    pinned = lock.read_text()

    failing = formulas.build("book", path=programs)
    assert failing.returncode == 0, failing.stderr
    assert f"formulas: npm failed (ENOTFOUND); {MATHJAX}" in failing.stdout
    index = page(formulas, "book/index.html")
    assert "cdn.jsdelivr.net/npm/mathjax" in str(index.head) and r"\(N^* < c P\)" in index.text

    (programs / "npm").unlink()
    absent = formulas.build("site", path=programs)
    assert f"formulas: npm is not installed; {MATHJAX}" in absent.stdout and "site: unchanged" in absent.stdout

    packages = json.loads(pinned)
    packages["packages"]["node_modules/katex"]["integrity"] = f"sha512-{'A' * 86}=="
    lock.write_text(json.dumps(packages))
    corrupted = formulas.build("site")
    assert f"other than book/builder/vendor/package-lock.json pins (EINTEGRITY); {MATHJAX}" in corrupted.stdout
    assert not (formulas.root / "_build" / "npm" / ".ready").exists(), "nothing half-made is taken for whole"

    lock.write_text(pinned)
    whole = formulas.build("site")
    assert "formulas:" not in whole.stdout and page(formulas, "book/index.html").select(".katex")
    # What is there is not asked for again: npm would fail.
    (programs / "npm").symlink_to("/bin/false")
    again = formulas.build("site", path=programs)
    assert "formulas:" not in again.stdout and "site: unchanged" in again.stdout


def test_pins_agree_and_name_no_place():
    named = json.loads((VENDOR / "package.json").read_text())
    packages = json.loads((VENDOR / "package-lock.json").read_text())["packages"]
    for kind in ("dependencies", "devDependencies"):
        assert packages[""][kind] == named[kind]
        assert all(packages[f"node_modules/{name}"]["version"] == version for name, version in named[kind].items())
    for name, package in packages.items():
        assert not name or package["integrity"].startswith("sha512-")
        assert "resolved" not in package, "made with npm install --omit-lockfile-registry-resolved"
