"""The PDF: each figure, each verdict, each answer and each solution of the book is in it, on the sheet."""

from __future__ import annotations

import json
import os
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from pypdf import PdfReader

from builder.messages import BuildError
from builder.paths import chapter_of, chapters, is_appendix
from builder.pdf import latex
from builder.site.book import latest, read_book
from landscape_lib.report import conditions, load_claims, load_quiz, measured, tex_formulas, told

from .conftest import ROOT, ToyBook

STAGE = ROOT / "_build" / "stage"
STAGED = sorted((STAGE / "notebooks").glob("*.ipynb"))


def letters(text: str) -> str:
    """What two ways of writing a text share: no spaces, hyphens of broken words, quotes or formulas."""
    return "".join(re.findall(r"[a-z0-9]", text.lower()))


@pytest.fixture(scope="module")
def paper(html: Path) -> PdfReader:
    missing = [program for program in latex.PROGRAMS if shutil.which(program) is None]
    if missing and "CI" not in os.environ:
        pytest.skip(f"no {', '.join(missing)}: {latex.PACKAGES}")
    latex.check_latex()
    executions = {path: file for path in chapters(None) if (file := latest(path))}
    return PdfReader(latex.pdf(read_book(executions)))


@pytest.fixture(scope="module")
def pages(paper: PdfReader) -> list[str]:
    """The text of each sheet, without its head and its foot, and what these say of an output that goes on."""
    head = r"\ALossLandscapes\n(\(continuedfrompreviouspage\)\n)?"
    foot = r"(\(continuesonnextpage\)\n)?[^\n]*\Z"
    return [re.sub(f"{head}|{foot}", "", page.extract_text()) for page in paper.pages]


@pytest.fixture(scope="module")
def text(pages: list[str]) -> str:
    return letters("".join(pages))


@pytest.fixture(scope="module")
def letters_of(paper: PdfReader, pages: list[str]) -> dict[str, str]:
    """The letters of each chapter, by the chapter's title or by its number."""
    top = [entry for part in paper.outline for entry in (part if isinstance(part, list) else [part])]
    listed = [(entry.title, paper.get_destination_page_number(entry)) for entry in top if not isinstance(entry, list)]
    ends = pairwise([*listed, ("", len(pages))])
    return {
        re.sub(r"^Chapter (\d+)\..*", r"\1", title): letters("".join(pages[first:last]))
        for (title, first), (_, last) in ends
    }


def are_in(text: str, words: str) -> bool:
    """Whether all words are there, in their order; formulas, which are set, may stand between."""
    parts = [letters(part) for part in re.split(r"\$[^$]*\$", tex_formulas(words))]
    return re.search(".{0,8}?".join(map(re.escape, parts)), text) is not None


