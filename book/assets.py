"""What pages load besides their text: formulas typeset while the site is built, and no script that no page uses."""

from __future__ import annotations

import hashlib
import html
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from chapters import BOOK, BUILD, BuildError, say, show, write

VENDOR, NPM = BOOK / "vendor", BUILD / "npm"
PATIENCE = 180  # seconds that npm may take
# The theme's and Jupyter Book's own, on every page. Icons come from the theme's web font, so their script (1.5 MB) only
# draws them a second time; thebe runs cells on a server, and names one, but the pages have no button that starts it.
UNUSED = ("scripts/fontawesome.js", "sphinx-thebe.js", "THEBE_JS_URL", "text/x-thebe-config", "kernelName =")
SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>\s*", re.DOTALL)
# What KaTeX leaves in a page where it cannot typeset: a formula it cannot parse, or a command it does not know, in red.
FAULT = re.compile(r'class="katex-error" title="([^"]*)"|<mstyle mathcolor="#cc0000"><mtext>(.*?)</mtext>')


class Unavailable(Exception):
    """Why formulas cannot be typeset here."""


def formulas(static: Path) -> dict[str, Any]:
    """Lay KaTeX's style sheet and fonts into the book's static folder; return what `_config.yml` needs to typeset.

    That is nothing where npm has no KaTeX to give: formulas then stay TeX, and each reader's browser fetches MathJax.
    """
    try:
        katex = installed() / "katex" / "dist"
    except Unavailable as reason:
        say(f"formulas: {reason}; readers' browsers typeset them, with MathJax from cdn.jsdelivr.net")
        return {}
    (static / "katex" / "fonts").mkdir(parents=True)
    for font in sorted((katex / "fonts").glob("*.woff2")):
        shutil.copy(font, static / "katex" / "fonts")
    sheet = (katex / "katex.min.css").read_text(encoding="utf-8")
    # Every browser of today reads woff2; the other formats are left out, and so must be their names.
    sheet = re.sub(r',url\(fonts/[^)]*\.(?:woff|ttf)\) format\("\w+"\)', "", sheet)
    write(static / "katex" / "katex.css", sheet)
    return {
        "extra_extensions": ["sphinxcontrib.katex"],
        "config": {
            "html_math_renderer": "katex",
            "katex_prerender": True,
            "katex_css_path": "katex/katex.css",
        },
    }


def installed() -> Path:
    """The packages that `book/vendor/package-lock.json` pins, checked against it by npm; not again if unchanged."""
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


def finish(site: Path) -> None:
    """Mend the theme's pages: no script that is of no use, no withdrawn role; stop where a formula is not typeset."""
    faults = []
    for page in sorted(site.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        for broken, unknown in FAULT.findall(text):
            what = html.unescape(broken) or f"unknown command {html.unescape(unknown)}"
            faults.append(f"{page.relative_to(site).as_posix()}: a formula cannot be typeset: {what}")
        lean = SCRIPT.sub(lambda script: "" if any(mark in script[0] for mark in UNUSED) else script[0], text)
        # docutils gives the entries of a bibliography a role that has been withdrawn; in its list they are items.
        page.write_text(lean.replace('role="doc-biblioentry"', 'role="listitem"'), encoding="utf-8")
    if faults:
        raise BuildError("\n".join(dict.fromkeys(faults)))
    for file in (site / "_static").rglob("fontawesome.js*"):
        file.unlink()
