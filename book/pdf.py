"""The book as a PDF, from what its pages were made from: each figure, each number, and a picture of what moves."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import yaml
from chapters import BUILD, BuildError, jupyter_book, say, show, write

from landscape_lib.report.scoreboard import escape

PDF, WORK = BUILD / "loss-landscapes.pdf", BUILD / "pdf"
PROGRAMS = ("xelatex", "latexmk", "xindy")
PACKAGES = (  # Debian's, one for each thing that Sphinx's LaTeX asks for
    "texlive-xetex texlive-latex-extra texlive-fonts-recommended tex-gyre fonts-freefont-otf latexmk xindy"
)
STRIP = re.compile(r'<details class="provenance"><summary>(.*?)</summary>\s*<dl>(.*?)</dl></details>', re.DOTALL)
ROW = re.compile(r"<dt>(.*?)</dt><dd>(.*?)</dd>", re.DOTALL)
TAG = re.compile(r"</?[a-z][^>]*>")
# Headings bring their own numbers. Chapters are the course's, of which some are not written yet. No page stays blank.
PREAMBLE = r"\setcounter{secnumdepth}{-1}\setcounter{tocdepth}{0}\renewcommand{\thefigure}{\arabic{figure}}"
# Sphinx puts the entries of the bibliography at the end, under a heading of their own: the page just before has one.
PREAMBLE += (
    r"\makeatletter\renewenvironment{sphinxthebibliography}[1]"
    r"{\let\chapter\@gobbletwo\begin{thebibliography}{#1}}{\end{thebibliography}}\makeatother"
)
SMALL, NORMAL = r"\begingroup\footnotesize\raggedright", r"\par\endgroup"
LATEX = {
    "latex_engine": "xelatex",
    "latex_additional_files": ["bbm.sty"],
    "latex_elements": {"papersize": "a4paper", "extraclassoptions": "openany,oneside", "preamble": PREAMBLE},
}
BBM = "\\ProvidesPackage{bbm}\n\\newcommand{\\mathbbm}[1]{\\mathbf{#1}}\n"  # asked for, not used, and a large package


def check_latex() -> None:
    """Told before chapters run, not after."""
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        raise BuildError(
            f"a PDF needs LaTeX, and {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed. "
            f"On Debian and Ubuntu: apt-get install {PACKAGES}; elsewhere TeX Live in full has all of it"
        )


def pdf(stage: Path) -> Path:
    """Make the PDF from the sources of the pages, as `staging.stage` left them."""
    shutil.rmtree(WORK, ignore_errors=True)
    tree = WORK / "source"
    shutil.copytree(stage, tree)
    for page in tree.glob("*/*.md"):
        write(page, on_paper(page.read_text(encoding="utf-8")))
    for path in tree.glob("*/*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = on_paper(cell.source)
            for output in cell.get("outputs", []):  # a card is its picture, or its words
                if "landscape_card" in output.get("metadata", {}):
                    del output.data["text/html"]
        write(path, nbformat.writes(notebook))
    config = yaml.safe_load((tree / "_config.yml").read_text(encoding="utf-8"))
    config["latex"] = {"latex_documents": {"targetname": PDF.with_suffix(".tex").name}}
    config["sphinx"]["config"] |= LATEX
    write(tree / "_config.yml", yaml.safe_dump(config, sort_keys=False))
    write(tree / "bbm.sty", BBM)
    jupyter_book(tree, WORK, "--builder", "latex")
    made = WORK / "_build" / "latex" / PDF.name
    command = ["latexmk", "-xelatex", "-interaction=nonstopmode", "-halt-on-error", made.with_suffix(".tex").name]
    done = subprocess.run(command, cwd=made.parent, text=True, capture_output=True, errors="replace")
    if done.returncode or not made.is_file():
        raise BuildError(f"LaTeX stopped; its log is {show(made.with_suffix('.log'))}:\n{faults(done.stdout)}")
    made.replace(PDF)
    shutil.rmtree(WORK)
    say(f"pdf: {show(PDF)}")
    return PDF


def faults(log: str) -> str:
    """What LaTeX complained of, each with the lines after it that say where."""
    lines = log.splitlines()
    first = [i for i, line in enumerate(lines) if line.startswith("!")]
    return "\n".join("\n".join(lines[i : i + 4]) for i in first[:3]) or "\n".join(lines[-10:])


def on_paper(text: str) -> str:
    """Markdown whose HTML says the same in words: LaTeX leaves HTML out.

    >>> on_paper('a<br>b, <details><summary>Why</summary>\\n\\nSo.\\n\\n</details>')
    'a; b, **Why.**\\n\\nSo.\\n\\n'
    """

    def plain(strip: re.Match[str]) -> str:
        rows = "; ".join(f"{name}: {value}" for name, value in ROW.findall(strip[2]))
        said = escape(html.unescape(TAG.sub("", f"{strip[1]}. {rows}.")))
        return f"\n```{{raw}} latex\n{SMALL}\n```\n\n{said}\n\n```{{raw}} latex\n{NORMAL}\n```\n"

    text = STRIP.sub(plain, text)
    text = text.replace("<br>", "; ").replace("<details><summary>", "**").replace("</summary>", ".**")
    return text.replace("</details>", "")
