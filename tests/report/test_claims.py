"""Verdicts, what a notebook displays, and the doors of `claim`."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from landscape_lib.report import (
    Rule,
    bootstrap,
    claim,
    decide,
    jackknife,
    load_claims,
    print_records,
    scoreboard,
    with_interval,
)

CLAIMS = """
- id: toy.mean
  chapter: 01_toy
  statement: The mean is near 0.75 & N* < c P | not a table's end.
  deck: S G
  paper: {key: geiger2019jamming, says: about <0.75>, value: 0.75}
  measures: mean of the samples
  rule: {low: 0.5, high: 1.0, on: ci}
  falsified_by: A mean below 0.5.
  null: Samples of mean zero.
  min_seeds: 5
"""
SHA = "0" * 64
numbers = st.floats(-1e6, 1e6)


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "claims.yml"
    path.write_text(CLAIMS)
    monkeypatch.setenv("LANDSCAPE_CLAIMS", str(path))
    return path


def state(value=0.75, ci=(0.6, 0.9), **changed):
    rest = {"n_seeds": 10, "budget": "class", "dataset": "digits", "data_sha256": SHA} | changed
    return claim(rest.pop("id", "toy.mean"), value, ci=ci, **rest)


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
    for one, two in [
        (Rule(bound, None, 5), Rule(bound, math.inf, 5)),
        (Rule(None, bound, 5), Rule(-math.inf, bound, 5)),
    ]:
        assert decide(one, value, (low, high), 10) == decide(two, value, (low, high), 10)


@given(value=st.floats(-1e4, 1e4), below=st.floats(1e-3, 1e3), above=st.floats(1e-3, 1e3))
def test_printed_interval_is_right_to_a_twentieth_of_its_width(value, below, above):
    ci = (value - below, value + above)
    text = with_interval(value, ci).replace("[", "").replace("]", "").replace(",", "")
    # Two significant digits of the width: a step is at most a tenth of it, rounding at most half a step.
    for printed, exact in zip(map(float, text.split()), (value, *ci), strict=True):
        assert abs(printed - exact) <= 0.05 * (ci[1] - ci[0]) + 1e-9


def test_bootstrap_agrees_with_theory_for_the_mean():
    samples = np.random.default_rng(0).normal(3.0, 2.0, size=400)
    value, (low, high) = bootstrap(samples)
    assert value == pytest.approx(samples.mean(), rel=1e-12)
    # ±1.96 σ/√n; 2000 resamples leave the width uncertain by some 2%, so 10% is five of those.
    assert high - low == pytest.approx(2 * 1.96 * samples.std() / 20, rel=0.1)
    assert bootstrap(samples) == bootstrap(samples), "same seed, same interval"


def test_bootstrap_draws_whole_seeds_and_takes_any_statistic():
    rows = np.array([[1.0, 2.0], [3.0, 6.0], [5.0, 10.0]])  # second = twice first, in each seed
    value, (low, high) = bootstrap(rows, lambda r: r[:, 1].sum() / r[:, 0].sum())
    assert (value, low, high) == pytest.approx((2, 2, 2), rel=1e-12), "a ratio that all seeds share has no spread"
    assert bootstrap([0.25] * 10) == (0.25, (0.25, 0.25))


@pytest.mark.parametrize(
    "samples, says",
    [([1.0], "at least two seeds"), ([1.0, math.nan], "NaN or infinity"), (np.array(3.0), "at least two seeds")],
)
def test_bootstrap_door(samples, says):
    with pytest.raises(ValueError, match=says):
        bootstrap(samples)


def test_jackknife_of_the_mean_is_students_interval():
    samples = np.random.default_rng(0).standard_normal(5)
    value, interval = jackknife(samples)
    exact = scipy.stats.t.interval(0.95, 4, samples.mean(), scipy.stats.sem(samples))
    assert (value, *interval) == pytest.approx((samples.mean(), *exact))
    assert jackknife(samples, level=0.5)[1] == pytest.approx(
        scipy.stats.t.interval(0.5, 4, samples.mean(), scipy.stats.sem(samples))
    )


def test_jackknife_of_a_ratio_holds_the_truth_nineteen_times_in_twenty():
    """Five seeds, a quotient of means whose truth is 2: 400 draws, of which 380 ± 4.4 should hold it."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        rows = np.array([1.0, 2.0]) + 0.1 * rng.standard_normal((5, 2))
        _, (low, high) = jackknife(rows, lambda r: r[:, 1].mean() / r[:, 0].mean())
        held += low <= 2 <= high
    assert 366 <= held <= 394  # three standard errors, and one for the curvature


