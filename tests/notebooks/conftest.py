"""nbval on executions that papermill made: what was executed once is not executed again to be compared."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbFile, NbCellError


class PlayedBack:
    """A kernel for nbval: asked to execute a cell, it answers as that cell did when the notebook was executed."""

    def __init__(self, executed: NotebookNode) -> None:
        self.cells = deque(cell for cell in executed.cells if cell.cell_type == "code")
        self.messages: deque[dict[str, Any]] = deque()
        self.ran = 0

    def is_alive(self) -> bool:
        return True

    def execute_cell_input(self, source: str, allow_stdin: bool) -> int:
        cell = self.cells.popleft()
        assert cell.source == source, f"another cell was executed: {cell.source[:60]!r}, not {source[:60]!r}"
        self.ran += 1
        self.messages.clear()
        outputs = [(output.output_type, output) for output in cell.outputs]
        for kind, content in [*outputs, ("status", {"execution_state": "idle"})]:
            self.messages.append({"msg_type": kind, "parent_header": {"msg_id": self.ran}, "content": content})
        return self.ran

    def await_reply(self, msg_id: int, timeout: float) -> None:
        pass

    def await_idle(self, msg_id: int, timeout: float) -> None:
        pass

    def get_message(self, stream: str, timeout: float) -> dict[str, Any]:
        return self.messages.popleft()


def differences(session: pytest.Session, path: Path, executed: NotebookNode) -> list[str]:
    """What nbval finds between a notebook's committed outputs and those of an execution, by the cell."""
    file = IPyNbFile.from_parent(session, path=path)
    cells = list(file.collect())
    file.kernel = PlayedBack(executed)
    faults = []
    for cell in cells:
        try:
            cell.runtest()
        except NbCellError as error:
            faults.append(f"{path.name}, code cell {cell.cell_num}: {error}\n{error.inner_traceback or ''}")
        except pytest.skip.Exception:
            file.kernel.cells.popleft()
    return faults
