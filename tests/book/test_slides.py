"""Slides: what becomes of a chapter's cells, what stops the build, and the decks of the built site in a browser."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Browser, ElementHandle, Locator, Page
from pypdf import PdfReader

from builder.execute.cache import executed, key
from builder.execute.records import Chapter, read
from builder.messages import BuildError
from builder.paths import is_appendix
from builder.site.slideshow import TYPES, check_slides, timing, title
from builder.slides.export import REVEAL, exported, marked, with_marks
from builder.slides.selection import chosen, deck

from . import _pages
from ._pages import Seen, ready
from ._toy import CHAPTER, whole_chapter
from .conftest import HTML, ROOT, ToyBook

NAMES = sorted(path.name for path in (HTML / "slides").glob("*.html"))
PATH = ROOT / "notebooks" / "01_toy.ipynb"
RECORD = {"id": "toy.mean", "budget": "class", "dataset": "digits", "verdict": "open", "value": 1.0, "ci": [0.0, 2.0]}
RECORD |= {"n_seeds": 5, "repeated": "seeds", "reason": "it straddles", "reference": {"says": "about two"}}
RECORD["words"] = {"statement": "It is so.", "measures": "the mean (of five)", "accepted": "at most 3"}
RECORD["words"] |= {"falsified_by": "A 4.", "null": "A 5.", "contested": None, "differs": "Few.", "settled_by": None}
RECORD["tags"] = []
FIGURE = {"name": "fig-toy", "alt": 'Points that "rise"', "caption": "Points at $N^*$.", "source": {}}


def about(kind: str, **more: object) -> dict:
    return {"slideshow": {"slide_type": kind, **more}}


def text(source: str, kind: str = "", **more: object) -> NotebookNode:
    return new_markdown_cell(source, metadata=about(kind, **more) if kind else {})


def shows(kind: str, *outputs: NotebookNode, source: str = "code()") -> NotebookNode:
    return new_code_cell(source, metadata=about(kind), outputs=list(outputs))


def displayed(data: dict, **metadata: object) -> NotebookNode:
    return new_output("display_data", data=data, metadata=metadata)


def card_of(markup: str) -> dict[str, object]:
    return {"landscape_card": markup, "landscape_words": {"kind": "", "text": "3, as “many” said."}}


def chapter(*cells: NotebookNode, seconds: dict[str, float] | None = None) -> Chapter:
    return read(PATH, notebook(*cells), seconds)


def notebook(*cells: NotebookNode) -> NotebookNode:
    return new_notebook(cells=[text("# A toy", "slide", minutes=5, forty=2), *cells])


def html_of(chapter: Chapter) -> str:
    """A deck's HTML, its formulas as they were written."""
    lecture = deck(chapter)
    formulas = with_marks(lecture, "here")
    return exported(chapter, lecture, [marked(formula, html.escape(f"\\({formula.tex}\\)")) for formula in formulas])


def kinds(notebook: NotebookNode) -> list[tuple[str, str]]:
    return [(cell.metadata.slideshow.slide_type, cell.source) for cell in notebook.cells]


# ---- what becomes of a cell ------------------------------------------------------------------------------------------
def test_a_section_shows_heading_question_and_formula_and_its_prose_is_said():
    prose = (
        "Take $N$ weights. They are many. Do they fit?\n\n$$\nN = h^2 .\n$$\n\nThat is [all](../book/glossary.md#gap)."
    )
    slides = deck(chapter(text(f"Before.\n\n## 1 Weights\n\n{prose}", "slide", minutes=3)))
    assert kinds(slides) == [
        ("slide", "# A toy"),
        ("notes", "*A toy: 5 minutes, 2 of forty minutes.*\n\nBefore."),
        ("slide", "## 1 Weights\n\nDo they fit?\n\n$$\nN = h^2\n$$"),
        ("notes", f"*1 Weights: 3 minutes, left out in a short class.*\n\n{prose}"),
    ]


