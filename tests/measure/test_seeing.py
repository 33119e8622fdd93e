"""The exponent against exact power laws."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_lib.measure.seeing import error_exponent


def rows_of(errors: dict[int, list[float]]) -> pd.DataFrame:
    return pd.DataFrame([{"n": n, "seed": i, "error": e} for n, many in errors.items() for i, e in enumerate(many)])


@given(power=st.floats(-2, 2), scale=st.floats(0.1, 10))
def test_an_exact_law_has_its_exponent_and_no_error(power, scale):
    exponent = error_exponent(rows_of({n: [scale * n**power] * 3 for n in (1, 4, 16)}))
    assert [exponent.value, *exponent.interval] == pytest.approx([power] * 3, abs=1e-9)


def test_the_interval_holds_the_truth_nineteen_times_in_twenty():
    held = 0
    for seed in range(200):
        noise = np.random.default_rng(seed).lognormal(0, 0.3, (3, 10))
        low, high = error_exponent(rows_of({n: list(n**-0.5 * noise[i]) for i, n in enumerate((1, 4, 16))})).interval
        held += low <= -0.5 <= high
    assert 179 <= held <= 199  # 190 ± 3.1, less and more three standard deviations


def test_door():
    with pytest.raises(ValueError, match=r"got n of \[4\], need at least two different ones"):
        error_exponent(rows_of({4: [1.0, 1.0]}))
