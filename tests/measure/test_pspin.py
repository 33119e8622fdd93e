"""The p-spin model: against sums by loops and automatic differentiation, and against what is known of it."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from torch.autograd.functional import hessian

from landscape_lib.measure.pspin import (
    PSpin,
    complexity,
    descend,
    ground_state_energy,
    p_spin,
    random_states,
    tangents,
    threshold_energy,
)


def tensor(model: PSpin) -> torch.Tensor:
    """J_ijk of all ordered triples."""
    full = torch.zeros(model.N, model.N, model.N, dtype=model.couplings.dtype)
    pairs = [(j, k) for j in range(model.N) for k in range(j + 1)]
    for pair, (j, k) in enumerate(pairs):
        full[:, j, k] = full[:, k, j] = model.couplings[:, pair] / (1 if j == k else 2)
    return full


def by_loops(model: PSpin, s: torch.Tensor) -> float:
    J, triples = tensor(model), itertools.product(range(model.N), repeat=3)
    return sum(J[i, j, k] * s[i] * s[j] * s[k] for i, j, k in triples).item() / model.N


def on_sphere(model: PSpin, s: torch.Tensor) -> torch.Tensor:
    """H of the point of the sphere that s points to: its derivatives at |s|² = N are those on the sphere."""
    s = s * math.sqrt(model.N) / s.norm()
    return torch.einsum("ijk,i,j,k->", tensor(model), s, s, s) / model.N


@given(st.integers(2, 6), st.integers(0, 99))
def test_energies_are_the_sum_over_triples(N, seed):
    model, states = p_spin(N, seed), random_states(N, 3, seed)
    assert model.energy(states).tolist() == pytest.approx([by_loops(model, s) / N for s in states], abs=1e-12)
    J = tensor(model)
    assert all(torch.equal(J, J.permute(order)) for order in itertools.permutations(range(3)))


def test_gradient_and_hessian_are_those_of_automatic_differentiation():
    model, states = p_spin(7, 1), random_states(7, 3, 1)
    energy, slope = model.slope(states)
    hessians, bases = model.hessian(states), tangents(states)
    for e, g, H, B, s in zip(energy, slope, hessians, bases, states, strict=True):
        assert e.item() == pytest.approx(on_sphere(model, s).item() / 7)
        assert torch.allclose(g, torch.func.grad(lambda x: on_sphere(model, x))(s), atol=1e-12)
        exact = hessian(lambda x: on_sphere(model, x), s)
        assert torch.allclose(H, B.T @ exact @ B, atol=1e-12)
        assert torch.allclose(B.T @ B, torch.eye(6).double(), atol=1e-12) and (B.T @ s).abs().max() < 1e-12
        assert (g @ s).abs() < 1e-12


def test_the_hessian_at_a_pole_of_its_basis():
    """Where s lies on the axis onto which it is reflected, either way."""
    for sign in (1.0, -1.0):
        s = torch.tensor([[0.0, 0.0, sign * math.sqrt(3)]], dtype=torch.float64)
        assert torch.allclose(tangents(s)[0].T @ tangents(s)[0], torch.eye(2).double())


def test_couplings_have_the_variance_that_gives_energies_of_the_overlap_cubed():
    """⟨H H'⟩ = N q³ if the mean of J over m orders of a triple has variance 1/m: 6 orders, 3, or 1."""
    J = tensor(p_spin(60, 0))
    i, j, k = torch.meshgrid(*[torch.arange(60)] * 3, indexing="ij")
    for m, which in ((6, (i < j) & (j < k)), (3, (i == j) & (j < k)), (1, (i == j) & (j == k))):
        drawn = J[which]
        assert drawn.var().item() == pytest.approx(1 / m, rel=4 * math.sqrt(2 / len(drawn)))  # four standard errors
        assert abs(drawn.mean().item()) < 4 / math.sqrt(m * len(drawn))


