"""The noise of stochastic gradients: its size, its shape, and what it does."""

from landscape_lib.measure.noise._gradients import GradientNoise, gradient_noise, point_gradients
from landscape_lib.measure.noise._scales import noise_scale_of_batches
from landscape_lib.measure.noise._tails import excess_kurtosis, tail_index

__all__ = [
    "GradientNoise",
    "excess_kurtosis",
    "gradient_noise",
    "noise_scale_of_batches",
    "point_gradients",
    "tail_index",
]