@pytest.mark.parametrize("samples, says", [([1.0], "at least two"), ([1.0, np.nan], "NaN or infinity")])
def test_jackknife_door(samples, says):
    with pytest.raises(ValueError, match=f"jackknife: .*{says}"):
        jackknife(samples)


def test_outside_a_notebook_a_claim_prints_its_text(rules, capsys):
    assert state() is None
    assert capsys.readouterr().out == (
        "claim toy.mean: reproduced\nmeasured: 0.75 [0.60, 0.90]\naccepted: between 0.5 and 1\n"
        "10 seeds, class budget, digits\n"
    )


def test_in_a_notebook_a_claim_displays_text_box_and_record(rules, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: InteractiveShell)
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw, metadata: shown.append((bundle, metadata)))
    state(np.float64(0.1), (np.float64(0.0), np.float64(0.2)), seconds=3.0)
    ((bundle, metadata),) = shown
    record = json.loads(json.dumps(metadata["landscape"]))  # it must survive a notebook file
    assert record["verdict"] == "not reproduced" and record["ci"] == [0.0, 0.2] and record["seconds"] == 3.0
    assert record["reference"] == {"key": "geiger2019jamming", "says": "about <0.75>", "value": 0.75}
    box = bundle["text/html"]
    assert "✗ not reproduced" in box and "about &lt;0.75&gt;" in box and "N* &lt; c P" in box
    assert 'href="../book/scoreboard.html#claim-toy.mean"' in box and '<div id="claim-toy.mean"' in box
    opened = box.split("<summary>What would falsify it</summary>")[1].split("</details>")[0]
    assert "A mean below 0.5." in opened and "Samples of mean zero." in opened
    assert str(record["commit"]) not in box + bundle["text/plain"], "what nbval compares is the same at every commit"


def test_open_says_why(rules, capsys):
    state(n_seeds=3)
    assert "open because 3 seeds, the rule asks for 5" in capsys.readouterr().out
    state(0.5, (0.4, 0.6))
    assert "open because the interval straddles a bound" in capsys.readouterr().out
    state(None, None, reason="no width was stuck")
    assert "measured: could not be measured: no width was stuck" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changed, says",
    [
        ({"id": "toy.mode"}, "'toy.mode' is not in book/claims.yml, which has toy.mean"),
        ({"value": math.nan}, "toy.mean: got value nan .* need finite numbers"),
        ({"ci": (0.6, math.inf)}, "need finite numbers"),
        ({"ci": (0.9, 0.6)}, "need low ≤ value ≤ high"),
        ({"ci": (0.8, 0.9)}, "need low ≤ value ≤ high"),
        ({"value": None, "ci": None}, "needs ci=None and reason="),
        ({"ci": None}, "needs ci="),
        ({"reason": "because"}, "and no reason"),
        ({"budget": "large"}, "budget 'large'; accepted: class, paper"),
        ({"data_sha256": "abc"}, "data_sha256 'abc'; need the 64 hexadecimal digits"),
        ({"n_seeds": -1}, "n_seeds -1"),
    ],
)
def test_door_of_claim(rules, changed, says):
    with pytest.raises(ValueError, match=says):
        state(**changed)


@pytest.mark.parametrize(
    "old, new, says",
    [
        ("low: 0.5, high: 1.0", "low: null, high: null", "toy.mean → rule → high: None is not of type"),
        ("low: 0.5", "low: 2.0", "rule runs from 2.0 down to 1.0; swap"),
        ("min_seeds: 5", "min_seeds: 2", "toy.mean → min_seeds: 2 is less than the minimum of 5"),
        ("  null: Samples of mean zero.\n", "", "'null' is a required property"),
        ("0.75 & N*", "$N^*$", "toy.mean → statement: .* does not match"),
        ("deck: S G", "deck: [S", "not valid YAML"),
        ("chapter: 01_toy", "chapter: toy", "toy.mean → chapter: 'toy' does not match"),
    ],
)
def test_door_of_the_rules(rules, old, new, says):
    rules.write_text(CLAIMS.replace(old, new))
    with pytest.raises(ValueError, match=says):
        load_claims()


