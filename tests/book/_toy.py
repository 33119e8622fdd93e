"""A book in miniature: one chapter that has every kind of thing, another that only states a claim."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import shutil
import textwrap
from pathlib import Path
from unittest.mock import MagicMock

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from builder.site.launch import INSTALL, TAGS
from builder.site.solutions import BEGIN, END

ROOT = Path(__file__).resolve().parents[2]
CHAPTER, MORE = "notebooks/01_toy.html", "notebooks/02_more.html"

MEAN = """
- id: toy.mean
  statement: The mean of the samples lies near 0.75, and not at 0 * 1 | 2.
  deck: S
  paper: {key: geiger2019jamming, says: "about 0.75, N* < c P", value: 0.75}
  contested: Somebody (2024) sees none.
  differs: The larger run has other numbers.
  settled_by: More samples.
  measures: mean of the samples
  by: toy.mean
  rule: {low: 0.5, high: 1.0, on: ci}
  falsified_by: A mean below 0.5.
  null: Samples of mean zero.
  min_seeds: 5
"""
UNMEASURED = """
- id: toy.unmeasured
  statement: Nobody measured this one.
  deck: S G
  paper: {key: geiger2019jamming, says: nothing, value: null}
  contested: null
  differs: null
  settled_by: null
  measures: nothing
  by: toy.nothing
  rule: {low: null, high: 1.0, on: ci}
  falsified_by: A value above one.
  null: Two.
  min_seeds: 5
"""
HIGH = MEAN.replace("toy.mean", "toy.high").replace("low: 0.5, high: 1.0", "low: 2, high: null")
QUIZ = """
- id: size
  question: Which is the larger one?
  options:
    - {text: The first, feedback: It is the smaller one.}
    - {text: The second, right: true, feedback: It has two digits.}
    - {text: Neither, feedback: They differ.}
- id: half
  question: What is a half, as a decimal?
  number:
    label: h =
    value: 0.5
    tolerance: 0.001
    feedback: One over two.
    wrong: [{value: 2, feedback: That is its inverse.}]
    otherwise: Divide one by two.
"""
INDEX = r"""# Toy

Inline $N^* < c P$, and in a table:

| Symbol | Meaning |
| --- | --- |
| $\Delta_\mu$ | a gap |

$$
\mathcal L = \frac1P \sum_\mu \tfrac12 \max(0, \Delta_\mu)^2
$$ (loss)

\begin{align}
a &= b \\
c &= d
\end{align}

Equation {eq}`loss` is the loss of {cite:t}`geiger2019jamming`. See [the chapter](../notebooks/01_toy.ipynb) and
[gap](glossary.md#gap).

<!-- made from: book/results/toy.json -->

<!-- chapters -->

## Plans

<!-- timings -->

<!-- downloads -->
"""
TABLE = {
    "experiment": "toy.table",
    "seeds": "0 to 9",
    "dataset": "digits",
    "data_sha256": "0" * 64,
    "seconds": 3.0,
    "commit": "c" * 40,
    "versions": "Python 3, torch 2",
    "machine": "abacus",
    "date": "2026-01-02",
    "budget": "paper",
    "measured_by": None,
    "reproduces": None,
    "command": "python toy.py",
}
PAGES = ("scoreboard", "sweeps", "status", "notation", "glossary", "bibliography")

# ---- The cells of the chapter ----

PARAMETERS = 'BUDGET = "class"\nDATASET = "digits"  # µ: a comment of more bytes than letters\nSEED = 0'
SETUP = """\
import matplotlib.pyplot as plt
import pandas as pd

from landscape_lib.report import Source, claim, explore, field, predict, quiz, show
from landscape_lib.statistics import bootstrap

if DATASET not in ("digits", "mnist"):
    raise ValueError(f"DATASET = {DATASET!r}; accepted: 'digits', 'mnist'")
samples = [0.71, 0.78, 0.69, 0.75, 0.80 + SEED]
table = pd.DataFrame({"seed": range(5), "dataset": DATASET, "data_sha256": "0" * 64, "seconds": 0.02})
table.attrs["experiment"] = "toy"
paper = table.copy()
paper.attrs["recorded"] = {"budget": "paper"}
made = Source(sorted, [0, 1], DATASET, "0" * 64, 0.1)


def unmeasured():
    raise ValueError("nobody looked")


def drawn(height):
    figure, axis = plt.subplots(figsize=(6.2, 3.7), dpi=100)
    axis.plot([0, height])
    axis.set_ylim(0, 9)
    return figure, f"A line from nothing up to height {height}"


def beside(height, slope):
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.5), dpi=100)
    for axis in axes:
        axis.plot([0, height] if slope == "up" else [height, 0])
        axis.set_ylim(0, 9)
    return figure, f"Two panels with one line that goes {slope}, between nothing and height {height}\""""
