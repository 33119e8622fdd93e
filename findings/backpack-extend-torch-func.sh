#!/bin/sh
# BackPACK 1.7.1 with torch 2.13.0: a network that was extended once can no longer be used with torch.func.
#
# Expected: extend(network) does nothing outside of `with backpack(…)`, which is what asks for more than gradients.
# Seen: it registers full backward hooks that stay for good. torch.func refuses any network that has them, with a
# RuntimeError about an autograd.Function without setup_context which names neither BackPACK nor hooks; a plain
# gradient is as before. Taking per-sample gradients by both, to compare them, is where one meets it.
# What helps: extend(copy.deepcopy(network)), and torch.func for the one that was not extended.
#
# Runs in a virtual environment of its own; needs a package index. Fails if that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet torch==2.13.0 numpy backpack-for-pytorch==1.7.1
"$folder/bin/python" -W ignore - <<'PYTHON'
import copy

import torch
from backpack import extend
from torch import nn
from torch.func import functional_call, grad, vmap

network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))


def per_sample(network):
    def loss(weights, point):
        return functional_call(network, weights, (point[None],)).square().sum()

    weights = {name: w.detach() for name, w in network.named_parameters()}
    return vmap(grad(loss), in_dims=(None, 0))(weights, x)


extended = extend(copy.deepcopy(network))
extended(x).square().sum().backward()
print("never extended:", {name: tuple(g.shape) for name, g in per_sample(network).items()})
try:
    per_sample(extended)
except RuntimeError as error:
    print("extended, outside of BackPACK's context:", str(error).split(";")[0])
    print("SEEN: torch.func refuses it")
else:
    raise SystemExit("GONE: torch.func takes it")
PYTHON
