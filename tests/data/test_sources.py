"""Sources are found in the documented order, verified, and described as what they are."""

import gzip
import hashlib
import os
import random
import socket
from pathlib import Path

import mnist1d.data
import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from landscape_lib.data import NAMES, DataError, fetch, load, status
from landscape_lib.data import _embedded as embedded
from landscape_lib.data import _sources as sources
from landscape_lib.data._catalogue import FILES, MIRRORS

from .conftest import BATCHES, SMALL, records, tar_gz

GIVEN = os.environ.get("LANDSCAPE_DATA_DIR", "")


def test_digits_are_scikit_learns():
    digits, images = load_digits(), load("digits")
    assert images.shape == (1, 8, 8) and images.inputs.shape == (1797, 64) and len(images.test_labels) == 0
    assert images.inputs.dtype == torch.float32
    assert images.inputs.numpy().tolist() == (digits.data / 16).tolist()  # sixteenths are exact in float32
    assert images.labels.tolist() == digits.target.tolist()
    content = np.concatenate([digits.data.ravel(), digits.target]).astype(np.uint8).tobytes()
    assert images.sha256 == hashlib.sha256(content).hexdigest()


def test_the_digits_never_change():
    assert load("digits").sha256 == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_mnist1d_is_the_packages():
    images = load("mnist1d")
    assert images.shape == (1, 1, 40) and images.inputs.shape == (4000, 40) and images.test_inputs.shape == (1000, 40)
    made = mnist1d.data.make_dataset(mnist1d.data.get_dataset_args())
    for ours, theirs in ((images.inputs, made["x"]), (images.test_inputs, made["x_test"])):
        # Half of a millionth is lost, and float32 holds numbers below 8 to 2.4e-7; other signals differ by about 1.
        assert ours.dtype == torch.float32 and np.abs(ours.double().numpy() - theirs).max() < 0.5e-6 + 2.4e-7 + 1e-9
    assert images.labels.tolist() == made["y"].tolist() and images.test_labels.tolist() == made["y_test"].tolist()
    every = torch.cat([images.inputs, images.test_inputs]).double()
    assert abs(every.mean()) < 1e-6 and abs(every.std(correction=0) - 1) < 1e-6  # as the millionths round
    assert len(every.unique(dim=0)) == 5000  # no signal twice, so none in both parts
    counts, tests = images.labels.bincount(), images.test_labels.bincount()
    assert (counts + tests).tolist() == [500] * 10 and (counts.min(), counts.max()) == (394, 411)  # not balanced


def test_mnist1d_never_changes():
    assert load("mnist1d").sha256 == "395a321108eb4699b9610ad9c30fed59d6125928d45ced7ea9edba0a59b372eb"


def drawn(between=lambda: None):
    """Seeds every global generator, draws, does what is given, and says what is drawn then."""
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    np.random.standard_normal()  # it draws two and keeps one in hand, which is part of the state
    between()
    return random.gauss(0, 1), np.random.standard_normal(3).tolist(), np.random.rand(), torch.rand(3).tolist()


def test_mnist1d_leaves_all_generators_as_they_were():
    assert drawn(lambda: mnist1d.data.make_dataset(mnist1d.data.get_dataset_args())) != drawn(), "the package does not"
    assert drawn(lambda: load("mnist1d")) == drawn()


def test_mnist1d_leaves_them_also_where_the_package_fails(monkeypatch):
    def fail(_):
        mnist1d.utils.set_seed(0)
        raise RuntimeError("broken")

    def load_anyhow():
        with pytest.raises(RuntimeError, match="broken"):
            load("mnist1d")

    monkeypatch.setattr(mnist1d.data, "make_dataset", fail)
    assert drawn(load_anyhow) == drawn()


def test_mnist1d_of_another_version_is_noticed(nowhere, monkeypatch):
    make = mnist1d.data.make_dataset

    def other(step):
        def made(arguments):
            made = make(arguments)
            made["x_test"][-1, -1] += step
            return made

        monkeypatch.setattr(mnist1d.data, "make_dataset", made)

    other(1e-13)  # far more than processors differ by
    first = load("mnist1d")
    other(1e-6)
    with pytest.raises(
        DataError, match=r"mnist1d: version 0\.\S+ of the package makes other signals, sha256 \w{64}, need"
    ):
        load("mnist1d")
    assert [row.name for row in status() if row.fault] == ["mnist1d"]
    assert first.sha256 == embedded.MNIST1D_SHA256


