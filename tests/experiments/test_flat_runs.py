"""The experiments of chapter 8: their columns, against the library's parts and against what must hold."""

import pandas as pd
import pytest
import torch

from landscape_lib.data import one_hot
from landscape_lib.experiments import minefields, minima, phases, sam_edges, smoothings, spirals, switches, units
from landscape_lib.experiments._classes import CLASSES, D, networks, task
from landscape_lib.measure import flat
from landscape_lib.measure.curvature import exact_hessian, hessian_product
from landscape_lib.training import Stop, batch_mean, gd, mean_square, train

SEEDS = (0, 1)


def test_sam_of_no_radius_is_descent_and_its_edge_two_over_the_step():
    given = {"dataset": "digits", "P": 60, "h": 8, "seeds": SEEDS, "lr": 0.3, "steps": (10, 40), "tests": 50}
    rows = pd.DataFrame(sam_edges.sharpness_of_sam(**given, rho=0.0))
    assert (rows.edge == 2 / 0.3).all()
    own = task("digits", 60, 0, 50, d=D)
    targets = one_hot(own.labels.long(), CLASSES).double()
    nets = networks([0], D, 8, activation="tanh")
    rules = {"optimiser": gd(0.3), "stop": Stop(40, None), "loss": mean_square}
    network = train(nets, own.inputs.double(), targets, **rules).population.member(0)
    H = exact_hessian(hessian_product(network, batch_mean(mean_square), [(own.inputs.double(), targets)]))
    last = rows[(rows.seed == 0) & (rows.step == 40)].iloc[0]
    assert last.sharpness == pytest.approx(torch.linalg.eigvalsh(H)[-1].item(), rel=1e-3)
    aware = pd.DataFrame(sam_edges.sharpness_of_sam(**given, rho=0.1))
    assert (aware.edge < 2 / 0.3).all() and (aware.sharpness != rows.sharpness).all()
    edge = aware.edge + 0.1 * aware.edge**2 / aware.gradient
    assert edge.to_numpy() == pytest.approx(2 / 0.3)


def test_sam_goes_to_its_edge_and_not_to_that_of_descent():
    rows = pd.DataFrame(
        sam_edges.sharpness_of_sam("digits", 100, 12, seeds=SEEDS, lr=0.4, rho=0.1, steps=(1000, 1500, 2000), tests=10)
    )
    assert flat.edge_ratio(rows).value == pytest.approx(1, abs=0.15)
    assert flat.edge_ratio(rows.assign(edge=2 / rows.lr)).interval[1] < 0.6


def test_minima_know_their_hessian_and_their_units():
    given = {"P": 40, "h": 10, "seeds": SEEDS, "batch": 10, "lr": 0.1, "tests": 50}
    rows = pd.DataFrame(minima.flatness_of_minima("digits", **given, steps=4000, to=0.1))
    assert rows.reached.all() and (rows.loss < 0.1).all()
    assert (rows.top <= rows.trace + 1e-9).all() and (rows.worst > 0).all()
    # a ball of ρ at a minimum of a convex bowl: ½ρ²λ₁, and more if the loss bends up
    assert ((rows.worst > 0.3 * rows.top * 0.1**2 / 2) & (rows.worst < 10 * rows.top * 0.1**2 / 2 + 0.1 * 0.3)).all()
    assert (rows.volume_error > 0).all()
    short = pd.DataFrame(minima.flatness_of_minima("digits", **given, steps=0, volumes=False))
    assert short.reached.all() and short.log_volume.isna().all() and (short.step == 0).all()


def test_lines_of_a_switch_have_their_ends():
    rows = pd.DataFrame(
        switches.lines_of_switch("digits", 60, 8, seeds=SEEDS, large=30, small=5, lr=0.1, steps=60, tests=50)
    )
    assert set(rows.pair) == set(switches.PAIRS) and (rows.groupby(["seed", "pair"]).size() == switches.POINTS).all()
    at_zero = rows[rows.t == 0].groupby("seed").loss
    assert (at_zero.nunique() == 1).all()
    still = pd.DataFrame(
        switches.lines_of_switch("digits", 60, 8, seeds=SEEDS, large=30, small=5, lr=0.1, steps=0, tests=50)
    )
    assert (still[still.pair == "switched"].distance == 0).all() and (
        still[still.pair == "other start"].distance > 1
    ).all()
    assert flat.barrier(still).value == pytest.approx(0, abs=1e-12)


def test_poison_is_learned_beside_the_images():
    rows = pd.DataFrame(
        minefields.poisoned_minima("digits", 60, 40, seeds=SEEDS, poison=240, to=0.02, steps=4000, batch=50, tests=200)
    )
    assert flat.poison_difference(rows).value > 0.3
    assert (rows[rows.kind == "plain"].distance == 0).all()
    rescued, bad = (rows[rows.kind == kind].set_index("seed") for kind in ("rescued", "poisoned"))
    assert (rescued.loss < bad.loss).all()


def test_no_poison_no_difference():
    """The null: as many more images with their right labels."""
    rows = pd.DataFrame(
        minefields.poisoned_minima("digits", 60, 40, seeds=SEEDS, poison=0, to=0.02, steps=4000, batch=50, tests=200)
    )
    assert flat.poison_difference(rows).value == 0


