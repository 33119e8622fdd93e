"""The command says what it did on stdout, what it could not do in one line on stderr, and its exit code agrees."""

import json
import subprocess
import sys

import pytest

from landscape_lib.cli import main
from landscape_lib.data import sources
from landscape_lib.data._catalogue import MIRRORS


@pytest.fixture
def offline(monkeypatch, tmp_path):
    monkeypatch.delenv("LANDSCAPE_DATA_DIR", raising=False)
    monkeypatch.setattr(sources, "cache_folder", lambda: tmp_path / "cache")
    for name in MIRRORS:
        monkeypatch.setitem(MIRRORS, name, ("http://127.0.0.1:9/",))  # nothing listens there
    return tmp_path


def test_alone_it_helps(capsys):
    assert main([]) == 0
    assert "usage: landscape" in capsys.readouterr().out
    assert main(["data"]) == 0
    assert "usage: landscape data" in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("landscape-lib 0.")


@pytest.mark.parametrize("line", [["date"], ["data", "fetch"], ["data", "fetsh"], ["claims", "a", "b"]])
def test_a_wrong_line_is_two(line, capsys):
    assert main(line) == 2
    assert "usage: landscape" in capsys.readouterr().err


def test_list(offline, capsys):
    assert main(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "where", "points", "test", "sha256", "size"]
    assert lines[1].split() == ["digits", "embedded", "1797", "0", sources.load("digits").sha256[:8], "0.1", "MB"]
    assert [line.split()[:3] for line in lines[2:]] == [
        [name, "not", "here"] for name in ("mnist", "fashion_mnist", "cifar10", "cifar10-jpeg")
    ]


def test_list_names_what_is_damaged(offline, capsys, monkeypatch):
    monkeypatch.setenv("LANDSCAPE_DATA_DIR", str(offline))
    (folder := offline / "cifar10-jpeg").mkdir()
    for name in ("data_batch_1.bin", "test_batch.bin"):
        (folder / name).write_bytes(b"short")
    assert main(["data", "list"]) == 1
    out, err = capsys.readouterr()
    assert "cifar10-jpeg   faulty, see below" in out
    assert err.startswith("landscape: ") and "truncated, 5 bytes" in err and err.count("\n") == 1


def test_list_without_the_data_folder(offline, capsys, monkeypatch):
    monkeypatch.setenv("LANDSCAPE_DATA_DIR", str(offline / "typo"))
    assert main(["data", "list"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "typo is no folder" in err and err.count("\n") == 1


def test_fetch_goes_on_after_a_failure(offline, capsys):
    assert main(["data", "fetch", "mnist", "nope", "digits"]) == 1
    out, err = capsys.readouterr()
    assert out == "digits: embedded, nothing to fetch\n"
    first, second = err.splitlines()
    assert first.startswith("landscape: mnist: train-images-idx3-ubyte.gz: no mirror delivered it")
    assert second == ("landscape: name: got 'nope', need one of digits, mnist, fashion_mnist, cifar10, cifar10-jpeg")
    assert not (offline / "cache").exists()


def test_interrupted(offline, capsys, monkeypatch):
    def interrupt(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("landscape_lib.data.fetch", interrupt)
    assert main(["data", "fetch", "mnist"]) == 1
    assert capsys.readouterr().err == "landscape: interrupted\n"


def test_claims_are_printed(tmp_path, capsys):
    path = tmp_path / "claims.json"
    assert main(["claims", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "run `make book` first" in err and err.count("\n") == 1
    for rot in ("{", "[1]", '[{"id": 1}]'):
        path.write_text(rot)
        assert main(["claims", str(path)]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    path.write_text("[]")
    assert main(["claims", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_help_does_not_wait_for_torch():
    program = "import sys; from landscape_lib.cli import main; main([]); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
