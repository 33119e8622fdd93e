"""The claims are the index of formulas: ``by`` leads from a claim to its statistic, its notebook and its null."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from landscape_lib.report import load_claims

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = load_claims(ROOT / "notebooks")
GUARDS = {"landscape_lib.report.claim", "landscape_lib.report.attempt"}
NULLS = sorted((ROOT / "tests" / "experiments").glob("test_*_nulls.py"))


class Code:
    """What a module or a notebook calls, by full names: aliases are resolved by its imports."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.imported: dict[str, str] = {}
        self.functions: dict[str, ast.FunctionDef] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef):
                self.functions[node.name] = node
            elif isinstance(node, ast.ImportFrom):
                self.imported |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                self.imported |= {alias.asname: alias.name for alias in node.names if alias.asname}

    def name(self, node: ast.expr) -> str:
        """The full name of what is called; empty where an expression has none."""
        if isinstance(node, ast.Attribute):
            return f"{self.name(node.value)}.{node.attr}"
        return self.imported.get(node.id, node.id) if isinstance(node, ast.Name) else ""

    def reached(self, start: ast.AST) -> list[ast.AST]:
        """``start``, and the functions defined here that it calls, by way of others too."""
        reached = [start]
        for place in reached:  # which grows meanwhile
            called = (self.functions[name] for name in self.calls(place) if name in self.functions)
            reached += [function for function in dict.fromkeys(called) if function not in reached]
        return reached

    def calls(self, start: ast.AST) -> Iterator[str]:
        """The names of all that is called within ``start``."""
        return (self.name(node.func) for node in ast.walk(start) if isinstance(node, ast.Call))

    def measured_by(self, start: ast.AST) -> set[str]:
        return {name for place in self.reached(start) for name in self.calls(place)}

    def stated(self, claim: str) -> list[set[str]]:
        """What is called to measure a claim, each time that it is stated."""
        stated = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and self.name(node.func).endswith("claim") and len(node.args) == 2:
                name, measure = node.args
                if isinstance(name, ast.Constant) and name.value == claim:
                    measure = self.functions.get(self.name(measure), measure)
                    stated.append(self.measured_by(measure))
        return stated

    def unguarded(self, by: str) -> list[ast.Call]:
        """The calls of a statistic in nothing that `claim` or `attempt` is given to measure."""
        calls = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        guards = [call for call in calls if self.name(call.func) in GUARDS and call.args]
        measures = [self.functions.get(self.name(call.args[-1]), call.args[-1]) for call in guards]
        guarded = {node for measure in measures for place in self.reached(measure) for node in ast.walk(place)}
        return [call for call in calls if self.name(call.func) == by and call not in guarded]

    def calls_by_test(self, claim: str) -> dict[str, set[str]]:
        """What is called by each test that names a claim."""

        def named(place: ast.AST) -> bool:
            return any(isinstance(node, ast.Constant) and node.value == claim for node in ast.walk(place))

        tests = [function for name, function in self.functions.items() if name.startswith("test_")]
        return {test.name: self.measured_by(test) for test in tests if any(map(named, self.reached(test)))}


def of_notebook(path: Path) -> Code:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return Code("\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"))


CHAPTERS = {entry.chapter for entry in CLAIMS.values()}
NOTEBOOKS = {  # of each chapter: its own, and its appendix where it has one
    name: [of_notebook(path) for path in sorted((ROOT / "notebooks").glob(f"{name}*.ipynb"))] for name in CHAPTERS
}
TESTS = [Code(file.read_text(encoding="utf-8")) for file in NULLS]


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_statistic_of_a_claim_is_a_documented_function(claim):
    module, function = CLAIMS[claim].by.rsplit(".", 1)
    statistic = getattr(importlib.import_module(f"landscape_lib.measure.{module}"), function)
    assert inspect.isfunction(statistic) and not function.startswith("_"), f"{function} is no public function"
    assert inspect.getdoc(statistic), f"{function} does not say what it measures"


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_notebook_measures_a_claim_where_it_states_it(claim):
    entry = CLAIMS[claim]
    stated = [called for notebook in NOTEBOOKS[entry.chapter] for called in notebook.stated(claim)]
    assert stated, f'no claim("{claim}", …) in notebooks/{entry.chapter}.ipynb'
    late = not all(f"landscape_lib.measure.{entry.by}" in called for called in stated)
    assert not late, f'claim("{claim}", …) is given a callable that does not call {entry.by}'


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_notebook_calls_a_statistic_only_where_a_measurement_may_fail(claim):
    """Elsewhere a ValueError would stop the chapter, and its claim would not even be open."""
    entry = CLAIMS[claim]
    by = f"landscape_lib.measure.{entry.by}"
    loose = [call for notebook in NOTEBOOKS[entry.chapter] for call in notebook.unguarded(by)]
    assert not loose, f"{entry.by} is called outside of claim and attempt, as in {ast.unparse(loose[0])}"


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_null_of_a_claim_calls_its_statistic(claim):
    by = CLAIMS[claim].by
    nulls = {name: called for code in TESTS for name, called in code.calls_by_test(claim).items()}
    assert nulls, f"no test in {', '.join(file.name for file in NULLS)} names {claim}"
    others = [name for name, called in nulls.items() if f"landscape_lib.measure.{by}" not in called]
    assert not others, f"{', '.join(others)}: names {claim} and does not call {by}"


STATED = """
from landscape_lib.measure import double_descent as measure
from landscape_lib.measure.jamming import ratio
from landscape_lib.report import claim

def helper():
    return measure.cusp(curve)

def deeper():
    return helper()

early = measure.cusp(curve)
"""


@pytest.mark.parametrize(
    "statement, measured",
    [
        ("claim('a', lambda: measure.cusp(curve), of=rows)", True),
        ("claim('a', lambda: measure.cusp(curve).value, of=rows)", True),
        ("claim('a', lambda: deeper(), of=rows)", True),
        ("claim('a', deeper, of=rows)", True),
        ("for rows in both:\n    claim('a', lambda: helper(), of=rows)", True),
        ("claim('a', lambda: early, of=rows)", False),
        ("measure.cusp(curve); claim('a', lambda: ratio(one, other), of=rows)", False),
        ("claim('a', lambda: cusp(curve), of=rows)", False),  # another function of that name
        ("claim('a', lambda: measure.cusp, of=rows)", False),
        ("claim('a', lambda: helper(), of=rows); claim('a', lambda: early, of=larger)", False),
    ],
)
def test_what_counts_as_measured_where_it_is_stated(statement, measured):
    stated = Code(STATED + statement).stated("a")
    assert all("landscape_lib.measure.double_descent.cusp" in called for called in stated) == measured
    assert stated and not Code(STATED + statement).stated("b")


@pytest.mark.parametrize(
    "code, loose",
    [
        ("claim('a', deeper, of=rows); shown = attempt(lambda: helper())", 1),  # that of STATED itself
        ("helper(); attempt(helper); values = [measure.cusp(curve) for curve in both]", 2),
    ],
)
def test_what_counts_as_a_measurement_that_may_fail(code, loose):
    given = STATED.replace("import claim", "import attempt, claim") + code
    assert len(Code(given).unguarded("landscape_lib.measure.double_descent.cusp")) == loose
