"""Paper: what is recorded, told to a reader of sheets. Its functions and those of `site/page.py` have the same names.

What a page keeps folded, answers and solutions, stands at the chapter's end. What is wide on a page, such as a row of
the scoreboard, is a card, since no sheet is as wide. `latex.py` runs LaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from landscape_lib.report import Entry, Record, Strip, Wording, because, brief, conditions, details, measured, told

from ..execute.records import Cell, Chapter, Output
from ..paths import is_appendix
from ..site.board import HEAD, Row, heading, scoreboard_rows
from ..site.concepts import Concept
from ..site.concepts import listed as listed_concepts
from ..site.medium import Fill
from ..site.myst import escape, list_table, words
from ..site.page import beside_figure, described, field_cells, like, strip_cell, strip_of, stub_cell, without
from ..site.solutions import without_markers
from ..site.status import RUNS, History, count, last_change, link, run_cells

HASH = re.compile(r"\b([0-9a-f]{12})(?:[0-9a-f]{52}|[0-9a-f]{28})\b")  # SHA-256, and the name of a commit


def prose(text: str) -> str:
    """What an author wrote, whose HTML says the same in words: LaTeX leaves HTML out.

    >>> prose('a<br>b, <details><summary>Why</summary>\\n\\nSo.\\n\\n</details>')
    'a; b, **Why.** So.\\n\\n'
    """
    text = text.replace("| | ", "| &nbsp; | ")  # an empty cell is a line high, under the others
    text = text.replace("<br>", "; ").replace("</details>", "")
    return re.sub(r"<details><summary>(.*?)</summary>\s*", r"**\1.** ", text)


def strip_text(made: Strip) -> str:
    """A strip of provenance in small print, on one page; a hash by its first digits, many seeds by their ends."""
    short = {**made.rows, "Seeds": tuple(brief(str(part)) for part in made.rows["Seeds"])}
    rows = "; ".join(f"{name}: {''.join(map(str, parts))}" for name, parts in short.items())
    return within("strip", HASH.sub(r"\1…", escape(f"Where this comes from: {made.line}. {rows}.")))


def links(chapter: Chapter) -> str:
    """Slides are not on paper."""
    return ""


def concept_map(concepts: list[Concept], pages: Mapping[int, str]) -> str:
    """In words: a sheet has no links to draw."""
    return listed_concepts(concepts, pages)


def within(environment: str, text: str) -> str:
    """Markdown between the ends of an environment of `preamble.tex`."""
    begin, end = (raw(f"\\{what}{{{environment}}}") for what in ("begin", "end"))
    return f"\n{begin}\n\n{text.strip()}\n\n{end}\n"


def raw(latex: str) -> str:
    return f"```{{raw}} latex\n{latex}\n```"


def card(first: str, head: Sequence[str], cells: Sequence[str], more: str = "") -> str:
    r"""A row of a table as a card: its ``first`` cell, the others by their names, and what is ``more``.

    >>> print(card("A", ["Verdict"], ["open"], "If not.").replace("`", "'"))
    <BLANKLINE>
    '''{raw} latex
    \begin{card}
    '''
    <BLANKLINE>
    A
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
    listed = "\\\n".join(f"**{name}:** {cell}" for name, cell in zip(head, cells, strict=True))
    return within("card", f"{first}\n\n{listed}\n\n{more}")


def scoreboard(entries: Iterable[Entry], records: Iterable[Record]) -> str:
    """A count of verdicts, then a card for each row."""
    parts, chapters = scoreboard_rows(entries, records)
    for chapter, rows in chapters.items():
        parts += [heading(chapter), "".join(map(_row, rows))]
    return "\n\n".join(parts) + "\n"


