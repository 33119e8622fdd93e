"""A claim written out: in words, which are compared when notebooks are tested, and as a box in HTML."""

from __future__ import annotations

import html

from ._records import Record, anchor, because, conditions, measured

EDGE = {"reproduced": "#009e73", "not reproduced": "#d55e00", "open": "#808080"}
MARK = {"reproduced": "✓", "not reproduced": "✗", "open": "?"}


def plain(record: Record) -> str:
    """In words: rounded to what the interval supports, and nothing that changes from run to run."""
    lines = [f"claim {record['id']}: {record['verdict']}", f"measured: {measured(record)}"]
    lines.append(f"accepted: {record['words']['accepted']}")
    if reason := because(record):
        lines.append(f"open because {reason}")
    return "\n".join([*lines, ", ".join(conditions(record))])


def box(record: Record) -> str:
    """For Jupyter and the page: readable without a style sheet; the book's own adds colour and shows the link."""
    e, words, place = html.escape, record["words"], html.escape(anchor(record))
    return _box(
        record,
        f"<p>Measured: <strong>{e(measured(record))}</strong> ({e(_basis(record))}).<br>\n{_accepted(record)}</p>\n"
        f"<details><summary>What would falsify it</summary>\n<p>{e(words['falsified_by'])}</p>\n"
        f"<p>The null, which the rule must reject: {e(words['null'])}</p></details>\n"
        f'<p class="claim-link" style="display:none"><a href="../book/scoreboard.html#{place}">'
        f"{e(record['id'])} on the scoreboard</a></p>\n",
        f'id="{place}" ',
    )


def brief_box(record: Record, larger: str = "") -> str:
    """For a slide: what was measured in small print, ``larger`` being more HTML to end with, and nothing folded.

    It has no anchor: on a slide a claim may stand twice, live and at another budget.
    """
    e = html.escape
    what = f"<p>Measured: <strong>{e(measured(record))}</strong>.<small>{e(_basis(record))}.</small>\n"
    return _box(record, f"{what}{_accepted(record)}</p>\n{larger}")


def _box(record: Record, inner: str, identity: str = "") -> str:
    e, verdict, reason = html.escape, record["verdict"], because(record)
    return (
        f'<div {identity}class="claim claim-{verdict.replace(" ", "-")}" role="group"'
        f' aria-label="Claim {e(record["id"])}"'
        f' style="border:1px solid {EDGE[verdict]};border-left-width:0.5em;padding:0.5em 1em;margin:1em 0">\n'
        f'<p><strong class="claim-verdict">{MARK[verdict]} {verdict}</strong>{e(f" ({reason})" if reason else "")}'
        f" · <code>{e(record['id'])}</code></p>\n<p>{e(record['words']['statement'])}</p>\n{inner}</div>"
    )


def _basis(record: Record) -> str:
    return f"{record['words']['measures']}; {', '.join(conditions(record))}"


def _accepted(record: Record) -> str:
    says = html.escape(record["reference"]["says"])
    return f"Accepted: {html.escape(record['words']['accepted'])}. The paper: {says}"
