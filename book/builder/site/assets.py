"""What pages load besides their text: formulas typeset while the site is built, and no script that no page uses.

The HTML that is mended here is what Sphinx, its theme and Jupyter Book wrote, which they offer in no other form.
What is told of measurements is never read back from HTML: every medium makes its own from records.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont

from ..messages import BuildError, say
from ..paths import BUILD, BUILDER, show, write
from .search import set_up, with_search

VENDOR, NPM = BUILDER / "vendor", BUILD / "npm"
PATIENCE = 180  # seconds that npm may take
# The theme's and Jupyter Book's own, on every page. Icons come from the theme's web font, so their script (1.5 MB) only
# draws them a second time; thebe runs cells on a server, and names one, but the pages have no button that starts it.
UNUSED = ("scripts/fontawesome.js", "sphinx-thebe.js", "THEBE_JS_URL", "text/x-thebe-config", "kernelName =")
SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")  # on every page too, but only search.html searches
UNFOLD = "Show or hide the pages under this one"
MATHJAX = ("window.MathJax", "tex-mml-chtml.js")
SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>\s*", re.DOTALL)
# A formula as Sphinx writes it for MathJax: \(…\) in a line, \[…\] on its own, there after its number if it has one.
SPHINX = re.compile(
    r'(<(span|div) class="[^"]*\bmath notranslate nohighlight"[^>]*>(?:(?!</\2>).)*?)'
    r"\\([(\[])(.*?)\\[)\]](</\2>)([,.;:!?)]*)",
    re.DOTALL,
)


class Unavailable(Exception):
    """Why formulas cannot be typeset here."""


def formulas() -> Path | None:
    """The folder of KaTeX; none where npm has none to give: then each reader's browser fetches MathJax."""
    try:
        return installed() / "katex"
    except Unavailable as reason:
        say(f"formulas: {reason}; readers' browsers typeset them, with MathJax from cdn.jsdelivr.net")
        return None


def lay_out(katex: Path, static: Path) -> str:
    """Copy KaTeX's style sheet and fonts into the book's static folder; return the sheet's name there."""
    fonts = static / "katex" / "fonts"
    fonts.mkdir(parents=True)
    for font in sorted((katex / "dist" / "fonts").glob("*.woff2")):
        shutil.copy(font, fonts)
    sheet = (katex / "dist" / "katex.min.css").read_text(encoding="utf-8")
    # Every browser of today reads woff2; the other formats are left out, and so must be their names.
    sheet = re.sub(r',url\(fonts/[^)]*\.(?:woff|ttf)\) format\("\w+"\)', "", sheet)
    write(static / "katex" / "katex.css", sheet)
    return "katex/katex.css"


