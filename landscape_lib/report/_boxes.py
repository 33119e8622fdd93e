"""A claim written out: in words, which are compared when notebooks are tested, and as a box in HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping

from ._formulas import html_formulas
from ._records import Record, anchor, because, conditions, measured, told

EDGE = {"reproduced": "#009e73", "not reproduced": "#d55e00", "open": "#808080"}
MARK = {"reproduced": "✓", "not reproduced": "✗", "open": "?"}


def plain(record: Record) -> str:
    """In words: rounded to what the interval supports, and nothing that changes from run to run."""
    lines = [f"claim {record['id']}: {record['verdict']}"]
    lines.append(measured(record) if record["value"] is None else f"measured: {measured(record)}")
    lines.append(f"accepted: {record['words']['accepted']}")
    if reason := because(record):
        lines.append(f"open because {reason}")
    lines += [f"{tag['tag']}: {tag['because']}" for tag in record["tags"]]
    return "\n".join([*lines, ", ".join(conditions(record))])


def box(record: Record, cite: str = "") -> str:
    """Two lines, and what is folded under them, for Jupyter and the page; there with a line to ``cite`` it.

    It is readable without a style sheet; the book's own adds colour and shows the link.
    """
    place = html.escape(anchor(record))
    cited = f'<p class="cite">Cite: <code>{html.escape(cite)}</code></p>\n' if cite else ""
    return _box(
        record,
        f"<details><summary>How it was measured, and what would falsify it</summary>\n{_folded(record)}{cited}"
        f'<p class="claim-link" style="display:none"><a href="../book/scoreboard.html#{place}">'
        f"{html.escape(record['id'])} on the scoreboard</a></p>\n</details>\n",
        f'id="{place}" ',
    )


def brief_box(record: Record, larger: str = "") -> str:
    """For a slide: the two lines, and ``larger``, more HTML to end with.

    It has no anchor: on a slide a claim may stand twice, live and at another budget.
    """
    return _box(record, larger)


def details(record: Record) -> list[tuple[str, str]]:
    """What is known of a claim beside its verdict, by names, in plain words."""
    words = record["words"]
    rows = [
        ("Measured", f"{words['measures']} ({', '.join(conditions(record))})."),
        ("The paper", record["reference"]["says"]),
        ("What would falsify it", words["falsified_by"]),
        ("The null, which the rule must reject", words["null"]),
        ("Contested", words["contested"]),
        ("Why measurements differ", words["differs"]),
        ("What would settle it", words["settled_by"]),
    ]
    return [(name, text) for name, text in rows if text]


def tagged(tag: Mapping[str, str]) -> str:
    """A tag, with its reason."""
    return f' <span class="claim-tag">{html.escape(tag["tag"])}</span> {html_formulas(tag["because"])}'


def _box(record: Record, inner: str, identity: str = "") -> str:
    e, set_, verdict = html.escape, html_formulas, record["verdict"]
    before, seen, after = told(record)
    reason = set_(f" ({because(record)})") if because(record) else ""
    tags = "".join(map(tagged, record["tags"]))
    return (
        f'<div {identity}class="claim claim-{verdict.replace(" ", "-")}" role="group"'
        f' aria-label="Claim {e(record["id"])}"'
        f' style="border:1px solid {EDGE[verdict]};border-left-width:0.5em;padding:0.5em 1em;margin:1em 0">\n'
        f'<p><strong class="claim-verdict">{MARK[verdict]} {verdict}</strong>{reason}'
        f" · {set_(record['words']['statement'])} <code>{e(record['id'])}</code></p>\n"
        f"<p>{before}<strong>{e(seen)}</strong>{set_(after)}; accepted: {e(record['words']['accepted'])}.{tags}</p>\n"
        f"{inner}</div>"
    )


def _folded(record: Record) -> str:
    return "".join(f"<p>{name}: {html_formulas(text)}</p>\n" for name, text in details(record))