FIGURE = """\
figure, axes = plt.subplots(1, 2, figsize=(9, 4))
for axis in axes:
    axis.plot(samples)
show(figure, name="fig-samples", caption="The samples, at $N^*$, twice.", of=made, reproduces="Figure 1 of the paper",
     alt="Two panels with the same five samples, none of them far from three quarters")"""
ASK_CHOICE = """\
few = predict.choose("few", "How many are left of ten?", {"one or two": (1, 3), "three": (3, 4), "more": (4, 10)})"""
ASK_OTHER = 'none = predict.choose("none", "How many more are there then?", {"one": (1, 2), "two": (2, 3)})'
ASK_CURVE = """\
curve = predict.draw("curve", "How does it fall with h?", x=[1, 2, 4, 8], y=(0, 10), xlabel="h", ylabel="error",
                     log=True)"""
ANSWERS = """\
few.measured(3, "Three are left of all ten.")
none.measured(7, "There are seven more of them.")
curve.measured([1, 2, 4, 8], [8, 5, 3, 2], "It falls all the way down.")"""
ONE_SETTING = """\
explore(drawn, {"height": [1, 3, 5, 7]}, name="one", caption="A line of some height.", of=made)"""
TWO_SETTINGS = """\
explore(beside, {"height": [2, 4, 6], "slope": ["up", "down"]}, name="two", caption="A line, up or down.", of=table,
        labels={"height": "its height"}, start={"height": 4, "slope": "up"})"""
CLAIMED = """\
nobody = claim("toy.unmeasured", unmeasured, of=table)
mean = claim("toy.mean", lambda: bootstrap(samples), of=table)
high = claim("toy.high", lambda: bootstrap(samples), of=table)"""
FIELD = "field(nobody, mean, high)"
CLAIMED_AGAIN = 'claim("toy.mean", lambda: (3.0, (2.9, 3.1)), of=paper)'
PRINTED = 'print("a < b")\nprint("seed ", *table.seed)'
FORMULA = r"""from IPython.display import Math, display
display(Math(r'\eta \to 0'))"""
SQUARE = f'def square(x):\n    """x²."""\n    {BEGIN}\n    secret = x * x\n    return secret\n    {END}'
SQUARED = "assert square(3) == 9\nprint(1)"

OPENING = """\
# A toy

Take $N^*$ weights. See [Geiger et al.](https://doi.org/10.1103/PhysRevE.100.012115). They are many, and what they lack
is called a [gap](../book/glossary.md#gap).

$$
\\Delta_\\mu = 1 - y_\\mu f(x_\\mu)
$$

<!-- time -->

It holds that $\\theta > 0$. The home page [says more](../book/index.md)."""
TEXTS = {
    "1 Guesses": "Some things are measured here, and some are not. How many are left of them? Guess before you know.",
    "2 Answers": "Now it is known how many are left, and it is told here what was measured, with its numbers.\n\n"
    "$$\nN = (d + 1)\\, h + (L - 1)\\, h^2\n$$",
    "3 Play": "A line has a height, which may be moved with a slider, by the mouse or by the keyboard, as one likes.",
    "4 Claims": "What a paper says is held against what was measured, by a rule that was fixed before, which decides.",
}


def prose(source: str, kind: str = "", **more: object) -> NotebookNode:
    """Words, and the kind of slide that they make."""
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind, **more}} if kind else {})


def run(source: str, kind: str = "", *tags: str) -> NotebookNode:
    """Code, the kind of slide that its outputs make, and its tags."""
    metadata: dict[str, object] = {"tags": [*tags]} if tags else {}
    return new_code_cell(source, metadata=metadata | ({"slideshow": {"slide_type": kind}} if kind else {}))


def section(name: str, **plan: float) -> NotebookNode:
    return prose(f"## {name}\n\n{TEXTS[name]}", "slide", **plan)


