"""Decks: slides for a lecture, made from each executed chapter as its cells say (see `site/slideshow.py`)."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook, new_raw_cell

from landscape_lib.report import measured

from ..execute.cache import recorded
from ..messages import BuildError, say
from ..paths import show, write
from ..site.assets import typeset
from ..site.slideshow import HEADING, about, own, title

HERE = Path(__file__).parent
WORDS = 40  # that are chosen for a slide, at most
REVEAL = ("dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js", "LICENSE")

DISPLAYED = re.compile(r"\$\$.+?\$\$", re.DOTALL)
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)(?<!\\)\$", re.DOTALL)
PICTURE = re.compile(r"^!\[.*?\]\(.*?\)$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\([^()\s]+\)")
NO_PROSE = re.compile(r"^(?:```.*?^```|#.*?$|[|>\-*] .*?$|\d+\. .*?$| {4}.*?$)", re.MULTILINE | re.DOTALL)


def chosen(prose: str) -> str:
    """What of a section's prose stands on its slide: pictures, questions or else the first sentence, and formulas."""
    formulas = [re.sub(r"[\s.]+\$\$\Z", "\n$$", formula) for formula in DISPLAYED.findall(prose)]
    pictures = PICTURE.findall(prose)
    plain = NO_PROSE.sub("", DISPLAYED.sub("\n\n", PICTURE.sub("", prose)))
    paragraphs = [" ".join(text.split()) for text in re.split(r"\n\s*\n", plain) if text.strip()]
    sentences = [one for text in paragraphs for one in re.split(r"(?<=[.?!])\s+(?=[A-Z*$])", text)]
    asked = [one for one in sentences if one.endswith("?")] or ([] if formulas or pictures else sentences[:1])
    kept: list[str] = []
    for sentence in asked:
        if len(" ".join([*kept, sentence]).split()) <= WORDS:
            kept.append(sentence)
    return "\n\n".join([*pictures, *kept, *formulas])


def outputs(place: str, cell: NotebookNode, larger: Mapping[str, str]) -> tuple[str, str]:
    """The HTML of what a code cell shows, and, in Markdown, what a speaker says of it.

    ``larger`` holds what is to be added to the box of a claim that was measured at a larger scale too.
    """
    shown, said = [], []
    quiet = any(
        name in output.get("metadata", {}) for output in cell.outputs for name in ("landscape", "landscape_figure")
    )
    for output in cell.outputs:
        data, facts = output.get("data", {}), output.get("metadata", {})
        figure = facts.get("landscape_figure")
        if figure:
            said.append(figure["caption"])
        if "landscape_card" in facts:
            shown.append(facts["landscape_card"])
        elif figure:
            picture = "".join(data["image/png"].split())
            shown.append(
                f'<img class="figure" src="data:image/png;base64,{picture}" alt="{html.escape(figure["alt"])}">'
            )
        elif "landscape" in facts:
            record = facts["landscape"]
            box, rest = brief(data["text/html"], larger.get(record["id"], "") if record["budget"] == "class" else "")
            shown.append(box)
            said.append(rest)
        elif "text/markdown" in data:
            said.append(data["text/markdown"])
        elif output.output_type == "stream" and output.name == "stdout":
            if quiet or about(cell)["slide_type"] == "notes":
                said.append(f"```\n{output.text.rstrip()}\n```")
            else:
                shown.append(f"<pre>{html.escape(output.text.rstrip())}</pre>")
    if about(cell)["slide_type"] != "notes" and not shown:
        raise BuildError(f"{place}: meant for a slide, and shows nothing")
    return '<div class="shown">\n' + "\n".join(shown) + "\n</div>", "\n\n".join(said)


def brief(claim: str, larger: str) -> tuple[str, str]:
    """A claim's box, what was measured in small print; and in words for the speaker, with what would falsify it.

    A slide with more than two boxes has no room for the small print.
    """
    # A claim may be stated twice, live and at another budget; no two things on a page have one id.
    claim = re.sub(r' id="claim-[^"]*"', "", claim, count=1)
    name, value = (re.search(pattern, claim) for pattern in ("<code>.*?</code>", r"Measured: .*\.(?=<br>)"))
    claim = re.sub(r"(Measured: <strong>[^<]*</strong>) \((.*)\)\.<br>", r"\1.<small>\2.</small>", claim)
    box, fold, rest = claim.partition("<details>")
    folded, _, rest = (fold + rest).partition("</details>")
    words = " ".join(part[0] if part else "" for part in (name, value)) + folded
    return box + larger + rest, html.unescape(" ".join(re.sub(r"<[^>]*>", " ", words).split()))


def at_larger_scale(notebook: NotebookNode) -> dict[str, str]:
    """What the papers' scale says of each claim that was measured there, in HTML.

    A class sees the live measurement, which may say the opposite, and leaves before the section that tells.
    """
    found: dict[str, str] = {}
    for record in recorded(notebook, "landscape"):
        if record["budget"] == "paper":
            words = f"<strong>{record['verdict']}</strong>, {html.escape(measured(record))}"
            line = f'<p class="larger">At the papers’ scale, {html.escape(record["dataset"])}: {words}.</p>\n'
            found[record["id"]] = found.get(record["id"], "") + line
    return found


@dataclass
class Slide:
    """What is seen at once, what is seen step by step, and what is said."""

    kind: str
    seen: list[NotebookNode]
    said: list[str]
    long: bool  # not for a short class
    steps: list[NotebookNode] = field(default_factory=list)


