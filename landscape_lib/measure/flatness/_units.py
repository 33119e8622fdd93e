"""Units in which flatness does not hang on how a network's layers are scaled."""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape_lib.nets import Population
from landscape_lib.training import Loss


def adaptive_scale(nets: Population) -> Float[Tensor, "nets parameters"]:
    """|w| of each weight: a step in units of it does the same wherever the units of a ReLU network's neurons are put.

    Kwon et al. (2021), 2102.11600; Andriushchenko et al. (2023), 2302.07011.

    >>> from landscape_lib.nets import MLP
    >>> bool((adaptive_scale(Population(lambda s: MLP(2, 3, 1, seed=s), [0])) >= 0).all())
    True
    """
    return nets.weights.abs()


def filter_scale(nets: Population) -> Float[Tensor, "nets parameters"]:
    """The root mean square of a weight's filter, what one unit sees; 0 for biases and the numbers of norm layers.

    A Gaussian step in these units has filters as long as `measure.surface.filter_normalised` gives them, but for the
    spread of a Gaussian's length. It does the same wherever the units of whole layers are put, but not of single
    neurons. Li et al. (2018), 1712.09913.
    """
    parts = []
    for values in nets.views().values():
        flat = values.flatten(2) if values.ndim > 2 else torch.zeros_like(values).reshape(len(nets), -1, 1)
        parts.append(flat.square().mean(2, keepdim=True).sqrt().expand_as(flat).flatten(1))
    return torch.cat(parts, dim=1)


def normalised_logits(loss: Loss) -> Loss:
    """The loss of outputs that have mean 0 and variance 1 over the classes of each point: blind to their scale.

    f_k ← (f_k − ⟨f⟩)/√⟨(f − ⟨f⟩)²⟩ for each point. Without it every sharpness of the cross-entropy falls as ‖f‖ grows.
    After Andriushchenko et al. (2023), 2302.07011, section 3, who divide by the root alone; the mean is of no
    consequence in the cross-entropy.

    >>> from landscape_lib.training import cross_entropy
    >>> f, y = torch.tensor([[[1.0, 3.0]]]), torch.tensor([1.0])
    >>> own = normalised_logits(cross_entropy)
    >>> torch.allclose(own(f, y), own(100 * f, y))
    True
    """

    def normalised(outputs: Tensor, labels: Tensor) -> Tensor:
        if outputs.shape[-1] < 2:
            raise ValueError(f"normalised_logits: outputs have shape {tuple(outputs.shape)}, need two classes at least")
        centred = outputs - outputs.mean(-1, keepdim=True)
        return loss(centred / centred.square().mean(-1, keepdim=True).sqrt(), labels)

    return normalised
