"""Explorers: every setting has its frame, and the page and the kernel draw the same."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import matplotlib.pyplot as plt
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from PIL import Image

from landscape_lib.report import Source, _card, explore

SOURCE = Source(sorted, [0, 1], "digits", "0" * 64, 1.5)
CAPTION = "A line of some slope and colour."


def line(slope: float, colour: str = "blue") -> tuple[Figure, str]:
    figure, axis = plt.subplots(figsize=(3, 2))
    axis.plot([0, 1], [0, slope], color=colour)
    axis.set_ylim(0, 10)
    return figure, f"a {colour} line that climbs to {slope}"


def show(draw: Any = line, settings: Any = None, **options: Any) -> None:
    explore(draw, settings or {"slope": [1, 2.5, 4]}, **{"name": "slope", "caption": CAPTION, "of": SOURCE, **options})


def page(output: dict[str, Any]) -> BeautifulSoup:
    return BeautifulSoup(output["metadata"]["landscape_card"], "html.parser")


def frames(output: dict[str, Any]) -> dict[str, dict[str, str]]:
    return json.loads(page(output).select_one("script.explorer-frames").string)


def test_each_pair_of_settings_has_a_frame_of_its_own_and_all_are_of_one_size(displayed: list[dict[str, Any]]):
    show(settings={"slope": [1, 2.5, 4], "colour": ["blue", "red"]})
    (output,) = displayed
    shown = frames(output)
    assert set(shown) == {f"{i} {j}" for i in range(3) for j in range(2)}
    assert shown["1 1"]["alt"] == "a red line that climbs to 2.5"
    assert len({frame["alt"] for frame in shown.values()}) == len({frame["src"] for frame in shown.values()}) == 6
    sizes = {Image.open(io.BytesIO(base64.b64decode(f["src"].partition(",")[2]))).size for f in shown.values()}
    assert len(sizes) == 1, "frames of different sizes would make the page jump"
    (slider,) = page(output).select("input[type=range]")
    assert (slider["min"], slider["max"], json.loads(slider["data-setting"])) == ("0", "2", ["1", "2.5", "4"])
    (menu,) = page(output).select("select")
    assert [option.text for option in menu.select("option")] == ["blue", "red"]


def test_the_picture_of_print_is_the_first_frame_shown(displayed: list[dict[str, Any]]):
    show(start={"slope": 4}, labels={"slope": "the slope"})
    (output,) = displayed
    shown = page(output).select_one("img")
    assert shown["src"] == f"data:image/png;base64,{output['data']['image/png']}"
    assert shown["alt"] == "a blue line that climbs to 4" == output["metadata"]["landscape_figure"]["alt"]
    assert page(output).select_one("output").text == "4"
    assert output["data"]["text/plain"].endswith("the slope: 1, 2.5, 4\nshown: the slope = 4")


def test_with_a_kernel_a_move_is_drawn_anew(displayed: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch):
    made: list[dict[str, Any]] = []

    class Fake:
        def __init__(self, **state: Any) -> None:
            made.append(state)

        def _repr_mimebundle_(self) -> dict[str, Any]:
            return {"text/plain": "Fake()", "application/vnd.jupyter.widget-view+json": {"model_id": "1"}}

    monkeypatch.setattr(_card, "_widget", lambda: Fake)
    top = 1

    def draw(slope: float) -> tuple[Figure, str]:
        return line(slope)[0], f"slope {slope}, top {top}"

    show(draw)
    (output,), (widget,) = displayed, made
    assert "application/vnd.jupyter.widget-view+json" in output["data"]
    assert output["data"]["text/plain"].startswith("Explorer slope."), "not the widget's own words"
    assert widget["html"].count("data:image/png") == 1, "a live explorer does not carry all its frames"
    assert frames(output)["2"]["alt"] == "slope 4, top 1"
    top = 2
    assert widget["reply"]([2])["alt"] == "slope 4, top 2", "what the notebook holds now is what is drawn"


def test_the_widget_answers_and_passes_on_errors():
    card = _card._widget()
    assert card is not None
    sent: list[dict[str, Any]] = []

    def reply(settings: Any) -> dict[str, str]:
        if settings == [9]:
            raise KeyError("no such width")
        return {"src": "data:", "alt": f"setting {settings}"}

    widget = card(html="<p>card</p>", reply=reply)
    widget.send = sent.append
    widget._answer(widget, {"question": 1, "settings": [0]}, [])
    widget._answer(widget, {"question": 2, "settings": [9]}, [])
    assert sent[0] == {"question": 1, "frame": {"src": "data:", "alt": "setting [0]"}}
    assert sent[1]["question"] == 2 and sent[1]["error"] == "KeyError: 'no such width'"


def alike(slope: float) -> tuple[Figure, str]:
    return line(slope)[0], "the same words for every frame"


def bare(slope: float) -> Figure:
    return line(slope)[0]


def unsaid(slope: float) -> tuple[Figure, str]:
    return line(slope)[0], ""


def growing(slope: float) -> tuple[Figure, str]:
    return plt.figure(figsize=(slope, 2)), f"an empty figure {slope} inches wide"


def heavy(slope: float) -> tuple[Figure, str]:
    import numpy as np

    figure, axis = plt.subplots(figsize=(9, 9), dpi=150)
    axis.imshow(np.random.default_rng(int(slope)).random((900, 900)), cmap="viridis")
    return figure, f"noise of seed {slope}"


@pytest.mark.parametrize(
    "draw, options, says",
    [
        (line, {"settings": {"slope": []}}, "setting slope has no values, so there are no frames"),
        (line, {"settings": {"slope": [1]}}, "as written; need at least two, no two alike"),
        (line, {"settings": {"slope": [1, 1.0]}}, "as written; need at least two, no two alike"),
        (line, {"settings": {"a": [1, 2], "b": [1, 2], "c": [1, 2]}}, "3 settings (a, b, c); need one or two"),
        (line, {"start": {"slope": 3}}, "start slope=3 is none of [1, 2.5, 4]"),
        (line, {"labels": {"slop": "slope"}}, "no setting is called slop; there is slope"),
        (alike, {}, "frames 0 and 1 have the same alt text"),
        (bare, {}, "at slope=1: draw returned Figure; need a figure and its alt text"),
        (unsaid, {}, "at slope=1: alt text is ''"),
        (heavy, {}, "kB, a page takes 400"),
        (growing, {}, "frames of several sizes"),
        (line, {"settings": {"slope": [1, "two"]}}, "need words, or numbers, not both"),
        (line, {"settings": {"slope": [1000000.0, 1000001.0]}}, "takes 1e+06, 1e+06, as written"),
        (line, {"labels": {"slope": 7}}, "label of slope is 7"),
        (line, {"caption": "short"}, "caption is 'short'; need at least 3 words"),
        (line, {"of": "digits"}, "of: got str; need a report.Source, or a table that sweep made"),
    ],
)
def test_door(as_user: None, displayed: list[dict[str, Any]], draw: Any, options: dict[str, Any], says: str):
    with pytest.raises(ValueError) as error:
        show(draw, **options)
    assert says in str(error.value)
    assert not displayed and not plt.get_fignums(), "nothing is shown, no figure stays open"
