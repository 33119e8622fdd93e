"""Staging: the sources the site is made from, with what was measured filled in."""

from __future__ import annotations

import copy
import json
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode

from landscape_lib.figures import marked_cuts
from landscape_lib.report import PAGE, Entry, panels, scoreboard, strip

from ..contents import chapter_list, expanded
from ..execute.parameters import parameters
from ..messages import BuildError, say
from ..paths import BOOK, BUILD, BUILDER, ROOT, chapters, show, write
from .assets import lay_out
from .checks import check_pictures, check_predictions, check_quiz
from .exercises import check, for_page
from .launch import address, downloads, with_buttons
from .slideshow import check_slides, links, timing
from .status import write_status
from .tips import write_tips

STAGE = BUILD / "stage"
SPOT = "<!-- scoreboard -->"
TIMING = re.compile(r"<!-- timing: (\S+) -->")
MADE_FROM = re.compile(r"<!-- made from: (\S+) -->")


def stage(
    notebooks: dict[Path, NotebookNode],
    rules: dict[str, Entry],
    stated: str,
    katex: Path | None,
    took: dict[str, dict[str, float]],
) -> None:
    """Lay out the book's sources as in the repository, with executed chapters, scoreboard and status filled in.

    With them the style sheet and fonts of KaTeX, where it is at hand: then there are slides too, and pages link them.
    ``took`` holds the seconds of each chapter's cells.
    """
    shutil.rmtree(STAGE, ignore_errors=True)
    unread = shutil.ignore_patterns("*.py", "__pycache__", "claims.*", BUILDER.name)
    shutil.copytree(BOOK, STAGE / "book", ignore=unread)
    for name in ("cards.js", "cards.css"):
        shutil.copy(PAGE / name, STAGE / "book" / "static")
    (STAGE / "notebooks").mkdir()
    for path, notebook in notebooks.items():
        check(path, notebook)
        check_slides(path, notebook)
        page = for_page(as_page(path, notebook))
        numbered = f"# {int(path.stem[:2])}. "  # the text speaks of chapters by their numbers
        page.cells[0].source = re.sub(r"\A# ", numbered, page.cells[0].source)
        if katex:
            under = f"\\g<0>\n\n{links(path.stem, notebook)}\n"
            page.cells[0].source = re.sub(r"\A# .*", under, page.cells[0].source)
        write(STAGE / "notebooks" / path.name, nbformat.writes(page))
    linked = {path.stem for path in notebooks} if katex else set()
    for source in (STAGE / "book").glob("*.md"):
        place, text = f"book/{source.name}", source.read_text(encoding="utf-8")
        write(source, with_plans(place, with_strips(place, text), took, linked))
    write(STAGE / "book" / "claims.json", stated)
    board = STAGE / "book" / "scoreboard.md"
    text = board.read_text(encoding="utf-8")
    if text.count(SPOT) != 1:
        raise BuildError(f"book/scoreboard.md: needs one line {SPOT}, where the table goes")
    table = scoreboard(rules.values(), json.loads(stated)) + "\nAll records: {download}`claims.json <claims.json>`.\n"
    write(board, text.replace(SPOT, table))
    write_tips(STAGE, notebooks)
    config = with_buttons(yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8")), address())
    toc = expanded(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")), chapters(None))
    if absent := {f"notebooks/{path.stem}" for path in chapters(None)} - {f"notebooks/{p.stem}" for p in notebooks}:
        say(f"not in this site, never run here: {', '.join(sorted(name.split('/')[1] for name in absent))}")
        toc = without(toc, absent)
        # Prose may point to a chapter that a narrowed build leaves out.
        config["sphinx"]["config"]["suppress_warnings"] = ["myst.xref_missing"]
    home = STAGE / "book" / "index.md"
    write(home, filled(home.read_text(encoding="utf-8"), sorted(notebooks)))
    status = STAGE / "book" / "status.md"  # after the tips, which read pages: a commit's subject links where it likes
    write(status, write_status(status.read_text(encoding="utf-8"), notebooks, took, ROOT, toc))
    if katex:
        config["sphinx"]["config"]["html_css_files"].insert(0, lay_out(katex, STAGE / "book" / "static"))
    write(STAGE / "_config.yml", yaml.safe_dump(config, sort_keys=False))
    write(STAGE / "_toc.yml", yaml.safe_dump(toc, sort_keys=False))


def as_page(path: Path, notebook: NotebookNode) -> NotebookNode:
    """The executed notebook as its page is made from it: figures described, with strips under them, cards in HTML."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("widgets", None)  # the page's cards need none
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            cell.source = with_panels(with_strips(f"{show(path)}, cell {number}", cell.source))
    check_predictions(path, notebook)
    with_figures(path, notebook)
    check_quiz(path, notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if markup := output.get("metadata", {}).get("landscape_card"):
                data = output.data
                for mime in [mime for mime in data if mime.startswith("application/")]:
                    del data[mime]
                data["text/html"] = markup
    return notebook


def with_strips(place: str, text: str) -> str:
    """Markdown with each `<!-- made from: book/results/….json -->` replaced by the strip of that record."""

    def of_record(mark: re.Match[str]) -> str:
        file = ROOT / mark[1]
        if not file.is_file():
            raise BuildError(f"{place}: made from {mark[1]}, which is not there")
        facts = json.loads(file.read_text(encoding="utf-8"))
        return strip(facts, place=show(file.with_suffix(".csv")), command=facts["command"])

    return MADE_FROM.sub(of_record, text)


def filled(home: str, paths: list[Path]) -> str:
    """The home page, with the list of the chapters in this site and where the whole book is to be had."""
    if "<!-- chapters -->" in home:
        home = home.replace("<!-- chapters -->", chapter_list(paths))
    return home.replace("<!-- downloads -->", downloads(address()))


def with_panels(text: str) -> str:
    """Markdown in which the pictures of `book/static` say where a phone's page may cut them."""

    def marked(picture: re.Match[str]) -> str:
        file = BOOK / "static" / picture[1]
        return picture[0] + (f"{{.{classes.replace(' ', ' .')}}}" if (classes := panels(marked_cuts(file))) else "")

    return re.sub(r"!\[[^\]]*\]\(\.\./book/static/([\w-]+\.png)\)", marked, text)


def with_plans(place: str, text: str, took: dict[str, dict[str, float]], linked: set[str]) -> str:
    """Markdown with each `<!-- timing: chapter -->` replaced by the chapter's plan, after a link to its slides."""

    def of_chapter(spot: re.Match[str]) -> str:
        [path] = chapters(spot[1])
        notebook = nbformat.read(path, as_version=4)
        plan = timing(notebook, took.get(path.stem, {}))
        return f"{links(path.stem, notebook)}\n\n{plan}" if path.stem in linked else plan

    plans = "\n".join(f"### Chapter {int(path.stem[:2])}\n\n<!-- timing: {path.stem} -->\n" for path in chapters(None))
    try:
        return TIMING.sub(of_chapter, text.replace("<!-- timings -->", plans))
    except BuildError as error:
        raise BuildError(f"{place}: a timing of {error}") from None


def with_figures(path: Path, notebook: NotebookNode) -> None:
    """Put what `show` said of each figure, measured numbers included, where the page looks for it."""
    names: dict[str, int] = {}
    settings = parameters(path, notebook)
    strips: dict[int, NotebookNode] = {}
    for number, cell in enumerate(notebook.cells):
        check_pictures(f"{show(path)}, cell {number}", cell)
        pictures = [o for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
        if not pictures:
            continue
        place = f"{show(path)}, cell {number}"
        figure = pictures[0].metadata.get("landscape_figure")
        if len(pictures) > 1 or figure is None:
            what = "more than one picture" if len(pictures) > 1 else "a picture without caption and alt text"
            raise BuildError(f"{place}: {what}; end each figure's own cell with report.show(figure, name=…, …)")
        if figure["name"] in names:
            raise BuildError(f"{place}: cell {names[figure['name']]} has a figure named {figure['name']} too")
        names[figure["name"]] = number
        cell.metadata["mystnb"] = {
            "image": {"alt": figure["alt"], "classes": panels(figure.get("cuts", []))},
            "figure": {"name": figure["name"], "caption": figure["caption"]},
        }
        choices = " ".join(f"{name}={value}" for name, value in settings.items())
        command = f"make book CHAPTER={path.stem} {choices}"
        budget = str(settings["BUDGET"]) if "BUDGET" in settings else None
        markup = strip(figure["source"], place=f"{path.stem}, cell {number}", command=command, budget=budget)
        strips[number] = nbformat.v4.new_markdown_cell(markup, id=f"made-of-{number}")
    for number in sorted(strips, reverse=True):
        notebook.cells.insert(number + 1, strips[number])


def without(toc: Any, absent: set[str]) -> Any:
    """The table of contents less some files, and less the parts that this empties."""
    if isinstance(toc, list):
        return [without(item, absent) for item in toc if item.get("file") not in absent]
    slim = {name: without(value, absent) if isinstance(value, list) else value for name, value in toc.items()}
    if "parts" in slim:
        slim["parts"] = [part for part in slim["parts"] if part.get("chapters")]
    return slim
