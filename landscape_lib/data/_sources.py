"""Where images come from: digits and MNIST-1D, which packages bring, MNIST, Fashion-MNIST, CIFAR-10.

The others are looked for in LANDSCAPE_DATA_DIR (folders mnist/, fashion_mnist/, cifar10/, cifar10-jpeg/), then in the
user's cache, then on the mirrors. What a file holds is verified once it is decompressed, at every load.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pooch
import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from landscape_lib.data._catalogue import ARCHIVE, DESCRIPTIONS, FILES, MIRRORS, NAMES, File, unpacked, verified
from landscape_lib.data._embedded import EMBEDDED, Stored
from landscape_lib.data._fetch import Verified, download, read, write_atomic
from landscape_lib.data._formats import DataError, parse_cifar, parse_idx, sha256


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Images with their classes; ``test_*`` is the official test part, 0 points where there is none."""

    name: str
    inputs: Float32[Tensor, "points features"]  # in [0, 1] (mnist1d: of mean 0), channel by channel, row by row
    labels: Int64[Tensor, "points"]
    test_inputs: Float32[Tensor, "test_points features"]
    test_labels: Int64[Tensor, "test_points"]
    shape: tuple[int, int, int]  # channels, height, width
    sha256: str  # of the decompressed files: training images and labels, then the test part's (see ``load``)
    description: str

    def __repr__(self) -> str:
        size = "×".join(map(str, self.shape))
        return f"Images({self.name}: {len(self.labels)} + {len(self.test_labels)} points of {size}, {self.sha256[:8]})"


@dataclass(frozen=True)
class Status:
    """What is here of one source; ``fault`` says what is wrong with it, "" if nothing."""

    name: str
    where: str  # "embedded", "data dir", "cache" or "not here"
    points: int = 0
    test_points: int = 0
    sha256: str = ""
    size: int = 0  # bytes on disk; of what is embedded, of the arrays
    fault: str = ""


def load(name: str) -> Images:
    """Load a source by its name, downloading it if it is neither in LANDSCAPE_DATA_DIR nor in the cache.

    Names: digits, mnist1d (both embedded, no network), mnist, fashion_mnist, cifar10, cifar10-jpeg (local files only).
    Pixels are divided by their largest possible value, 255 (digits: 16); signals of mnist1d are images of one row, of
    mean 0 and variance 1. ``sha256`` is of the decompressed files one after the other, in the order train images, train
    labels, test images, test labels, or data_batch_1 to _5, test_batch; for what is embedded, of pixels (digits: 0 to
    16, unsigned bytes; mnist1d: millionths, four bytes each, lowest first) and labels (unsigned bytes), in that order
    too. Raises ValueError for an unknown name, and DataError for what is missing, damaged or out of reach.

    >>> load("digits")
    Images(digits: 1797 + 0 points of 1×8×8, 87ff0c9e)
    """
    _known(name)
    if name in EMBEDDED:
        return _images(name, EMBEDDED[name]())
    if (place := _locate(name)) is None:
        fetch(name)
        place = "cache", cache_folder() / name
    return _images(name, _read(name, *place))


def fetch(name: str) -> list[Path]:
    """Make sure that a source is here, whole and verified; return its files (none where it is embedded).

    Damaged or missing files of the cache are downloaded again; those of LANDSCAPE_DATA_DIR are never changed. Errors as
    in ``load``; none leaves a half-written file.

    >>> fetch("digits")
    []
    """
    _known(name)
    if name in EMBEDDED:
        return []
    place = _locate(name)
    if place is not None and (place[0] == "data dir" or name == "cifar10-jpeg"):
        _read(name, *place)
        return _paths(name, place[1])
    if name == "cifar10-jpeg":
        raise DataError(
            "cifar10-jpeg: not here, and no mirror has it; put its data_batch_*.bin and test_batch.bin into a folder "
            "cifar10-jpeg and set LANDSCAPE_DATA_DIR to the folder above it, or use cifar10"
        )
    folder = cache_folder() / name
    wanting = [file for file in FILES[name] if not _sound(file, folder)]
    if name == "cifar10" and wanting:
        for each, content in _ask(name, ARCHIVE, unpacked)[1].items():
            write_atomic(folder / each, content)
    else:
        for file in wanting:
            content, _ = _ask(name, f"{file.name}.gz", partial(verified, file))
            write_atomic(folder / f"{file.name}.gz", content)
    return _paths(name, folder)


def status() -> list[Status]:
    """Say what is here of each source, read and verified; downloads nothing.

    >>> [row.points for row in status() if row.name == "digits"]
    [1797]
    """
    _data_dir()  # if it is no folder, that is one error and not one a source
    rows = []
    for name in NAMES:
        where = "embedded"
        try:
            if name in EMBEDDED:
                stored = EMBEDDED[name]()
                size = stored.size
            else:
                where = "not here"
                if (place := _locate(name)) is None:
                    rows.append(Status(name, where))
                    continue
                where = place[0]
                stored = _read(name, *place)
                size = sum(path.stat().st_size for path in _paths(name, place[1]))
            rows.append(Status(name, where, len(stored.labels), len(stored.test_labels), stored.sha256, size))
        except DataError as error:
            rows.append(Status(name, where, fault=str(error)))
    return rows