def _row(row: Row) -> str:
    entry = row.entry
    cells = [
        "; ".join(map(_measurement, row.live)) or "not measured",
        "; ".join(map(_measurement, row.larger)) or "none",
        f"{row.agreement}{f': {words(row.why)}' if row.why else ''}",
        escape(str(entry.rule)),
        f"{words(entry.paper['says'])} {{cite}}`{entry.paper['key']}`",
    ]
    more = [("What is measured", entry.measures), ("What would falsify it", entry.falsified_by)]
    more += [("The null, which the rule must reject", entry.null), ("Contested", entry.contested or "")]
    more += [("What would settle it", entry.settled_by or "")]
    return card(f"**{entry.id}**. {words(entry.statement)}", HEAD[1:], cells, listed(more))


def field_table(rows: Sequence[Row]) -> str:
    """A card a claim: what the scoreboard does not say again."""
    return "".join(map(_field_row, rows))


def _field_row(row: Row) -> str:
    entry = row.entry
    cells = [
        "; ".join(f"{record['verdict']}, {escape(measured(record))}" for record in records) or "—"
        for records in (row.live, row.larger)
    ]
    more = [("Contested", entry.contested or ""), ("Why they differ", row.why)]
    more += [("What would settle it", entry.settled_by or "")]
    first = f"{words(entry.statement)} {{cite}}`{entry.paper['key']}`"
    return card(first, ["Live", "Larger"], cells, listed(more))


def _measurement(record: Record) -> str:
    repeated, _, dataset = conditions(record)
    reason = f" ({escape(because(record))})" if because(record) else ""
    tags = "".join(f"; {escape(tag['tag'])}: {words(tag['because'])}" for tag in record["tags"])
    return f"{record['verdict']}{reason}, **{escape(measured(record))}**, {escape(dataset)}, {repeated}{tags}"


def listed(rows: Iterable[tuple[str, str]]) -> str:
    """Texts by their names, a paragraph each."""
    return "\n\n".join(f"**{name}.** {words(text)}" for name, text in rows if text)


def runs_table(runs: Sequence[Mapping[str, str]]) -> str:
    rows = [["; ".join(cell) for cell in run_cells(run)] for run in runs]
    return "".join(card(row[0], RUNS[1:], row[1:]) for row in rows)


def history_table(pages: Sequence[str], history: History) -> str:
    """As on a page, without the list of commits."""
    rows = [[link(page), last_change(history.get(page, [])), count(history.get(page, []))] for page in pages]
    return list_table("history longtable", [["Page", "Last change", "Commits"], *rows]) + "\n"


def claim(record: Record) -> str:
    """A claim's box, with what a page folds."""
    said, reason = record["words"], because(record)
    before, seen, after = told(record)
    paragraphs = [
        f"**{record['verdict']}**{f' ({escape(reason)})' if reason else ''} · {words(said['statement'])} "
        f"**{escape(record['id'])}**",
        f"{before}**{escape(seen)}**{escape(after)}; accepted: {escape(said['accepted'])}.{tagged(record)}",
        listed(details(record)),
    ]
    return within("card", "\n\n".join(paragraphs))


def claim_again(record: Record) -> str:
    """A claim that stands on a sheet before with all that is to be said of it: what this run measured, in a line."""
    before, seen, after = told(record)
    reason = f" ({escape(because(record))})" if because(record) else ""
    return within(
        "card",
        f"**{escape(record['id'])}** · **{record['verdict']}**{reason} · {before}**{escape(seen)}**{escape(after)} "
        f"({escape(', '.join(conditions(record)))}).{tagged(record)}",
    )


def tagged(record: Record) -> str:
    """The tags of a claim, with their reasons."""
    return "".join(f" **{tag['tag']}**: {words(tag['because'])}" for tag in record["tags"])


def question(wording: Wording, number: int | None) -> str:
    """A question or what was measured, with the options as a list."""
    kind = f"{wording['kind']} {number}" if number else wording["kind"]
    listed = [f"- {escape(option)}" for option in wording.get("options", [])]
    if asks_for := wording.get("asks_for"):
        listed.append(escape(f"{asks_for[0].upper()}{asks_for[1:]}."))
    return within("card", f"**{kind}.** {escape(wording['text'])}\n\n" + "\n".join(listed))


