"""Lists of the chapters, made from the notebooks: on the home page, for lecturers, in the sidebar, in the README.

A chapter says what it is about in its notebook's metadata, under ``description``, in one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from .messages import BuildError
from .paths import APPENDIX, ROOT, chapters, is_appendix, show, write

README = ROOT / "README.md"
LISTED = re.compile(r"(<!-- chapters -->\n).*?(<!-- end of chapters -->)", re.DOTALL)


def described(path: Path, notebook: NotebookNode) -> tuple[int, str, str]:
    """Number, short title and description of a chapter.

    The short title is the notebook's, up to its first colon.
    """
    heading = re.match(r"# ([^:\n?]+)", notebook.cells[0].source if notebook.cells else "")
    about = notebook.metadata.get("description")
    if heading is None:
        raise BuildError(f"{show(path)}: its first cell must begin with the title, `# Title: what it asks`")
    if not isinstance(about, str) or not about.strip():
        raise BuildError(f"{show(path)}: its metadata have no description, what the chapter is about in one line")
    return int(path.stem[:2]), heading[1].strip(), about.strip()


def chapter_list(paths: Iterable[Path], link: str = "../notebooks/{}.ipynb") -> str:
    """A list in Markdown, one line a chapter, with a link to each; appendices are found from their chapters."""
    lines = []
    for path in (path for path in paths if not is_appendix(path)):
        number, title, about = described(path, nbformat.read(path, as_version=4))
        begins = title[0] if title[1:2].isupper() else title[0].lower()  # NTK stays NTK
        lines.append(f"- [Chapter {number}: {begins}{title[1:]}]({link.format(path.stem)}), {about}.\n")
    return "".join(lines)


def with_chapters(readme: str, paths: Iterable[Path]) -> str:
    """The README with its list of chapters renewed."""
    if len(LISTED.findall(readme)) != 1:
        raise BuildError("README.md: needs <!-- chapters --> and <!-- end of chapters -->, between which the list goes")
    listed = chapter_list(paths, "notebooks/{}.ipynb")
    return LISTED.sub(lambda marks: f"{marks[1]}{listed}{marks[2]}", readme)


def renew_readme() -> None:
    """Write the list of chapters into the README, where there is one."""
    if README.is_file():
        write(README, with_chapters(README.read_text(encoding="utf-8"), chapters(None)))


def expanded(toc: Any, paths: Sequence[Path]) -> Any:
    """A table of contents with `glob: notebooks/*` replaced by the chapters."""
    if isinstance(toc, list):
        return [item for entry in toc for item in _entry(entry, paths)]
    return {name: expanded(value, paths) if isinstance(value, list) else value for name, value in toc.items()}


def _entry(entry: Any, paths: Sequence[Path]) -> list[Any]:
    if "glob" not in entry:
        return [expanded(entry, paths)]
    listed = [path for path in paths if path.match(f"{entry['glob']}.ipynb")]
    return [_with_appendix(path, listed) for path in listed if not is_appendix(path)]


def _with_appendix(path: Path, listed: Sequence[Path]) -> dict[str, Any]:
    appendix = path.with_stem(f"{path.stem}{APPENDIX}")
    under = {"sections": [{"file": show(appendix.with_suffix(""))}]} if appendix in listed else {}
    return {"file": show(path.with_suffix("")), **under}
