"""Slices of a loss surface: the directions they follow, the slices themselves, and what their shapes say.

A direction is a flat tensor over all parameters, in the order of ``network.parameters()``: as an eigenvector of the
Hessian is one, too.
"""

from landscape_lib.measure.surface._directions import (
    PrincipalDirections,
    difference,
    filter_normalised,
    principal_directions,
    random_direction,
    random_walk,
    walk_shares,
)
from landscape_lib.measure.surface._rescaling import rescaled
from landscape_lib.measure.surface._shapes import Basin, basin, concave_share, principal_curvatures, roughness
from landscape_lib.measure.surface._slices import Line, Plane, slice_between, slice_line, slice_plane

__all__ = [
    "Basin",
    "Line",
    "Plane",
    "PrincipalDirections",
    "basin",
    "concave_share",
    "difference",
    "filter_normalised",
    "principal_curvatures",
    "principal_directions",
    "random_direction",
    "random_walk",
    "rescaled",
    "roughness",
    "slice_between",
    "slice_line",
    "slice_plane",
    "walk_shares",
]
