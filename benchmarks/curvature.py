"""Hessians of an MLP on digits: the whole spectrum, the top five eigenpairs, and products over unequal batches.

A 64-25-25-10 tanh network (2,535 parameters) under cross-entropy, after 300 steps of descent, one thread. The sides
take turns, and each one's time is the median of its turns, in seconds of the processor; beside it stands its error
against the dense eigenvalues. Peers are left out where they are not installed: pip install --no-deps
hessian-eigenthings==1.0.0a5 pyhessian==0.1 curvlinops-for-pytorch==3.0.1, the last with einops, einconv and
linear_operator. ARPACK is scipy's, on our products.
"""

import argparse
import copy
import time
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from _turns import Side, take_turns
from scipy.sparse.linalg import LinearOperator, eigsh
from torch.func import functional_call, grad, jvp, vmap
from torch.nn import functional as F

import landscape_lib
from landscape_lib.data import load
from landscape_lib.measure.curvature import eigenpairs, exact_hessian, hessian_product
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Stop, cross_entropy, gd, train

K, TOLERANCE = 5, 1e-4


def problem(points: int, dtype: torch.dtype) -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    images = load("digits")
    x, y = images.inputs.flatten(1)[:points].double(), images.labels[:points]
    nets = Population(lambda seed: MLP(64, 25, 2, outputs=10, activation="tanh", seed=seed), [1])
    run = train(nets, x, y, optimiser=gd(0.1), stop=Stop(300), loss=cross_entropy)
    return run.population.member(0).to(dtype), x.to(dtype), y


def spectrum() -> None:
    print("whole spectrum, P=300      Hessian, s   eigenvalues, s   both, s   error/λ₁")
    exact = None
    for dtype in (torch.float64, torch.float32):
        net, x, y = problem(300, dtype)
        began = time.process_time()
        H = exact_hessian(hessian_product(net, F.cross_entropy, [(x, y)]))
        halfway = time.process_time()
        values = torch.linalg.eigvalsh(H).double()
        ended = time.process_time()
        exact = values if exact is None else exact
        error = ((values - exact).abs().max() / exact.abs().max()).item()
        times = (halfway - began, ended - halfway, ended - began)
        print(f"{str(dtype)[6:]:22} {times[0]:14.2f} {times[1]:16.2f} {times[2]:9.2f} {error:10.0e}")
    net, x, y = problem(300, torch.float64)
    named = {name: value.detach() for name, value in net.named_parameters()}
    sizes, theta = [value.numel() for value in named.values()], torch.cat([v.flatten() for v in named.values()])

    def loss(theta: torch.Tensor) -> torch.Tensor:
        parts = zip(named.items(), theta.split(sizes), strict=True)
        return F.cross_entropy(functional_call(net, {name: part.view_as(v) for (name, v), part in parts}, (x,)), y)

    def forward_over_reverse(v: torch.Tensor) -> torch.Tensor:
        return jvp(grad(loss), (theta,), (v,))[1]

    others = {
        "autograd.functional": lambda: torch.autograd.functional.hessian(loss, theta),
        "vmap(jvp(grad)), 64": lambda: vmap(forward_over_reverse, chunk_size=64)(torch.eye(len(theta)).to(theta)),
    }
    for name, side in others.items():
        began = time.process_time()
        side()
        print(f"{name:22} {time.process_time() - began:14.2f}")


