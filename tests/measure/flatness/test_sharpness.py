"""Sharpness in a ball, on average, and in units, against quadratics, Hessians and what changes units."""

import pytest
import torch

from landscape_lib.measure.curvature import eigenpairs, exact_hessian, hessian_product, scaled_product, trace
from landscape_lib.measure.flatness import (
    adaptive_scale,
    average_sharpness,
    filter_scale,
    normalised_logits,
    sam_edge,
    worst_sharpness,
)
from landscape_lib.measure.surface import filter_normalised, random_direction, rescaled
from landscape_lib.nets import MLP, Population, ResidualMLP
from landscape_lib.training import Stop, adam, batch_mean, cross_entropy, mean_square, train

X = torch.randn(40, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
Y = torch.arange(40, dtype=torch.float64) % 3


@pytest.fixture(scope="module")
def nets():
    start = Population(lambda seed: MLP(4, 6, 2, outputs=3, seed=seed), seeds=[0, 1, 2])
    return train(start, X, Y, optimiser=adam(0.01), stop=Stop(300, None), loss=cross_entropy).population


def loss(outputs, labels):
    return batch_mean(cross_entropy)(outputs, labels)


def with_units(nets, layer, factor):
    """The same functions, a layer in other units."""
    twins = nets.take(range(len(nets)))
    for i, network in enumerate(nets.each()):
        values = rescaled(network, layer, factor).parameters()
        twins.weights[i] = torch.cat([value.detach().flatten() for value in values])
    torch.testing.assert_close(twins(X), nets(X))
    return twins


def test_small_balls_see_the_largest_eigenvalue():
    """At a minimum that is one: linear networks, least squares."""
    nets = Population(lambda seed: torch.nn.Linear(4, 1), seeds=[0, 1])
    full = torch.cat([X, torch.ones(40, 1)], dim=1)
    y = torch.randn(40, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    nets.weights[:] = torch.linalg.pinv(full) @ y
    H = full.T @ full / 40
    scale = torch.tensor([[1.0] * 5, [1.0, 4.0, 0.0, 2.0, 1.0]], dtype=torch.float64)
    for own in (None, scale):
        found = worst_sharpness(nets, X, y, radius=0.1, loss=mean_square, scale=own, steps=100)
        rows = torch.ones_like(nets.weights) if own is None else own
        top = torch.stack([torch.linalg.eigvalsh(d[:, None] * H * d)[-1] for d in rows])
        torch.testing.assert_close(found, 0.01 / 2 * top, rtol=1e-6, atol=0)
        mean, error = average_sharpness(nets, X, y, width=0.1, loss=mean_square, scale=own, draws=400)
        traces = torch.stack([(d.square() * H.diagonal()).sum() for d in rows])
        assert ((mean - 0.01 / 2 * traces).abs() < 4 * error).all() and (error < 0.1 * mean).all()


def test_no_random_step_of_the_ball_is_worse(nets):
    found = worst_sharpness(nets, X, Y, radius=0.5)
    for seed in range(200):
        u = torch.randn(nets.weights.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        moved = nets.take(range(3))
        moved.weights += 0.5 * u / u.norm(dim=1, keepdim=True)
        assert ((cross_entropy(moved(X), Y) - cross_entropy(nets(X), Y)).mean(1) <= found).all()


def test_larger_balls_are_worse(nets):
    found = torch.stack([worst_sharpness(nets, X, Y, radius=r) for r in (0.01, 0.1, 0.5, 1.0)])
    assert (found.diff(dim=0) > 0).all() and (found > 0).all()


@pytest.mark.parametrize("factor", [0.25, 8.0])
def test_what_units_of_layers_change(nets, factor):
    twins = with_units(nets, 1, factor)
    units = {None: lambda p: None, "adaptive": adaptive_scale, "filter": filter_scale}
    for name, scale in units.items():
        pairs = [worst_sharpness(p, X, Y, radius=0.3, scale=scale(p), starts=0) for p in (nets, twins)]
        pairs += [average_sharpness(p, X, Y, width=0.1, scale=scale(p), draws=10)[0] for p in (nets, twins)]
        same = [torch.allclose(a, b, rtol=1e-6) for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
        assert same == [name is not None] * 2, name


def test_units_of_single_neurons_change_filters_and_not_weights(nets):
    twins = nets.take(range(3))
    views = twins.views()
    views["layers.0.weight"][:, 2] *= 16
    views["layers.0.bias"][:, 2] *= 16
    views["layers.1.weight"][:, :, 2] /= 16
    torch.testing.assert_close(twins(X), nets(X))
    for scale, same in ((adaptive_scale, True), (filter_scale, False)):
        here, there = (worst_sharpness(p, X, Y, radius=0.3, scale=scale(p), starts=0) for p in (nets, twins))
        assert torch.allclose(here, there, rtol=1e-6) == same


def test_filters_are_as_long_as_those_of_slices(nets):
    network = nets.member(0)
    direction = filter_normalised(network, random_direction(network, seed=0))
    scale = filter_scale(nets)[0]
    drawn = torch.randn(2000, len(scale), generator=torch.Generator().manual_seed(0), dtype=torch.float64) * scale
    start = 0
    for value in network.parameters():
        if value.ndim < 2:
            assert not scale[start : start + value.numel()].any()
        else:
            ours = drawn[:, start : start + value.numel()].reshape(2000, *value.shape).square().sum(2).mean(0).sqrt()
            theirs = direction[start : start + value.numel()].reshape(value.shape).norm(dim=1)
            torch.testing.assert_close(ours, theirs, rtol=0.1, atol=0)
        start += value.numel()


def test_filters_of_normed_networks():
    nets = Population(lambda seed: ResidualMLP(4, 6, 1, outputs=3, batch_norm=True, seed=seed).eval(), seeds=[0])
    scale = nets.views(filter_scale(nets))
    for name, value in scale.items():
        assert bool(value.any()) == (value.ndim > 2), name


def test_logits_of_any_size_are_alike(nets):
    larger = nets.take(range(3))
    for name in ("layers.2.weight", "layers.2.bias"):
        larger.views()[name].mul_(100.0)
    own = normalised_logits(cross_entropy)
    torch.testing.assert_close(own(larger(X), Y), own(nets(X), Y))
    here, there = (worst_sharpness(p, X, Y, radius=0.3, loss=own, scale=adaptive_scale(p)) for p in (nets, larger))
    torch.testing.assert_close(here, there, rtol=1e-5, atol=0)
    plain = [worst_sharpness(p, X, Y, radius=0.3, scale=adaptive_scale(p)) for p in (nets, larger)]
    assert not torch.allclose(*plain, rtol=0.1)


def test_curvature_in_units_of_weights(nets):
    network = nets.member(0)
    product = hessian_product(network, loss, [(X, Y)])
    d, H = nets.weights[0].abs(), exact_hessian(product)
    scaled = scaled_product(product, d)
    assert trace(scaled, probes=scaled.N)[0] == pytest.approx((d.square() * H.diagonal()).sum().item())
    top = torch.linalg.eigvalsh(d[:, None] * H * d)[-1].item()
    assert eigenpairs(scaled, 1).values.item() == pytest.approx(top, rel=1e-4)
    with pytest.raises(ValueError, match=r"scale has shape \(3,\)"):
        scaled_product(product, torch.ones(3))


@pytest.mark.parametrize(("lr", "rho"), [(0.4, 0.02), (0.4, 0.1), (0.2, 0.1)])
def test_sharpness_aware_descent_has_an_edge_of_its_own(lr, rho):
    """In one weight: below the edge an oscillation of size G/λ shrinks, above it grows; λ + ρλ²/G = 2/η."""
    G = 0.3
    edge = sam_edge(lr, rho, G)
    assert edge + rho * edge**2 / G == pytest.approx(2 / lr) and edge < 2 / lr
    for factor in (0.99, 1.01):
        curvature = factor * edge
        w = G / curvature
        after = w - lr * curvature * (w + rho)
        assert (abs(after) > w) == (factor > 1)
    assert sam_edge(lr, 1e-12, G) == pytest.approx(2 / lr)


def test_door(as_user, nets):
    with pytest.raises(ValueError, match="radius is 0, need a positive number"):
        worst_sharpness(nets, X, Y, radius=0)
    with pytest.raises(ValueError, match="width is nan, need a positive number"):
        average_sharpness(nets, X, Y, width=float("nan"))
    with pytest.raises(ValueError, match="draws is 1, need a whole number of at least 2"):
        average_sharpness(nets, X, Y, width=0.1, draws=1)
    with pytest.raises(ValueError, match="starts is -1"):
        worst_sharpness(nets, X, Y, radius=0.1, starts=-1)
    with pytest.raises(ValueError, match=r"scale has shape \(3, 2\), need \(3,"):
        worst_sharpness(nets, X, Y, radius=0.1, scale=torch.ones(3, 2))
    with pytest.raises(ValueError, match="one point at least"):
        worst_sharpness(nets, X[:0], Y[:0], radius=0.1)
    with pytest.raises(ValueError, match="look for NaN"):
        worst_sharpness(nets, X * float("nan"), Y, radius=0.1)
    with pytest.raises(ValueError, match="two classes at least"):
        normalised_logits(cross_entropy)(torch.zeros(1, 2, 1), torch.zeros(2))
    with pytest.raises(ValueError, match="rho is 0, need a positive number"):
        sam_edge(0.1, 0, 1.0)
    trained = Population(lambda seed: ResidualMLP(4, 6, 1, outputs=3, batch_norm=True, seed=seed), seeds=[0])
    with pytest.raises(ValueError, match="in training mode"):
        worst_sharpness(trained, X, Y, radius=0.1)
