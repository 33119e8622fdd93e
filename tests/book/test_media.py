"""One record, told by every medium: on a page, on a slide, on paper and in plain text."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest

from builder.pdf import paper
from builder.site.board import scoreboard
from builder.site.myst import escape
from builder.slides.selection import spoken
from landscape_lib.report import Entry, Rule, Source, brief_box, facts, strip, strip_html
from landscape_lib.report._boxes import box, plain

ENTRY = Entry(
    id="toy.mean",
    chapter="01_toy",
    statement="The mean is near 0.75 & N* < c P | not a table's end.",
    deck="S G",
    paper={"key": "geiger2019jamming", "says": "about <0.75>", "value": 0.75},
    measures="mean of the samples",
    by="toy.mean",
    rule=Rule(0.5, 1.0, 5),
    falsified_by="A mean below 0.5.",
    null="Samples of mean zero.",
)
WORDS = {"statement": ENTRY.statement, "measures": ENTRY.measures, "accepted": str(ENTRY.rule)}
WORDS |= {"falsified_by": ENTRY.falsified_by, "null": ENTRY.null}


def record(**changed):
    base = {"id": "toy.mean", "chapter": "01_toy", "verdict": "reproduced", "value": 0.75, "ci": [0.6, 0.9]}
    base |= {"n_seeds": 10, "budget": "class", "dataset": "digits", "reason": None, "words": WORDS}
    return base | {"reference": dict(ENTRY.paper)} | changed


def test_every_medium_tells_the_same_of_a_claim():
    claim = record(verdict="open", reason="it straddles a bound")
    measured, folded = ["0.75 [0.60, 0.90]"], [ENTRY.falsified_by, ENTRY.null]
    conditions = ["10 seeds", "class budget", "digits"]
    rule = ["between 0.5 and 1", "about <0.75>", "it straddles a bound", "open", "toy.mean", ENTRY.statement]
    page, slide, sheet, text, words = (tell(claim) for tell in (box, brief_box, paper.claim, plain, spoken))
    for fact in [*measured, *conditions, *rule, *folded, ENTRY.measures]:
        assert html.escape(fact) in page and escape(fact) in sheet, fact
    for fact in [*measured, *conditions, *rule, ENTRY.measures]:
        assert html.escape(fact) in slide, fact
    assert not [fact for fact in folded if fact in slide] and not [fact for fact in folded if fact not in words]
    for fact in [*measured, *conditions, rule[0], rule[2]]:
        assert fact in text, fact
    assert 'id="claim-toy.mean"' in page and "id=" not in slide, "it may stand on two slides"
    assert "**open** (it straddles a bound) · **toy.mean**" in sheet
    assert "<p>At scale.</p>" in brief_box(claim, "<p>At scale.</p>")
    assert "because" not in plain(record()) and "()" not in box(record())


def test_what_could_not_be_measured_says_so_once():
    claim = record(verdict="open", value=None, ci=None, reason="nobody looked")
    for text in (box(claim), brief_box(claim), paper.claim(claim), plain(claim), spoken(claim)):
        assert text.count("could not be measured: nobody looked") == 1 == text.count("nobody looked")


def test_a_strip_is_the_same_on_a_page_and_on_paper():
    made = strip(facts(Source(sorted, [1, 2], "digits & co", "ab" * 32, 2.0)), place="here", command="make book A=*")
    page, sheet = strip_html(made), paper.strip_text(made)
    for name, parts in made.rows.items():
        assert f"<dt>{name}</dt>" in page and escape(f"{name}: ") in sheet
        if name not in ("Data", "Code"):
            assert html.escape("".join(parts)) in page and escape("".join(parts)) in sheet
    assert "ab" * 32 in page and "ab" * 6 + "…" in sheet and "ab" * 7 not in sheet
    assert "<code>make book A=*</code>" in page and r"make book A=\*" in sheet


@pytest.mark.parametrize(
    "wording, lines",
    [
        (
            {"kind": "Predict", "text": "Is *it*?", "options": ["so", "- not"]},
            [r"**Predict 2.** Is \*it\*?", "", "- so"],
        ),
        (
            {"kind": "Predict", "text": "How?", "asks_for": "draw a against b = 1"},
            ["**Predict 2.** How?", "", "Draw a "],
        ),
        ({"kind": "Measured", "text": "1. So."}, ["**Measured 2.** 1\\. So."]),
    ],
)
def test_a_question_on_paper_lists_what_may_be_answered(wording, lines):
    printed = paper.question(wording, 2)
    assert "\n".join(lines) in printed
    assert paper.question(wording, None).count(" 2.**") == 0


def test_answers_on_paper():
    wording = {"kind": "", "text": "", "answers": [("The sky.", True, "By day."), ("4", False, "Two.")]}
    assert paper.replies(wording) == "- The sky: **right.** By day.\n- 4: **not so.** Two."


def test_the_scoreboard_on_paper_is_cards():
    printed = paper.scoreboard([ENTRY, replace(ENTRY, id="toy.more")], [record()])
    assert printed.startswith("2 claims: 1 reproduced, 0 not reproduced, 1 open.\n\n## Chapter 1: toy\n\n")
    assert printed.count("\\begin{card}") == 2 and "**toy.mean** in chapter 1. The mean" in printed
    assert "**Verdict:** reproduced\\\n**Measured:** **0.75 \\[0.60, 0.90\\]**; mean of the samples" in printed
    assert "**Budget, data:** class budget; digits; 10 seeds" in printed and "{cite}`geiger2019jamming`" in printed
    assert "**toy.more**. The" in printed and "**Measured:** not measured in this build; " in printed


def test_scoreboard_has_a_row_for_every_budget_of_a_claim():
    entries = [ENTRY]
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


def test_scoreboard_has_a_row_for_every_claim():
    entries = [ENTRY]
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
