"""A deck: slides for a lecture, made from an executed chapter as its cells say (see `site/slideshow.py`)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook, new_raw_cell

from landscape_lib.report import Record, brief_box, conditions, html_formulas, measured, tagged, told

from ..execute.records import Cell, Chapter
from ..messages import BuildError
from ..site.slideshow import HEADING, own, title

WORDS = 40  # that are chosen for a slide, at most

DISPLAYED = re.compile(r"\$\$.+?\$\$", re.DOTALL)
PICTURE = re.compile(r"^!\[.*?\]\(.*?\)$", re.MULTILINE | re.DOTALL)
NO_PROSE = re.compile(r"^(?:```.*?^```|#.*?$|[|>\-*] .*?$|\d+\. .*?$| {4}.*?$)", re.MULTILINE | re.DOTALL)


def chosen(prose: str) -> str:
    """What of a section's prose stands on its slide: pictures, questions or else the first sentence, and formulas."""
    formulas = [re.sub(r"[\s.]+\$\$\Z", "\n$$", formula) for formula in DISPLAYED.findall(prose)]
    pictures = PICTURE.findall(prose)
    plain = NO_PROSE.sub("", DISPLAYED.sub("\n\n", PICTURE.sub("", prose)))
    paragraphs = [" ".join(text.split()) for text in re.split(r"\n\s*\n", plain) if text.strip()]
    sentences = [sentence for text in paragraphs for sentence in re.split(r"(?<=[.?!])\s+(?=[A-Z*$])", text)]
    questions = [sentence for sentence in sentences if sentence.endswith("?")]
    kept: list[str] = []
    for sentence in questions or ([] if formulas or pictures else sentences[:1]):
        if len(" ".join([*kept, sentence]).split()) <= WORDS:
            kept.append(sentence)
    return "\n\n".join([*pictures, *kept, *formulas])


def shown(cell: Cell, larger: Mapping[str, str]) -> tuple[str, str]:
    """The HTML of what a code cell shows, and, in Markdown, what it prints for the speaker only.

    ``larger`` holds what is to be added to the box of a claim that was measured at a larger scale too.
    """
    seen, words = [], []
    is_quiet = any(output.claim or output.figure for output in cell.outputs)
    is_note = cell.slideshow["slide_type"] == "notes"
    for output in cell.outputs:
        if output.card:  # an answer beside a figure or a claim meets its reader at the question
            is_unseen = output.card.answers and is_quiet
            seen.append(f"<div hidden>\n{output.card.markup}\n</div>" if is_unseen else output.card.markup)
        elif figure := output.figure:
            source = f"data:image/png;base64,{figure.png}"
            seen.append(f'<img class="figure" src="{source}" alt="{html.escape(figure.alt)}">')
        elif record := output.claim:
            seen.append(brief_box(record, larger.get(record["id"], "") if record["budget"] == "class" else ""))
        elif "text/markdown" in output.data:
            words.append(output.data["text/markdown"])
        elif output.printed is not None:
            if is_quiet or is_note:
                words.append(f"```\n{output.printed}\n```")
            else:
                seen.append(f"<pre>{html.escape(output.printed)}</pre>")
    if not is_note and not seen:
        raise BuildError(f"{cell.place}: meant for a slide, and shows nothing")
    return '<div class="shown">\n' + "\n".join(seen) + "\n</div>", "\n\n".join(words)


def beside(cell: Cell, answers: Mapping[str, str]) -> Iterator[str]:
    """What a speaker has at hand beside what a cell shows: a figure in words, the answer to come, a claim in full."""
    for output in cell.outputs:
        if figure := output.figure:
            yield f"**Shown.** {figure.caption}"
            yield f"**To be seen.** {figure.alt}"
        elif output.card and output.card.asks:
            answer = f" Measured: {answers[output.card.asks]}" if output.card.asks in answers else ""
            yield f"**Predict.** Let all commit, by a show of hands, before you go on.{answer}"
        elif output.card and output.card.answers:
            yield f"**Measured.** {output.card.wording['text']}"
        elif output.claim:
            yield spoken(output.claim)


def spoken(record: Record) -> str:
    """A claim in words for the speaker, with what would falsify it."""
    words, (before, seen, after) = record["words"], told(record)
    return (
        f"{record['id']} {before}{seen}{after} ({words['measures']}; {', '.join(conditions(record))}). "
        f"What would falsify it {words['falsified_by']} The null, which the rule must reject: {words['null']}"
    )


