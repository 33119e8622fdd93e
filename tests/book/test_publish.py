"""What may not be published: a claim without a record, a record of other code."""

from __future__ import annotations

import json
import shutil

import pytest

from builder.messages import BuildError

from .conftest import HERE, ToyBook, git


def records(toy: ToyBook, **changes: str) -> None:
    """Write what the builder states, with the commit that a record of this checkout has, or with ``changes``."""
    head = git(toy.root, "rev-parse", "HEAD").strip()
    file = toy.root / "_build" / "claims.json"
    file.write_text(json.dumps([record | {"commit": head} | changes for record in json.loads(file.read_text())]))


def refused(toy: ToyBook) -> str:
    with pytest.raises(BuildError) as stopped:
        toy.take("publishable")
    return str(stopped.value)


def test_a_site_is_published_if_every_claim_was_measured_by_its_commit(
    toy: ToyBook, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert "only a git checkout is published" in refused(toy)
    toy.commit()
    records(toy)
    toy.take("publishable")
    assert "it may be published" in capsys.readouterr().out

    stated = toy.root / "_build" / "claims.json"
    whole = stated.read_text()
    stated.write_text(json.dumps(json.loads(whole)[:2]))
    assert "toy.unmeasured has no record" in refused(toy)

    stated.write_text(whole)
    records(toy, commit="0" * 40)
    head = json.loads(whole)[0]["commit"]
    assert f"toy.mean was measured at {'0' * 40}, and this is {head}" in refused(toy)
    records(toy, commit=f"{head}-dirty")
    assert f"toy.mean was measured at {head}-dirty" in refused(toy)

    records(toy, dataset="mnist", budget="paper")
    assert "toy.mean (paper, mnist) has no row on the scoreboard" in refused(toy)

    stated.write_text(whole)
    page = toy.root / "book" / "index.md"
    page.write_text(f"{page.read_text()}\nNot committed.\n")
    assert f"files differ from {head}:\n M book/index.md" in refused(toy)
    git(toy.root, "checkout", "--quiet", ".")

    monkeypatch.setenv("LANDSCAPE_REPOSITORY", HERE)
    assert "loss-landscapes.pdf is not in the site" in refused(toy)
    shutil.rmtree(toy.html)
    assert "nothing to publish: run `make book` first" in refused(toy)
