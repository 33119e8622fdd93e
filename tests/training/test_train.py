"""Training a population is training each network alone: the oracle is a plain loop of modules and torch.optim."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from landscape_lib.nets import MLP, Population
from landscape_lib.training import (
    PLATEAU,
    SATISFIED,
    STEPS,
    DivergedError,
    Stop,
    adam,
    batch_mean,
    cross_entropy,
    gd,
    hinge,
    mean_square,
    quadratic_hinge,
    soft_hinge,
    train,
)

# Rounding of 1e-16 a step, amplified by at most some hundred steps of descent and by Adam's division by small
# gradients: below 1e-11 in these runs. A wrong step, moment or pattern shows as 1e-4 and more.
ROUNDING = {"rtol": 1e-8, "atol": 1e-9}


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def problem(P=10, d=4, seed=0):
    return gaussian(P, d, seed=seed), gaussian(P, seed=seed + 50).sign()


def mlps(nets=4, d=4, h=8, **options):
    return Population(lambda seed: MLP(d, h, 2, seed=seed, **options), range(nets))


def loop(net, optimiser, mean_loss, stop, every=10):
    """Train one module the plain way; return the losses at the checks, the steps and the reason."""
    losses, reference, since = [], math.inf, 0
    for step in range(stop.steps + 1):
        loss = mean_loss(net)
        if step % every == 0 or step == stop.steps:
            losses.append(loss.item())
            if stop.plateau is None or loss.item() < reference * (1 - stop.plateau[1]):
                reference, since = loss.item(), step
            if stop.satisfied is not None and loss.item() < stop.satisfied:
                return losses, step, SATISFIED
            if stop.plateau is not None and step - since >= stop.plateau[0]:
                return losses, step, PLATEAU
            if step == stop.steps:
                return losses, step, STEPS
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def plain(d, h, weights):
    """The standard ReLU network of two hidden layers, written without the library, from a flat vector of weights."""
    net = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 1)).double()
    nn.utils.vector_to_parameters(weights.clone(), net.parameters())
    return net


def assert_trained_alone(run, start, optimiser, mean_loss, stop):
    """``mean_loss(i)`` is the loss of network i as a function of its module."""
    reasons = []
    for i in range(len(start)):
        net = plain(4, 8, start.weights[i])
        losses, steps, reason = loop(net, optimiser(net.parameters()), mean_loss(i), stop)
        reasons.append(reason)
        assert (int(run.steps[i]), run.reasons[i]) == (steps, reason)
        assert_close(run.population.weights[i], nn.utils.parameters_to_vector(net.parameters()).detach(), **ROUNDING)
        assert run.loss[i].item() == pytest.approx(losses[-1], rel=1e-6, abs=1e-18)
        assert run.history.loss[0, i].item() == pytest.approx(losses[0], rel=1e-12)
    return set(reasons)


# the oracle


def quadratic(x, y):
    return lambda net: 0.5 * torch.relu(1 - y * net(x)[:, 0]).square().mean()


def test_adam_on_the_stack_is_adam_on_each_network_alone():
    x, y = problem(P=16)
    start, stop = mlps(), Stop(400, satisfied=1e-4, plateau=(150, 0.05))
    run = train(start, x, y, optimiser=adam(0.01), stop=stop)
    reasons = assert_trained_alone(run, start, lambda p: torch.optim.Adam(p, lr=0.01), lambda i: quadratic(x, y), stop)
    assert len(run.steps.unique()) > 1 and SATISFIED in reasons  # networks left the stack on the way


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_gradient_descent_on_the_stack_is_that_of_each_network_on_its_own_patterns(momentum):
    own = [problem(seed=i) for i in range(4)]
    x, y = (torch.stack(parts) for parts in zip(*own, strict=True))
    start, stop = mlps(), Stop(300, satisfied=1e-3)
    run = train(start, x, y, optimiser=gd(0.05, momentum), stop=stop)
    assert_trained_alone(
        run,
        start,
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=momentum),
        lambda i: quadratic(*own[i]),
        stop,
    )


@pytest.mark.parametrize(
    "loss, mean_loss",
    [
        (hinge, lambda f, y: torch.relu(1 - y * f).mean()),
        (cross_entropy, lambda f, y: F.binary_cross_entropy_with_logits(f, (y + 1) / 2)),
        (mean_square, lambda f, y: F.mse_loss(f, y) / 2),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_loss_is_averaged_over_the_patterns_and_descended(loss, mean_loss):
    x, y = problem()
    start, stop = mlps(2), Stop(60)
    run = train(start, x, y, optimiser=adam(0.01), stop=stop, loss=loss)
    assert_trained_alone(
        run, start, lambda p: torch.optim.Adam(p, lr=0.01), lambda i: lambda net: mean_loss(net(x)[:, 0], y), stop
    )


def test_any_module_trains_in_the_stack_as_alone_and_its_buffers_stay():
    def make(seed):
        norm = nn.BatchNorm1d(5)
        norm.running_mean.normal_()
        net = nn.Sequential(nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(8, 5), norm)
        return nn.Sequential(net, nn.ReLU(), nn.Linear(5, 3)).eval()

    x, y, stop = gaussian(12, 6), torch.arange(12) % 3, Stop(50)
    start = Population(make, range(3))
    run = train(start, x, y, optimiser=adam(0.01), stop=stop, loss=cross_entropy)
    for i in range(3):
        net = start.member(i)
        loop(net, torch.optim.Adam(net.parameters(), lr=0.01), lambda net: F.cross_entropy(net(x), y), stop)
        assert_close(run.population.weights[i], nn.utils.parameters_to_vector(net.parameters()).detach(), **ROUNDING)
    assert all(run.population.buffers[name].equal(value) for name, value in start.buffers.items())


def test_training_in_several_blocks_is_training_in_one():
    x, y = problem(P=6000)
    start = mlps(5)
    assert len(start.blocks(6000)) > 1
    run = train(start, x, y, optimiser=adam(0.01), stop=Stop(20))
    assert_trained_alone(run, start, lambda p: torch.optim.Adam(p, lr=0.01), lambda i: quadratic(x, y), Stop(20))


# who is in the stack does not matter


def test_networks_that_leave_do_not_change_those_that_stay():
    x, y = problem(P=16)
    start, stop = mlps(6), Stop(500, satisfied=1e-6)
    for optimiser in (adam(0.01), gd(0.05, momentum=0.9)):
        together = train(start, x, y, optimiser=optimiser, stop=stop)
        assert len(together.steps.unique()) > 2
        for i in range(6):
            alone = train(start.take([i]), x, y, optimiser=optimiser, stop=stop)
            assert (int(together.steps[i]), together.reasons[i]) == (int(alone.steps[0]), alone.reasons[0])
            assert_close(together.population.weights[i], alone.population.weights[0], **ROUNDING)


def test_shared_patterns_are_one_set_a_network():
    x, y = problem()
    shared = train(mlps(3), x, y, optimiser=adam(0.01), stop=Stop(200))
    own = train(mlps(3), x.repeat(3, 1, 1), y.repeat(3, 1), optimiser=adam(0.01), stop=Stop(200))
    assert shared.steps.equal(own.steps)
    assert_close(shared.population.weights, own.population.weights, **ROUNDING)


def test_the_callers_networks_stay_as_they_are_and_a_run_repeats_itself():
    x, y = problem()
    start = mlps()
    before, random = start.weights.clone(), torch.get_rng_state()
    runs = [train(start, x, y, optimiser=adam(0.01), stop=Stop(100), batch=3) for _ in range(2)]
    assert start.weights.equal(before) and start.weights.grad is None
    assert runs[0].population.weights.equal(runs[1].population.weights)
    assert torch.get_rng_state().equal(random)


# working sets


@pytest.mark.parametrize("loss", [quadratic_hinge, hinge], ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("shared", [True, False])
def test_checked_every_step_a_working_set_is_the_full_batch(loss, shared):
    x, y = problem(P=16)
    if not shared:
        x, y = gaussian(4, 16, 4), gaussian(4, 16, seed=1).sign()
    options = {"optimiser": adam(0.01), "stop": Stop(400, satisfied=1e-4), "loss": loss, "every": 1}
    full = train(mlps(), x, y, **options)
    working = train(mlps(), x, y, working_set=True, **options)
    assert working.steps.equal(full.steps) and working.reasons == full.reasons
    assert_close(working.population.weights, full.population.weights, **ROUNDING)


def test_patterns_that_move_smoothly_are_in_reach_before_they_are_unsatisfied():
    """Checked every tenth step of a slow descent, a working set is the full batch; with no reach it is 1e-3 off."""
    x, y = problem(P=30)
    x = 2 * x
    full, working = (
        train(mlps(), x, y, optimiser=gd(0.05), stop=Stop(300), working_set=choice) for choice in (False, True)
    )
    entered = (y * mlps()(x)[..., 0] > 1) & (y * full.population(x)[..., 0] < 1)
    assert entered.any()  # patterns that were satisfied and no longer are
    assert_close(working.population.weights, full.population.weights, **ROUNDING)


def test_checked_every_ten_steps_a_working_set_comes_to_the_same_verdicts():
    x, y = problem(P=40)
    start = [Population(lambda seed, h=h: MLP(4, h, 2, seed=seed), range(3)) for h in (2, 30)]
    for nets, verdict in zip(start, (False, True), strict=True):
        for working_set in (False, True):
            run = train(nets, x, y, optimiser=adam(0.01), stop=Stop(1500), working_set=working_set)
            assert run.satisfied == (verdict,) * 3


def test_a_soft_hinge_is_judged_by_the_hinge_and_its_working_set_loses_nothing():
    """It is never zero itself; what its tail pulls beyond the rounding of 1 does not matter."""
    x, y = problem(P=16)
    options = {"optimiser": adam(0.01), "stop": Stop(3000), "loss": soft_hinge, "judged": quadratic_hinge, "every": 1}
    full, working = (train(mlps(), x, y, working_set=choice, **options) for choice in (False, True))
    assert all(full.satisfied) and (y * full.population(x)[..., 0] >= 1).all()
    assert full.history.loss[-1].eq(0).all(), "the history is of the loss that is judged"
    assert working.steps.equal(full.steps)
    assert_close(working.population.weights, full.population.weights, rtol=1e-9, atol=1e-9)
    never = train(mlps(), x, y, optimiser=adam(0.01), stop=Stop(300), loss=soft_hinge)
    assert not any(never.satisfied)


# batches


def same(nets):
    """One network, many times."""
    return Population(lambda seed: MLP(4, 3, 1, seed=seed), [0]).take([0] * nets)


def test_a_batch_of_all_patterns_is_the_full_batch():
    x, y = problem()
    full = train(mlps(), x, y, optimiser=adam(0.01), stop=Stop(100))
    batch = train(mlps(), x, y, optimiser=adam(0.01), stop=Stop(100), batch=len(y))
    assert_close(batch.population.weights, full.population.weights, **ROUNDING)


@pytest.mark.parametrize("B", [1, 3, 9])
def test_a_batch_gradient_is_the_mean_over_distinct_patterns_drawn_at_random(B):
    """Its mean over draws is the full gradient; its covariance is that of drawing without replacement."""
    draws, (x, y) = 4000, problem()
    start = same(draws)
    run = train(start, x, y, optimiser=gd(1.0), stop=Stop(1), batch=B)
    gradients = start.weights - run.population.weights
    each = torch.stack(
        [
            torch.cat(
                [
                    g.flatten()
                    for g in torch.autograd.grad(quadratic(x[i : i + 1], y[i : i + 1])(net), [*net.parameters()])
                ]
            )
            for net in [start.member(0)]
            for i in range(len(y))
        ]
    )
    error = gradients.std(0) / math.sqrt(draws)
    # 5 standard errors: one of 19 coordinates is beyond them once in 100,000 seeds.
    assert ((gradients.mean(0) - each.mean(0)).abs() <= 5 * error + 1e-12).all()
    P = len(y)
    exact = each.var(0, correction=0).sum() / B * (P - B) / (P - 1)
    # Known from 4000 draws to some 4%; with replacement it would be (P−1)/(P−B) ≥ 1.28 times as large at B ≥ 3.
    assert gradients.var(0).sum().item() == pytest.approx(exact.item(), rel=0.15)


def test_each_network_draws_batches_of_its_own_and_the_seed_decides_them():
    x, y = problem()

    def weights(seed):
        run = train(same(3), x, y, optimiser=gd(0.1), stop=Stop(5), batch=2, seed=seed)
        return run.population.weights

    one = weights(0)
    assert not one[0].equal(one[1]) and not one[1].equal(one[2])
    assert one.equal(weights(0)) and not one.equal(weights(1))


@pytest.mark.parametrize("outputs", [1, 3])
def test_batches_of_targets_and_classes_are_trained_on(outputs):
    x = gaussian(12, 4)
    y = torch.arange(12) % 3
    nets = mlps(3, outputs=outputs)
    targets = (y - 1).double() if outputs == 1 else F.one_hot(y, 3).double()
    for labels, loss in [(targets, mean_square)] + ([(y, cross_entropy)] if outputs == 3 else []):
        run = train(nets, x, labels, optimiser=adam(0.01), stop=Stop(300), loss=loss, batch=4)
        assert (run.loss < 0.5 * run.history.loss[0]).all()


def test_batches_of_targets_of_each_networks_own_are_trained_on():
    x, y = gaussian(3, 12, 4), gaussian(3, 12, 2, seed=1)
    run = train(mlps(3, outputs=2), x, y, optimiser=gd(0.1), stop=Stop(100), loss=mean_square, batch=4)
    assert (run.loss < run.history.loss[0]).all()


def test_networks_that_leave_do_not_change_the_batches_of_those_that_stay():
    x, y = problem()
    ends = []
    for fit in (False, True):  # network 0 leaves at step 0, or not
        nets = mlps(2)
        if fit:
            nets.views()["layers.2.bias"][0] = 2
            nets.views()["layers.2.weight"][0] = 0
        run = train(nets, x, y.abs(), optimiser=gd(0.1), stop=Stop(5), batch=2)
        ends.append(run.population.weights[1])
    assert ends[0].equal(ends[1])


def test_batches_in_the_stack_are_those_of_each_network_alone():
    x, y = gaussian(4, 12, 4), gaussian(4, 12, seed=1).sign()
    start, options = mlps(), {"optimiser": adam(0.01), "stop": Stop(300, satisfied=1e-3), "batch": 5}
    together = train(start, x, y, **options)
    assert len(together.steps.unique()) > 1
    for i in range(4):
        alone = train(start.take([i]), x[i : i + 1], y[i : i + 1], **options)
        assert together.steps[i] == alone.steps[0]
        assert_close(together.population.weights[i], alone.population.weights[0], **ROUNDING)


# what a run tells


def test_a_history_starts_at_zero_rises_and_ends_with_the_final_losses():
    x, y = problem(P=16)
    start = mlps()
    run = train(start, x, y, optimiser=adam(0.01), stop=Stop(500, satisfied=1e-6), every=3)
    times, curves = run.history.steps, run.history.loss
    assert times[0] == 0 and (times.diff() > 0).all() and times[-1] == run.steps.max()
    assert curves.shape == (len(times), len(start)) and curves.isfinite().all()
    assert_close(curves[0], quadratic_hinge(start(x), y).mean(-1), rtol=1e-12, atol=0)
    assert curves[-1].equal(run.loss)
    assert_close(run.loss, quadratic_hinge(run.population(x), y).mean(-1), rtol=1e-12, atol=0)
    for i, steps in enumerate(run.steps):  # a finished network keeps its last value
        assert (curves[times >= steps, i] == run.loss[i]).all()
    later = times[times >= 30]
    assert (later[1:-1] / later[:-2] < 1.25 + 3 / 30).all()  # about ten a decade


def test_without_steps_the_networks_are_judged_and_stay():
    x, y = problem()
    start = mlps()
    run = train(start, x, y, optimiser=adam(0.01), stop=Stop(0))
    assert run.population.weights.equal(start.weights) and run.population.seeds == start.seeds
    assert run.reasons == (STEPS,) * 4 and run.steps.tolist() == [0] * 4 and run.history.steps.tolist() == [0]


def test_more_steps_between_checks_than_steps_still_ends_at_the_last_step():
    x, y = problem()
    run = train(mlps(), x, y, optimiser=gd(0.01), stop=Stop(7), every=100)
    assert run.history.steps.tolist() == [0, 7] and run.steps.tolist() == [7] * 4


def test_single_precision_trains_too():
    x, y = problem()
    nets = Population(lambda seed: MLP(4, 8, 2, seed=seed), range(2), dtype=torch.float32)
    run = train(nets, x.float(), y.float(), optimiser=adam(0.01), stop=Stop(100), working_set=True)
    assert run.loss.dtype == torch.float32 and (run.loss < run.history.loss[0]).all()


# what it refuses


def test_a_loss_that_blows_up_ends_the_run_with_networks_step_and_setting():
    x, zero = gaussian(10, 4), torch.zeros(10, dtype=torch.float64)
    nets, stop = mlps(3), Stop(1000, satisfied=None)
    nets.weights[0] = 0  # at its minimum: stays
    with pytest.raises(
        DivergedError, match=r"training of lr=1e6: the loss of networks \[1, 2\] is NaN or infinite at step \d+0; lower"
    ):
        train(nets, x, zero, optimiser=gd(1e6), stop=stop, loss=mean_square, setting="lr=1e6")


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_broken_inputs_are_a_broken_loss_at_step_zero(broken):
    x, y = problem()
    x[3, 1] = broken
    with pytest.raises(
        DivergedError, match=r"training: the loss of networks \[0, 1, 2, 3\] is .* at step 0; .* inputs"
    ):
        train(mlps(), x, y, optimiser=gd(0.1), stop=Stop(10), loss=mean_square)


X, Y = problem()


@pytest.mark.parametrize(
    "given, says",
    [
        ({"inputs": X[0]}, r"inputs have shape \(4,\), need \(points, features\) shared by all, or \(4, points"),
        ({"inputs": X[:0], "labels": Y[:0]}, r"inputs have shape \(0, 4\), .* at least one point"),
        ({"inputs": X.repeat(3, 1, 1), "labels": Y.repeat(3, 1)}, r"inputs have shape \(3, 10, 4\), .*\(4, points"),
        ({"labels": Y[:9]}, r"labels have shape \(9,\) for inputs \(10, 4\); need \(10,\)"),
        ({"inputs": X.repeat(4, 1, 1)}, r"labels have shape \(10,\) for inputs \(4, 10, 4\)"),
        (
            {"inputs": X.float()},
            "inputs are torch.float32 on cpu, the networks torch.float64 on cpu; bring them together",
        ),
        ({"labels": Y[:, None]}, r"labels have shape \(10, 1\), need \(10,\) or \(1, 10\)"),
        (
            {"loss": lambda f, y: quadratic_hinge(f, y).mean(-1)},
            r"loss of one network has shape \(1,\), need \(1, 10\)",
        ),
        *[({"every": n}, rf"every is {n}, need a whole number of steps of at least 1") for n in (0, 2.5, True)],
        *[({"batch": n}, rf"batch is {n}, need a whole number from 1 to 10") for n in (0, 11, 2.5, True)],
        ({"batch": 2, "working_set": True}, "working_set and batch exclude each other"),
        ({"labels": Y[:, None], "working_set": True}, "working_set needs labels ±1, one a pattern"),
        ({"labels": (Y + 1) / 2, "working_set": True}, "working_set needs labels ±1, one a pattern"),
    ],
)
def test_door(as_user, given, says):
    options = {"inputs": X, "labels": Y, "optimiser": gd(0.1), "stop": Stop(10), **given}
    with pytest.raises(ValueError, match=says):
        train(mlps(), **options)


def test_labels_of_each_network_on_shared_inputs_are_refused_also_when_networks_are_as_many_as_points(as_user):
    with pytest.raises(ValueError, match=r"labels have shape \(10, 10\), need \(10,\)"):
        train(mlps(10), X, Y.repeat(10, 1), optimiser=gd(0.1), stop=Stop(10))


def test_a_probe_keeps_what_the_networks_say_in_time():
    """Its last outputs are those of the trained networks, its first of the untrained, and each of a shorter run."""
    nets = mlps(d=3, h=6)
    x, y = gaussian(8, 3), gaussian(8, seed=1).sign()
    probe = gaussian(5, 3, seed=2)
    options = {"optimiser": adam(1e-2), "working_set": True}
    run = train(nets, x, y, stop=Stop(400), probe=probe, **options)
    plain = train(nets, x, y, stop=Stop(400), **options)
    assert plain.history.outputs is None and torch.equal(plain.population.weights, run.population.weights)
    assert run.history.outputs.shape == (len(run.history.steps), 4, 5, 1)
    assert torch.equal(run.history.outputs[0], nets(probe)) and torch.equal(
        run.history.outputs[-1], run.population(probe)
    )
    assert 0 < len(run.steps.unique()) and any(run.satisfied), "some finish before the others"
    for i in (1, len(run.history.steps) // 2, -2):
        short = train(nets, x, y, stop=Stop(int(run.history.steps[i])), **options)
        assert_close(run.history.outputs[i], short.population(probe))


def test_door_probe(as_user):
    nets = mlps(2, d=3, h=6)
    x, y = gaussian(8, 3), gaussian(8, seed=1).sign()
    with pytest.raises(ValueError, match=r"inputs have shape \(3, 5, 3\), need .* \(2, points, features\)"):
        train(nets, x, y, optimiser=adam(1e-2), stop=Stop(4), probe=gaussian(3, 5, 3))


# snapshots, and what is descended in place of the gradients


def test_snapshots_are_the_weights_of_shorter_runs():
    x, y = problem(P=16)
    start, options = mlps(), {"optimiser": adam(0.01), "batch": 5}
    stop, at = Stop(300, satisfied=1e-3), torch.tensor([0, 7, 60, 120, 300]).numpy()
    run = train(start, x, y, stop=stop, at=at, **options)
    assert run.history.weights.shape == (5, 4, start.weights.shape[1])
    assert run.history.weights[0].equal(start.weights) and run.at(0).weights.equal(start.weights)
    assert run.history.weights[-1].equal(run.population.weights)
    assert len(run.steps.unique()) > 1 and run.steps.min() < 300, "some finish before the last snapshot"
    for i, steps in enumerate(at.tolist()):
        short = train(start, x, y, stop=Stop(steps, satisfied=1e-3), **options)
        assert run.at(i).weights.equal(short.population.weights)
    plain = train(start, x, y, stop=stop, **options)
    assert plain.history.weights is None and plain.population.weights.equal(run.population.weights)
    with pytest.raises(ValueError, match="no weights were kept; give train the steps"):
        plain.at(0)


def test_a_projection_by_the_identity_is_plain_descent_and_by_zero_is_none():
    x, y = problem(P=16)
    start, options = mlps(), {"optimiser": gd(0.1), "stop": Stop(200, satisfied=1e-2), "batch": 5}
    plain, same, still = (
        train(start, x, y, project=project, **options)
        for project in (None, lambda nets, gradients, places: gradients, lambda nets, gradients, places: 0 * gradients)
    )
    assert same.population.weights.equal(plain.population.weights) and same.steps.equal(plain.steps)
    assert still.population.weights.equal(start.weights)


def test_a_projection_sees_the_networks_that_are_left_as_they_are():
    x, y = problem(P=16)
    start, seen = mlps(), []

    def project(nets, gradients, places):
        for place, i in enumerate(places.tolist()):
            net = nets.member(place)
            exact = torch.autograd.grad(quadratic(x, y)(net), [*net.parameters()])
            assert_close(gradients[place], torch.cat([g.flatten() for g in exact]), **ROUNDING)
            assert nets.seeds[place] == start.seeds[i]
        seen.append(len(places))
        return gradients

    run = train(start, x, y, optimiser=gd(0.1), stop=Stop(100, satisfied=0.1), project=project)
    assert len(run.steps.unique()) > 1 and seen == sorted(seen, reverse=True) and seen[0] == 4
    assert len(seen) == run.steps.max()


@pytest.mark.parametrize("share", [0.99, 1.01])
def test_descent_of_a_quadratic_diverges_just_above_two_over_its_largest_curvature(share):
    """Along each eigenvector the distance to the minimum is multiplied by 1 − η λ a step: −0.98, or −1.02."""
    x, y = gaussian(30, 4), gaussian(30, seed=1)
    nets = Population(lambda seed: nn.Linear(4, 1, bias=False), [0])
    values, vectors = torch.linalg.eigh(x.T @ x / 30)
    lr, best = share * 2 / values[-1], torch.linalg.lstsq(x, y[:, None]).solution[:, 0]
    run = train(nets, x, y, optimiser=gd(lr.item()), stop=Stop(100), loss=mean_square)
    before, after = ((w[0] - best) @ vectors for w in (nets.weights, run.population.weights))
    assert_close(after, before * (1 - lr * values) ** 100, **ROUNDING)
    assert (after[-1].abs() > before[-1].abs()) == (share > 1)


def test_the_mean_of_a_batch_is_what_is_descended():
    net = MLP(4, 5, 1, outputs=3).double()
    x, y = gaussian(12, 4), torch.arange(12) % 3
    assert_close(batch_mean(cross_entropy)(net(x), y), F.cross_entropy(net(x), y))
    targets = F.one_hot(y, 3).double()
    assert_close(batch_mean(mean_square)(net(x), targets), F.mse_loss(net(x), targets) * 3 / 2)
    one = MLP(4, 5, 1).double()
    assert_close(batch_mean(quadratic_hinge)(one(x), y - 1.0), quadratic(x, y - 1.0)(one))


@pytest.mark.parametrize(
    "given, says",
    [
        *[({"at": at}, r"need whole numbers from 0 to stop.steps = 10, rising") for at in ([11], [-1], [2, 1], [3, 3])],
        (
            {"project": lambda nets, gradients, places: gradients[0]},
            r"project returned shape \(121,\), need \(4, 121\)",
        ),
    ],
)
def test_door_of_snapshots_and_projections(as_user, given, says):
    with pytest.raises(ValueError, match=says):
        train(mlps(), X, Y, optimiser=gd(0.1), stop=Stop(10), **given)
