"""Each claim of the seeing chapter has a null, and its rule rejects it (its entry in the claims names both)."""

from pathlib import Path

import numpy as np
import pandas as pd

from landscape_lib.measure.seeing import error_exponent
from landscape_lib.report import decide, read_claims

ROOT = Path(__file__).resolve().parents[2]
RULES = {
    name: entry.rule for name, entry in read_claims(ROOT / "notebooks" / "01_seeing_the_landscape.claims.yml").items()
}


def verdict(power: float) -> str:
    noise = np.random.default_rng(0).lognormal(0, 0.2, (10, 5))
    rows = [
        {"n": n, "seed": seed, "error": n**power * noise[seed, i]}
        for i, n in enumerate((1, 4, 16, 64, 256))
        for seed in range(10)
    ]
    value, interval = error_exponent(pd.DataFrame(rows))
    return decide(RULES["seeing.exponent"], value, interval, n_seeds=10)


def test_an_error_that_stays_or_falls_as_one_over_n_is_rejected():
    assert verdict(0.0) == verdict(-1.0) == "not reproduced"
    assert verdict(-0.5) == "reproduced", "the rule is no bar to a truth"
