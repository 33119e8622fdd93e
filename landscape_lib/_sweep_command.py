"""`landscape sweep`: run the grid of a chapter's experiment, here or on a cluster, and say how far it is."""

from __future__ import annotations

import argparse
import inspect
import os
import platform
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from landscape_lib._budgets import BUDGETS

if TYPE_CHECKING:
    from landscape_lib.experiments import ExperimentModule, GridModule
    from landscape_lib.sweeps import Progress

EXPERIMENTS = Path(__file__).resolve().parent / "experiments"  # a module each, and one of the same name in grids
STORES = Path("sweeps")  # not under _build, which `make clean` removes
SHOWN = 5  # failures, and characters of their arguments: the rest is for --failed
WIDE = 100


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``sweep`` to the commands."""
    sweep = commands.add_parser("sweep", help="run the grid of an experiment; every finished point is kept")
    sweep.set_defaults(help_of=sweep)
    actions = sweep.add_subparsers(title="experiments, and their status", metavar="NAME")
    names = sorted(file.stem for file in EXPERIMENTS.glob("[a-z]*.py"))
    for name in names:
        parser = actions.add_parser(name, help=f"run landscape_lib.experiments.{name}")
        _choices(parser)
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--workers", type=int, metavar="N", help="processes on this machine (default: one a core)")
        where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, such as tcp://10.0.0.5:8786")
        parser.add_argument(
            "--out", type=Path, metavar="PATH.csv", help="write the table here, and its provenance beside"
        )
        parser.add_argument("--retry-failed", action="store_true", help="run again what has failed")
        parser.add_argument("--only-finished", action="store_true", help="run nothing: write what is finished so far")
        parser.add_argument(
            "--device", metavar="NAME", help="where the networks train, such as cuda (default: the processor)"
        )
        parser.set_defaults(run=_sweep, experiment=name)
    status = actions.add_parser("status", help="how far a sweep is: done, running, failed, waiting, time left")
    status.add_argument(
        "experiment", nargs="?", choices=names, metavar="NAME", help="default: every store that is here"
    )
    _choices(status)
    status.add_argument("--failed", action="store_true", help="print the tracebacks of the points that failed")
    status.set_defaults(run=_status)


def _choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--budget", default="class", choices=BUDGETS, help="default: class")
    parser.add_argument("--dataset", help="default: the experiment's own, else digits")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument(
        "--store", type=Path, metavar="PATH", help=f"default: NAME-BUDGET-DATASET-SEED.sqlite in {STORES}"
    )


def _name(arguments: argparse.Namespace) -> str:
    """What the sweep is called; the data set is filled in where none was named."""
    if arguments.dataset is None:
        parameter = inspect.signature(_grid(arguments).grid).parameters.get("dataset")
        own = parameter.default if parameter else inspect.Parameter.empty
        arguments.dataset = "digits" if own is inspect.Parameter.empty else own
    device = getattr(arguments, "device", None)
    words = (arguments.experiment, arguments.budget, arguments.dataset, arguments.seed, *((device,) if device else ()))
    return "-".join(map(str, words))


def _experiment(arguments: argparse.Namespace) -> ExperimentModule:
    return cast("ExperimentModule", import_module(f"landscape_lib.experiments.{arguments.experiment}"))


def _grid(arguments: argparse.Namespace) -> GridModule:
    return cast("GridModule", import_module(f"landscape_lib.experiments.grids.{arguments.experiment}"))


def _sweep(arguments: argparse.Namespace) -> int:
    from landscape_lib.data import DataError
    from landscape_lib.report import write_results
    from landscape_lib.sweeps import ExecutorError, OtherCodeError, StoreError, cluster, processes, sweep

    if platform.machine() in ("x86_64", "AMD64"):  # as in the Makefile: arithmetic that rounds alike on all of them
        rounding = {"MKL_CBWR": "AVX2,STRICT", "ATEN_CPU_CAPABILITY": "avx2", "OPENBLAS_CORETYPE": "Haswell"}
        for variable, value in rounding.items():
            os.environ.setdefault(variable, value)  # for the workers, which read it when they begin
    name, out, again = _name(arguments), arguments.out, arguments.retry_failed
    store = arguments.store or STORES / f"{name}.sqlite"
    if out is not None and (out.suffix != ".csv" or out.is_dir()):  # now, and not after hours
        return fail(f"--out {out}: need the name of a file, one that ends in .csv")
    if out is not None and not os.access(next(p for p in out.absolute().parents if p.exists()), os.W_OK):
        return fail(f"--out {out}: this folder may not be written to")
    if arguments.only_finished and again:
        return fail("--only-finished runs nothing, so it cannot --retry-failed; ask for one of them")
    experiment = _experiment(arguments)
    try:
        grid = _grid(arguments).grid(arguments.budget, arguments.dataset, arguments.seed)
        if arguments.device is not None:
            grid = [{**point, "device": arguments.device} for point in grid]
        print(f"sweep {name}: {len(grid)} points, kept in {store}", file=sys.stderr)
        workers = cores() if arguments.workers is None else arguments.workers
        with processes(workers) if arguments.scheduler is None else cluster(arguments.scheduler) as executor:
            options: dict[str, Any] = {"retry_failed": again, "only_finished": arguments.only_finished}
            table = sweep(experiment.EXPERIMENT, grid, executor, store=store, name=name, **options)
        if out is not None and len(table):
            digits = experiment.DIGITS
            write_results(table, out, command=_command(arguments), budget=arguments.budget, digits=digits)
            print(f"{out}: {len(table)} rows")
        elif out is not None:
            print(f"{out}: not written, nothing is finished", file=sys.stderr)
        if unfinished := table.attrs["unfinished"]:
            print(f"{unfinished} of {len(grid)} points are not finished", file=sys.stderr)
    except (DataError, ExecutorError, OSError, OtherCodeError, StoreError, ValueError) as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return fail(f"interrupted; what is finished is in {store}, and the same command goes on from there")
    if failed := table.attrs["failed"]:
        see = f"`landscape sweep status --store {store} --failed` tells why, and --retry-failed runs them again"
        return fail(f"{failed} of {len(grid)} points failed, and the table lacks them; {see}")
    return 0


def _command(arguments: argparse.Namespace) -> str:
    """What makes the table again, wherever the project lies."""
    out = arguments.out
    if out.is_absolute():
        out = out.relative_to(Path.cwd()) if out.is_relative_to(Path.cwd()) else out.name
    chosen = f"--budget {arguments.budget} --dataset {arguments.dataset} --seed {arguments.seed}"
    chosen += "" if arguments.device is None else f" --device {arguments.device}"
    return f"landscape sweep {arguments.experiment} {chosen} --out {out}"


def _status(arguments: argparse.Namespace) -> int:
    from landscape_lib.sweeps import StoreError, status

    if arguments.store is not None:
        stores = [arguments.store]
    elif arguments.experiment is not None:
        stores = [STORES / f"{_name(arguments)}.sqlite"]
    else:
        stores = sorted(STORES.glob("*.sqlite"))
    if not stores:
        return fail(f"no store in {STORES}; run a sweep first, or name its store with --store")
    for store in stores:
        try:
            sweeps = status(store)
        except StoreError as error:
            return fail(str(error))
        for progress in sweeps:
            print("\n".join([f"{progress.name}, in {store}", *_lines(progress, tracebacks=arguments.failed)]))
    return 0


def _lines(progress: Progress, *, tracebacks: bool) -> list[str]:
    lines = [
        f"  {progress.done} of {progress.points} points done, {progress.running} running, {progress.failed} failed, "
        f"{progress.waiting} waiting"
    ]
    if progress.left_behind:
        lines.append(f"  left by a client that is gone, of those that wait: {progress.left_behind}")
    if progress.running + progress.waiting and progress.seconds_left is not None:
        workers = f"{progress.workers} at a time" if progress.workers else "one at a time, but no client is running"
        mean = f"{duration(progress.mean_seconds or 0)} a point, the mean of those done"
        lines.append(
            f"  about {duration(progress.seconds_left)} left: {workers}, and {mean}; less if the longest came first"
        )
    for arguments, error in progress.failures if tracebacks else progress.failures[:SHOWN]:
        lines.append(f"  failed: {error.strip().splitlines()[-1]}")
        lines.append(f"    at {arguments if tracebacks or len(arguments) <= WIDE else arguments[:WIDE] + ' …'}")
        lines += [f"    {line}" for line in error.splitlines()] if tracebacks else []
    if len(progress.failures) > SHOWN and not tracebacks:
        lines.append(f"  and {len(progress.failures) - SHOWN} more; --failed shows all, with tracebacks")
    if progress.others:
        lines.append(
            f"  {progress.others} finished points of other code, or of grids no longer asked for, lie here unused"
        )
    return lines


def cores() -> int:
    """How many cores this process may use: a job or a container may have fewer than the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(5.0), duration(600.0), duration(5400.0), duration(4e5)
    ('5 s', '10 min', '1.5 h', '4.6 days')
    """
    for size, unit in ((86400, "days"), (3600, "h")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 60:.0f} min" if seconds >= 100 else f"{seconds:.0f} s"


def fail(reason: str) -> int:
    """Say on stderr why not, in one line; the exit code."""
    print(f"landscape: {' '.join(reason.split())}", file=sys.stderr)
    return 1
