"""Deep networks at toy size: each row what the network would say by itself."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from landscape_lib.data import load
from landscape_lib.experiments._classes import task
from landscape_lib.experiments.grids import skips as grids
from landscape_lib.experiments.skips import LINES, POINTS, deep, descend, slices_of_skips

TINY = {"h": 4, "blocks": 3, "lr": 0.1, "steps": 25}
SEEDS = (0, 1)


def moved(network, seed, t):
    """The loss on all patterns at θ + t d, each weight matrix's rows as long in d as in θ, and no biases in it."""
    drawn = torch.from_numpy(np.random.default_rng(seed).standard_normal(sum(p.numel() for p in network.parameters())))
    parts = drawn.float().split([p.numel() for p in network.parameters()])
    with torch.no_grad():
        for p, part in zip(network.parameters(), parts, strict=True):
            if p.ndim > 1:
                d = part.view_as(p).flatten(1)
                p += t * (d * p.flatten(1).norm(dim=1, keepdim=True) / d.norm(dim=1, keepdim=True)).view_as(p)


@pytest.mark.parametrize("skip", [True, False])
def test_a_row_is_its_network_trained_and_sliced_alone(skip):
    rows = slices_of_skips("mlp", "digits", 40, skip=skip, seeds=SEEDS, tests=50, **TINY)
    tasks = [task("digits", 40, seed, 50) for seed in SEEDS]
    run = descend("mlp", tasks, "digits", SEEDS, skip=skip, **TINY)
    t = np.linspace(-1, 1, POINTS)
    for i, (own, seed, row) in enumerate(zip(tasks, SEEDS, rows, strict=True)):
        assert (row["seed"], row["skip"], row["data_sha256"]) == (seed, skip, load("digits").sha256)
        # At 0 it is the training loss, of all patterns as one batch: single precision, through eight layers and norms.
        assert row["loss"] == pytest.approx(run.loss[i].item(), rel=1e-4)
        network = run.population.member(i)
        assert network.training
        concave, rough = [], []
        for line in range(LINES):
            f = []
            for x in t:
                there = run.population.member(i)
                moved(there, LINES * seed + line, x)
                f.append(F.cross_entropy(there(own.inputs), own.labels.long()).item())
            concave.append((np.diff(f, 2) / 2 < -1e-6 * np.ptp(f)).mean())
            needed = f[0] + f[-1] - 2 * min(f)
            rough.append((np.abs(np.diff(f)).sum() - needed) / (2 * np.ptp(f)))
        assert row["concave"] == pytest.approx(np.mean(concave), abs=1.5 / (LINES * (POINTS - 2)))  # one that rounds
        assert row["roughness"] == pytest.approx(np.mean(rough), rel=1e-3, abs=1e-4)
        wrong = network(own.test_inputs).argmax(1) != own.test_labels
        assert row["error"] == pytest.approx(wrong.double().mean().item(), abs=0.021)  # or one test point


def test_norms_take_the_statistics_of_the_batch_and_keep_none():
    own = task("digits", 40, 0, 50)
    network = descend("mlp", [own], "digits", [0], skip=True, **TINY).population.member(0)
    norm = network.norm
    assert norm.running_mean.eq(0).all() and norm.running_var.eq(1).all()
    seen = []
    norm.register_forward_hook(lambda module, given, output: seen.append(output))
    network(own.inputs)
    x = seen[0].detach() - norm.bias.detach()
    assert x.mean(0).abs().max() < 1e-5, "or the loss of a slice would be that of another network"
    evaluated = F.cross_entropy(network.eval()(own.inputs), own.labels.long())
    trained = F.cross_entropy(network.train()(own.inputs), own.labels.long())
    assert not torch.isclose(evaluated, trained, rtol=0.01)


def test_a_seed_gives_its_row_whoever_is_with_it():
    together = slices_of_skips("mlp", "digits", 40, skip=True, seeds=SEEDS, tests=50, **TINY)
    alone = slices_of_skips("mlp", "digits", 40, skip=True, seeds=SEEDS[1:], tests=50, **TINY)
    assert alone[0]["loss"] == pytest.approx(together[1]["loss"], rel=1e-3)  # stacked products round otherwise


@pytest.mark.parametrize("dataset", ["digits", "mnist1d"])
def test_convolutions_take_images_and_signals(dataset):
    given = TINY | {"h": 2, "steps": 2}
    rows = [slices_of_skips("cnn", dataset, 20, skip=s, seeds=(0,), tests=10, **given)[0] for s in (True, False)]
    assert rows[0]["loss"] != rows[1]["loss"] and all(np.isfinite(row["loss"]) for row in rows)


def test_a_skip_is_no_weight():
    for kind in ("mlp", "cnn"):
        one, other = (deep(kind, "digits", 6, 2, skip, seed=3) for skip in (True, False))
        pairs = zip(one.named_parameters(), other.named_parameters(), strict=True)
        assert all(a == b and p.shape == q.shape for (a, p), (b, q) in pairs)


@pytest.mark.parametrize("budget", ["class", "paper"])
def test_the_grid_has_networks_that_differ_in_their_skips_and_steps_alone(large, budget):
    points = grids.grid(budget, "mnist")
    assert {p["skip"]: p["lr"] for p in points} == grids.LR[points[0]["kind"]]
    early = [p for p in points if p["steps"] != points[0]["steps"]]
    assert 3 * len(early) == len(points) and all(p["skip"] for p in early)
    assert len({repr({k: v for k, v in p.items() if k not in ("skip", "lr", "seeds", "steps")}) for p in points}) == 1
    network = deep(points[0]["kind"], "digits", points[0]["h"], points[0]["blocks"], True, 0)
    layers = [m for m in network.modules() if isinstance(m, torch.nn.Linear | torch.nn.Conv2d)]
    assert len(layers) == {"class": 22, "paper": 56}[budget]


def test_door(as_user):
    with pytest.raises(ValueError, match="deep: unknown network 'rnn', choose 'mlp' or 'cnn'"):
        deep("rnn", "digits", 6, 2, True, 0)
