"""`book/builder/environment.py`: what was killed half-way is never taken for whole."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The installer in an empty project; its programs do nothing but make what they should leave."""
    from builder import environment

    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(environment, "ROOT", str(tmp_path))
    monkeypatch.setattr(environment, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(environment, "PYTHON", str(tmp_path / ".venv/bin/python"))
    monkeypatch.setattr(environment, "PINS", [str(tmp_path / name) for name in ("requirements.lock", "pyproject.toml")])
    environment.ran = []

    def run(command: list[str], check: bool) -> None:
        environment.ran.append(" ".join(command[1:4]))
        if "venv" in command:
            (tmp_path / ".venv/bin").mkdir(parents=True, exist_ok=True)
            (tmp_path / ".venv/bin/python").touch()

    monkeypatch.setattr(subprocess, "run", run)
    return environment


AFRESH = ["-m venv --clear", "-m pip install", "-m pip install"]


def test_once_and_again_when_the_pins_change(project: ModuleType, tmp_path: Path):
    assert project.main() == 0 and project.ran == AFRESH
    project.ran.clear()
    assert project.main() == 0 and project.ran == [], "a second call installs nothing"
    (tmp_path / "requirements.lock").write_text("another")
    assert project.main() == 0 and project.ran == AFRESH[1:], "what is whole is brought up to date where it stands"
    project.ran.clear()
    (tmp_path / ".venv/bin/python").unlink()
    assert project.main() == 0 and project.ran == AFRESH, "a Python that went away is no installation"


@pytest.mark.parametrize(
    "error, code, says",
    [
        (KeyboardInterrupt(), 130, "interrupted; the same command begins it afresh"),
        (subprocess.CalledProcessError(1, ["pip"]), 1, "Without network? The same command goes on later"),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
    ],
)
def test_what_was_stopped_is_begun_afresh(project, capsys, monkeypatch, error, code, says):
    whole = subprocess.run

    def broken(command: list[str], check: bool) -> None:
        if "pip" in command:
            raise error
        whole(command, check=check)

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "run", broken)
        assert project.main() == code
    assert says in capsys.readouterr().err
    project.ran.clear()
    assert project.main() == 0 and project.ran == AFRESH


def test_a_second_one_waits_and_finds_it_done(project: ModuleType, tmp_path: Path, monkeypatch, capsys):
    locked = fcntl.flock

    def flock(lock, how: int) -> None:
        if how & fcntl.LOCK_NB:
            raise BlockingIOError
        project.install(str(tmp_path / ".venv/.ready"))  # the other one, meanwhile
        project.ran.clear()
        locked(lock, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    assert project.main() == 0 and project.ran == []
    assert "waiting until it is done" in capsys.readouterr().out


def test_an_old_python_is_told(project: ModuleType, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert project.main() == 1
    assert "Python 3.9 is too old, 3.11 or newer is needed" in capsys.readouterr().err
