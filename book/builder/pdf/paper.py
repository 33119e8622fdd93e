"""What a page says in HTML, by folding or in cards, said so that LaTeX prints it. `latex.py` runs LaTeX."""

from __future__ import annotations

import html
import re
import textwrap

import nbformat
from nbformat import NotebookNode

from landscape_lib.report import escape

STRIP = re.compile(r'<details class="provenance"><summary>(.*?)</summary>\s*<dl>(.*?)</dl></details>', re.DOTALL)
ROW = re.compile(r"<dt>(.*?)</dt><dd>(.*?)</dd>", re.DOTALL)
TAG = re.compile(r"</?[a-z][^>]*>")
TABLE = re.compile(r"^(`{3,})\{list-table\}\n:class: (?:scoreboard|runs)\n.*?\n\n(.*?)\n\1$", re.DOTALL | re.MULTILINE)
HISTORY = re.compile(r"<details><summary>([^<]*)</summary><ul>.*?</ul></details>", re.DOTALL)
# The mark of a verdict, which not every font has; a link.
UNPRINTED = re.compile(r'(?<=>)[✓✗?] |<p class="claim-link".*?</p>', re.DOTALL)
HASH = re.compile(r"\b([0-9a-f]{12})(?:[0-9a-f]{52}|[0-9a-f]{28})\b")  # SHA-256, and the name of a commit
MARKS = {"<strong": "**", "</strong": "**", "<code": "**", "</code": "**", "<summary": "**", "</summary": ".** "}
MARKS |= {"</p": "\n\n", "<br": "\n\n"}


def on_paper(text: str) -> str:
    """Markdown whose HTML says the same in words: LaTeX leaves HTML out.

    >>> on_paper('a<br>b, <details><summary>Why</summary>\\n\\nSo.\\n\\n</details>')
    'a; b, **Why.** So.\\n\\n'
    """
    text = TABLE.sub(lambda table: cards(table[2]), text)
    text = HISTORY.sub(r"\1", text).replace(":class: history", ":class: history longtable")
    text = text.replace("| | ", "| &nbsp; | ")  # an empty cell is a line high, under the others
    text = STRIP.sub(strip, text).replace("<br>", "; ").replace("</details>", "")
    return re.sub(r"<details><summary>(.*?)</summary>\s*", r"**\1.** ", text)


def strip(found: re.Match[str]) -> str:
    """A strip of provenance in small print, on one page; a hash by its first digits."""
    rows = "; ".join(f"{name}: {value}" for name, value in ROW.findall(found[2]))
    said = escape(html.unescape(TAG.sub("", f"{found[1]}. {rows}.")))
    return within("strip", HASH.sub(r"\1…", said))


def within(environment: str, text: str) -> str:
    """Markdown between the ends of an environment of `preamble.tex`."""
    begin, end = (raw(f"\\{what}{{{environment}}}") for what in ("begin", "end"))
    return f"\n{begin}\n\n{text.strip()}\n\n{end}\n"


def raw(latex: str) -> str:
    return f"```{{raw}} latex\n{latex}\n```"


def cards(rows: str) -> str:
    r"""The rows of a list-table as cards, since wide rows fit no sheet: the first cell, the others by their names.

    >>> print(cards("* - Claim\n  - Verdict\n* - a<br>Is so.\n\n    If not.\n  - open").replace("`", "'"))
    <BLANKLINE>
    '''{raw} latex
    \begin{card}
    '''
    <BLANKLINE>
    a. Is so.
    <BLANKLINE>
    **Verdict:** open
    <BLANKLINE>
    If not.
    <BLANKLINE>
    '''{raw} latex
    \end{card}
    '''
    <BLANKLINE>
    """
    table = [re.split(r"^  - ", row, flags=re.MULTILINE) for row in re.split(r"^\* - ", rows, flags=re.MULTILINE)[1:]]
    head, *body = [[cell.strip() for cell in row] for row in table]
    made = []
    for first, *others in body:
        name, _, more = first.partition("\n\n")
        name = re.sub(r"</?code>", "**", name.replace("<br>", ". ", 1))
        listed = "\\\n".join(f"**{what}:** {cell}" for what, cell in zip(head[1:], others, strict=True))
        made.append(within("card", f"{name}\n\n{listed}\n\n{textwrap.dedent('    ' + more.lstrip())}"))
    return "".join(made)


def claim(box: str) -> str:
    """The box of a claim, HTML as `claims._box` writes it, as a card."""
    parts = re.findall(r"(<[^>\s]+)[^>]*>|([^<]+)", UNPRINTED.sub("", box))
    # What surrounds a text stays: `escape` takes it away.
    said = [
        MARKS.get(tag, "") if tag else re.sub(r"\S(?:.*\S)?", lambda words: escape(words[0]), html.unescape(text))
        for tag, text in parts
    ]
    return within("card", "".join(said))


def question(text: str, number: int) -> str:
    """A card's plain text, its question or what was measured, with the options as a list."""
    first, *rest = text.splitlines()
    kind, _, asked = first.partition(". ")
    numbered = f"{kind} {number}" if number else kind
    lines = [
        f"- {escape(line[4:])}" if line.startswith("( ) ") else f"{line[0].upper()}{escape(line[1:])}." for line in rest
    ]
    return within("card", f"**{numbered}.** {escape(asked)}\n\n" + "\n".join(lines))


def answers(card: str) -> str:
    """What a quiz's card says of each answer."""
    listed = [escape(html.unescape(item)) for item in re.findall(r"<li>(.*?)</li>", card, re.DOTALL)]
    return "\n".join("- " + re.sub(r"\\?\.?: (right|not so)\\?\. ", r": **\1.** ", item, count=1) for item in listed)


def chapter(number: int, notebook: NotebookNode) -> None:
    """Make a chapter printable. What a page keeps folded, answers and solutions, stands at the chapter's end."""
    replies: list[str] = []
    solutions: list[str] = []
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            cell.source = on_paper(cell.source)
        elif "code_prompt_show" in cell.metadata.get("mystnb", {}):  # LaTeX drops hidden cells
            solutions.append(f"**Exercise {len(solutions) + 1}.**\n\n```python\n{cell.source}\n```")
            notebook.cells[place] = nbformat.v4.new_markdown_cell("A solution stands at the end of the chapter.")
        for output in cell.get("outputs", []):
            if "landscape_quiz" in output.get("metadata", {}):
                replies.append(f"**{len(replies) + 1}.**\n\n{answers(output.metadata.landscape_card)}")
            leave_printable(output, len(replies))
    notebook.cells[0].source = re.sub(rf"\A# {number}\. ", f"# Chapter {number}. ", notebook.cells[0].source)
    for name, said in (("Answers to “Check yourself”", replies), ("Solutions", solutions)):
        if said:
            notebook.cells.append(nbformat.v4.new_markdown_cell("\n\n".join([f"## {name}", *said])))


def leave_printable(output: NotebookNode, asked: int) -> None:
    """A picture, or else a card in Markdown, where a page has HTML; a quiz is the question that was asked last."""
    said, data = output.get("metadata", {}), output.get("data", {})
    if "image/png" in data:
        data.pop("text/html", None)
    elif "landscape" in said:
        output.data = NotebookNode({"text/markdown": claim(data["text/html"])})
    elif "landscape_card" in said:
        number = asked if "landscape_quiz" in said else 0
        output.data = NotebookNode({"text/markdown": question(data["text/plain"], number)})
