"""What may not be published: a claim without a record, a record of other code."""

from __future__ import annotations

import json

from .conftest import ToyBook, git


def records(toy: ToyBook, **changes: str) -> None:
    """Write what the builder states, with the commit that a record of this checkout has, or with ``changes``."""
    head = git(toy.root, "rev-parse", "HEAD").strip()
    file = toy.root / "_build" / "claims.json"
    file.write_text(json.dumps([record | {"commit": head} | changes for record in json.loads(file.read_text())]))


def test_a_site_is_published_if_every_claim_was_measured_by_its_commit(toy: ToyBook, monkeypatch):
    done = toy.build("publishable")
    assert done.returncode == 1 and "nothing to publish: run `make book` first" in done.stderr
    assert toy.build("book").returncode == 0
    assert "only a git checkout is published" in toy.build("publishable").stderr
    toy.commit()
    records(toy)
    done = toy.build("publishable")
    assert done.returncode == 0 and "it may be published" in done.stdout

    stated = toy.root / "_build" / "claims.json"
    whole = stated.read_text()
    stated.write_text(json.dumps(json.loads(whole)[:1]))
    assert "toy.unmeasured has no record" in toy.build("publishable").stderr

    stated.write_text(whole)
    records(toy, commit="0" * 40)
    done = toy.build("publishable")
    assert done.returncode == 1 and f"toy.mean was measured at {'0' * 40}, and this is " in done.stderr
    head = json.loads(whole)[0]["commit"]
    records(toy, commit=f"{head}-dirty")
    assert f"toy.mean was measured at {head}-dirty" in toy.build("publishable").stderr

    records(toy, budget="paper")
    assert "toy.mean (paper, digits) has no row on the scoreboard" in toy.build("publishable").stderr

    records(toy)
    page = toy.root / "book" / "index.md"
    page.write_text(f"{page.read_text()}\nNot committed.\n")
    assert f"files differ from {head}:\n M book/index.md" in toy.build("publishable").stderr
    git(toy.root, "checkout", "--quiet", ".")

    stated.write_text(whole)
    monkeypatch.setenv("LANDSCAPE_REPOSITORY", "https://github.com/owner/name")
    assert "loss-landscapes.pdf is not in the site" in toy.build("publishable").stderr
