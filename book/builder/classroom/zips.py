"""Zips. The class version, with stubs for solutions; and the whole book, which opens by a double click.

`python -m builder class` and `python -m builder zip` make them.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import nbformat

from ..execute.cache import BESIDE
from ..execute.parameter_cell import with_parameters
from ..paths import BOOK, BUILD, ROOT, chapter_of, show
from ..site.launch import OFFER_OF_ZIP
from .exercises import class_notebook

ZIP = BUILD / "class" / "loss-landscapes-class.zip"
WHOLE = BUILD / "loss-landscapes.zip"
SMALL = 1_000_000  # bytes of a file of book/results/ that still goes into the zip
# What the notebooks need beside them to run and to install.
ALWAYS = (
    "pyproject.toml",
    "requirements.lock",
    "LICENSE",
    "LICENSE-text.md",
)


def pack(paths: list[Path]) -> bytes:
    """The class version: notebooks with stubs, and what they need."""
    contents = {"README.md": (BOOK / "class_readme.md").read_bytes()}
    for path in paths:
        notebook = class_notebook(with_parameters(path, {}))
        contents[show(path)] = (nbformat.writes(notebook) + "\n").encode()
    return zipped(ZIP.stem, beside(paths) | contents)


def pack_whole(paths: list[Path], site: Path) -> bytes:
    """The book: its site, which needs no network, the notebooks as they are, and what they need to run."""
    contents = {
        "index.html": Path(__file__).with_name("index.html").read_bytes(),
        "README.md": (BOOK / "zip_readme.md").read_bytes(),
    }
    contents |= {show(path): path.read_bytes() for path in paths}
    pages = [file for file in site.rglob("*") if file.is_file() and file.name != WHOLE.name]
    contents |= {f"site/{file.relative_to(site).as_posix()}": file.read_bytes() for file in pages}
    home = "site/book/index.html"
    if home in contents:  # of a published book it offers this very file, which cannot be in itself
        contents[home] = contents[home].replace(OFFER_OF_ZIP.encode(), b"")
    return zipped(WHOLE.stem, beside(paths) | contents)


def zipped(folder: str, contents: dict[str, bytes]) -> bytes:
    """A zip of one folder. The same contents give the same bytes: names are sorted, and every file is dated 1980."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(f"{folder}/{name}")
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def beside(paths: list[Path]) -> dict[str, bytes]:
    """What notebooks need beside them, by name: the library, claims, small tables, quizzes, pictures."""
    files = [ROOT / name for name in ALWAYS]
    library = [file for file in (ROOT / "landscape_lib").rglob("*") if "__pycache__" not in file.parts]
    results = [file for file in (BOOK / "results").rglob("*") if file.is_file() and file.stat().st_size <= SMALL]
    files += [file for file in library + results if file.is_file() and not file.name.startswith(".")]
    for path in paths:
        files += [file for kind in BESIDE if (file := path.with_name(chapter_of(path) + kind)).is_file()]
        files += linked(path, nbformat.read(path, as_version=4))
    return {show(file): file.read_bytes() for file in files}


def linked(path: Path, notebook: nbformat.NotebookNode) -> list[Path]:
    """The pictures and pages of the book that a notebook's Markdown points to."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    targets = [(path.parent / name).resolve() for name in re.findall(r"\]\((\.\./book/[^)\s#]+)", text)]
    return [target for target in targets if target.is_file()]
