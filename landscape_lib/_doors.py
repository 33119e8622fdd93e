"""What several measurements ask of their numbers."""

import math


def positive(what: str, **values: float) -> None:
    """Refuse a number that is not finite and above zero."""
    for name, value in values.items():
        if isinstance(value, bool) or not (math.isfinite(value) and value > 0):
            raise ValueError(f"{what}: {name} is {value!r}, need a positive number")


def not_negative(what: str, **values: float) -> None:
    """Refuse a number that is not finite, or below zero."""
    for name, value in values.items():
        if isinstance(value, bool) or not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{what}: {name} is {value!r}, need a number that is not negative")


def whole(what: str, least: int = 1, **values: int) -> None:
    """Refuse what is no whole number, or one below ``least``."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{what}: {name} is {value!r}, need a whole number of at least {least}")
