"""How flat a minimum is: by what a step can do to the loss, by the volume around it, and in which units."""

from landscape_lib.measure.flatness._sam import sam_edge
from landscape_lib.measure.flatness._sharpness import average_sharpness, worst_sharpness
from landscape_lib.measure.flatness._units import adaptive_scale, filter_scale, normalised_logits
from landscape_lib.measure.flatness._volume import LogVolume, ball_log_volume, log_volume, loss_level

__all__ = [
    "LogVolume",
    "adaptive_scale",
    "average_sharpness",
    "ball_log_volume",
    "filter_scale",
    "log_volume",
    "loss_level",
    "normalised_logits",
    "sam_edge",
    "worst_sharpness",
]
