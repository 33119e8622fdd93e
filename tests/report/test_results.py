"""A table comes back from its files as it was, and says where it was measured."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib._origin import SOURCE_TREE
from landscape_lib.report import Source, _results, facts, read_results, strip, write_results
from landscape_lib.sweeps import sweep

RECORDED = {"commit": "c" * 40, "machine": "an abacus, 1 cores", "versions": "Python 3", "date": "2020-02-02"}


def measured(P: int, seeds: tuple[int, ...] = (0, 1)) -> list[dict[str, Any]]:
    return [
        {"dataset": "digits", "data_sha256": "a" * 64, "seed": seed, "P": P, "d": 10, "loss": P / 7, "seconds": 1.25}
        for seed in seeds
    ]


@pytest.fixture
def table() -> pd.DataFrame:
    return sweep(measured, [{"P": 1}, {"P": 2}])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def test_the_csv_holds_what_varies_and_the_json_the_rest(table: pd.DataFrame, path: Path):
    record = write_results(table, path, command="measure it", reproduces="figure 2", budget="class")
    assert path.read_text() == (
        "seed,P,loss\n0,1,0.14285714285714285\n1,1,0.14285714285714285\n0,2,0.2857142857142857\n1,2,0.2857142857142857\n"
    )
    assert json.loads(path.with_suffix(".json").read_text()) == record
    assert record["constants"] == {"dataset": "digits", "data_sha256": "a" * 64, "d": 10}
    assert (record["seeds"], record["dataset"], record["seconds"], record["rows"]) == ("0, 1", "digits", 5.0, 4)
    assert (record["command"], record["reproduces"], record["budget"]) == ("measure it", "figure 2", "class")
    assert record["experiment"] == f"{__name__}.measured" and record["machine"] and record["date"]
    assert "digits" in strip(record, place="table.csv", command=record["command"]).line, "a page can show it"


def test_it_comes_back_as_it_was(table: pd.DataFrame, path: Path):
    write_results(table, path, command="x")
    pd.testing.assert_frame_equal(read_results(path), table.drop(columns="seconds"), check_exact=True)


@given(
    st.lists(
        st.tuples(
            st.floats(width=64),
            st.integers(-(2**63), 2**63 - 1),
            st.booleans(),
            st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1),
            st.sampled_from(["NA", "nan", "007", "1e5", " spaced ", 'a "quote", a comma', "None", "true", "∞"]),
            st.one_of(st.none(), st.floats(allow_nan=False)),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_values_come_back_to_the_last_bit(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]):
    path = tmp_path_factory.mktemp("any") / "table.csv"
    columns = ["float", "int", "bool", "text", "word", "maybe"]
    table = pd.DataFrame(rows, columns=columns).assign(dataset="d", data_sha256="a" * 64, seed=0, seconds=0.0)
    table.attrs["experiment"] = "f"
    write_results(table, path, command="x")
    back = read_results(path)
    for name in columns:
        assert [*map(repr, map(_as_read, back[name]))] == [*map(repr, map(_as_read, table[name]))], name


def _as_read(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return (value.item() if hasattr(value, "item") else value) or 0 if value == 0 else value


def test_a_part_says_where_the_whole_was_measured(table: pd.DataFrame, path: Path):
    table.attrs["recorded"] = {**RECORDED, "library": "1234", "seconds": 5.0}
    write_results(table, path, command="x")
    part = read_results(path).query("P == 2 and seed == 1")
    made = facts(part, reproduces="figure 3")
    assert {name: made[name] for name in RECORDED} == RECORDED, "and not this machine, today"
    assert (made["seeds"], made["seconds"], made["dataset"]) == ("1", 5.0, "digits")
    assert made["experiment"] == f"{__name__}.measured" and made["reproduces"] == "figure 3"


def test_reading_and_writing_again_changes_nothing(table: pd.DataFrame, path: Path, tmp_path: Path):
    table.attrs |= {"recorded": {**RECORDED, "library": "1234", "seconds": 5.0}, "points": '[{"P": 1}]', "failed": 2}
    write_results(table, path, command="x")
    write_results(read_results(path), tmp_path / "again.csv", command="x")
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()
    assert (tmp_path / "again.json").read_bytes() == path.with_suffix(".json").read_bytes()
    record = json.loads(path.with_suffix(".json").read_text())
    assert (record["library"], record["failed"], record["points"]) == ("1234", 2, [{"P": 1}])


def test_points_of_several_machines_and_days_are_told_together(tmp_path: Path, path: Path):
    first = sweep(measured, [{"P": 1}], store=tmp_path / "points.sqlite")
    made = {"commit": "d" * 40, "machine": "another, 64 cores", "versions": "Python 4", "date": "2999-01-01"}
    import sqlite3

    with sqlite3.connect(tmp_path / "points.sqlite") as store:
        store.execute("UPDATE points SET made = ?", (json.dumps(made),))
    store.close()
    both = sweep(measured, [{"P": 1}, {"P": 2}], store=tmp_path / "points.sqlite")
    here, record = facts(first), write_results(both, path, command="x")
    assert record["machine"] == "; ".join(sorted(["another, 64 cores", here["machine"]]))
    assert record["date"] == f"{here['date']} to 2999-01-01"
    assert record["commit"] == "; ".join(sorted({"d" * 40, here["commit"]} - {None}))
    assert record["points"] == [{"P": 1}, {"P": 2}] and len(record["library"]) == 16


def test_digits_round_and_seconds_never_show(table: pd.DataFrame, path: Path):
    write_results(table, path, command="x", digits=3)
    assert path.read_text().splitlines()[1] == "0,1,0.143"
    first = path.read_bytes()
    write_results(table.assign(seconds=99.0), path, command="x", digits=3)
    assert path.read_bytes() == first


def test_one_row_and_equal_rows_keep_their_columns(path: Path):
    for grid in ([{"P": 1, "seeds": (3,)}], [{"P": 1, "seeds": (3, 3)}]):
        table = sweep(measured, grid)
        write_results(table, path, command="x")
        pd.testing.assert_frame_equal(read_results(path), table.drop(columns="seconds"))


def test_a_writer_that_fails_leaves_the_old_table(table: pd.DataFrame, path: Path, monkeypatch: pytest.MonkeyPatch):
    write_results(table, path, command="x")
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_results.os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_results(table[table.P == 1], path, command="x")
    assert path.read_bytes() == before
    assert sorted(file.name for file in path.parent.iterdir()) == ["table.csv", "table.json"], "and no draft"


def test_what_does_not_belong_together_is_refused(table: pd.DataFrame, path: Path):
    write_results(table, path, command="measure it")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    read_results(path)  # git may do that
    path.write_text(path.read_text().replace("0,1,0.1", "0,1,0.2"))
    with pytest.raises(ValueError, match="not the table that table.json tells of; write both again: measure it"):
        read_results(path)
    path.with_suffix(".json").write_text("{}")
    with pytest.raises(ValueError, match="not the record of a table that write_results wrote"):
        read_results(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(FileNotFoundError, match="table.json: not there"):
        read_results(path)


def test_tables_of_the_book_are_found_by_name_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for folder in (SOURCE_TREE / "tests", tmp_path):
        monkeypatch.chdir(folder)
        assert len(read_results("jamming_class_mnist")) == 860
    with pytest.raises(FileNotFoundError, match="nothing.csv and .*nothing.json: not there"):
        read_results("nothing")


def test_every_committed_table_can_be_read_and_names_its_commit():
    files = sorted((SOURCE_TREE / "book" / "results").glob("*.csv"))
    assert files
    for file in files:
        table = read_results(file)
        made = facts(table)
        assert made["commit"] and not made["commit"].endswith("-dirty"), file.name
        if (SOURCE_TREE / ".git").exists():
            for commit in made["commit"].split("; "):
                command = ["git", "-C", str(SOURCE_TREE), "cat-file", "-t", commit]
                done = subprocess.run(command, capture_output=True, text=True)
                assert done.stdout == "commit\n" or "could not get" in done.stderr, "a shallow clone has no history"


@pytest.mark.parametrize(
    "of, path, says",
    [
        (Source(sorted, [0], "digits", "0" * 64, 1.0), "t.csv", "of: got Source"),
        (pd.DataFrame({"a": [1]}), "t.csv", "of: the table has no dataset, data_sha256, seed, seconds, experiment"),
        (pd.DataFrame({"a": [1]}), "t.txt", "path: got 't.txt', need a name that ends in .csv"),
    ],
)
def test_door(as_user: None, of: Any, path: str, says: str):
    with pytest.raises((ValueError, AttributeError)) as error:
        write_results(of, path, command="x")
    if isinstance(of, pd.DataFrame):
        assert says in str(error.value)
