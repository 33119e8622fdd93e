"""How results are told: claims with their verdicts, where results come from, the scoreboard. Knows no physics."""

from .claims import bootstrap, claim, print_records, with_interval
from .plots import png, show, use_style
from .provenance import Provenance, provenance
from .rules import Entry, Rule, decide, load_claims
from .scoreboard import scoreboard

__all__ = [
    "Entry",
    "Provenance",
    "Rule",
    "bootstrap",
    "claim",
    "decide",
    "load_claims",
    "png",
    "print_records",
    "provenance",
    "scoreboard",
    "show",
    "use_style",
    "with_interval",
]
