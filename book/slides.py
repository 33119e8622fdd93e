"""Slides: from each executed chapter a deck for a lecture, and a plan of its time. What a cell's metadata say of it,
under `slideshow`:

    slide_type  slide: a section begins here. Its heading, question and formulas stand on the slide, its prose goes to
                the speaker's notes.  subslide: one more slide of the section.  fragment: one more step on a slide.
                notes: for the speaker only.  skip, as without a type: not in the deck.
    minutes     of a slide, in a lecture of ninety minutes
    forty       of a slide, in a class of forty; without, a short class leaves the section out
    text        Markdown to stand on the slide in the place of what would be chosen from the cell
    part        the heading, in a cell with several, under which the slide's own words are
"""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path
from typing import Any

from assets import typeset
from chapters import BuildError, say, show, write
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook, new_raw_cell

TYPES = ("slide", "subslide", "fragment", "notes", "skip")
LECTURE, SHORT = 90, 40  # minutes
WORDS = 40  # that are chosen for a slide, at most
LONG = 5  # seconds from which a cell is worth running before class
REVEAL = ("dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js", "LICENSE")

HEADING = re.compile(r"^#{1,3} .*$", re.MULTILINE)
DISPLAYED = re.compile(r"\$\$.+?\$\$", re.DOTALL)
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)(?<!\\)\$", re.DOTALL)
PICTURE = re.compile(r"^!\[.*?\]\(.*?\)$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\([^()\s]+\)")
NO_PROSE = re.compile(r"^(?:```.*?^```|#.*?$|[|>\-*] .*?$|\d+\. .*?$| {4}.*?$)", re.MULTILINE | re.DOTALL)

# nbconvert's own template fetches MathJax, jQuery, RequireJS and Mermaid from elsewhere; a deck needs none of them.
# Inside a card the keys are the card's, and Escape hands them back.
TEMPLATE = """\
{%- extends 'reveal/base.html.j2' -%}
{%- block header -%}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ resources.title }}</title>
<link rel="stylesheet" href="reveal.js/reset.css">
<link rel="stylesheet" href="reveal.js/reveal.css">
<link rel="stylesheet" href="../_static/katex/katex.css">
<link rel="stylesheet" href="../_static/cards.css">
<link rel="stylesheet" href="../_static/slides.css">
</head>
<body>
<main class="reveal"><div class="slides">
{% endblock -%}
{%- block markdowncell -%}{{ cell.source | markdown2html }}{%- endblock -%}
{%- block rawcell -%}{{ cell.source }}{%- endblock -%}
{%- block footer -%}
</div></main>
<script src="../_static/cards.js"></script>
<script src="reveal.js/reveal.js"></script>
<script src="reveal.js/notes.js"></script>
<script>
document.addEventListener("keydown", (event) => {
  const card = event.key === "Escape" && document.activeElement.closest("[data-card]");
  if (!card) return;
  document.activeElement.blur();
  event.stopPropagation();
}, true);
Reveal.initialize({
  width: 1280, height: 720, margin: 0.03, center: false, display: "flex",
  transition: "none", backgroundTransition: "none", hash: true,
  slideNumber: "c/t", navigationMode: "linear", plugins: [RevealNotes],
  keyboardCondition: () => !document.activeElement.closest("[data-card]"),
});
</script>
</body>
</html>
{% endblock -%}
"""


def about(cell: NotebookNode) -> dict[str, Any]:
    return cell.metadata.get("slideshow", {})