def at_larger_scale(records: Iterable[Record]) -> dict[str, str]:
    """What a larger run says of each claim that it measured, in HTML: its own tags, and why a verdict differs.

    A class sees the live measurement, which may say the opposite, and leaves before the appendix that tells.
    """
    records = list(records)
    live = {record["id"]: record["verdict"] for record in records if record["budget"] == "class"}
    said = {
        (record["id"], tag["because"]) for record in records if record["budget"] == "class" for tag in record["tags"]
    }
    lines: dict[str, str] = {}
    for record in records:
        if record["budget"] == "paper":
            words = f"<strong>{record['verdict']}</strong>, {html.escape(measured(record))}"
            differs = record["words"]["differs"] if live.get(record["id"]) != record["verdict"] else None
            why = f" {html_formulas(differs)}" if differs else ""
            marks = "".join(tagged(tag) for tag in record["tags"] if (record["id"], tag["because"]) not in said)
            line = f'<p class="larger">In a larger run, {html.escape(record["dataset"])}: {words}.{marks}{why}</p>\n'
            lines[record["id"]] = lines.get(record["id"], "") + line
    return lines


@dataclass
class Slide:
    """What is seen at once, what is seen step by step, and what is said."""

    kind: str
    seen: list[NotebookNode]
    words: list[str]
    long: bool  # not for a short class
    steps: list[NotebookNode] = field(default_factory=list)


def slides(chapter: Chapter, others: Iterable[Record] = ()) -> list[Slide]:
    """The slides of a chapter, whose claims its appendix may state on a larger scale among ``others``."""
    made: list[Slide] = []
    section = plan = ""
    has_questions = any(cell.slideshow.get("ask") for cell in chapter.cells)
    answers = {  # that no slide has, nor a speaker's note
        card.answers: card.wording["text"]
        for cell, output in chapter.outputs
        if (card := output.card) and card.answers and cell.slideshow.get("slide_type", "skip") == "skip"
    }
    larger = at_larger_scale([*chapter.claims, *others])
    for cell in chapter.cells:
        facts = cell.slideshow
        kind = facts.get("slide_type", "skip")
        if kind in ("skip", "notes") and made:
            made[-1].seen += unseen_answers(cell)
        if kind == "skip":
            continue
        if cell.kind == "code":
            markup, words = shown(cell, larger)
            seen = raw(markup)
            text, titled = facts.get("text", ""), False
        else:
            before, heading, prose = own(cell)
            if made and not has_questions:
                made[-1].words.append(before)  # it belongs to the section that ends
            text = facts.get("text") or chosen(prose)
            if not made and facts.get("text"):  # a lecture opens with its picture
                text = "\n\n".join([*PICTURE.findall(prose)[:1], text])
            titled = bool(heading or HEADING.search(text))
            seen = new_markdown_cell(text if HEADING.search(text) else f"{heading}\n\n{text}".strip())
            words = f"{heading}\n\n{prose}" if kind == "notes" else prose
        if facts.get("ask"):
            words = f"**Ask.** {facts['ask']}\n\n**Expect.** {facts['expect']}"
        elif has_questions or cell.kind == "code":
            words = "\n\n".join([*beside(cell, answers), *([] if has_questions or not words else [words])])
        if facts.get("source"):
            seen.source += f'\n\n<p class="source">{html.escape(facts["source"])}</p>'
        if kind == "slide":
            section, minutes, forty = title(cell), facts["minutes"], facts.get("forty")
            short = f"{forty:g} of forty minutes" if forty else "left out in a short class"
            plan = f"*{section}: {minutes:g} minutes, {short}.*"
            made.append(Slide(kind, [seen], [plan], long=not forty))
        elif kind == "subslide":
            over = [] if titled else [f'<p class="section">{section}</p>']
            over += [text] if cell.kind == "code" and text else []
            head = [new_markdown_cell("\n\n".join(over))] if over else []
            made.append(Slide(kind, [*head, seen], [plan], made[-1].long))
        elif kind == "fragment":
            made[-1].steps.append(seen)
        made[-1].words.append(words)
    return made


def unseen_answers(cell: Cell) -> list[NotebookNode]:
    """The measured answers in a cell that no slide shows: the question, on its slide, asks for them."""
    cards = [output.card for output in cell.outputs if output.card]
    return [raw(f"<div hidden>\n{card.markup}\n</div>") for card in cards if card.answers]


def raw(markup: str) -> NotebookNode:
    return new_raw_cell(markup, metadata={"raw_mimetype": "text/html"})


def deck(chapter: Chapter, others: Iterable[Record] = ()) -> NotebookNode:
    """The chapter as a notebook of its slides, each with the speaker's notes after what is seen at once."""
    cells: list[NotebookNode] = []
    for slide in slides(chapter, others):
        notes = "\n\n".join(text.strip() for text in (PICTURE.sub("", text) for text in slide.words) if text.strip())
        first, *more = slide.seen
        parts = [(slide.kind, first), *(("-", cell) for cell in more)]
        parts += [("notes", new_markdown_cell(notes))] if notes else []
        parts += [("fragment", cell) for cell in slide.steps]
        for kind, cell in parts:
            cell.metadata["slideshow"] = {"slide_type": kind}
            cells.append(cell)
        if slide.long:
            first.metadata["slideshow"]["data"] = {"long": "true"}
    return new_notebook(cells=cells)
