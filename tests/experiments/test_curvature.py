"""The experiments of chapter 2 at toy size, against Hessians by torch.autograd.functional and descent by hand."""

import pytest
import torch
from torch.autograd.functional import hessian
from torch.func import functional_call
from torch.nn import functional as F

from landscape_lib.experiments._classes import learn, networks, task
from landscape_lib.experiments.aging import displacements
from landscape_lib.experiments.clusters import SPREAD, D, clustered, outliers_of_clusters
from landscape_lib.experiments.edges import sharpness_of_descent
from landscape_lib.experiments.flat_directions import spectra_at_rest
from landscape_lib.experiments.grids import edges as edge_grids
from landscape_lib.experiments.grids import subspaces as space_grids
from landscape_lib.experiments.large_spectra import densities_on_the_way
from landscape_lib.experiments.spectra import hessians, spectra_on_the_way
from landscape_lib.experiments.subspaces import curves, descend, overlaps_in_time, runs_in_subspaces
from landscape_lib.nets import MLP

GIVEN = {"seeds": (0, 1), "lr": 0.1}


def whole_hessian(network, loss):
    """H over all parameters, by torch.autograd.functional."""
    parameters = dict(network.named_parameters())
    flat = torch.cat([p.detach().flatten() for p in parameters.values()])

    def at(theta):
        parts = theta.split([p.numel() for p in parameters.values()])
        views = {name: part.view_as(p) for part, (name, p) in zip(parts, parameters.items(), strict=True)}
        return loss(lambda x: functional_call(network, views, (x,)))

    return hessian(at, flat)


def test_a_spectrum_is_that_of_the_whole_hessian():
    rows = spectra_on_the_way("digits", 20, 2, batch=None, steps=(0, 1), **GIVEN)
    for row in (row for row in rows if row["step"] == 0):
        own = task("digits", 20, row["seed"], 0, d=10)
        network = MLP(10, 2, 2, outputs=10, activation="softplus", seed=row["seed"]).double()
        x, y = own.inputs.double(), own.labels.long()
        eigenvalues = torch.linalg.eigvalsh(whole_hessian(network, lambda f, x=x, y=y: F.cross_entropy(f(x), y)))
        assert [row["highest"], row["lowest"]] == pytest.approx([eigenvalues[-1].item(), eigenvalues[0].item()])
        assert row["away"] == (eigenvalues.abs() > 0.01 * eigenvalues.abs().max()).sum()
        assert row["down"] == pytest.approx((eigenvalues < -1e-3 * eigenvalues.abs().max()).double().mean().item())
        assert row["split"] + row["split_rest"] == pytest.approx(1)
        assert 0 < row["overlap"] < 1 and 0 < row["flat"] < 1 and row["N"] == len(eigenvalues)


def test_a_density_counts_what_a_whole_spectrum_does():
    for row in densities_on_the_way("digits", 20, 1, batch=20, steps=(0,), lanczos=98, probes=200, **GIVEN):
        own = task("digits", 20, row["seed"], 0)
        network = MLP(64, 1, 2, outputs=10, activation="softplus", seed=row["seed"])
        H = whole_hessian(network, lambda f, own=own: F.cross_entropy(f(own.inputs), own.labels.long()))
        eigenvalues = torch.linalg.eigvalsh(H)
        assert row["highest"] == pytest.approx(eigenvalues[-1].item(), rel=1e-3)
        share = (eigenvalues.abs() < 0.01 * eigenvalues.abs().max()).double().mean().item()
        assert abs(row["zero"] - share) < 4 * row["zero_error"] + 1e-3  # and rounding at the threshold


def test_clusters_are_where_their_centres_are():
    inputs, labels = clustered(4, 4000, seed=0)
    centres = torch.stack([inputs[labels == k].mean(0) for k in range(4)])
    # 1,000 points a cluster: a mean is off by 0.3/√1000 = 0.01 a direction, an overlap by √10 times as much.
    assert (centres @ centres.T - D * torch.eye(4)).abs().max() < 5 * 0.01 * D**0.5
    spread = (inputs - centres[labels.long()]).square().mean().sqrt()
    assert spread.item() == pytest.approx(SPREAD, rel=0.02)
    with pytest.raises(ValueError, match="clustered: k is 11, need a whole number from 1 to 10"):
        clustered(11, 20, seed=0)
    for row in outliers_of_clusters(2, 20, 3, steps=2000, to=0.05, **GIVEN):
        assert row["loss"] < 0.05 and row["gap"] > 1


def test_sharpness_is_the_largest_eigenvalue_and_full_batch_has_no_draws():
    rows = sharpness_of_descent("digits", 20, 2, batch=None, steps=(0, 2), **GIVEN)
    for row in (row for row in rows if row["step"] == 0):
        own = task("digits", 20, row["seed"], 0, d=10)
        network, x = MLP(10, 2, 2, outputs=10, activation="tanh", seed=row["seed"]).double(), own.inputs.double()
        y = F.one_hot(own.labels.long(), 10).double()
        H = whole_hessian(network, lambda f, x=x, y=y: (f(x) - y).square().sum(1).mean() / 2)
        assert row["sharpness"] == pytest.approx(torch.linalg.eigvalsh(H)[-1].item(), rel=1e-3)
        assert row["edge"] == pytest.approx(0.05 * row["sharpness"]) and row["batch_edge"] <= row["edge"]
        assert row["batch_error"] is None and row["batch"] == 20
    for row in sharpness_of_descent("digits", 20, 4, batch=5, steps=(4000,), to=0.3, **GIVEN):
        assert row["loss"] < 0.3 and row["step"] < 4000


