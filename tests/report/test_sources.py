"""What a figure's strip says is what the figure was made of."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd
import pytest

from landscape_lib.report import Source, facts, strip, strip_html
from landscape_lib.sweeps import sweep


def runs(P: int) -> list[dict[str, Any]]:
    return [{"P": P, "seed": s, "dataset": "digits", "data_sha256": "a" * 64, "seconds": 0.5} for s in range(P)]


def test_a_part_of_a_table_still_knows_its_experiment_and_counts_only_its_own():
    table = sweep(runs, [{"P": 3}, {"P": 5}])
    whole, part = facts(table), facts(table[table.P == 3])
    assert whole["experiment"] == part["experiment"] == f"{__name__}.runs"
    assert (whole["seeds"], part["seeds"]) == ("0 to 4", "0 to 2")
    assert (whole["seconds"], part["seconds"]) == (4.0, 1.5)


def test_a_row_about_many_networks_names_all_their_seeds():
    row = {"dataset": "digits", "data_sha256": "ab", "seconds": 1.0}
    table = sweep(lambda seeds: [{**row, "seeds": seeds}], [{"seeds": "0 1 2 7"}, {"seeds": "2 3"}])
    assert facts(table)["seeds"] == "0 to 3, 7"
    with pytest.raises(ValueError, match="no seeds"):
        facts(table[:0])


def test_several_are_told_together():
    live = sweep(runs, [{"P": 3}])
    paper = live.drop(columns="seconds").assign(data_sha256=["b" * 64, "c" * 64, "c" * 64], seed=7)
    paper.attrs["recorded"] = {
        "commit": "abc",
        "machine": "m",
        "versions": "v",
        "date": "d",
        "seconds": 60.0,
        "command": "do",
        "budget": "paper",
    }
    paper.attrs["unfinished"] = 2
    made = facts([live, paper])
    assert made["seeds"] == "0 to 2; 7" and made["seconds"] == 61.5 and made["dataset"] == "digits"
    assert made["commit"].endswith("; abc") and made["measured_by"] == "do" and made["budget"] == "live and paper"
    first, second = made["data_sha256"].split("; ")
    assert first == "a" * 64 and second == hashlib.sha256(f"{'b' * 64}\n{'c' * 64}".encode()).hexdigest()
    markup = strip_html(strip(made, place="here", command="make book", budget="class"))
    assert facts(live)["missing"] is None and "<dt>Its grid</dt><dd>(2) missing points: 2 not finished" in markup
    assert "live and paper budget" in markup and "<dt>Measure it again</dt><dd>(2) <code>do</code>" in markup
    assert "<dt>Seeds</dt><dd>(1) 0 to 2; (2) 7</dd>" in markup and "; (2) commit <code>abc</code>, v</dd>" in markup
    assert "seeds 0 to 2 and 7, 61.5 s of computing" in markup and "<dd>61.5 s, summed over processes</dd>" in markup
    assert "<dt>Experiment</dt><dd><code>" in markup, "what is the same of all stands once"
    assert facts([live]) == facts(live) and facts(live)["budget"] is None
    assert "class budget" in strip(facts(live), place="here", command="make book", budget="class").line


def test_a_table_counts_once_of_whatever_parts_of_it_are_given():
    table, other = sweep(runs, [{"P": 3}, {"P": 5}]), sweep(runs, [{"P": 4}])
    parts = [table[table.P == 3], table[table.P == 5].assign(more=1)]
    assert facts(parts)["seconds"] == facts([table, *parts])["seconds"] == facts(table)["seconds"] == 4.0
    assert facts([table, other])["seconds"] == 6.0, "another sweep of the same experiment took its own time"
    file = table.drop(columns="seconds")
    file.attrs["recorded"] = {"seconds": 60.0, "budget": "paper", "commit": "abc", "date": "d"}
    assert facts([file[file.P == 3], file[file.P == 5]])["seconds"] == 60.0
    assert facts([file, table])["seconds"] == 64.0


def test_the_strip_holds_every_fact_and_the_command():
    made = facts(Source(sorted, [1, 2, 4], "digits & co", "b" * 64, 2.25), reproduces="figure 1 of <someone>")
    command = "make book CHAPTER=03_jamming SEED=0"
    markup = strip_html(strip(made, place="03_jamming, cell 7", command=command, budget="class"))
    for fact in (
        "03_jamming, cell 7",
        "builtins.sorted",
        "1, 2, 4",
        "digits &amp; co",
        "b" * 64,
        "2.2 s",
        "figure 1 of &lt;someone&gt;",
    ):
        assert fact in markup
    assert "make book CHAPTER=03_jamming SEED=0" in markup and "class budget" in markup
    assert "\n\n" not in markup, "a blank line would end the HTML block"


@pytest.mark.parametrize(
    "of, says",
    [
        (sweep(runs, [{"P": 0}, {"P": 1}]).iloc[:0], "of: no seeds"),
        (pd.DataFrame(runs(2)), "the table has no experiment; need one that sweep made"),
        (sweep(lambda P: [{"P": P}], [{"P": 1}]), "the table has no dataset, data_sha256, seed, seconds"),
        (Source(sorted, [], "digits", "0" * 64, 1.0), "of: no seeds"),
        ("digits", "of: got str"),
        ([], "of: an empty list"),
        (Source(sorted, [0], "digits", "0" * 64, float("nan")), "of: nan seconds"),
        (Source(sorted, [0], " ", "0" * 64, 1.0), "of: data set ' ' of hash"),
        (Source(sorted, [0], "digits", "", 1.0), "need its name and 64 hex digits"),
    ],
)
def test_door(as_user: None, of: Any, says: str):
    with pytest.raises(ValueError) as error:
        facts(of)
    assert says in str(error.value)
