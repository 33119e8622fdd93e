"""Formulas: typeset while the site is built, where npm gives KaTeX; by the reader's browser where it does not."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from builder import paths
from builder.messages import BuildError
from builder.site import assets
from builder.site.assets import finish, formulas

from ._toy import CHAPTER
from .conftest import ROOT, ToyBook

VENDOR = ROOT / "book" / "builder" / "vendor"
MATHJAX = "readers' browsers typeset them, with MathJax from cdn.jsdelivr.net"


def test_formulas_are_typeset_wherever_they_stand(built: ToyBook):
    index, chapter = built.page("book/index.html"), built.page(CHAPTER)
    tex = [[node.text.strip() for node in soup.select("math annotation")] for soup in (index, chapter)]
    assert [text[:9] for text in tex[0]] == ["N^* < c P", r"\Delta_\m", r"\mathcal ", r"\begin{al"]
    assert {r"\displaystyle \eta \to 0", r"\theta > 0", "N^*"} <= set(tex[1]), "in an output, in text, in a caption"
    assert "$5 is no formula" in chapter.get_text()
    for soup in (index, chapter):
        assert len(soup.select(".math > .katex, .math > .katex-display")) == len(soup.select(".math"))
        assert not [script for script in soup.select("script") if "mathjax" in str(script).lower()]
    assert index.select_one(".eqno") and index.select_one('a[href="#equation-loss"]')
    static = built.html / "_static" / "katex"
    named = set(re.findall(r"url\(([^)]*)\)", (static / "katex.css").read_text()))
    assert named == {f"fonts/{file.name}" for file in (static / "fonts").iterdir()} and len(named) > 10


def test_formula_that_cannot_be_typeset_stops_the_build(npm: Path, tmp_path: Path):
    page = tmp_path / "book" / "index.html"
    page.parent.mkdir()
    math = '<%s class="math notranslate nohighlight">\n%s</%s>'
    texts = [math % ("span", r"\(\nosuchcommand\)", "span"), math % ("div", "\\[\n\\frac{1 &lt; 2\n\\]", "div")]
    page.write_text(f"<head></head>{''.join(texts)}")
    with pytest.raises(BuildError) as stopped:
        finish(tmp_path, npm / "node_modules" / "katex")
    says = str(stopped.value).splitlines()
    assert "book/index.html: cannot typeset \\nosuchcommand: KaTeX parse error: Undefined control seq" in says[0]
    assert "book/index.html: cannot typeset \\frac{1 < 2: KaTeX parse error: Unexpected end of input" in says[1]


# ---- Without npm ----


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs that holds node and, as npm, a script that fails as without a network."""
    folder = tmp_path / "programs"
    folder.mkdir()
    node = shutil.which("node")
    assert node, "needs node and npm; on Debian, apt-get install nodejs npm"
    (folder / "node").symlink_to(node)
    npm = folder / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
    npm.chmod(0o755)
    return folder


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pins to change, and nothing installed of them."""
    shutil.copytree(VENDOR, tmp_path / "book" / "vendor")
    for name, place in (("ROOT", ""), ("VENDOR", "book/vendor"), ("NPM", "_build/npm")):
        monkeypatch.setattr(paths if name == "ROOT" else assets, name, tmp_path / place)
    return tmp_path / "book" / "vendor"


def test_who_typesets_without_npm_is_said(
    vendor: Path, programs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def printed() -> str:
        formulas()
        return capsys.readouterr().out

    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(programs), prepend=os.pathsep)
        assert f"formulas: npm failed (ENOTFOUND); {MATHJAX}" in printed()
        (programs / "npm").unlink()
        patch.setenv("PATH", str(programs))
        assert f"formulas: npm is not installed; {MATHJAX}" in printed()
    lock = vendor / "package-lock.json"
    pinned = lock.read_text()
    packages = json.loads(pinned)
    packages["packages"]["node_modules/katex"]["integrity"] = f"sha512-{'A' * 86}=="
    lock.write_text(json.dumps(packages))
    assert f"other than book/vendor/package-lock.json pins (EINTEGRITY); {MATHJAX}" in printed()
    assert not (assets.NPM / ".ready").exists(), "nothing half-made is taken for whole"
    lock.write_text(pinned)
    assert printed() == "" and (assets.NPM / ".ready").exists()
    # What is there is not asked for again: npm would fail.
    (programs / "npm").symlink_to("/bin/false")
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    assert printed() == ""


def test_book_is_built_without_npm(
    toy: ToyBook, programs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (programs / "npm").unlink()
    monkeypatch.setenv("PATH", str(programs))
    toy.take("site")
    index = toy.page("book/index.html")
    assert "cdn.jsdelivr.net/npm/mathjax" in str(index.head) and r"\(N^* < c P\)" in index.text
    # Slides need what npm gives: there is no deck, and no link to one.
    assert "[book] slides: none made" in capsys.readouterr().out
    assert not (toy.html / "slides").exists() and "../slides/" not in (toy.html / CHAPTER).read_text(encoding="utf-8")
    toy.take("site")
    assert "site: unchanged" in capsys.readouterr().out


def test_pins_agree_and_name_no_place():
    named = json.loads((VENDOR / "package.json").read_text())
    packages = json.loads((VENDOR / "package-lock.json").read_text())["packages"]
    for kind in ("dependencies", "devDependencies"):
        assert packages[""][kind] == named[kind]
        assert all(packages[f"node_modules/{name}"]["version"] == version for name, version in named[kind].items())
    for name, package in packages.items():
        assert not name or package["integrity"].startswith("sha512-")
        assert "resolved" not in package, "made with npm install --omit-lockfile-registry-resolved"
