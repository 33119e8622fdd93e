"""What `train` is asked for, after the door."""

import operator
from collections.abc import Iterable
from typing import SupportsIndex

from torch import Tensor


def kept_steps(at: Iterable[SupportsIndex], steps: int) -> tuple[int, ...]:
    """The steps after which weights are kept."""
    kept = tuple(operator.index(step) for step in at)  # an array's integers are integers too
    if list(kept) != sorted({step for step in kept if 0 <= step <= steps}):
        raise ValueError(f"train: at is {list(kept)!r:.80}, need whole numbers from 0 to stop.steps = {steps}, rising")
    return kept


def refuse_rules(
    inputs: Tensor, labels: Tensor, every: int, working_set: bool, batch: int | None, perturbed: bool
) -> None:
    """Rules that do not fit the patterns, or each other."""
    shape, points = tuple(inputs.shape[:-1]), inputs.shape[-2]
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise ValueError(f"train: every is {every!r}, need a whole number of steps of at least 1")
    if batch is not None and (isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= points):
        raise ValueError(f"train: batch is {batch!r}, need a whole number from 1 to {points}, the number of points")
    if working_set and batch is not None:
        raise ValueError("train: working_set and batch exclude each other: one chooses patterns, the other draws them")
    if working_set and perturbed:
        raise ValueError(
            "train: working_set and perturb exclude each other: which patterns pull is known at w, not at w + ε"
        )
    if working_set and not (tuple(labels.shape) == shape and bool((labels.abs() == 1).all())):
        raise ValueError("train: working_set needs labels ±1, one a pattern")
