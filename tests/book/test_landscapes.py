"""The prose that quotes the table of the maps at the top of the book, and the table."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from landscape_lib.experiments.grids.landscapes import SEEDS, WIDTHS
from landscape_lib.experiments.jamming import task
from landscape_lib.measure.landscapes import FRAME
from landscape_lib.training import ZERO

from .conftest import ROOT

TABLE = ROOT / "book" / "results" / "landscapes.csv"
FACTS = json.loads(TABLE.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(TABLE)


def test_table_holds_every_map_and_says_where_it_comes_from(table: pd.DataFrame):
    assert list(zip(table.h, table.seed, strict=True)) == [(h, seed) for h in WIDTHS for seed in SEEDS]
    patterns = task("digits", "parity", P=1000, d=10, seed=0)
    assert FACTS["data_sha256"] == patterns.sha256 and len(FACTS["commit"]) == 40, "a clean commit"
    assert FACTS["settings"]["widths"] == list(WIDTHS) and FACTS["settings"]["frame"] == list(FRAME)


def test_water_is_there_just_where_a_network_reached_zero(table: pd.DataFrame):
    assert ((table.lakes > 0) == (table.satisfied > 0)).all()
    assert ((table.lowest_height == 0) | (table.zero_share == 0)).all()
    assert (table.lowest_loss[table.satisfied > 0] < ZERO).all() and (
        table.fewest_unsatisfied[table.satisfied == 0] > 0
    ).all()


def test_prose_quotes_the_table(table: pd.DataFrame):
    pages = {name: " ".join((ROOT / name).read_text("utf-8").split()) for name in ("book/index.md", "README.md")}
    small, near, large, widest = (group for _, group in table.groupby("h"))
    drawn = table[table.seed == SEEDS[0]].set_index("N")
    N = list(drawn.index)
    assert list(drawn.lakes) == [0, 3, 3, 1] and drawn.zero_share.is_monotonic_increasing
    sees = (
        f"With {N[0]} weights there is no water, and the lowest ground is at height {drawn.lowest_height[N[0]]:.2f}. "
        f"With {N[1]} weights each network lies in a small lake of its own, with {N[2]} in a larger one. "
        f"With {N[3]} weights all three lie in one lake."
    )
    assert all(sees in page for page in pages.values())
    counted = (
        f"With {N[0]} weights {small.satisfied.sum()} of {3 * len(small)} networks reached zero loss, and "
        f"{(small.zero_share > 0).sum()} of {len(small)} maps have water. "
        f"With {N[1]} weights {near.satisfied.sum()} of {3 * len(near)} did. "
        f"With {N[2]} weights each network has a lake of its own on {(large.lakes == 3).sum()} of {len(large)} maps. "
        f"With {N[3]} weights all three lie in one lake on {(widest.lakes == 1).sum()} of {len(widest)} maps."
    )
    assert counted in pages["book/index.md"]
    assert f"{FACTS['settings']['steps']:,} steps" in pages["book/index.md"]