def whole_chapter() -> NotebookNode:
    """A chapter that has every kind of thing."""
    return notebook(
        prose(OPENING, "slide", minutes=5, forty=3),
        run(INSTALL, "", *sorted(TAGS)),
        run(PARAMETERS, "", "parameters"),
        run(SETUP, "notes", "setup", "hide-input"),
        section("1 Guesses", minutes=10, forty=5),
        run(FIGURE, "subslide"),
        run(ASK_CHOICE, "subslide", "remove-input"),
        run(ASK_OTHER, "subslide", "remove-input"),
        run(ASK_CURVE, "subslide", "remove-input"),
        section("2 Answers", minutes=4.5, forty=4),
        run(ANSWERS, "subslide", "remove-input"),
        section("3 Play", minutes=7),
        run(ONE_SETTING, "subslide", "hide-input"),
        run(TWO_SETTINGS, "subslide", "hide-input"),
        section("4 Claims", minutes=3, forty=2),
        run(CLAIMED, "subslide"),
        run(FIELD, "", "hide-input"),
        run(PRINTED, "notes"),
        run(FORMULA, "notes"),
        prose("## 5 Check yourself\n\nGuess again: \\$5 is no formula."),
        run('quiz("01_toy")', "", "remove-input"),
        prose("## 6 Exercises\n\n**Exercise 1.** Square a number."),
        run(SQUARE, "", "exercise"),
        run(SQUARED, "", "exercise-test"),
    )


def appendix() -> NotebookNode:
    """What the first chapter measured on a larger scale."""
    texts = [prose("# Appendix to chapter 1: a larger run\n\nIt goes on.")]
    return notebook(
        *texts, run(INSTALL, "", *sorted(TAGS)), run(PARAMETERS, "", "parameters"), run(SETUP), run(CLAIMED_AGAIN)
    )


def small_chapter(*sources: str) -> NotebookNode:
    """A chapter of a title, its parameters, and the code given."""
    cells = [prose("# A toy", "slide", minutes=5), run(PARAMETERS, "", "parameters"), *map(run, sources)]
    return notebook(*cells)


def notebook(*cells: NotebookNode) -> NotebookNode:
    made = nbformat.v4.new_notebook(cells=list(cells))
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made.metadata["description"] = "what a chapter may hold"
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"  # two notebooks of the same cells are the same
    return made


def played(chapter: NotebookNode, folder: Path) -> NotebookNode:
    """A chapter with the outputs that its cells display, run in this process from a folder: no kernel starts.

    Outputs that are there already stay."""
    done, names = copy.deepcopy(chapter), {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder):
        patch.setattr("IPython.get_ipython", MagicMock())
        for number, cell in enumerate(done.cells):
            if cell.cell_type != "code" or cell.outputs or "install" in cell.metadata.get("tags", []):
                continue
            shown: list[NotebookNode] = []

            def display(data: dict, raw: bool, metadata: dict | None = None, to: list[NotebookNode] = shown) -> None:
                to.append(new_output("display_data", data=data, metadata=metadata or {}))

            patch.setattr("IPython.display.display", display)
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(cell.source, names)
            stream = [new_output("stream", name="stdout", text=text)] if (text := printed.getvalue()) else []
            cell.outputs, cell.execution_count = stream + shown, number
    return done


def lay_out(root: Path) -> None:
    """The sources of the miniature, in an empty folder."""
    for name in ("builder", "static"):
        shutil.copytree(ROOT / "book" / name, root / "book" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in PAGES:
        shutil.copy(ROOT / "book" / f"{name}.md", root / "book")
    for name in ("references.bib", "zip_readme.md", "class_readme.md"):
        shutil.copy(ROOT / "book" / name, root / "book")
    for name in ("_config.yml", "pyproject.toml", "LICENSE", "LICENSE-text.md"):
        shutil.copy(ROOT / name, root)
    (root / "requirements.lock").write_text("")
    (root / "book" / "results").mkdir()
    (root / "book" / "results" / "toy.json").write_text(json.dumps(TABLE))
    (root / "book" / "index.md").write_text(INDEX)
    toc = "".join(f"- file: book/{name}\n" for name in PAGES)
    (root / "_toc.yml").write_text(f"format: jb-book\nroot: book/index\nchapters:\n- glob: notebooks/*\n{toc}")
    (root / "notebooks").mkdir()
    (root / "notebooks" / "01_toy.claims.yml").write_text(MEAN + HIGH + UNMEASURED)
    (root / "notebooks" / "02_more.claims.yml").write_text(UNMEASURED.replace("toy.unmeasured", "more.open"))
    (root / "notebooks" / "01_toy.quiz.yml").write_text(textwrap.dedent(QUIZ))
    nbformat.write(whole_chapter(), root / "notebooks" / "01_toy.ipynb")
    nbformat.write(appendix(), root / "notebooks" / "01_toy_appendix.ipynb")
    nbformat.write(more_chapter(), root / "notebooks" / "02_more.ipynb")


def more_chapter() -> NotebookNode:
    """A second chapter, which states one claim, at the papers' scale."""
    chapter = small_chapter(SETUP, 'claim("more.open", unmeasured, of=paper)')
    chapter.cells[0].source = "# More"
    chapter.cells.insert(1, run(INSTALL, "", *sorted(TAGS)))
    return notebook(*chapter.cells)
