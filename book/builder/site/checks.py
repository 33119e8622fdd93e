"""What every chapter must hold to: questions asked and answered once, pictures with words."""

from __future__ import annotations

import re
from pathlib import Path

from nbformat import NotebookNode

from landscape_lib.report import load_quiz

from ..messages import BuildError
from ..paths import show


def check_predictions(path: Path, notebook: NotebookNode) -> None:
    """Each question is asked once and answered once, later."""
    asked: dict[str, int] = {}
    answered: dict[str, int] = {}
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            for what, name in output.get("metadata", {}).get("landscape_prediction", {}).items():
                seen = asked if what == "asks" else answered
                if name in seen:
                    raise BuildError(f"{show(path)}, cell {number}: {what} {name} again, as cell {seen[name]} did")
                seen[name] = number
    if open_ended := [name for name in asked if name not in answered]:
        name = open_ended[0]
        raise BuildError(f"{show(path)}, cell {asked[name]}: asks {name}, which no later cell measures")


def check_quiz(path: Path, notebook: NotebookNode) -> None:
    """Each question of the chapter's quiz is shown, and once."""
    shown: dict[str, int] = {}
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if question := output.get("metadata", {}).get("landscape_quiz"):
                name = question["id"]
                if name in shown:
                    what = f"shows question {name} again, as cell {shown[name]} did"
                    raise BuildError(f"{show(path)}, cell {number}: {what}")
                shown[name] = number
    file = path.with_suffix(".quiz.yml")
    if file.is_file() and (left := [name for name in load_quiz(file) if name not in shown]):
        raise BuildError(f"{show(path)}: shows no question {', '.join(left)} of {show(file)}")


def check_pictures(place: str, cell: NotebookNode) -> None:
    """No picture comes past `show`, or without words in Markdown or HTML."""
    for data in [output.get("data", {}) for output in cell.get("outputs", [])]:
        if other := [mime for mime in data if mime.startswith("image/") and mime != "image/png"]:
            raise BuildError(f"{place}: a picture of type {other[0]}; show figures with report.show(figure, …)")
    texts = [cell.source] if cell.cell_type == "markdown" else []
    texts += [output.data["text/html"] for output in cell.get("outputs", []) if "text/html" in output.get("data", {})]
    for text in texts:
        if found := re.search(r"!\[\s*\]\(|<img\b(?![^>]*\balt=[\"'][^\"'])", text):
            raise BuildError(f"{place}: a picture without alt text, {found[0]} …; say what it shows")
