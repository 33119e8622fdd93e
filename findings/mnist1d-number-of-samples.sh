#!/bin/sh
# mnist1d 0.0.2.post1: make_dataset() makes fewer samples than `num_samples` where ten classes do not divide it.
#
# Expected: 305 samples, or an error that says what is accepted.
# Seen: 300, without a word. Fewer than ten end in an error about an empty list.
# What helps: ask for a multiple of ten, and count what comes.
#
# Runs in a virtual environment of its own; needs a package index. Fails if that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet mnist1d==0.0.2.post1
"$folder/bin/python" - <<'PYTHON'
from mnist1d.data import get_dataset_args, make_dataset

arguments = get_dataset_args()
for asked in (300, 305, 9):
    arguments.num_samples = asked
    try:
        made = make_dataset(arguments)
    except Exception as error:
        print(f"asked for {asked}: {type(error).__name__}: {error}")
    else:
        given = len(made["y"]) + len(made["y_test"])
        print(f"asked for {asked}: {given}")
        if asked == 305 and given != 300:
            raise SystemExit("GONE: it no longer makes 300 of 305")
print("SEEN: 300 of 305")
PYTHON
