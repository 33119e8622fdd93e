"""The maps at the top of the book: what they measure, how they are drawn, and the prose that quotes their table."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from landscape_lib.experiments.jamming import ZERO, task
from landscape_lib.nets import MLP, Population

from .conftest import ROOT

sys.path.insert(0, str(ROOT / "book"))
import landscapes
from landscapes import FRAME, HEAD, HIGH, SEEDS, WIDE, WIDTHS, Map

COLUMNS = 13  # and 9 rows: the middle of the map is a point of the grid


@pytest.fixture(scope="module")
def patterns():
    return task("digits", "parity", P=1000, d=10, seed=0)


@pytest.fixture(scope="module")
def three() -> Population:
    return Population(lambda seed: MLP(d=10, h=4, L=3, seed=seed), seeds=[0, 1, 2])


def loss(network: torch.nn.Module, patterns) -> float:
    """The quadratic hinge, written out again."""
    with torch.no_grad():
        margins = patterns.labels * network(patterns.inputs)[:, 0]
    return (0.5 * (1 - margins).clamp(min=0) ** 2).mean().item()


def painted(zero: np.ndarray, ends: list[tuple[float, float]]) -> Map:
    """A map with water where ``zero`` says, its three networks afloat."""
    gap = np.where(zero, -0.5, 0.5)
    none = np.zeros(3)
    return Map(4, 0, 0.5 * gap.clip(min=0) ** 2, gap, np.array(ends), none, none.astype(int), 0.2)


def test_map_holds_the_loss_of_the_networks_it_shows(three: Population, patterns):
    one = landscapes.survey(three, patterns, 4, 0, COLUMNS)
    assert one.loss.shape == (9, COLUMNS)
    middle = three.take([0])
    middle.weights = three.weights.mean(0, keepdim=True)
    assert one.loss[4, 6] == pytest.approx(loss(middle.member(0), patterns))
    assert one.end_loss == pytest.approx([loss(three.member(i), patterns) for i in range(3)])


def test_map_keeps_distances(three: Population, patterns):
    one = landscapes.survey(three, patterns, 4, 0, COLUMNS)
    true = torch.cdist(three.weights, three.weights) / three.weights.mean(0).norm()
    assert torch.cdist(*[torch.from_numpy(one.ends)] * 2) * one.unit == pytest.approx(true, abs=1e-6)
    assert np.hypot(*one.ends.T).max() == pytest.approx(1)  # the frame's unit: the farthest of the three


def test_three_networks_part_ways_from_one_start(patterns):
    ends = landscapes.descend(4, [patterns], [0], steps=20)
    assert len(ends) == 3 and torch.pdist(ends.weights).min() > 0
    start = MLP(d=10, h=4, L=3, seed=0)
    began = torch.cat([p.detach().flatten() for p in start.parameters()]).double()
    assert (ends.weights - began).abs().max() < 20 * 2e-3  # Adam's steps are about as long as its rate


def test_lakes_are_told_apart():
    zero = np.zeros((32, 48), dtype=bool)
    zero[4:10, 4:24] = zero[20:26, 30:36] = True

    def at(row: int, column: int) -> tuple[float, float]:
        return (2 * column / 47 - 1) * FRAME[0], (2 * row / 31 - 1) * FRAME[1]

    assert painted(zero, [at(6, 6), at(6, 20), at(22, 32)]).lakes == 2
    assert painted(zero, [at(6, 6), at(22, 32), at(15, 40)]).lakes == 3  # the last in a pond that the grid misses
    assert painted(np.zeros_like(zero), [at(6, 6)] * 3).row()["zero_share"] == 0


def test_water_is_blue_and_darker_than_its_shore():
    zero = np.zeros((32, 48), dtype=bool)
    zero[8:24, 12:36] = True
    colours, height, wet = landscapes.relief(painted(zero, [(0, 0)] * 3))
    assert colours.shape == (HIGH, WIDE, 3) and wet.mean() == pytest.approx(zero.mean(), abs=0.05)
    red, _, blue = colours[wet].T
    assert (blue > red).all() and (colours[~wet][:, 0] > colours[~wet][:, 2]).all()
    assert colours[wet].mean() < colours[~wet].mean() - 0.2
    assert height[~wet].max() == pytest.approx(0.5, rel=0.01)


def test_drawing_is_the_same_twice(tmp_path: Path):
    zero = np.zeros((32, 48), dtype=bool)
    zero[8:24, 8:40] = True
    maps = [painted(zero & (i > 0), [(-1, 0), (0, 0), (1, 0)]) for i in range(4)]
    for name in ("a.png", "b.png"):
        landscapes.draw(maps, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    picture = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    watery = picture[..., 2] > picture[..., 0] + 30
    top, bottom = HEAD + HIGH, 2 * (HEAD + HIGH)
    assert not watery[:top, :WIDE].any()  # the first map is dry
    assert watery[:top, WIDE:].mean() > 0.1 and watery[top:bottom, :WIDE].mean() > 0.1


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(landscapes.TABLE)


def test_table_holds_every_map_and_says_where_it_comes_from(table: pd.DataFrame, patterns):
    assert list(zip(table.h, table.seed, strict=True)) == [(h, seed) for h in WIDTHS for seed in SEEDS]
    facts = json.loads(landscapes.TABLE.with_suffix(".json").read_text(encoding="utf-8"))
    assert facts["data_sha256"] == patterns.sha256 and len(facts["commit"]) == 40, "a clean commit"
    assert facts["settings"]["widths"] == list(WIDTHS) and facts["settings"]["frame"] == list(FRAME)


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
    assert f"{landscapes.TRAINING['steps']:,} steps" in pages["book/index.md"]
