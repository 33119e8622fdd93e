#!/bin/sh
# loss-landscapes 3.0.6: the larger the `distance`, the smaller are the lines and planes of random_line() and random_plane().
#
# Expected: with ten times the distance, "maximum distance in parameter space from the start point", a line reaches ten
# times as far.
# Seen: it reaches a tenth as far: the norm of the weights is divided by the distance. At random_line()'s default, 0.1, the
# line is ten times as long as the vector of all weights.
# What helps: give 1/distance, in units of that norm.
#
# Needs torch and numpy where PYTHON is, and a package index. Fails if that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m pip install --quiet --no-deps --target "$folder" loss-landscapes==3.0.6
PYTHONPATH="$folder" "${PYTHON:-python3}" - <<'PYTHON'
import loss_landscapes
import torch

torch.manual_seed(0)
network = torch.nn.Linear(20, 1, bias=False)


def away(wrapper):
    return (wrapper.get_module_parameters()[0] - network.weight).norm().item()


reach = {}
for distance in (1, 10):
    line = loss_landscapes.random_line(network, away, distance=distance, steps=50, deepcopy_model=True)
    reach[distance] = line.max() / network.weight.norm().item()
    print(f"distance {distance}: a line of {reach[distance]:.3f} times the norm of the weights")
if reach[10] > reach[1]:
    raise SystemExit("GONE: it grows with the distance")
print("SEEN: it shrinks")
PYTHON
