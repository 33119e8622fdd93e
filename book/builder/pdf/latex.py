"""The book as a PDF, from the records of its pages: each figure, each number, and a picture of what moves."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import yaml

from ..messages import BuildError, say
from ..paths import BUILD, show, write
from ..site.book import Book
from ..site.sphinx import jupyter_book
from ..site.staging import stage
from . import paper
from .paper import raw

PDF, WORK = BUILD / "loss-landscapes.pdf", BUILD / "pdf"
HERE = Path(__file__).parent
PROGRAMS = ("xelatex", "latexmk", "xindy")
PACKAGES = (  # Debian's, one for each thing that Sphinx's LaTeX asks for
    "texlive-xetex texlive-latex-extra texlive-fonts-recommended tex-gyre fonts-freefont-otf latexmk xindy"
)
LATEX = {
    "numfig_format": {"figure": "Fig. %s"},
    "latex_engine": "xelatex",
    "latex_additional_files": ["bbm.sty"],
    "latex_elements": {
        "papersize": "a4paper",
        "extraclassoptions": "openany,oneside",
        "fncychap": "",
        "fvset": r"\fvset{fontsize=\footnotesize}",
        "figure_align": "H",
        "sphinxsetup": "hmargin={2.2cm,2.2cm}, vmargin={2.5cm,2.5cm}, VerbatimBorderColor={rgb}{.8,.8,.8}",
        "preamble": (HERE / "preamble.tex").read_text(encoding="utf-8"),
    },
}
# The home page is the book's title to Sphinx, so it has no heading of its own, and its sections none of theirs.
HOME = r"\chapter*{TITLE}\addcontentsline{toc}{chapter}{TITLE}\markboth{TITLE}{TITLE}\begingroup\tallest{.42}"


def check_latex() -> None:
    """Told before chapters run, not after."""
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        raise BuildError(
            f"a PDF needs LaTeX, and {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed. "
            f"On Debian and Ubuntu: apt-get install {PACKAGES}; elsewhere TeX Live in full has all of it"
        )


def pdf(book: Book) -> Path:
    """Make the PDF, from the records that the pages are made from."""
    shutil.rmtree(WORK, ignore_errors=True)
    tree = WORK / "source"
    stage(book, tree, paper, None)
    set_up(tree)
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


def set_up(tree: Path) -> None:
    """Make LaTeX ready beside the sources for paper, and the home page the first chapter."""
    home = tree / f"{yaml.safe_load((tree / '_toc.yml').read_text(encoding='utf-8'))['root']}.md"
    title, _, rest = home.read_text(encoding="utf-8").partition("\n")
    start = raw(HOME.replace("TITLE", title.removeprefix("# ")))
    rest = re.sub(r"^## (.*)", lambda heading: raw(rf"\section*{{{heading[1]}}}"), rest, flags=re.MULTILINE)
    write(home, "\n\n".join([title, start, rest, raw(r"\endgroup")]))
    config = yaml.safe_load((tree / "_config.yml").read_text(encoding="utf-8"))
    config["latex"] = {"latex_documents": {"targetname": PDF.with_suffix(".tex").name}}
    config["author"] = config["author"][:1].upper() + config["author"][1:]
    config["sphinx"]["config"] |= LATEX
    write(tree / "_config.yml", yaml.safe_dump(config, sort_keys=False))
    shutil.copy(HERE / "bbm.sty", tree)


def faults(log: str) -> str:
    """What LaTeX complained of, each with the lines after it that say where."""
    lines = log.splitlines()
    first = [i for i, line in enumerate(lines) if line.startswith("!")]
    return "\n".join("\n".join(lines[i : i + 4]) for i in first[:3]) or "\n".join(lines[-10:])