@pytest.mark.parametrize(
    ("prose", "stands"),
    [
        ("One. Two. Three.", "One."),
        ("![a map](map.png)\n\nOne. Two.", "![a map](map.png)"),
        ("One. Why? Two. How?\n\n| table? |\n| --- |\n\n- a list?\n\n```\ncode?\n```", "Why?\n\nHow?"),
        ("Why? " + "Word " * 50 + "how? Who?", "Why?\n\nWho?"),
        ("$$a$$\n\nand\n\n$$b .$$", "$$a$$\n\n$$b\n$$"),
    ],
)
def test_a_slide_has_few_words(prose: str, stands: str):
    assert chosen(prose) == stands


def test_words_of_its_own_stand_instead_and_a_part_of_a_cell_is_chosen():
    source = "## Limits\n\nMany.\n\n## Summary\n\n- All is well.\n\n## References\n\n- None."
    slides = deck(chapter(text(source, "slide", minutes=1, part="Summary", text="Well.")))
    assert kinds(slides)[2] == ("slide", "## Summary\n\nWell.")
    assert "All is well." in kinds(slides)[3][1] and "References" not in kinds(slides)[3][1]


def test_code_is_not_seen_and_what_it_shows_is():
    picture = displayed({"image/png": "QUJD\n"}, landscape_figure=FIGURE)
    card = displayed({"image/png": "QUJD"}, landscape_figure=FIGURE, **card_of('<form data-card="choice"></form>'))
    claim = displayed({}, landscape=RECORD)
    larger = {"budget": "paper", "dataset": "mnist", "verdict": "not reproduced", "value": 4.0, "ci": [3.5, 4.5]}
    printed = new_output("stream", name="stdout", text="a < b\n")
    cells = [
        shows("subslide", picture, printed, source="secret()"),
        shows("fragment", card),
        shows("subslide", claim),
        shows("fragment", printed),
        shows("notes", printed),
        shows("skip", picture),
        text("A word."),
        shows("subslide", displayed({}, landscape=RECORD | larger)),
    ]
    parts = kinds(deck(chapter(*cells)))[2:]
    shown = ["subslide", "-", "notes"]
    assert [kind for kind, _ in parts] == [*shown, "fragment", *shown, "fragment", *shown]
    (_, head), (_, figure), (_, notes), (_, question), _, (_, box), (_, small), (_, lines), _, (_, at_scale), _ = parts
    assert head == '<p class="section">A toy</p>'
    assert 'src="data:image/png;base64,QUJD" alt="Points that &quot;rise&quot;"' in figure
    assert notes.startswith("*A toy: 5 minutes, 2 of forty minutes.*\n\n**Shown.** Points at $N^*$.\n\n**To")
    assert 'be seen.** Points that "rise"\n\n```\na < b\n```' in notes
    assert "data-card" in question and "<img" not in question
    assert "id=" not in box and "falsify" not in box and box.count("<p") == box.count("</p>") == 3
    assert "Measured <strong>1.0 [0.0, 2.0]</strong>; accepted: at most 3." in box
    assert '<p class="larger">In a larger run, mnist: <strong>not reproduced</strong>, 4.0 [3.5, 4.5]. Few.</p>' in box
    assert "In a larger run" not in at_scale, "it is that measurement itself"
    assert small.split("\n\n")[1] == (
        "toy.mean Measured 1.0 [0.0, 2.0] (the mean (of five); 5 seeds, class budget, digits). "
        "What would falsify it A 4. The null, which the rule must reject: A 5."
    )
    assert "a < b" in small
    assert "<pre>a &lt; b</pre>" in lines
    assert not any("secret" in source or "A word" in source for _, source in parts)


def test_a_speaker_has_beside_each_slide_what_it_shows():
    question = displayed({}, **card_of("<form>?</form>"), landscape_prediction={"asks": "toy"})
    cells = [
        text("## 1 Points", "slide", minutes=1, ask="Why?", expect="Silence."),
        shows("subslide", displayed({"image/png": "QUJD"}, landscape_figure=FIGURE)),
        shows("subslide", question),
        shows("skip", displayed({}, **card_of("<aside>!</aside>"), landscape_prediction={"answers": "toy"})),
        text("Prose is not read out.", "subslide"),
    ]
    notes = [source for kind, source in kinds(deck(chapter(*cells))) if kind == "notes"]
    assert notes[1].endswith("**Ask.** Why?\n\n**Expect.** Silence.")
    assert notes[2].endswith('**Shown.** Points at $N^*$.\n\n**To be seen.** Points that "rise"')
    assert "**Predict.** Let all commit" in notes[3] and notes[3].endswith("3, as “many” said.")
    assert notes[4] == "*1 Points: 1 minutes, left out in a short class.*"


