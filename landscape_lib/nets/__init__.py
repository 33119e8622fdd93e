"""What is trained: architectures, and populations of them."""

from landscape_lib.nets._architectures import MLP, second_moment, widen
from landscape_lib.nets._convolutional import CNN
from landscape_lib.nets._features import legendre, random_fourier
from landscape_lib.nets._gradients import (
    Factors,
    gradient_factors,
    gradient_products,
    gradient_squares,
    sample_gradients,
    summed_gradient,
)
from landscape_lib.nets._modes import unruly_part
from landscape_lib.nets._normalised import NormalisedMLP
from landscape_lib.nets._population import Population
from landscape_lib.nets._residual import ResidualCNN, ResidualMLP

__all__ = [
    "CNN",
    "MLP",
    "Factors",
    "NormalisedMLP",
    "Population",
    "ResidualCNN",
    "ResidualMLP",
    "gradient_factors",
    "gradient_products",
    "gradient_squares",
    "legendre",
    "random_fourier",
    "sample_gradients",
    "second_moment",
    "summed_gradient",
    "unruly_part",
    "widen",
]
