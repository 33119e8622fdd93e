"""What a chapter's length is counted in, what it takes, how it is cited, and the map of all of them."""

from __future__ import annotations

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from builder.execute.records import read, read_source
from builder.messages import BuildError
from builder.paths import APPENDIX, BOOK, ROOT, chapters, is_appendix
from builder.site.citation import bibtex
from builder.site.concepts import drawing, listed, read_concepts
from builder.site.reading import code_cells, minutes, prose_words, time_needed

from .conftest import ToyBook

PATH = ROOT / "notebooks" / "01_toy.ipynb"
WORDS, CELLS = 4_000, 40  # of a chapter at most, exercises included, what is folded and references not


def chapter(*cells, seconds=None):
    return read(PATH, new_notebook(cells=list(cells)), seconds)


def test_words_are_those_that_a_reader_reads():
    text = "# A toy\n\n![Not this](a.png) One [two](three.md) is $a + b$\n\n```python\nno\n```\n<!-- no -->"
    text += "<details>Nor that.</details>"
    assert prose_words(chapter(new_markdown_cell(text))) == 6, "a formula is one"
    assert prose_words(chapter(new_markdown_cell("Six.\n\n## References\n\n- No one reads these."))) == 1
    assert prose_words(chapter(new_code_cell("a = 1"))) == 0


def test_time_grows_with_what_there_is_to_do():
    text, task = (
        new_markdown_cell("word " * 1600),
        new_markdown_cell("**Exercise 1.** Do it.\n\n**Exercise 2.** And that."),
    )
    reading, exercises = minutes(chapter(text))
    assert reading == pytest.approx(10) and exercises == 0
    assert minutes(chapter(text, task))[1] == 20
    assert time_needed(chapter(text, task)) == "**Time:** about 10 minutes to read and to guess; 20 for the exercises."
    ran = time_needed(chapter(text, seconds={"a": 40.0}))
    assert ran.endswith("less than a minute to run on two cores.")
    shown, hidden = new_code_cell("\n" * 119), new_code_cell("\n" * 119, metadata={"tags": ["hide-input"]})
    assert minutes(chapter(shown))[0] > minutes(chapter(hidden))[0]


@pytest.mark.parametrize("path", [path for path in chapters(None) if not is_appendix(path)], ids=lambda path: path.stem)
def test_a_chapter_is_of_a_length_that_is_read(path):
    made = read_source(path)
    assert code_cells(made) <= CELLS
    assert prose_words(made) <= WORDS, "move what is more to the appendix"


def test_a_page_tells_the_time_numbers_its_figures_and_gives_their_tables(built: ToyBook):
    page = built.page("notebooks/01_toy.html")
    assert re.search(r"Time: about \d+ minutes to read and to guess; 10 for the exercises", page.get_text())
    captions = [caption.get_text().strip() for caption in page.select("figcaption")]
    assert [re.match(r"Fig\. 1\.\d", caption)[0] for caption in captions] == ["Fig. 1.1", "Fig. 1.2", "Fig. 1.3"]
    strips = page.select("details.provenance")
    (link,) = strips[2].select("a[download]")
    table = (built.html / "notebooks" / link["href"]).resolve()
    assert link.get_text() == "CSV, 5 rows" and table.read_text().splitlines()[0] == "seed,dataset,data_sha256,seconds"
    assert not strips[0].select("a[download]"), "no table is behind a single measurement"
    assert "@misc{landscapes:fig-samples, " in strips[0].get_text()
    assert page.select_one("#fig-samples"), "the anchor that is cited"
    box = page.select_one('[id="claim-toy.mean"]')
    assert "@misc{landscapes:claim-toy.mean, " in box.select_one(".cite").get_text()


def test_an_appendix_follows_its_chapter(built: ToyBook):
    page = built.page(f"notebooks/01_toy{APPENDIX}.html")
    assert page.select_one("h1").get_text().startswith("Appendix to chapter 1") and not page.select(".deck")
    assert page.select_one('[id="claim-toy.mean-paper-digits"]')
    assert not (built.html / f"slides/01_toy{APPENDIX}.html").exists()
    field = built.page("notebooks/01_toy.html").select_one("table.field")
    assert f"01_toy{APPENDIX}.html#claim-toy.mean-paper-digits" in str(field), "the field knows the larger run"
    listed_chapters = [a.get_text() for a in built.page("book/index.html").select("article li a")]
    assert not [text for text in listed_chapters if "ppendix" in text]


def test_a_citation_names_the_commit():
    cited = bibtex("fig-a", "Fig. 1.2", "01_toy", "0123456789abcdef-dirty")
    assert "title={Loss Landscapes, Fig. 1.2}" in cited and "note={commit 0123456 and changes}" in cited
    assert "note=" not in bibtex("fig-a", "Fig. 1.2", "01_toy", None)


def test_the_map_has_every_chapter_and_every_need(tmp_path):
    concepts = read_concepts(BOOK / "concepts.yml")
    assert [concept.number for concept in concepts] == list(range(1, 13))
    pages = {3: "03_jamming"}
    drawn, words = drawing(concepts, pages), listed(concepts, pages)
    assert drawn.count("<rect") == 12 and drawn.count('class="arrow"') == sum(len(c.needs) for c in concepts)
    assert drawn.count("<a ") == 1 == words.count("](") and words.count("\n- ") == 11
    file = tmp_path / "concepts.yml"
    for text, message in (
        ("- {number: 1, name: a, about: b, place: [0, 0], needs: {7: x}}", "needs chapter 7"),
        (
            "\n".join(f"- {{number: {n}, name: a, about: b, place: [0, 0], needs: {{}}}}" for n in (1, 2)),
            "in one place",
        ),
    ):
        file.write_text(text)
        with pytest.raises(BuildError, match=message):
            read_concepts(file)
