"""What keeps a network from being a function of one input and its weights."""

from torch import nn


def unruly_part(network: nn.Module) -> str | None:
    """The first layer whose output for a point depends on the other points of the batch, or on chance; or None.

    BatchNorm is one in training mode, and without running statistics in any; Dropout is one in training mode.

    >>> unruly_part(nn.Sequential(nn.Linear(2, 2), nn.Dropout()))
    'Dropout (1)'
    """
    for name, part in network.named_modules():
        batch_norm = isinstance(part, nn.modules.batchnorm._BatchNorm) and (part.training or part.running_mean is None)
        if batch_norm or (isinstance(part, nn.modules.dropout._DropoutNd) and part.training):
            return f"{type(part).__name__} ({name or 'the network'})"
    return None
