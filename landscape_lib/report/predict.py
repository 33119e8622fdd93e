"""Predict first: a question before its answer, and the measured side when it is known.

The reader picks an answer or draws a curve, commits, and sees the measurement over it. What was said stays in the page.
A question has one measurement, later in the same notebook; nothing in the text depends on a click.
"""

from __future__ import annotations

import hashlib
import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ._card import as_script, attributes, show_card, words
from ._outcomes import Outcome

Number = int | float
Range = tuple[Number, Number]  # low, which belongs to it, and high, which does not

BUTTONS = (
    '<p data-needs-script hidden><button type="submit">Commit</button> <button type="button">Start over</button></p>\n'
    '<p role="status"></p>\n'
)


@dataclass(frozen=True)
class Choice:
    """A question that `choose` asked."""

    name: str
    options: Mapping[str, Range]
    about: str  # the question's hash

    def measured(self, value: Number | Outcome, says: str) -> None:
        """Show what was measured; ``value`` decides which answer it is, ``says`` is a sentence on it.

        Of an `Outcome` without a number the reason stands there, and no answer is the right one.
        """
        if isinstance(value, Outcome):
            if not value.measured:
                return _show_answer(self.name, self.about, {"option": None}, f"It {value}", says)
            value = value.value
        if not math.isfinite(value):
            raise ValueError(f"prediction {self.name}: measured {value}; need a finite number")
        holds = [low <= value < high for low, high in self.options.values()]
        option = holds.index(True) if any(holds) else None
        answer = f"“{list(self.options)[option]}”" if option is not None else "none of the answers"
        _show_answer(self.name, self.about, {"option": option}, f"{value:.3g}, which is {answer}", says)


@dataclass(frozen=True)
class Curve:
    """A curve that `draw` asked for."""

    name: str
    xlabel: str
    ylabel: str
    log: bool
    about: str  # the question's hash

    def measured(self, x: Sequence[Number], y: Sequence[Number], says: str) -> None:
        """Show the measured points over what the reader drew, and a sentence on them."""
        points = sorted(zip(map(float, x), map(float, y), strict=True))
        if not points or not all(math.isfinite(number) for point in points for number in point):
            raise ValueError(f"prediction {self.name}: measured {len(points)} points; need at least one, all finite")
        if len({u for u, _ in points}) < len(points) or (self.log and points[0][0] <= 0):
            what = ", each once, above zero" if self.log else ", each once"
            raise ValueError(
                f"prediction {self.name}: measured at {self.xlabel} {[u for u, _ in points]}; need x{what}"
            )
        listed = ", ".join(f"{v:.3g} at {u:g}" for u, v in points)
        curve = {"x": [u for u, _ in points], "y": [v for _, v in points]}
        _show_answer(self.name, self.about, curve, f"{self.ylabel}, against {self.xlabel}: {listed}", says)


def choose(name: str, question: str, options: Mapping[str, Range]) -> Choice:
    """Ask for one of some answers, each a range ``(low, high)`` of the number to be measured; low belongs to it.

    The ranges follow one another without gaps, so that each measured number has its answer: no answer is marked as
    the right one by hand.
    """
    place = f"prediction {words('choose: name', name)}"
    question = words(f"{place}: question", question, least=3)
    if len(options) < 2:
        raise ValueError(f"{place}: {len(options)} options; need at least two")
    for text, (low, high) in options.items():
        words(f"{place}: option", text)
        if not low < high:
            raise ValueError(f"{place}: option {text!r} runs from {low} to {high}; need low < high")
    ranges = list(options.values())
    for (_, end), (begin, _) in pairwise(ranges):
        if end != begin:
            raise ValueError(f"{place}: an option ends at {end}, the next begins at {begin}; leave no gap between them")
    about = _hash(name, question, options)
    labels = "\n".join(
        f'<label><input type="radio" name="predict-{html.escape(name)}" value="{i}">'
        f"<span>{html.escape(text)}</span></label>"
        for i, text in enumerate(options)
    )
    show_card(
        f'<form class="predict" {attributes(data_card="choice", data_name=name, data_about=about)}>\n'
        f"{_legend(question)}\n{labels}\n</fieldset>\n{BUTTONS}</form>",
        {"kind": "Predict", "text": question, "options": list(options)},
        metadata={"landscape_prediction": {"asks": name}},
    )
    return Choice(name, dict(options), about)


def draw(
    name: str, question: str, *, x: Sequence[Number], y: Range, xlabel: str, ylabel: str, log: bool = False
) -> Curve:
    """Ask for a curve: a point at each ``x``, between the two ends of ``y``; with ``log``, x is logarithmic."""
    place = f"prediction {words('draw: name', name)}"
    question = words(f"{place}: question", question, least=3)
    x, (low, high) = [float(value) for value in x], y
    if len(x) < 2 or x != sorted(set(x)) or not all(map(math.isfinite, x)) or (log and x[0] <= 0):
        raise ValueError(f"{place}: x is {x}; need at least two rising numbers{', above zero' if log else ''}")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"{place}: y is {y}; need (low, high) with low < high")
    labels = {"xlabel": words(f"{place}: xlabel", xlabel), "ylabel": words(f"{place}: ylabel", ylabel)}
    about = _hash(name, question, x, y, labels, log)
    title = attributes(aria_label=f"your curve: {ylabel} against {xlabel}")
    show_card(
        f'<form class="predict" {attributes(data_card="curve", data_name=name, data_about=about)}>\n'
        f"{_legend(question)}\n"
        "<p data-needs-script hidden>Drag the points, or step through them with the arrow keys.</p>\n"
        f'<svg viewBox="0 0 600 320" role="group" {title} data-needs-script hidden></svg>\n'
        '<p class="key" data-needs-script hidden><span class="mine">● dashed: yours</span> · '
        '<span class="theirs">■ solid: measured, once you commit</span></p>\n'
        f"</fieldset>\n{BUTTONS}{as_script({'x': x, 'y': [low, high], 'log': log, **labels})}</form>",
        {
            "kind": "Predict",
            "text": question,
            "asks_for": f"draw {ylabel} against {xlabel} = {', '.join(f'{value:g}' for value in x)}",
        },
        metadata={"landscape_prediction": {"asks": name}},
    )
    return Curve(name, **labels, log=log, about=about)


def _hash(*question: object) -> str:
    return hashlib.sha256(repr(question).encode()).hexdigest()[:12]


def _legend(question: str) -> str:
    return f'<fieldset><legend><span class="kind">Predict.</span> {html.escape(question)}</legend>'


def _show_answer(name: str, about: str, data: Mapping[str, object], measured: str, says: str) -> None:
    says = words(f"prediction {name}: says", says, least=3)
    known = attributes(data_card="answer", data_name=name, data_about=about, aria_label=f"Measured: {name}")
    show_card(
        f'<aside class="answer" {known}>\n'
        f'<p><strong>Measured.</strong> {html.escape(measured)}. {html.escape(says)} <em class="yours"></em></p>\n'
        f"{as_script({**data, 'words': measured, 'says': says})}</aside>",
        {"kind": "Measured", "text": f"{measured}. {says}"},
        metadata={"landscape_prediction": {"answers": name}},
    )
