"""How networks are trained: losses, optimisers, stopping rules, and populations that descend."""

from landscape_lib.training._descent import Project, train
from landscape_lib.training._flow import TIME, Flow, gradient_flow
from landscape_lib.training._least_squares import minimum_norm
from landscape_lib.training._losses import (
    Loss,
    batch_mean,
    cross_entropy,
    hinge,
    mean_square,
    quadratic_hinge,
    soft_hinge,
)
from landscape_lib.training._optimisers import adam, gd
from landscape_lib.training._perturbations import Perturb, adaptive_sam, sam
from landscape_lib.training._rest import REST, Rest, come_to_rest
from landscape_lib.training._runs import DivergedError, History, Run
from landscape_lib.training._stacks import LOSSES, ZERO, annealed, bands, descend, end_states
from landscape_lib.training._stopping import AT_REST, OUT_OF_PATIENCE, PLATEAU, SATISFIED, STEPS, Stop

__all__ = [
    "AT_REST",
    "LOSSES",
    "OUT_OF_PATIENCE",
    "PLATEAU",
    "REST",
    "SATISFIED",
    "STEPS",
    "TIME",
    "ZERO",
    "DivergedError",
    "Flow",
    "History",
    "Loss",
    "Perturb",
    "Project",
    "Rest",
    "Run",
    "Stop",
    "adam",
    "adaptive_sam",
    "annealed",
    "bands",
    "batch_mean",
    "come_to_rest",
    "cross_entropy",
    "descend",
    "end_states",
    "gd",
    "gradient_flow",
    "hinge",
    "mean_square",
    "minimum_norm",
    "quadratic_hinge",
    "sam",
    "soft_hinge",
    "train",
]
