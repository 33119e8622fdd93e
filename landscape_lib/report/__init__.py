"""How results are told: claims with their verdicts, where results come from, the scoreboard. Knows no physics."""

from . import predict
from ._card import PAGE
from ._claims import anchor, claim, measured, print_records, with_interval
from ._explorers import explore
from ._provenance import Provenance, provenance
from ._quiz import load_quiz, quiz
from ._results import read_results, write_results
from ._rules import Entry, Rule, decide, load_claims, read_claims
from ._scoreboard import escape, scoreboard
from ._show import panels, show
from ._sources import Source, data_hash, facts
from ._strip import strip

__all__ = [
    "PAGE",
    "Entry",
    "Provenance",
    "Rule",
    "Source",
    "anchor",
    "claim",
    "data_hash",
    "decide",
    "escape",
    "explore",
    "facts",
    "load_claims",
    "load_quiz",
    "measured",
    "panels",
    "predict",
    "print_records",
    "provenance",
    "quiz",
    "read_claims",
    "read_results",
    "scoreboard",
    "show",
    "strip",
    "with_interval",
    "write_results",
]
