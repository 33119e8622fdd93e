"""What must hold before the site is published: every claim measured, by the code that is published."""

from __future__ import annotations

import json
from pathlib import Path

from landscape_lib.report import anchor, load_claims

from .classroom.zips import WHOLE
from .messages import BuildError
from .paths import BUILD, NOTEBOOKS, ROOT
from .pdf.latex import PDF
from .site.board import scoreboard_rows
from .site.launch import address
from .site.status import NoHistory, git


def check_publishable(site: Path) -> None:
    """Stop if a claim has no record, a record is of another commit or of changed files, or the site lacks its row."""
    stated = BUILD / "claims.json"
    board = next((site / "_downloads").glob("*/claims.json"), None)  # which the site's scoreboard was made from
    if not (stated.is_file() and board):
        raise BuildError("nothing to publish: run `make book` first")
    records = json.loads(stated.read_text(encoding="utf-8"))
    rules = load_claims(NOTEBOOKS)
    _, rows = scoreboard_rows(rules.values(), json.loads(board.read_text(encoding="utf-8")))
    every = [row for of_chapter in rows.values() for row in of_chapter]
    on_board = {anchor(record) for row in every for record in (*row.live, *row.larger)}
    try:
        commit, changed = git(ROOT, "rev-parse", "HEAD").strip(), git(ROOT, "status", "--porcelain").rstrip()
    except NoHistory:
        raise BuildError("only a git checkout is published: its commit is what records are checked against") from None
    measured = {record["id"] for record in records}
    faults = [f"{name} has no record" for name in rules if name not in measured]
    if changed:
        faults.append(f"files differ from {commit}:\n{changed}")
    for record in records:
        if record["commit"] != commit:
            faults.append(f"{record['id']} was measured at {record['commit']}, and this is {commit}")
        if anchor(record) not in on_board:
            faults.append(f"{record['id']} ({record['budget']}, {record['dataset']}) has no row on the scoreboard")
    if address():  # then the home page leads to both
        faults += [f"{name} is not in the site" for name in (PDF.name, WHOLE.name) if not (site / name).is_file()]
    if faults:
        listed = "\n".join(faults)
        raise BuildError(f"not to be published:\n{listed}\n`make book` on a clean checkout measures all")
