"""A new chapter: notebook, claims, quiz, experiment, grid, measurement, figures and tests, copied from `book/skeleton`.

What comes out runs, and passes every test; then its parts are replaced one by one.
"""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from pathlib import Path

import nbformat

from .messages import BuildError, say
from .paths import BOOK, NOTEBOOKS, ROOT, show, write
from .site.launch import INSTALL, TAGS

SKELETON = BOOK / "skeleton"
NAME = re.compile(r"\d\d_[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
MODULE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def lay_out(name: str | None, module: str | None) -> Path:
    """Write the files of a chapter, such as 06_ntk_vs_mean_field, its modules named ``module``; return its notebook."""
    if name is None or not NAME.fullmatch(name) or "skel" in name:
        raise BuildError(f"NAME={name or ''}: need a number and a name, such as 06_ntk_vs_mean_field")
    number, _, rest = name.partition("_")
    module = module or rest
    if not MODULE.fullmatch(module) or "skel" in module or keyword.iskeyword(module):
        raise BuildError(f"MODULE={module}: need a name for the chapter's modules, such as kernels")
    if taken := sorted(NOTEBOOKS.glob(f"{number}_*.ipynb")):
        raise BuildError(f"NAME={name}: number {number} is {show(taken[0])}")
    words = {
        "00_skeleton": name,
        "skel.": f"{module.replace('_', '')}.",
        "skeleton": module,
        "Skeleton": rest.replace("_", " ").capitalize(),
    }
    contents = {ROOT / filled(show_in_skeleton(file), words): file for file in sorted(SKELETON.rglob("*.*"))}
    if there := [show(target) for target in contents if target.exists()]:
        raise BuildError(f"{', '.join(there)}: there already; give the chapter's modules another name with MODULE=")
    for target, file in contents.items():
        write(target, filled(file.read_text(encoding="utf-8"), words))
        say(f"chapter: {show(target)}")
    path = NOTEBOOKS / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    install = nbformat.v4.new_code_cell(INSTALL, metadata={"jupyter": {"source_hidden": True}, "tags": sorted(TAGS)})
    notebook.cells.insert(1, install)
    install.id = "install"
    write(path, nbformat.writes(notebook) + "\n")
    code = [target for target in contents if target.suffix != ".yml"]
    for command in (["check", "--fix", "--select", "I"], ["format"]):  # names decide the order of imports
        subprocess.run([sys.executable, "-m", "ruff", *command, "--quiet", *code], cwd=ROOT, check=False)
    return path


def show_in_skeleton(file: Path) -> str:
    return file.relative_to(SKELETON).as_posix()


def filled(text: str, words: dict[str, str]) -> str:
    """The text with the skeleton's names replaced.

    >>> filled("00_skeleton: skel.a by skeleton.a", {"00_skeleton": "06_b", "skel.": "b.", "skeleton": "b"})
    '06_b: b.a by b.a'
    """
    for placeholder, word in words.items():
        text = text.replace(placeholder, word)
    return text
