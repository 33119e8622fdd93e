"""Jupyter Book, run on a tree of sources."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ..messages import BuildError


def jupyter_book(source: Path, out: Path, *options: str) -> None:
    """Build what Jupyter Book makes of a tree, into a folder of its own."""
    tool = Path(sys.executable).with_name("jupyter-book")
    command = [str(tool), "build", str(source), "--path-output", str(out), "--quiet", *options]
    done = subprocess.run(command, text=True, capture_output=True)
    if done.returncode:
        raise BuildError(f"jupyter-book stopped:\n{done.stdout}\n{done.stderr}")
