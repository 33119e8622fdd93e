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


def names(file: Path) -> set[str]:
    """Every name in the code of a test or a notebook."""
    code = file.read_text(encoding="utf-8")
    if file.suffix == ".ipynb":
        cells = json.loads(code)["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return set(re.findall(r"\w+", code))


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_statistic_of_a_claim_is_a_function_that_its_notebook_and_its_null_call(claim):
    entry = CLAIMS[claim]
    module, function = entry.by.rsplit(".", 1)
    statistic = getattr(importlib.import_module(f"landscape_lib.measure.{module}"), function)
    assert inspect.isfunction(statistic) and not function.startswith("_"), f"{entry.by} is no public function"
    assert inspect.getdoc(statistic), f"{entry.by} does not say what it measures"
    assert function in names(ROOT / "notebooks" / f"{entry.chapter}.ipynb"), f"{entry.by} is not in the notebook"
    nulls = [file for file in NULLS if f'"{claim}"' in file.read_text(encoding="utf-8")]
    assert any(function in names(file) for file in nulls), f"no null of {claim} calls {entry.by}"
