"""Basins at toy size: how wide they are, by a walk along the same directions that knows nothing of slices."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from landscape_lib.experiments import basins
from landscape_lib.experiments._classes import L, task
from landscape_lib.experiments.basins import LINES, POINTS, REACH, THRESHOLD, basin_widths
from landscape_lib.experiments.grids import basins as grids
from landscape_lib.nets import MLP

TINY = {"seeds": (0, 1), "batch": 40, "lr": 0.5, "steps": 60, "tests": 50}


def descended(own, seed, h, *, lr, steps, weight_decay=0.0):
    """Full-batch descent of one network, by PyTorch's own."""
    network = MLP(64, h, L, outputs=10, seed=seed)
    optimiser = torch.optim.SGD(network.parameters(), lr=lr)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = F.cross_entropy(network(own.inputs), own.labels.long())
        (loss + weight_decay / 2 * sum(p.square().sum() for p in network.parameters())).backward()
        optimiser.step()
    return network


def wide(network, own, d, reach):
    """From side to side, to where the loss first passes 0.5 on either; whether it does."""
    theta, here = parameters_to_vector(network.parameters()).detach(), MLP(64, network.h, L, outputs=10)
    t = np.linspace(0, reach, POINTS // 2 + 1)
    ends = []
    for side in (-1, 1):
        f = []
        for x in t:
            vector_to_parameters(theta + side * x * d, here.parameters())
            f.append(F.cross_entropy(here(own.inputs), own.labels.long()).item())
        i = next((i for i, value in enumerate(f) if value >= THRESHOLD), None)
        ends.append(reach if i is None else np.interp(THRESHOLD, f[i - 1 : i + 1], t[i - 1 : i + 1]))
    return sum(ends)


def test_a_width_is_where_the_loss_passes_one_half_on_either_side():
    rows = basin_widths("digits", 40, 8, **TINY)
    for row in rows:
        own = task("digits", 40, row["seed"], 50)
        network = descended(own, row["seed"], 8, lr=0.5, steps=60)
        found = {"filter": [], "raw": []}
        for k in range(LINES):
            theta = parameters_to_vector(network.parameters()).detach()
            raw = torch.from_numpy(np.random.default_rng(LINES * row["seed"] + k).standard_normal(len(theta))).float()
            parts = zip(raw.split([p.numel() for p in network.parameters()]), network.parameters(), strict=True)
            d = [
                F.normalize(part.view_as(p), dim=1).mul(p.detach().norm(dim=1, keepdim=True)).flatten()
                if p.ndim == 2
                else torch.zeros_like(part)
                for part, p in parts
            ]
            found["filter"].append(wide(network, own, torch.cat(d), REACH["filter"]))
            found["raw"].append(wide(network, own, raw, REACH["raw"]))
        # Single precision over sixty steps of descent.
        assert row["filter"] == pytest.approx(np.mean(found["filter"]), rel=1e-3)
        assert row["raw"] == pytest.approx(np.mean(found["raw"]), rel=1e-3)
        assert row["loss"] == pytest.approx(F.cross_entropy(network(own.inputs), own.labels.long()).item(), rel=1e-3)
        assert row["norm"] == pytest.approx(theta.norm().item(), rel=1e-4)
        wrong = network(own.test_inputs).argmax(1) != own.test_labels
        assert row["error"] == pytest.approx(wrong.double().mean().item(), abs=0.021)  # or one test point


def test_a_basin_that_ends_outside_the_slice_is_open(monkeypatch):
    monkeypatch.setattr(basins, "REACH", {"filter": 0.02, "raw": 0.01})
    for row in basin_widths("digits", 40, 8, **TINY):
        assert (row["open"], row["filter"], row["raw"]) == (4 * LINES, pytest.approx(0.04), pytest.approx(0.02))
    for row in basin_widths("digits", 40, 8, **TINY | {"steps": 0}):
        assert (row["open"], row["filter"], row["raw"]) == (0, 0, 0), "above one half from the start"


def test_training_ends_at_a_loss_if_one_is_asked_for():
    for row in basin_widths("digits", 40, 8, **TINY | {"batch": 10, "lr": 0.1, "steps": 2000, "to": 0.1}):
        assert row["loss"] < 0.1 and row["steps"] < 2000 and row["steps"] % 10 == 0
    assert all(row["steps"] == 60 for row in basin_widths("digits", 40, 8, **TINY))


def test_decay_is_of_all_weights():
    rows = basin_widths("digits", 40, 8, **TINY, weight_decay=0.02)
    for row in rows:
        own = task("digits", 40, row["seed"], 0)
        network = descended(own, row["seed"], 8, lr=0.5, steps=60, weight_decay=0.02)
        assert row["norm"] == pytest.approx(parameters_to_vector(network.parameters()).norm().item(), rel=1e-4)


@pytest.mark.parametrize("budget", ["class", "paper"])
def test_the_grid_has_every_width_and_batches_after_as_many_epochs(large, budget):
    points, P = grids.grid(budget, "mnist"), 500 if budget == "class" else 5000
    assert {p["P"] for p in points} == {P}
    assert {p["h"] for p in points if "to" in p} == set(grids.WIDTHS[budget])
    epochs = {(p["weight_decay"], p["batch"], p["steps"] * p["batch"] / P) for p in points if "to" not in p}
    assert epochs == {(decay, batch, n) for decay in (0, 0.005) for batch, n in ((10, 30), (P / 2, 30), (P / 2, 300))}
