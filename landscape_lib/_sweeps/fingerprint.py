"""Which code makes a result: a hash of an experiment's module, and of all of the library's physics it can reach."""

import ast
import hashlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

LIBRARY = Path(__file__).resolve().parents[1]
FLOORS = ("data", "nets", "training", "measure", "experiments")  # what runs a point; how it is told changes no result
OWN = ""  # stands for the experiment's own module, which has other names elsewhere


@cache  # asked again in the same process, the files may have changed, and the code in memory has not
def parts(experiment: Callable[..., Any]) -> Mapping[str, str]:
    """A hash of each module that an experiment runs: its own, and those of `landscape_lib` it imports, also indirectly.

    A hash changes with the code, and not with comments, docstrings or layout. Other packages do not count: their
    versions are in the provenance of each point.
    """
    own = _source(experiment)
    hashes, todo = {OWN: _hash(own)}, [*_imports(own)]
    while todo:
        name = todo.pop()
        if name not in hashes and (module := _module(name)) is not None:
            hashes[name] = module[0]
            todo += module[1]
    return hashes


def fingerprint(experiment: Callable[..., Any]) -> str:
    """Sixteen hex digits that change with the code of an experiment."""
    return hashlib.sha256(repr(sorted(parts(experiment).items())).encode()).hexdigest()[:16]


def differences(experiment: Callable[..., Any], expected: Mapping[str, str]) -> list[str]:
    """The modules whose code here is not the expected one. A function that travels by value brings its own."""
    try:
        found = parts(experiment)
    except ValueError:  # it has no source here: what it calls is what can differ
        modules = {name: _module(name) for name in expected if name != OWN}
        found = {OWN: expected[OWN], **{name: module[0] for name, module in modules.items() if module is not None}}
    names = {OWN: experiment.__module__}
    return sorted(names.get(name, name) for name in expected if found.get(name) != expected[name])


def _source(experiment: Callable[..., Any]) -> ast.Module:
    """The module of the function, or the function alone where it was typed in."""
    module = sys.modules.get(experiment.__module__)
    try:
        if module is not None and getattr(module, "__file__", None):
            return ast.parse(inspect.getsource(module))
        return ast.parse(textwrap.dedent(inspect.getsource(experiment)))
    except (OSError, TypeError, SyntaxError):
        raise ValueError(
            f"sweep: the source of {experiment.__module__}.{experiment.__qualname__} is not to be found, and a store "
            "must know which code made a point; put the function into a module of its own"
        ) from None


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            steps = name.split(".")
            if steps[0] == "landscape_lib" and len(steps) > 1 and steps[1] in FLOORS:
                yield from (".".join(steps[:end]) for end in range(2, len(steps) + 1))


@cache
def _module(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The hash and the imports of a module of the library; None if there is none of that name."""
    place = LIBRARY.joinpath(*name.split(".")[1:])
    for file in (place / "__init__.py", place.with_suffix(".py")):
        if file.is_file():
            tree = ast.parse(file.read_bytes())
            return _hash(tree), tuple(_imports(tree))
    return None


def _hash(tree: ast.AST) -> str:
    return hashlib.sha256(repr(_shape(tree)).encode()).hexdigest()[:16]


def _shape(node: Any) -> Any:
    """A syntax tree as nested lists: without positions, docstrings, and fields that newer Pythons add or leave out."""
    if isinstance(node, list):
        return [_shape(item) for item in node]
    if not isinstance(node, ast.AST):
        return node
    fields = dict(ast.iter_fields(node))
    first = fields["body"][0] if isinstance(fields.get("body"), list) and fields["body"] else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        fields["body"] = fields["body"][1:]
    return [type(node).__name__, *((name, _shape(value)) for name, value in fields.items() if value not in (None, []))]
