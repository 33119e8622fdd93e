"""Measured tables in files: a CSV of what varies, and beside it a JSON of what does not and where it comes from."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from landscape_lib._origin import SOURCE_TREE

from ._rules import find_up
from ._sources import LACKS, facts

# Of the measurement, whoever reads the table.
RECORDED = ("commit", "machine", "versions", "date", "seconds", "library", "command", "budget")


def write_results(
    table: pd.DataFrame,
    path: str | Path,
    *,
    command: str,
    reproduces: str | None = None,
    digits: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Write a table that `landscape_lib.sweeps.sweep` made, and return what the JSON beside it says.

    What is the same in all rows stands in the JSON, under "constants", and what varies in the CSV: floats in full, or
    to so many significant ``digits``. Seconds are no result, so only their sum is written: tables of the same numbers
    are the same, byte for byte. ``command`` makes the table again; ``more`` goes into the JSON as it is.
    """
    file = _named(path)
    made = facts(table, reproduces)
    del made["measured_by"], made["missing"]  # that is the command, and what LACKS says below
    record = {**{name: fact for name, fact in made.items() if name != "budget" or fact}, "command": command, **more}
    if "library" in (recorded := table.attrs.get("recorded", {})):
        record["library"] = recorded["library"]  # a fingerprint of the code that ran
    record |= {name: table.attrs[name] for name in LACKS if table.attrs.get(name)}
    rows = table.drop(columns="seconds", errors="ignore")
    constants = {name: _plain(rows[name].iloc[0]) for name in rows if _constant(rows[name])}
    if len(rows) == 1 or len(constants) == rows.shape[1]:
        constants = {}  # a CSV without columns would not know its rows
    varies = rows.drop(columns=list(constants))
    precision = None if digits is None else f"%.{digits}g"
    text = varies.to_csv(index=False, float_format=precision, lineterminator="\n")
    record |= {"rows": len(rows), "columns": {name: _kind(rows[name]) for name in rows}, "constants": constants}
    record["csv_sha256"] = _sha256(text)
    if points := table.attrs.get("points"):
        record["points"] = json.loads(points)
    file.parent.mkdir(parents=True, exist_ok=True)
    _replace(file, text)
    _replace(file.with_suffix(".json"), _json(record))
    return record


def read_results(name: str | Path) -> pd.DataFrame:
    """Read a table that `write_results` wrote: by its path, or by the name of one in ``book/results/``.

    A figure of it, or of any part of it, tells where and when it was measured, and not of this run.
    """
    if Path(name).suffix == ".csv":
        file = Path(name)
    else:
        inside = f"book/results/{name}.csv"
        file = find_up(inside) or SOURCE_TREE / inside
    beside = file.with_suffix(".json")
    if missing := [str(path) for path in (file, beside) if not path.is_file()]:
        raise FileNotFoundError(f"{' and '.join(missing)}: not there; work inside a clone of the repository")
    record, text = json.loads(beside.read_text(encoding="utf-8")), file.read_text(encoding="utf-8")
    if "csv_sha256" not in record:
        raise ValueError(f"{beside}: not the record of a table that write_results wrote")
    if _sha256(text) != record["csv_sha256"]:
        raise ValueError(f"{file}: not the table that {beside.name} tells of; write both again: {record['command']}")
    rows = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)  # as text: pandas would guess the kinds
    columns = {
        name: record["constants"].get(name) if name in record["constants"] else _read(rows[name], kind)
        for name, kind in record["columns"].items()
    }
    table = pd.DataFrame(columns, index=rows.index)
    table.attrs |= {
        "experiment": record["experiment"],
        "recorded": {name: record[name] for name in RECORDED if name in record},
        **({"points": json.dumps(record["points"])} if "points" in record else {}),
        **{name: record[name] for name in LACKS if name in record},
    }
    return table


def _named(path: str | Path) -> Path:
    if Path(path).suffix != ".csv":
        raise ValueError(f"path: got {str(path)!r}, need a name that ends in .csv")
    return Path(path)


def _constant(column: pd.Series) -> bool:
    if column.nunique(dropna=False) != 1:
        return False
    value = column.iloc[0]
    return not (isinstance(value, float) and not math.isfinite(value)) and not pd.isna(value)  # JSON has no NaN


def _kind(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column):
        return "truth value"
    if pd.api.types.is_integer_dtype(column):
        return "whole number"
    if pd.api.types.is_float_dtype(column):
        return "number"
    return "text" if all(isinstance(value, str) for value in column.dropna()) else "mixed"


def _read(column: pd.Series, kind: str) -> Any:
    if kind == "truth value":
        return column == "True"
    if kind == "whole number":
        return column.map(int)
    if kind == "number":
        return column.map(lambda text: float(text or "nan"))  # exact, as pandas is not in all its versions
    return column.mask(column == "")


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _sha256(text: str) -> str:
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()  # git may have changed line ends


def _json(record: Mapping[str, Any]) -> str:
    """Indented by one, but a point of the grid, or a list of numbers, on one line."""
    lines = [f" {json.dumps(name)}: {_value(value)}" for name, value in record.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _value(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "[\n  " + ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in value) + "\n ]"
    if isinstance(value, Mapping) and value:
        lines = [f"  {json.dumps(name)}: {json.dumps(item, ensure_ascii=False)}" for name, item in value.items()]
        return "{\n" + ",\n".join(lines) + "\n }"
    return json.dumps(value, ensure_ascii=False)


def _replace(file: Path, text: str) -> None:
    """Write all or nothing: a reader finds the old file or the new one."""
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        os.chmod(draft, 0o644)
        os.replace(draft, file)
    except BaseException:
        os.unlink(draft)
        raise
