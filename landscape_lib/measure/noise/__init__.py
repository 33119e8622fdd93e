"""The noise of stochastic gradients: its size, its shape, and what it does."""

from landscape_lib.measure.noise._gradients import GradientNoise, gradient_noise, point_gradients
from landscape_lib.measure.noise._scales import noise_scale_of_batches
from landscape_lib.measure.noise._stationary import langevin, langevin_variance, sgd_variance
from landscape_lib.measure.noise._tails import excess_kurtosis, tail_index
from landscape_lib.measure.noise._valley import descend_valley, valley_decay

__all__ = [
    "GradientNoise",
    "descend_valley",
    "excess_kurtosis",
    "gradient_noise",
    "langevin",
    "langevin_variance",
    "noise_scale_of_batches",
    "point_gradients",
    "sgd_variance",
    "tail_index",
    "valley_decay",
]
