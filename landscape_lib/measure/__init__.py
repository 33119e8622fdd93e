"""What is measured: one module a chapter."""

from typing import NamedTuple


class Estimate(NamedTuple):
    """A number and its 95% interval."""

    value: float
    interval: tuple[float, float]