def check_slides(path: Path, notebook: NotebookNode) -> None:
    """Refuse a chapter without slides, an unknown type, a section without its minutes, and too many minutes."""
    total = short = 0.0
    found = False
    for number, cell in enumerate(notebook.cells):
        place = f"{show(path)}, cell {number}"
        kind = about(cell).get("slide_type", "skip")
        if kind not in TYPES:
            raise BuildError(f"{place}: unknown slide_type {kind!r}; known are {', '.join(TYPES)}")
        if kind in ("subslide", "fragment", "notes") and not found:
            raise BuildError(f"{place}: a {kind} before the first slide")
        if kind == "slide":
            found = True
            if cell.cell_type != "markdown":
                raise BuildError(f"{place}: a slide of code; a section begins with a Markdown cell")
            minutes, forty = about(cell).get("minutes"), about(cell).get("forty", 0)
            if not isinstance(minutes, int | float) or minutes <= 0:
                raise BuildError(f"{place}: a slide without minutes; say how long its section takes in a lecture")
            if not isinstance(forty, int | float) or forty < 0:
                raise BuildError(f"{place}: forty is {forty!r}; it is a number of minutes")
            total, short = total + minutes, short + forty
    if not found:
        raise BuildError(f"{show(path)}: no cell has a slide_type of slide; its metadata say what goes into the deck")
    for minutes, limit, name in ((total, LECTURE, "minutes"), (short, SHORT, "forty")):
        if minutes > limit:
            raise BuildError(f"{show(path)}: the {name} of its slides add up to {minutes:g}, more than {limit}")


# ---- the plan --------------------------------------------------------------------------------------------------------
def timing(notebook: NotebookNode, seconds: dict[str, float]) -> str:
    """The plan of a chapter, in Markdown; ``seconds`` is what its cells took, by their ids."""
    rows, slow, section = [], [], ""
    for cell in notebook.cells:
        if about(cell).get("slide_type") == "slide":
            section = title(cell)
            rows.append((section, about(cell)["minutes"], about(cell).get("forty", 0)))
        if (took := seconds.get(cell.get("id", ""), 0)) >= LONG:
            slow.append(f"- {section or 'at the top'}: {took:.0f} s, `{cell.source.strip().splitlines()[0]}`")
    rows.append(("**together**", *(sum(column) for column in list(zip(*rows, strict=True))[1:])))
    table = ["| Section | Minutes, of ninety | Minutes, of forty |", "| --- | --- | --- |"]
    table += [f"| {name} | {minutes:g} | {f'{forty:g}' if forty else 'skip'} |" for name, minutes, forty in rows]
    if slow:
        table += ["", "Run before class, since these cells take long:", "", *slow]
    elif seconds:
        table += ["", f"No cell takes {LONG} seconds or more: all can run in class."]
    return "\n".join(table) + "\n"


# ---- what stands on a slide, and what is said ------------------------------------------------------------------------
def own(cell: NotebookNode) -> tuple[str, str, str]:
    """What a Markdown cell says before its heading, the heading, and what it says under it."""
    source = re.sub(r"<!--.*?-->", "", cell.source, flags=re.DOTALL)
    headings = list(HEADING.finditer(source))
    if not headings:
        return "", "", source
    part = about(cell).get("part")
    first = next((i for i, found in enumerate(headings) if part and part in found[0]), 0)
    end = headings[first + 1].start() if part and first + 1 < len(headings) else None
    return source[: headings[first].start()], headings[first][0], source[headings[first].end() : end]


def title(cell: NotebookNode) -> str:
    """The heading of a section, without its mark."""
    text = about(cell).get("text", "")
    heading = HEADING.search(text) or HEADING.search(own(cell)[1])
    return heading[0].lstrip("# ") if heading else cell.source.strip().splitlines()[0]


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


def outputs(place: str, cell: NotebookNode) -> tuple[str, str]:
    """The HTML of what a code cell shows, and, in Markdown, what a speaker says of it."""
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
            box, rest = brief(data["text/html"])
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


def brief(claim: str) -> tuple[str, str]:
    """A claim's box without its small print, and the small print: what was measured, and what would falsify it."""
    said = []

    def say_instead(found: re.Match[str]) -> str:
        said.append(found[1])
        return found[0].replace(found[1], "")

    # A claim may be stated twice, live and at another budget; no two things on a page have one id.
    claim = re.sub(r' id="claim-[^"]*"', "", claim, count=1)
    for small in (r"Measured: <strong>[^<]*</strong>( \(.*\))\.<br>", r"(<details>.*</details>)"):
        claim = re.sub(small, say_instead, claim, flags=re.DOTALL)
    plain = [" ".join(re.sub(r"<[^>]*>", " ", text).split()) for text in said]
    return claim, "\n\n".join(plain)


