"""Run a chapter with papermill, unless it ran already just so."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ..messages import BuildError, say
from ..paths import BUILD, EXECUTED, NOTEBOOKS, show, write
from .cache import key
from .parameters import with_parameters

KEPT = 4  # executions kept of each chapter: other data sets, other budgets


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
    done = with_papermill(path, notebook, timeout)
    # Beside the notebook, and not in it: times differ from run to run.
    took = {cell.id: cell.metadata.get("papermill", {}).get("duration") for cell in done.cells if "id" in cell}
    write(target.with_suffix(".seconds.json"), json.dumps({name: time for name, time in took.items() if time}))
    write(target, nbformat.writes(tidy(done)))
    for old in sorted(target.parent.glob("*.ipynb"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        old.with_suffix(".seconds.json").unlink(missing_ok=True)
        old.unlink()
    say(f"{path.stem}: ran in {time.perf_counter() - start:.1f} s")
    return target


def with_papermill(path: Path, notebook: NotebookNode, timeout: int) -> NotebookNode:
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
        kind, what = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
        place = f"{show(path)}, {last_cell(partial)}"
        raise BuildError(f"{place}: {f'{kind}: {what}'.strip()}\n(what ran until then: {show(partial)})") from error
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
