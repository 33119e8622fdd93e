"""Where things are, and files that are written whole."""

from __future__ import annotations

import os
from pathlib import Path

from .messages import BuildError

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS, BOOK, BUILD = ROOT / "notebooks", ROOT / "book", ROOT / "_build"
BUILDER = Path(__file__).resolve().parent
EXECUTED = BUILD / "executed"


APPENDIX = "_appendix"  # how the name of a notebook ends that goes on where its chapter leaves off


def show(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def write(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def chapter_of(path: Path) -> str:
    """The chapter that a notebook belongs to: an appendix to the one whose name it continues."""
    return path.stem.removesuffix(APPENDIX)


def is_appendix(path: Path) -> bool:
    return path.stem.endswith(APPENDIX)


def chapters(only: str | None) -> list[Path]:
    """The notebooks to build, in order."""
    every = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    if only is None:
        return every
    if chosen := [path for path in every if path.stem == only]:
        return chosen
    raise BuildError(f"CHAPTER={only}: no such notebook; there is {', '.join(path.stem for path in every) or 'none'}")
