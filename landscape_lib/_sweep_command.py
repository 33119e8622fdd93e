"""`landscape sweep`: run the grid of a chapter's experiment, here or on a cluster, and say how far it is."""

import argparse
import sys
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

EXPERIMENTS = Path(__file__).resolve().parent / "experiments"


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add ``sweep`` to the commands."""
    sweep = commands.add_parser("sweep", help="run the grid of an experiment; each finished point is kept")
    sweep.set_defaults(help_of=sweep)
    actions = sweep.add_subparsers(title="experiments", metavar="NAME")
    for name in sorted(file.stem for file in EXPERIMENTS.glob("[a-z]*.py")):
        one = actions.add_parser(name, help=f"the grid of landscape_lib.experiments.{name}")
        _choices(one)
        one.add_argument("--workers", type=int, metavar="N", help="processes here (default: one a core)")
        one.add_argument("--out", type=Path, metavar="PATH.csv", help="write the table here, and its provenance beside")
        one.add_argument("--retry-failed", action="store_true", help="run again what has failed before")
        one.set_defaults(run=_sweep, experiment=name)


def _choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--budget", default="class", choices=("class", "paper"), help="default: class")
    parser.add_argument("--dataset", default="digits", help="default: digits")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument("--store", type=Path, metavar="PATH", help="default: a file under _build/sweeps/")


def _sweep(arguments: argparse.Namespace) -> int:
    from landscape_lib._store import StoreError
    from landscape_lib.data import DataError
    from landscape_lib.report import write_results
    from landscape_lib.sweeps import sweep

    chosen = f"{arguments.experiment}-{arguments.budget}-{arguments.dataset}-{arguments.seed}"
    store = arguments.store or Path("_build") / "sweeps" / f"{chosen}.sqlite"
    module = import_module(f"landscape_lib.experiments.{arguments.experiment}")
    try:
        grid = module.grid(arguments.budget, arguments.dataset, arguments.seed)
        print(f"sweep {chosen}: {len(grid)} points, kept in {store}", file=sys.stderr)
        with _executor(arguments) as executor:
            table = sweep(
                module.EXPERIMENT, grid, executor, store=store, name=chosen, retry_failed=arguments.retry_failed
            )
        if arguments.out is not None and len(table):
            command = f"landscape sweep {arguments.experiment} --budget {arguments.budget} "
            command += f"--dataset {arguments.dataset} --seed {arguments.seed} --out {arguments.out}"
            write_results(table, arguments.out, command=command, budget=arguments.budget)
            print(f"{arguments.out}: {len(table)} rows")
    except (DataError, OSError, StoreError, ValueError) as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return fail(f"interrupted; what is finished is in {store}, and the same command goes on from there")
    if failed := table.attrs["failed"]:
        return fail(f"{failed} of {len(grid)} points failed, and are not in the table; --retry-failed runs them again")
    return 0


def _executor(arguments: argparse.Namespace) -> AbstractContextManager[Any]:
    import os

    from landscape_lib.sweeps import processes

    return processes(arguments.workers if arguments.workers is not None else os.cpu_count() or 1)


def fail(reason: str) -> int:
    """Say on stderr why not, in one line; the exit code."""
    print(f"landscape: {' '.join(reason.split())}", file=sys.stderr)
    return 1
