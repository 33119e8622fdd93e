"""The status page: each chapter's last run, each page's history. Facts go in, MyST comes out; `ask_git` asks git."""

from __future__ import annotations

import html
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nbformat import NotebookNode

from ..execute.cache import recorded
from ..execute.parameters import parameters
from ..messages import BuildError
from ..paths import show

LAST = 5  # commits of a page that are listed
UNKNOWN = "not recorded"


class NoHistory(Exception):
    """Why the pages' history is not known here."""


class Commit(NamedTuple):
    """What git says of one."""

    hash: str
    date: str
    subject: str


Times = Mapping[str, float]  # seconds that cells took, by their ids


def write_status(
    text: str, notebooks: Mapping[Path, NotebookNode], took: Mapping[str, Times], root: Path, toc: Any
) -> str:
    """The page's source with both tables in their places; ``took`` holds the times of each chapter's cells."""
    pages = sources(root, toc)
    try:
        history = history_table(pages, ask_git(root, pages))
    except NoHistory as reason:
        history = f"{reason} So the history of the pages is not known here.\n"
    runs = [run_of(path, notebook, took.get(path.stem, {})) for path, notebook in notebooks.items()]
    text = fill(text, "<!-- runs -->", runs_table(runs))
    return fill(text, "<!-- history -->", history)


def fill(text: str, spot: str, table: str) -> str:
    if text.count(spot) != 1:
        raise BuildError(f"book/status.md: needs one line {spot}, where a table goes")
    return text.replace(spot, table)


def run_of(path: Path, notebook: NotebookNode, took: Times) -> dict[str, str]:
    """What an executed notebook says of its own execution, in words; what it does not say is not recorded."""
    settings = parameters(path, notebook)
    made = [figure["source"] for figure in recorded(notebook, "landscape_figure")]
    # A table that was measured before, by a sweep, tells of that day and that machine, not of this run.
    live = [source for source in made if source["budget"] is None and source["measured_by"] is None]
    commits = [one["commit"] for one in [*live, *recorded(notebook, "landscape")]]
    kinds = [cell.cell_type for cell in notebook.cells]
    return {
        "page": show(path),
        "run time": f"{sum(took.values()):.0f} s" if took else UNKNOWN,
        "cells": f"{kinds.count('code')} code, {kinds.count('markdown')} text",
        "budget": str(settings.get("BUDGET", UNKNOWN)),
        "data": str(settings.get("DATASET", UNKNOWN)),
        "machine": together(source["machine"] for source in live),
        "versions": together(source["versions"] for source in live),
        "date": together(source["date"] for source in live),
        "commit": together(short(commit) for commit in commits if commit),
    }


def together(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(values)) or UNKNOWN


def short(commit: str) -> str:
    """A commit as `Provenance.revision` writes it, in brief.

    >>> short("49d0c54793785179e054d629d6ccc93905dcfbe9-dirty")
    '49d0c54 and changes'
    """
    name, _, dirty = commit.partition("-")
    return name[:7] + (" and changes" if dirty else "")


def runs_table(runs: Sequence[Mapping[str, str]]) -> str:
    """A row a chapter."""
    rows = [["Chapter", "Run time", "Cells", "Budget, data", "Machine, versions", "Date, commit"]]
    for run in runs:
        words = {name: html.escape(value) for name, value in run.items()}
        pairs = [("budget", "data"), ("machine", "versions"), ("date", "commit")]
        rows.append([link(run["page"]), words["run time"], words["cells"], *(lines(words, pair) for pair in pairs)])
    return table("runs", rows)


def lines(words: Mapping[str, str], names: Sequence[str]) -> str:
    """Facts on a line each; where none is recorded, that is said once."""
    return "<br>".join(dict.fromkeys(words[name] for name in names))


def history_table(pages: Sequence[str], history: Mapping[str, Sequence[Commit]]) -> str:
    """A row a page: its last change, and the last few of them folded."""
    rows = [["Page", "Last change", "Commits"]]
    for page in pages:
        commits = history.get(page, [])
        count = f"{len(commits)} commit{'' if len(commits) == 1 else 's'}"
        rows.append(
            [link(page), commits[0].date, folded(count, commits)] if commits else [link(page), "not committed", count]
        )
    return table("history", rows)


def folded(count: str, commits: Sequence[Commit]) -> str:
    items = "".join(
        f"<li>{commit.date} <code>{commit.hash}</code> {html.escape(commit.subject)}</li>" for commit in commits[:LAST]
    )
    more = "<li>…</li>" if len(commits) > LAST else ""
    return f"<details><summary>{count}</summary><ul>{items}{more}</ul></details>"


def link(page: str) -> str:
    """A link to a page from `book/status.md`, which takes the page's title."""
    return f"[](../{page})"


def table(name: str, rows: Sequence[Sequence[str]]) -> str:
    body = "\n".join("* - " + "\n  - ".join(row) for row in rows)
    return f"```{{list-table}}\n:class: {name}\n:header-rows: 1\n\n{body}\n```\n"


def sources(root: Path, toc: Any) -> list[str]:
    """The files that the pages of a table of contents are written in, in its order."""
    if isinstance(toc, list):
        return [file for item in toc for file in sources(root, item)]
    own = [toc[name] for name in ("root", "file") if name in toc]
    files = [f"{name}{suffix}" for name in own for suffix in (".md", ".ipynb") if (root / f"{name}{suffix}").is_file()]
    return files + [file for value in toc.values() if isinstance(value, list) for file in sources(root, value)]


def ask_git(root: Path, files: Sequence[str]) -> dict[str, list[Commit]]:
    """The commits that touched each file under its present name, the latest first."""
    if not (root / ".git").exists():  # an unpacked copy may lie inside somebody else's repository
        raise NoHistory("These pages were built from a copy without its git repository.")
    if git(root, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise NoHistory("These pages were built from a shallow clone, whose older commits were left out.")
    form = "--format=%x01%H%x09%cs%x09%s"
    told = git(root, "-c", "core.quotePath=off", "log", form, "--name-only", "--no-renames", "--", *files)
    found: dict[str, list[Commit]] = {}
    for one in told.split("\x01")[1:]:
        head, *touched = one.splitlines()
        name, date, subject = head.split("\t", 2)
        for file in filter(None, touched):
            found.setdefault(file, []).append(Commit(name[:7], date, subject))
    return found


def git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        raise NoHistory("These pages were built where git does not run.") from None
    if done.returncode:
        raise NoHistory("These pages were built from a repository that git could not read.")
    return done.stdout
