"""Measured tables in files: a CSV of what varies, and beside it a JSON of what does not and where it comes from."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from .provenance import SOURCE_TREE
from .rules import find_up
from .sources import facts

RECORDED = ("commit", "machine", "versions", "date", "seconds")  # of the measurement, whoever reads the table


def write_results(
    table: pd.DataFrame, path: str | Path, *, command: str, reproduces: str | None = None, **more: Any
) -> dict[str, Any]:
    """Write a table that `landscape_lib.sweeps.sweep` made, and return what the JSON beside it says.

    A column that has one value in all rows stands in the JSON, under "constants"; the CSV holds the others, floats in
    full. Seconds are no result: their sum is in the JSON, and tables of the same numbers are the same, byte for byte.
    ``command`` makes the table again; ``more`` goes into the JSON as it is.
    """
    file = Path(path)
    if file.suffix != ".csv":
        raise ValueError(f"path: got {str(file)!r}, need a name that ends in .csv")
    record = {**facts(table, reproduces), "command": command, **more}
    if table.attrs.get("failed"):
        record["failed"] = table.attrs["failed"]
    if library := table.attrs.get("recorded", {}).get("library"):
        record["library"] = library
    rows = table.drop(columns="seconds", errors="ignore")
    constants = {name: _plain(rows[name].iloc[0]) for name in rows if _same(rows[name])} if len(rows) > 1 else {}
    if len(constants) == rows.shape[1]:
        constants = {}  # a CSV without columns would not know its rows
    record |= {"rows": len(rows), "columns": list(rows), "constants": constants}
    if points := table.attrs.get("points"):
        record["points"] = json.loads(points)
    text = rows.drop(columns=list(constants)).to_csv(index=False, lineterminator="\n")
    file.parent.mkdir(parents=True, exist_ok=True)
    _replace(file, text)
    _replace(file.with_suffix(".json"), _json(record))
    return record


def read_results(name: str | Path) -> pd.DataFrame:
    """Read a table that `write_results` wrote: by the name of one in ``book/results/``, or by its path.

    The table, and any part of it, knows where its rows come from: `landscape_lib.report.show` tells that, not this run.
    """
    file = Path(name)
    if file.suffix != ".csv":
        inside = f"book/results/{name}.csv"
        file = find_up(inside) or SOURCE_TREE / inside
    beside = file.with_suffix(".json")
    if missing := [str(path) for path in (file, beside) if not path.is_file()]:
        raise FileNotFoundError(f"{' and '.join(missing)}: not there; work inside a clone of the repository")
    record = json.loads(beside.read_text(encoding="utf-8"))
    rows = pd.read_csv(file, float_precision="round_trip", keep_default_na=False, na_values=[""])
    if len(rows) != record["rows"]:
        raise ValueError(f"{file}: {len(rows)} rows, but {beside.name} speaks of {record['rows']}; write both again")
    for column, value in record["constants"].items():
        rows[column] = value
    table = rows[record["columns"]].copy()
    recorded = {key: record[key] for key in (*RECORDED, "command")} | {"budget": record.get("budget")}
    table.attrs |= {"experiment": record["experiment"], "recorded": recorded}
    return table


def _same(column: pd.Series) -> bool:
    return bool(column.notna().all()) and column.nunique() == 1


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _json(record: Mapping[str, Any]) -> str:
    """Indented by one, but a point of the grid on one line."""
    head = json.dumps({key: value for key, value in record.items() if key != "points"}, indent=1, ensure_ascii=False)
    if "points" not in record:
        return f"{head}\n"
    lines = ",\n  ".join(json.dumps(point, ensure_ascii=False) for point in record["points"])
    return f'{head[:-2]},\n "points": [\n  {lines}\n ]\n}}\n'


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
