"""One record, told by every medium: on a page, on a slide, on paper and in plain text."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from builder.execute.records import read
from builder.paths import NOTEBOOKS
from builder.pdf import paper
from builder.site.board import field_table, scoreboard, scoreboard_rows
from builder.site.myst import escape, words
from builder.slides.selection import spoken
from landscape_lib.report import Entry, Rule, Source, brief_box, facts, html_formulas, strip, strip_html
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
    contested=None,
    differs=None,
    settled_by=None,
)
WORDS = {"statement": ENTRY.statement, "measures": ENTRY.measures, "accepted": str(ENTRY.rule)}
WORDS |= {"falsified_by": ENTRY.falsified_by, "null": ENTRY.null}
WORDS |= {"contested": "Somebody (2024) sees none.", "differs": None, "settled_by": "More samples."}


def record(**changed):
    base = {"id": "toy.mean", "chapter": "01_toy", "verdict": "reproduced", "value": 0.75, "ci": [0.6, 0.9]}
    base |= {
        "n_seeds": 10,
        "repeated": "seeds",
        "budget": "class",
        "dataset": "digits",
        "reason": None,
        "tags": [],
        "words": WORDS,
    }
    return base | {"reference": dict(ENTRY.paper)} | changed


def test_every_medium_tells_the_same_of_a_claim():
    claim = record(verdict="open", reason="it straddles a bound")
    measured, folded = ["0.75 [0.60, 0.90]"], [ENTRY.falsified_by, ENTRY.null]
    conditions = ["10 seeds", "class budget", "digits"]
    rule = ["between 0.5 and 1", "it straddles a bound", "open", "toy.mean", ENTRY.statement]
    more = [*conditions, "about <0.75>", ENTRY.measures, WORDS["contested"], WORDS["settled_by"]]
    page, slide, sheet, text, spoken_words = (tell(claim) for tell in (box, brief_box, paper.claim, plain, spoken))
    opened, _, behind = page.partition("<details>")
    for fact in [*measured, *rule]:
        assert html_formulas(fact) in opened and html_formulas(fact) in slide and words(fact) in sheet, fact
    for fact in [*more, *folded]:
        assert html_formulas(fact) in behind and words(fact) in sheet and html_formulas(fact) not in slide, fact
    assert opened.count("<p>") == 2, "two lines"
    assert not [fact for fact in folded if fact not in spoken_words]
    for fact in [*measured, *conditions, rule[0], rule[1]]:
        assert fact in text, fact
    assert 'id="claim-toy.mean"' in page and "id=" not in slide, "it may stand on two slides"
    assert "**open** (it straddles a bound) · The mean" in sheet
    assert "<p>At scale.</p>" in brief_box(claim, "<p>At scale.</p>")
    assert "because" not in plain(record()) and "()" not in box(record())


def test_what_could_not_be_measured_says_so_once():
    claim = record(verdict="open", value=None, ci=None, reason="nobody looked")
    for text in (box(claim), brief_box(claim), paper.claim(claim), plain(claim), spoken(claim)):
        plain_text = re.sub(r"</?strong>|\*\*", "", text).lower()
        assert plain_text.count("could not be measured: nobody looked") == 1 == text.count("nobody looked")
        assert plain_text.count("measured could") == plain_text.count("measured: could") == 0


def test_a_strip_is_the_same_on_a_page_and_on_paper():
    made = strip(facts(Source(sorted, [1, 2], "digits & co", "ab" * 32, 2.0)), place="here", command="make book A=*")
    page, sheet = strip_html(made), paper.strip_text(made)
    for name, parts in made.rows.items():
        assert f"<dt>{name}</dt>" in page and escape(f"{name}: ") in sheet
        if name not in ("Data", "Code"):
            assert html.escape("".join(parts)) in page and escape("".join(parts)) in sheet
    assert "ab" * 32 in page and "ab" * 6 + "…" in sheet and "ab" * 7 not in sheet
    assert "<code>make book A=*</code>" in page and r"make book A=\*" in sheet


def test_many_seeds_are_told_on_paper_by_their_ends():
    seeds = [100 * group + i for group in range(30) for i in range(10)]
    made = strip(facts(Source(sorted, seeds, "digits", "ab" * 32, 2.0)), place="here", command="make book")
    assert "Seeds: 0 to 2909, in 30 ranges; Data" in paper.strip_text(made) and "<dd>0 to 9, 100 to " in strip_html(
        made
    )


def test_a_card_stands_once_on_paper_and_then_a_line():
    live, larger = record(), record(budget="paper", repeated="training sets", tags=[{"tag": "fine", "because": "So."}])
    cells = [
        new_code_cell("x", outputs=[new_output("display_data", {"text/html": ""}, metadata={"landscape": each})])
        for each in (live, larger)
    ]
    chapter = read(NOTEBOOKS / "01_toy.ipynb", new_notebook(cells=cells))
    first, second = printed_claims(chapter)
    assert ENTRY.null in first and ENTRY.null not in second
    assert "**0.75 \\[0.60, 0.90\\]** (10 training sets, paper budget, digits). **fine**: So." in second
    assert ENTRY.null not in printed_claims(chapter, "toy.mean")[0], "a chapter before has it"


def printed_claims(chapter, *stated):
    made = paper.chapter_notebook(chapter, lambda place, text: text, False, frozenset(stated))
    return [cell.outputs[0].data["text/markdown"] for cell in made.cells]


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
        ({"kind": "Check", "text": "How many?", "asks_for": "a number"}, ["**Check 2.** How many?", "", "A number."]),
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
    counted = "2 claims: 1 reproduced, 0 not reproduced, 1 open, each by its largest run."
    assert printed.startswith(f"{counted}\n\n## Chapter 1: toy\n\n")
    assert printed.count("\\begin{card}") == 2 and "**toy.mean**. The mean" in printed
    assert "**Live:** reproduced, **0.75 \\[0.60, 0.90\\]**, digits, 10 seeds\\\n**Larger run:** none\\\n" in printed
    assert "**What is measured.** mean of the samples" in printed and "{cite}`geiger2019jamming`" in printed
    assert "**toy.more**. The" in printed and "**Live:** not measured\\\n" in printed


ROW = re.compile(r"^\* - <span.*?(?=^\* |^````)", flags=re.DOTALL | re.MULTILINE)


def test_the_scoreboard_has_one_row_for_all_that_was_measured_of_a_claim():
    paper = record(budget="paper", verdict="open", reason="3 seeds, too few", page="01_toy_appendix")
    page = scoreboard([replace(ENTRY, differs="Few seeds.")], [record(), paper])
    assert "1 claim: 0 reproduced, 0 not reproduced, 1 open, each by its largest run." in page
    assert "Measured live and in a larger run: 1; of these 0 verdicts agree, and 1 differ." in page
    (row,) = ROW.findall(page)
    cells = row.split("\n  - ")
    assert 'data-chapter="01_toy" data-verdict="open" data-agreement="differ"' in cells[0]
    assert 'href="../notebooks/01_toy.html#claim-toy.mean">reproduced</a>' in cells[1]
    assert 'href="../notebooks/01_toy_appendix.html#claim-toy.mean-paper-digits">open</a> (3 seeds, ' in cells[2]
    assert cells[3] == "≠ differ" and "Why measurements differ: Few seeds." in cells[0]
    assert re.findall(r'<span id="(\S+)"', page) == ["claim-toy.mean", "claim-toy.mean-paper-digits"]


def test_of_several_larger_runs_the_first_counts():
    larger = [record(budget="paper", dataset=name, verdict=verdict) for name, verdict in VERDICTS_ON.items()]
    larger[1]["reason"] = "it straddles"
    page = scoreboard([ENTRY], larger)
    assert "1 claim: 1 reproduced, 0 not reproduced, 0 open" in page and 'data-agreement="larger only"' in page
    anchors = ["claim-toy.mean", "claim-toy.mean-paper-mnist", "claim-toy.mean-paper-random"]
    assert re.findall(r'<span id="(\S+)"', page) == anchors
    assert "of these 1 verdicts agree" in scoreboard([ENTRY], [record(), *larger])


VERDICTS_ON = {"mnist": "reproduced", "random": "open"}


def test_a_row_of_the_scoreboard_says_all_of_its_claim():
    tags = [{"tag": "rule at fault", "because": "It counts N* twice."}]
    page = scoreboard([replace(ENTRY, contested="Somebody (2024).")], [record(tags=tags)])
    (row,) = ROW.findall(page)
    cells = row.split("\n  - ")
    assert r"$N^{*}$ \< c $P$ \| not" in cells[0] and "<code>toy.mean</code>" in cells[0]
    opened = cells[0].split("<summary>What would falsify it</summary>")[1]
    for text in ("A mean below 0.5.", "Samples of mean zero.", "mean of the samples", "Contested: Somebody"):
        assert text in opened, text
    assert r"**0.75 \[0.60, 0.90\]**<br>digits, 10 seeds" in cells[1]
    assert '<span class="claim-tag">rule at fault</span> It counts $N^{*}$ twice.' in cells[1]
    assert cells[2:5] == ["none", "live only", "between 0.5 and 1"] and "{cite}`geiger2019" in cells[5]
    unmeasured = scoreboard([ENTRY], [])
    assert "not measured" in unmeasured and "href" not in unmeasured, "there is no box to link to"


def test_the_table_of_the_field_tells_both_scales_and_what_would_settle_it():
    entry = replace(ENTRY, contested="Somebody (2024).", differs="Few seeds.", settled_by="More.")
    larger = record(budget="paper", verdict="open", reason="few", page="01_toy_appendix")
    _, rows = scoreboard_rows([entry], [record(), larger])
    for told in (field_table(rows["01_toy"]), paper.field_table(rows["01_toy"])):
        for text in (
            "Somebody (2024).",
            "Few seeds.",
            "More.",
            "reproduced",
            "open",
            "0.75",
            "{cite}`geiger2019jamming`",
        ):
            assert text in told, text
    _, rows = scoreboard_rows([entry], [record()])
    assert "Few seeds." not in field_table(rows["01_toy"]), "nothing differs"
