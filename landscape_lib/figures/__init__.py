"""How the chapters' tables are drawn: the course's style here, the figures of each chapter in a module of its own.

A chapter's module is imported by itself, ``from landscape_lib.figures import jamming``: the style knows no physics.
"""

from landscape_lib.figures._styles import (
    BLACK,
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    PINK,
    SKY,
    YELLOW,
    above,
    cuts,
    is_map,
    marked_cuts,
    panel_gaps,
    png,
    shades,
    style,
    ticks,
    use_style,
)

__all__ = [
    "BLACK",
    "BLUE",
    "FAINT",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PALE",
    "PINK",
    "SKY",
    "YELLOW",
    "above",
    "cuts",
    "is_map",
    "marked_cuts",
    "panel_gaps",
    "png",
    "shades",
    "style",
    "ticks",
    "use_style",
]
