"""Surfaces: what the page carries of them, and how a browser turns them."""

from __future__ import annotations

import base64
import json
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup

from landscape_lib.report import Source, turn

SOURCE = Source(sorted, [0, 1], "digits", "0" * 64, 1.5)
BOWL = np.add.outer(np.linspace(-1, 1, 5) ** 2, np.linspace(-1, 1, 7) ** 2)
WORDS = {"name": "fig-bowl", "caption": "A bowl that can be turned.", "alt": "A bowl, seen from the front."}


def show(surfaces: Any = None, **options: Any) -> None:
    given = {"bowl": (BOWL, "A round bowl.")} if surfaces is None else surfaces
    picture = plt.figure(figsize=(3, 2))
    try:
        turn(given, picture=picture, of=SOURCE, **{"axes": ("a", "b", "loss"), **WORDS, **options})
    finally:
        plt.close(picture)


def page(output: dict[str, Any]) -> BeautifulSoup:
    return BeautifulSoup(output["metadata"]["landscape_card"], "html.parser")


def test_heights_come_back_to_a_thousandth_of_their_range_and_a_hole_stays_one(displayed: list[dict[str, Any]]):
    holed = BOWL.copy()
    holed[0, 0] = np.nan
    show({"bowl": (BOWL, "A round bowl."), "holed": (holed - 1, "The same bowl, a corner missing.")})
    (output,) = displayed
    data = json.loads(page(output).select_one("script").string)
    whole, part = (np.array(each["heights"], dtype=float) for each in data["surfaces"])
    low, high = -1.0, 2.0  # of both together
    assert data["ends"] == ["-1", "2"]
    assert np.abs(low + whole / 999 * (high - low) - BOWL).max() <= (high - low) / 999 / 2 + 1e-12
    assert np.isnan(part[0, 0]) and np.isfinite(part).sum() == BOWL.size - 1
    assert [option.text for option in page(output).select("option")] == ["bowl", "holed"]


def test_its_picture_is_that_of_print_and_of_the_record(displayed: list[dict[str, Any]]):
    show()
    (output,) = displayed
    shown = page(output).select_one("img")
    assert shown["src"] == f"data:image/png;base64,{output['data']['image/png']}"
    assert base64.b64decode(output["data"]["image/png"])[:4] == b"\x89PNG"
    assert shown["alt"] == output["metadata"]["landscape_figure"]["alt"] == WORDS["alt"]
    assert not page(output).select("select"), "one surface leaves nothing to choose"
    assert output["data"]["text/plain"].startswith("Surface fig-bowl. A bowl that can be turned.")


@pytest.mark.parametrize(
    ("surfaces", "options", "message"),
    [
        ({}, {}, "no surfaces"),
        ({"flat": (np.ones((3, 3)), "A flat plain.")}, {}, "two different"),
        ({"none": (np.full((3, 3), np.inf), "Nothing but holes.")}, {}, "none is finite"),
        ({"line": (np.arange(3.0)[None], "A line, no plane.")}, {}, "rows, columns"),
        ({"a": (BOWL, "A round bowl."), "b": (BOWL.T, "A bowl turned.")}, {}, "one for all"),
        ({"a": (BOWL, "")}, {}, "alt text of a"),
        ({"a": (np.random.default_rng(0).random((400, 400)), "Far too many heights.")}, {}, "coarser"),
        (None, {"alt": ""}, "alt"),
        (None, {"axes": ("a", "", "loss")}, "axis"),
    ],
)
def test_what_cannot_be_shown_is_refused(surfaces: Any, options: Any, message: str, displayed: list[dict[str, Any]]):
    with pytest.raises(ValueError, match=message):
        show(surfaces, **options)
    assert not displayed
