"""What a notebook would display, caught."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Each output that is displayed, as {"data": …, "metadata": …}, in the order of display."""
    seen: list[dict[str, Any]] = []

    def display(data: dict[str, Any], raw: bool, metadata: dict[str, Any] | None = None) -> None:
        assert raw
        seen.append({"data": data, "metadata": metadata or {}})

    monkeypatch.setattr("IPython.get_ipython", MagicMock())  # matplotlib asks it for events
    monkeypatch.setattr("IPython.display.display", display)
    return seen
