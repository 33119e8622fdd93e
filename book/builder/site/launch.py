"""Launch, edit and issue buttons, where the repository has an address; the cell that installs what a launch needs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from ..messages import BuildError, say
from ..paths import show

VARIABLE = "LANDSCAPE_REPOSITORY"
EXAMPLE = "https://github.com/owner/name"
ADDRESS = re.compile(r"https://github\.com/[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+(?<!\.git)")
BRANCH = "main"
TAGS = {"install", "remove-cell"}
# The first code cell of each notebook. It uses the standard library alone, and knows Colab by its own module. There it
# clones the repository, and `book/builder/colab.py` in the clone installs the rest.
CELL = Path(__file__).with_name("install_cell.py")
INSTALL = CELL.read_text(encoding="utf-8").rstrip()
# On the home page of a published book; the zip itself has that page without it.
OFFER_OF_ZIP = (
    ', or <a href="../loss-landscapes.zip">in one file</a> that needs no network: unpack it and open its '
    "<code>index.html</code>"
)
LINE = re.compile(r'^REPOSITORY = "(.*)"(?=  #)', re.MULTILINE)


def address() -> str | None:
    """The repository's public address, where one is given."""
    given = os.environ.get(VARIABLE, "").strip()
    if given and not ADDRESS.fullmatch(given):
        raise BuildError(f"{VARIABLE}={given}: want an address like {EXAMPLE}")
    return given or None


def with_buttons(config: Mapping[str, Any], repository: str | None) -> dict[str, Any]:
    """The book's settings, with buttons that lead into a repository if there is one."""
    if repository is None:
        say(f"launch, edit and issue buttons: off; {VARIABLE}={EXAMPLE} turns them on")
        return dict(config)
    on = {f"use_{name}_button": True for name in ("edit_page", "issues", "repository")}
    services = {"colab_url": "https://colab.research.google.com", "binderhub_url": "https://mybinder.org"}
    return {
        **config,
        "repository": {"url": repository, "branch": BRANCH, "path_to_book": ""},  # staged pages stand as committed
        "launch_buttons": {**services, "notebook_interface": "jupyterlab"},
        "html": {**config["html"], **on},
    }


def downloads(repository: str | None) -> str:
    """Where the home page of a published book leads for the whole of it; `make pdf` and `make zip` put it there."""
    if repository is None:
        return ""
    return f'The whole book: <a href="../loss-landscapes.pdf">as a PDF</a>{OFFER_OF_ZIP}.'


def check_install_cell(path: Path, notebook: NotebookNode) -> str | None:
    """Stop unless a notebook's first code cell is the one that installs; return the address that it installs from."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    cell = code[0] if code else None
    if cell is None or "install" not in cell.metadata.get("tags", []):
        raise BuildError(f"{show(path)}: the first code cell must be the one that installs, {show(CELL)}")
    if set(cell.metadata.tags) != TAGS:
        raise BuildError(f"{show(path)}: the cell that installs is tagged {' and '.join(sorted(TAGS))}, and no more")
    if LINE.sub('REPOSITORY = ""', cell.source) != INSTALL:
        raise BuildError(f"{show(path)}: the cell that installs differs from {show(CELL)}")
    named = LINE.findall(cell.source)[0]
    if named and not ADDRESS.fullmatch(named):
        raise BuildError(f"{show(path)}: the cell that installs names {named!r}; want an address like {EXAMPLE}")
    return named or None


def check_launches(paths: Iterable[Path], repository: str) -> None:
    """Check the notebooks that buttons lead to, and say which would not install by themselves on Colab."""
    named = {path: check_install_cell(path, nbformat.read(path, as_version=4)) for path in paths}
    if other := [path.stem for path, name in named.items() if name != repository]:
        say(f'launch: the first code cell of {", ".join(other)} lacks REPOSITORY = "{repository}", which Colab needs')