def installed() -> Path:
    """The packages that `vendor/package-lock.json` pins, checked against it by npm; not again if unchanged."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json"):
        digest.update((VENDOR / name).read_bytes())
    ready, modules = NPM / ".ready", NPM / "node_modules"
    if ready.exists() and ready.read_text() == digest.hexdigest():
        return modules
    shutil.rmtree(NPM, ignore_errors=True)
    NPM.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(VENDOR / name, NPM)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1"]
    try:
        done = subprocess.run(command, cwd=NPM, text=True, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm took more than {PATIENCE} s") from None
    if done.returncode:
        code = re.search(r"^npm \S+ code (\S+)", done.stderr, re.MULTILINE)
        if code and code[1] == "EINTEGRITY":
            raise Unavailable(f"npm got a package other than {show(VENDOR)}/package-lock.json pins (EINTEGRITY)")
        raise Unavailable(f"npm failed ({code[1] if code else f'exit status {done.returncode}'})")
    write(ready, digest.hexdigest())
    return modules


# Code comes with a tag around every word. Names, operators, numbers and spaces are plain without; that halves its size.
PLAIN = re.compile(r'<span class="(?:w|n|p|o|mi|mf|nn)">([^<]*)</span>')
DESIGN = re.compile(r"<link[^>]*sphinx-design[^>]*>")  # cards and grids: of use where a page has some
# Search and index are written in no file, so there is nothing to edit or to report.
SOURCE = re.compile(r'<div class="dropdown dropdown-source-buttons">.*?</div>\s*', re.DOTALL)


# The theme's style sheet names two thousand icons, of which the pages show a dozen.
ICON = re.compile(r'((?:\.fa-[\w-]+:{1,2}before,?)+)\{content:"[^"]*"\}')
SOURCES = re.compile(r"src:url\(([^)]*/fa-[\w-]+)\.woff2\)[^;}]*")


def finish(site: Path, katex: Path | None) -> None:
    """Mend the pages that the theme made: formulas typeset; no useless script or button, no withdrawn role."""
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))}
    if katex:
        set_up(site, pages, katex.parent)
        pages = with_formulas(pages, katex, site)
    for path, text in pages.items():
        is_search = path == site / "search.html"
        unused = UNUSED + (() if is_search and not katex else SEARCH) + (MATHJAX if katex else ())
        text = without_scripts(text, unused)
        if is_search and katex:
            text = with_search(text)
        text = PLAIN.sub(r"\1", text)
        if path.parent == site:
            text = SOURCE.sub("", text)
        if "sd-" not in text.split("</head>")[-1]:
            text = DESIGN.sub("", text)
        # The theme's switch that unfolds what stands under a chapter has no name.
        text = text.replace(
            '<summary><span class="toctree-toggle"', f'<summary aria-label="{UNFOLD}"><span class="toctree-toggle"'
        )
        # docutils gives the entries of a bibliography a role that has been withdrawn; in its list they are items.
        path.write_text(text.replace('role="doc-biblioentry"', 'role="listitem"'), encoding="utf-8")
    texts = [*pages.values(), *(file.read_text("utf-8", "ignore") for file in (site / "_static").rglob("*.js"))]
    few_icons(site / "_static", {name for text in texts for name in re.findall(r"fa-[\w-]+", text)})


def without_scripts(text: str, marks: Iterable[str]) -> str:
    """A page less the scripts in which one of ``marks`` occurs."""
    return SCRIPT.sub(lambda script: "" if any(mark in script[0] for mark in marks) else script[0], text)


def few_icons(static: Path, shown: set[str]) -> None:
    """Leave the theme's style sheet and fonts the icons that pages show, and those that a style sheet draws itself."""
    for sheet in (static / "styles").glob("pydata-sphinx-theme.css"):
        rules = sheet.read_text(encoding="utf-8")
        rules = ICON.sub(lambda rule: rule[0] if shown & set(re.findall(r"fa-[\w-]+", rule[1])) else "", rules)
        sheet.write_text(SOURCES.sub(r'src:url(\1.woff) format("woff")', rules), encoding="utf-8")
    sheets = [file.read_text("utf-8", "ignore") for file in static.rglob("*.css")]
    drawn = {int(point, 16) for text in sheets for point in re.findall(r'"\\([0-9a-f]{4,5})"', text)}
    for file in (static / "vendor" / "fontawesome" / "webfonts").glob("*.ttf"):
        font = TTFont(file, recalcTimestamp=False)  # the same bytes from the same icons
        cut = Subsetter()
        cut.populate(unicodes=drawn)
        cut.subset(font)
        font.flavor = "woff"
        font.save(file.with_suffix(".woff"))
        file.unlink()
        file.with_suffix(".woff2").unlink(missing_ok=True)
    for file in static.rglob("fontawesome.js*"):
        file.unlink()


class Formula(NamedTuple):
    """A formula to be typeset; ``alone`` is for where KaTeX has no style sheet: MathML alone."""

    place: str
    tex: str
    displayed: bool
    alone: bool


def typeset(formulas: Sequence[Formula], katex: Path) -> list[str]:
    """Each formula as HTML and MathML; one that KaTeX cannot typeset stops the build."""
    asked = json.dumps([[formula.tex, formula.displayed, formula.alone] for formula in formulas])
    command = ["node", str(VENDOR / "typeset.js"), str(katex)]
    done = subprocess.run(command, input=asked, text=True, capture_output=True)
    if done.returncode:
        raise BuildError(f"node could not run KaTeX:\n{done.stderr}")
    answers = json.loads(done.stdout)
    faults = [
        f"{formula.place}: cannot typeset {formula.tex.strip()}: {answer['error']}"
        for formula, answer in zip(formulas, answers, strict=True)
        if "error" in answer
    ]
    if faults:
        raise BuildError("\n".join(dict.fromkeys(faults)))
    return [answer["html"] for answer in answers]


def unbroken(formula: str, mark: str) -> str:
    """A formula in a line with the comma, or what ``mark`` follows it, which may not begin the next."""
    return f'<span class="unbroken">{formula}{mark}</span>' if mark else formula


def with_formulas(pages: dict[Path, str], katex: Path, site: Path) -> dict[Path, str]:
    """The pages that Sphinx made, with every formula typeset."""
    matches = [(path, match) for path, text in pages.items() for match in SPHINX.finditer(text)]
    formulas = [
        Formula(path.relative_to(site).as_posix(), html.unescape(match[4]), match[3] == "[", False)
        for path, match in matches
    ]
    made = iter(typeset(formulas, katex))

    def placed(match: re.Match[str]) -> str:
        whole = f"{match[1]}{next(made)}{match[5]}"
        return unbroken(whole, match[6]) if match[3] == "(" else whole + match[6]

    return {path: SPHINX.sub(placed, text) for path, text in pages.items()}
