"""Soft discs and ellipses: when they touch, how hard they push, where they come to rest, and what holds them."""

import cmath
import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.optimize
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from landscape_lib.measure.packings import (
    Contacts,
    Packings,
    contacts,
    count,
    energy,
    forces,
    isostatic,
    jam,
    missing_contacts,
    picture,
    random_packings,
    relax,
)
from landscape_lib.measure.packings._interactions import candidates, flat, meet, push
from landscape_lib.measure.packings._overlap import ellipses, touch

seeds = st.integers(0, 999)
aspects = st.sampled_from([1.0, 1.05, 1.3, 1.5, 2.0, 3.0])
DENSE = 0.9


def packed(seed=0, aspect=1.3, density=DENSE, n=24):
    return random_packings(n, density, seeds=[seed, seed + 1], aspect=aspect)


def two(positions, angles=(0.0, 0.0), radii=(0.1, 0.1), aspect=1.0):
    """One packing of two grains."""
    rows = [torch.tensor([row], dtype=torch.float64) for row in (positions, angles, radii)]
    return Packings(*rows, aspect)


# when two grains touch


def touching_scale(r, axes, angles):
    """The least t at which the ellipses, t times as large, share a point: no Perram, no Wertheim.

    Walk around the first ellipse; where the second one's gauge is least, it has to be t.
    """

    def gauge(t, where):
        point = cmath.exp(1j * angles[0]) * t * (axes[0][0] * np.cos(where) + 1j * axes[0][1] * np.sin(where))
        seen = cmath.exp(-1j * angles[1]) * (point - complex(*r))
        return np.hypot(seen.real / axes[1][0], seen.imag / axes[1][1])

    def gap(t):
        around = np.linspace(0, 2 * math.pi, 100)
        best = around[np.argmin(gauge(t, around))]
        found = scipy.optimize.minimize_scalar(
            lambda where: gauge(t, where), bounds=(best - 0.1, best + 0.1), method="bounded", options={"xatol": 1e-7}
        )
        return found.fun - t

    seen = cmath.exp(-1j * angles[0]) * complex(
        *r
    )  # at the upper end the first ellipse goes through the other's centre
    return scipy.optimize.brentq(gap, 0, math.hypot(seen.real / axes[0][0], seen.imag / axes[0][1]), xtol=1e-12)


def mu(r, axes, angles, steps=4):
    a, b, angle = (torch.tensor(row, dtype=torch.float64)[:, None] for row in (*zip(*axes, strict=True), angles))
    apart = torch.tensor([complex(*r)], dtype=torch.complex128)
    return touch(apart, ellipses(a, b, angle), steps=steps).F.sqrt().item()


@settings(max_examples=60)
@given(
    first=st.tuples(st.floats(1, 3), st.floats(0, math.pi)),
    second=st.tuples(st.floats(1, 3), st.floats(0, math.pi)),
    size=st.floats(1 / 1.4, 1.4),
    direction=st.floats(0, 2 * math.pi),
    distance=st.floats(0.5, 3),
)
def test_scaled_by_mu_two_ellipses_just_touch(first, second, size, direction, distance):
    r = distance * np.array([math.cos(direction), math.sin(direction)])
    axes = [(scale * aspect**0.5, scale / aspect**0.5) for scale, (aspect, _) in ((1, first), (size, second))]
    angles = [first[1], second[1]]
    # The walk ends within 1e-7 of the least gauge, which is flat there: its value is exact to 1e-13.
    assert mu(r, axes, angles) == pytest.approx(touching_scale(r, axes, angles), rel=1e-9)


@pytest.mark.parametrize(
    "angles, direction, distance",
    [((0, 0), 0, 4), ((0, math.pi), 0, 4), ((0, 0), math.pi / 2, 2), ((0, math.pi / 2), 0, 3)],
    ids=["end to end", "turned by 180°", "side by side", "end to side"],
)
def test_ellipses_along_their_axes_touch_at_the_sum_of_these(angles, direction, distance):
    r = 1.7 * np.array([math.cos(direction), math.sin(direction)])
    assert mu(r, [(2, 1), (2, 1)], angles) == pytest.approx(1.7 / distance, rel=1e-12)


@given(angle=st.floats(0, math.pi), direction=st.floats(0, 2 * math.pi), distance=st.floats(0.1, 3))
def test_equal_ellipses_that_are_aligned_touch_like_discs_in_a_stretched_plane(angle, direction, distance):
    r = distance * np.array([math.cos(direction), math.sin(direction)])
    along = direction - angle
    expected = distance * math.hypot(math.cos(along) / 2, math.sin(along)) / 2
    assert mu(r, [(2, 1), (2, 1)], (angle, angle)) == pytest.approx(expected, rel=1e-12)


