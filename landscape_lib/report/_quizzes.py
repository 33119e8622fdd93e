"""Quizzes: questions in a small YAML file beside the notebook, with feedback for each answer."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from landscape_lib._origin import SOURCE_TREE

from ._card import Wording, as_script, attributes, show_card
from ._rules import find_up

KIND = "Check yourself"
SCHEMA = Path(__file__).with_name("quiz.schema.json")


def quiz(chapter: str, *ids: str) -> None:
    """Show questions of ``notebooks/<chapter>.quiz.yml``: those named, or all in the file's order."""
    questions = load_quiz(_find(chapter))
    if unknown := [name for name in ids if name not in questions]:
        raise ValueError(f"quiz {chapter}: no question {', '.join(unknown)}; there is {', '.join(questions)}")
    for name in ids or questions:
        _show(chapter, name, questions[name])


def load_quiz(path: str | Path) -> dict[str, dict[str, Any]]:
    """The questions of a file by id, checked: each has feedback for every answer, and at least one right answer."""
    file = Path(path)
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{file.name}: not YAML: {' '.join(str(error).split())}") from None
    schema = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    if wrong := best_match(schema.iter_errors(raw)):
        where = list(wrong.absolute_path)
        if where and isinstance(raw[where[0]], dict):
            where[0] = raw[where[0]].get("id", where[0])
        raise ValueError(f"{file.name}: at {' → '.join(map(str, where)) or 'top level'}: {wrong.message}")
    questions: dict[str, dict[str, Any]] = {}
    for question in raw:
        if question["id"] in questions:
            raise ValueError(f"{file.name}: {question['id']} stands twice; each question has an id of its own")
        options = question.get("options")
        if options and not any(option.get("right") for option in options):
            raise ValueError(f"{file.name}: {question['id']} has no right answer; mark one with `right: true`")
        if options and all(option.get("right") for option in options):
            raise ValueError(f"{file.name}: {question['id']} has no wrong answer, so there is nothing to choose")
        if "number" in question:
            _check_number(f"{file.name}: {question['id']}", question["number"])
        if options and len({option["text"] for option in options}) < len(options):
            raise ValueError(f"{file.name}: {question['id']} has two options of the same text")
        questions[question["id"]] = question
    return questions


def _check_number(place: str, number: Mapping[str, Any]) -> None:
    tolerance = number.get("tolerance", 0)
    wrong = number.get("wrong", [])
    if not all(map(math.isfinite, [number["value"], tolerance, *(other["value"] for other in wrong)])):
        raise ValueError(f"{place}: NaN or infinity; need finite numbers, or no answer is right")
    for other in wrong:
        if abs(other["value"] - number["value"]) <= tolerance:
            raise ValueError(f"{place}: {other['value']:g} is said to be wrong, and is right within {tolerance:g}")


def _show(chapter: str, name: str, question: Mapping[str, Any]) -> None:
    e = html.escape
    if "options" in question:
        options = [{"right": False, **option} for option in question["options"]]
        fields = "\n".join(
            f'<label><input type="radio" name="quiz-{e(name)}" value="{i}"><span>{e(option["text"])}</span></label>'
            for i, option in enumerate(options)
        )
        listed = [(option["text"], option["right"], option["feedback"]) for option in options]
        data: dict[str, Any] = {"options": options}
        wording: Wording = {"kind": KIND, "text": question["question"], "options": [text for text, _, _ in listed]}
    else:
        number = {"tolerance": 0, "wrong": [], **question["number"]}
        number["wrong"] = [{"tolerance": number["tolerance"], **wrong} for wrong in number["wrong"]]
        number["otherwise"] = {"feedback": number["otherwise"]}
        box = '<input type="text" inputmode="decimal" autocomplete="off">'
        fields = f"<label>{e(number.get('label', 'Your number'))} {box}</label>"
        listed = [(f"{number['value']:g}", True, number["feedback"])]
        listed += [(f"{wrong['value']:g}", False, wrong["feedback"]) for wrong in number["wrong"]]
        data = {"number": number}
        wording = {"kind": KIND, "text": question["question"], "asks_for": "a number"}
    answers = "".join(
        f"<li>{e(text)}: {'right' if right else 'not so'}. {e(feedback)}</li>" for text, right, feedback in listed
    )
    show_card(
        f'<form class="quiz" {attributes(data_card="quiz", data_name=name)}>\n'
        f'<fieldset><legend><span class="kind">{KIND}.</span> {e(question["question"])}</legend>\n{fields}\n'
        '</fieldset>\n<p data-needs-script hidden><button type="submit">Check</button></p>\n<p role="status"></p>\n'
        f"<details><summary>All answers</summary><ul>{answers}</ul></details>\n{as_script(data)}</form>",
        {**wording, "answers": listed},
        metadata={"landscape_quiz": {"chapter": chapter, "id": name}},
    )


def _find(chapter: str) -> Path:
    name = f"notebooks/{chapter}.quiz.yml"
    file = find_up(name) or SOURCE_TREE / name
    if not file.is_file():
        raise FileNotFoundError(f"quiz {chapter!r}: no {name} above {Path.cwd()}; name the notebook, without .ipynb")
    return file
