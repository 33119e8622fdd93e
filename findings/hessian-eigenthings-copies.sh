#!/bin/sh
# hessian-eigenthings 1.0.0a5: an eigenvalue that is there several times comes back once, and all is called converged.
#
# Expected: of a linear readout of four outputs under the squared loss, whose Hessian has each eigenvalue four times, the
# top four are four times λ₁. Or a word that a search from one start sees one copy of each.
# Seen: four different eigenvalues, residuals of 1e-13, converged=True for each; with any number of steps.
# What helps: a block of several starts; or to look for more in the space that is orthogonal to what was found.
#
# Runs in a virtual environment of its own; needs a package index. Fails if that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet torch==2.13.0 numpy hessian-eigenthings==1.0.0a5
"$folder/bin/python" - <<'PYTHON'
import torch
from hessian_eigenthings import HessianOperator, lanczos, supervised_loss
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
net, x, y = nn.Linear(8, 4, bias=False).double(), torch.randn(60, 8).double(), torch.zeros(60, 4).double()
exact = torch.linalg.eigvalsh(x.T @ x / 60 * 2 / 4)[-1].item()  # F.mse_loss divides by points and outputs
found = lanczos(HessianOperator(net, [(x, y)], supervised_loss(F.mse_loss)), k=4, max_iter=32, which="LA", seed=0)
print(f"exact: 4 × {exact:.4f}; found {[round(value, 4) for value in found.eigenvalues.tolist()]}")
print(f"converged: {found.converged.tolist()}")
if not found.converged.all() or (found.eigenvalues > exact - 1e-6).sum() == 4:
    raise SystemExit("GONE: all copies are found, or it says that it is not done")
print("SEEN: one copy of four, and converged")
PYTHON