def shown(path: Path) -> tuple[list[NotebookNode], list[NotebookNode]]:
    """All outputs of a chapter, and those with a picture."""
    outputs = [output for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", [])]
    return outputs, [output for output in outputs if "image/png" in output.get("data", {})]


def test_no_picture_is_missing(paper: PdfReader):
    static = re.findall(
        r"!\[|\{figure\}|\{image\}", "".join(page.read_text() for page in (STAGE / "book").glob("*.md"))
    )
    wanted = sum(len(shown(path)[1]) for path in STAGED) + len(static)
    assert sum(len(page.images) for page in paper.pages) >= wanted > 20


@pytest.mark.parametrize("path", STAGED, ids=lambda path: path.stem)
def test_each_caption_number_and_card_is_on_paper(text: str, path: Path):
    outputs, pictures = shown(path)
    assert pictures
    for picture in pictures:
        caption = picture.metadata.landscape_figure.caption
        longest = max(re.split(r"[$*_`<>⟨⟩ε̄Δ]+", tex_formulas(caption)), key=len)
        assert letters(longest) in text, caption
    printed = ["".join(output.text) for output in outputs if output.output_type == "stream"]
    plain = [output.data["text/plain"] for output in outputs if output.get("data", {}).keys() >= {"text/plain"}]
    cards = [words for words in plain if words.startswith(("Predict", "Measured"))]
    assert printed and (cards or is_appendix(path))
    for line in "\n".join([*printed, *cards]).splitlines():
        assert letters(line) in text, line


def test_the_scoreboard_has_every_claim_and_every_measurement(letters_of: dict[str, str]):
    entries, records = load_claims(), json.loads((STAGE / "book" / "claims.json").read_text(encoding="utf-8"))
    for entry in entries.values():
        names = f"{entry.id}. {entry.statement}"
        others = f"accepted: {entry.rule}", f"the paper: {entry.paper['says']}", entry.falsified_by, entry.null
        for part in (names, *others, entry.measures, entry.contested or "", entry.settled_by or ""):
            assert are_in(letters_of["Scoreboard"], part), part
    assert {record["id"] for record in records} <= entries.keys()
    for record in records:
        row = f"{measured(record)}, {record['dataset']}, {record['n_seeds']} {record['repeated']}"
        assert letters(row) in letters_of["Scoreboard"], row


def records_of(path: Path) -> list[dict[str, Any]]:
    return [output.metadata.landscape for output in shown(path)[0] if "landscape" in output.get("metadata", {})]


@pytest.mark.parametrize("path", STAGED, ids=lambda path: path.stem)
def test_a_chapter_states_its_claims(letters_of: dict[str, str], path: Path):
    entries, chapter = load_claims(), letters_of[str(int(path.stem[:2]))]
    records = records_of(path)
    own = {entry.id for entry in entries.values() if entry.chapter == chapter_of(path)}
    assert {record["id"] for record in records} <= own and records
    known = {record["id"] for record in records_of(path.with_stem(chapter_of(path)))} if is_appendix(path) else set()
    for record in records:
        entry = entries[record["id"]]
        seen = "".join(told(record))
        box = f"{entry.statement} {entry.id} {seen}; accepted: {entry.rule}"
        rule = f"{record['dataset']}). The paper. {entry.paper['says']} What would falsify it. {entry.falsified_by}"
        again = f"{seen} ({', '.join(conditions(record))})."
        full = (box, rule, f"The null, which the rule must reject. {entry.null}")
        for part in (again,) if entry.id in known else full:
            assert are_in(chapter, part), part
        known.add(entry.id)


@pytest.mark.parametrize("path", [path for path in STAGED if not is_appendix(path)], ids=lambda path: path.stem)
def test_a_chapter_has_its_questions_answers_and_solutions(letters_of: dict[str, str], path: Path):
    asked, _, after = letters_of[str(int(path.stem[:2]))].rpartition("answerstocheckyourself")
    answers, _, solutions = after.rpartition("solutionsexercise")
    for question in load_quiz(ROOT / "notebooks" / f"{path.stem}.quiz.yml").values():
        options = question.get("options", [])
        assert letters(" ".join([question["question"], *(option["text"] for option in options)])) in asked
        replies = [(reply["text"], reply.get("right", False), reply["feedback"]) for reply in options]
        if number := question.get("number"):
            replies = [(f"{reply['value']:g}", False, reply["feedback"]) for reply in number.get("wrong", [])]
            replies.append((f"{number['value']:g}", True, number["feedback"]))
        for option, right, feedback in replies:
            assert letters(f"{option} {'right' if right else 'not so'}. {feedback}") in answers, option
    cells = nbformat.read(path, as_version=4).cells
    solved = [cell.source for cell in cells if "code_prompt_show" in cell.metadata.get("mystnb", {})]
    assert len(solved) >= 3
    for line in "\n".join(solved).splitlines():
        assert letters(line) in solutions, line


def test_nothing_is_left_of_what_only_a_screen_can_show(text: str, pages: list[str]):
    assert "wherethiscomesfrom" in text and "wouldfalsifyit" in text and "makeitagain" in text
    assert "detailsclass" not in text and "ltbr" not in text
    for page in pages:
        assert not re.search(r"^\( ?\)", page, re.MULTILINE), "an option to click"
        assert not re.search(r"[0-9a-f]{32}", page), "a hash in full"


def test_no_sheet_is_empty_and_nothing_lies_beside_it(paper: PdfReader, pages: list[str]):
    outside = []

    def look(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        x, y = (tm[4] * cm[0] + cm[4], tm[5] * cm[3] + cm[5])
        if text.strip() and not (30 < x < width - 30 and 30 < y < height - 30):
            outside.append((number, text))

    for number, (page, words) in enumerate(zip(paper.pages, pages, strict=True), start=1):
        width, height = map(float, page.mediabox[2:])
        page.extract_text(visitor_text=look)
        assert letters(words) or page.images, f"page {number}"
    assert not outside


def test_without_latex_the_packages_are_named_before_anything_runs(
    toy: ToyBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError) as stopped:
        toy.take("pdf")
    says = str(stopped.value)
    assert "a PDF needs LaTeX, and xelatex, latexmk, xindy are not installed" in says
    assert "apt-get install texlive-xetex" in says and "running" not in capsys.readouterr().out


def test_what_latex_complains_of_is_told():
    log = "This is XeTeX\n(./a.sty)\n! Undefined control sequence.\nl.7 \\wrong\n\nmore\nlast"
    assert latex.faults(log) == "! Undefined control sequence.\nl.7 \\wrong\n\nmore"
    assert latex.faults("a\nb") == "a\nb"
