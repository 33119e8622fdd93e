"""A client of its own: python client.py '{"store": …, "log": …, "points": 10, …}'."""

import sys

# Imports stand where they are needed: a worker imports this module too, and the tests start many.


def main(store, log, points, workers=None, scheduler=None, seconds=0.0, patience=600.0, file_size=None):
    import contextlib
    import resource

    import cheap

    from landscape_lib.sweeps import StoreError, cluster, processes, sweep

    if file_size is not None:  # what a full disk is to a program: a write that fails
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, resource.RLIM_INFINITY))
    executor = processes(workers) if workers else cluster(scheduler) if scheduler else contextlib.nullcontext()
    grid = cheap.grid(points, log, seconds=seconds)
    try:
        with executor as given:
            sweep(cheap.logged, grid, given, store=store, patience=patience)
    except StoreError as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    import json

    main(**json.loads(sys.argv[1]))
