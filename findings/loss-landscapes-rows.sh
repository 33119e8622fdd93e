#!/bin/sh
# loss-landscapes 3.0.6: in the planes of random_plane() every second row of points lies one step aside of the others.
#
# Expected: plane[i, j] is the loss at start + i·u + j·v for all i and j, and so a straight slope where the loss is one.
# Seen: rows of odd i lie at start + i·u + (j − 1)·v, and a straight slope comes out as a saw. The rows are walked there
# and back again, and in both directions a step is made before a point is evaluated. A contour plot has ripples, one step
# wide. With an odd number of steps no point is the network that was given.
# What helps: move every second row on by one, or walk the grid oneself.
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


def slope(wrapper):  # linear in the weights: on any plane it is a straight slope
    return wrapper.get_module_parameters()[0].double().sum().item()


plane = torch.from_numpy(loss_landscapes.random_plane(network, slope, steps=8, deepcopy_model=True))
step = plane[0, 1] - plane[0, 0]
bends = plane.diff(n=2, dim=0)[:, 0] / step
print("bends from row to row, in steps:", " ".join(f"{bend:.2f}" for bend in bends))
if bends.abs().max() < 0.1:
    raise SystemExit("GONE: the slope is straight")
print("SEEN: the slope is a saw")
PYTHON
