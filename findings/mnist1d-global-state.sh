#!/bin/sh
# mnist1d 0.0.2.post1: make_dataset() seeds the global generators of numpy and `random`, and leaves them so.
#
# Expected: a function that makes a data set draws from a generator of its own, or puts the global ones back.
# Seen: whatever was drawn before, np.random and random go on from the data set's seed (42) once it is made. Two
# programs with different seeds draw the same numbers from there on.
# What helps: save both states before the call, and restore them after it.
#
# Runs in a virtual environment of its own; needs a package index. Fails if that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet mnist1d==0.0.2.post1
"$folder/bin/python" - <<'PYTHON'
import random

import numpy as np
from mnist1d.data import get_dataset_args, make_dataset


def drawn_after(seed):
    random.seed(seed)
    np.random.seed(seed)
    make_dataset(get_dataset_args())
    return random.random(), np.random.rand()


first, second = drawn_after(1), drawn_after(2)
print(f"after seed 1: {first[0]:.6f} {first[1]:.6f}; after seed 2: {second[0]:.6f} {second[1]:.6f}")
if first != second:
    raise SystemExit("GONE: they differ")
print("SEEN: both draw the same")
PYTHON
