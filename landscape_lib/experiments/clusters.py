"""How many eigenvalues stand out where the data are so many clusters: one network, and its data set changed."""

import hashlib
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from landscape_lib.experiments._classes import networks, timed
from landscape_lib.measure.curvature import exact_hessian, hessian_product, outliers
from landscape_lib.training import Stop, cross_entropy, gd, train

L, D = 1, 10  # hidden layers; dimensions of the inputs
SPREAD = 0.3  # standard deviation of a cluster, in each direction; centres are √d from zero


def clustered(k: int, P: int, seed: int) -> tuple[Float[Tensor, "points features"], Float[Tensor, "points"]]:
    """P points in k Gaussian clusters as large as each other, at orthogonal centres of length √d; and which each is in.

    >>> inputs, labels = clustered(2, 6, seed=0)
    >>> inputs.shape, labels
    (torch.Size([6, 10]), tensor([0., 1., 0., 1., 0., 1.], dtype=torch.float64))
    """
    if isinstance(k, bool) or not 1 <= k <= D:
        raise ValueError(
            f"clustered: k is {k!r}, need a whole number from 1 to {D}, orthogonal centres in {D} dimensions"
        )
    generator = np.random.default_rng(seed)
    centres = np.linalg.qr(generator.standard_normal((D, D)))[0][:k] * np.sqrt(D)
    labels = np.arange(P) % k
    inputs = centres[labels] + SPREAD * generator.standard_normal((P, D))
    return torch.from_numpy(inputs), torch.from_numpy(labels).double()


def outliers_of_clusters(
    k: int, P: int, h: int, *, seeds: Sequence[int], lr: float, steps: int, to: float
) -> list[dict[str, Any]]:
    """Train a network of ten outputs, whatever k is, on k clusters to a loss of ``to``: one row a seed.

    SGD in batches of 50, softplus units, cross-entropy. ``outliers`` stand above the largest relative ``gap`` among the
    first fifteen eigenvalues, so that no count is favoured by k; ``above``: how many are above a fifth of the largest.
    """
    began = time.perf_counter()
    data = [clustered(k, P, seed) for seed in seeds]
    inputs, labels = (torch.stack(parts) for parts in zip(*data, strict=True))
    nets = networks(seeds, D, h, L=L, activation="softplus")
    rules: dict[str, Any] = {"optimiser": gd(lr), "stop": Stop(steps, to), "loss": cross_entropy, "batch": min(50, P)}
    run = train(nets, inputs, labels, every=10, **rules)
    rows = []
    for i, (seed, network) in enumerate(zip(seeds, run.population.each(), strict=True)):
        product = hessian_product(network, F.cross_entropy, [(inputs[i], labels[i].long())])
        eigenvalues = torch.linalg.eigvalsh(exact_hessian(product)).flip(0)
        found = outliers(eigenvalues, min(15, len(eigenvalues) - 1))
        rows.append(
            {
                "dataset": "clusters",
                "k": k,
                "P": P,
                "h": h,
                "N": len(eigenvalues),
                "seed": seed,
                "loss": run.loss[i].item(),
                "outliers": found.number,
                "gap": found.ratio,
                "above": int((eigenvalues > 0.2 * eigenvalues[0]).sum()),
                "top": " ".join(f"{value:.4g}" for value in eigenvalues[:20].tolist()),
                "data_sha256": hashlib.sha256(inputs[i].numpy().tobytes() + labels[i].numpy().tobytes()).hexdigest(),
            }
        )
    return timed(rows, began)


EXPERIMENT = outliers_of_clusters
DIGITS: int | None = 5  # of floats in a table
