"""The PDF: each figure and each verdict of the book is in it."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import nbformat
import pdf
import pytest
from nbformat import NotebookNode
from pypdf import PdfReader

from .conftest import ROOT, ToyBook

STAGE = ROOT / "_build" / "stage"
STAGED = sorted((STAGE / "notebooks").glob("*.ipynb"))


def letters(text: str) -> str:
    """What two ways of writing a text share: no spaces, hyphens of broken words, quotes or formulas."""
    return "".join(re.findall(r"[a-z0-9]", text.lower()))


@pytest.fixture(scope="module")
def paper(html: Path) -> PdfReader:
    missing = [program for program in pdf.PROGRAMS if shutil.which(program) is None]
    if missing and "CI" not in os.environ:
        pytest.skip(f"no {', '.join(missing)}: {pdf.PACKAGES}")
    pdf.check_latex()
    return PdfReader(pdf.pdf(STAGE))


@pytest.fixture(scope="module")
def text(paper: PdfReader) -> str:
    return letters("".join(page.extract_text() for page in paper.pages))


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
        longest = max(re.split(r"[$*_`<>⟨⟩ε̄Δ]+", caption), key=len)
        assert letters(longest) in text, caption
    printed = ["".join(output.text) for output in outputs if output.output_type == "stream"]
    said = [output.data["text/plain"] for output in outputs if output.get("data", {}).keys() >= {"text/plain"}]
    cards = [one for one in said if one.startswith(("claim ", "Predict", "Measured"))]
    assert cards and printed
    for line in "\n".join([*printed, *cards]).splitlines():
        assert letters(line) in text, line


def test_strips_and_the_scoreboard_are_words(text: str):
    assert "wherethiscomesfrom" in text and "wouldfalsifyit" in text and "makeitagain" in text
    assert "detailsclass" not in text and "ltbr" not in text


def test_without_latex_the_packages_are_named_before_anything_runs(toy: ToyBook, tmp_path: Path):
    done = toy.build("pdf", path=tmp_path)
    assert done.returncode == 1 and "a PDF needs LaTeX, and xelatex, latexmk, xindy are not installed" in done.stderr
    assert "apt-get install texlive-xetex" in done.stderr and "running" not in done.stdout


def test_what_latex_complains_of_is_told():
    log = "This is XeTeX\n(./a.sty)\n! Undefined control sequence.\nl.7 \\wrong\n\nmore\nlast"
    assert pdf.faults(log) == "! Undefined control sequence.\nl.7 \\wrong\n\nmore"
    assert pdf.faults("a\nb") == "a\nb"
