"""How networks are trained: losses, optimisers, stopping rules, and populations that descend."""

from landscape_lib.training.least_squares import minimum_norm
from landscape_lib.training.losses import cross_entropy, hinge, mean_square, quadratic_hinge, soft_hinge
from landscape_lib.training.optimisers import adam, gd
from landscape_lib.training.stopping import PLATEAU, SATISFIED, STEPS, Stop
from landscape_lib.training.train import DivergedError, History, Run, train

__all__ = [
    "PLATEAU",
    "SATISFIED",
    "STEPS",
    "DivergedError",
    "History",
    "Run",
    "Stop",
    "adam",
    "cross_entropy",
    "gd",
    "hinge",
    "mean_square",
    "minimum_norm",
    "quadratic_hinge",
    "soft_hinge",
    "train",
]
