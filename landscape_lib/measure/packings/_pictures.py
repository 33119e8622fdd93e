"""One packing as what one draws: outlines and contacts, with the images that reach over the edges of the square."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ._coordination import contacts, count
from ._state import Packings


@dataclass(frozen=True)
class Picture:
    """Grains and contacts of one packing, and their images in the eight squares around: nine of each.

    ``length`` and ``breadth`` are the axes of the ellipses, ``turned`` the angle of the long one in degrees; ``paths``
    go from a centre over the point of contact to the other centre, ``strength`` is the force in units of the mean one.
    """

    centres: Float[Tensor, "shown 2"]
    length: Float[Tensor, "shown"]
    breadth: Float[Tensor, "shown"]
    turned: Float[Tensor, "shown"]
    held: Bool[Tensor, "shown"]
    paths: Float[Tensor, "drawn 3 2"]
    strength: Float[Tensor, "drawn"]


def picture(packings: Packings, which: int) -> Picture:
    """Packing number ``which``, ready to be drawn.

    >>> from landscape_lib.measure.packings import random_packings
    >>> picture(random_packings(8, 0.3, seeds=[0], aspect=1.5), 0).centres.shape
    torch.Size([72, 2])
    """
    if isinstance(which, bool) or not isinstance(which, int) or not 0 <= which < len(packings):
        raise ValueError(f"picture: which is {which!r}, need a whole number from 0 to {len(packings) - 1}")
    chosen = packings[which : which + 1]
    listed, centres = contacts(chosen), chosen.positions[0]
    shifts = torch.cartesian_prod(*[torch.arange(-1.0, 2, dtype=centres.dtype, device=centres.device)] * 2)
    begin, radius = centres[listed.first], chosen.radii[0].repeat(9)
    paths = torch.stack([begin, begin + listed.arm, begin + listed.apart], dim=1)
    force = listed.force.norm(dim=1)
    return Picture(
        centres=(centres + shifts[:, None]).flatten(0, 1),
        length=2 * radius * chosen.aspect**0.5,
        breadth=2 * radius / chosen.aspect**0.5,
        turned=torch.rad2deg(chosen.angles[0]).repeat(9),
        held=~count(chosen, listed).rattlers[0].repeat(9),
        paths=(paths + shifts[:, None, None]).flatten(0, 1),
        strength=(force / force.mean()).repeat(9),
    )
