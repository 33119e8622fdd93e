"""The runs of the skeleton chapter: means of a few numbers. To be replaced by what the chapter runs."""

import hashlib
import time
from collections.abc import Sequence
from typing import Any

import numpy as np


def draw_means(n: int, *, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """The error of the mean of n numbers, uniform on [0, 1]: one row a seed, |x̄ − ½|."""
    if n < 1 or len(seeds) == 0:
        raise ValueError(f"draw_means: got n={n} and {len(seeds)} seeds, need at least one of each")
    rows = []
    for seed in seeds:
        began = time.perf_counter()
        drawn = np.random.default_rng([seed, n]).uniform(size=n)
        rows.append(
            {
                "dataset": "uniform numbers",
                "seed": seed,
                "n": n,
                "error": abs(drawn.mean() - 0.5),
                "data_sha256": hashlib.sha256(drawn.tobytes()).hexdigest(),
                "seconds": time.perf_counter() - began,
            }
        )
    return rows


EXPERIMENT = draw_means
DIGITS: int | None = None  # of floats in a table: all
