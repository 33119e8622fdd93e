"""What came of a measurement: a number with its interval, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ._records import unmeasured, with_interval
from ._rules import Interval, Verdict


@dataclass(frozen=True)
class Outcome:
    """A value and its interval; both are NaN where they could not be measured, and ``reason`` says why.

    A number that was measured alone has an interval of NaN. `str` gives all in words. What `claim` gives back has its
    ``id`` and a ``verdict`` too, and as its ``reason`` why that is open.
    """

    value: float
    interval: Interval
    reason: str | None = None
    verdict: Verdict | None = None
    id: str | None = None

    @property
    def measured(self) -> bool:
        """Whether there is a number."""
        return not math.isnan(self.value)

    def __str__(self) -> str:
        if not self.measured:
            return unmeasured(self.reason)
        return f"{self.value:.3g}" if math.isnan(self.interval[0]) else with_interval(self.value, self.interval)

    def _ipython_display_(self) -> None:
        """As the last line of a cell: a claim has shown its box already, and shows nothing more."""
        if self.verdict is None:
            print(self)


def attempt(measure: Callable[[], tuple[float, Interval] | float]) -> Outcome:
    """Measure what a figure or a sentence needs before its claim is stated, or what is no claim.

    ``measure()`` gives a value and its 95% interval, or a number alone; an interval that leaves the value out is
    widened to it. What cannot be measured raises ValueError, or gives NaN or an interval without an end.

    >>> print(attempt(lambda: (0.75, (0.7, 0.81))))
    0.75 [0.70, 0.81]
    >>> print(attempt(lambda: (0.75, (0.7, float("inf")))))
    could not be measured: some replicates are undefined, so the interval has no end
    """
    try:
        estimate = measure()
    except ValueError as error:
        return _none(str(error))
    if isinstance(estimate, float):
        return (
            Outcome(estimate, (math.nan, math.nan)) if math.isfinite(estimate) else _none(f"it came out as {estimate}")
        )
    value, (low, high) = estimate  # what is no estimate is a fault of the code, and no open claim
    value, low, high = float(value), float(low), float(high)
    if any(map(math.isnan, (value, low, high))):
        return _none(f"what was measured is {value} in an interval from {low} to {high}: a NaN is no result")
    if not all(map(math.isfinite, (value, low, high))):
        return _none("some replicates are undefined, so the interval has no end")
    if low > high:
        raise ValueError(f"claim: an interval from {low} down to {high}; need (low, high)")
    return Outcome(value, (min(low, value), max(high, value)))


def _none(reason: str) -> Outcome:
    return Outcome(math.nan, (math.nan, math.nan), reason)
