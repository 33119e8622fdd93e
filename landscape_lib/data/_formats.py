"""The two record formats images come in, read strictly: IDX (MNIST) and the CIFAR-10 binary version.

Everything here maps bytes to bytes or tensors; nothing touches the disk. ``where`` is what an error calls the bytes.
"""

import gzip
import hashlib
import io
import math
import struct
import tarfile
import zlib

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

CIFAR_FEATURES = 3 * 32 * 32
CIFAR_RECORD = 1 + CIFAR_FEATURES  # one label byte, then the pixels, channel by channel


class DataError(RuntimeError):
    """Data that cannot be contents, read, verified or written; the message says what to do."""


def sha256(*contents: bytes) -> str:
    """SHA-256 of the contents one after the other, in hexadecimal.

    >>> sha256(b"ab", b"c") == sha256(b"abc")
    True
    """
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    return digest.hexdigest()


def gunzip(content: bytes, size: int, where: str) -> bytes:
    """Decompress gzip content that must hold at most ``size`` bytes; the cap stops a decompression bomb."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            plain = stream.read(size + 1)
    except EOFError:
        raise DataError(f"{where}: truncated, the compressed data ends too early ({len(content)} bytes)") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{where}: not a sound gzip file ({error})") from None
    if len(plain) > size:
        raise DataError(f"{where}: holds more than the {size} bytes it must hold once decompressed")
    return plain


def parse_idx(content: bytes, where: str, shape: tuple[int, ...]) -> UInt8[Tensor, "..."]:
    """Read an IDX file of unsigned bytes: magic 00 00 08 ndim, the sizes as big-endian uint32, then the bytes.

    The header must state ``shape``, and the length must be exactly header plus ∏ shape.
    Source: the format's description on the MNIST page, yann.lecun.com/exdb/mnist.

    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]), "two labels", (2,))
    tensor([7, 9], dtype=torch.uint8)
    """
    header = 4 + 4 * len(shape)
    if not content:
        raise DataError(f"{where}: empty, 0 bytes")
    if content[:4] != (magic := bytes([0, 0, 8, len(shape)])):
        raise DataError(
            f"{where}: wrong magic number {content[:4].hex(' ')}, an IDX file of this kind has {magic.hex(' ')}"
        )
    if len(content) < header:
        raise DataError(f"{where}: truncated inside its header, {len(content)} of {header} bytes")
    if (stated := struct.unpack(f">{len(shape)}I", content[4:header])) != shape:
        raise DataError(f"{where}: its header states shape {stated}, need {shape}")
    if len(content) != (need := header + math.prod(shape)):
        fault = "truncated" if len(content) < need else "too long"
        raise DataError(f"{where}: {fault}, {len(content)} bytes, need {need}")
    return _bytes(content)[header:].reshape(shape)


def parse_cifar(
    content: bytes, where: str, points: int | None = None
) -> tuple[UInt8[Tensor, "points features"], Int64[Tensor, "points"]]:
    """Read records of the CIFAR-10 binary version: one label byte 0..9, then 3·32·32 pixel bytes.

    ``points`` is the number of records the file must have; None accepts any whole number above zero.
    Source: cs.toronto.edu/~kriz/cifar.html, "Binary version".

    >>> images, labels = parse_cifar(bytes([3]) + bytes(3072), "one record")
    >>> images.shape, labels
    (torch.Size([1, 3072]), tensor([3]))
    """
    if not content:
        raise DataError(f"{where}: empty, 0 bytes")
    if len(content) % CIFAR_RECORD:
        raise DataError(f"{where}: truncated, {len(content)} bytes are no whole number of {CIFAR_RECORD}-byte records")
    if points is not None and len(content) != points * CIFAR_RECORD:
        raise DataError(f"{where}: {len(content) // CIFAR_RECORD} records, need {points}")
    records = _bytes(content).reshape(-1, CIFAR_RECORD)
    labels = records[:, 0].long()
    if labels.max() > 9:
        raise DataError(f"{where}: label {int(labels.max())}, CIFAR-10's labels are 0 to 9")
    return records[:, 1:], labels


def tar_members(archive: bytes, folder: str, names: list[str], size: int, where: str) -> dict[str, bytes]:
    """Read the regular files ``folder/name`` of ``size`` bytes from a .tar.gz, in memory, and nothing else.

    No path from the archive is ever used to write, so a member such as ``../evil`` has nowhere to go. A link that
    bears an expected name is refused.
    """
    wanted = {f"{folder}/{name}": name for name in names}
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r|gz") as tar:
            for member in tar:
                if member.size > size:  # nothing in the official archive is larger: a bomb, or another archive
                    raise DataError(f"{where}: member {member.name!r} has {member.size} bytes, more than {size}")
                if (name := wanted.get(member.name)) is None:
                    continue
                stream = tar.extractfile(member) if member.isreg() else None
                if stream is None:
                    raise DataError(f"{where}: member {member.name!r} is a link or a folder, need a regular file")
                contents[name] = stream.read()
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{where}: truncated or not a .tar.gz archive ({error})") from None
    if missing := [name for name in names if name not in contents]:
        raise DataError(f"{where}: has no {', '.join(missing)} in {folder}/")
    return contents


def _bytes(content: bytes) -> UInt8[Tensor, "bytes"]:
    # bytearray: torch warns about memory that it must not write to
    return torch.from_numpy(np.frombuffer(bytearray(content), dtype=np.uint8))
