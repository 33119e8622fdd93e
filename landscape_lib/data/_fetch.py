"""From a mirror to memory, and from memory to the disk: nothing unverified is ever written."""

import errno
import os
import secrets
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import pooch
from tqdm import tqdm

from landscape_lib.data._formats import DataError

Verified = TypeVar("Verified")

STALE = 3600  # seconds; a temporary file this old belongs to a process that was killed


def download(urls: Sequence[str], verify: Callable[[bytes, str], Verified], what: str) -> tuple[bytes, Verified]:
    """Try the mirrors in order; return the first content that ``verify`` accepts, and what it made of it.

    ``verify(content, url)`` raises DataError for content it refuses: the next mirror is then asked. The content is held
    in memory, so a download that breaks off leaves nothing behind. Progress is shown unless TQDM_DISABLE=1.
    """
    answers: list[Any] = []  # collected to be closed: pooch leaves a refused or broken answer's socket open
    options = {"timeout": 30, "hooks": {"response": lambda answer, **_: answers.append(answer)}}
    reasons = []
    for url in urls:
        content = BytesIO()
        try:
            # total=1: an unknown total has no truth value for pooch, which puts in what the server states
            with tqdm(desc=what, total=1, unit="B", unit_scale=True, leave=False, delay=0.5) as bar:
                pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, **options)(url, content, None)
            return content.getvalue(), verify(content.getvalue(), url)
        except DataError as error:
            reasons.append(str(error))
        except OSError as error:  # what requests raises for a refused connection, a timeout, a 404, a broken stream
            response = getattr(error, "response", None)
            reasons.append(f"{url}: {type(error).__name__ if response is None else f'HTTP {response.status_code}'}")
        finally:
            for answer in answers:
                answer.close()
    raise DataError(f"{what}: no mirror delivered it ({'; '.join(reasons) or 'there is none to ask'})")


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or none: temporary file beside it, fsync, ``os.replace``.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomic(Path(folder) / "new" / "a.bin", b"abc")
    ...     (Path(folder) / "new" / "a.bin").read_bytes()
    b'abc'
    """
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        try:
            with open(part, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:  # also on Ctrl-C; after the replacement there is nothing left to remove
            part.unlink(missing_ok=True)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DataError(
                f"{path}: no space left on the disk for {len(content) / 1e6:.1f} MB; free some and fetch again"
            ) from None
        raise DataError(f"{path}: cannot write ({error.strerror}); make the folder {path.parent} writable") from None


def read(path: Path) -> bytes:
    """Read a whole file; one clear error where that is impossible."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot read ({error.strerror}); check the file and its permissions") from None


def _sweep(folder: Path) -> None:
    """Remove what killed processes left; younger files may belong to a process that is still writing."""
    for part in folder.glob(".*.part"):
        try:
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink()
        except OSError:  # another process swept it first, or it is not ours to remove
            continue
