"""Descent in the pure spherical 3-spin model, the null model of rough landscapes: the energies where it ends."""

import hashlib
import time
from typing import Any

from landscape_lib.measure.pspin import descend, p_spin, random_states

TOLERANCE = 1e-6  # of the gradient, over the root of N


def energies_of_descent(N: int, *, seed: int, replicas: int) -> list[dict[str, Any]]:
    """Let replicas go down from random starts, in one sample of the couplings: one row a replica.

    ``energy`` per spin, the ``lowest`` curvature there, and whether the replica ``arrived`` at rest.
    """
    began = time.perf_counter()
    model = p_spin(N, seed=seed)
    states = random_states(N, replicas, seed=seed)
    end = descend(model, states, tolerance=TOLERANCE)
    sha256 = hashlib.sha256(model.couplings.numpy().tobytes()).hexdigest()
    seconds = (time.perf_counter() - began) / replicas
    return [
        {
            "dataset": "couplings",
            "N": N,
            "seed": seed,
            "replica": i,
            "energy": end.energy[i].item(),
            "lowest": end.lowest[i].item(),
            "steps": int(end.steps[i]),
            "arrived": bool(end.arrived[i]),
            "seconds": seconds,
            "data_sha256": sha256,
        }
        for i in range(replicas)
    ]


EXPERIMENT = energies_of_descent
DIGITS: int | None = 7  # of floats in a table
