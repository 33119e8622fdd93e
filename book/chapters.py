"""Chapters: their parameters, their execution, their committed outputs. `build.py` is the command."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS, BOOK, BUILD = ROOT / "notebooks", ROOT / "book", ROOT / "_build"
EXECUTED = BUILD / "executed"
KEPT = 4  # executions kept of each chapter: other data sets, other budgets
RUNS = {".py", ".json", ".mplstyle"}  # what of the library a notebook's outputs depend on
READS = re.compile(r"read_results\(\"(\w+)\"\)")  # measured tables that a notebook draws
HEAVY = 50_000  # characters of an HTML output that no committed notebook should carry


class BuildError(Exception):
    """What stops the build, in words for its reader."""


def say(text: str) -> None:
    print(f"[book] {text}", flush=True)


def show(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def write(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def chapters(only: str | None) -> list[Path]:
    """The notebooks to build, in order."""
    found = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    if only is None:
        return found
    if chosen := [path for path in found if path.stem == only]:
        return chosen
    raise BuildError(f"CHAPTER={only}: no such notebook; there is {', '.join(path.stem for path in found) or 'none'}")


def jupyter_book(source: Path, out: Path, *options: str) -> None:
    """Build what Jupyter Book makes of a tree, into a folder of its own."""
    tool = Path(sys.executable).with_name("jupyter-book")
    command = [tool, "build", source, "--path-output", out, "--quiet", *options]
    done = subprocess.run(command, text=True, capture_output=True)
    if done.returncode:
        raise BuildError(f"jupyter-book stopped:\n{done.stdout}\n{done.stderr}")


def with_parameters(path: Path, wanted: dict[str, str]) -> NotebookNode:
    """The notebook with the wanted values written into its `parameters` cell, which the page then shows.

    A name that the cell does not declare is refused here; a value that makes no sense is refused by the notebook.
    """
    notebook = nbformat.read(path, as_version=4)
    cell = parameters_cell(path, notebook)
    declared = declarations(cell)
    lines = cell.source.splitlines()
    for name, text in wanted.items():
        if name not in declared:
            raise BuildError(f"{show(path)} has no parameter {name}; it declares {', '.join(declared)}")
        node = declared[name]
        try:
            value = type(ast.literal_eval(node))(text)
        except ValueError:
            raise BuildError(f"{name}={text}: {show(path)} wants a value like {ast.unparse(node)}") from None
        if value == ast.literal_eval(node):  # asked for or not, the default is one execution
            continue
        line = lines[node.lineno - 1].encode()  # ast counts bytes
        lines[node.lineno - 1] = (line[: node.col_offset] + repr(value).encode() + line[node.end_col_offset :]).decode()
    cell.source = "\n".join(lines)
    return notebook


def parameters_cell(path: Path, notebook: NotebookNode) -> NotebookNode:
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise BuildError(f"{show(path)}: {len(cells)} cells are tagged `parameters`; a chapter has one")
    return cells[0]


def declarations(cell: NotebookNode) -> dict[str, ast.expr]:
    """The names that a cell assigns, each with its expression."""
    return {
        node.targets[0].id: node.value
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def parameters(path: Path, notebook: NotebookNode) -> dict[str, object]:
    """The values that a notebook ran with."""
    declared = declarations(parameters_cell(path, notebook))
    return {name: ast.literal_eval(value) for name, value in declared.items()}


def recorded(notebook: NotebookNode, key: str) -> Iterator[dict[str, Any]]:
    """The facts under one name in the metadata of all outputs."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if found := output.get("metadata", {}).get(key):
                yield found


def key(notebook: NotebookNode) -> str:
    """What an execution depends on: a notebook with its parameters, the tables it reads, library, claims, pins.

    What is said of slides runs nothing, so it may change without a new execution.
    """
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for cell in notebook.cells:
        metadata = {name: value for name, value in cell.metadata.items() if name != "slideshow"}
        digest.update(json.dumps([cell.cell_type, cell.source, metadata], sort_keys=True).encode())
    library = [file for file in sorted((ROOT / "landscape_lib").rglob("*")) if file.suffix in RUNS]
    beside = sorted(NOTEBOOKS.glob("*.quiz.yml"))
    read = set(READS.findall("\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")))
    tables = [file for name in sorted(read) for file in sorted((BOOK / "results").glob(f"{name}.*"))]
    for file in [*library, *beside, *tables, BOOK / "claims.yml", ROOT / "requirements.lock"]:
        digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def executed(path: Path, file: Path) -> NotebookNode:
    """An execution of a chapter, with what the chapter says now of its slides."""
    notebook = nbformat.read(file, as_version=4)
    said = {cell.get("id"): cell.metadata.get("slideshow") for cell in nbformat.read(path, as_version=4).cells}
    for cell in notebook.cells:
        cell.metadata.pop("slideshow", None)
        if slideshow := said.get(cell.get("id")):
            cell.metadata["slideshow"] = slideshow
    return notebook