def test_energies_at_two_states_are_as_alike_as_the_states():
    """In the mean over samples: four standard errors of 4,000."""
    N, states = 3, random_states(3, 2, 0)
    drawn = torch.stack([p_spin(N, seed).energy(states) for seed in range(4000)]) * N
    q = (states[0] @ states[1] / N).item()
    assert (drawn**2).mean(0).tolist() == pytest.approx([N, N], rel=4 * math.sqrt(2 / 4000))
    assert (drawn[:, 0] * drawn[:, 1]).mean().item() == pytest.approx(N * q**3, abs=4 * N * math.sqrt(2 / 4000))


def test_couplings_and_states_of_one_seed_are_not_the_same_draws():
    model, states = p_spin(30, 0), random_states(30, 5, 0)
    first = model.couplings.flatten()[:150]
    assert abs(torch.corrcoef(torch.stack([first, states.flatten()]))[0, 1]) < 0.25  # 3/√150
    assert torch.equal(random_states(30, 2, 0), states[:2])
    assert torch.equal(p_spin(30, 0, dtype=torch.float32).couplings, model.couplings.float())


@pytest.mark.parametrize("step", [0.02, 0.1, 0.7])
def test_descent_ends_at_rest_in_a_minimum_and_never_rises(step):
    model, start = p_spin(20, 2), random_states(20, 6, 2)
    times = [0.0, *(0.1 * 1.3**k for k in range(25))]
    end = descend(model, start, step=step, times=times)
    assert end.arrived.all() and (end.lowest > 0).all() and (end.residual <= 1.001e-8).all()
    assert torch.allclose(end.relaxation[0], model.energy(start))
    assert (end.relaxation.diff(dim=0) <= 1e-12).all() and (end.energy <= end.relaxation[-1] + 1e-12).all()
    assert torch.allclose(end.states.square().sum(1), torch.full((6,), 20.0, dtype=torch.float64))
    assert torch.allclose(model.energy(end.states), end.energy)
    for s, lowest in zip(end.states, end.lowest, strict=True):
        exact = torch.linalg.eigvalsh(hessian(lambda x: on_sphere(model, x), s))
        assert lowest.item() == pytest.approx(min(exact[exact.abs() > 1e-6]).item())  # but for the zero along s


def test_newtons_method_ends_where_the_descent_would(monkeypatch):
    model, start = p_spin(16, 3), random_states(16, 8, 3)
    with_newton = descend(model, start)
    monkeypatch.setattr("landscape_lib.measure.pspin._descent.LOOK", 10**9)
    slow = descend(model, start, steps=30_000)
    assert slow.arrived.all() and (slow.steps >= with_newton.steps).all() and slow.steps.max() > with_newton.steps.max()
    assert torch.allclose(with_newton.states, slow.states, atol=1e-5)  # 1e-8 over the lowest curvature, some 1e-2


def test_a_descent_is_the_flow_with_small_steps():
    """Against scipy's integrator, where no saddle is near."""
    model, start = p_spin(12, 1), random_states(12, 1, 1)
    flow = solve_ivp(
        lambda t, s: -model.slope(torch.from_numpy(s)[None])[1][0].numpy(),
        (0, 1),
        start[0].numpy(),
        rtol=1e-10,
        atol=1e-10,
    )
    exact = model.energy(torch.from_numpy(flow.y[:, -1])[None]).item()
    found = [descend(model, start, step=step, times=[1.0]).relaxation.item() for step in (0.02, 0.002)]
    assert found[1] == pytest.approx(exact, rel=1e-3)
    assert abs(found[1] - exact) < 0.2 * abs(found[0] - exact), "an error of first order in the step"


def test_a_replica_does_not_depend_on_the_others():
    model, start = p_spin(12, 4), random_states(12, 5, 4)
    together, alone = descend(model, start), descend(model, start[2:3])
    assert torch.allclose(together.states[2], alone.states[0], atol=1e-6)
    assert together.steps[2] == alone.steps[0]


def test_a_state_at_rest_stays_and_too_few_steps_are_told():
    model, start = p_spin(12, 4), random_states(12, 3, 4)
    end = descend(model, start)
    again = descend(model, end.states)
    assert again.steps.tolist() == [0, 0, 0] and torch.allclose(again.states, end.states, atol=1e-7)
    short = descend(model, start, steps=3, times=[0.1, 50.0])
    assert not short.arrived.any() and short.steps.tolist() == [3, 3, 3]
    assert torch.equal(short.relaxation[1], short.energy)


