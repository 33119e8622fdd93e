"""The handbook's page on sweeps: its commands are commands, and its programs run."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from landscape_lib._sweep_command import STORES, _lines
from landscape_lib.cli import _parser
from landscape_lib.experiments.grids import jamming as grids
from landscape_lib.report import read_results
from landscape_lib.sweeps import Progress

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "book" / "sweeps.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
PROGRAMS = {named[1]: text for kind, text in BLOCKS if kind == "python" and (named := re.match(r"# (\w+\.py)\n", text))}
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]

# What stands in for the two clusters: it takes the arguments that the page gives, and starts one worker here. Its
# dashboard's port is any that is free: the usual one may be another test's, and Dask warns of that.
STAND_IN = """
import distributed

class {name}(distributed.LocalCluster):
    def __init__(self, *, {arguments}):
        super().__init__(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0")

    def scale(self, n=0, jobs=0):
        assert jobs in (0, 10)
        return None if jobs else super().scale(n)
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a program of the page in an empty folder, as `python` does."""
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return lambda name: runpy.run_path(str(tmp_path / name), run_name="__main__")


def test_the_page_has_what_is_tested_here():
    assert sorted(PROGRAMS) == ["run.py", "sweep_kubernetes.py", "sweep_slurm.py", "untrained.py"]
    assert len([line for line in COMMANDS if line.startswith("landscape ")]) == 4
    assert {line.split()[0] for line in COMMANDS} == {"landscape", "dask"}
    assert str(STORES / "jamming-class-digits-0.sqlite") in PAGE


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("landscape ")])
def test_its_commands_are_understood(line: str):
    _, *arguments = shlex.split(line)
    assert _parser().parse_args(arguments).run is not None


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("dask ")])
def test_dask_knows_the_options_it_is_given(line: str):
    _, what, *arguments = shlex.split(line)
    done = subprocess.run([sys.executable, "-m", "dask", what, "--help"], capture_output=True, text=True, check=True)
    assert {word for word in arguments if word.startswith("--")} <= set(re.findall(r"--[a-z-]+", done.stdout))


def test_an_experiment_of_ones_own_runs_and_is_not_run_again(run, tmp_path: Path, capsys):
    run("run.py")
    printed = capsys.readouterr().out
    assert "6 points" in printed and "1000" in printed
    table, first = read_results(tmp_path / "untrained.csv"), (tmp_path / "untrained.csv").read_bytes()
    assert len(table) == 18 and table.unsatisfied.between(1, table.P).all()
    record = json.loads((tmp_path / "untrained.json").read_text())
    assert (record["experiment"], record["seeds"], record["command"]) == (
        "untrained.untrained",
        "0 to 2",
        "python run.py",
    )
    (tmp_path / "untrained.csv").unlink()
    run("run.py")
    assert capsys.readouterr().out == printed
    assert (tmp_path / "untrained.csv").read_bytes() == first
    assert json.loads((tmp_path / "untrained.json").read_text())["seconds"] == record["seconds"]


@pytest.mark.parametrize(
    "program, module, name",
    [
        ("sweep_slurm.py", "dask_jobqueue", "SLURMCluster"),
        ("sweep_kubernetes.py", "dask_kubernetes/operator", "KubeCluster"),
    ],
)
def test_the_programs_for_clusters_run_with_a_stand_in(program, module, name, run, tmp_path: Path, monkeypatch):
    def grid(budget, dataset, seed):
        assert budget == "paper"
        common = {
            "dataset": "digits",
            "labels": "parity",
            "widths": (3, 4),
            "seeds": (seed,),
            "d": 5,
            "L": 2,
            "steps": 20,
        }
        return [{**common, "P": P} for P in (30, 20)]

    text = PROGRAMS[program]
    call = text[text.index(f"{name}(\n") :].split("\n    )\n")[0]
    arguments = re.findall(r"^        (\w+)=", call, flags=re.MULTILINE)
    assert len(arguments) >= 6
    (tmp_path / module).parent.mkdir(exist_ok=True)
    (tmp_path / f"{module}.py").write_text(STAND_IN.format(name=name, arguments=", ".join(arguments)))
    monkeypatch.setattr(grids, "grid", grid)
    run(program)
    (written,) = tmp_path.glob("jamming_paper_*.csv")
    assert len(read_results(written)) == 4


def test_a_table_of_the_book_says_when_it_was_measured(capsys):
    (last,) = [
        text for kind, text in BLOCKS if kind == "python" and text.startswith("from landscape_lib.report import read")
    ]
    exec(last, {})
    assert capsys.readouterr().out == "2026-11-28\n"


def test_its_example_of_a_status_is_what_the_command_prints():
    (shown,) = [text for kind, text in BLOCKS if kind == "text"]
    half_way = Progress("jamming-class-digits-0", 9, 2, 0, 12, 0, workers=2, mean_seconds=5.0, failures=(), others=0)
    store = STORES / "jamming-class-digits-0.sqlite"
    assert shown == "\n".join([f"{half_way.name}, in {store}", *_lines(half_way, tracebacks=False)]) + "\n"
