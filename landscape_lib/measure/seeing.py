"""Seeing the landscape: how well a mean of n numbers is known. To be replaced by what the chapter measures.

Notation: n numbers x_i of one seed, x̄ their mean, μ the mean of the distribution they come from.
"""

import numpy as np
import pandas as pd

from landscape_lib.statistics import Estimate, jackknife


def error_exponent(rows: pd.DataFrame) -> Estimate:
    """The exponent a of ⟨|x̄ − μ|⟩ ~ nᵃ, ⟨·⟩ the mean over seeds: a straight line in ln n, by least squares.

    ``rows`` has one row an ``n`` and ``seed``, with ``error`` = |x̄ − μ|. The interval is the jackknife's over seeds.

    >>> rows = pd.DataFrame({"n": [1, 4, 1, 4], "seed": [0, 0, 1, 1], "error": [1.0, 0.5, 1.0, 0.5]})
    >>> round(error_exponent(rows).value, 9)
    -0.5
    """
    errors = rows.pivot(index="seed", columns="n", values="error")
    if errors.shape[1] < 2:
        raise ValueError(f"error_exponent: got n of {list(errors.columns)}, need at least two different ones")
    ln_n = np.log(errors.columns.to_numpy(float))
    return jackknife(errors.to_numpy(), lambda drawn: np.polyfit(ln_n, np.log(drawn.mean(0)), 1)[0])
