"""What each chapter runs, one module a chapter: from a point of its grid to rows of a table.

The notebook and the cluster call the same function; only the grid differs, which stands in `experiments.grids`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Rows = Sequence[Mapping[str, Any]]


class Experiment(Protocol):
    """A function from a point of a grid to rows.

    A point is its keyword arguments: numbers, text, truth values, `None`, and sequences of these. A row is numbers,
    text, truth values or `None` by name. So that a table says where it comes from, each row names its ``dataset``, its
    ``seed`` (or the ``seeds`` of an ensemble), the ``data_sha256`` of what it learnt from, and the ``seconds`` that it
    took, its share of those of the point. The same point gives the same rows, but for the seconds; whatever is random
    is drawn from the point's seeds.
    """

    def __call__(self, *arguments: Any, **point: Any) -> Rows: ...


class Grid(Protocol):
    """The points of an experiment at a budget, "class" or "paper", on a data set: those that take longest first.

    Other seeds give other points. What it does not know is refused before any point runs.
    """

    def __call__(self, budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]: ...


class ExperimentModule(Protocol):
    """What `landscape sweep NAME` takes from `experiments.NAME`."""

    EXPERIMENT: Experiment
    DIGITS: int | None  # of floats in a committed table; None: all


class GridModule(Protocol):
    """What `landscape sweep NAME` takes from `experiments.grids.NAME`."""

    grid: Grid