def cache_folder() -> Path:
    """The user's cache folder for this library, as the system's conventions have it."""
    return Path(pooch.os_cache("landscape_lib"))


def _known(name: str) -> None:
    if name not in NAMES:
        raise ValueError(f"name: got {name!r}, need one of {', '.join(NAMES)}")


def _images(name: str, stored: Stored) -> Images:
    inputs, test_inputs = (part.to(torch.float32).div_(stored.unit) for part in (stored.inputs, stored.test_inputs))
    labels, test_labels = stored.labels, stored.test_labels
    return Images(name, inputs, labels, test_inputs, test_labels, stored.shape, stored.sha256, DESCRIPTIONS[name])


def _data_dir() -> Path | None:
    if not (given := os.environ.get("LANDSCAPE_DATA_DIR")):
        return None
    root = Path(given).expanduser()
    if not os.path.isdir(root):  # also False where it may not be entered, while Path.is_dir raises
        raise DataError(f"LANDSCAPE_DATA_DIR: {given} is no folder; set it to an existing folder, or unset it")
    return root


def _locate(name: str) -> tuple[str, Path] | None:
    """The first place that has every file of a source; a data folder that has only some of them is an error."""
    if (root := _data_dir()) is not None:
        folder = root / name
        if _paths(name, folder):
            return "data dir", folder
        missing = [file.name for file in FILES.get(name, ()) if _find(folder, file.name) is None]
        if 0 < len(missing) < len(FILES.get(name, ())):
            raise DataError(f"{folder}: has no {', '.join(missing)}; add what is missing, or remove the folder")
    folder = cache_folder() / name
    return ("cache", folder) if _paths(name, folder) else None


def _paths(name: str, folder: Path) -> list[Path]:
    """Every file of a source in its documented order, or none if one is missing."""
    if name == "cifar10-jpeg":
        names = [*sorted(path.name for path in folder.glob("data_batch_[1-9].bin")), "test_batch.bin"]
        if len(names) == 1:
            return []
    else:
        names = [file.name for file in FILES[name]]
    paths = [path for each in names if (path := _find(folder, each)) is not None]
    if len(paths) == len(names):
        return paths
    archive = folder / ARCHIVE
    return [archive] if name == "cifar10" and archive.is_file() else []


def _find(folder: Path, name: str) -> Path | None:
    try:
        return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)
    except PermissionError:
        raise DataError(f"{folder}: permission denied; make it readable") from None


def _read(name: str, where: str, folder: Path) -> Stored:
    """Read, verify and parse every file of a source."""
    try:
        contents = _contents(name, _paths(name, folder))
        if name.startswith("cifar10"):
            parsed = [parse_cifar(content, path) for path, content in contents.items()]
            arrays = [torch.cat(part) for part in zip(*parsed[:-1], strict=True)] + list(parsed[-1])
        else:
            items = zip(contents.items(), FILES[name], strict=True)
            arrays = [parse_idx(content, path, file.shape) for (path, content), file in items]
            arrays = [array.flatten(1) if array.ndim > 1 else array.long() for array in arrays]
    except DataError as error:
        cure = f"run `landscape data fetch {name}`"
        if where == "data dir" or name == "cifar10-jpeg":
            cure = "replace it, or unset LANDSCAPE_DATA_DIR"
        raise DataError(f"{error}; {cure}") from None
    inputs, labels, test_inputs, test_labels = arrays
    shape = (3, 32, 32) if name.startswith("cifar10") else (1, 28, 28)
    return Stored(inputs, labels, test_inputs, test_labels, sha256(*contents.values()), shape, unit=255)


def _contents(name: str, paths: list[Path]) -> dict[str, bytes]:
    """The verified decompressed content of each file, under the name an error calls it."""
    if name == "cifar10-jpeg":  # no checksums: it is not a published set
        return {str(path): read(path) for path in paths}
    if paths[0].name == ARCHIVE:
        return {f"{paths[0]}:{each}": plain for each, plain in unpacked(read(paths[0]), str(paths[0])).items()}
    return {str(path): verified(file, read(path), str(path)) for file, path in zip(FILES[name], paths, strict=True)}


def _sound(file: File, folder: Path) -> bool:
    path = _find(folder, file.name)
    try:
        return path is not None and bool(verified(file, read(path), str(path)))
    except DataError:
        return False


def _ask(name: str, filename: str, verify: Callable[[bytes, str], Verified]) -> tuple[bytes, Verified]:
    try:
        return download([mirror + filename for mirror in MIRRORS[name]], verify, f"{name}: {filename}")
    except DataError as error:
        raise DataError(
            f"{error}; connect to the network and run `landscape data fetch {name}`, or put the files into a folder "
            f"{name} and set LANDSCAPE_DATA_DIR to the folder above it"
        ) from None
