"""How results are told: claims with their verdicts, where results come from, the scoreboard. Knows no physics."""

from . import predict
from ._card import PAGE
from .claims import bootstrap, claim, jackknife, print_records, with_interval
from .explorers import explore
from .plots import png, show, use_style
from .provenance import Provenance, provenance
from .quiz import load_quiz, quiz
from .results import read_results, write_results
from .rules import Entry, Rule, decide, load_claims
from .scoreboard import scoreboard
from .sources import Source, data_hash
from .strip import strip

__all__ = [
    "PAGE",
    "Entry",
    "Provenance",
    "Rule",
    "Source",
    "bootstrap",
    "claim",
    "data_hash",
    "decide",
    "explore",
    "jackknife",
    "load_claims",
    "load_quiz",
    "png",
    "predict",
    "print_records",
    "provenance",
    "quiz",
    "read_results",
    "scoreboard",
    "show",
    "strip",
    "use_style",
    "with_interval",
    "write_results",
]