def slides(path: Path, notebook: NotebookNode) -> list[Slide]:
    """The slides of a chapter."""
    made: list[Slide] = []
    section = plan = ""
    larger = at_larger_scale(notebook)
    for number, cell in enumerate(notebook.cells):
        facts = about(cell)
        kind = facts.get("slide_type", "skip")
        if kind in ("skip", "notes") and made:
            made[-1].seen += unseen_answers(cell)
        if kind == "skip":
            continue
        if cell.cell_type == "code":
            shown, said = outputs(f"{show(path)}, cell {number}", cell, larger)
            seen = new_raw_cell(shown, metadata={"raw_mimetype": "text/html"})
            text, titled = facts.get("text", ""), False
        else:
            before, heading, prose = own(cell)
            if made:
                made[-1].said.append(before)  # it belongs to the section that ends
            text = facts.get("text") or chosen(prose)
            titled = bool(heading or HEADING.search(text))
            seen = new_markdown_cell(text if HEADING.search(text) else f"{heading}\n\n{text}".strip())
            said = f"{heading}\n\n{prose}" if kind == "notes" else prose
        if kind == "slide":
            section, minutes, forty = title(cell), facts["minutes"], facts.get("forty")
            short = f"{forty:g} of forty minutes" if forty else "left out in a short class"
            plan = f"*{section}: {minutes:g} minutes, {short}.*"
            made.append(Slide(kind, [seen], [plan], long=not forty))
        elif kind == "subslide":
            over = [] if titled else [f'<p class="section">{section}</p>']
            over += [text] if cell.cell_type == "code" and text else []
            head = [new_markdown_cell("\n\n".join(over))] if over else []
            made.append(Slide(kind, [*head, seen], [plan], made[-1].long))
        elif kind == "fragment":
            made[-1].steps.append(seen)
        made[-1].said.append(said)
    return made


def unseen_answers(cell: NotebookNode) -> list[NotebookNode]:
    """The measured answers in a cell that no slide shows: the question, on its slide, asks for them."""
    facts = [output.get("metadata", {}) for output in cell.get("outputs", [])]
    answers = [fact["landscape_card"] for fact in facts if "answers" in fact.get("landscape_prediction", {})]
    markup = [f"<div hidden>\n{answer}\n</div>" for answer in answers]
    return [new_raw_cell(text, metadata={"raw_mimetype": "text/html"}) for text in markup]


def deck(path: Path, notebook: NotebookNode) -> NotebookNode:
    """The chapter as a notebook of its slides, each with the speaker's notes after what is seen at once."""
    cells: list[NotebookNode] = []
    for slide in slides(path, notebook):
        said = "\n\n".join(text.strip() for text in (PICTURE.sub("", text) for text in slide.said) if text.strip())
        first, *others = slide.seen
        parts = [(slide.kind, first), *(("-", cell) for cell in others)]
        parts += [("notes", new_markdown_cell(said))] if said else []
        parts += [("fragment", cell) for cell in slide.steps]
        for kind, cell in parts:
            cell.metadata["slideshow"] = {"slide_type": kind}
            cells.append(cell)
        if slide.long:
            first.metadata["slideshow"]["data"] = {"long": "true"}
    return new_notebook(cells=cells)


def with_formulas(notebook: NotebookNode) -> list[str]:
    """Put a mark in the place of each formula, which Markdown cannot misread; return the formulas as Sphinx has them.

    Those of the notes are marked as said: the speaker's window has no style sheet but its own.
    """
    formulas: list[str] = []
    said = ""

    def mark(found: re.Match[str]) -> str:
        tex, name = (found[1], "div") if found[1] is not None else (found[2], "span")
        left, right = ("\\[", "\\]") if name == "div" else ("\\(", "\\)")
        inner = html.escape(tex.strip(), quote=False)
        formulas.append(f'<{name} class="{said}math notranslate nohighlight">{left}{inner}{right}</{name}>')
        return f"⟦{len(formulas) - 1}⟧"

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            said = "said " if about(cell)["slide_type"] == "notes" else ""
            source = LINK.sub(r"\1", cell.source).replace("](../book/static/", "](../_static/")
            # Code may hold a dollar that begins no formula.
            pieces = re.split(r"(^```.*?^```|`[^`\n]+`)", source, flags=re.MULTILINE | re.DOTALL)
            cell.source = "".join(piece if i % 2 else FORMULA.sub(mark, piece) for i, piece in enumerate(pieces))
    return formulas


def exported(path: Path, notebook: NotebookNode) -> str:
    """The deck's HTML, its formulas still to be typeset."""
    from nbconvert import SlidesExporter

    lecture = deck(path, notebook)
    formulas = with_formulas(lecture)
    exporter = SlidesExporter(
        raw_template=(HERE / "deck.html.j2").read_text(encoding="utf-8"), exclude_anchor_links=True
    )
    name = title(notebook.cells[0]) if notebook.cells else path.stem
    text, _ = exporter.from_notebook_node(lecture, resources={"title": f"Slides: {name}"})
    return re.sub(r"⟦(\d+)⟧", lambda found: formulas[int(found[1])], text)


def write_decks(notebooks: dict[Path, NotebookNode], katex: Path | None, site: Path) -> None:
    """Write the decks into the site, with the files of reveal.js that they load; none where npm had none to give."""
    if katex is None:
        say("slides: none made, since reveal.js comes with npm too")
        return
    reveal, folder = katex.parent / "reveal.js", site / "slides"
    (folder / "reveal.js").mkdir(parents=True)
    for name in REVEAL:
        shutil.copy(reveal / name, folder / "reveal.js")
    shutil.copy(HERE / "deck.js", folder)
    pages = {folder / f"{path.stem}.html": exported(path, notebook) for path, notebook in notebooks.items()}
    for file, text in typeset(pages, katex, site).items():
        write(file, text)
