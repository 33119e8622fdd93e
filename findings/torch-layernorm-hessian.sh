#!/bin/sh
# torch 2.13.0: torch.func.hessian of a network with LayerNorm is wrong, and not even symmetric; nothing is said.
#
# Expected: the derivative of the gradient. Finite differences, reverse differentiation twice (jacrev of grad,
# torch.autograd.functional.hessian) agree on it to eight digits.
# Seen: forward over reverse, which torch.func.hessian is, is off by a tenth in the entries between LayerNorm's scales
# and what stands before it. Nested forward differentiation is pytorch/pytorch#196700, open in September 2026.
# HessianLinearOperator of curvlinops 3.0.1 has the same numbers.
# What helps: torch.func.jacrev(torch.func.grad(f)), or products by reverse differentiation twice.
#
# Runs in a virtual environment of its own; needs a package index. Fails if that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet torch==2.13.0 numpy
"$folder/bin/python" -W ignore - <<'PYTHON'
import torch
from torch.nn import functional as F

x = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
theta = torch.linspace(0.5, 1.5, 8, dtype=torch.float64)


def f(theta):
    return torch.tanh(F.layer_norm(x * theta[:4], (4,), weight=theta[4:])).sum()


gradient, h = torch.func.grad(f), 1e-5
exact = torch.stack([(gradient(theta + h * e) - gradient(theta - h * e)) / (2 * h) for e in torch.eye(8).double()])
off = {}
for name, hessian in (
    ("reverse over reverse", torch.func.jacrev(gradient)(theta)),
    ("torch.func.hessian", torch.func.hessian(f)(theta)),
):
    off[name] = ((hessian - exact).abs().max() / exact.abs().max()).item()
    away = (hessian - hessian.T).abs().max().item()
    print(f"{name}: off by {off[name]:.0e} of the largest entry, from its transpose by {away:.0e}")
if off["torch.func.hessian"] < 1e-6:
    raise SystemExit("GONE: it is right")
print("SEEN: it is wrong")
PYTHON
