"""Staging: a tree of sources, laid out as in the repository, with what was measured told as a medium tells it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import yaml

from landscape_lib.report import PAGE, Strip, strip

from ..contents import chapter_list, expanded
from ..messages import BuildError, say
from ..paths import BOOK, BUILD, BUILDER, ROOT, chapter_of, chapters, is_appendix, show, write
from . import tables
from .assets import lay_out
from .board import scoreboard_rows
from .book import Book
from .concepts import read_concepts
from .hover import as_script
from .launch import address, downloads, with_buttons
from .medium import Fill, Medium
from .reading import time_needed
from .slideshow import timing
from .status import history, run_of

STAGE = BUILD / "stage"
# What a page asks for, such as `<!-- scoreboard -->` or `<!-- made from: book/results/a.json -->`.
MARK = re.compile(
    r"<!-- (?:(made from|timing): (\S+)|(timings|scoreboard|chapters|downloads|runs|history|time|field|concepts)) -->"
)


def stage(book: Book, tree: Path, medium: Medium, katex: Path | None) -> None:
    """Lay out the sources of the book for a medium.

    With them the style sheet and fonts of KaTeX, where it is at hand: then there are slides too, and pages link them.
    """
    shutil.rmtree(tree, ignore_errors=True)
    unread = shutil.ignore_patterns("*.py", "*.md", "__pycache__", BUILDER.name, "skeleton")
    shutil.copytree(BOOK, tree / "book", ignore=unread)
    for name in ("cards.js", "cards.css"):
        shutil.copy(PAGE / name, tree / "book" / "static")
    config = with_buttons(yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8")), address())
    toc = expanded(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")), chapters(None))
    if absent := [chapter.path for chapter in book.planned]:
        say(f"not in this site, never run here: {', '.join(path.stem for path in absent)}")
        toc = without(toc, {f"notebooks/{path.stem}" for path in absent})
        # Prose may point to a chapter that a narrowed build leaves out.
        config["sphinx"]["config"]["suppress_warnings"] = ["myst.xref_missing"]
    fill = filler(book, medium, toc, katex is not None)
    for name, text in book.pages.items():
        write(tree / "book" / name, fill(f"book/{name}", text))
    stated: frozenset[str] = frozenset()
    for chapter in book.chapters:
        notebook = medium.chapter_notebook(chapter, fill, katex is not None, stated)
        stated |= {record["id"] for record in chapter.claims}
        write(tree / "notebooks" / chapter.path.name, nbformat.writes(notebook))
        for figure in chapter.figures:
            tables.lay_out(figure, tree / "book" / "static")
    write(tree / "book" / "claims.json", book.stated)
    write(tree / "book" / "static" / "tips-data.js", as_script(book.tips))
    if katex:
        config["sphinx"]["config"]["html_css_files"].insert(0, lay_out(katex, tree / "book" / "static"))
    write(tree / "_config.yml", yaml.safe_dump(config, sort_keys=False))
    write(tree / "_toc.yml", yaml.safe_dump(toc, sort_keys=False))


def filler(book: Book, medium: Medium, toc: Any, with_decks: bool) -> Fill:
    """What fills the marks of a text as a medium tells them."""
    by_name = {chapter.path.stem: chapter for chapter in [*book.chapters, *book.planned]}

    def plan(name: str) -> str:
        if name not in by_name:
            raise BuildError(f"a timing of {name}: no such notebook; there is {', '.join(sorted(by_name))}")
        chapter = by_name[name]
        linked = with_decks and chapter in book.chapters
        return f"{medium.links(chapter)}\n\n{timing(chapter)}" if linked else timing(chapter)

    _, of_chapters = scoreboard_rows(book.rules.values(), book.claims)

    def content(mark: str, of: str, place: str) -> str:
        here = Path(place.partition(",")[0])
        match mark:
            case "made from":
                return medium.strip_text(strip_of_table(of))
            case "timing":
                return plan(of)
            case "timings":
                return "\n".join(
                    f"### Chapter {int(name[:2])}\n\n{plan(name)}\n"
                    for name in sorted(by_name)
                    if not is_appendix(by_name[name].path)
                )
            case "scoreboard":
                board = medium.scoreboard(book.rules.values(), book.claims)
                return f"{board}\nAll records: {{download}}`claims.json <claims.json>`.\n"
            case "time":
                return time_needed(by_name[here.stem])
            case "field":
                return medium.field_table(of_chapters.get(chapter_of(here), []))
            case "concepts":
                pages = {int(name[:2]): name for name, chapter in by_name.items() if not is_appendix(chapter.path)}
                here_now = {number: name for number, name in pages.items() if by_name[name] in book.chapters}
                return medium.concept_map(read_concepts(BOOK / "concepts.yml"), here_now)
            case "chapters":
                listed = chapter_list([chapter.path for chapter in book.chapters])
                return f"{listed}{decks_of(book) if with_decks else ''}"
            case "downloads":
                return downloads(address())
            case "runs":
                return medium.runs_table([run_of(chapter) for chapter in book.chapters])
            case _:
                return history(ROOT, toc, medium.history_table)

    def fill(place: str, text: str) -> str:
        try:
            return MARK.sub(lambda mark: content(mark[1] or mark[3], mark[2], place), medium.prose(text))
        except BuildError as error:
            raise BuildError(f"{place}: {error}") from None

    return fill


def decks_of(book: Book) -> str:
    """A line that leads from the home page to the slides of all chapters."""
    chapters = [chapter.path for chapter in book.chapters if not is_appendix(chapter.path)]
    leads = [f'<a href="../slides/{path.stem}.html">{int(path.stem[:2])}</a>' for path in chapters]
    return f"\nSlides of chapters {', '.join(leads)}.\n"


def strip_of_table(name: str) -> Strip:
    """The strip of a measured table, from the record beside it."""
    file = ROOT / name
    if not file.is_file():
        raise BuildError(f"made from {name}, which is not there")
    facts = json.loads(file.read_text(encoding="utf-8"))
    return strip(facts, place=show(file.with_suffix(".csv")), command=facts["command"])


def without(toc: Any, absent: set[str]) -> Any:
    """The table of contents less some files, and less the parts that this empties."""
    if isinstance(toc, list):
        return [without(item, absent) for item in toc if item.get("file") not in absent]
    slim = {name: without(value, absent) if isinstance(value, list) else value for name, value in toc.items()}
    if not slim.get("sections", True):
        del slim["sections"]
    if "parts" in slim:
        slim["parts"] = [part for part in slim["parts"] if part.get("chapters")]
    return slim
