"""The book as it is published: pages with buttons, the whole of it offered on the home page."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from builder.classroom.zips import WHOLE
from builder.execute.parameters import parameters
from builder.pdf.latex import PDF
from builder.site.launch import EXAMPLE, VARIABLE

from .conftest import ROOT, passes

STAGED = sorted((ROOT / "_build" / "stage" / "notebooks").glob("*.ipynb"))
OTHERS = shutil.ignore_patterns(".*", "_build", "*.egg-info", "__pycache__")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the book with an address, its site made from the executions that are there."""
    assert STAGED, "nothing built: run `make book` first"
    root = tmp_path_factory.mktemp("published") / "book"
    shutil.copytree(ROOT, root, ignore=OTHERS)
    (root / "_build").mkdir()
    for name in ("executed", "npm"):
        (root / "_build" / name).symlink_to(ROOT / "_build" / name)
    ran, *others = [parameters(path, nbformat.read(path, as_version=4)) for path in STAGED]
    assert all(other == ran for other in others), "chapters of several data sets: run `make book` first"
    command = [sys.executable, "-m", "builder", "zip"]
    command += [f"--{name.lower()}={value}" for name, value in ran.items()]
    environment = os.environ | {VARIABLE: EXAMPLE}
    done = subprocess.run(command, cwd=root / "book", env=environment, text=True, capture_output=True)
    assert done.returncode == 0 and "running" not in done.stdout, done.stdout + done.stderr
    (root / "_build" / "html" / PDF.name).touch()  # `make pdf` puts it there; its own tests are elsewhere
    return root / "_build" / "html"


def test_pages_with_buttons_pass_what_buttons_may_change(published: Path):
    passes(published, "published", "pages")


def test_the_zip_does_not_offer_itself(published: Path):
    home = "book/index.html"
    with zipfile.ZipFile(published / WHOLE.name) as archive:
        inside = archive.read(f"{WHOLE.stem}/site/{home}").decode()
    outside = (published / home).read_text(encoding="utf-8")
    assert WHOLE.name in outside and PDF.name in outside
    assert WHOLE.name not in inside and PDF.name in inside