def deck(path: Path, notebook: NotebookNode) -> NotebookNode:
    """The chapter as a notebook of its slides: what is seen, and after the head of each slide what is said."""
    cells: list[NotebookNode] = []
    notes: list[str] = []  # of the slide in the making
    section = ""

    def add(kind: str, cell: NotebookNode) -> None:
        cell.metadata["slideshow"] = {"slide_type": kind}
        cells.append(cell)

    def begin(kind: str, cell: NotebookNode) -> None:
        add(kind, cell)
        notes.clear()
        add("notes", new_markdown_cell(""))

    def speak(*texts: str) -> None:
        plain = [PICTURE.sub("", text).strip() for text in texts]
        notes.extend(text for text in plain if text)
        [last] = [cell for cell in cells if about(cell)["slide_type"] == "notes"][-1:]
        last.source = "\n\n".join(notes)

    for number, cell in enumerate(notebook.cells):
        place, facts = f"{show(path)}, cell {number}", about(cell)
        kind = facts.get("slide_type", "skip")
        if kind == "skip":
            continue
        if cell.cell_type == "markdown":
            before, heading, prose = own(cell)
            if kind == "notes":
                speak(before, heading, prose)
                continue
            if before.strip() and cells:
                speak(before)
            text = facts.get("text") or chosen(prose)
            head = heading if not HEADING.search(text) else ""
            if kind == "slide":
                section = title(cell)
            elif kind == "subslide" and not head and not HEADING.search(text):
                text = f'<p class="section">{section}</p>\n\n{text}'
            seen, said = new_markdown_cell(f"{head}\n\n{text}".strip()), prose
        else:
            shown, said = outputs(place, cell)
            if kind == "notes":
                speak(said)
                continue
            if facts.get("text"):
                said = f"{facts['text']}\n\n{said}"
            seen = new_raw_cell(shown, metadata={"raw_mimetype": "text/html"})
        if kind == "fragment":
            add(kind, seen)
        elif cell.cell_type == "code":
            begin(kind, new_markdown_cell(f'<p class="section">{section}</p>'))
            cells.insert(-1, seen)
            seen.metadata["slideshow"] = {"slide_type": "-"}
        else:
            begin(kind, seen)
        if kind == "slide":
            short = f"{facts['forty']:g} of forty minutes" if facts.get("forty") else "left out in a short class"
            speak(f"*{section}: {facts['minutes']:g} minutes, {short}.*")
        speak(said)
    return new_notebook(cells=[cell for cell in cells if cell.source.strip()])


# ---- the deck --------------------------------------------------------------------------------------------------------
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

    slides = deck(path, notebook)
    formulas = with_formulas(slides)
    exporter = SlidesExporter(raw_template=TEMPLATE, exclude_anchor_links=True)
    name = title(notebook.cells[0]) if notebook.cells else path.stem
    text, _ = exporter.from_notebook_node(slides, resources={"title": f"Slides: {name}"})
    return re.sub(r"⟦(\d+)⟧", lambda found: formulas[int(found[1])], text)


def decks(notebooks: dict[Path, NotebookNode], katex: Path | None, site: Path) -> None:
    """Write the decks into the site, with the files of reveal.js that they load; none where npm had none to give."""
    if katex is None:
        say("slides: none made, since reveal.js comes with npm too")
        return
    reveal, folder = katex.parent / "reveal.js", site / "slides"
    (folder / "reveal.js").mkdir(parents=True)
    for name in REVEAL:
        shutil.copy(reveal / name, folder / "reveal.js")
    pages = {folder / f"{path.stem}.html": exported(path, notebook) for path, notebook in notebooks.items()}
    for file, text in typeset(pages, katex, site).items():
        write(file, text)
