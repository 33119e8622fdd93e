"""Predictions: the measured number decides which answer it is."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib.report import attempt, predict

OPTIONS = {"few": (0, 3), "some": (3, 40), "many": (40, math.inf)}
QUESTION = "How many are left over?"


def ask(**options: Any) -> predict.Choice:
    return predict.choose(**{"name": "left", "question": QUESTION, "options": OPTIONS, **options})


def draw(**options: Any) -> predict.Curve:
    axes = {"x": [1, 2, 4], "y": (0, 1), "xlabel": "size N", "ylabel": "share"}
    return predict.draw(**{"name": "share", "question": QUESTION, **axes, **options})


def facts(output: dict[str, Any]) -> dict[str, Any]:
    return json.loads(BeautifulSoup(output["metadata"]["landscape_card"], "html.parser").select_one("script").string)


@pytest.mark.parametrize("value, option", [(0, 0), (2.999, 0), (3, 1), (40, 2), (1e300, 2), (-1, None)])
def test_an_answer_holds_its_lower_end(displayed: list[dict[str, Any]], value: float, option: int | None):
    ask().measured(value, "This is what came out.")
    assert facts(displayed[1])["option"] == option
    answer = "none of the answers" if option is None else f"“{list(OPTIONS)[option]}”"
    assert f"which is {answer}. This is what came out." in displayed[1]["data"]["text/plain"]


@given(value=st.floats(0, allow_infinity=False))
def test_every_number_from_the_lowest_up_has_exactly_one_answer(value: float):
    assert sum(low <= value < high for low, high in OPTIONS.values()) == 1


def test_the_outcome_of_a_measurement_is_a_number_or_the_reason_why_there_is_none(displayed: list[dict[str, Any]]):
    def stuck() -> float:
        raise ValueError("no width was stuck")

    for measure, option, says in (
        (lambda: (5.0, (4.0, 6.0)), 1, "5, which is “some”. On a par."),
        (stuck, None, "It could not be measured: no width was stuck. On a par."),
    ):
        ask().measured(attempt(measure), "On a par.")
        assert facts(displayed[-1])["option"] == option and says in displayed[-1]["data"]["text/plain"]


def test_question_and_answer_know_each_other(displayed: list[dict[str, Any]]):
    draw().measured([4, 1, 2], [1, 0, 0.5], "It climbs all the way.")
    cards = [BeautifulSoup(output["metadata"]["landscape_card"], "html.parser") for output in displayed]
    ids = [card.select_one("[data-about]")["data-about"] for card in cards]
    assert ids[0] == ids[1]
    asked, answered = (output["metadata"]["landscape_prediction"] for output in displayed)
    assert asked == {"asks": "share"} and answered == {"answers": "share"}
    measured = facts(displayed[1])
    assert (measured["x"], measured["y"]) == ([1, 2, 4], [0, 0.5, 1]), "sorted by x"
    assert "0 at 1, 0.5 at 2, 1 at 4" in displayed[1]["data"]["text/plain"], "the numbers stand in the text too"


def test_words_are_never_markup(displayed: list[dict[str, Any]]):
    ask(question='Is <b>N < "P" & so on?', options={"<i>yes</i>": (0, 1), "</script>no": (1, 2)}).measured(
        1, "</script><b>It is so"
    )
    for output in displayed:
        page = BeautifulSoup(output["metadata"]["landscape_card"], "html.parser")
        assert not page.select("b, i") and len(page.select("form, aside")) == 1
    assert facts(displayed[1])["says"] == "</script><b>It is so"


def test_a_plain_script_prints_the_question(capsys: pytest.CaptureFixture[str]):
    ask()
    assert capsys.readouterr().out == f"Predict. {QUESTION}\n( ) few\n( ) some\n( ) many\n"


@pytest.mark.parametrize(
    "options, says",
    [
        ({"options": {"few": (0, 3)}}, "1 options; need at least two"),
        ({"options": {"few": (0, 3), "many": (4, 9)}}, "an option ends at 3, the next begins at 4"),
        ({"options": {"few": (3, 0), "many": (0, 9)}}, "option 'few' runs from 3 to 0"),
        ({"options": {"": (0, 3), "many": (3, 9)}}, "option is ''"),
        ({"question": "Why?"}, "question is 'Why?'; need at least 3 words"),
        ({"name": " "}, "choose: name is ' '"),
    ],
)
def test_door_of_choose(as_user: None, displayed: list[dict[str, Any]], options: dict[str, Any], says: str):
    with pytest.raises(ValueError) as error:
        ask(**options)
    assert says in str(error.value) and not displayed


@pytest.mark.parametrize(
    "options, says",
    [
        ({"x": []}, "need at least two rising numbers"),
        ({"x": [2, 1]}, "need at least two rising numbers"),
        ({"x": [0, 1], "log": True}, "need at least two rising numbers, above zero"),
        ({"x": [1, math.nan]}, "need at least two rising numbers"),
        ({"y": (1, 1)}, "need (low, high) with low < high"),
        ({"xlabel": ""}, "xlabel is ''"),
    ],
)
def test_door_of_draw(as_user: None, displayed: list[dict[str, Any]], options: dict[str, Any], says: str):
    with pytest.raises(ValueError) as error:
        draw(**options)
    assert says in str(error.value) and not displayed


def test_a_measurement_that_is_none_is_refused(as_user: None, displayed: list[dict[str, Any]]):
    with pytest.raises(ValueError, match="measured nan; need a finite number"):
        ask().measured(math.nan, "This is what came out.")
    with pytest.raises(ValueError, match="measured 0 points"):
        draw().measured([], [], "This is what came out.")
    with pytest.raises(ValueError, match="each once, above zero"):
        draw(x=[1, 2], log=True).measured([0, 1], [0, 1], "This is what came out.")
    with pytest.raises(ValueError, match="each once"):
        draw().measured([1, 1], [0, 1], "This is what came out.")
    with pytest.raises(ValueError, match="says is 'so'"):
        ask().measured(1, "so")
