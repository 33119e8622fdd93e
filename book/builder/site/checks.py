"""What an executed chapter must hold to: questions asked and answered once, pictures with words, claims with rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from landscape_lib.report import Entry, Record, anchor, load_quiz

from ..execute.records import Cell, Chapter
from ..messages import BuildError
from ..paths import APPENDIX, chapter_of, chapters, show

WORDLESS = re.compile(r"!\[\s*\]\(|<img\b(?![^>]*\balt=[\"'][^\"'])")


def check_chapter(chapter: Chapter) -> None:
    """Refuse a chapter of which a page could not be made, with the cell where it goes wrong."""
    check_predictions(chapter)
    check_figures(chapter)
    check_quiz(chapter)
    check_field(chapter)


def check_predictions(chapter: Chapter) -> None:
    """Each question is asked once and answered once, later."""
    asked: dict[str, Cell] = {}
    answered: dict[str, Cell] = {}
    for cell, output in chapter.outputs:
        if output.card is None:
            continue
        for deed, seen, name in (("asks", asked, output.card.asks), ("answers", answered, output.card.answers)):
            if name is None:
                continue
            if name in seen:
                raise BuildError(f"{cell.place}: {deed} {name} again, as cell {seen[name].number} did")
            seen[name] = cell
    for name, cell in asked.items():
        if name not in answered:
            raise BuildError(f"{cell.place}: asks {name}, which no later cell measures")


def check_quiz(chapter: Chapter) -> None:
    """Each question of the chapter's quiz is shown, and once."""
    shown: dict[str, Cell] = {}
    for cell, output in chapter.outputs:
        if output.card and (name := output.card.question):
            if name in shown:
                raise BuildError(f"{cell.place}: shows question {name} again, as cell {shown[name].number} did")
            shown[name] = cell
    file = chapter.path.with_suffix(".quiz.yml")
    if file.is_file() and (left := [name for name in load_quiz(file) if name not in shown]):
        raise BuildError(f"{show(chapter.path)}: shows no question {', '.join(left)} of {show(file)}")


def check_field(chapter: Chapter) -> None:
    """A table of the field lists every claim that its chapter measures live."""
    live = {record["id"] for record in chapter.claims if record["budget"] == "class"}
    for cell, output in chapter.outputs:
        if output.field is not None and (left := live - {*output.field}):
            raise BuildError(f"{cell.place}: the field's table leaves out {', '.join(sorted(left))}")


def check_figures(chapter: Chapter) -> None:
    """One figure a cell, of its own name, and no picture without words."""
    names: dict[str, Cell] = {}
    for cell in chapter.cells:
        check_pictures(cell)
        pictures = [output for output in cell.outputs if "image/png" in output.data]
        if not pictures:
            continue
        figure = pictures[0].figure
        if len(pictures) > 1 or figure is None:
            what = "more than one picture" if len(pictures) > 1 else "a picture without caption and alt text"
            raise BuildError(f"{cell.place}: {what}; end each figure's own cell with report.show(figure, name=…, …)")
        if figure.name in names:
            raise BuildError(f"{cell.place}: cell {names[figure.name].number} has a figure named {figure.name} too")
        names[figure.name] = cell


def check_pictures(cell: Cell) -> None:
    """No picture comes past `show`, or without words in Markdown or HTML."""
    for output in cell.outputs:
        if other := [mime for mime in output.data if mime.startswith("image/") and mime != "image/png"]:
            raise BuildError(f"{cell.place}: a picture of type {other[0]}; show figures with report.show(figure, …)")
    texts = [cell.source] if cell.kind == "markdown" else []
    texts += [output.data["text/html"] for output in cell.outputs if "text/html" in output.data]
    for text in texts:
        if wordless := WORDLESS.search(text):
            raise BuildError(f"{cell.place}: a picture without alt text, {wordless[0]} …; say what it shows")


def checked_claims(built: Sequence[Chapter], rules: Mapping[str, Entry]) -> list[Record]:
    """The claims that chapters and their appendices state: each of theirs, by a known rule, once a box.

    They come in the order of the rules, live before larger, and else as they are stated: the first of the larger runs
    is the one that counts.
    """
    stated: dict[str, tuple[str, Record]] = {}
    for chapter in built:
        for cell, output in chapter.outputs:
            if (record := output.claim) is None:
                continue
            name = record["id"]
            if name not in rules:
                raise BuildError(
                    f"{cell.place}: states {name}, which has no rule; add it to {chapter_of(chapter.path)}.claims.yml"
                )
            if rules[name].chapter != chapter_of(chapter.path):
                raise BuildError(f"{cell.place}: states {name}, a claim of chapter {rules[name].chapter}")
            if (box := anchor(record)) in stated:
                at = f"{record['budget']} budget" + (f" on {record['dataset']}" if box != f"claim-{name}" else "")
                raise BuildError(f"{cell.place}: states {name} again at {at}; {stated[box][0]} did already")
            stated[box] = cell.place, {**record, "page": chapter.path.stem}
    check_stated(built, rules, {record["id"] for _, record in stated.values()})
    order = {name: number for number, name in enumerate(rules)}
    records = [record for _, record in stated.values()]  # in the order in which they are stated
    return sorted(records, key=lambda record: (order[record["id"]], record["budget"] != "class"))


def check_stated(built: Sequence[Chapter], rules: Mapping[str, Entry], stated: set[str]) -> None:
    """Refuse a rule whose chapter does not state the claim, or is not there."""
    there, by_name = {path.stem for path in chapters(None)}, {chapter.path.stem: chapter for chapter in built}
    for name, entry in rules.items():
        if entry.chapter not in there:
            raise BuildError(f"notebooks/{entry.chapter}.claims.yml: {name} has no chapter; add {entry.chapter}.ipynb")
        # A chapter that a narrowed build leaves out states nothing, and its claims stay open; so with its appendix.
        appendix = f"{entry.chapter}{APPENDIX}"
        is_whole = entry.chapter in by_name and (appendix in by_name or appendix not in there)
        if is_whole and name not in stated:
            chapter = by_name[entry.chapter]
            places = [cell.place for cell in chapter.cells if name in cell.source] or [show(chapter.path)]
            raise BuildError(f"{places[0]}: never states {name}, a claim of notebooks/{entry.chapter}.claims.yml")
