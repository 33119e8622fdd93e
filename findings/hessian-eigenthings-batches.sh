#!/bin/sh
# hessian-eigenthings 1.0.0a5: batches of unequal size are averaged as if they were equal, microbatches too.
#
# Expected: the Hessian of the mean loss over all points, however they are split into batches.
# Seen: with batches of 36, 18 and 6 points a product is a quarter off; with microbatch_size=32 of 60 points, which is
# there to save memory, 3%. Each point of a small last batch counts for more.
# What helps: batches of one size that divide the number of points.
#
# Runs in a virtual environment of its own; needs a package index. Fails if that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet torch==2.13.0 numpy hessian-eigenthings==1.0.0a5
"$folder/bin/python" - <<'PYTHON'
import torch
from hessian_eigenthings import HessianOperator, supervised_loss
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
net, x, y = nn.Linear(8, 4).double(), torch.randn(60, 8, dtype=torch.float64), torch.arange(60) % 4
v, loss, sizes = torch.randn(36, dtype=torch.float64), supervised_loss(F.cross_entropy), [36, 18, 6]
whole = HessianOperator(net, [(x, y)], loss).matvec(v)
products = {
    "batches of 36, 18, 6": HessianOperator(net, list(zip(x.split(sizes), y.split(sizes))), loss).matvec(v),
    "batches of 30, 30": HessianOperator(net, list(zip(x.split(30), y.split(30))), loss).matvec(v),
    "microbatch_size=32": HessianOperator(net, [(x, y)], loss, microbatch_size=32).matvec(v),
}
off = {name: ((product - whole).norm() / whole.norm()).item() for name, product in products.items()}
for name, error in off.items():
    print(f"{name}: off by {error:.0e}")
if max(off.values()) < 1e-6:
    raise SystemExit("GONE: all are right")
print("SEEN: unequal batches are not the whole")
PYTHON
