"""The claims are the index of formulas: ``by`` leads from a claim to its statistic, its notebook and its null."""

import importlib
import inspect
import json
import re
from pathlib import Path

import pytest

from landscape_lib.report import load_claims

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = load_claims(ROOT / "notebooks")
NULLS = sorted((ROOT / "tests" / "experiments").glob("test_*_nulls.py"))
TO_MOVE = ("04_double_descent", "05_fluctuations_and_ensembles")  # statistics still in cells, or typed twice
