"""The builder, on a book in miniature: what runs, what does not run again, and what stops it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from builder.execute import cache

from .conftest import CLAIMS, MEASURE, ToyBook, toy_notebook

RECORD_KEYS = {"id", "chapter", "verdict", "value", "ci", "n_seeds", "budget", "dataset"}
RECORD_KEYS |= {"data_sha256", "reference", "commit", "seconds"}
SLEEP = "import time; time.sleep(60)"


def test_book_is_built_once_and_states_its_claims(toy: ToyBook):
    first = toy.build("book")
    assert first.returncode == 0, first.stderr
    record, unmeasured = json.loads((toy.root / "_build/claims.json").read_text())
    assert set(record) >= RECORD_KEYS
    assert (unmeasured["id"], unmeasured["verdict"], unmeasured["value"]) == ("toy.unmeasured", "open", None)
    assert (record["id"], record["verdict"], record["n_seeds"]) == ("toy.mean", "reproduced", 5)
    page = (toy.root / "_build/html/book/scoreboard.html").read_text()
    assert 'id="claim-toy.mean"' in page and "could not be measured: nobody looked" in page
    assert "not at 0 * 1 | 2." in page, "a statement is words, never markup"
    chapter = (toy.root / "_build/html/notebooks/01_toy.html").read_text()
    assert "scoreboard.html#claim-toy.mean" in chapter and "<tt" not in chapter

    second = toy.build("book")
    assert "01_toy: unchanged" in second.stdout and "site: unchanged" in second.stdout

    other = toy.build("book", "--dataset", "mnist", "--seed", "7")
    assert other.returncode == 0, other.stderr
    record, _ = json.loads((toy.root / "_build/claims.json").read_text())
    assert record["dataset"] == "mnist"
    shown = (toy.root / "_build/stage/notebooks/01_toy.ipynb").read_text()
    assert "DATASET = 'mnist'  # µ" in shown and "SEED = 7" in shown, "the page shows the parameters that ran"
    assert "01_toy: unchanged" in toy.build("book").stdout, "the first execution is still there"

    (toy.root / "book" / "index.md").write_text("# Toy\n\n[Nowhere](nowhere.md)\n")
    broken = toy.build("book")
    assert broken.returncode == 1 and "nowhere" in broken.stderr, "a warning is an error"
    assert (toy.root / "_build/html/index.html").exists(), "and the last whole site stays"
    assert not list((toy.root / "_build").rglob(".*.ipynb.*")), "no temporary file is left"


def test_a_chapter_runs_again_when_a_table_that_it_reads_changes(toy: ToyBook, monkeypatch: pytest.MonkeyPatch):
    for name, path in (("ROOT", toy.root), ("BOOK", toy.root / "book"), ("NOTEBOOKS", toy.root / "notebooks")):
        monkeypatch.setattr(cache, name, path)
    path = toy.root / "notebooks" / "01_toy.ipynb"
    (results := toy.root / "book" / "results").mkdir()
    reads, reads_not = (toy_notebook(MEASURE, cell) for cell in ('t = read_results("mine")', "t = 1"))
    before = cache.key(path, reads), cache.key(path, reads_not)
    (results / "other.csv").write_text("a\n1\n")
    assert (cache.key(path, reads), cache.key(path, reads_not)) == before
    keys = set()
    for name in ("mine.csv", "mine.json"):
        (results / name).write_text("1")
        keys.add(cache.key(path, reads))
    assert len(keys | {before[0]}) == 3 and cache.key(path, reads_not) == before[1]


def test_refresh_writes_text_outputs_that_nbval_accepts_and_a_corrupted_number_fails(toy: ToyBook):
    toy.chapter(MEASURE, "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])")
    done = toy.build("refresh")
    assert done.returncode == 0, done.stderr
    path = toy.root / "notebooks" / "01_toy.ipynb"
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if "image/png" in output.get("data", {})]
    assert not [output for output in outputs if "landscape" in output.get("metadata", {})]
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    text = path.read_text()
    toy.build("refresh")
    assert path.read_text() == text, "refreshing again changes no byte"
    assert "01_toy: unchanged" in toy.build("execute").stdout, "outputs written back are no change"
    assert nbval(path) == 0
    assert "0.746 [0.710, 0.782]" in text
    path.write_text(text.replace("0.746", "0.747", 1))
    assert nbval(path) == 1, "a changed number in a claim must fail"


def nbval(path: Path) -> int:
    options = ["-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", path.parent, "--nbval", "--nbval-current-env"]
    return subprocess.run([sys.executable, "-m", "pytest", *options, path], capture_output=True, timeout=120).returncode


AGAIN = MEASURE.splitlines()[-1]
ASK = """\
from landscape_lib.report import predict
guess = predict.choose("left", "How many are left?", {"few": (0, 3), "many": (3, 9)})"""
FIGURE = """\
import matplotlib.pyplot as plt
from landscape_lib.report import Source, show
made = Source(sorted, [0], "digits", "0" * 64, 1.0)
show(plt.figure(), name="fig", caption="A figure of nothing", alt={alt}, of=made)"""
DRAWN = "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])"
EXPLORER = """\
from landscape_lib.report import Source, explore
explore(print, {"h": []}, name="e", caption="It has no frames.", of=Source(sorted, [0], "digits", "0" * 64, 1.0))"""
UNSAID = 'from IPython.display import HTML\nHTML(\'<img src="a.png" alt="">\')'
SVG = "from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>')"
QUIZ = """\
- id: q
  question: Which one?
  options: [{text: a, feedback: so}, {text: b, feedback: so}]
