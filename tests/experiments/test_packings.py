"""Packings at toy size: one row each, what the measurement gives by itself."""

import hashlib
import inspect
import math

import pytest
import torch

from landscape_lib.experiments.grids.packings import DENSITIES, SHAPES, grid
from landscape_lib.experiments.packings import EXPERIMENT, START, ZERO, pack, quench, starts_sha256
from landscape_lib.measure.packings import count, energy, jam, random_packings

PROVENANCE = {"dataset", "seed", "seconds", "data_sha256"}
SEEDS = (0, 1, 2)


def test_at_the_transition_a_row_is_what_jam_and_count_say():
    rows = pack(1.0, 20, SEEDS)
    ends = jam(random_packings(20, START, seeds=SEEDS))
    counted = count(ends.packings)
    assert [row["seed"] for row in rows] == [0, 1, 2]
    for i, row in enumerate(rows):
        assert set(row) >= PROVENANCE and {type(value) for value in row.values()} <= {str, int, float, bool}
        assert (row["kind"], row["shape"], row["aspect"], row["n"]) == ("jamming", "discs", 1.0, 20)
        assert (row["contacts"], row["held"]) == (counted.contacts[i].item(), counted.held[i].item())
        assert row["z"] == pytest.approx(2 * row["contacts"] / row["held"], rel=1e-12)
        assert row["z_isostatic"] == pytest.approx(4 - 2 / row["held"], rel=1e-12)
        assert row["deficit"] == pytest.approx(1 - row["z"] / row["z_isostatic"], abs=1e-12)
        assert row["density"] == pytest.approx(ends.packings.density[i].item(), rel=1e-12)
        assert row["arrived"] and row["energy"] > 0 and len(row["data_sha256"]) == 64


def test_a_scan_has_a_row_for_each_seed_and_density_and_zeros_where_nothing_is_jammed():
    rows = pack(1.3, 16, (3, 4), densities=(0.6, 0.95))
    assert [(row["seed"], round(row["density"], 9)) for row in rows] == [(3, 0.6), (3, 0.95), (4, 0.6), (4, 0.95)]
    assert {row["shape"] for row in rows} == {"ellipses"} and {row["kind"] for row in rows} == {"density"}
    for loose, dense in (rows[:2], rows[2:]):
        assert (loose["energy"], loose["z"], loose["contacts"], loose["held"]) == (0.0, 0.0, 0, 0)
        assert math.isnan(loose["deficit"]) and math.isnan(loose["z_isostatic"])
        assert dense["energy"] > ZERO and dense["z"] > 5 and dense["held"] > 12


def test_the_starts_of_a_seed_are_the_data_and_do_not_depend_on_shape_or_density():
    hashes = [
        pack(aspect, 16, (0,), densities=densities)[0]["data_sha256"]
        for aspect, densities in ((1.0, (0.3,)), (1.3, (0.3,)), (1.3, (0.4, 0.5)))
    ]
    assert len(set(hashes)) == 1
    assert pack(1.0, 16, (1,), densities=(0.3,))[0]["data_sha256"] != hashes[0]


def test_a_point_repeats_itself():
    one, other = ([{**row, "seconds": 0} for row in pack(1.0, 16, (0, 1), densities=(0.9,))] for _ in range(2))
    assert one == other


def test_a_quench_follows_one_start_through_the_densities():
    ends = quench(1.3, (0.5, 0.9), n=16, seeds=(0, 1))
    assert ends.packings.density.tolist() == pytest.approx([0.5, 0.9, 0.5, 0.9], rel=1e-12)
    assert (ends.energy[::2] <= ZERO).all() and (ends.energy[1::2] > ZERO).all()
    assert torch.allclose(energy(ends.packings) / 16, ends.energy, rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("budget, n, seeds", [("class", 32, 10), ("paper", 128, 20)])
def test_every_point_of_the_grid_can_be_run(budget, n, seeds):
    points = grid(budget, "both", seed=1)
    assert EXPERIMENT is pack
    for point in points:
        inspect.signature(EXPERIMENT).bind(**point)
        assert point["n"] == n and point["seeds"] == tuple(range(seeds, 2 * seeds))
        # no grain meets its own image, at any density of the grid
        random_packings(n, max(point.get("densities", (START,))), seeds=[0], aspect=point["aspect"])
    for shape, aspect in SHAPES.items():
        alone = grid(budget, shape, seed=1)
        assert all(point in points for point in alone)
        assert [point.get("densities") for point in alone if point["aspect"] == aspect] == [None, DENSITIES[shape]]


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: pack(1.0, 16, ()), "got 0 seeds and densities None, need at least one of each"),
        (lambda: pack(1.0, 16, (0,), densities=()), r"got 1 seeds and densities \(\)"),
        (lambda: pack(1.0, 1, (0,)), "n is 1, need an even number"),
        (lambda: pack(1.0, 16, (0,), densities=(1.2,)), r"density: got \[1.2"),
        (lambda: pack(9.0, 16, (0,)), "aspect is 9.0, need a number from 1"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize("aspect", [1.0, 1.3, 2.0])
def test_the_hash_of_the_starts_is_that_of_where_the_grains_are_put(aspect):
    drawn = random_packings(16, 0.3, seeds=[4, 5], aspect=aspect)
    by_hand = hashlib.sha256(drawn.positions.numpy().tobytes() + drawn.angles.numpy().tobytes()).hexdigest()
    assert starts_sha256(16, [4, 5]) == by_hand != starts_sha256(16, [4, 6])