def replies(wording: Wording) -> str:
    """What a quiz says of each answer."""
    return "\n".join(
        f"- {escape(text.removesuffix('.'))}: **{'right' if right else 'not so'}.** {escape(feedback)}"
        for text, right, feedback in wording["answers"]
    )


def chapter_notebook(chapter: Chapter, fill: Fill, with_deck: bool, stated: frozenset[str]) -> NotebookNode:
    """A chapter as it is printed, with answers and solutions at its end. A claim has one card: of those that earlier
    chapters ``stated``, or it does itself, a line of what it measured is enough.
    """
    known = set(stated)
    quiz = [output.card for _, output in chapter.outputs if output.card and output.card.question]
    numbers = {card.question: number for number, card in enumerate(quiz, 1)}
    cells = [made for cell in chapter.cells for made in _cells(chapter, cell, fill, numbers, known)]
    if cells and not is_appendix(chapter.path):
        cells[0].source = re.sub(r"\A# ", f"# Chapter {int(chapter.path.stem[:2])}. ", cells[0].source)
    solutions = list(numbered_solutions(chapter))
    ends = (
        (
            "Answers to “Check yourself”",
            [f"**{n}.**\n\n{replies(card.wording)}" for n, card in enumerate(quiz, 1)],
        ),
        ("Solutions", [f"**Exercise {n}.**\n\n```python\n{text}\n```" for n, text in solutions]),
    )
    cells += [new_markdown_cell("\n\n".join([f"## {name}", *texts])) for name, texts in ends if texts]
    return like(chapter, cells)


def numbered_solutions(chapter: Chapter) -> Iterator[tuple[str, str]]:
    """The solutions in code, by the numbers that the text gives the exercises: some need only a pencil."""
    number = "1"
    for cell in chapter.cells:
        if cell.kind == "markdown":
            number = (re.findall(r"\*\*Exercise (\d+)", cell.source) or [number])[-1]
        elif "exercise" in cell.tags:
            yield number, without_markers(cell.source)


def _cells(
    chapter: Chapter, cell: Cell, fill: Fill, numbers: Mapping[str | None, int], known: set[str]
) -> Iterator[NotebookNode]:
    made = NotebookNode(cell.node)
    if cell.kind == "markdown":
        made["source"] = fill(cell.place, cell.source)
        yield made
    elif "exercise" in cell.tags:
        yield stub_cell(cell)
        yield new_markdown_cell("A solution stands at the end of the chapter.")
    else:
        figures = [output.figure for output in cell.outputs if output.figure]
        if cell.kind == "code":
            made["outputs"] = [_output(output, numbers, known) for output in cell.outputs if output.field is None]
        for figure in figures:
            made["metadata"] = {**cell.node.metadata, "mystnb": described(figure)}
            number = raw(rf"\renewcommand{{\thefigure}}{{{chapter.numbers[figure.name]}}}")
            yield new_markdown_cell(number, id=f"number-{cell.number}")
        beside = beside_figure(made) if cell.kind == "code" else []
        yield made
        for figure in figures:
            yield strip_cell(cell, strip_text(strip_of(chapter, cell, figure)))
        yield from beside
        yield from field_cells(cell, fill)


def _output(output: Output, numbers: Mapping[str | None, int], known: set[str]) -> NotebookNode:
    """A picture, or else a card in Markdown, where a page has HTML. Claims that are printed become ``known``."""
    if "image/png" in output.data:
        data = without(output, "text/html") if not output.card else without(output, ("text/html", "application/"))
    elif output.claim:
        tell = claim_again if output.claim["id"] in known else claim
        known.add(output.claim["id"])
        data = {"text/markdown": tell(output.claim)}
    elif output.card:
        data = {"text/markdown": question(output.card.wording, numbers.get(output.card.question))}
    else:
        return output.node
    return NotebookNode(output.node | {"data": data})
