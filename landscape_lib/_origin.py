"""Where a result comes from: facts gathered at run time, never typed."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

SOURCE_TREE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Provenance:
    """Code, versions, machine and day of a run."""

    commit: str | None  # None where the library does not run from a git checkout
    dirty: bool  # files differ from the commit
    library: str
    python: str
    torch: str
    machine: str
    cores: int
    date: str

    @property
    def revision(self) -> str | None:
        """The commit, marked where the files differ from it."""
        return f"{self.commit}-dirty" if self.commit and self.dirty else self.commit


def provenance() -> Provenance:
    """Gather the facts of this run.

    >>> provenance().cores >= 1
    True
    """
    commit, dirty = _checkout(SOURCE_TREE)
    return Provenance(
        commit=commit,
        dirty=dirty,
        library=_version("landscape-lib"),
        python=platform.python_version(),
        torch=_version("torch"),
        machine=_cpu(),
        cores=os.cpu_count() or 1,
        date=datetime.date.today().isoformat(),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # used from its folder, not installed
        return "not installed"


def _checkout(root: Path) -> tuple[str | None, bool]:
    """Commit of the checkout at ``root``, and whether files differ from it; ``(None, False)`` if it is none."""
    if not (root / ".git").exists():  # an installed copy may lie inside somebody else's repository
        return None, False
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return commit or None, bool(commit and changed)


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


@cache
def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