@given(R=st.floats(0.1, 3), other=st.floats(0.1, 3), distance=st.floats(0.1, 3))
def test_discs_touch_at_the_sum_of_their_radii(R, other, distance):
    assert mu((distance, 0), [(R, R), (other, other)], (0, 1)) == pytest.approx(distance / (R + other), rel=1e-12)


@pytest.mark.parametrize("aspect, steps", [(1.3, 2), (1.5, 2), (2.0, 4), (3.0, 4)])
def test_halleys_steps_end_at_the_maximum(aspect, steps):
    """Over 20,000 pairs of sizes 1 and 1.4: f′ changes sign at λ, found by bisection."""
    generator = torch.Generator().manual_seed(0)
    size = 1 + 0.4 * torch.randint(2, (2, 20_000), generator=generator).double()
    angle, direction = (
        math.pi * torch.rand(shape, generator=generator, dtype=torch.float64) for shape in ((2, 20_000), 20_000)
    )
    grains = ellipses(size * aspect**0.5, size / aspect**0.5, angle)
    r = torch.polar(torch.ones_like(direction), 2 * direction)

    def F(weight):
        mean, split = (part[0] + weight * (part[1] - part[0]) for part in grains[:2])
        return weight * (1 - weight) * (mean - (split.conj() * r * r).real) / (mean**2 - split.abs() ** 2)

    low, high = torch.zeros_like(direction), torch.ones_like(direction)
    for _ in range(40):
        weight = (low + high) / 2
        weight.requires_grad_()
        (slope,) = torch.autograd.grad(F(weight).sum(), weight)
        weight = weight.detach()
        low, high = torch.where(slope > 0, weight, low), torch.where(slope > 0, high, weight)
    found = touch(r, grains, steps=steps)
    # Bisection ends at 2⁻⁴⁰ = 1e-12, Halley's steps at 1e-12 or better.
    assert_close(found.weight, low, rtol=0, atol=3e-12)
    assert_close(found.F, F(low), rtol=1e-14, atol=0)


# energy and forces


@given(seed=seeds, aspect=aspects)
def test_forces_and_torques_are_those_of_autograd(seed, aspect):
    """Autograd goes through Halley's steps; the closed form does not know of them."""
    packings = packed(seed, aspect)
    x, angles = packings.positions.clone().requires_grad_(), packings.angles.clone().requires_grad_()
    total = energy(replace(packings, positions=x, angles=angles)).sum()
    dx, dangle = torch.autograd.grad(total, (x, angles), allow_unused=True)
    found = forces(packings)
    assert found.abs().max() > 1
    # Over 1000 draws 2e-14 at most; the λ of aspect 3 is exact to 1e-12, which autograd sees and the envelope does not.
    assert_close(found[..., :2], -dx, rtol=0, atol=1e-11)
    assert_close(found[..., 2], torch.zeros_like(angles) if dangle is None else -dangle, rtol=0, atol=1e-11)


