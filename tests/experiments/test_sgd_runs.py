"""The experiments of chapter 7: what their rows say, recomputed."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from landscape_lib.experiments import (
    batch_gaps,
    critical_batches,
    gradient_noises,
    label_noise,
    patches,
    stationary_noise,
)
from landscape_lib.experiments._classes import networks, stacked, task
from landscape_lib.experiments.grids import critical_batches as critical_grids
from landscape_lib.experiments.grids import gradient_noises as noise_grids
from landscape_lib.measure.noise import gradient_noise
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Stop, cross_entropy, gd, train

SEEDS = (0, 1)


def test_steps_are_counted_until_the_loss_is_reached():
    given = {"seeds": SEEDS, "batch": 10, "lr": 0.3}
    rows = critical_batches.steps_to_loss("digits", 60, 8, **given, to=1.0, steps=200)
    x, y = stacked([task("digits", 60, seed, 0) for seed in SEEDS])
    nets = networks(SEEDS, 64, 8, activation="softplus", dtype=torch.float32)
    n = [int(row["taken"]) for row in rows]
    at = sorted({*n, *(k - 1 for k in n)})
    rules = {"optimiser": gd(0.3), "stop": Stop(max(n), None), "loss": cross_entropy}
    run = train(nets, x, y, batch=10, at=at, every=1, **rules)
    for i, k in enumerate(n):
        after, before = (run.at(at.index(t)).member(i) for t in (k, k - 1))
        assert F.cross_entropy(after(x[i]), y[i].long()) < 1.0 <= F.cross_entropy(before(x[i]), y[i].long())


@pytest.mark.parametrize("lr, steps", [(0.3, 2), (1e30, 50)])
def test_a_loss_that_is_not_reached_has_no_steps(lr, steps):
    rows = critical_batches.steps_to_loss("digits", 60, 8, seeds=SEEDS, batch=10, lr=lr, to=0.1, steps=steps)
    assert all(np.isnan(row["taken"]) for row in rows)


def test_noise_along_the_way_is_that_of_the_network():
    rows = gradient_noises.noises_on_the_way("digits", 50, 4, seeds=SEEDS, batch=5, lr=0.1, steps=(0, 20))
    own = task("digits", 50, 1, 0)
    net = networks(SEEDS, 64, 4, activation="softplus").member(1)
    noise = gradient_noise(net, F.cross_entropy, own.inputs.double(), own.labels.long())
    (row,) = [row for row in rows if row["seed"] == 1 and row["step"] == 0]
    assert (row["scale"], row["trace"]) == pytest.approx((noise.scale, noise.trace))
    assert 0 < row["top"] <= 1 and row["through_control"] > row["through_t"]


def test_batches_are_drawn_with_replacement():
    g = torch.randn(30, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    u = gradient_noises.drawn(g, 6, 20_000, np.random.default_rng(0))
    torch.testing.assert_close(u.mean(0), g.mean(0), atol=0.02, rtol=0)
    torch.testing.assert_close(torch.cov(u.T), torch.cov(g.T, correction=0) / 6, atol=0.02, rtol=0)


def test_gaussian_gradients_are_found_gaussian():
    g = torch.randn(400, 1500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = gradient_noises.tails(g, 10, 0)
    assert found["through"] == pytest.approx(found["through_control"], abs=0.05)
    assert found["across"] == pytest.approx(found["across_control"], abs=0.15)
    assert abs(found["kurtosis"]) < 0.1


def test_neighbours_that_shake_together_look_wild_and_so_does_a_gaussian_of_their_covariance():
    generator = torch.Generator().manual_seed(0)
    g = torch.randn(400, 150, generator=generator, dtype=torch.float64).repeat_interleave(10, 1)
    found = gradient_noises.tails(g, 10, 0)
    assert found["across"] == pytest.approx(found["across_full"], abs=0.15)
    assert found["across"] < found["across_control"] - 0.3


def test_rare_gradients_are_found_not_gaussian_and_less_so_in_larger_batches():
    generator = torch.Generator().manual_seed(0)
    g = torch.randn(400, 1500, generator=generator, dtype=torch.float64)
    g[20:] *= 0.01
    found = gradient_noises.tails(g, 10, 0)
    assert found["through"] < found["through_control"] - 0.3
    assert found["kurtosis"] > 2 and found["kurtosis_large"] == pytest.approx(found["kurtosis"] / 4, rel=0.4)


def test_label_noise_is_a_gradient_of_noisy_labels():
    x = torch.randn(2, 6, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    nets = Population(lambda seed: MLP(10, 3, 1, activation="tanh", seed=seed), SEEDS)
    project = label_noise.noisy_labels(x, 0.7, (5, 6))
    changed = project(nets, torch.zeros_like(nets.weights), torch.tensor([0, 1]))
    for i, seed in enumerate((5, 6)):
        noise = torch.randn(6, 1, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        net = nets.member(i)
        ((net(x[i]).detach() + 0.7 * noise - net(x[i])).square().mean() / 2).backward()
        wanted = torch.cat([p.grad.flatten() for p in net.parameters()])
        torch.testing.assert_close(changed[i], wanted)


def test_fitted_batches_move_nothing_and_label_noise_does():
    rows = label_noise.drift_on_the_floor("digits", 12, 8, seeds=SEEDS, lr=0.2, steps=1500, sigma=0.7, batch=3)
    for row in rows:
        moved = row["trace"] / row["trace_before"]
        assert row["loss_begin"] < 1e-10 and row["loss_end"] < 1e-10
        assert moved < 0.95 if row["kind"] == "label noise" else moved == pytest.approx(1, abs=1e-3)


def test_noises_are_of_the_patterns_whose_steps_are_counted():
    steps, noises = critical_grids.grid("class", "digits", 2), noise_grids.grid("class", "digits", 2)
    assert {(p["P"], p["h"]) for p in steps} == {(p["P"], p["h"]) for p in noises}
    assert steps[0]["seeds"] == tuple(seed for p in noises for seed in p["seeds"])


@pytest.mark.parametrize("sampling", stationary_noise.SAMPLINGS)
def test_variances_are_those_of_the_closed_forms(sampling):
    rows = stationary_noise.variances("digits", 50, seeds=SEEDS, sampling=sampling, lr=0.05, batch=10, steps=3000)
    found, told = (np.array([row[name] for row in rows]).reshape(2, -1) for name in ("variance", "predicted"))
    np.testing.assert_allclose(found.mean(1), told.mean(1), rtol=0.15)
    for i in range(2):
        curvature = np.log([row["curvature"] for row in rows[10 * i : 10 * i + 10]])
        seen, wanted = (np.polyfit(curvature, np.log(part[i]), 1)[0] for part in (found, told))
        assert seen == pytest.approx(wanted, abs=0.2)


def test_the_model_of_the_variances_is_at_its_minimum_with_a_diagonal_hessian():
    x, y, _ = stationary_noise.regression("digits", 60, 0)
    H = x.T @ x / 60
    torch.testing.assert_close(H, torch.diag(H.diagonal()), atol=1e-9, rtol=0)
    assert x.square().mean().item() == pytest.approx(1) and set(y.tolist()) == {-1.0, 1.0}


def test_door(as_user):
    given = {"seeds": SEEDS, "lr": 0.1, "steps": 10}
    with pytest.raises(ValueError, match="sampling is 'all', choose one of"):
        stationary_noise.variances("digits", 20, sampling="all", batch=5, **given)
    with pytest.raises(ValueError, match="batch is 6 of P = 20; need a number that divides it"):
        stationary_noise.variances("digits", 20, sampling="epochs", batch=6, **given)


def test_errors_are_those_of_the_trained_network_on_two_sets_of_points():
    rows = batch_gaps.errors_of_batches("digits", 60, 8, seeds=SEEDS, batch=10, lr=0.2, steps=30, tests=50)
    own = task("digits", 60, 1, 100)
    x, y = stacked([task("digits", 60, seed, 100) for seed in SEEDS])
    nets = networks(SEEDS, 64, 8, dtype=torch.float32)
    net = train(
        nets, x, y, optimiser=gd(0.2), stop=Stop(30, None), loss=cross_entropy, batch=10, every=30
    ).population.member(1)
    wrong = (net(own.test_inputs).argmax(1) != own.test_labels).float()
    assert (rows[1]["validation"], rows[1]["error"]) == pytest.approx(
        (wrong[:50].mean().item(), wrong[50:].mean().item())
    )


def test_a_run_that_diverges_errs_always():
    rows = batch_gaps.errors_of_batches("digits", 60, 8, seeds=SEEDS, batch=10, lr=1e30, steps=30, tests=50)
    assert all(row["error"] == row["validation"] == 1 and row["loss"] == np.inf for row in rows)


def test_groups_have_an_image_a_patch_or_both_and_no_line_tells_the_patches():
    labels, generator = torch.tensor([1.0, -1.0] * 500), np.random.default_rng(0)
    both = patches.patched(torch.ones(1000, 3), labels, patches.GROUPS, generator)
    image, patch = (both[:, :3] != 0).any(1), (both[:, 3:] != 0).any(1)
    shares = [(image & ~patch).float().mean(), (~image & patch).float().mean(), (image & patch).float().mean()]
    assert torch.stack(shares).tolist() == pytest.approx(patches.GROUPS, abs=0.05)
    alone = patches.patches_of(labels, generator)
    means = [alone[labels == y].mean(0) for y in (1.0, -1.0)]
    torch.testing.assert_close(*means, atol=0.5, rtol=0)
    assert len(alone[labels < 0].unique(dim=0)) == 1 and len(alone[labels > 0].unique(dim=0)) == 2


def test_annealing_goes_on_from_where_large_steps_end():
    given = {"seeds": SEEDS, "large": 0.1, "small": 0.01, "steps": 40, "batch": 5, "tests": 30}
    rows = patches.errors_of_patches("digits", 40, 6, annealing=0, **given)
    ends = {way: [(r["loss"], r["clean"]) for r in rows if r["way"] == way] for way in patches.WAYS}
    assert ends["large"] == ends["annealed"] != ends["small"]