def test_a_larger_run_brings_its_tags():
    tags = [{"tag": "rule at fault", "because": "It fits N* too."}]
    claim = displayed({}, landscape=RECORD)
    larger = displayed({}, landscape=RECORD | {"budget": "paper", "dataset": "mnist", "tags": tags})
    page = html_of(chapter(shows("subslide", claim), shows("skip", larger)))
    assert '<span class="claim-tag">rule at fault</span> It fits <i>N</i>* too.' in page.partition("larger")[2]
    live = displayed({}, landscape=RECORD | {"tags": tags})
    assert html_of(chapter(shows("subslide", live), shows("skip", larger))).count("rule at fault") == 1, (
        "once is enough"
    )


def test_a_question_on_a_slide_has_its_answer_also_where_that_is_skipped():
    ask, answer = "<form>?</form>", "<aside>!</aside>"
    asks = displayed({}, **card_of(ask), landscape_prediction={"asks": "toy"})
    answers = displayed({}, **card_of(answer), landscape_prediction={"answers": "toy"})
    parts = kinds(deck(chapter(shows("subslide", asks), shows("skip", answers))))[2:]
    assert [kind for kind, _ in parts] == ["subslide", "-", "-", "notes"]
    assert ask in parts[1][1] and parts[2][1] == f"<div hidden>\n{answer}\n</div>"


def test_a_deck_is_sections_with_notes_and_asks_for_nothing_from_elsewhere():
    price = "It costs `$5`, or $x_1$ and $y_2$, *of* $a < b$."
    page = html_of(chapter(text(f"## 1 Price\n\n{price}", "slide", minutes=1), text("More.", "subslide")))
    assert page.count("<section") == 2 + 3, "two sections, of one slide and of two"
    assert page.count('<aside class="notes">') == 3
    assert '<span class="math notranslate nohighlight">\\(x_1\\)</span>' in page
    assert '<span class="said math notranslate nohighlight">\\(a &lt; b\\)</span>' in page
    assert "<code>$5</code>" in page and "⟦" not in page and "¶" not in page
    assert "//" not in page, "no address"


def test_a_section_without_minutes_of_forty_is_marked_long():
    cells = [
        text("## 1 Much", "slide", minutes=1),
        text("More.", "subslide"),
        text("## 2 Little", "slide", minutes=1, forty=1),
    ]
    soup = BeautifulSoup(html_of(chapter(*cells)), "html.parser")
    sections = [section.select_one("h1, h2, .section") for section in soup.select("[data-long] section")]
    assert [heading.get_text() for heading in sections if heading] == ["1 Much", "1 Much"]


# ---- the plan --------------------------------------------------------------------------------------------------------
def test_the_plan_adds_up_and_says_what_to_run_before():
    cells = [
        text("## 1 Much", "slide", minutes=20.5),
        new_code_cell("train()\nmore()", id="slow"),
        new_code_cell("quick()"),
    ]
    plan = timing(chapter(*cells, seconds={"slow": 61.4, cells[2].id: 0.2}))
    assert "| A toy | 5 | 2 |\n| 1 Much | 20.5 | skip |\n| **together** | 25.5 | 2 |" in plan
    assert plan.endswith("- 1 Much: 61 s, `train()`\n")
    assert plan.split("\n\n")[0] == timing(chapter(*cells)).strip(), "without times it is the table alone"
    assert "all can run in class" in timing(chapter(*cells, seconds={"slow": 1.0}))


def test_what_is_said_of_slides_asks_for_no_new_execution(tmp_path: Path):
    before, path = notebook(text("Words.")), tmp_path / "01_toy.ipynb"
    ran = tmp_path / "ran.ipynb"
    nbformat.write(before, ran)
    after = nbformat.from_dict(json.loads(json.dumps(before)))
    after.cells[0].metadata.pop("slideshow")
    after.cells[1].metadata.update(about("slide", minutes=4), tags=[])
    del after.cells[1].metadata["tags"]
    assert key(path, after) == key(path, before)
    nbformat.write(after, path)
    assert [cell.metadata for cell in executed(path, ran).cells] == [{}, about("slide", minutes=4)]


