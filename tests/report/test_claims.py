"""Verdicts, what a notebook displays, and the doors of `claim`."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell

from landscape_lib.report import (
    Outcome,
    Rule,
    attempt,
    box,
    claim,
    conditions,
    decide,
    field,
    load_claims,
    print_records,
    with_interval,
)

CLAIMS = """
- id: toy.mean
  statement: The mean is near 0.75 & N* < c P | not a table's end.
  deck: S G
  paper: {key: geiger2019jamming, says: about <0.75>, value: 0.75}
  contested: null
  differs: null
  settled_by: More samples.
  measures: mean of the samples
  by: toy.mean
  rule: {low: 0.5, high: 1.0, on: ci}
  falsified_by: A mean below 0.5.
  null: Samples of mean zero.
  min_seeds: 5
"""
SHA = "0" * 64
numbers = st.floats(-1e6, 1e6)


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "01_toy.claims.yml"
    path.write_text(CLAIMS)
    monkeypatch.setenv("LANDSCAPE_CLAIMS", str(tmp_path))
    return path


def table(n=10, **changed) -> pd.DataFrame:
    rows = {"seed": range(n), "dataset": "digits", "data_sha256": SHA, "seconds": 0.3} | changed
    made = pd.DataFrame(rows)
    made.attrs["experiment"] = "toy"
    return made


def state(value=0.75, interval=(0.6, 0.9), *, id="toy.mean", of=None):
    return claim(id, lambda: (value, interval), of=table() if of is None else of)


@given(bounds=st.lists(numbers, min_size=2, max_size=2).map(sorted), three=st.lists(numbers, min_size=3, max_size=3))
def test_verdicts_are_exclusive_and_mirror_symmetric(bounds, three):
    low, value, high = sorted(three)
    verdict = decide(Rule(*bounds, 5), value, (low, high), 10)
    inside = bounds[0] <= low and high <= bounds[1]
    outside = high < bounds[0] or low > bounds[1]
    assert verdict == ("reproduced" if inside else "not reproduced" if outside else "open")
    mirrored = Rule(-bounds[1], -bounds[0], 5)
    assert decide(mirrored, -value, (-high, -low), 10) == verdict
    assert decide(Rule(*bounds, 5), value, (low, high), 4) == "open"


@given(bound=numbers, three=st.lists(numbers, min_size=3, max_size=3))
def test_one_sided_rule_is_the_two_sided_one_with_a_bound_at_infinity(bound, three):
    low, value, high = sorted(three)
    for rule, other in [
        (Rule(bound, None, 5), Rule(bound, math.inf, 5)),
        (Rule(None, bound, 5), Rule(-math.inf, bound, 5)),
    ]:
        assert decide(rule, value, (low, high), 10) == decide(other, value, (low, high), 10)


@given(value=st.floats(-1e4, 1e4), below=st.floats(1e-3, 1e3), above=st.floats(1e-3, 1e3))
def test_printed_interval_is_right_to_a_twentieth_of_its_width(value, below, above):
    ci = (value - below, value + above)
    text = with_interval(value, ci).replace("[", "").replace("]", "").replace(",", "")
    # Two significant digits of the width: a step is at most a tenth of it, rounding at most half a step.
    for printed, exact in zip(map(float, text.split()), (value, *ci), strict=True):
        assert abs(printed - exact) <= 0.05 * (ci[1] - ci[0]) + 1e-9


def test_outside_a_notebook_a_claim_prints_its_text(rules, capsys):
    assert state().verdict == "reproduced"
    assert capsys.readouterr().out == (
        "claim toy.mean: reproduced\nmeasured: 0.75 [0.60, 0.90]\naccepted: between 0.5 and 1\n"
        "10 seeds, class budget, digits\n"
    )


def test_in_a_notebook_a_claim_displays_text_box_and_record(rules, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: InteractiveShell)
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw, metadata: shown.append((bundle, metadata)))
    state(np.float64(0.1), (np.float64(0.0), np.float64(0.2)))
    ((bundle, metadata),) = shown
    record = json.loads(json.dumps(metadata["landscape"]))  # it must survive a notebook file
    assert record["verdict"] == "not reproduced" and record["ci"] == [0.0, 0.2] and record["seconds"] == 3.0
    assert record["reference"] == {"key": "geiger2019jamming", "says": "about <0.75>", "value": 0.75}
    box = bundle["text/html"]
    assert "✗ not reproduced" in box and "about &lt;0.75&gt;" in box and "<i>N</i>* &lt; c <i>P</i>" in box
    assert 'href="../book/scoreboard.html#claim-toy.mean"' in box and '<div id="claim-toy.mean"' in box
    opened = box.split("<details><summary>")[1].split("</details>")[0]
    assert "A mean below 0.5." in opened and "Samples of mean zero." in opened
    assert str(record["commit"]) not in box + bundle["text/plain"], "what nbval compares is the same at every commit"


def test_open_says_why(rules, capsys):
    state(of=table(3))
    assert "open because 3 seeds, the rule asks for 5" in capsys.readouterr().out
    state(0.5, (0.4, 0.6))
    assert "open because the interval straddles a bound" in capsys.readouterr().out


def test_what_cannot_be_measured_is_open_with_the_reason(rules, capsys):
    def stuck():
        raise ValueError("no width was stuck")

    claim("toy.mean", stuck, of=table())
    assert "claim toy.mean: open\ncould not be measured: no width was stuck" in capsys.readouterr().out
    state(0.75, (0.6, math.inf))
    assert "open\ncould not be measured: some replicates are undefined" in capsys.readouterr().out
    state(math.nan, (0.6, 0.9))
    assert "open\ncould not be measured: what was measured is nan" in capsys.readouterr().out


def test_a_claim_gives_back_what_came_of_it(rules):
    assert state(0.95, (0.6, 0.9)) == Outcome(0.95, (0.6, 0.95), None, "reproduced", "toy.mean")
    assert state(0.1, (0.0, 0.2)).verdict == "not reproduced"
    straddles = state(0.5, (0.4, 0.6))
    assert (straddles.verdict, straddles.measured, str(straddles)) == ("open", True, "0.50 [0.40, 0.60]")
    none = state(0.75, (0.6, math.inf))
    assert (none.verdict, none.measured) == ("open", False) and np.isnan([none.value, *none.interval]).all()
    assert str(none).startswith("could not be measured: some replicates are undefined")


def test_a_cell_may_end_in_a_claim_and_in_an_attempt(rules, capsys):
    format = DisplayFormatter().format
    outcome = state()
    capsys.readouterr()
    assert format(outcome) == ({}, {}) and capsys.readouterr().out == "", "the box has told it"
    assert format(attempt(lambda: (0.75, (0.6, 0.9)))) == ({}, {})
    assert capsys.readouterr().out == "0.75 [0.60, 0.90]\n"


def test_an_attempt_gives_a_number_or_the_reason_why_there_is_none():
    def stuck():
        raise ValueError("no width was stuck")

    assert attempt(lambda: (0.95, (0.6, 0.9))) == Outcome(0.95, (0.6, 0.95))
    assert str(attempt(lambda: 8.71828)) == "8.72", "a number alone, such as a misfit"
    for measure, reason in ((stuck, "no width was stuck"), (lambda: math.inf, "it came out as inf")):
        outcome = attempt(measure)
        assert not outcome.measured and math.isnan(outcome.value) and outcome.verdict is None
        assert str(outcome) == f"could not be measured: {reason}"
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 / 0)


def test_a_fault_of_the_code_is_no_open_claim(rules):
    with pytest.raises(ZeroDivisionError):
        claim("toy.mean", lambda: 1 / 0, of=table())
    with pytest.raises(TypeError, match=r"measured 0\.75 alone; need a value and its interval"):
        claim("toy.mean", lambda: 0.75, of=table())
    with pytest.raises(ValueError, match="too many values to unpack"):
        claim("toy.mean", lambda: (0.75, (0.6, 0.7, 0.9)), of=table())
    with pytest.raises(ValueError, match=r"from 0\.9 down to 0\.6"):
        state(0.75, (0.9, 0.6))


def test_an_interval_is_widened_to_the_value(rules, capsys):
    state(0.95, (0.6, 0.9))
    assert "measured: 0.95 [0.60, 0.95]" in capsys.readouterr().out


def test_a_record_tells_what_the_tables_do(rules, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "landscape_lib.report._claims.display_bundle", lambda _, facts: shown.append(facts["landscape"])
    )
    larger = table(n=7, task_seed=[1, 1, 1, 1, 2, 3, 4], data_sha256="a" * 64)
    larger.attrs["recorded"] = {"budget": "paper", "seconds": 9.0}
    networks = table(n=1, seeds="4 5 6").drop(columns="seed")
    for of in (table(), larger, networks, [table(10), table(6, dataset="mnist", data_sha256="b" * 64)]):
        state(of=of)
    assert [conditions(record) for record in shown] == [
        ["10 seeds", "class budget", "digits"],
        ["4 training sets", "paper budget", "digits"],
        ["3 seeds", "class budget", "digits"],
        ["6 seeds", "class budget", "digits; mnist"],
    ]
    assert shown[1]["reason"] == "4 training sets, the rule asks for 5" and "4 training sets," in box(shown[1])
    assert [record["data_sha256"] for record in shown[:3]] == [SHA, "a" * 64, SHA]
    both = hashlib.sha256("\n".join([SHA, "b" * 64]).encode()).hexdigest()
    assert shown[3]["data_sha256"] == both
    assert [record["seconds"] for record in shown] == [3.0, 2.1, 0.3, 4.8]


@pytest.mark.parametrize(
    "id, of, says",
    [
        ("toy.mode", table(), "'toy.mode' has no rule; there is toy.mean"),
        ("toy.mean", [], "of: an empty list"),
        ("toy.mean", "table", "need a report.Source, or a table that sweep made"),
        ("toy.mean", table().drop(columns="data_sha256"), "the table has no data_sha256"),
    ],
)
def test_door_of_claim(as_user, rules, id, of, says):
    with pytest.raises(ValueError, match=says):
        state(id=id, of=of)


def test_a_claim_of_two_budgets_is_refused(rules):
    larger = table()
    larger.attrs["recorded"] = {"budget": "paper"}
    with pytest.raises(ValueError, match="at budget 'live and paper'; accepted: class, paper, not both in one"):
        state(of=[table(), larger])


@pytest.mark.parametrize(
    "old, new, says",
    [
        ("low: 0.5, high: 1.0", "low: null, high: null", "toy.mean → rule → high: None is not of type"),
        ("low: 0.5", "low: 2.0", "rule runs from 2.0 down to 1.0; swap"),
        ("min_seeds: 5", "min_seeds: 2", "toy.mean → min_seeds: 2 is less than the minimum of 5"),
        ("  null: Samples of mean zero.\n", "", "'null' is a required property"),
        ("0.75 & N*", "$N^*$", "toy.mean → statement: .* does not match"),
        ("deck: S G", "deck: [S", "not valid YAML"),
        ("by: toy.mean", "by: mean", "toy.mean → by: 'mean' does not match"),
    ],
)
def test_door_of_the_rules(rules, old, new, says):
    rules.write_text(CLAIMS.replace(old, new))
    with pytest.raises(ValueError, match=says):
        load_claims()


def test_a_claim_stands_once(rules):
    rules.write_text(CLAIMS + CLAIMS)
    with pytest.raises(ValueError, match="toy.mean stands twice"):
        load_claims(rules.parent)


def test_a_claim_stands_in_one_chapter(rules):
    rules.with_name("02_more.claims.yml").write_text(CLAIMS)
    with pytest.raises(ValueError, match="02_more.claims.yml: toy.mean stands in 01_toy.claims.yml too"):
        load_claims()
    rules.with_name("02_more.claims.yml").rename(rules.with_name("toy.claims.yml"))
    with pytest.raises(ValueError, match="toy.claims.yml: name it after its notebook"):
        load_claims()


def test_rules_are_found_above_the_working_directory_or_the_way_is_told(tmp_path, monkeypatch):
    monkeypatch.delenv("LANDSCAPE_CLAIMS", raising=False)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01_toy.claims.yml").write_text(CLAIMS)
    (tmp_path / "book" / "static").mkdir(parents=True)
    for place in ("notebooks", "book/static", "."):
        monkeypatch.chdir(tmp_path / place)
        assert [(name, entry.chapter) for name, entry in load_claims().items()] == [("toy.mean", "01_toy")]
    monkeypatch.setenv("LANDSCAPE_CLAIMS", str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match="name one with claims, or unset it"):
        load_claims()
    with pytest.raises(FileNotFoundError, match=r"holds no \*.claims.yml"):
        load_claims(tmp_path)


def record(**changed):
    base = {"id": "toy.mean", "verdict": "reproduced", "value": 0.75, "ci": [0.6, 0.9], "n_seeds": 10}
    return base | {"repeated": "training sets", "budget": "class", "dataset": "digits", "reason": None} | changed


def test_records_are_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="run `make book` first"):
        print_records()
    (tmp_path / "_build").mkdir()
    (tmp_path / "_build" / "claims.json").write_text(json.dumps([record()]))
    print_records()
    assert capsys.readouterr().out.splitlines() == [
        "claim     verdict     measured           on                budget  data",
        "toy.mean  reproduced  0.75 [0.60, 0.90]  10 training sets  class   digits",
    ]
    print_records(as_json=True)
    assert json.loads(capsys.readouterr().out) == [record()]


def test_tags_stand_beside_the_verdicts_that_they_are_about(rules, capsys):
    tags = "tags: [{tag: rule at fault, because: It counts twice., budget: paper}, {tag: not at rest, because: Short.}]"
    rules.write_text(CLAIMS.replace("  min_seeds", f"  {tags}\n  min_seeds"))
    (tag, other) = load_claims()["toy.mean"].tags
    assert tag.is_about("paper", "mnist") and not tag.is_about("class", "mnist") and other.is_about("class", "digits")
    state()
    printed = capsys.readouterr().out
    assert "not at rest: Short." in printed and "rule at fault" not in printed
    rules.write_text(CLAIMS.replace("  min_seeds", "  tags: [{tag: unlucky, because: It rained.}]\n  min_seeds"))
    with pytest.raises(ValueError, match="unlucky"):
        load_claims()


def test_the_field_lists_what_was_measured(rules, capsys):
    field(state())
    assert capsys.readouterr().out.endswith("toy.mean: reproduced, 0.75 [0.60, 0.90]\n")
    outcome = state()
    for wrong, message in (((), "no outcomes"), ((attempt(lambda: 1.0),), "what claim")):
        with pytest.raises(ValueError, match=message):
            field(*wrong)
    with pytest.raises(ValueError, match=r"toy\.mean given twice"):
        field(outcome, outcome)


def test_the_field_in_a_notebook_is_a_table(rules, monkeypatch):
    monkeypatch.setattr("landscape_lib.report._claims.display_bundle", lambda *_: None)
    outcome, shown = state(), []
    monkeypatch.setattr("landscape_lib.report._fields.display_bundle", lambda *given: shown.append(given))
    field(outcome)
    ((bundle, facts),) = shown
    assert facts == {"landscape_field": ["toy.mean"]}
    head, rule, row = bundle["text/markdown"].splitlines()
    assert head.count("|") == rule.count("|") == row.replace(r"\|", "").count("|") == 6
    assert "**reproduced**, 0.75 [0.60, 0.90]" in row and r"N\* < c P \| not" in row
