"""What the tasks refuse at the door: each check returns the value it found good, or says what is accepted."""

import operator

import torch
from torch import Generator, Tensor


def generator_of(seed: int) -> Generator:
    """A generator of its own for a seed."""
    return torch.Generator().manual_seed(count(seed, "seed", 0))


def count(value: int, name: str, least: int) -> int:
    """A whole number of at least ``least``."""
    # True is 1 to Python, and a fraction of a point would be cut off in silence.
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ValueError(f"{name}: got {value!r}, need an integer ≥ {least}")
    if not least <= (number := operator.index(value)) < 2**63:
        raise ValueError(f"{name}: got {number}, need an integer ≥ {least}" + (" and < 2^63" if number > 0 else ""))
    return number


def fraction_of_one(value: float, name: str) -> float:
    """A number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:  # NaN fails too
        raise ValueError(f"{name}: got {value!r}, need a number from 0 to 1")
    return float(value)


def floating(dtype: torch.dtype) -> None:
    """A floating type."""
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise ValueError(f"dtype: got {dtype!r}, need a floating one, e.g. torch.float64")


def tensor(value: Tensor, name: str) -> None:
    """A tensor."""
    if not isinstance(value, Tensor):
        raise ValueError(f"{name}: got a {type(value).__name__}, need a tensor")


def generator(value: Generator) -> None:
    """A generator of PyTorch's."""
    if not isinstance(value, Generator):
        raise ValueError(f"generator: got {value!r}, need a torch.Generator, e.g. torch.Generator().manual_seed(0)")


def integer_classes(labels: Tensor, classes: int | None = None) -> Tensor:
    """Classes 0, 1, …, below ``classes`` if that is given."""
    tensor(labels, "labels")
    if labels.ndim != 1 or labels.dtype == torch.bool or labels.is_floating_point() or labels.is_complex():
        raise ValueError(f"labels: got {labels.dtype} of shape {tuple(labels.shape)}, need integer classes (points,)")
    if labels.numel() and (labels.min() < 0 or (classes is not None and labels.max() >= classes)):
        span = f"0 to {classes - 1}" if classes is not None else "≥ 0"
        raise ValueError(f"labels: got {int(labels.min())} to {int(labels.max())}, need classes {span}")
    return labels


def signs(labels: Tensor) -> None:
    """Labels ±1."""
    tensor(labels, "labels")
    if labels.ndim != 1 or not labels.is_floating_point() or not (labels.abs() == 1).all():
        raise ValueError(
            f"labels: got {labels.dtype} of shape {tuple(labels.shape)}, need floating ±1 (points,); see parity, halves"
        )


def matrix(inputs: Tensor, name: str) -> Tensor:
    """Finite inputs (points, features)."""
    tensor(inputs, name)
    if inputs.ndim != 2 or not inputs.is_floating_point():
        raise ValueError(f"{name}: got {inputs.dtype} of shape {tuple(inputs.shape)}, need floating (points, features)")
    if (broken := ~inputs.isfinite().all(-1)).any():
        raise ValueError(f"{name}: NaN or infinite in points {broken.nonzero().flatten().tolist()[:10]}; remove them")
    return inputs
