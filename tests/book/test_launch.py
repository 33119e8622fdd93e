"""Launch, edit, issue and download buttons lead to what exists; the cell that installs, with a pip that only notes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote, urljoin

import nbformat
import pytest
from bs4 import BeautifulSoup

from builder.messages import BuildError
from builder.site.launch import (
    ADDRESS,
    BRANCH,
    EXAMPLE,
    INSTALL,
    LINE,
    TAGS,
    VARIABLE,
    address,
    check_install_cell,
    check_launches,
    with_buttons,
)

from ._toy import SETUP, small_chapter
from .conftest import HERE, ROOT, ToyBook, git

OTHERS = ("github.com", "colab.research.google.com", "mybinder.org")
NOTEBOOK = ROOT / "notebooks" / "01_toy.ipynb"


def with_cell(source: str = INSTALL, tags: set[str] = TAGS) -> nbformat.NotebookNode:
    notebook = small_chapter(SETUP)
    notebook.cells.insert(1, nbformat.v4.new_code_cell(source, metadata={"tags": sorted(tags)}))
    return notebook


# The buttons of a site.


def pages(toy: ToyBook) -> dict[str, BeautifulSoup]:
    files = [path for path in toy.html.rglob("*.html") if "_static" not in path.parts]
    return {name: toy.page(name) for name in (path.relative_to(toy.html).as_posix() for path in files)}


def links(page: BeautifulSoup) -> list[str]:
    """Those that lead to the repository's host, or start a notebook elsewhere."""
    return [
        str(link["href"]) for link in page.select("a[href]") if link["href"].split("/")[2:3] in ([o] for o in OTHERS)
    ]


def test_without_an_address_there_is_no_button(built: ToyBook):
    every = pages(built)
    assert {"book/index.html", "notebooks/01_toy.html", "book/status.html", "search.html"} <= set(every)
    assert not [link for page in every.values() for link in links(page)]
    assert not [page for page in every.values() if page.select(".dropdown-launch-buttons, .dropdown-source-buttons")]


def test_with_an_address_every_link_leads_to_what_is_committed(published: ToyBook):
    toy, every = published, pages(published)
    files = set(git(toy.root, "ls-files").splitlines())
    forms = {
        "edit": rf"{HERE}/edit/{BRANCH}/(.+)",
        "colab": rf"https://colab\.research\.google\.com/github/owner/name/blob/{BRANCH}/(.+)",
        "binder": rf"https://mybinder\.org/v2/gh/owner/name/{BRANCH}\?urlpath=lab/tree/(.+)",
        "issue": rf"{HERE}/issues/new\?title=Issue on page /(.+)\.html&.*",
        "repository": rf"{HERE}()",
    }
    for name, page in every.items():
        buttons: dict[str, str] = {}
        for link in map(unquote, links(page)):
            kind, match = next((kind, match) for kind, form in forms.items() if (match := re.fullmatch(form, link)))
            assert kind not in buttons, f"{name} has two buttons to {kind}"
            buttons[kind] = match[1]
        source = name.removesuffix(".html")
        file = next((source + suffix for suffix in (".md", ".ipynb") if source + suffix in files), None)
        if file is None:
            assert not buttons, f"{name} is written in no file, so there is nothing to launch, edit or report"
            continue
        expected = {"edit": file, "issue": source, "repository": ""}
        assert buttons == expected | ({"colab": file, "binder": file} if file.endswith(".ipynb") else {})
    assert "REPOSITORY" not in every["notebooks/01_toy.html"].get_text(), "the cell is for machines, not on the page"


def test_every_download_is_there(published: ToyBook):
    for name, page in pages(published).items():
        offered = [str(link["href"]) for link in page.select(".dropdown-download-buttons a[href]")]
        assert offered or "/" not in name or name.startswith("slides/"), f"{name} has nothing to download"
        for link in offered:
            assert (published.html / urljoin(name, link)).stat().st_size, f"{name} offers {link}, which is not there"


def test_a_wrong_address_stops_the_build(toy: ToyBook, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, "owner/name")
    with pytest.raises(BuildError, match=f"{VARIABLE}=owner/name: want an address like {EXAMPLE}"):
        toy.take("site")


