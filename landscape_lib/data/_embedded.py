"""The sources that come with installed packages, without a file or a network: digits and MNIST-1D."""

import random
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import torch
from jaxtyping import Int64, Integer
from torch import Tensor

from landscape_lib.data._formats import DataError, sha256

MILLION = 10**6
MNIST1D_SHA256 = "395a321108eb4699b9610ad9c30fed59d6125928d45ced7ea9edba0a59b372eb"


@dataclass(frozen=True, eq=False)
class Stored:
    """A source as it is stored: pixels, in units of 1/``unit``, and classes as integers, the test part's after them."""

    inputs: Integer[Tensor, "points features"]
    labels: Int64[Tensor, "points"]
    test_inputs: Integer[Tensor, "test_points features"]
    test_labels: Int64[Tensor, "test_points"]
    sha256: str
    shape: tuple[int, int, int]  # channels, rows, columns
    unit: int

    @property
    def size(self) -> int:
        """Bytes of the pixels, and one for each class."""
        images = (self.inputs, self.test_inputs)
        return sum(part.numel() * part.element_size() + len(part) for part in images)


def digits() -> Stored:
    """Scikit-learn's digits: pixels 0 to 16, and no test part.

    They are the test part of UCI's optical digits, written by 13 people none of whom wrote the training part. The rows
    were never mixed: they are 14 series of some 130 rows, most of which begin with 0 to 9 three times over. So
    the rows of one writer stand together. Who wrote which is not recorded.
    """
    from sklearn.datasets import load_digits  # a second to import, and only the digits need it

    given = load_digits()
    pixels, labels = given.data.astype(np.uint8), given.target.astype(np.uint8)
    return Stored(
        torch.from_numpy(pixels),
        torch.from_numpy(labels).long(),
        torch.empty(0, 64, dtype=torch.uint8),
        torch.empty(0, dtype=torch.int64),
        sha256(pixels.tobytes(), labels.tobytes()),
        shape=(1, 8, 8),
        unit=16,
    )


def mnist1d() -> Stored:
    """MNIST-1D with its authors' settings: 4000 + 1000 signals of 40 numbers, in millionths (Greydanus, 2011.14439).

    A signal is a template of one of ten classes: padded, stretched, scaled, shifted round the circle, sheared, and
    noisy. All signals together have mean 0 and variance 1. Classes are not balanced: 394 to 411 signals each train, 89
    to 106 test. In millionths all processors make the same integers, and these are the published file's too: no number
    is closer than 1e-12 to where it would be rounded otherwise, and processors differ by 1e-15.

    The package begins both global generators of random numbers again; here they are left as they were. Raises DataError
    where another version of it makes other signals.
    """
    before = random.getstate(), np.random.get_state()
    try:
        from mnist1d.data import get_dataset_args, make_dataset  # a second to import: it brings pyplot

        made = make_dataset(get_dataset_args())
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
    x, x_test = (np.round(made[part] * MILLION).astype("<i4") for part in ("x", "x_test"))
    y, y_test = (made[part].astype(np.uint8) for part in ("y", "y_test"))
    digest = sha256(*(part.tobytes() for part in (x, y, x_test, y_test)))
    if digest != MNIST1D_SHA256:
        raise DataError(
            f"mnist1d: version {version('mnist1d')} of the package makes other signals, sha256 {digest}, need "
            f"{MNIST1D_SHA256}; install mnist1d==0.0.2.post1"
        )
    tensors = [torch.from_numpy(part) for part in (x, y, x_test, y_test)]
    labels, test_labels = tensors[1].long(), tensors[3].long()
    return Stored(tensors[0], labels, tensors[2], test_labels, digest, shape=(1, 1, 40), unit=MILLION)


EMBEDDED = {"digits": digits, "mnist1d": mnist1d}
