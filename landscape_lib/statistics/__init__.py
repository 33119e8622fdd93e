"""What numbers are worth: intervals, threshold fits, power laws, peaks. Nothing here knows physics."""

from landscape_lib.statistics._intervals import (
    Estimate,
    bootstrap,
    interval,
    jackknife,
    log_jackknife,
    log_ratio,
    order_interval,
    shuffled,
    with_replacement,
)
from landscape_lib.statistics._peaks import Curve, Values, estimate, peak, prominence, summit
from landscape_lib.statistics._power_laws import PowerLaw, exponent, power_law
from landscape_lib.statistics._threshold import SPREAD, Transition, counted_transition, transition

__all__ = [
    "SPREAD",
    "Curve",
    "Estimate",
    "PowerLaw",
    "Transition",
    "Values",
    "bootstrap",
    "counted_transition",
    "estimate",
    "exponent",
    "interval",
    "jackknife",
    "log_jackknife",
    "log_ratio",
    "order_interval",
    "peak",
    "power_law",
    "prominence",
    "shuffled",
    "summit",
    "transition",
    "with_replacement",
]
