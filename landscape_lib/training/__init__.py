"""How networks are trained: losses, optimisers, stopping rules, and populations that descend."""

from landscape_lib.training._least_squares import minimum_norm
from landscape_lib.training._losses import cross_entropy, hinge, mean_square, quadratic_hinge, soft_hinge
from landscape_lib.training._optimisers import adam, gd
from landscape_lib.training._stacks import LOSSES, ZERO, bands, descend
from landscape_lib.training._stopping import PLATEAU, SATISFIED, STEPS, Stop
from landscape_lib.training._train import DivergedError, History, Run, train

__all__ = [
    "LOSSES",
    "PLATEAU",
    "SATISFIED",
    "STEPS",
    "ZERO",
    "DivergedError",
    "History",
    "Run",
    "Stop",
    "adam",
    "bands",
    "cross_entropy",
    "descend",
    "gd",
    "hinge",
    "mean_square",
    "minimum_norm",
    "quadratic_hinge",
    "soft_hinge",
    "train",
]