def test_weights_grow_while_labels_are_learned_and_shrink_by_decay():
    given = {"P": 60, "h": 12, "seeds": SEEDS, "lr": 0.1, "batch": 20, "steps": (0, 800, 4000), "tests": 100}
    rows = pd.DataFrame(phases.lengths_in_time("digits", **given, noise=0.2, weight_decay=3e-3))
    start, middle, end = (rows[rows.step == step].set_index("seed") for step in given["steps"])
    assert start.unit.to_numpy() == pytest.approx(1) and start.effective.to_numpy() == pytest.approx(0.1)
    assert (middle.fitted > start.fitted).all() and (end.unit < middle.unit).all() and (end.effective > 0.1).all()
    plain = pd.DataFrame(phases.lengths_in_time("digits", **given, noise=0.0, weight_decay=0.0))
    assert plain.fitted.isna().all()
    assert (plain.groupby("seed").length.diff().dropna() > 0).all() and (
        plain.unit >= 1 - 1e-6
    ).all()  # orthogonal to single precision
    with pytest.raises(ValueError, match="noise is 1.0, need a fraction"):
        phases.lengths_in_time("digits", **given, noise=1.0, weight_decay=0.0)


def test_units_of_a_layer_change_raw_measures_alone():
    rows = pd.DataFrame(units.measures_in_units("digits", 60, 6, seeds=SEEDS, factor=4.0, lr=0.1, steps=300, batch=20))
    layer, neuron, outputs, length = (rows[rows.what == what] for what in units.WHAT)
    for name in ("adaptive", "adaptive_trace", "normalised"):
        for same in (layer, neuron):
            assert same[name].to_numpy() == pytest.approx(1, rel=1e-4), name
    assert layer.filtered.to_numpy() == pytest.approx(1, rel=1e-4)
    assert (neuron.filtered - 1).abs().min() > 1e-3
    assert (layer[["top", "trace", "worst"]] > 2).all(axis=None)
    assert flat.unit_factor(rows).value == pytest.approx(1, rel=1e-4) and flat.unit_factor(rows, "trace").value > 2
    assert (layer.function < 1e-8).all() and (outputs.function > 1).all()
    assert outputs.normalised.to_numpy() == pytest.approx(1, rel=1e-4) and ((outputs.adaptive - 1).abs() > 0.1).all()
    assert (length.function < 1e-8).all() and length.hidden.to_numpy() == pytest.approx(1 / 16)
    assert length.adaptive_trace.to_numpy() == pytest.approx(1), "in units of the weights"
    assert flat.hidden_exponent(rows).value == pytest.approx(-2)
    with pytest.raises(ValueError, match=r"outputs changed by up to .*; need another length"):
        flat.hidden_exponent(rows, "outputs")
    with pytest.raises(ValueError, match="factor is 0.0, need a positive number"):
        units.measures_in_units("digits", 60, 6, seeds=SEEDS, factor=0.0, lr=0.1, steps=3, batch=20)


def test_sam_ends_flatter_at_the_same_loss():
    given = {"P": 60, "h": 8, "seeds": SEEDS, "batch": 10, "lr": 0.1, "tests": 50, "steps": 4000, "to": 0.05}
    rows = pd.DataFrame(
        [row for rho in (0.0, 0.3) for row in minima.flatness_of_minima("digits", **given, rho=rho, volumes=False)]
    )
    assert rows.reached.all() and flat.sam_ratio(rows).value < 0.8


def test_a_gaussian_of_no_width_is_descent_and_all_come_to_rest():
    given = {"P": 40, "d": 3, "h": 3, "seeds": SEEDS, "starts": 2, "steps": 60}
    plain, wide = (pd.DataFrame(smoothings.ends_of_smoothing(**given, width=width)) for width in (0.0, 0.5))
    assert (plain.rested == 1).all() and (plain.best <= plain.loss).all() and (plain.loss > 0).all()
    assert not (plain.loss == wide.loss).any()
    both = pd.concat([plain, wide])
    assert flat.smoothing_ratio(both, 0.5).value == pytest.approx(((wide.loss / plain.loss).prod()) ** 0.5, rel=0.01)


def test_the_gradient_at_noisy_weights_is_that_of_the_averaged_loss():
    """Of cos w it is −exp(−σ²/2) sin w."""
    away = smoothings.gaussian(0.7, torch.Generator().manual_seed(0))
    w = torch.full((200_000, 1), 1.1, dtype=torch.float64)
    mean = -(w + away(w, torch.zeros_like(w))).sin().mean()
    told = -torch.tensor(1.1).sin() * torch.tensor(-(0.7**2) / 2).exp()
    assert mean.item() == pytest.approx(told.item(), abs=0.005)


def test_a_roll_has_two_arms_that_do_not_touch_and_poison_flips_them():
    x, y = spirals.swiss_roll(400, 0)
    distance = torch.cdist(x, x)
    assert set(y.tolist()) == {-1.0, 1.0} and y.sum() == 0 and x.norm(dim=1).max() < 1.4
    away = (y[:, None] != y) & (x.norm(dim=1) > 0.3)[:, None]
    near = torch.where(away, distance, 9.0).min(1).values
    assert near[near < 9].median() > 0.1, "arms lie apart"
    found = spirals.learn(20, 16, 2, seeds=SEEDS, poison=10)
    (_, clean, told), (_, inputs, labels) = (found[kind] for kind in spirals.KINDS)
    assert torch.equal(inputs[:, :20], clean) and torch.equal(labels[:, :20], told)
    more, right = spirals.swiss_roll(10, spirals.POISON_SEED)
    assert torch.equal(inputs[0, 20:], more) and torch.equal(labels[0, 20:], -right)
