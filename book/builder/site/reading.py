"""How long a chapter takes, and how long it is: counted in what it holds."""

from __future__ import annotations

import re

from ..execute.records import Cell, Chapter

PER_MINUTE = 160  # words of a text with formulas in it
LINES = 12  # of code that stands open, a minute
CARD, FIGURE, EXERCISE = 1.0, 1.0, 10.0  # minutes each
OUT_OF_SIGHT = {"hide-input", "hide-cell", "remove-input", "remove-cell", "exercise", "exercise-test"}
NO_PROSE = re.compile(
    r"<details>.*?</details>|<!--.*?-->|^```.*?^```|"
    r"^## References.*\Z|^#+ |!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|^\|[\s|:-]+\|$|<[^>]+>",
    re.DOTALL | re.MULTILINE,
)
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.DOTALL)


def prose_words(chapter: Chapter) -> int:
    """The words of a chapter's text, exercises included: a formula is one, what is folded and references none."""
    return sum(_words(cell) for cell in chapter.cells)


def code_cells(chapter: Chapter) -> int:
    """Its cells of code, but for the one that installs the library, which no page shows."""
    return sum(cell.kind == "code" and "install" not in cell.tags for cell in chapter.cells)


def minutes(chapter: Chapter) -> tuple[float, float]:
    """What reading and guessing take, and what the exercises do."""
    reading = prose_words(chapter) / PER_MINUTE
    exercises = 0
    for cell in chapter.cells:
        exercises += len(re.findall(r"^\*\*Exercise \d", cell.source, re.MULTILINE)) if cell.kind == "markdown" else 0
        if cell.kind == "code" and not cell.tags & OUT_OF_SIGHT:
            reading += len(cell.source.splitlines()) / LINES
        for output in cell.outputs:
            reading += CARD * bool(output.card or output.claim) + FIGURE * bool(output.figure)
    return reading, EXERCISE * exercises


def time_needed(chapter: Chapter) -> str:
    """A line of a chapter's opening, in Markdown."""
    reading, exercises = minutes(chapter)
    parts = [f"about {_rounded(reading)} minutes to read and to guess"]
    if exercises:
        parts.append(f"{_rounded(exercises)} for the exercises")
    if seconds := sum(chapter.seconds.values()):
        runs = "less than a minute" if seconds < 55 else "a minute" if seconds < 90 else f"{seconds / 60:.0f} minutes"
        parts.append(f"{runs} to run on two cores")
    return f"**Time:** {'; '.join(parts)}."


def _words(cell: Cell) -> int:
    if cell.kind != "markdown":
        return 0
    return len(FORMULA.sub(" x ", NO_PROSE.sub(" ", cell.source)).split())


def _rounded(time: float) -> int:
    return max(5, 5 * round(time / 5))