def test_all_is_flat_at_zero_and_only_scales_are_under_it():
    over = spectra_at_rest("random", "random", 20, 8, seeds=(0, 1), d=5, L=1, steps=200)
    assert all(row["satisfied"] and row["zero"] == row["zero_contacts"] == 1 for row in over)
    under = spectra_at_rest("random", "random", 120, 3, seeds=(0, 1, 2), d=5, L=1, steps=200)
    for row in under:
        assert not row["satisfied"] and row["silenced_loss"] < 0.5
        # One freedom of scale a unit of ReLU, of 22 parameters: along it nothing changes f.
        assert row["zero_contacts"] == pytest.approx(3 / 22) and row["unsatisfied"] >= 19


def test_displacements_are_between_the_weights_of_one_path():
    rows = displacements("digits", 20, 2, batch=10, waits=(0, 2), lags=(1, 2), **GIVEN)
    assert len(rows) == 8 and all(row["moved"] > 0 for row in rows)
    for row in (row for row in rows if row["wait"] == 0 and row["lag"] == 2):
        assert row["start"] == pytest.approx(
            F.cross_entropy(
                MLP(10, 2, 2, outputs=10, seed=row["seed"]).double()(
                    task("digits", 20, row["seed"], 0, d=10).inputs.double()
                ),
                task("digits", 20, row["seed"], 0, d=10).labels.long(),
            ).item()
        )


def test_the_parts_of_a_small_step_add_up_to_the_whole():
    rows = runs_in_subspaces("digits", 20, 2, batch=20, warm=5, steps=1, seeds=(0, 1), lr=1e-4)
    for seed in (0, 1):
        fell = {row["run"]: row["start"] - row["loss"] for row in rows if row["seed"] == seed}
        # Second order: the curvature along the gradient times the step, 1e-4 or so.
        assert fell["dominant"] + fell["bulk"] == pytest.approx(fell["whole"], rel=1e-2)
        share = next(row["overlap_full"] for row in rows if row["seed"] == seed)
        assert fell["dominant"] / fell["whole"] == pytest.approx(share, abs=1e-2)


@pytest.mark.parametrize("steps", [(), (3, 1), (1, 1), (-1,)])
def test_door(steps):
    for run in (spectra_on_the_way, sharpness_of_descent, densities_on_the_way):
        with pytest.raises(ValueError, match=rf"{run.__name__}: steps are .* need numbers that grow, from 0 on"):
            run("digits", 20, 2, batch=10, steps=steps, **GIVEN)


def test_what_is_followed_is_what_a_row_is_of():
    own = task("digits", 20, 1, 0, d=10)
    run, x, y = learn([own], [1], h=2, batch=10, lr=0.1, steps=(0, 3))
    H, G = hessians(run.at(1).member(0), x[0], y[0])
    rows = spectra_on_the_way("digits", 20, 2, batch=10, steps=(0, 3), **GIVEN)
    [row] = (row for row in rows if (row["seed"], row["step"]) == (1, 3))
    assert row["highest"] == pytest.approx(torch.linalg.eigvalsh(H)[-1].item(), rel=1e-6)
    assert torch.linalg.eigvalsh(G)[0] > -1e-12, "G has no negative eigenvalue"


def test_curves_end_where_the_rows_do():
    point = {"batch": 10, "warm": 3, "steps": 4, "every": 2, "lr": 0.1}
    rows = {row["run"]: row for row in runs_in_subspaces("digits", 20, 2, seeds=(1,), **point)}
    for kind, (steps, losses) in curves("digits", 20, 2, seed=1, **point).items():
        assert (steps[0], steps[-1]) == (0, 4)
        assert [losses[0], losses[-1]] == pytest.approx([rows[kind]["start"], rows[kind]["loss"]])


def test_a_kind_of_run_that_is_none_is_named():
    with pytest.raises(ValueError, match="kind is 'tail'; there is whole, dominant, bulk"):
        one = networks([0], 10, 2)
        descend(one, torch.zeros(2, 10), torch.zeros(2), "tail", batch=1, lr=0.1, steps=1, every=1)


def test_explorers_show_seeds_of_the_grid():
    assert edge_grids.followed("digits", 1)[0]["seeds"] == edge_grids.grid("class", "digits", 1)[0]["seeds"][:1]
    assert space_grids.followed("digits", 1)["seed"] == space_grids.grid("class", "digits", 1)[0]["seeds"][0]


def test_overlaps_in_time_are_those_before_and_after_a_run():
    rule = {"seeds": (0, 1), "batch": 10, "lr": 0.5}
    apart = runs_in_subspaces("digits", 20, 2, warm=2, steps=2, every=1, **rule)
    rows = overlaps_in_time("digits", 20, 2, times=(1, 2), **rule)
    for seed in (0, 1):
        [first, _] = (row for row in rows if row["seed"] == seed)
        whole = next(row for row in apart if row["seed"] == seed and row["run"] == "whole")
        assert first["step"] == 2 and first["loss"] == pytest.approx(whole["start"])
        assert 0 < first["overlap"] < 1 and 0 < first["overlap_full"] < 1
    with pytest.raises(ValueError, match="overlaps_in_time: steps are"):
        overlaps_in_time("digits", 20, 2, times=(2, 1), **rule)
