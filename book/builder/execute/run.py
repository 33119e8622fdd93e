"""Run chapters with papermill, several at once, each unless it ran already just so."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ..messages import BuildError, say
from ..paths import BUILD, EXECUTED, NOTEBOOKS, show, write
from .cache import key
from .parameter_cell import with_parameters

KEPT = 4  # executions kept of each chapter: other data sets, other budgets
GRACE = 10  # seconds for an interrupted chapter to end its kernel
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# Arithmetic that rounds alike on every x86 processor: the Makefile's, for those who call the builder without it.
ROUNDING = {"MKL_CBWR": "AVX2,STRICT", "ATEN_CPU_CAPABILITY": "avx2", "OPENBLAS_CORETYPE": "Haswell"}
AT_ONCE = max(1, CORES // 2)  # chapters: each runs its sweep on two cores, and what cells take is printed


@dataclass(frozen=True)
class Run:
    """A chapter with its parameters, and where its execution is kept."""

    path: Path
    notebook: NotebookNode
    target: Path
    wanted: str

    @property
    def partial(self) -> Path:
        """What ran so far."""
        return BUILD / "running" / self.path.name


def execute(paths: Sequence[Path], wanted: dict[str, str], timeout: int) -> dict[Path, Path]:
    """Run the chapters that did not run just so; return the executed notebook of each."""
    runs, kept = [], {}
    for path in paths:
        notebook = with_parameters(path, wanted)
        kept[path] = EXECUTED / path.stem / f"{key(path, notebook)}.ipynb"
        if kept[path].exists():
            os.utime(kept[path])  # the newest is the chapter's current one
            say(f"{path.stem}: unchanged")
        else:
            runs.append(Run(path, notebook, kept[path], " ".join(f"{name}={value}" for name, value in wanted.items())))
    run_all(runs, timeout)
    return kept


def run_all(runs: Sequence[Run], timeout: int) -> None:
    """Run chapters in processes of their own; the first fault ends all."""
    context = multiprocessing.get_context("spawn")
    waiting = iter(runs)
    running: dict[Connection, tuple[Run, BaseProcess]] = {}
    try:
        while True:
            while len(running) < AT_ONCE and (run := next(waiting, None)):
                here, there = context.Pipe(duplex=False)
                running[here] = run, context.Process(target=run_one, args=(run, timeout, there))
                running[here][1].start()
                there.close()
            if not running:
                return
            wait(list(running))
            for done in [report for report in running if report.poll()]:
                run, process = running.pop(done)
                try:
                    fault = done.recv()
                except EOFError:
                    process.join()
                    fault = f"{show(run.path)}: its process ended with {process.exitcode}; was there too little memory?"
                process.join()
                if fault:
                    raise BuildError(fault)
    finally:
        for _, left in running.values():
            left.terminate()  # nbclient ends the kernel before it goes
        for run, left in running.values():
            left.join(GRACE)
            left.kill()
            run.partial.unlink(missing_ok=True)


def run_one(run: Run, timeout: int, report: Connection) -> None:
    """Run a chapter and keep its execution; report what went wrong, or nothing."""
    start = time.perf_counter()
    say(f"{run.path.stem}: running {run.wanted or 'with its defaults'} …")
    try:
        done = with_papermill(run, timeout)
        # Beside the notebook, and not in it: times differ from run to run.
        took = {cell.id: cell.metadata.get("papermill", {}).get("duration") for cell in done.cells if "id" in cell}
        write(run.target.with_suffix(".seconds.json"), json.dumps({name: time for name, time in took.items() if time}))
        write(run.target, nbformat.writes(tidy(done)))
        for old in sorted(run.target.parent.glob("*.ipynb"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
            old.with_suffix(".seconds.json").unlink(missing_ok=True)
            old.unlink()
        say(f"{run.path.stem}: ran in {time.perf_counter() - start:.1f} s")
    except (BuildError, ValueError, OSError) as error:
        report.send(str(error))
    except KeyboardInterrupt:
        pass  # whoever started it knows
    else:
        report.send(None)


def with_papermill(run: Run, timeout: int) -> NotebookNode:
    """Execute with papermill; a failure names the notebook, the cell and the error."""
    import papermill
    from nbclient.exceptions import CellTimeoutError

    run.partial.parent.mkdir(parents=True, exist_ok=True)
    os.environ["TQDM_DISABLE"] = "1"
    for name, value in ROUNDING.items():
        os.environ.setdefault(name, value)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not one of the user's
    quiet = ["--IPKernelApp.log_level=50"]  # or the kernel warns that it talks over a local port
    options = {"kernel_name": "python3", "progress_bar": False, "extra_arguments": quiet}
    place = f"{show(run.path)}, "
    try:
        done = papermill.execute_notebook(
            run.notebook, run.partial, cwd=NOTEBOOKS, execution_timeout=timeout, **options
        )
    except CellTimeoutError:
        what = f"ran for more than {timeout} s; make it faster, or allow more with TIMEOUT="
        raise BuildError(f"{place}{last_cell(run.partial)} {what}") from None
    except Exception as error:
        kind, what = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
        place += last_cell(run.partial)
        raise BuildError(f"{place}: {f'{kind}: {what}'.strip()}\n(what ran until then: {show(run.partial)})") from error
    run.partial.unlink()
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
