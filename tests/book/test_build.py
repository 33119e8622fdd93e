"""The builder, on a book in miniature: what runs, what does not run again, and what stops it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from builder.execute import cache
from builder.messages import BuildError

from ..notebooks.conftest import differences
from ._toy import (
    ASK_CHOICE,
    CHAPTER,
    CLAIMED,
    MEAN,
    QUIZ,
    SETUP,
    UNMEASURED,
    small_chapter,
    whole_chapter,
)
from .conftest import ToyBook

RECORD_KEYS = {"id", "chapter", "verdict", "value", "ci", "n_seeds", "repeated", "budget", "dataset"}
RECORD_KEYS |= {"data_sha256", "reference", "commit", "seconds"}


def records(book: ToyBook) -> list[dict]:
    return json.loads((book.root / "_build" / "claims.json").read_text())


def test_book_states_its_claims(built: ToyBook):
    mean, at_scale, high, unmeasured, _ = records(built)
    assert set(mean) >= RECORD_KEYS
    assert (mean["id"], mean["verdict"], mean["n_seeds"]) == ("toy.mean", "reproduced", 5)
    assert (at_scale["id"], at_scale["verdict"], at_scale["budget"]) == ("toy.mean", "not reproduced", "paper")
    assert (high["id"], high["verdict"]) == ("toy.high", "not reproduced")
    assert (unmeasured["id"], unmeasured["verdict"], unmeasured["value"]) == ("toy.unmeasured", "open", None)
    page = (built.html / "book/scoreboard.html").read_text()
    assert 'id="claim-toy.mean"' in page and "could not be measured: nobody looked" in page
    assert "not at 0 * 1 | 2." in page, "a statement is words, never markup"
    chapter = (built.html / CHAPTER).read_text()
    assert "scoreboard.html#claim-toy.mean" in chapter and "<tt" not in chapter


def test_what_is_built_is_not_built_again(toy: ToyBook, capsys: pytest.CaptureFixture[str]):
    toy.take("book")
    printed = capsys.readouterr().out
    assert "01_toy: unchanged" in printed and "02_more: unchanged" in printed and "site: unchanged" in printed


def test_other_parameters_are_another_execution(toy: ToyBook, quick: None, capsys: pytest.CaptureFixture[str]):
    other = toy.build("execute", "--chapter", "01_toy", "--dataset", "mnist", "--seed", "7")
    assert other.returncode == 0 and "running" in other.stdout, other.stderr
    toy.take("site", "01_toy", DATASET="mnist", SEED="7")
    assert records(toy)[0]["dataset"] == "mnist"
    shown = (toy.root / "_build/stage/notebooks/01_toy.ipynb").read_text()
    assert "DATASET = 'mnist'  # µ" in shown and "SEED = 7" in shown, "the page shows the parameters that ran"
    toy.take("book")
    assert "01_toy: unchanged" in capsys.readouterr().out, "the first execution is still there"


def test_a_warning_is_an_error_and_the_last_whole_site_stays(toy: ToyBook):
    (toy.root / "book" / "index.md").write_text("# Toy\n\n[Nowhere](nowhere.md)\n")
    with pytest.raises(BuildError, match="nowhere"):
        toy.take("book")
    assert (toy.html / "index.html").exists()
    assert not list((toy.root / "_build").rglob(".*.ipynb.*")), "no temporary file is left"


def test_a_chapter_runs_again_when_a_table_that_it_reads_changes(toy: ToyBook, monkeypatch: pytest.MonkeyPatch):
    for name, path in (("ROOT", toy.root), ("BOOK", toy.root / "book"), ("NOTEBOOKS", toy.root / "notebooks")):
        monkeypatch.setattr(cache, name, path)
    path = toy.root / "notebooks" / "01_toy.ipynb"
    results = toy.root / "book" / "results"
    reads, reads_not = (small_chapter(SETUP, cell) for cell in ('t = read_results("mine")', "t = 1"))
    before = cache.key(path, reads), cache.key(path, reads_not)
    (results / "other.csv").write_text("a\n1\n")
    assert (cache.key(path, reads), cache.key(path, reads_not)) == before
    keys = set()
    for name in ("mine.csv", "mine.json"):
        (results / name).write_text("1")
        keys.add(cache.key(path, reads))
    assert len(keys | {before[0]}) == 3 and cache.key(path, reads_not) == before[1]


def test_refresh_writes_text_outputs_that_nbval_accepts_and_a_corrupted_number_fails(
    toy: ToyBook, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
):
    path = toy.root / "notebooks" / "01_toy.ipynb"
    toy.take("refresh", "01_toy")
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if "image/png" in output.get("data", {})]
    assert not [output for output in outputs if "landscape" in output.get("metadata", {})]
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    text = path.read_text()
    toy.take("refresh", "01_toy")
    assert path.read_text() == text, "refreshing again changes no byte"
    assert capsys.readouterr().out.count("01_toy: unchanged") == 2, "outputs written back are no change"
    assert "0.746 [0.710, 0.782]" in text
    executed = cache.executed(path, toy.kept())
    assert not differences(request.session, path, executed)
    path.write_text(text.replace("0.746", "0.747", 1))
    (difference,) = differences(request.session, path, executed)
    assert "0.747" in difference, "a changed number in a claim must fail"


# ---- What stops the build ----


@pytest.mark.parametrize(
    "source, arguments, says",
    [
        (
            "from landscape_lib.report import show\nshow(None, name=DATASET, caption='Of no thing', alt='', of=[])",
            ["--dataset", "mnits"],
            "notebooks/01_toy.ipynb, cell 2 ('from landscape_lib.report import show'): "
            "ValueError: show: alt of mnits is ''",
        ),
        (
            "import time; time.sleep(60)",
            ["--timeout", "1"],
            "cell 2 ('import time; time.sleep(60)') ran for more than 1 s",
        ),
        ("import os; os._exit(3)", [], "cell 2 ('import os; os._exit(3)'): DeadKernelError"),
    ],
)
def test_a_chapter_that_fails_is_named_with_its_cell(toy: ToyBook, source: str, arguments: list[str], says: str):
    toy.chapter(small_chapter(source))
    done = toy.build("book", "--chapter", "01_toy", *arguments)
    assert done.returncode == 1
    assert "[book] stopped: " in done.stderr and says in done.stderr
    assert not toy.kept().exists()


@pytest.mark.parametrize(
    "chapter, wanted, says",
    [
        ("01_toy", {"SEED": "many"}, "SEED=many: notebooks/01_toy.ipynb wants a value like 0"),
        ("03_toy", {}, "CHAPTER=03_toy: no such notebook; there is 01_toy, 01_toy_appendix, 02_more"),
        ("01_toy", {"SPEED": "1"}, "notebooks/01_toy.ipynb has no parameter SPEED; it declares BUDGET, DATASET, SEED"),
        ("01_toy", {"SEED": "5"}, "notebooks/01_toy.ipynb has not run just so; `make book` runs it"),
    ],
)
def test_what_cannot_be_asked_for_is_named(toy: ToyBook, chapter: str, wanted: dict[str, str], says: str):
    with pytest.raises(BuildError) as stopped:
        toy.take("site", chapter, **wanted)
    assert says in str(stopped.value)


ONE_AGAIN = 'claim("toy.mean", lambda: bootstrap(samples), of=table)'
UNSTATED = CLAIMED.replace('claim("toy.high', 'False and claim("toy.high')


def shown(mime: str, content: str) -> NotebookNode:
    return new_output("display_data", data={mime: content})


@pytest.mark.parametrize(
    "sources, output, says",
    [
        (
            [SETUP, CLAIMED, ONE_AGAIN],
            None,
            "cell 4: states toy.mean again at class budget; notebooks/01_toy.ipynb, cell 3 did already",
        ),
        (
            [SETUP, UNSTATED],
            None,
            "notebooks/01_toy.ipynb, cell 3: never states toy.high, a claim of notebooks/01_toy.claims.yml",
        ),
        (["1 + 1"], None, "notebooks/01_toy.ipynb: never states toy.high, a claim of notebooks/01_toy.claims.yml"),
        ([SETUP, CLAIMED, ASK_CHOICE], None, "notebooks/01_toy.ipynb, cell 4: asks few, which no later cell measures"),
        (
            [SETUP, CLAIMED, ASK_CHOICE, ASK_CHOICE],
            None,
            "notebooks/01_toy.ipynb, cell 5: asks few again, as cell 4 did",
        ),
        (
            [SETUP, CLAIMED, "shown()"],
            shown("image/png", "AAAA"),
            "notebooks/01_toy.ipynb, cell 4: a picture without caption and alt text",
        ),
        (
            [SETUP, CLAIMED, "shown()"],
            shown("text/html", '<img src="a.png" alt="">'),
            "notebooks/01_toy.ipynb, cell 4: a picture without alt text, <img",
        ),
        (
            [SETUP, CLAIMED, "shown()"],
            shown("image/svg+xml", "<svg></svg>"),
            "notebooks/01_toy.ipynb, cell 4: a picture of type image/svg+xml",
        ),
        ([SETUP, CLAIMED], None, "notebooks/01_toy.ipynb: shows no question size, half of notebooks/01_toy.quiz.yml"),
    ],
)
def test_what_may_not_be_shown_stops_the_build(
    toy: ToyBook, sources: list[str], output: NotebookNode | None, says: str
):
    site = (toy.html / CHAPTER).read_text()
    chapter = small_chapter(*sources)
    chapter.cells[-1].outputs = [output] if output else []
    toy.play(chapter)
    with pytest.raises(BuildError) as stopped:
        toy.take("site", "01_toy")
    assert says in str(stopped.value)
    assert (toy.html / CHAPTER).read_text() == site, "no site is taken for whole but the last one"


def test_a_quiz_that_is_wrong_stops_the_build(toy: ToyBook):
    executed = nbformat.read(toy.kept(), as_version=4)
    (toy.root / "notebooks" / "01_toy.quiz.yml").write_text(QUIZ.replace("right: true, ", ""))
    toy.keep(executed)
    with pytest.raises(ValueError, match="01_toy.quiz.yml: size has no right answer"):
        toy.take("site", "01_toy")


def test_claim_without_a_rule_stops_the_build(toy: ToyBook):
    executed = nbformat.read(toy.kept(), as_version=4)
    (toy.root / "notebooks" / "01_toy.claims.yml").write_text(MEAN.replace("toy.mean", "toy.other"))
    with pytest.raises(BuildError, match="01_toy.ipynb has not run just so"):  # and says so itself, when it runs
        toy.take("site", "01_toy")
    toy.keep(executed)
    with pytest.raises(BuildError, match=r"states toy\.\w+, which has no rule; add it to 01_toy.claims.yml"):
        toy.take("site", "01_toy")


def test_claim_of_a_chapter_that_is_not_there_stops_the_build(toy: ToyBook):
    executed = nbformat.read(toy.kept(), as_version=4)
    (toy.root / "notebooks" / "03_toy.claims.yml").write_text(UNMEASURED.replace("toy.unmeasured", "none.here"))
    toy.keep(executed)
    with pytest.raises(BuildError) as stopped:
        toy.take("site", "01_toy")
    assert "notebooks/03_toy.claims.yml: none.here has no chapter; add 03_toy.ipynb" in str(stopped.value)


def test_narrowed_site_leaves_out_what_never_ran(toy: ToyBook, capsys: pytest.CaptureFixture[str]):
    for file in (toy.root / "_build" / "executed" / "02_more").iterdir():
        file.unlink()
    toy.take("site", "01_toy")
    assert "never run here: 02_more" in capsys.readouterr().out
    assert "not measured" in (toy.html / "book/scoreboard.html").read_text()
    assert not (toy.html / "notebooks/02_more.html").exists()


def test_a_picture_of_a_table_has_its_strip(built: ToyBook, toy: ToyBook):
    page = (built.html / "book/index.html").read_text()
    assert "book/results/toy.csv" in page and "python toy.py" in page and "made from:" not in page
    index = toy.root / "book" / "index.md"
    index.write_text(index.read_text().replace("results/toy.json", "results/u.json"))
    with pytest.raises(BuildError, match="book/index.md: made from book/results/u.json, which is not there"):
        toy.take("site")


# ---- Two builds, a full disk, an interrupt ----


def test_two_builds_at_once_wait_for_each_other(toy: ToyBook):
    go = toy.root / "go"
    waiting = f"import time\nfrom pathlib import Path\nwhile not Path({str(go)!r}).exists(): time.sleep(0.1)"
    toy.chapter(small_chapter(waiting, "2"))
    command = [sys.executable, "-m", "builder", "execute", "--chapter", "01_toy"]
    piped = {"stdout": subprocess.PIPE, "text": True, "cwd": toy.root / "book"}
    with subprocess.Popen(command, **piped) as first:
        assert first.stdout is not None and "running" in first.stdout.readline()
        with subprocess.Popen(command, **piped) as second:
            assert second.stdout is not None
            waits = second.stdout.readline()
            go.touch()
            goes_on = second.stdout.read()
    assert f"another build is at work here (process {first.pid})" in waits and "01_toy: unchanged" in goes_on
    assert first.returncode == second.returncode == 0


def test_a_full_disk_is_told_and_nothing_half_built_is_taken_for_whole(
    toy: ToyBook, quick: None, capsys: pytest.CaptureFixture[str]
):
    """A limit on the size of a file stands for a full disk: the same error, by another name, from the same writes."""
    shutil.rmtree(toy.html)
    code = (
        "import errno, resource, runpy, sys; errno.ENOSPC = errno.EFBIG; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); "
        "sys.argv = ['builder', 'book']; runpy.run_module('builder', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, cwd=toy.root / "book")
    assert done.returncode == 1 and "the disk is full (" in done.stderr and "`make book` goes on" in done.stderr
    assert len(done.stderr.splitlines()) == 1, "its reason, and no traceback"
    assert not toy.html.exists()
    toy.take("book")
    printed = capsys.readouterr().out
    assert "01_toy: unchanged" in printed and "site: built" in printed


def test_a_chapter_whose_process_dies_is_named(toy: ToyBook):
    toy.chapter(small_chapter("import os, signal; os.kill(os.getppid(), signal.SIGKILL)"))
    done = toy.build("execute", "--chapter", "01_toy")
    assert done.returncode == 1 and "notebooks/01_toy.ipynb: its process ended with -9" in done.stderr
    assert not toy.kept().exists()


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("step", ["chapter", "site"])
@pytest.mark.parametrize("sent", ["Ctrl-C", "SIGTERM"])
def test_an_interrupted_build_says_so_and_the_next_goes_on(toy: ToyBook, quick: None, step: str, sent: str):
    shutil.rmtree(toy.html)
    if step == "chapter":
        toy.chapter(small_chapter("import time; time.sleep(30)"))
    command = [sys.executable, "-m", "builder", "book"]
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": toy.root / "book"}
    with subprocess.Popen(command, start_new_session=True, **piped) as build:
        until = "running/01_toy.ipynb" if step == "chapter" else "work.*/_build/html"
        started: list[psutil.Process] = []
        while not (started and list((toy.root / "_build").glob(until))) and build.poll() is None:
            time.sleep(0.05)
            started = psutil.Process(build.pid).children(recursive=True)
        if sent == "Ctrl-C":
            os.killpg(build.pid, signal.SIGINT)  # as a terminal does: to all of them
        else:
            build.terminate()  # as a machine that stops does, or a program: to one of them
        _, printed = build.communicate(timeout=30)
    assert build.returncode == 130 and printed.endswith("nothing half-made was kept, `make book` goes on from here\n")
    _, left = psutil.wait_procs(started, timeout=10)
    assert started and not left, "nothing that it had started goes on"
    assert not toy.html.exists()
    if step == "chapter":
        assert not list((toy.root / "_build" / "running").iterdir())
        toy.chapter(whole_chapter())  # which ran already
    toy.take("book")
    assert (toy.html / "index.html").is_file() and not list((toy.root / "_build").glob("work.*"))
