"""The noise scale from gradients of batches, where those of single points are not at hand."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from landscape_lib.statistics import Estimate, jackknife


def noise_scale_of_batches(squares: Mapping[int, ArrayLike]) -> Estimate:
    """B_simple = tr Σ/‖g‖² from the squared norms of batch gradients at two sizes; jackknife over draws.

    ``squares`` has ‖g_B‖² of each draw, as many at either size: of mean ‖g‖² + tr Σ/B, so that with b < B

        ‖g‖² = (B ‖g_B‖² − b ‖g_b‖²)/(B − b),   tr Σ = (‖g_b‖² − ‖g_B‖²)/(1/b − 1/B)

    are unbiased, and the scale is the ratio of their means (McCandlish et al., 1812.06162, appendix A.1). Batches are
    drawn with replacement, or are small parts of the data.

    >>> round(noise_scale_of_batches({1: [9.0, 7.0, 8.0], 4: [5.0, 5.5, 4.5]}).value, 6)      # ‖g‖² = 4, tr Σ = 4
    1.0
    """
    sizes = sorted(squares)
    values = [np.asarray(squares[size], dtype=float) for size in sizes]
    if len(sizes) != 2 or sizes[0] < 1 or values[0].ndim != 1 or values[0].shape != values[1].shape:
        raise ValueError(
            f"noise_scale_of_batches: batches of {sizes} with draws of shapes {[v.shape for v in values]}; need two "
            "sizes, each with as many draws"
        )
    if not all(np.isfinite(v).all() for v in values):
        raise ValueError("noise_scale_of_batches: a squared norm is NaN or infinite")
    b, B = sizes
    parts = np.stack(
        [(B * values[1] - b * values[0]) / (B - b), (values[0] - values[1]) / (1 / b - 1 / B)], axis=1
    )  # (draws, (‖g‖², tr Σ))
    signal = jackknife(parts[:, 0])
    if signal.interval[0] <= 0:
        raise ValueError(
            f"noise_scale_of_batches: ‖g‖² is {max(signal.value, 0):.3g} within its error, from {len(parts)} draws; "
            "need more draws, or larger batches"
        )
    return jackknife(parts, lambda drawn: float(drawn[:, 1].mean() / drawn[:, 0].mean()))