# ---- what stops the build --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([text("Words.")], "notebooks/01_toy.ipynb: no cell has a slide_type of slide"),
        (
            [text("# A", "slide", minutes=1), text("B", "page")],
            f"cell 1: unknown slide_type 'page'; known are {TYPES[0]}",
        ),
        ([text("# A", "slide")], "notebooks/01_toy.ipynb, cell 0: a slide without minutes"),
        ([text("# A", "slide", minutes="9")], "cell 0: a slide without minutes"),
        ([text("# A", "slide", minutes=9, forty="no")], "cell 0: forty is 'no'"),
        ([text("A", "notes"), text("# A", "slide", minutes=1)], "cell 0: a notes before the first slide"),
        ([new_code_cell("1", metadata=about("slide", minutes=1))], "cell 0: a slide of code"),
        (
            [text("# A", "slide", minutes=90), text("# B", "slide", minutes=1)],
            "minutes of its slides add up to 91, more than 90",
        ),
        ([text("# A", "slide", minutes=80, forty=41)], "the forty of its slides add up to 41, more than 40"),
    ],
)
def test_what_stops_the_build_is_named(cells: list[NotebookNode], says: str):
    with pytest.raises(BuildError) as caught:
        check_slides(read(PATH, new_notebook(cells=cells)))
    assert says in str(caught.value)


def test_a_slide_that_shows_nothing_stops_the_build():
    with pytest.raises(BuildError, match=r"01_toy.ipynb, cell 1: meant for a slide, and shows nothing"):
        deck(chapter(shows("subslide")))


def test_a_deck_comes_with_what_it_loads_and_the_plan_knows_how_long_cells_took(built: ToyBook, toy: ToyBook):
    times = json.loads(built.kept().with_suffix(".seconds.json").read_text())
    notebook = nbformat.read(toy.root / "notebooks" / "01_toy.ipynb", as_version=4)
    assert set(times) >= {cell.id for cell in notebook.cells if cell.cell_type == "code"}
    loads = {file.name for file in (built.html / "slides" / "reveal.js").iterdir()}
    assert loads == {Path(name).name for name in REVEAL}
    assert 'href="../slides/01_toy.html"' in (built.html / CHAPTER).read_text(encoding="utf-8")
    notebook.cells[0].metadata["slideshow"]["minutes"] = 91
    toy.chapter(notebook)
    with pytest.raises(BuildError, match="more than 90"):
        toy.take("site")


# ---- the decks of the book ------------------------------------------------------------------------------------------
def test_each_chapter_has_its_plan_on_the_lecturers_page(html: Path):
    page = BeautifulSoup((html / "book" / "lecturers.html").read_text(encoding="utf-8"), "html.parser")
    tables = [table for table in page.select("table") if "Minutes, of forty" in table.get_text()]
    assert len(tables) == len(NAMES) > 0
    for name, table in zip(NAMES, tables, strict=True):
        cells = nbformat.read(ROOT / "notebooks" / name.replace(".html", ".ipynb"), as_version=4).cells
        plans = [cell.metadata.slideshow for cell in cells if cell.metadata.get("slideshow", {}).get("minutes")]
        [*rows, total] = [[cell.get_text() for cell in row.select("td")] for row in table.select("tbody tr")]
        assert len(rows) == len(plans)
        assert total[1:] == [f"{sum(plan.get(name, 0) for plan in plans):g}" for name in ("minutes", "forty")]


