"""What comes out of training, whichever way it descended."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from landscape_lib.nets import Population
from landscape_lib.training._stopping import SATISFIED


class DivergedError(RuntimeError):
    """A loss became NaN or infinite."""


@dataclass(frozen=True)
class History:
    """𝓛 of every network at some steps, about ten a decade; a finished network keeps its last value."""

    steps: Int[Tensor, "times"]
    loss: Float[Tensor, "times nets"]
    outputs: Float[Tensor, "times nets probed outputs"] | None = None  # f at the points of ``probe``, if any
    weights: Float[Tensor, "snapshots nets parameters"] | None = None  # at the steps of ``at``, if any


@dataclass(frozen=True)
class Run:
    """Trained networks, in the order they were given in: final loss 𝓛, steps taken, why each stopped, history."""

    population: Population
    loss: Float[Tensor, "nets"]
    steps: Int[Tensor, "nets"]
    reasons: tuple[str, ...]
    history: History
    seconds: float  # that all of them together took

    @property
    def satisfied(self) -> tuple[bool, ...]:
        """Which networks ended at zero loss."""
        return tuple(reason == SATISFIED for reason in self.reasons)

    def at(self, at: int) -> Population:
        """The networks as they were at the ``at``-th of the steps that `train` was asked to keep."""
        if self.history.weights is None:
            raise ValueError("Run.at: no weights were kept; give train the steps at which to keep them, at=[…]")
        nets = self.population.take(range(len(self.population)))
        nets.weights = self.history.weights[at].clone()
        return nets


def refuse_broken(losses: Tensor, nets: Tensor, step: int, setting: str) -> None:
    """End training where the loss of one of the ``nets``, numbered as the caller numbers them, is no number."""
    broken = nets[~losses.isfinite()].tolist()
    if broken:
        raise DivergedError(
            f"training{' of ' + setting if setting else ''}: the loss of networks {broken} is NaN or infinite "
            f"at step {step}; lower the step size, or look for NaN in the inputs"
        )