def test_what_is_embedded_needs_no_network_and_no_folder(nowhere, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("no network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.chdir(nowhere.parent)
    for name in embedded.EMBEDDED:
        assert fetch(name) == [] and len(load(name).labels) > 1000
    assert not list(nowhere.parent.iterdir())


def test_embedded_data_are_a_copy_of_ones_own():
    for name in embedded.EMBEDDED:
        first = load(name)
        first.inputs.zero_()
        first.labels.zero_()
        assert load(name).inputs.any() and load(name).labels.any()


@pytest.mark.parametrize("name", ["MNIST", "", "../mnist", "cifar100"])
def test_unknown_name(name):
    for door in (load, fetch):
        with pytest.raises(
            ValueError, match=f"name: got '{name}', need one of digits, mnist1d, mnist, fashion_mnist, cifar10, "
        ):
            door(name)


@pytest.mark.parametrize("name", [None, 5, ["mnist"]])
def test_a_name_that_is_none(as_user, name):
    with pytest.raises(ValueError, match="need one of digits"):
        load(name)


def test_small_mnist(data_dir):
    images = load("mnist")
    assert images.inputs.tolist() == (torch.arange(24.0).reshape(4, 6) / 255).tolist()
    assert images.labels.tolist() == [0, 1, 2, 3] and images.test_labels.tolist() == [4, 5]
    assert images.sha256 == hashlib.sha256(b"".join(SMALL.values())).hexdigest()


def test_compressed_or_not_is_the_same(data_dir):
    first = load("mnist").sha256
    for path in data_dir.iterdir():
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert load("mnist").sha256 == first


def test_the_data_folder_comes_before_the_cache(data_dir, nowhere, monkeypatch):
    assert fetch("mnist")[0].parent == data_dir
    data_dir.rename(nowhere.parent / "away")
    (nowhere).mkdir()
    (nowhere.parent / "away").rename(nowhere / "mnist")
    assert fetch("mnist")[0].parent == nowhere / "mnist"


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda content: b"", "empty, 0 bytes"),
        (lambda content: gzip.compress(content)[:-10], "truncated"),
        (lambda content: gzip.compress(content[:-3]), "truncated, 37 bytes, need 40"),
        (lambda content: gzip.compress(b"\x01" + content[1:]), "wrong magic number 01 00 08 03"),
        (lambda content: gzip.compress(content + b"x"), "holds more than the 40 bytes"),
        (lambda content: gzip.compress(content[:-1] + b"x"), "wrong checksum, sha256 [0-9a-f]{64}, need [0-9a-f]{64}"),
        (lambda content: content, "not a sound gzip file"),
    ],
)
def test_a_damaged_file(data_dir, change, says):
    path = data_dir / "train-images-idx3-ubyte.gz"
    path.write_bytes(damaged := change(SMALL["train-images-idx3-ubyte"]))
    for door in (load, fetch):
        with pytest.raises(DataError, match=f"{path.name}: {says}.*; replace it, or unset LANDSCAPE_DATA_DIR"):
            door("mnist")
    assert path.read_bytes() == damaged  # the user's folder is never changed
    assert [row.name for row in status() if row.fault] == ["mnist"]


def test_a_file_that_is_missing(data_dir):
    (data_dir / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="mnist: has no t10k-labels-idx1-ubyte; add what is missing"):
        load("mnist")


def test_a_data_folder_that_is_missing(nowhere, monkeypatch, tmp_path):
    monkeypatch.setenv("LANDSCAPE_DATA_DIR", str(tmp_path / "typo"))
    for door in (lambda: load("mnist"), lambda: fetch("cifar10"), status):
        with pytest.raises(DataError, match="LANDSCAPE_DATA_DIR: .*typo is no folder; set it to an existing folder"):
            door()
    assert len(load("digits").labels) == 1797  # they need no folder


def test_a_folder_that_may_not_be_entered(data_dir, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)  # chmod would not stop a superuser
    with pytest.raises(DataError, match="mnist: permission denied; make it readable"):
        load("mnist")


