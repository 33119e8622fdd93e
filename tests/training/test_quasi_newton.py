"""Many functions minimised at once. Oracles: linear algebra, scipy, the recursion of two loops, known minima."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize, rosen, rosen_der
from torch.testing import assert_close

from landscape_lib.training._quasi_newton import QuasiNewton


def run(function, start, evaluations, memory=30):
    """Values at each evaluation, and the state at the end; ``function`` gives value and gradient of each row."""
    search = QuasiNewton(start, *function(start), memory)
    values = [search.value]
    for _ in range(evaluations):
        search.advance(*function(search.trial))
        values.append(search.value)
    return torch.stack(values), search


def differentiated(f):
    def function(x):
        leaf = x.detach().requires_grad_()
        values = f(leaf)
        return values.detach(), torch.autograd.grad(values.sum(), leaf)[0]

    return function


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def quadratics(n=4, N=6, seed=1):
    """½ xᵀ A x − b x with A positive, a function a row, and where each is smallest."""
    root, b = gaussian(n, N, N, seed=seed), gaussian(n, N, seed=seed + 1)
    A = root @ root.mT + 0.1 * torch.eye(N, dtype=torch.float64)

    def function(x):
        return 0.5 * torch.einsum("ni,nij,nj->n", x, A, x) - (b * x).sum(-1), (A @ x[..., None])[..., 0] - b

    return function, torch.linalg.solve(A, b)


def test_it_ends_where_linear_algebra_says():
    function, lowest = quadratics()
    _, search = run(function, gaussian(4, 6), 200)
    assert_close(search.point, lowest, rtol=1e-6, atol=1e-7)


def test_it_goes_where_scipy_goes_on_rosenbrock():
    start = torch.tensor([[-1.2, 1.0, -1.2, 1.0], [2.0, -1.0, 0.5, 2.0]], dtype=torch.float64)

    def function(x):
        rows = x.numpy()
        return torch.tensor([rosen(row) for row in rows]), torch.from_numpy(np.stack([rosen_der(row) for row in rows]))

    _, search = run(function, start, 150)
    for ours, begin in zip(search.point, start, strict=True):
        theirs = minimize(rosen, begin.numpy(), jac=rosen_der, method="L-BFGS-B", options={"ftol": 0, "gtol": 1e-9})
        assert_close(ours, torch.from_numpy(theirs.x), rtol=1e-5, atol=1e-5)


def test_its_direction_is_that_of_the_two_loops():
    """Nocedal & Wright, algorithm 7.4, written out for one row, on the pairs that were met."""
    function, _ = quadratics(n=1, N=12)
    search, memory, met = QuasiNewton(gaussian(1, 12), *function(gaussian(1, 12)), 5), 5, []
    for _ in range(14):
        before = search.point, search.gradient
        search.advance(*function(search.trial))
        if not torch.equal(before[0], search.point):
            met.append(((search.point - before[0])[0], (search.gradient - before[1])[0]))
            q, alphas = search.gradient[0].clone(), []
            for s, y in met[-memory:][::-1]:
                alphas.append((s @ q) / (y @ s))
                q -= alphas[-1] * y
            s, y = met[-1]
            q *= (s @ y) / (y @ y)
            for (s, y), alpha in zip(met[-memory:], alphas[::-1], strict=True):
                q += s * (alpha - (y @ q) / (y @ s))
            assert_close(search.direction[0], -q, rtol=1e-6, atol=1e-9)
    assert len(met) > 2 * memory  # the oldest pairs were overwritten, more than once


def test_rows_do_not_know_of_each_other():
    function, _ = quadratics(n=3)
    start = gaussian(3, 6)
    together, _ = run(function, start, 30)
    for i in range(3):

        def alone(x, i=i):
            values, gradients = function(x.expand(3, -1))
            return values[i : i + 1], gradients[i : i + 1]

        assert_close(run(alone, start[i : i + 1], 30)[0][:, 0], together[:, i], rtol=1e-6, atol=1e-9)


def test_rows_that_are_kept_go_on_as_before():
    function, lowest = quadratics(n=3)
    search = QuasiNewton(gaussian(3, 6), *function(gaussian(3, 6)))
    for _ in range(7):
        search.advance(*function(search.trial))
    search.keep(torch.tensor([False, True, True]))

    def others(x):
        values, gradients = function(torch.cat([x[:1], x]))
        return values[1:], gradients[1:]

    for _ in range(150):
        search.advance(*others(search.trial))
    assert_close(search.point, lowest[1:], rtol=1e-6, atol=1e-7)


def test_it_finds_the_bottom_of_a_kink_and_says_so():
    """|x₁| + 2 |x₂ − 1| + x₃²: the gradient vanishes nowhere near the minimum (0, 1, 0)."""
    function = differentiated(lambda x: x[:, 0].abs() + 2 * (x[:, 1] - 1).abs() + x[:, 2].square())
    values, search = run(function, torch.tensor([[3.0, -2.0, 1.0], [-0.3, 5.0, -2.0]], dtype=torch.float64), 400)
    assert (values[-1] < 1e-6).all()
    assert (search.kinks > 0).all()
    assert (search.gradient.norm(dim=-1) > 0.5).all()


@pytest.mark.parametrize("memory", [1, 2, 30])
def test_values_never_rise(memory):
    bumpy = differentiated(lambda x: x.square().sum(-1) + 3 * (5 * x).sin().abs().sum(-1))
    values, search = run(bumpy, gaussian(6, 4), 150, memory)
    assert (values.diff(dim=0) <= 0).all()
    assert_close(bumpy(search.point)[0], search.value)


def test_a_value_that_is_no_number_is_too_high():
    """log x has none left of zero; the first step overshoots."""
    function = differentiated(lambda x: (x.log().square()).sum(-1))
    values, search = run(function, torch.tensor([[20.0, 0.05]], dtype=torch.float64), 60)
    assert values.isfinite().all()
    assert_close(search.point, torch.ones(1, 2, dtype=torch.float64), rtol=1e-5, atol=1e-5)


def test_where_nothing_is_lower_it_is_stuck():
    """At the bottom of a kink, along −∇f, all is higher."""
    function = differentiated(lambda x: x.abs().sum(-1))
    start = torch.zeros(2, 3, dtype=torch.float64)
    search = QuasiNewton(start, torch.zeros(2, dtype=torch.float64), torch.ones(2, 3, dtype=torch.float64))
    for _ in range(60):
        search.advance(*function(search.trial))
    assert search.stuck.all()
    assert (search.point == 0).all()