@given(seed=seeds, aspect=aspects)
def test_forces_and_torques_are_differences_of_the_energy(seed, aspect):
    packings = packed(seed, aspect)
    way = torch.randn(*packings.radii.shape, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    h = 1e-5

    def at(step):
        return energy(
            replace(
                packings,
                positions=packings.positions + step * way[..., :2],
                angles=packings.angles + step * way[..., 2],
            )
        )

    slope = (at(h) - at(-h)) / (2 * h)
    # h² times third derivatives (1e-10 · 1e4) in general; a contact made or broken on the way costs up to h · 1e3.
    assert_close(-(forces(packings) * way).sum((1, 2)), slope, rtol=0, atol=2e-2)
    assert (slope.abs() > 0.2).any()


@given(seed=seeds, aspect=aspects)
def test_forces_add_up_to_nothing_and_so_do_the_moments_of_each_pair(seed, aspect):
    packings = packed(seed, aspect)
    # 32 sums of terms up to 10
    assert forces(packings)[..., :2].sum(1).abs().max() < 1e-12
    pairs = candidates(packings)
    acts, r = push(*flat(packings), pairs), contacts(packings).apart
    if aspect == 1:
        assert acts.torques is None
        return
    touching = acts.overlap > 0
    force = torch.view_as_real(acts.force[touching])
    moment = r[:, 0] * force[:, 1] - r[:, 1] * force[:, 0]
    # Turning both grains about the first one's centre changes nothing: −τ₁ − τ₂ = r × f.
    assert_close(-acts.torques[:, touching].sum(0), moment, rtol=0, atol=1e-12)


@given(seed=seeds)
def test_discs_are_the_ellipses_of_aspect_one(seed):
    packings = packed(seed, aspect=1.0)
    pairs = candidates(packings)
    discs, (_, (F, _, _)) = push(*flat(packings), pairs), meet(*flat(packings), pairs)
    assert_close(discs.overlap, (1 - F.sqrt()).clamp(min=0), rtol=0, atol=1e-14)
    # Nearly discs: forces differ by the order of α − 1.
    nearly = replace(packings, aspect=1 + 1e-9)
    assert_close(forces(nearly)[..., :2], forces(packings)[..., :2], rtol=0, atol=1e-6)


@given(seed=seeds, aspect=aspects, shift=st.tuples(st.floats(-2, 2), st.floats(-2, 2)))
def test_translating_all_grains_changes_nothing(seed, aspect, shift):
    packings = packed(seed, aspect)
    moved = replace(packings, positions=packings.positions + torch.tensor(shift, dtype=torch.float64))
    # positions up to 3 are rounded at 4e-16, forces change 1e3 times as fast
    assert_close(energy(moved), energy(packings), rtol=1e-11, atol=0)
    assert_close(forces(moved), forces(packings), rtol=0, atol=1e-11)


@given(seed=seeds, aspect=aspects)
def test_a_quarter_turn_turns_the_forces(seed, aspect):
    packings = packed(seed, aspect)
    x, y = packings.positions.unbind(-1)
    turned = replace(packings, positions=torch.stack([-y, x], dim=-1), angles=packings.angles + math.pi / 2)
    fx, fy, torque = forces(packings).unbind(-1)
    assert_close(forces(turned), torch.stack([-fy, fx, torque], dim=-1), rtol=0, atol=1e-11)


@given(seed=seeds, aspect=aspects)
def test_a_mirror_mirrors_the_forces_and_turns_torques_around(seed, aspect):
    packings = packed(seed, aspect)
    mirror = torch.tensor([-1.0, 1.0], dtype=torch.float64)
    mirrored = replace(packings, positions=packings.positions * mirror, angles=-packings.angles)
    expected = forces(packings) * torch.tensor([-1.0, 1.0, -1.0], dtype=torch.float64)
    assert_close(forces(mirrored), expected, rtol=0, atol=1e-11)


@given(seed=seeds, aspect=aspects)
def test_grains_have_no_names_and_ellipses_no_front(seed, aspect):
    packings = packed(seed, aspect)
    order = torch.randperm(24, generator=torch.Generator().manual_seed(seed))
    renamed = Packings(
        packings.positions[:, order], packings.angles[:, order] + math.pi, packings.radii[:, order], aspect
    )
    assert_close(forces(renamed), forces(packings)[:, order], rtol=0, atol=1e-11)


@given(seed=seeds, aspect=aspects)
def test_packings_do_not_feel_each_other(seed, aspect):
    packings = packed(seed, aspect)
    # The processor takes cosines by fours, and the last ones differently: rounding, no more.
    assert_close(energy(packings)[1:], energy(packings[1:]), rtol=1e-13, atol=0)
    assert_close(forces(packings)[1:], forces(packings[1:]), rtol=0, atol=1e-13)


def test_two_discs_by_hand():
    """Radii 0.1 and 0.1 at a distance of 0.15 across the border: μ = ¾, E = 1/32, force ¼ / 0.2."""
    pair = two([[0.05, 0.5], [0.9, 0.5]])
    assert energy(pair).item() == pytest.approx(1 / 32, rel=1e-14)
    assert forces(pair)[0, 0].tolist() == pytest.approx([1.25, 0, 0], rel=1e-14)
    found = contacts(pair)
    assert found.apart[0].tolist() == pytest.approx([-0.15, 0], rel=1e-12)
    assert found.arm[0].tolist() == pytest.approx([-0.075, 0], rel=1e-12)
    assert found.force[0].tolist() == pytest.approx([-1.25, 0], rel=1e-12)


@given(seed=seeds, aspect=aspects)
def test_the_point_of_contact_lies_on_both_ellipses_scaled_by_mu(seed, aspect):
    packings = packed(seed, aspect)
    found = contacts(packings)
    assert len(found.overlap) > 20
    for grain, arm in ((found.first, found.arm), (found.second, found.arm - found.apart)):
        R, angle = packings.radii[found.packing, grain], packings.angles[found.packing, grain]
        along = arm[:, 0] * angle.cos() + arm[:, 1] * angle.sin()
        across = arm[:, 1] * angle.cos() - arm[:, 0] * angle.sin()
        gauge = (along.square() / aspect + across.square() * aspect).sqrt() / R
        # λ is exact to 1e-12 at worst, and the point moves as it does
        assert_close(gauge, 1 - found.overlap, rtol=0, atol=1e-10)


# coming to rest


@settings(max_examples=8)
@given(seed=seeds, aspect=st.sampled_from([1.0, 1.3, 2.0]), density=st.sampled_from([0.6, 0.9, 0.95]))
def test_grains_come_to_rest_below_where_they_began(seed, aspect, density):
    start = packed(seed, aspect, density)
    ends = relax(start)
    assert ends.arrived.all() and (ends.energy < energy(start) / 24).all()
    assert_close(ends.energy, energy(ends.packings) / 24, rtol=1e-6, atol=1e-20)
    assert ends.packings.radii.equal(start.radii)
    assert ((ends.packings.positions >= 0) & (ends.packings.positions < 1)).all()
    jammed = ends.energy > 1e-16
    found = contacts(ends.packings)
    for i in jammed.nonzero().flatten():
        typical = found.force[found.packing == i].norm(dim=1).mean()
        arm = start.radii[i] * (aspect**0.5 - aspect**-0.5) if aspect > 1 else 1
        left = forces(ends.packings)[i]
        assert torch.stack([left[:, 0], left[:, 1], left[:, 2] / arm]).norm(dim=0).max() < 1.01e-4 * typical


@pytest.mark.parametrize("aspect", [1.0, 1.5])
def test_on_its_way_the_energy_is_never_above_the_start_and_hardly_ever_rises(aspect):
    start = packed(aspect=aspect)
    levels = torch.stack([relax(start, steps=steps).energy for steps in range(0, 120, 8)])
    # FIRE has inertia, and stops only after it has gone uphill: by less than a thousandth of the start, here.
    assert (levels.diff(dim=0) < 1e-3 * levels[0]).all()
    assert_close(levels[0], energy(start) / 24, rtol=1e-12, atol=0)


def test_a_packing_goes_its_way_whatever_the_others_do():
    """Batched with three others or alone: the same minimum, up to the squares of residuals of 1e-4."""
    four = random_packings(16, DENSE, seeds=range(4), aspect=1.3)
    together, alone = relax(four), [relax(four[i : i + 1]) for i in range(4)]
    assert_close(together.energy, torch.cat([one.energy for one in alone]), rtol=1e-6, atol=0)


def test_loose_grains_feel_nothing_in_the_end():
    ends = relax(random_packings(16, 0.5, seeds=range(5)))
    assert (ends.energy < 1e-16).all() and ends.arrived.all()


def test_without_steps_nothing_moves_and_nobody_has_arrived():
    start = packed()
    ends = relax(start, steps=0)
    assert_close(ends.packings.positions, start.positions, rtol=0, atol=0)
    assert_close(ends.packings.angles, start.angles, rtol=0, atol=1e-15)
    assert not ends.arrived.any() and (ends.steps == 0).all() and (ends.residual > 1).all()


# counting


def network(bonds, n=6):
    """Contacts of one packing, as if they had been found."""
    first, second = torch.tensor(bonds).T
    plane = torch.zeros(len(bonds), 2, dtype=torch.float64)
    return Contacts(torch.zeros_like(first), first, second, plane[:, 0], plane, plane, plane)


SOME = random_packings(6, 0.1, seeds=[0])
TETRAHEDRON = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def test_rattlers_are_taken_away_until_every_grain_has_three_contacts():
    """Grain 4 has three contacts, but one of them is with grain 5, which has two."""
    found = count(SOME, network([*TETRAHEDRON, (3, 4), (2, 4), (4, 5), (5, 1)]))
    assert found.rattlers.tolist() == [[False] * 4 + [True] * 2]
    assert (found.contacts.item(), found.held.item(), found.z.item()) == (6, 4, 3.0)
    assert found.isostatic.item() == 4 - 2 / 4


def test_where_nobody_is_held_there_is_no_contact_number():
    found = count(SOME)
    assert found.held.item() == 0 and found.rattlers.all()
    assert found.z.isnan().all() and found.isostatic.isnan().all() and found.deficit.isnan().all()


@given(n=st.integers(1, 1000))
def test_isostatic_packings_have_a_contact_more_than_coordinates_less_translations(n):
    for aspect, freedoms in ((1.0, 2), (1.3, 3)):
        assert isostatic(torch.tensor([n]), aspect).item() * n / 2 == pytest.approx(freedoms * n - 1, rel=1e-5)


# the transition

GOAL = {1.0: 1e-10, 1.3: 1e-8}  # the default is 6e-10; discs are quick, ellipses slow


@pytest.fixture(scope="module")
def jammed():
    return {
        aspect: jam(random_packings(20, DENSE, seeds=range(4), aspect=aspect), energy=goal)
        for aspect, goal in GOAL.items()
    }


def test_discs_at_the_transition_have_exactly_as_many_contacts_as_they_need(jammed):
    """2N′ − 1 contacts, no tolerance: 4 with the finite-size term (O'Hern et al. 2003; Goodrich et al. 2012)."""
    found = count(jammed[1.0].packings)
    assert found.contacts.equal(2 * found.held - 1)
    assert (found.held >= 15).all()


def test_ellipses_at_the_transition_have_fewer(jammed):
    found = count(jammed[1.3].packings)
    assert (found.contacts < 3 * found.held - 1).all() and (found.contacts > 2 * found.held - 1).all()


@pytest.mark.parametrize("aspect", [1.0, 1.3])
def test_a_jammed_packing_has_the_energy_asked_for_and_a_little_less_room_unjams_it(jammed, aspect):
    ends, goal = jammed[aspect], GOAL[aspect]
    assert ends.arrived.all() and ((ends.energy > goal / 4) & (ends.energy < 4 * goal)).all()
    assert ((ends.packings.density > 0.78) & (ends.packings.density < 0.92)).all()
    # √E is at most twice that of the goal and falls by 0.3 or more per unit of density: to zero within 7e-4.
    below = relax(ends.packings.at_density(ends.packings.density - 1e-3), zero=0.1 * goal)
    assert (below.energy < 0.1 * goal).all()


def test_the_count_of_contacts_does_not_depend_on_the_energy_within_a_decade(jammed):
    for aspect, ends in jammed.items():
        lower = jam(ends.packings, energy=GOAL[aspect] / 10)
        assert count(lower.packings).contacts.equal(count(ends.packings).contacts), aspect


def test_jamming_does_not_depend_on_the_batch(jammed):
    alone = jam(random_packings(20, DENSE, seeds=[3]), energy=GOAL[1.0])
    # √E is known within a factor of two of 1e-5, the density within 2e-5 / 0.3.
    assert alone.packings.density.item() == pytest.approx(jammed[1.0].packings.density[3].item(), abs=7e-5)


def test_loose_grains_grow_until_they_jam():
    ends = jam(random_packings(16, 0.6, seeds=[0, 1]))
    assert ends.arrived.all() and (ends.packings.density > 0.7).all()


# starts and doors


@given(seed=seeds, aspect=aspects, density=st.floats(0.01, 0.95))
def test_a_start_has_its_density_and_half_of_its_grains_large(seed, aspect, density):
    """Twenty grains, the fewest of which none is longer than half of the square at any of these settings."""
    start = random_packings(20, density, seeds=[seed, 5], aspect=aspect)
    assert_close(start.density, torch.full((2,), density, dtype=torch.float64), rtol=1e-13, atol=0)
    assert_close(start.radii[:, 10:] / start.radii[:, :10], torch.full((2, 10), 1.4, dtype=torch.float64))
    assert start[:1].positions.equal(random_packings(20, 0.3, seeds=[seed]).positions)
    assert len(start) == 2


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"n": 1}, "n is 1, need an even number of at least 2"),
        ({"n": 7}, "n is 7, need an even number"),
        ({"n": True}, "n is True"),
        ({"n": 8.0}, "n is 8.0"),
        ({"seeds": []}, "got no seeds, need at least one"),
        ({"density": 0.0}, r"density: got \[0.0.*need numbers above 0 and at most 1"),
        ({"density": -0.5}, r"density: got \[-0.5"),
        ({"density": 1.01}, r"density: got \[1.01"),
        ({"density": math.nan}, r"density: got \[nan"),
        ({"aspect": 0.9}, r"aspect is 0.9, need a number from 1 \(discs\) to 3"),
        ({"aspect": 3.1}, "aspect is 3.1"),
        ({"aspect": math.nan}, "aspect is nan"),
        ({"n": 2}, r"in packings \[0\] the largest grain is longer than half of the square .*; take more grains"),
    ],
    ids=str,
)
def test_door_starts(as_user, wrong, says):
    with pytest.raises(ValueError, match=says):
        random_packings(**{"n": 16, "density": 0.8, "seeds": [0], **wrong})


