"""Quizzes: every answer has its feedback, and a file that cannot be answered is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from bs4 import BeautifulSoup

from landscape_lib.report import load_quiz, quiz

ROOT = Path(__file__).resolve().parents[2]
CHOICE = {
    "id": "colour",
    "question": "Which one is blue?",
    "options": [
        {"text": "the sky", "right": True, "feedback": "By day it is."},
        {"text": "the <grass>", "feedback": "That one is green."},
    ],
}
NUMBER = {
    "id": "sum",
    "question": "What is 2 + 2?",
    "number": {
        "value": 4,
        "feedback": "Four.",
        "wrong": [{"value": 22, "feedback": "Glued."}],
        "otherwise": "Add them.",
    },
}


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")

    def write(questions: Any) -> Path:
        path = tmp_path / "notebooks" / "01_toy.quiz.yml"
        path.write_text(questions if isinstance(questions, str) else yaml.safe_dump(questions, allow_unicode=True))
        return path

    return write


def test_questions_are_shown_in_order_or_by_name(written: Any, displayed: list[dict[str, Any]]):
    written([CHOICE, NUMBER])
    quiz("01_toy")
    quiz("01_toy", "sum")
    assert [output["metadata"]["landscape_quiz"]["id"] for output in displayed] == ["colour", "sum", "sum"]
    assert displayed[0]["data"]["text/plain"] == "Check yourself. Which one is blue?\n( ) the sky\n( ) the <grass>"


def test_without_script_every_answer_can_still_be_read(written: Any, displayed: list[dict[str, Any]]):
    written([CHOICE, NUMBER])
    quiz("01_toy")
    for output, listed in zip(
        displayed,
        (
            ["the sky: right. By day it is.", "the <grass>: not so. That one is green."],
            ["4: right. Four.", "22: not so. Glued."],
        ),
        strict=True,
    ):
        page = BeautifulSoup(output["metadata"]["landscape_card"], "html.parser")
        assert [item.text for item in page.select("details li")] == listed
        assert page.select_one("fieldset legend").text.startswith("Check yourself.")
        assert page.select_one("[role=status]") is not None and not page.select("grass")


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.quiz.yml")), ids=lambda path: path.stem)
def test_the_chapters_quizzes_are_sound(path: Path):
    questions = load_quiz(path)
    assert (path.parent / f"{path.name.removesuffix('.quiz.yml')}.ipynb").exists(), "a quiz stands beside its chapter"
    assert len(questions) >= 3


def without(question: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in question.items() if name != key}


WRONG = [{**option, "right": False} for option in CHOICE["options"]]


@pytest.mark.parametrize(
    "questions, says",
    [
        ([{**CHOICE, "options": WRONG}], "01_toy.quiz.yml: colour has no right answer"),
        ([CHOICE, CHOICE], "colour stands twice"),
        ([{**CHOICE, "options": [{**option, "right": True} for option in WRONG]}], "colour has no wrong answer"),
        ([{**CHOICE, "question": "  "}], "at colour → question"),
        ([{**NUMBER, "number": {**NUMBER["number"], "value": float("nan")}}], "sum: NaN or infinity"),
        ([{**NUMBER, "number": {**NUMBER["number"], "tolerance": 20}}], "sum: 22 is said to be wrong, and is right"),
        ([{**CHOICE, "options": [WRONG[0], {**WRONG[0], "right": True}]}], "colour has two options of the same text"),
        ([{**CHOICE, "options": CHOICE["options"][:1]}], "at colour → options"),
        ([without(CHOICE, "options")], "at colour"),
        ([{**CHOICE, "number": NUMBER["number"]}], "at colour"),
        ([{**CHOICE, "options": [without(option, "feedback") for option in CHOICE["options"]]}], "at colour"),
        ([{**NUMBER, "number": without(NUMBER["number"], "otherwise")}], "at sum → number"),
        ([{**NUMBER, "number": {**NUMBER["number"], "value": "four"}}], "at sum → number → value"),
        ([], "at top level"),
        ("a: [", "not YAML"),
        ("", "at top level"),
        ([3], "at 0"),
    ],
)
def test_door(as_user: None, written: Any, questions: Any, says: str):
    path = written(questions)
    with pytest.raises(ValueError) as error:
        load_quiz(path)
    assert says in str(error.value) and path.name in str(error.value)


def test_unknown_names(as_user: None, written: Any):
    written([CHOICE])
    with pytest.raises(ValueError, match="no question shape; there is colour"):
        quiz("01_toy", "shape")
    with pytest.raises(FileNotFoundError, match=r"no notebooks/02_toy\.quiz\.yml"):
        quiz("02_toy")
