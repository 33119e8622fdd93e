"""The maps at the top of the book, at toy size."""

import pytest
import torch

from landscape_lib.experiments.jamming import task
from landscape_lib.experiments.landscapes import EXPERIMENT, descend, maps
from landscape_lib.nets import MLP


def test_three_networks_part_ways_from_one_start():
    ends = descend(4, [task("digits", "parity", P=1000, d=10, seed=0)], [0], L=3, steps=20, batch=100)
    assert len(ends) == 3 and torch.pdist(ends.weights).min() > 0
    start = MLP(d=10, h=4, L=3, seed=0)
    began = torch.cat([p.detach().flatten() for p in start.parameters()]).double()
    assert (ends.weights - began).abs().max() < 20 * 2e-3  # Adam's steps are about as long as its rate


def test_networks_that_fit_are_trained_on_past_the_shore():
    """Wide networks on twenty patterns reach zero loss; then every gap is at most that of a margin of 2."""
    patterns = [task("digits", "parity", P=20, d=10, seed=seed) for seed in (0, 1)]
    ends = descend(30, patterns, [0, 1], L=2, steps=2000, batch=10)
    for i in range(len(ends)):
        margins = patterns[i // 3].labels * ends.take([i])(patterns[i // 3].inputs)[0, :, 0]
        assert margins.min() > 1.9


def test_a_map_has_its_row_and_its_own_grid():
    (row, drawn), (other, _) = maps(4, (0, 1), (9, 6), P=40, steps=5, batch=10)
    assert (row["seed"], row["h"], row["N"], row["columns"], row["rows"]) == (0, 4, 76, 9, 6) and drawn.N == 76
    assert (other["seed"], other["columns"]) == (1, 6) and other["lowest_loss"] != row["lowest_loss"]
    alone = EXPERIMENT(4, (0, 1), (9, 6), P=40, steps=5, batch=10)
    assert [{**r, "seconds": 0} for r in alone] == [{**row, "seconds": 0}, {**other, "seconds": 0}]


@pytest.mark.parametrize("seeds, columns", [((), ()), ((0, 1), (9,))])
def test_door(as_user, seeds, columns):
    with pytest.raises(ValueError, match=f"maps: got {len(seeds)} seeds and columns for {len(columns)}, need one"):
        maps(4, seeds, columns)