def test_a_launch_needs_the_cell_that_installs(
    toy: ToyBook, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv(VARIABLE, HERE)
    paths = [toy.root / "notebooks" / f"{name}.ipynb" for name in ("01_toy", "01_toy_appendix", "02_more")]
    check_launches(paths, HERE)
    assert (
        f'the first code cell of 01_toy, 01_toy_appendix, 02_more lacks REPOSITORY = "{HERE}"'
        in capsys.readouterr().out
    )
    toy.chapter(small_chapter(SETUP))
    with pytest.raises(BuildError, match="the first code cell must be the one that installs"):
        toy.take("book")
    assert "running" not in capsys.readouterr().out, "and it is said before anything runs"


# Facts in, settings out.


@pytest.mark.parametrize("given", [HERE, "https://github.com/a-b/c.d_e-f", f" {HERE}\n"])
def test_address(given: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, given)
    assert address() == given.strip()


@pytest.mark.parametrize(
    "given",
    [
        "owner/name",
        "http://github.com/a/b",
        f"{HERE}/",
        f"{HERE}.git",
        f"{HERE}/tree",
        "https://gitlab.com/a/b",
        f"{HERE} x",
        "https:///",
    ],
)
def test_what_is_no_address_is_named(given: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, given)
    with pytest.raises(BuildError, match=f"{re.escape(given)}: want an address like {EXAMPLE}"):
        address()


def test_buttons_are_settings_and_leave_the_others_alone(capsys: pytest.CaptureFixture[str]):
    config = {"title": "Toy", "html": {"use_issues_button": False, "extra_footer": "x"}}
    assert with_buttons(config, None) == config
    printed = capsys.readouterr().out
    assert "off" in printed and f"{VARIABLE}={EXAMPLE} turns them on" in printed
    on = with_buttons(config, HERE)
    assert on["repository"] == {"url": HERE, "branch": BRANCH, "path_to_book": ""}
    assert on["html"]["use_issues_button"] and on["html"]["use_edit_page_button"] and on["html"]["extra_footer"] == "x"
    assert on["title"] == "Toy" and config["html"]["use_issues_button"] is False


def test_cell_is_checked():
    assert check_install_cell(NOTEBOOK, with_cell()) is None
    named = LINE.sub(f'REPOSITORY = "{HERE}"', INSTALL)
    assert check_install_cell(NOTEBOOK, with_cell(named)) == HERE
    for notebook, says in (
        (small_chapter(SETUP), "the first code cell must be the one that installs"),
        (with_cell(tags={"remove-cell"}), "the first code cell must be the one that installs"),
        (with_cell(tags={"install"}), "is tagged install and remove-cell, and no more"),
        (with_cell(INSTALL.replace("--quiet", "--verbose")), "differs from book/builder/site/install_cell.py"),
        (with_cell(LINE.sub('REPOSITORY = "here"', INSTALL)), "names 'here'; want an address like"),
    ):
        with pytest.raises(BuildError, match=f"notebooks/01_toy.ipynb: .*{re.escape(says)}"):
            check_install_cell(NOTEBOOK, notebook)


# The cell itself. `-S` leaves out what is installed; the pip and the git that it finds only note what they were asked.

NOTE = "import os, sys\nopen(os.environ['NOTED'], 'a').write(' '.join({!r}.split() + sys.argv[1:]) + '\\n')\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A home, a working folder, modules `pip` and `google.colab`, and a `git` that makes the folder it is told to."""
    for folder in ("home", "work", "bin", "modules/google/colab", "modules/pip"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("google/__init__.py", "google/colab/__init__.py", "pip/__init__.py"):
        (tmp_path / "modules" / name).touch()
    (tmp_path / "modules/pip/__main__.py").write_text(NOTE.format("pip") + "sys.exit(os.environ.get('PIP_FAILS'))\n")
    colab = tmp_path / "modules" / "google_colab-1.0.0.dist-info" / "METADATA"
    colab.parent.mkdir()
    colab.write_text(
        "Name: google-colab\nVersion: 1.0.0\nRequires-Dist: ipython==7.34.0\nRequires-Dist: Pandas==2.2.2\n"
    )
    git = tmp_path / "bin" / "git"
    copy = "import shutil\nos.mkdir(sys.argv[-1])\nos.makedirs(sys.argv[-1] + '/book/builder')\n"
    for name in ("pyproject.toml", "requirements.lock", "book/builder/colab.py"):
        copy += f"shutil.copy({str(ROOT / name)!r}, sys.argv[-1] + '/{name}')\n"
    git.write_text(f"#!{sys.executable} -S\n{NOTE.format('git')}{copy}")
    git.chmod(0o755)
    return tmp_path


def run(place: Path, source: str, colab: bool = True, **more: str) -> tuple[int, str, list[str]]:
    """Exit status, what was said, and what pip and git were asked."""
    environment = {"PATH": str(place / "bin"), "HOME": str(place / "home"), "NOTED": str(place / "noted")}
    environment |= {"PYTHONPATH": str(place / "modules")} | more
    source = "import google.colab\n" * colab + source
    command = [sys.executable, "-S", "-c", source]
    done = subprocess.run(command, cwd=place / "work", env=environment, text=True, capture_output=True, timeout=60)
    noted = place / "noted"
    asked = noted.read_text().splitlines() if noted.exists() else []
    return done.returncode, done.stdout + done.stderr, asked


NAMED = LINE.sub(f'REPOSITORY = "{HERE}"', INSTALL)


def test_cell_does_nothing_where_the_library_is(place: Path):
    (place / "modules" / "landscape_lib").mkdir()
    for source in (INSTALL, NAMED):
        for colab in (True, False):
            assert run(place, source, colab) == (0, "", [])
    assert not list((place / "home").iterdir())


def test_cell_installs_on_colab_what_is_pinned_and_leaves_colabs_own(place: Path):
    clone = place / "home" / "loss-landscapes"
    code, printed, asked = run(place, NAMED, PIP_FAILS="no room")
    assert code == 1 and "no room" in printed and "Installed" not in printed
    fetched, installed = asked
    assert fetched == f"git clone --quiet --depth=1 --branch={BRANCH} {HERE} {clone}"
    pip, install, quiet, *pins, library, widgets = installed.split()
    assert (pip, install, quiet) == ("pip", "install", "--quiet")
    assert (library, widgets) == (f"--editable={clone}", "anywidget")
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    named = {re.split("[>=<]", need)[0] for need in needs}
    assert set(pins) <= set(lock) and {pin.split("==")[0].lower() for pin in pins} == named - {"pandas"}
    kernel = {"ipython", "ipykernel", "ipywidgets", "traitlets", "tornado", "jupyter-client", "pyzmq"}
    assert not kernel & named, "the library itself needs no kernel, and so leaves Colab's alone"
    code, printed, asked = run(place, NAMED)
    assert asked[2:] == [installed], "the clone is there already"
    assert code == 1, "what follows must not run in this session"
    assert printed.startswith("Installing landscape_lib") and printed.endswith(
        "restart the session (menu Runtime), and run all cells.\n"
    )


def test_cell_says_when_git_fails(place: Path):
    (place / "home").rmdir()
    code, printed, asked = run(place, NAMED)
    assert code == 1 and "No such file" in printed and len(asked) == 1


@pytest.mark.parametrize(
    "source, colab, says",
    [
        (INSTALL, True, "write the book's address above, and run again."),
        (INSTALL, False, "clone the book's repository, and see README.md there."),
        (NAMED, False, "clone the book's repository, and see README.md there."),
    ],
)
def test_cell_says_what_to_do_where_it_does_not_install(place: Path, source: str, colab: bool, says: str):
    code, printed, asked = run(place, source, colab)
    assert code == 1 and not asked
    assert printed == f"This notebook needs landscape_lib: {says}\n"


def test_cell_leaves_a_clone_to_its_owner(place: Path):
    (place / "landscape_lib").mkdir()
    code, printed, asked = run(place, NAMED)
    assert code == 1 and not asked
    assert printed == f"landscape_lib is in {place}, not installed: see README.md there.\n"


def test_cell_is_code_like_ours_and_names_no_other_host(tmp_path: Path):
    (tmp_path / "cell.py").write_text(INSTALL + "\n")
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "--config", ROOT / "pyproject.toml"]
        done = subprocess.run([*ruff, tmp_path / "cell.py"], text=True, capture_output=True, env=os.environ)
        assert done.returncode == 0, done.stdout
    assert re.findall(r"https?://\S+", INSTALL) == [EXAMPLE] and ADDRESS.fullmatch(EXAMPLE)
    assert f"--branch={BRANCH}" in INSTALL and LINE.findall(INSTALL) == [""]


# Binder.


def test_binder_installs_the_lock_and_the_library():
    folder = ROOT / ".binder"
    lines = [line for line in (folder / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert (
        lines == ["-r ../requirements.lock"] and (folder / lines[0].split()[1]).resolve() == ROOT / "requirements.lock"
    )
    assert (folder / "postBuild").stat().st_mode & 0o111
    install = "-m pip install --no-deps --no-build-isolation --editable ."
    assert install in (folder / "postBuild").read_text()
    assert (folder / "runtime.txt").read_text() == "python-3.11\n"
    workflow = (ROOT / ".github" / "workflows" / "publish.yml").read_text()
    assert (
        f"{VARIABLE}: ${{{{ github.server_url }}}}/${{{{ github.repository }}}}" in workflow
        and "fetch-depth: 0" in workflow
    )


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_each_chapter_begins_with_the_cell_that_installs(path: Path):
    check_install_cell(path, nbformat.read(path, as_version=4))
