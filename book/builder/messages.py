"""What the builder says to its user, and what stops it."""

from __future__ import annotations


class BuildError(Exception):
    """What stops the build, in words for its reader."""


def say(text: str) -> None:
    print(f"[book] {text}", flush=True)
