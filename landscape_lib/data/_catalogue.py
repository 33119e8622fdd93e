"""What each source consists of: its files, their checksums, where they are mirrored, what they are."""

import hashlib
import math
from dataclasses import dataclass

from landscape_lib.data._formats import CIFAR_RECORD, DataError, gunzip, parse_cifar, parse_idx, sha256, tar_members


@dataclass(frozen=True)
class File:
    """One file of a source, stored as ``name`` or ``name.gz``; a checksum is "" where none is known for certain."""

    name: str
    shape: tuple[int, ...]  # of an IDX array; (records,) of a CIFAR file
    sha256: str = ""  # of the decompressed content
    md5_gz: str = ""  # of the official .gz, as published

    @property
    def size(self) -> int:
        """Bytes once decompressed."""
        if self.name.endswith(".bin"):
            return self.shape[0] * CIFAR_RECORD
        return 4 + 4 * len(self.shape) + math.prod(self.shape)


def _idx_files(*checksums: dict[str, str]) -> tuple[File, ...]:
    names = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    shapes: list[tuple[int, ...]] = [(60000, 28, 28), (60000,), (10000, 28, 28), (10000,)]
    return tuple(File(name, shape, **sums) for name, shape, sums in zip(names, shapes, checksums, strict=True))


FILES: dict[str, tuple[File, ...]] = {
    "mnist": _idx_files(
        {"sha256": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
        {"sha256": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
        {"sha256": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
        {"sha256": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
    ),
    # The authors publish the MD5 of each .gz (github.com/zalandoresearch/fashion-mnist) and no checksum of the
    # decompressed files: a file that is already decompressed is checked by its header and length only.
    "fashion_mnist": _idx_files(
        {"md5_gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d"},
        {"md5_gz": "25c81989df183df01b3e8a0aad5dffbe"},
        {"md5_gz": "bef4ecab320f06d8554ea6380940ec79"},
        {"md5_gz": "bb300cfdad3c16e7a12a480ee83cd310"},
    ),
    # SHA-256 of the members of the official archive (MD5 c32a1d4ab5d03f1284b67883e8d87530), as recorded by
    # github.com/ankane/torchvision-ruby.
    "cifar10": (
        File("data_batch_1.bin", (10000,), "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
        File("data_batch_2.bin", (10000,), "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
        File("data_batch_3.bin", (10000,), "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
        File("data_batch_4.bin", (10000,), "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
        File("data_batch_5.bin", (10000,), "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
        File("test_batch.bin", (10000,), "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
    ),
}

MIRRORS: dict[str, tuple[str, ...]] = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion_mnist": (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    "cifar10": ("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"),
}

ARCHIVE, ARCHIVE_FOLDER = "cifar-10-binary.tar.gz", "cifar-10-batches-bin"

DESCRIPTIONS = {
    "digits": "handwritten digits, 8×8 grey (scikit-learn: test part of UCI's optical digits), not split",
    "mnist1d": "MNIST-1D, signals of 40 numbers in ten classes, by the package mnist1d, official split",
    "mnist": "MNIST, handwritten digits, 28×28 grey, official split",
    "fashion_mnist": "Fashion-MNIST, articles of clothing, 28×28 grey, official split",
    "cifar10": "CIFAR-10, photographs, 32×32 colour, binary version, official split",
    "cifar10-jpeg": "part of CIFAR-10, as JPEG and reordered: the right labels, not the original pixels",
}

NAMES = tuple(DESCRIPTIONS)


def verified(file: File, content: bytes, where: str) -> bytes:
    """The decompressed content, after its structure and then its checksum were found right."""
    if not content:
        raise DataError(f"{where}: empty, 0 bytes")
    plain = gunzip(content, file.size, where) if where.endswith(".gz") else content
    if file.name.endswith(".bin"):
        parse_cifar(plain, where, file.shape[0])
    else:
        parse_idx(plain, where, file.shape)
    if file.sha256 and (digest := sha256(plain)) != file.sha256:
        raise DataError(f"{where}: wrong checksum, sha256 {digest}, need {file.sha256}")
    if file.md5_gz and where.endswith(".gz") and (digest := _md5(content)) != file.md5_gz:
        raise DataError(f"{where}: wrong checksum, md5 {digest}, need {file.md5_gz}")
    return plain


def unpacked(archive: bytes, where: str) -> dict[str, bytes]:
    """The verified files of CIFAR-10's official archive, by name."""
    files = FILES["cifar10"]
    members = tar_members(archive, ARCHIVE_FOLDER, [file.name for file in files], files[0].size, where)
    return {file.name: verified(file, members[file.name], f"{where}:{file.name}") for file in files}


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
