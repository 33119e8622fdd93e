"""The class version: one zip that students unpack and work in, with stubs for solutions. `build.py class` makes it."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import nbformat
from chapters import BOOK, BUILD, ROOT, show, with_parameters
from exercises import class_notebook

ZIP = BUILD / "class" / "loss-landscapes-class.zip"
SMALL = 1_000_000  # bytes of a file of book/results/ that still goes into the zip
# What the notebooks need beside them to run and to install.
ALWAYS = (
    "pyproject.toml",
    "requirements.lock",
    "LICENSE",
    "LICENSE-text.md",
    "book/claims.yml",
    "book/claims.schema.json",
)


def pack(paths: list[Path]) -> bytes:
    """The zip. The same sources give the same bytes: names are sorted, and every file is dated 1980."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(contents(paths).items()):
            entry = zipfile.ZipInfo(f"{ZIP.stem}/{name}")
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def contents(paths: list[Path]) -> dict[str, bytes]:
    """The zip's files by name."""
    files = [ROOT / name for name in ALWAYS]
    library = [file for file in (ROOT / "landscape_lib").rglob("*") if "__pycache__" not in file.parts]
    results = [file for file in (BOOK / "results").rglob("*") if file.is_file() and file.stat().st_size <= SMALL]
    files += [file for file in library + results if file.is_file() and not file.name.startswith(".")]
    found = {"README.md": (BOOK / "class_readme.md").read_bytes()}
    for path in paths:
        notebook = with_parameters(path, {})
        found[show(path)] = (nbformat.writes(class_notebook(notebook)) + "\n").encode()
        files += [quiz for quiz in [path.with_suffix(".quiz.yml")] if quiz.is_file()]
        files += linked(path, notebook)
    return {show(file): file.read_bytes() for file in files} | found


def linked(path: Path, notebook: nbformat.NotebookNode) -> list[Path]:
    """The pictures and pages of the book that a notebook's Markdown points to."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    targets = [(path.parent / name).resolve() for name in re.findall(r"\]\((\.\./book/[^)\s#]+)", text)]
    return [target for target in targets if target.is_file()]