"""
UNSTATED = MEASURE.replace('claim("toy.mean', 'False and claim("toy.mean')


@pytest.mark.parametrize(
    "cells, arguments, says",
    [
        ([MEASURE, "1 / 0"], [], "notebooks/01_toy.ipynb, cell 3 ('1 / 0'): ZeroDivisionError: division by zero"),
        ([MEASURE], ["--dataset", "mnits"], "cell 2 ('import pandas as pd'): ValueError"),
        ([MEASURE], ["--seed", "many"], "SEED=many: notebooks/01_toy.ipynb wants a value like 0"),
        ([MEASURE], ["--chapter", "02_toy"], "CHAPTER=02_toy: no such notebook; there is 01_toy"),
        (
            [MEASURE, AGAIN],
            [],
            "cell 3: states toy.mean again at class budget; notebooks/01_toy.ipynb, cell 2 did already",
        ),
        (
            [UNSTATED],
            [],
            "notebooks/01_toy.ipynb, cell 2: never states toy.mean, a claim of notebooks/01_toy.claims.yml",
        ),
        (["1 + 1"], [], "notebooks/01_toy.ipynb: never states toy.mean, a claim of notebooks/01_toy.claims.yml"),
        (
            [SLEEP],
            ["--timeout", "1"],
            f"cell 2 ({SLEEP!r}) ran for more than 1 s",
        ),
        (["import os; os._exit(3)"], [], "cell 2 ('import os; os._exit(3)'): DeadKernelError"),
        ([MEASURE, ASK], [], "notebooks/01_toy.ipynb, cell 3: asks left, which no later cell measures"),
        ([MEASURE, ASK, ASK], [], "notebooks/01_toy.ipynb, cell 4: asks left again, as cell 3 did"),
        (
            [FIGURE.format(alt="''")],
            [],
            "cell 2 ('import matplotlib.pyplot as plt'): ValueError: show: alt of fig is ''",
        ),
        ([MEASURE, DRAWN], [], "notebooks/01_toy.ipynb, cell 3: a picture without caption and alt text"),
        (
            [EXPLORER],
            [],
            "ValueError: explorer e: setting h has no values",
        ),
        (["from landscape_lib.report import quiz", "quiz('01_toy')"], [], "01_toy.quiz.yml: q has no right answer"),
        ([MEASURE, UNSAID], [], "notebooks/01_toy.ipynb, cell 3: a picture without alt text, <img"),
        ([MEASURE, SVG], [], "notebooks/01_toy.ipynb, cell 3: a picture of type image/svg+xml"),
    ],
)
def test_what_stops_the_build_is_named(toy: ToyBook, cells: list[str], arguments: list[str], says: str):
    toy.chapter(*cells)
    (toy.root / "notebooks" / "01_toy.quiz.yml").write_text(QUIZ)
    done = toy.build("book", *arguments)
    assert done.returncode == 1
    assert says in done.stderr
    assert not (toy.root / "_build" / "html").exists(), "no site is taken for whole"


def test_claim_without_a_rule_stops_the_build(toy: ToyBook):
    assert toy.build("execute").returncode == 0
    (toy.root / "notebooks" / "01_toy.claims.yml").write_text(CLAIMS.replace("toy.mean", "toy.other"))
    # The rule went away after the execution: what is cached is run again, and the notebook says so itself.
    done = toy.build("book")
    assert done.returncode == 1 and "claim 'toy.mean' has no rule" in done.stderr


def test_claim_of_a_chapter_that_is_not_there_stops_the_build(toy: ToyBook):
    _, mean, unmeasured = CLAIMS.split("- id: ")
    (toy.root / "notebooks" / "01_toy.claims.yml").write_text(f"- id: {mean}")
    (toy.root / "notebooks" / "02_toy.claims.yml").write_text(f"- id: {unmeasured}")
    toy.chapter(MEASURE.replace('claim("toy.unmeasured", unmeasured, of=table)\n', ""))
    done = toy.build("book")
    assert done.returncode == 1
    assert "notebooks/02_toy.claims.yml: toy.unmeasured has no chapter; add 02_toy.ipynb" in done.stderr


def test_undeclared_parameter_is_an_error(toy: ToyBook):
    path = toy.root / "notebooks" / "01_toy.ipynb"
    path.write_text(path.read_text().replace("SEED = 0", "SPEED = 0"))
    done = toy.build("execute", "--seed", "1")
    assert done.returncode == 1
    assert "has no parameter SEED; it declares BUDGET, DATASET, SPEED" in done.stderr


def test_narrowed_site_leaves_out_what_never_ran(toy: ToyBook):
    toy.chapter("1 + 1", name="02_more")
    more = CLAIMS.split("- id: toy.unmeasured")[0].replace("toy.mean", "more.mean")
    (toy.root / "notebooks" / "02_more.claims.yml").write_text(more)
    toc = toy.root / "_toc.yml"
    toc.write_text(toc.read_text().replace("01_toy\n", "01_toy\n- file: notebooks/02_more\n"))
    done = toy.build("book", "--chapter", "01_toy")
    assert done.returncode == 0, done.stderr
    assert "never run here: 02_more" in done.stdout
    assert "not measured in this build" in (toy.root / "_build/html/book/scoreboard.html").read_text()
    assert not (toy.root / "_build/html/notebooks/02_more.html").exists()


def test_two_builds_at_once_wait_for_each_other(toy: ToyBook):
    go = toy.root / "go"
    toy.chapter(f"import time\nfrom pathlib import Path\nwhile not Path({str(go)!r}).exists(): time.sleep(0.1)", "2")
    command = [sys.executable, "-m", "builder", "execute"]
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


def test_a_full_disk_is_told_and_nothing_half_built_is_taken_for_whole(toy: ToyBook):
    """A limit on the size of a file stands for a full disk: the same error, by another name, from the same writes."""
    assert toy.build("execute").returncode == 0
    code = (
        "import errno, resource, runpy, sys; errno.ENOSPC = errno.EFBIG; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); "
        "sys.argv = ['builder', 'book']; runpy.run_module('builder', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, cwd=toy.root / "book")
    assert done.returncode == 1 and "the disk is full (" in done.stderr and "`make book` goes on" in done.stderr
    assert len(done.stderr.splitlines()) == 1, "its reason, and no traceback"
    assert not (toy.root / "_build/html").exists()
    done = toy.build("book")
    assert done.returncode == 0 and "01_toy: unchanged" in done.stdout and "site: built" in done.stdout


@pytest.mark.parametrize("step", ["chapter", "site"])
@pytest.mark.parametrize("sent", ["Ctrl-C", "SIGTERM"])
def test_an_interrupted_build_says_so_and_the_next_goes_on(toy: ToyBook, step: str, sent: str):
    if step == "chapter":
        toy.chapter("import time; time.sleep(30)")
    else:
        assert toy.build("execute").returncode == 0
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
        _, said = build.communicate(timeout=30)
    assert build.returncode == 130 and said.endswith("nothing half-made was kept, `make book` goes on from here\n")
    _, left = psutil.wait_procs(started, timeout=10)
    assert started and not left, "nothing that it had started goes on"
    assert not (toy.root / "_build/html").exists()
    if step == "chapter":
        toy.chapter(MEASURE)
    done = toy.build("book")
    assert done.returncode == 0 and (toy.root / "_build/html/index.html").is_file(), done.stderr


def test_a_picture_of_a_table_has_its_strip(toy: ToyBook):
    facts = {"experiment": "a.b", "seeds": "0 to 9", "dataset": "digits", "data_sha256": "0" * 64, "seconds": 3.0}
    facts |= {"commit": "c" * 40, "versions": "v", "machine": "m", "date": "d", "reproduces": None, "command": "do it"}
    (toy.root / "book" / "results").mkdir()
    (toy.root / "book" / "results" / "t.json").write_text(json.dumps(facts))
    page = "# Toy\n\nSee [the chapter](../notebooks/01_toy.ipynb).\n\n<!-- made from: book/results/{}.json -->\n"
    (toy.root / "book" / "index.md").write_text(page.format("t"))
    assert toy.build("book").returncode == 0
    built = (toy.root / "_build/html/book/index.html").read_text()
    assert "book/results/t.csv" in built and "do it" in built and "made from:" not in built
    (toy.root / "book" / "index.md").write_text(page.format("u"))
    assert "book/index.md: made from book/results/u.json, which is not there" in toy.build("book").stderr
