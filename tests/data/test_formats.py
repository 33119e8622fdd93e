"""Bytes are read strictly: what is not exactly the format is refused, in words that say what is wrong."""

import gzip

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib.data._formats import DataError, gunzip, parse_cifar, parse_idx, tar_members

from .conftest import idx, records, tar_gz


@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple), data=st.data())
def test_idx_gives_back_what_was_written(shape, data):
    values = data.draw(st.binary(min_size=torch.Size(shape).numel(), max_size=torch.Size(shape).numel()))
    read = parse_idx(idx(shape, values), "x", shape)
    assert read.shape == shape and read.flatten().tolist() == list(values)


@given(cut=st.integers(1, 39))
def test_an_idx_file_cut_anywhere_is_refused(cut):
    whole = idx((4, 2, 3))  # 16 bytes of header, 24 of pixels
    with pytest.raises(DataError, match="truncated|empty|wrong magic"):
        parse_idx(whole[:cut], "x", (4, 2, 3))


@given(cut=st.integers(0, 199))
def test_a_gzip_file_cut_anywhere_is_refused(cut):
    whole = gzip.compress(bytes(range(256)), compresslevel=0)
    with pytest.raises(DataError, match="truncated|empty|not a sound gzip"):
        parse_idx(gunzip(whole[:cut], 300, "x"), "x", (256,))


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "x: empty, 0 bytes"),
        (
            b"\x00\x00\x09\x01\x00\x00\x00\x02ab",
            "wrong magic number 00 00 09 01, an IDX file of this kind has 00 00 08 01",
        ),
        (b"<html>Not found</html>", "wrong magic number 3c 68 74 6d"),
        (idx((2,))[:6], "truncated inside its header, 6 of 8 bytes"),
        (idx((3,)), r"its header states shape \(3,\), need \(2,\)"),
        (idx((2,))[:-1], "truncated, 9 bytes, need 10"),
        (idx((2,)) + b"z", "too long, 11 bytes, need 10"),
    ],
)
def test_idx_door(content, says):
    with pytest.raises(DataError, match=says):
        parse_idx(content, "x", (2,))


def test_cifar_records():
    images, labels = parse_cifar(records(3, 7), "x", 2)
    assert labels.tolist() == [3, 7]
    assert images[1, :3].tolist() == [7, 8, 9] and images.shape == (2, 3072)


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "empty, 0 bytes"),
        (records(1)[:-1], "truncated, 3072 bytes are no whole number of 3073-byte records"),
        (records(1), "1 records, need 2"),
        (records(1, 10), "label 10, CIFAR-10's labels are 0 to 9"),
    ],
)
def test_cifar_door(content, says):
    with pytest.raises(DataError, match=says):
        parse_cifar(content, "x", 2)


def test_gunzip_stops_at_the_size_it_expects():
    with pytest.raises(DataError, match="holds more than the 1000 bytes"):
        gunzip(gzip.compress(bytes(10_000_000)), 1000, "bomb")


def test_gunzip_checks_the_crc():
    whole = bytearray(gzip.compress(b"landscape", compresslevel=0))
    whole[-12] ^= 1  # inside the stored text; its CRC follows
    with pytest.raises(DataError, match="not a sound gzip file"):
        gunzip(bytes(whole), 9, "x")


def test_an_archive_gives_its_expected_members_and_no_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archive = tar_gz({"../evil": b"a", "/abs": b"b", "f/other": b"c", "link": "/etc/passwd", "f/a.bin": b"wanted"})
    assert tar_members(archive, "f", ["a.bin"], 10, "x") == {"a.bin": b"wanted"}
    assert not list(tmp_path.rglob("*")) and not (tmp_path.parent / "evil").exists()


@pytest.mark.parametrize(
    "archive, says",
    [
        (tar_gz({"f/a.bin": "/etc/passwd"}), "member 'f/a.bin' is a link or a folder"),
        (tar_gz({"../f/a.bin": b"x"}), "has no a.bin in f/"),
        (tar_gz({"f/b.bin": bytes(11)}), "member 'f/b.bin' has 11 bytes, more than 10"),
        (tar_gz({"f/a.bin": bytes(range(9))})[:60], "truncated or not a .tar.gz archive"),
        (b"<html>", "truncated or not a .tar.gz archive"),
        (b"", "truncated or not a .tar.gz archive"),
    ],
    ids=["link", "outside", "large", "cut", "html", "empty"],  # the bytes themselves carry the time
)
def test_archive_door(archive, says):
    with pytest.raises(DataError, match=says):
        tar_members(archive, "f", ["a.bin"], 10, "x")
