"""When a network's training ends: satisfied, on a plateau, or out of steps. Each network is judged by itself."""

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor

SATISFIED, PLATEAU, STEPS = "satisfied", "plateau", "steps"  # why a descent ends
AT_REST, OUT_OF_PATIENCE = "at rest", "out of patience"  # and a descent to rest, other than satisfied


@dataclass(frozen=True)
class Stop:
    """The rules.

    ``steps``      no network takes more than this many;
    ``satisfied``  it has reached zero: its loss per pattern 𝓛 is below this (None: no such rule). Not N_Δ = 0, since a
                   margin missed by a rounding error is not an unsatisfied pattern;
    ``plateau``    (window, drop): during ``window`` steps its lowest loss fell by less than the fraction ``drop``.

    >>> Stop(steps=1000, plateau=(200, 0.01))
    Stop(steps=1000, satisfied=1e-12, plateau=(200, 0.01))
    """

    steps: int
    satisfied: float | None = 1e-12
    plateau: tuple[int, float] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or self.steps < 0:
            raise ValueError(f"Stop: steps is {self.steps!r}, need a whole number of at least 0")
        if self.satisfied is not None and not self.satisfied > 0:
            raise ValueError(f"Stop: satisfied is {self.satisfied!r}, need a positive loss, or None for no such rule")
        if self.plateau is not None and not (self.plateau[0] > 0 and 0 < self.plateau[1] < 1):
            raise ValueError(f"Stop: plateau is {self.plateau!r}, need (steps > 0, fraction between 0 and 1)")

    def reached_zero(self, loss: Float[Tensor, "nets"]) -> Bool[Tensor, "nets"]:
        """Which networks are satisfied."""
        return loss < (0.0 if self.satisfied is None else self.satisfied)

    def stalled(self, step: int, since: Int[Tensor, "nets"]) -> Bool[Tensor, "nets"]:
        """Which networks are on a plateau, given the step of each one's last real progress."""
        return step - since >= (float("inf") if self.plateau is None else self.plateau[0])

    def progressed(self, loss: Float[Tensor, "nets"], reference: Float[Tensor, "nets"]) -> Bool[Tensor, "nets"]:
        """Which losses are below their reference by the fraction ``drop``: real progress."""
        return loss < reference * (1 - (0.0 if self.plateau is None else self.plateau[1]))