def test_each_chapter_links_to_its_deck(html: Path):
    assert NAMES, "no decks: install node and npm, then `make book`"
    assert NAMES == sorted(path.name for path in (html / "notebooks").glob("*.html") if not is_appendix(path))
    for name in NAMES:
        assert f'href="../slides/{name}"' in (html / "notebooks" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_deck_is_whole(browser: Browser, html: Path, name: str):
    """Every slide fits and has notes, every formula is typeset, nothing is missing or asked for elsewhere."""
    with _pages.lecture(browser, html, name) as seen:
        formulas = _pages.raw_formulas(seen.page)
        assert formulas["formulas"] > 10
        assert (formulas["left"], formulas["raw"], formulas["drawn"]) == ([], [], 0)
        assert _pages.broken_slides(seen.page) == []
        assert (seen.errors, seen.missing, seen.elsewhere()) == ([], [], [])


# ---- a deck in a browser: the toy's ----------------------------------------------------------------------------------
DECK = "01_toy.html"


@pytest.fixture
def lecture(browser: Browser, built: ToyBook) -> Iterator[Seen]:
    with _pages.lecture(browser, built.html, DECK) as seen:
        yield seen


@pytest.fixture
def page(lecture: Seen) -> Page:
    """Its window, of the size of a slide."""
    return lecture.page


def test_keys_walk_through_the_deck_without_error_or_network(lecture: Seen):
    page = lecture.page
    slides = page.evaluate("Reveal.getTotalSlides()")
    seen = {page.evaluate("Reveal.getSlidePastCount()")}
    steps = 0
    while not page.evaluate("Reveal.isLastSlide() && !Reveal.availableFragments().next"):
        page.keyboard.press("ArrowRight" if steps % 2 else "Space")
        seen.add(page.evaluate("Reveal.getSlidePastCount()"))
        steps += 1
        assert steps < 5 * slides, "the keys lead nowhere"
    assert seen == set(range(slides)) and slides > 9
    page.keyboard.press("ArrowLeft")
    assert not page.evaluate("Reveal.isLastSlide() && !Reveal.availableFragments().next"), "and back"
    assert (lecture.errors, lecture.missing, lecture.elsewhere()) == ([], [], [])


def test_every_slide_is_whole(page: Page):
    assert _pages.broken_slides(page) == []
    formulas = _pages.raw_formulas(page)
    assert formulas["formulas"] > 5 and (formulas["left"], formulas["raw"], formulas["drawn"]) == ([], [], 0)


def test_the_short_deck_has_the_sections_of_the_plan(page: Page):
    page.goto(f"{page.url.split('#')[0]}?short")
    ready(page)
    cells = read(PATH, whole_chapter()).cells
    wanted = [title(cell) for cell in cells if cell.slideshow.get("forty")]
    shown = page.evaluate(
        "Reveal.getHorizontalSlides().map((slide) => slide.querySelector('h1, h2').textContent.replaceAll('’', \"'\"))"
    )
    assert shown == wanted


def test_speaker_view_follows_the_slides_and_leads_them(page: Page):
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    speaker = popup.value
    notes = speaker.locator(".speaker-controls-notes .value")
    page.keyboard.press("ArrowRight")
    notes_shown = page.evaluate("Reveal.getSlideNotes() ?? Reveal.getCurrentSlide().querySelector('aside').textContent")
    speaker.wait_for_function("document.querySelector('.speaker-controls-notes .value').textContent.length > 50")
    assert " ".join(notes.inner_text().split())[:40] in " ".join(notes_shown.split())
    here = page.url
    speaker.wait_for_function("document.querySelectorAll('iframe').length === 2")
    speaker.wait_for_timeout(1000)  # until the small decks in it are ready
    speaker.keyboard.press("ArrowRight")
    page.wait_for_function("before => location.href !== before", arg=here)


def at_explorer(page: Page) -> tuple[Locator, ElementHandle]:
    """The first slide with an explorer: its slider and its picture."""
    slide = "document.querySelector('.explorer input').closest('section')"
    page.evaluate(f"() => {{ const {{ h, v }} = Reveal.getIndices({slide}); Reveal.slide(h, v); }}")
    there = page.locator("section.present .explorer")
    picture = there.locator("img").first.element_handle()  # this one, also when another slide is present
    assert picture
    return there.locator("input").first, picture


def test_a_card_keeps_the_keys_until_escape(page: Page):
    slider, picture = at_explorer(page)
    here, before = page.evaluate("Reveal.getSlidePastCount()"), picture.get_attribute("src")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert picture.get_attribute("src") != before and page.evaluate("Reveal.getSlidePastCount()") == here
    page.keyboard.press("Escape")
    assert not page.evaluate("Reveal.isOverview()")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getSlidePastCount()") == here + 1


def test_the_mouse_moves_an_explorer_and_hands_the_keys_back(page: Page):
    slider, picture = at_explorer(page)
    here, before = page.evaluate("Reveal.getSlidePastCount()"), picture.get_attribute("src")
    box = slider.bounding_box()
    assert box is not None
    for _ in ("a new value", "the same again, which is no change"):
        page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
        shown = picture.get_attribute("src")
        assert shown != before
        page.keyboard.press("ArrowRight")
        assert picture.get_attribute("src") == shown and page.evaluate("Reveal.getSlidePastCount()") == here + 1
        page.keyboard.press("ArrowLeft")


def at_card(page: Page, kind: str) -> Locator:
    """The slide of the first prediction of a kind."""
    slide = f"document.querySelector('form.predict[data-card={kind}]').closest('section')"
    page.evaluate(f"() => {{ const {{ h, v }} = Reveal.getIndices({slide}); Reveal.slide(h, v, 9); }}")
    return page.locator(f"section.present form.predict[data-card={kind}]").first


@pytest.mark.parametrize("kind", ["choice", "curve"])
def test_a_prediction_by_mouse_hands_the_keys_back(page: Page, kind: str):
    form = at_card(page, kind)
    here = page.evaluate("Reveal.getSlidePastCount()")
    box = form.locator("input >> nth=0" if kind == "choice" else "svg").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 3)
    page.mouse.up()
    for button in ("Commit", "Start over"):
        form.get_by_role("button", name=button).click()
        page.keyboard.press("ArrowRight")
        assert page.evaluate("Reveal.getSlidePastCount()") == here + 1
        page.keyboard.press("ArrowLeft")
        page.evaluate("Reveal.availableFragments().next && Reveal.nextFragment()")


