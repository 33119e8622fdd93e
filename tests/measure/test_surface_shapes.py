"""Roughness, bends, basins and curvatures of slices whose shape is known."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from landscape_lib.measure.surface import Basin, basin, concave_share, principal_curvatures, roughness

X = torch.linspace(-1, 1, 51, dtype=torch.float64)
FINE = torch.linspace(-1, 1, 100_001, dtype=torch.float64)
HEIGHTS = arrays(float, st.integers(2, 30), elements=st.floats(-100, 100, width=16)).map(torch.from_numpy)


@given(st.floats(-0.9, 0.9), st.floats(0.01, 100), st.floats(0, 5))
def test_a_convex_slice_is_smooth(centre, height, slope):
    f = height * torch.cosh(X - centre) + slope * X.clamp(min=centre)
    assert roughness(f) == 0 and concave_share(X, f) == 0


@given(HEIGHTS)
def test_roughness_is_the_variation_that_no_single_minimum_asks_for(f):
    spread = (f.max() - f.min()).item()
    found = roughness(f).item()
    if spread == 0:
        assert found == 0
        return
    least = f[0] + f[-1] - 2 * f.min()
    assert found == pytest.approx(((f.diff().abs().sum() - least) / (2 * spread)).item(), abs=1e-9)
    assert found == pytest.approx(roughness(3 * f - 7).item(), abs=1e-9)
    assert found == pytest.approx(roughness(f.flip(0)).item(), abs=1e-9)
    assert 0 <= found <= len(f) / 2


@given(HEIGHTS)
def test_what_falls_and_then_rises_is_smooth(f):
    ordered = torch.cat([f.sort(descending=True).values, f.sort().values])
    assert roughness(ordered) == 0


@pytest.mark.parametrize("slope", [0.5, 1.0, 2.0])
def test_waves_on_a_parabola(slope):
    """(a k)²/8: the mean over a wave's phase of what it falls against the parabola."""
    k = 3000.0
    f = FINE.square() + slope / k * torch.sin(k * FINE)
    assert roughness(f).item() == pytest.approx(slope**2 / 8, rel=0.01)  # a wave in 500 meets an end
    share = math.acos(2 / (slope * k)) / math.pi
    assert concave_share(FINE, f, rounding=1e-12).item() == pytest.approx(share, rel=0.01)


def test_where_a_wave_is_too_weak_to_bend_the_parabola_it_leaves_no_trace():
    f = FINE.square() + 0.9 * 2 / 30**2 * torch.sin(30 * FINE)
    assert roughness(f) == 0 and concave_share(FINE, f, rounding=1e-13) == 0


def test_a_hump_counts_by_its_height_over_the_range():
    wells = torch.tensor([[2.0, 0.0, 1.0, 0.0, 2.0], [0.0, 1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 2.0, 3.0, 4.0]])
    assert roughness(wells).tolist() == [0.5, 1.0, 0.0]
    holes = torch.tensor([2.0, 0.0, math.nan, 1.0, 0.0, math.inf, 2.0])
    assert roughness(holes) == 0.5
    assert roughness(torch.tensor([math.nan, 1.0])).isnan()


def test_bends_are_counted_where_they_can_be_seen():
    assert concave_share(X, -X.square()) == 1
    assert concave_share(X, 3 * X + 1) == 0, "a straight slice has none, whatever rounding says"
    uneven = X.sign() * X.square()
    assert concave_share(uneven, uneven.square()) == 0 and concave_share(uneven, -uneven.square()) == 1
    hole = -X.square()
    hole[10] = math.inf  # itself and its neighbours
    assert concave_share(X, hole) == 1
    assert concave_share(X, torch.full_like(X, math.nan)).isnan()


@given(st.floats(0.05, 0.9), st.floats(0.05, 0.9))
def test_the_width_of_a_parabola_of_two_halves(left, right):
    """f = x² with another unit on either side: the threshold 1 is passed at these points."""
    f = torch.where(X < 0, X / left, X / right).square()
    found = basin(X, f, 1.0)
    # By linear interpolation within a step h the error is at most h²/8 · f''/f' = h²/(8 · width) < 0.01
    assert found.left == pytest.approx(-left, abs=0.01) and found.right == pytest.approx(right, abs=0.01)
    assert found.width == pytest.approx(left + right, abs=0.02) and not (found.left_open or found.right_open)


def test_straight_walls_are_met_exactly_and_open_sides_are_told():
    x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert basin(x, x.abs(), 1.5) == Basin(-1.5, 1.5, False, False)
    assert basin(x, x.abs(), 1.0) == Basin(-1.0, 1.0, False, False)
    assert basin(x, x.clamp(min=0), 0.5) == Basin(-2.0, 0.5, True, False)
    assert basin(x, x.abs() + 1, 0.5) == Basin(0.0, 0.0, False, False), "above from the start"
    assert basin(x, torch.tensor([0.0, math.nan, 0.0, 0.0, math.inf]), 1.0) == Basin(0.0, 1.0, False, False)
    assert basin(x, torch.tensor([0.0, 2.0, 0.0, 2.0, 0.0]), 1.0) == Basin(-0.5, 0.5, False, False), "the first wall"


@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6), st.floats(0.1, 10))
def test_curvatures_of_a_quadratic_plane_are_its_eigenvalues(coefficients, step):
    a, b, c, d, e, f = coefficients
    x, y = step * torch.arange(-2.0, 3).double(), step * torch.arange(4.0).double()
    loss = a * x[:, None] ** 2 / 2 + b * x[:, None] * y + c * y**2 / 2 + d * x[:, None] + e * y + f
    low, high = principal_curvatures((x, y), loss)
    exact = torch.linalg.eigvalsh(torch.tensor([[a, b], [b, c]], dtype=torch.float64))
    assert low.shape == high.shape == (3, 2)
    error = 1e-12 / step**2 + 1e-9  # rounding of the losses, some ten, over a step's square
    assert torch.allclose(low, exact[0].expand(3, 2), atol=error)
    assert torch.allclose(high, exact[1].expand(3, 2), atol=error)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: concave_share(X, X[1:]), r"concave_share: coordinates of shape \(51,\), loss of \(50,\)"),
        (lambda: concave_share(X.flip(0), X), "increasing"),
        (lambda: basin(X, X[1:], 1.0), r"basin: coordinates of shape \(51,\)"),
        (lambda: basin(X.flip(0), X, 1.0), "coordinates increasing"),
        (lambda: principal_curvatures((X, X), X[:, None] * X[1:]), "a loss of shape"),
        (lambda: principal_curvatures((X[:2], X), X[:2, None] * X), "3 × 3 at least"),
        (lambda: principal_curvatures((X**3, X), X[:, None] * X), "not equally spaced"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()
