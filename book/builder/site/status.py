"""The status page: each chapter's last run, and each page's history, for which `ask_git` asks git."""

from __future__ import annotations

import html
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from ..execute.parameter_cell import parameters
from ..execute.records import Chapter
from ..paths import show
from .myst import list_table

LAST = 5  # commits of a page that are listed
UNKNOWN = "not recorded"
RUNS = ["Chapter", "Run time", "Cells", "Budget, data", "Machine, versions", "Date, commit"]


class NoHistory(Exception):
    """Why the pages' history is not known here."""


class Commit(NamedTuple):
    """What git says of one."""

    hash: str
    date: str
    subject: str


History: TypeAlias = Mapping[str, Sequence[Commit]]  # of each page, the latest first


def history(root: Path, toc: Any, table: Callable[[Sequence[str], History], str]) -> str:
    """The history of the pages of a table of contents, as ``table`` writes it, or why it is not known."""
    pages = sources(root, toc)
    try:
        return table(pages, ask_git(root, pages))
    except NoHistory as reason:
        return f"{reason} So the history of the pages is not known here.\n"


def run_of(chapter: Chapter) -> dict[str, str]:
    """What an executed chapter records of its own execution, in words."""
    settings = parameters(chapter.path, chapter.node)
    # A table that was measured before, by a sweep, tells of that day and that machine, not of this run.
    live = [f.source for f in chapter.figures if f.source["budget"] is None and f.source["measured_by"] is None]
    commits = [source["commit"] for source in live] + [record["commit"] for record in chapter.claims]
    kinds = [cell.kind for cell in chapter.cells]
    return {
        "page": show(chapter.path),
        "run time": f"{sum(chapter.seconds.values()):.0f} s" if chapter.seconds else UNKNOWN,
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


def run_cells(run: Mapping[str, str]) -> list[list[str]]:
    """A run's row under `RUNS`: of each cell its lines, in HTML; where none is recorded, that is said once."""
    words = {name: html.escape(value) for name, value in run.items()}
    pairs = [("budget", "data"), ("machine", "versions"), ("date", "commit")]
    lines = [[*dict.fromkeys(words[name] for name in pair)] for pair in pairs]
    return [[link(run["page"])], [words["run time"]], [words["cells"]], *lines]


def runs_table(runs: Sequence[Mapping[str, str]]) -> str:
    """A row a chapter."""
    return list_table("runs", [RUNS, *(["<br>".join(cell) for cell in run_cells(run)] for run in runs)]) + "\n"


def history_table(pages: Sequence[str], history: History) -> str:
    """A row a page: its last change, and the last few of them folded."""
    rows = [["Page", "Last change", "Commits"]]
    for page in pages:
        commits = history.get(page, [])
        rows.append([link(page), last_change(commits), folded(commits) if commits else count(commits)])
    return list_table("history", rows) + "\n"


def last_change(commits: Sequence[Commit]) -> str:
    return commits[0].date if commits else "not committed"


def count(commits: Sequence[Commit]) -> str:
    return f"{len(commits)} commit{'' if len(commits) == 1 else 's'}"


def folded(commits: Sequence[Commit]) -> str:
    items = "".join(
        f"<li>{commit.date} <code>{commit.hash}</code> {html.escape(commit.subject)}</li>" for commit in commits[:LAST]
    )
    more = "<li>…</li>" if len(commits) > LAST else ""
    return f"<details><summary>{count(commits)}</summary><ul>{items}{more}</ul></details>"


def link(page: str) -> str:
    """A link to a page from `book/status.md`, which takes the page's title."""
    return f"[](../{page})"


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
    log = git(root, "-c", "core.quotePath=off", "log", form, "--name-only", "--no-renames", "--", *files)
    commits: dict[str, list[Commit]] = {}
    for entry in log.split("\x01")[1:]:
        head, *touched = entry.splitlines()
        name, date, subject = head.split("\t", 2)
        for file in filter(None, touched):
            commits.setdefault(file, []).append(Commit(name[:7], date, subject))
    return commits


def git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        raise NoHistory("These pages were built where git does not run.") from None
    if done.returncode:
        raise NoHistory("These pages were built from a repository that git could not read.")
    return done.stdout
