"""How results are told: claims with their verdicts, where results come from, questions. Knows no physics."""

from landscape_lib._origin import Provenance, provenance

from . import predict
from ._boxes import box, brief_box, details, tagged
from ._card import PAGE, Wording
from ._claims import claim, print_records
from ._explorers import explore
from ._fields import field
from ._figures import classes, show
from ._formulas import html_formulas, tex_formulas
from ._outcomes import Outcome, attempt
from ._quizzes import load_quiz, quiz
from ._records import Record, anchor, because, conditions, measured, told, with_interval
from ._results import read_results, write_results
from ._rules import VERDICTS, Entry, Rule, decide, load_claims, read_claims
from ._sources import Source, data_hash, facts, lacking
from ._strips import Code, Link, Strip, brief, strip, strip_html
from ._surfaces import turn

__all__ = [
    "PAGE",
    "VERDICTS",
    "Code",
    "Entry",
    "Link",
    "Outcome",
    "Provenance",
    "Record",
    "Rule",
    "Source",
    "Strip",
    "Wording",
    "anchor",
    "attempt",
    "because",
    "box",
    "brief",
    "brief_box",
    "claim",
    "classes",
    "conditions",
    "data_hash",
    "decide",
    "details",
    "explore",
    "facts",
    "field",
    "html_formulas",
    "lacking",
    "load_claims",
    "load_quiz",
    "measured",
    "predict",
    "print_records",
    "provenance",
    "quiz",
    "read_claims",
    "read_results",
    "show",
    "strip",
    "strip_html",
    "tagged",
    "tex_formulas",
    "told",
    "turn",
    "with_interval",
    "write_results",
]