def seconds(file: Path) -> dict[str, float]:
    """What the cells of an execution took, by their ids; nothing where it was not written down."""
    times = file.with_suffix(".seconds.json")
    return json.loads(times.read_text(encoding="utf-8")) if times.exists() else {}


def execute(path: Path, wanted: dict[str, str], timeout: int) -> Path:
    """Run one chapter, unless it ran already just so; return the executed notebook."""
    notebook = with_parameters(path, wanted)
    target = EXECUTED / path.stem / f"{key(notebook)}.ipynb"
    if target.exists():
        os.utime(target)  # the newest is the chapter's current one
        say(f"{path.stem}: unchanged")
        return target
    say(f"{path.stem}: running {' '.join(f'{k}={v}' for k, v in wanted.items()) or 'with its defaults'} …")
    start = time.perf_counter()
    done = run(path, notebook, timeout)
    # Beside the notebook, and not in it: times differ from run to run.
    took = {cell.id: cell.metadata.get("papermill", {}).get("duration") for cell in done.cells if "id" in cell}
    write(target.with_suffix(".seconds.json"), json.dumps({name: time for name, time in took.items() if time}))
    write(target, nbformat.writes(tidy(done)))
    for old in sorted(target.parent.glob("*.ipynb"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        old.with_suffix(".seconds.json").unlink(missing_ok=True)
        old.unlink()
    say(f"{path.stem}: ran in {time.perf_counter() - start:.1f} s")
    return target


def run(path: Path, notebook: NotebookNode, timeout: int) -> NotebookNode:
    """Execute with papermill; a failure names the notebook, the cell and the error."""
    import papermill
    from nbclient.exceptions import CellTimeoutError

    partial = BUILD / "running" / path.name
    partial.parent.mkdir(parents=True, exist_ok=True)
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not one of the user's
    quiet = ["--IPKernelApp.log_level=50"]  # or the kernel warns that it talks over a local port
    options = {"kernel_name": "python3", "progress_bar": False, "extra_arguments": quiet}
    try:
        done = papermill.execute_notebook(notebook, partial, cwd=NOTEBOOKS, execution_timeout=timeout, **options)
    except KeyboardInterrupt:
        partial.unlink(missing_ok=True)
        raise
    except CellTimeoutError:
        what = f"ran for more than {timeout} s; make it faster, or allow more with TIMEOUT="
        raise BuildError(f"{show(path)}, {last_cell(partial)} {what}") from None
    except Exception as error:
        what = f"{error.ename}: {error.evalue}" if hasattr(error, "ename") else f"{type(error).__name__}: {error}"
        place = f"{show(path)}, {last_cell(partial)}"
        raise BuildError(f"{place}: {what.strip()}\n(what ran until then: {show(partial)})") from error
    partial.unlink()
    return done


def last_cell(partial: Path) -> str:
    """The cell that failed, or the last one that began: papermill writes its state down as it goes."""
    last = "before its first cell"
    if partial.exists():
        cells = nbformat.read(partial, as_version=4).cells
        # papermill puts notes of its own before a failed cell and on top
        cells = [cell for cell in cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", [])]
        for number, cell in enumerate(cells):
            state = cell.metadata.get("papermill", {})
            if cell.cell_type == "code" and state.get("start_time"):
                last = f"cell {number} ({cell.source.strip().splitlines()[0][:60]!r})"
                if state.get("exception"):
                    return last
    return last


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Drop what differs from run to run: times, papermill's notes; join the pieces of a stream."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        for name in ("papermill", "execution"):
            cell.metadata.pop(name, None)
        if not cell.metadata.get("tags", True):  # papermill adds an empty list
            del cell.metadata["tags"]
        outputs: list[NotebookNode] = []
        for output in cell.get("outputs", []):
            last = outputs[-1] if outputs else {}
            if output.output_type == "stream" == last.get("output_type") and output.name == last["name"]:
                last["text"] += output.text
            else:
                outputs.append(output)
        if cell.cell_type == "code":
            cell.outputs = outputs
    return notebook


def refresh(path: Path, timeout: int) -> None:
    """Write a chapter's outputs back without pictures and records: what nbval compares, and no more."""
    notebook = executed(path, execute(path, {}, timeout))
    notebook.metadata.pop("widgets", None)
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            for name in [name for name in output.get("metadata", {}) if name.startswith("landscape")]:
                del output.metadata[name]
            data = output.get("data", {})
            for mime in [mime for mime in data if mime.startswith(("image/", "application/vnd."))]:
                del data[mime]
            if len(data.get("text/html", "")) > HEAVY:
                if "nbval-ignore-output" not in cell.metadata.get("tags", []):
                    size = len(data["text/html"]) // 1000
                    raise BuildError(
                        f"{show(path)}, cell {number}: {size} kB of HTML is too much to commit; "
                        "make it smaller, or tag the cell nbval-ignore-output so that it can be left out"
                    )
                del data["text/html"]
    write(path, nbformat.writes(notebook) + "\n")
    say(f"{show(path)}: outputs written")
