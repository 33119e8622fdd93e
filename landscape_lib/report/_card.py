"""Cards: pieces of a chapter that answer their reader, in the built page and in a running notebook.

A card is displayed once: as plain text, which is compared when notebooks are tested, as a picture where it has one, and
as a widget for Jupyter. Its HTML travels in the output's metadata; the builder makes it the output that the page shows.
The script and the style sheet are the same in both: ``page/cards.js`` and ``page/cards.css``.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Required, TypedDict

PAGE = Path(__file__).with_name("page")
Frame = Mapping[str, str]  # src, a data URI, and alt
Reply = Callable[[Sequence[int]], Frame]


def show_card(
    markup: str,
    wording: Wording,
    *,
    live: str | None = None,
    reply: Reply | None = None,
    picture: bytes | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Display a card: ``markup`` for the page, ``live`` (or the same) for a widget that ``reply`` serves.

    ``wording`` is what stands in its place where neither is shown, and what paper prints.
    """
    if not in_notebook():
        print(plain(wording))
        return
    bundle: dict[str, Any] = {"text/plain": plain(wording)}
    if picture is not None:
        bundle["image/png"] = base64.b64encode(picture).decode()
    if (make := _widget()) is not None:
        view = make(html=live or markup, reply=reply)._repr_mimebundle_()
        view = view[0] if isinstance(view, tuple) else view
        bundle |= {mime: what for mime, what in view.items() if mime.startswith("application/")}
    display_bundle(bundle, {"landscape_card": markup, "landscape_words": wording, **(metadata or {})})


class Wording(TypedDict, total=False):
    """What a card says in words: a question or an answer, and what there is to be chosen or to be done."""

    kind: Required[str]
    text: Required[str]
    options: list[str]
    asks_for: str
    answers: list[tuple[str, bool, str]]  # each answer, whether it is right, and its feedback


def plain(wording: Wording) -> str:
    """The wording as text, which is what is compared when notebooks are tested."""
    options = [f"( ) {option}" for option in wording.get("options", [])]
    asks_for = [wording["asks_for"]] if "asks_for" in wording else []
    return "\n".join([f"{wording['kind']}. {wording['text']}", *options, *asks_for])


def attributes(**values: str) -> str:
    """HTML attributes, escaped: ``data_name="a"`` becomes ``data-name="a"``, ``class_`` is class."""
    return " ".join(f'{name.rstrip("_").replace("_", "-")}="{html.escape(value)}"' for name, value in values.items())


def as_script(data: Any, kind: str = "facts") -> str:
    """Data for the script of the page, as JSON that cannot end its own element."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" class="{kind}">{text}</script>'


def in_notebook() -> bool:
    """Whether what is displayed is shown, and not printed as a bundle."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return get_ipython() is not None


def display_bundle(bundle: dict[str, Any], metadata: Mapping[str, Any]) -> None:
    """Display in a notebook; in a plain script, print the text."""
    if not in_notebook():
        print(bundle["text/plain"])
        return
    from IPython.display import display

    display(bundle, raw=True, metadata=metadata)


def words(what: str, value: object, least: int = 1) -> str:
    """A text given by the author, or an error that says which one is missing."""
    if not isinstance(value, str) or len(value.split()) < least:
        raise ValueError(f"{what} is {value!r}; need {'a text' if least == 1 else f'at least {least} words'}")
    return value.strip()


@cache
def _widget() -> Callable[..., Any] | None:
    """The widget's class, or None where anywidget is not installed: the library does without."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        return None

    class Card(anywidget.AnyWidget):
        _esm = "\n".join((PAGE / name).read_text(encoding="utf-8") for name in ("cards.js", "widget.js"))
        _css = (PAGE / "cards.css").read_text(encoding="utf-8")
        html = traitlets.Unicode().tag(sync=True)

        def __init__(self, reply: Reply | None, **state: Any) -> None:
            super().__init__(**state)
            self._reply = reply
            self.on_msg(self._answer)

        def _answer(self, _: Any, question: Mapping[str, Any], __: Any) -> None:
            if self._reply is None:
                return
            answer: dict[str, Any] = {"question": question["question"]}
            try:
                answer["frame"] = self._reply(question["settings"])
            except Exception as error:  # whatever the notebook's own drawing does, the reader sees its words
                answer["error"] = f"{type(error).__name__}: {error}"
            self.send(answer)

    return Card
