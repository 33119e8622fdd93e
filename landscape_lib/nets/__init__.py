"""What is trained: architectures, and populations of them."""

from landscape_lib.nets.architectures import MLP, second_moment, widen
from landscape_lib.nets.convolutional import CNN
from landscape_lib.nets.features import legendre, random_fourier
from landscape_lib.nets.population import Population

__all__ = ["CNN", "MLP", "Population", "legendre", "random_fourier", "second_moment", "widen"]
