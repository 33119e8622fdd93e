"""One point of a sweep, where it is computed: arguments in, text out, whatever happens. Imported by every worker."""

import datetime
import inspect
import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from landscape_lib._fingerprint import Parts, differences
from landscape_lib._origin import provenance
from landscape_lib._threads import one_thread

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """What came of a point: its rows as JSON, or the traceback of what went wrong."""

    rows: str | None = None
    error: str | None = None
    made: str | None = None  # code, machine, versions and day, as JSON
    seconds: float | None = None


class OtherCodeError(RuntimeError):
    """A worker would run other code than the client asked for."""


def run(experiment: Callable[..., Rows], code: Parts | None, point: Mapping[str, Any]) -> Outcome:
    """Run the experiment at a point. With ``code`` (the client's), in a process that is there for this."""
    if code is not None:
        if "torch" in sys.modules:
            one_thread()
        if other := differences(experiment, code):
            raise OtherCodeError(
                f"a worker has other code than this client: {', '.join(other)}; install the same there, or start "
                "again if the files were changed since the sweep began"
            )
    start, rows, error = time.perf_counter(), None, None
    try:
        rows = json.dumps([{str(key): plain(value, key) for key, value in row.items()} for row in experiment(**point)])
    except (Exception, SystemExit) as wrong:
        wrong.__traceback__ = wrong.__traceback__ and wrong.__traceback__.tb_next  # from the experiment on
        error = "".join(traceback.format_exception(wrong))
    made = json.dumps({**_here(), "date": datetime.date.today().isoformat()})
    return Outcome(rows, error, made, time.perf_counter() - start)


def canonical(experiment: Callable[..., Rows], point: Mapping[str, Any]) -> str:
    """The arguments of a point as JSON, the same for the same point: names in order, tuples and arrays as lists."""
    try:
        inspect.signature(experiment).bind(**point)
        return json.dumps({name: _listed(value, name) for name, value in point.items()}, sort_keys=True)
    except TypeError as error:
        name = experiment.__qualname__
        raise ValueError(f"sweep: {dict(point)} is no point of {name}: {error}") from None


def _listed(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _listed(item, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple | range | np.ndarray):
        return [_listed(item, name) for item in value]
    return plain(value, name)


def plain(value: Any, name: object) -> Any:
    """A value as JSON has it, NaN and infinities included; NumPy's scalars become Python's."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{name!r} is a {type(value).__name__}, need text, a number, a truth value or None")


@cache
def _here() -> dict[str, str | None]:
    """Code, versions and machine of this process, asked once: what is loaded stays, whatever happens to the files."""
    now = provenance()
    return {
        "commit": now.revision,
        "machine": f"{now.machine}, {now.cores} cores",
        "versions": f"Python {now.python}, torch {now.torch}",
    }
