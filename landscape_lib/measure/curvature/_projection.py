"""Descent within the space of the top eigenvectors, or outside of it: what `train` takes as ``project``."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape_lib.measure.curvature._lanczos import eigenpairs
from landscape_lib.measure.curvature._network import Batches, Loss
from landscape_lib.measure.curvature._products import hessian_product
from landscape_lib.nets import Population


def top_projection(
    loss: Loss, batches: Batches, k: int, *, out: bool = False, every: int = 1, tolerance: float = 1e-3
) -> Callable[[Population, Tensor, Tensor], Tensor]:
    """P_k g for each network's gradient g, or with ``out`` g − P_k g: P_k projects onto its top k eigenvectors.

    Those of the Hessian of 𝓛 over ``batches`` (as in `hessian_product`) at the weights where the network is, computed
    again every ``every`` steps, to residuals of ``tolerance`` λ₁. Given to `train` with `gd` and a batch size, it makes
    the two halves of SGD of Song, Ahn and Yun (2405.16002): dominant with k the number of classes, and bulk. With
    momentum or Adam a step is no longer its projected gradient. Made anew for each run, since it remembers its vectors.

    >>> from landscape_lib.nets import MLP
    >>> from landscape_lib.training import Stop, batch_mean, gd, mean_square, train
    >>> x, y = torch.eye(4).double(), torch.tensor([1.0, -1, 1, -1]).double()
    >>> nets = Population(lambda seed: MLP(d=4, h=5, L=1, seed=seed), seeds=[0])
    >>> project = top_projection(batch_mean(mean_square), [(x, y)], k=2)
    >>> run = train(nets, x, y, optimiser=gd(0.1), stop=Stop(steps=20), loss=mean_square, project=project)
    >>> (run.loss < run.history.loss[0]).all()
    tensor(True)
    """
    for name, number in (("k", k), ("every", every)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ValueError(f"top_projection: {name} is {number!r}, need a whole number of at least 1")
    ages: dict[int, int] = {}
    vectors: dict[int, Tensor] = {}

    def project(
        population: Population, gradients: Float[Tensor, "nets parameters"], nets: Int[Tensor, "nets"]
    ) -> Float[Tensor, "nets parameters"]:
        projected = []
        for place, net in enumerate(nets.tolist()):
            ages[net] = ages.get(net, -1) + 1
            if ages[net] % every == 0:
                product = hessian_product(population.member(place), loss, batches)
                vectors[net] = eigenpairs(product, k, tolerance=tolerance).vectors
            inside = vectors[net] @ (vectors[net].T @ gradients[place])
            projected.append(gradients[place] - inside if out else inside)
        return torch.stack(projected)

    return project
