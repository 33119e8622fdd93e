from __future__ import annotations

import subprocess

import torch

from landscape_lib._origin import _checkout
from landscape_lib.report import Provenance, provenance


def test_facts_are_those_of_this_run():
    facts = provenance()
    assert facts.torch == torch.__version__ and facts.cores >= 1 and facts.machine


def test_commit_and_changes_are_those_of_the_checkout(tmp_path):
    assert _checkout(tmp_path) == (None, False), "not a checkout"
    user = ["-c", "user.name=a", "-c", "user.email=a@b"]
    git = ["git", "-C", str(tmp_path), *user]
    subprocess.run([*git, "init", "-q"], check=True)
    assert _checkout(tmp_path) == (None, False), "no commit yet"
    (tmp_path / "file").write_text("one")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "one"], check=True)
    commit, dirty = _checkout(tmp_path)
    assert commit is not None and len(commit) == 40 and not dirty
    (tmp_path / "file").write_text("two")
    assert _checkout(tmp_path) == (commit, True)
    inner = tmp_path / "copy"
    inner.mkdir()
    assert _checkout(inner) == (None, False), "a copy inside somebody else's repository has no commit of its own"


def test_revision_is_marked_where_files_differ():
    facts = Provenance("abc", True, "0", "3", "2", "cpu", 2, "2026-01-01")
    assert facts.revision == "abc-dirty"
