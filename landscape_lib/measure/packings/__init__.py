"""Packings of soft discs and ellipses in a periodic square: their energy and forces, minima, contacts, and jamming.

Two grains overlap by δ = 1 − μ, with μ = r/(R + R′) for discs and Perram and Wertheim's contact function for ellipses,
and that costs ½ δ². Many packings of one number of grains and one aspect ratio go together, as the leading axis.
"""

from ._coordination import Contacts, Count, contacts, count, isostatic, missing_contacts
from ._fire import Relaxed, relax
from ._interactions import energy, forces
from ._jamming import jam
from ._pictures import Picture, picture
from ._state import Packings, random_packings

__all__ = [
    "Contacts",
    "Count",
    "Packings",
    "Picture",
    "Relaxed",
    "contacts",
    "count",
    "energy",
    "forces",
    "isostatic",
    "jam",
    "missing_contacts",
    "picture",
    "random_packings",
    "relax",
]