def test_fashion_mnist_is_verified_by_the_md5_of_the_gz(nowhere, data_dir, monkeypatch):
    data_dir.rename(folder := data_dir.with_name("fashion_mnist"))
    small = zip(FILES["mnist"], FILES["fashion_mnist"], strict=True)
    monkeypatch.setitem(FILES, "fashion_mnist", tuple(type(a)(a.name, a.shape, "", b.md5_gz) for a, b in small))
    with pytest.raises(DataError, match="wrong checksum, md5 [0-9a-f]{32}, need 8d4fb7e6c68d591d4c3dfef9ec88bf0d"):
        load("fashion_mnist")
    for path in folder.iterdir():  # decompressed: header and length are all that can be checked
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert load("fashion_mnist").labels.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("layout", ["files", "archive"])
def test_cifar10(nowhere, monkeypatch, tmp_path, layout):
    monkeypatch.setenv("LANDSCAPE_DATA_DIR", str(tmp_path))
    folder = tmp_path / "cifar10"
    folder.mkdir()
    if layout == "files":
        for name, content in BATCHES.items():
            (folder / name).write_bytes(content)
    else:
        members = {f"cifar-10-batches-bin/{name}": content for name, content in BATCHES.items()}
        (folder / "cifar-10-binary.tar.gz").write_bytes(tar_gz(members))
    images = load("cifar10")
    assert images.inputs.shape == (10, 3072) and images.shape == (3, 32, 32)
    assert images.sha256 == hashlib.sha256(b"".join(BATCHES.values())).hexdigest()
    assert len(fetch("cifar10")) == (6 if layout == "files" else 1)


def test_cifar10_jpeg_is_local_and_says_what_it_is(nowhere, monkeypatch, tmp_path):
    for door in (load, fetch):
        with pytest.raises(DataError, match="cifar10-jpeg: not here, and no mirror has it; put its data_batch"):
            door("cifar10-jpeg")
    monkeypatch.setenv("LANDSCAPE_DATA_DIR", str(tmp_path))
    (folder := tmp_path / "cifar10-jpeg").mkdir()
    (folder / "data_batch_1.bin").write_bytes(records(0, 1, 2))
    (folder / "test_batch.bin").write_bytes(records(3))
    images = load("cifar10-jpeg")
    assert images.labels.tolist() == [0, 1, 2] and images.test_labels.tolist() == [3]
    assert "as JPEG and reordered" in images.description
    (folder / "test_batch.bin").write_bytes(records(3)[:-1])
    with pytest.raises(DataError, match="test_batch.bin: truncated, 3072 bytes"):
        load("cifar10-jpeg")


def test_status(data_dir):
    rows = {row.name: row for row in status()}
    assert tuple(rows) == NAMES
    assert rows["digits"].where == "embedded" and rows["digits"].size == 1797 * 65
    assert rows["mnist1d"].where == "embedded" and rows["mnist1d"].size == 5000 * 161
    assert (rows["mnist1d"].points, rows["mnist1d"].test_points) == (4000, 1000)
    assert (rows["mnist"].where, rows["mnist"].points, rows["mnist"].test_points) == ("data dir", 4, 2)
    assert rows["mnist"].sha256 == load("mnist").sha256
    assert rows["mnist"].size == sum(path.stat().st_size for path in data_dir.iterdir())
    assert {rows[name].where for name in ("fashion_mnist", "cifar10", "cifar10-jpeg")} == {"not here"}


def test_the_catalogue_is_complete():
    assert set(FILES) == set(MIRRORS) == set(NAMES) - {*embedded.EMBEDDED, "cifar10-jpeg"}
    assert all(url.endswith("/") for mirrors in MIRRORS.values() for url in mirrors)
    sizes = [file.size for file in FILES["mnist"]]
    assert sizes == [47040016, 60008, 7840016, 10008]  # as the MNIST page lists them
    assert FILES["cifar10"][0].size == 30730000
    for file in [file for files in FILES.values() for file in files]:
        assert len(file.sha256) == 64 or len(file.md5_gz) == 32


@pytest.mark.skipif(not Path(GIVEN, "mnist").is_dir() or not GIVEN, reason="LANDSCAPE_DATA_DIR has no folder mnist")
def test_the_real_mnist():
    images = load("mnist")  # its four checksums are verified on the way
    assert images.inputs.shape == (60000, 784) and images.test_inputs.shape == (10000, 784)
    assert images.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]  # the ten that every tutorial prints
    assert images.inputs.min() == 0 and images.inputs.max() == 1
    assert images.labels.bincount().min() == 5421  # of class 5, the rarest


@pytest.mark.skipif(
    not GIVEN or not Path(GIVEN, "cifar10-jpeg").is_dir(), reason="LANDSCAPE_DATA_DIR has no cifar10-jpeg"
)
def test_the_real_cifar10_jpeg():
    images = load("cifar10-jpeg")
    assert images.inputs.shape == (10000, 3072)
    assert images.labels[:20].tolist() == [*range(10), *range(10)]  # its order: classes in turn


def test_the_cache_is_the_systems():
    assert sources.cache_folder().name == "landscape_lib"