def test_in_single_precision_too():
    model, start = (f(20, *n, dtype=torch.float32) for f, n in ((p_spin, (2,)), (random_states, (6, 2))))
    end = descend(model, start, tolerance=1e-5)
    exact = descend(p_spin(20, 2), random_states(20, 6, 2))
    assert end.arrived.all() and end.energy.dtype == torch.float32
    assert torch.allclose(end.energy.double(), exact.energy, atol=1e-5)


def test_the_constants_are_the_published_ones():
    """Auffinger, Ben Arous & Černý: E_∞(3) = 2√(2/3) and E₀(3) = 1.657; for large p the ground state is √(log p)."""
    assert threshold_energy(3) == -2 * math.sqrt(2 / 3) and round(ground_state_energy(3), 3) == -1.657
    for p in (3, 4, 10):
        ground, threshold = ground_state_energy(p), threshold_energy(p)
        assert ground < threshold and complexity(ground, p) == pytest.approx(0, abs=1e-10)
        assert complexity(threshold, p) == pytest.approx(math.log(p - 1) / 2 - (p - 2) / p)
    assert ground_state_energy(10**6) == pytest.approx(-math.sqrt(math.log(10**6)), rel=0.2)


def test_a_typical_state_has_the_semicircle_that_makes_the_threshold_marginal():
    """∇²H has radius 2√6 where no energy shifts it, and 3 times the threshold energy shifts its edge to zero."""
    model, states = p_spin(80, 0), random_states(80, 4, 0)
    shift = 3 * model.energy(states)[:, None]
    curvatures = torch.linalg.eigvalsh(model.hessian(states)) + shift
    assert curvatures.square().mean().item() == pytest.approx(6, rel=0.05)  # a quarter of the radius squared
    assert curvatures.abs().amax(1).mean().item() == pytest.approx(-3 * threshold_energy(), rel=0.1)  # N^(−2/3)


def test_larger_systems_end_nearer_to_the_threshold_and_nearer_to_marginal():
    small, large = (
        torch.cat([torch.stack([end.energy, end.lowest]) for end in ends], 1).mean(1)
        for ends in ([descend(p_spin(N, seed), random_states(N, 5, seed)) for seed in range(6)] for N in (12, 60))
    )
    assert threshold_energy() < large[0] < small[0] and 0 < large[1] < small[1]


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: p_spin(1, 0), "N is 1, need a whole number of at least 2"),
        (lambda: p_spin(2000, 0), r"2000 spins need 42.7 GB, memory allows 4 GB; take fewer"),
        (lambda: p_spin(50, 0, memory=1e5), "need 0.000687 GB"),
        (lambda: threshold_energy(2), "p is 2, need a whole number of at least 3"),
        (lambda: complexity(-1.5), "energy is -1.5, need one of at most -1.63"),
        (lambda: descend(p_spin(4, 0), torch.ones(2, 5).double()), r"states of shape \(2, 5\); need \(replicas, 4\)"),
        (lambda: descend(p_spin(4, 0), torch.ones(2, 4)), "states are torch.float32"),
        (lambda: descend(p_spin(4, 0), torch.zeros(2, 4).double()), "a state is zero"),
        (lambda: descend(p_spin(4, 0), torch.ones(2, 4).double() * math.nan), "not finite"),
        (lambda: descend(p_spin(4, 0), torch.ones(2, 4).double(), step=0.0), "step is 0.0"),
        (
            lambda: descend(p_spin(4, 0), torch.ones(2, 4).double(), tolerance=1e-16),
            "that torch.float64 can meet",
        ),
        (lambda: descend(p_spin(4, 0), torch.ones(2, 4).double(), steps=-1), "steps is -1"),
        (lambda: descend(p_spin(4, 0), torch.ones(2, 4).double(), times=[-1.0]), "need numbers from 0 on"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
