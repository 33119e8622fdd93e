"""A small stand-in for each published source, an empty cache, and mirrors on this machine."""

import gzip
import http.server
import io
import math
import struct
import tarfile
import threading

import pytest

from landscape_lib.data import _sources as sources
from landscape_lib.data._catalogue import FILES, MIRRORS, File
from landscape_lib.data._formats import sha256


def idx(shape, values=None):
    body = bytes(i % 251 for i in range(math.prod(shape))) if values is None else bytes(values)
    return bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + body


def records(*labels):
    return b"".join(bytes([label]) + bytes((label + i) % 256 for i in range(3072)) for label in labels)


def tar_gz(members):
    """An archive of name → bytes, or name → a path that the member links to."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


SMALL = {  # the layout of MNIST and of CIFAR-10, a few points each
    "train-images-idx3-ubyte": idx((4, 2, 3)),
    "train-labels-idx1-ubyte": idx((4,), [0, 1, 2, 3]),
    "t10k-images-idx3-ubyte": idx((2, 2, 3), range(100, 112)),
    "t10k-labels-idx1-ubyte": idx((2,), [4, 5]),
}
SHAPES = [(4, 2, 3), (4,), (2, 2, 3), (2,)]
BATCHES = {
    **{f"data_batch_{i}.bin": records(i, i + 1) for i in range(1, 6)},
    "test_batch.bin": records(9, 0),
}


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No data folder, an empty cache (returned), small files in the place of the published ones, no mirrors."""
    monkeypatch.delenv("LANDSCAPE_DATA_DIR", raising=False)
    monkeypatch.setattr(sources, "cache_folder", lambda: tmp_path / "cache")
    mnist = [File(name, shape, sha256(SMALL[name])) for name, shape in zip(SMALL, SHAPES, strict=True)]
    monkeypatch.setitem(FILES, "mnist", tuple(mnist))
    monkeypatch.setitem(FILES, "cifar10", tuple(File(name, (2,), sha256(each)) for name, each in BATCHES.items()))
    for name in MIRRORS:
        monkeypatch.setitem(MIRRORS, name, ())
    return tmp_path / "cache"


@pytest.fixture
def data_dir(nowhere, monkeypatch, tmp_path):
    """A LANDSCAPE_DATA_DIR with the small MNIST in it; returns the folder mnist/."""
    monkeypatch.setenv("LANDSCAPE_DATA_DIR", str(tmp_path / "given"))
    folder = tmp_path / "given" / "mnist"
    folder.mkdir(parents=True)
    for name, content in SMALL.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    return folder


@pytest.fixture
def mirror(monkeypatch):
    """A web server on this machine: ``mirror.pages[path] = bytes``; ``mirror.url``; ``mirror.asked`` in order."""
    pages, asked = {}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            content = pages.get(self.path)
            if content is None:
                return self.send_error(404)
            self.send_response(200)
            short = self.path.startswith("/breaks-off/")  # promises everything, sends half and hangs up
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if short else content)

        def log_message(self, *_):
            pass

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.pages, server.asked, server.url = pages, asked, f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()
        thread.join()
