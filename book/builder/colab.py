"""Install the library on Colab, from the clone in which this file lies: the first cell of a notebook calls it there.

What the library itself needs comes as it is pinned. What `google-colab` needs stays as it is: Colab's kernel is not
ours to replace, or it does not start again. It uses the standard library alone.
"""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]


def names(requirements: Iterable[str]) -> set[str]:
    """What requirements such as ``torch>=2.2`` are about, in small letters.

    >>> sorted(names(["Pandas==2.2.2", "torch>=2.2"]))
    ['pandas', 'torch']
    """
    return {re.split(r"[^\w.-]", line)[0].lower() for line in requirements}


def main() -> int:
    project = tomllib.loads((CLONE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = names(project["dependencies"]) - names(importlib.metadata.requires("google-colab") or [])
    lock = (CLONE / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lock if line.lower().split("==")[0] in needs]
    pip = (sys.executable, "-m", "pip", "install", "--quiet")
    return subprocess.run((*pip, *pins, f"--editable={CLONE}", "anywidget"), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