def arpack(net: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    product = hessian_product(net, F.cross_entropy, [(x, y)])
    like = np.dtype(str(x.dtype)[6:])
    start = np.random.default_rng(0).standard_normal(product.N).astype(like)
    operator = LinearOperator((product.N,) * 2, lambda v: product(torch.from_numpy(v.ravel())).numpy(), dtype=like)
    return eigsh(operator, K, which="LA", tol=TOLERANCE, v0=start)[0][::-1]


def eigenthings(net: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, steps: int) -> Any:
    import hessian_eigenthings as he

    operator = he.HessianOperator(net, [(x, y)], he.supervised_loss(F.cross_entropy))
    return he.lanczos(operator, k=K, max_iter=steps, which="LA", tol=TOLERANCE, reorthogonalize=True, seed=0)


def small(found: Any) -> bool:
    """Whether its residuals are what we ask of ours."""
    return bool((found.residuals <= TOLERANCE * found.eigenvalues.abs().max()).all()) and len(found.eigenvalues) == K


def doubling(net: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> Any:
    """From its default of 2 k steps on, twice as many until its residuals are small: it has no stopping rule."""
    steps = 2 * K
    while not small(found := eigenthings(net, x, y, steps)):
        steps *= 2
    return found


def pyhessian(net: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    from pyhessian import hessian

    return np.array(
        hessian(copy.deepcopy(net), F.cross_entropy, data=(x, y), cuda=False).eigenvalues(1000, TOLERANCE, K)[0]
    )


def top(points: int, dtype: torch.dtype, rounds: int) -> None:
    net, x, y = problem(points, dtype)
    H = exact_hessian(hessian_product(copy.deepcopy(net).double(), F.cross_entropy, [(x.double(), y)]))
    exact = torch.linalg.eigvalsh(H).flip(0)[:K].numpy()

    def ours() -> np.ndarray:
        return eigenpairs(hessian_product(net, F.cross_entropy, [(x, y)]), K, tolerance=TOLERANCE).values.numpy()

    sides: dict[str, Side] = {"block Lanczos (ours)": ours, "ARPACK": lambda: arpack(net, x, y)}
    if find_spec("hessian_eigenthings"):
        fewest = next(steps for steps in range(K, 200) if small(eigenthings(net, x, y, steps)))
        sides["eigenthings, default"] = lambda: eigenthings(net, x, y, 2 * K).eigenvalues.numpy()
        sides[f"eigenthings, {fewest} steps"] = lambda: eigenthings(net, x, y, fewest).eigenvalues.numpy()
        sides["eigenthings, doubling"] = lambda: doubling(net, x, y).eigenvalues.numpy()
    if find_spec("pyhessian") and dtype == torch.float32:
        sides["PyHessian"] = lambda: pyhessian(net, x, y)
    errors = {name: np.abs(np.sort(side())[::-1] - exact).max() / exact[0] for name, side in sides.items()}
    times = take_turns(sides, rounds)
    print(f"\ntop {K}, P={points}, {str(dtype)[6:]:10}       ms    ratio   error/λ₁")
    for name, ms in times.items():
        print(f"{name:24} {ms:8.1f} {ms / times['block Lanczos (ours)']:8.2f} {errors[name]:10.0e}")


def unequal() -> None:
    net, x, y = problem(100, torch.float64)
    batches = list(zip(x.split([60, 30, 10]), y.split([60, 30, 10]), strict=True))
    v = torch.randn(2535, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    whole = exact_hessian(hessian_product(net, F.cross_entropy, [(x, y)])) @ v
    found = {"ours": hessian_product(net, F.cross_entropy, batches)(v)}
    if find_spec("hessian_eigenthings"):
        import hessian_eigenthings as he

        found["eigenthings"] = he.HessianOperator(net, batches, he.supervised_loss(F.cross_entropy)).matvec(v)
    if find_spec("curvlinops"):
        from curvlinops import HessianLinearOperator

        found["curvlinops"] = (
            HessianLinearOperator(net, torch.nn.CrossEntropyLoss(), list(net.parameters()), batches) @ v
        )
    if find_spec("pyhessian"):
        from pyhessian import hessian

        peer, parts = copy.deepcopy(net), v.split([p.numel() for p in net.parameters()])
        measured = hessian(peer, F.cross_entropy, dataloader=batches, cuda=False)
        rows = measured.dataloader_hv_product([u.view_as(p) for u, p in zip(parts, net.parameters(), strict=True)])[1]
        found["PyHessian"] = torch.cat([row.detach().flatten() for row in rows])
    print("\none product, batches of 60, 30 and 10      relative error")
    for name, product in found.items():
        print(f"{name:42} {((product - whole).norm() / whole.norm()).item():.0e}")


def copies() -> None:
    """A linear readout of ten outputs under the squared loss has each eigenvalue ten times."""
    x = problem(300, torch.float64)[1]
    net, targets = torch.nn.Linear(64, 10, bias=False).double(), torch.zeros(300, 10, dtype=torch.float64)
    product = hessian_product(net, F.mse_loss, [(x, targets)])
    largest = torch.linalg.eigvalsh(exact_hessian(product))[-1].item()
    start = np.random.default_rng(0).standard_normal(640)
    operator = LinearOperator((640, 640), lambda u: product(torch.from_numpy(u.ravel())).numpy(), dtype=np.float64)
    found = {
        "ours": eigenpairs(product, 10).values.numpy(),
        "ARPACK": eigsh(operator, 10, which="LA", tol=TOLERANCE, v0=start)[0],
    }
    if find_spec("hessian_eigenthings"):
        import hessian_eigenthings as he

        peer = he.HessianOperator(net, [(x, targets)], he.supervised_loss(F.mse_loss))
        found["eigenthings"] = he.lanczos(peer, k=10, max_iter=40, which="LA", seed=0).eigenvalues.numpy()
    print("\ntop 10 of a readout whose λ₁ is tenfold      copies found")
    for name, values in found.items():
        print(f"{name:44} {int((np.abs(values - largest) < 1e-3 * largest).sum())}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="turns that each side takes (15)")
    options = parser.parse_args()
    landscape_lib.one_thread()
    warnings.filterwarnings("ignore", message="Using backward")  # PyHessian's
    missing = [name for name in ("hessian_eigenthings", "pyhessian", "curvlinops") if not find_spec(name)]
    if missing:
        print(f"not installed, and left out: {', '.join(missing)}\n")
    spectrum()
    for points, dtype in ((300, torch.float32), (300, torch.float64), (1797, torch.float32), (1797, torch.float64)):
        top(points, dtype, options.rounds)
    unequal()
    copies()


if __name__ == "__main__":
    main()