def test_a_presenters_remote_goes_on_from_a_card(page: Page):
    slider, picture = at_explorer(page)
    here, before = page.evaluate("Reveal.getSlidePastCount()"), picture.get_attribute("src")
    slider.focus()
    page.keyboard.press("PageDown")
    assert picture.get_attribute("src") == before and page.evaluate("Reveal.getSlidePastCount()") == here + 1
    point = at_card(page, "curve").locator("[role=slider]").first
    handle, here = point.element_handle(), page.evaluate("Reveal.getSlidePastCount()")
    assert handle
    drawn = handle.get_attribute("aria-valuenow")
    point.focus()
    page.keyboard.press("PageUp")
    assert handle.get_attribute("aria-valuenow") == drawn and page.evaluate("Reveal.getSlidePastCount()") == here - 1


def test_a_commitment_hands_the_keys_back(page: Page):
    form = at_card(page, "choice")
    here = page.evaluate("Reveal.getSlidePastCount()")
    form.locator("input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    reply = form.locator("[role=status]").inner_text()
    assert reply
    page.keyboard.press("Space")
    assert form.locator("[role=status]").inner_text() == reply, "nothing is pressed in the card"
    assert page.evaluate("Reveal.getSlidePastCount()") == here + 1


def test_short_may_be_written_behind_a_slides_address(page: Page):
    whole = page.evaluate("Reveal.getTotalSlides()")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**#/*")
    page.goto(f"{page.url}?short")
    page.wait_for_url("**/*.html?short*")
    page.wait_for_function("window.Reveal?.isReady()")
    assert 1 < page.evaluate("Reveal.getTotalSlides()") < whole


def test_a_deck_prints_with_its_figures(page: Page):
    page.goto(f"{page.url.split('#')[0]}?print-pdf")
    page.wait_for_function("window.Reveal?.isReady() && document.querySelectorAll('.pdf-page').length > 9")
    page.emulate_media(media="print")
    faults = page.evaluate(
        """() => [...document.querySelectorAll(".pdf-page section:not(.stack) img")].filter(image => {
            const box = image.getBoundingClientRect(), paper = image.closest(".pdf-page").getBoundingClientRect();
            return image.checkVisibility() && (box.height < 200 || box.bottom > paper.bottom || box.top < paper.top);
        }).map(image => image.alt)"""
    )
    assert not faults
    with io.BytesIO(page.pdf(prefer_css_page_size=True)) as paper:
        assert len(PdfReader(paper).pages) >= page.evaluate("document.querySelectorAll('.pdf-page').length")
