"""The status page: what executed notebooks say of their runs, and git of the pages; in a built site too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from builder.execute.records import read
from builder.messages import BuildError
from builder.site.status import (
    UNKNOWN,
    Commit,
    NoHistory,
    ask_git,
    history,
    history_table,
    run_of,
    runs_table,
    sources,
)

from ._toy import small_chapter
from .conftest import ROOT, ToyBook, git

PATH = ROOT / "notebooks" / "01_toy.ipynb"
LIVE = {
    "budget": None,
    "measured_by": None,
    "commit": "a" * 40,
    "machine": "abacus, 2 cores",
    "versions": "Python 3, torch 2",
    "date": "2026-01-02",
}
SWEPT = LIVE | {"budget": "paper", "measured_by": "landscape sweep", "commit": "b" * 40, "machine": "cluster"}
DRAWN_WITH = SWEPT | {"budget": "live and paper", "date": "2025-12-31; 2026-01-02"}


def executed(*figures: dict[str, Any], claims: tuple[str | None, ...] = (), seconds: dict[str, float] | None = None):
    """A toy chapter that ran and showed these figures, and stated claims at these commits."""
    notebook = small_chapter("1", "2")
    words = {"name": "a", "caption": "A figure.", "alt": "a line"}
    records = [{"landscape_figure": {"source": facts, **words}} for facts in figures]
    records += [{"landscape": {"commit": commit, "words": {}}} for commit in claims]
    notebook.cells[2].outputs = [nbformat.v4.new_output("display_data", metadata=facts) for facts in records]
    return read(PATH, notebook, seconds)


def test_a_run_is_told_by_what_it_recorded_itself():
    run = run_of(executed(SWEPT, LIVE, DRAWN_WITH, claims=("a" * 40,), seconds={"one": 60.5, "two": 1.2}))
    assert run == {
        "page": "notebooks/01_toy.ipynb",
        "run time": "62 s",
        "cells": "3 code, 1 text",
        "budget": "class",
        "data": "digits",
        "machine": "abacus, 2 cores",
        "versions": "Python 3, torch 2",
        "date": "2026-01-02",
        "commit": "aaaaaaa",
    }


def test_what_is_not_recorded_is_not_guessed():
    for chapter in (executed(), executed(SWEPT, DRAWN_WITH), executed(claims=(None,))):
        run = run_of(chapter)
        assert {run[name] for name in ("run time", "machine", "versions", "date", "commit")} == {UNKNOWN}
    assert run_of(executed(claims=("c" * 40 + "-dirty",)))["commit"] == "ccccccc and changes"
    later = LIVE | {"date": "2026-01-03"}
    assert run_of(executed(LIVE, later, LIVE))["date"] == "2026-01-02; 2026-01-03", "it ran past midnight"


def test_tables_are_markdown_of_plain_words():
    run = run_of(executed(LIVE | {"machine": "<b>8</b> & more"}))
    table = runs_table([run])
    assert "[](../notebooks/01_toy.ipynb)" in table and "&lt;b&gt;8&lt;/b&gt; &amp; more<br>Python 3" in table
    assert runs_table([run_of(executed())]).count(f"- {UNKNOWN}\n") == 3, "and not twice in a cell"
    many = [Commit(f"{n}" * 7, f"2026-01-0{n}", f"<i>change</i> {n}") for n in range(7, 0, -1)]
    text = history_table(["book/a.md", "book/b.md", "book/c.md"], {"book/a.md": many, "book/b.md": many[-1:]})
    a, b, c = text.split("* - ")[2:]
    assert "2026-01-07" in a and "7 commits" in a and a.count("<li>") == 6 and "<li>…</li>" in a
    assert "&lt;i&gt;change&lt;/i&gt; 3" in a and "change&lt;/i&gt; 2" not in a
    assert "1 commit<" in b and "…" not in b
    assert "not committed" in c and "0 commits" in c


def test_sources_are_the_files_of_the_toc_in_its_order(tmp_path: Path):
    (tmp_path / "book").mkdir()
    for name in ("book/a.md", "book/b.ipynb", "book/c.md", "book/other.md"):
        (tmp_path / name).touch()
    chapters = [{"file": "book/b", "sections": [{"file": "book/c"}]}, {"url": "https://example.org"}]
    toc = {"root": "book/a", "parts": [{"caption": "One", "chapters": chapters}, {"chapters": [{"file": "book/gone"}]}]}
    assert sources(tmp_path, toc) == ["book/a.md", "book/b.ipynb", "book/c.md"]


def test_a_page_without_its_spots_stops_the_build(toy: ToyBook):
    page = toy.root / "book" / "status.md"
    for text in ("<!-- runs -->", "<!-- history -->", "<!-- runs -->" * 2 + "<!-- history -->"):
        page.write_text(text)
        with pytest.raises(BuildError, match="book/status.md: needs one line <!-- "):
            toy.take("site")


# With git.


def commit(root: Path, subject: str) -> None:
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--allow-empty", "-m", subject)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet")
    for number, name in enumerate(("a.md", "ä b.md", "a.md")):
        (root / name).write_text(f"{number}")
        commit(root, f"Write {name}:\t{number}")
    commit(root, "Touch nothing")
    return root


def test_git_is_asked_for_all_pages_at_once(repository: Path):
    changes = ask_git(repository, ["a.md", "ä b.md", "new.md"])
    assert [change.subject for change in changes["a.md"]] == ["Write a.md:\t2", "Write a.md:\t0"], "the latest first"
    assert len(changes["ä b.md"]) == 1 and set(changes) == {"a.md", "ä b.md"}
    assert len(changes["a.md"][0].hash) == 7 and len(changes["a.md"][0].date) == len("2026-01-01")


def test_where_the_history_is_not_known_that_is_said(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    git(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), "shallow")
    with pytest.raises(NoHistory, match="a shallow clone"):
        ask_git(tmp_path / "shallow", ["a.md"])
    (inside := repository / "unpacked").mkdir()
    with pytest.raises(NoHistory, match="without its git repository"):
        ask_git(inside, ["a.md"])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoHistory, match="where git does not run"):
        ask_git(repository, ["a.md"])
    page = history(inside, {}, history_table)
    assert page.endswith("without its git repository. So the history of the pages is not known here.\n")


def test_status_page_says_what_ran(built: ToyBook):
    page = built.page("book/status.html")
    (runs,) = page.select("table.runs")
    rows = [[cell.get_text(" ", strip=True) for cell in row.select("td")] for row in runs.select("tbody tr")]
    toy, larger, more = rows
    took = json.loads(built.kept().with_suffix(".seconds.json").read_text())
    assert took and toy[:4] == ["1. A toy", f"{sum(took.values()):.0f} s", "17 code, 7 text", "class digits"]
    assert UNKNOWN not in toy[4] and "Python" in toy[4] and not toy[5].startswith(UNKNOWN)
    assert larger[0] == "Appendix to chapter 1: a larger run"
    assert more[0] == "2. More" and more[1] == UNKNOWN, "no kernel ran it"
    assert more[4] == UNKNOWN and more[5].startswith(UNKNOWN), "no figure of this chapter says where it was made"
    assert "without its git repository" in page.get_text()


def test_status_page_has_the_history_of_the_pages(published: ToyBook):
    (history,) = published.page("book/status.html").select("table.history")
    assert len(history.select("tbody tr")) == 10 and not [
        row for row in history.select("td") if row.text == "not committed"
    ]
    assert "Begin <with> $care$" in history.get_text()
    assert [link["href"] for link in history.select("a")][:2] == ["index.html", "../notebooks/01_toy.html"]


def test_status_page_follows_the_commits(toy: ToyBook, quick: None, capsys: pytest.CaptureFixture[str]):
    def site() -> str:
        toy.take("site")
        return capsys.readouterr().out

    toy.commit()
    assert "site: built" in site() and "site: unchanged" in site()
    commit(toy.root, "Touch no page")
    assert "site: unchanged" in site()
    index = toy.root / "book" / "index.md"
    index.write_text(index.read_text() + "\nMore.\n")
    commit(toy.root, "Say more")
    assert "site: built" in site()
    rows = (toy.root / "_build" / "stage" / "book" / "status.md").read_text().split("* - ")
    (row,) = [row for row in rows if "index.md)" in row]
    assert "2 commits" in row and row.index("Say more") < row.index("Begin")