@pytest.mark.parametrize(
    "change, says",
    [
        (
            {"positions": torch.zeros(1, 2, 3)},
            r"positions \(1, 2, 3\), angles \(1, 2\), radii \(1, 2\); need \(packings",
        ),
        ({"angles": torch.zeros(2)}, r"angles \(2,\)"),
        ({"radii": torch.full((1, 2), math.nan)}, r"radii has NaN or infinity in packings \[0\]"),
        ({"positions": torch.full((1, 2, 2), math.inf)}, r"positions has NaN or infinity in packings \[0\]"),
        ({"radii": torch.tensor([[0.1, 0.0]])}, r"radii in packings \[0\] are not positive"),
    ],
)
def test_door_packings(as_user, change, says):
    with pytest.raises(ValueError, match=says):
        replace(two([[0.0, 0.0], [0.5, 0.5]]), **change)


@pytest.mark.parametrize("shape", [(0, 4), (2, 0), (2, 1)])
def test_door_nothing_to_pack(as_user, shape):
    with pytest.raises(
        ValueError, match=f"{shape[0]} packings of {shape[1]} grains; need at least one, of at least two"
    ):
        Packings(torch.zeros(*shape, 2), torch.zeros(shape), torch.ones(shape))


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: relax(packed(), tolerance=0.0), "tolerance 0.0; need an energy ≥ 0 and a share > 0"),
        (lambda: relax(packed(), tolerance=math.nan), "tolerance nan"),
        (lambda: relax(packed(), zero=-1.0), "zero is -1.0"),
        (lambda: relax(packed(), steps=-1), "steps is -1, need a whole number of at least 0"),
        (lambda: relax(packed(), steps=1.5), "steps is 1.5"),
        (lambda: jam(packed(), energy=0.0), "energy is 0.0, need a small positive number, below 1e-3"),
        (lambda: jam(packed(), energy=math.nan), "energy is nan"),
    ],
)
def test_door_rest(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_missing_contacts_are_those_of_ellipses_beyond_what_discs_are_off_on_either_side():
    ellipses = [0.1, 0.12, 0.08]
    value, interval = missing_contacts(ellipses, [0.01, -0.01, 0.01])
    assert value == pytest.approx(0.09) and interval[0] < value < interval[1]
    assert missing_contacts(ellipses, [0.01, 0.01, 0.01]) == (value, interval)
    with pytest.raises(ValueError, match=r"δ of shapes \(3,\) and \(2,\); need one of each a seed"):
        missing_contacts(ellipses, [0.0, 0.0])


def test_a_picture_shows_every_grain_nine_times_and_each_contact_where_its_grains_meet():
    jammed = relax(random_packings(12, 0.95, seeds=[3, 4], aspect=1.3)).packings
    drawn, found, counted = picture(jammed, 1), contacts(jammed[1:]), count(jammed[1:])
    assert len(drawn.centres) == 9 * 12 and len(drawn.paths) == 9 * len(found.first) > 0
    inside = ((drawn.centres >= 0) & (drawn.centres < 1)).all(1)
    assert inside.sum() == 12 and drawn.held[inside].sum() == counted.held[0]
    assert_close(math.pi / 4 * (drawn.length * drawn.breadth)[inside].sum(), jammed.density[1])
    assert_close(drawn.length / drawn.breadth, torch.full_like(drawn.length, 1.3))
    assert_close(drawn.strength.mean(), torch.ones_like(drawn.strength[0]))
    # Both ends of a path are centres of shown grains, but where it leaves the nine squares.
    middle = ((drawn.paths[:, 0] >= 0) & (drawn.paths[:, 0] < 1)).all(1)
    ends = drawn.paths[middle][:, [0, 2]].flatten(0, 1)
    assert (ends[:, None] - drawn.centres).norm(dim=2).amin(1).max() < 1e-12


@pytest.mark.parametrize("which", [-1, 2, True, 0.0])
def test_door_picture(as_user, which):
    with pytest.raises(ValueError, match=f"picture: which is {which!r}, need a whole number from 0 to 1"):
        picture(random_packings(8, 0.3, seeds=[0, 1]), which)
