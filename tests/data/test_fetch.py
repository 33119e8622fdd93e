"""Mirrors and disks fail in many ways; none leaves a half-written file."""

import errno
import gzip
import io
import os
import signal
import subprocess
import sys

import pytest

from landscape_lib.data import DataError, _fetch, fetch, load
from landscape_lib.data._catalogue import MIRRORS
from landscape_lib.data._fetch import STALE, write_atomic

from .conftest import BATCHES, SMALL, tar_gz


@pytest.fixture
def served(mirror):
    """The mirror, with the small MNIST under /good/."""
    mirror.pages |= {f"/good/{name}.gz": gzip.compress(content) for name, content in SMALL.items()}
    return mirror


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_fetch_downloads_verifies_and_keeps(nowhere, served, monkeypatch):
    monkeypatch.setitem(MIRRORS, "mnist", (f"{served.url}/good/",))
    paths = fetch("mnist")
    assert [path.name for path in paths] == [f"{name}.gz" for name in SMALL]
    assert files(nowhere) == sorted(f"{name}.gz" for name in SMALL)
    served.asked.clear()
    assert fetch("mnist") == paths and load("mnist").labels.tolist() == [0, 1, 2, 3]
    assert served.asked == []  # what is here is not asked for again


def test_load_downloads_what_is_missing(nowhere, served, monkeypatch):
    monkeypatch.setitem(MIRRORS, "mnist", (f"{served.url}/good/",))
    assert load("mnist").test_labels.tolist() == [4, 5]


@pytest.mark.parametrize("first", ["/gone/", "/breaks-off/", "/html/", "/wrong/", "refused"])
def test_the_next_mirror_is_asked(nowhere, served, monkeypatch, first):
    bad = {"/breaks-off/": served.pages["/good/train-images-idx3-ubyte.gz"], "/html/": b"<html>log in</html>"}
    bad["/wrong/"] = gzip.compress(SMALL["train-images-idx3-ubyte"][:-1] + b"!")
    served.pages |= {f"{first}{name}.gz": bad[first] for name in SMALL if first in bad}
    url = "http://127.0.0.1:9/" if first == "refused" else served.url + first  # port 9: nothing listens
    monkeypatch.setitem(MIRRORS, "mnist", (url, f"{served.url}/good/"))
    assert len(fetch("mnist")) == 4


@pytest.mark.parametrize(
    "path, content, says",
    [
        ("/gone/", None, "HTTP 404"),
        ("/breaks-off/", gzip.compress(SMALL["train-images-idx3-ubyte"]), "ChunkedEncodingError|ConnectionError"),
        ("/html/", b"<html>log in</html>", "not a sound gzip file"),
        ("/cut/", gzip.compress(SMALL["train-images-idx3-ubyte"])[:-9], "truncated"),
        ("/zero/", b"", "empty, 0 bytes"),
        ("/wrong/", gzip.compress(SMALL["train-images-idx3-ubyte"][:-1] + b"!"), "wrong checksum, sha256"),
    ],
    ids=["gone", "breaks off", "html", "cut", "zero", "wrong"],
)
def test_no_mirror_left(nowhere, mirror, monkeypatch, path, content, says):
    mirror.pages[f"{path}train-images-idx3-ubyte.gz"] = content
    monkeypatch.setitem(MIRRORS, "mnist", ("http://127.0.0.1:9/", mirror.url + path))
    with pytest.raises(DataError, match=says) as caught:
        load("mnist")
    assert "127.0.0.1:9/train-images-idx3-ubyte.gz: ConnectionError" in str(caught.value)
    assert "connect to the network and run `landscape data fetch mnist`, or put the files" in str(caught.value)
    assert files(nowhere.parent) == []


def test_a_damaged_cache_is_repaired_and_the_rest_kept(nowhere, served, monkeypatch):
    monkeypatch.setitem(MIRRORS, "mnist", (f"{served.url}/good/",))
    paths = fetch("mnist")
    paths[1].write_bytes(b"rot")
    with pytest.raises(DataError, match=r"not a sound gzip file .*; run `landscape data fetch mnist`"):
        load("mnist")
    served.asked.clear()
    fetch("mnist")
    assert served.asked == ["/good/train-labels-idx1-ubyte.gz"] and len(load("mnist").labels) == 4


def test_cifar_comes_as_an_archive(nowhere, mirror, monkeypatch):
    members = {f"cifar-10-batches-bin/{name}": content for name, content in BATCHES.items()}
    links = {f"cifar-10-batches-bin/{name}": "../../secret" for name in BATCHES}
    mirror.pages["/evil/cifar-10-binary.tar.gz"] = tar_gz({"../evil": b"x"} | links)
    mirror.pages["/good/cifar-10-binary.tar.gz"] = tar_gz({"../evil": b"x", "readme.html": b"y"} | members)
    monkeypatch.setitem(MIRRORS, "cifar10", (f"{mirror.url}/evil/", f"{mirror.url}/good/"))
    images = load("cifar10")
    assert images.labels.tolist() == [1, 2, 2, 3, 3, 4, 4, 5, 5, 6] and images.test_labels.tolist() == [9, 0]
    assert files(nowhere.parent) == sorted(BATCHES)  # no ../evil, no readme, no archive


class FullDisk(io.FileIO):
    def write(self, content):
        super().write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")


def test_full_disk(nowhere, served, monkeypatch):
    monkeypatch.setitem(MIRRORS, "mnist", (f"{served.url}/good/",))
    monkeypatch.setattr(_fetch, "open", FullDisk, raising=False)
    with pytest.raises(DataError, match=r"train-images.*no space left on the disk for 0\.0 MB; free some"):
        fetch("mnist")
    assert files(nowhere) == []


def test_full_disk_keeps_the_file_that_was_there(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(_fetch, "open", FullDisk, raising=False)
    with pytest.raises(DataError):
        write_atomic(tmp_path / "a", b"new content")
    assert files(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"old"


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(_fetch, "open", refuse, raising=False)  # chmod would not stop a superuser
    with pytest.raises(DataError, match=r"cannot write \(Permission denied\); make the folder .* writable"):
        write_atomic(tmp_path / "a", b"x")


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "mnist").write_bytes(b"")
    with pytest.raises(DataError, match="cannot write"):
        write_atomic(tmp_path / "mnist" / "a", b"x")


def test_interrupted_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a", b"x")
    assert files(tmp_path) == []


def test_killed_halfway_shows_no_file_and_is_swept_later(tmp_path):
    program = (
        "import os, pathlib, signal, sys\n"
        "from landscape_lib.data._fetch import write_atomic\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_atomic(pathlib.Path(sys.argv[1]), b'half')\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, tmp_path / "a.bin"], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".a.bin.") and left.name.endswith(".part")
    write_atomic(tmp_path / "b.bin", b"young")
    assert left.exists()  # it might belong to a process that is still writing
    old = left.stat().st_mtime - STALE - 1
    os.utime(left, (old, old))
    write_atomic(tmp_path / "b.bin", b"later")
    assert files(tmp_path) == ["b.bin"]


def test_unreadable(tmp_path):
    with pytest.raises(DataError, match=r"cannot read \(Is a directory\)"):
        _fetch.read(tmp_path)