def test_a_claim_stands_once(rules):
    rules.write_text(CLAIMS + CLAIMS)
    with pytest.raises(ValueError, match="toy.mean stands twice"):
        load_claims(rules)


def test_rules_are_found_above_the_working_directory_or_the_way_is_told(tmp_path, monkeypatch):
    monkeypatch.delenv("LANDSCAPE_CLAIMS", raising=False)
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "claims.yml").write_text(CLAIMS)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert list(load_claims()) == ["toy.mean"]
    monkeypatch.setenv("LANDSCAPE_CLAIMS", str(tmp_path / "none.yml"))
    with pytest.raises(FileNotFoundError, match="name a claims.yml, or unset it"):
        load_claims()


def record(**changed):
    base = {"id": "toy.mean", "verdict": "reproduced", "value": 0.75, "ci": [0.6, 0.9], "n_seeds": 10}
    return base | {"budget": "class", "dataset": "digits", "reason": None} | changed


def test_records_are_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="run `make book` first"):
        print_records()
    (tmp_path / "_build").mkdir()
    (tmp_path / "_build" / "claims.json").write_text(json.dumps([record()]))
    print_records()
    assert capsys.readouterr().out.splitlines() == [
        "claim     verdict     measured           seeds  budget  data",
        "toy.mean  reproduced  0.75 [0.60, 0.90]  10     class   digits",
    ]
    print_records(as_json=True)
    assert json.loads(capsys.readouterr().out) == [record()]


def test_scoreboard_has_a_row_for_every_budget_of_a_claim(rules):
    entries = list(load_claims().values())
    paper = record(budget="paper", verdict="open", reason="3 seeds, too few")
    page = scoreboard(entries, [paper, record()])
    assert "1 claim: 1 reproduced, 0 not reproduced, 0 open." in page
    assert "At the paper budget 1 measurement: 0 reproduced, 0 not reproduced, 1 open." in page
    anchors = re.findall(r'<span id="(\S+)"(?: data-chapter="01_toy" data-verdict="(\w+)")?', page)
    assert anchors == [("claim-toy.mean", "reproduced"), ("claim-toy.mean-paper-digits", "open")]
    assert 'href="../notebooks/01_toy.html#claim-toy.mean-paper-digits"' in page
    # Measured at the paper budget only, its first row answers to the plain name too.
    two = scoreboard(entries, [paper, record(budget="paper", dataset="mnist")])
    assert "At the paper budget 2 measurements: 1 reproduced, 0 not reproduced, 1 open." in two
    anchors = ["claim-toy.mean", "claim-toy.mean-paper-digits", "claim-toy.mean-paper-mnist"]
    assert re.findall(r'<span id="(\S+)"', two) == anchors


def test_scoreboard_has_a_row_for_every_claim(rules):
    entries = list(load_claims().values())
    page = scoreboard(entries, [record()])
    assert "1 claim: 1 reproduced, 0 not reproduced, 0 open." in page
    (row,) = re.findall(r"^\* - <span.*?(?=^\* |^````)", page, flags=re.DOTALL | re.MULTILINE)
    cells = row.split("\n  - ")
    assert 'id="claim-toy.mean" data-chapter="01_toy" data-verdict="reproduced" data-budget="class"' in cells[0]
    assert 'href="../notebooks/01_toy.html#claim-toy.mean"' in cells[0] and r"N\* \< c P \| not" in cells[0]
    opened = cells[0].split("<summary>What would falsify it</summary>")[1]
    assert "A mean below 0.5." in opened and "Samples of mean zero." in opened
    assert ">reproduced</span>" in cells[1] and r"0.75 \[0.60, 0.90\]" in cells[2]
    assert cells[3:5] == ["class budget<br>digits<br>10 seeds", "between 0.5 and 1"] and "{cite}`geiger2019" in cells[5]
    assert ">open</span><br>3 seeds, " in scoreboard(entries, [record(verdict="open", reason="3 seeds, too few")])
    unmeasured = scoreboard(entries, [])
    assert "not measured in this build" in unmeasured and "href" not in unmeasured, "there is no box to link to"
