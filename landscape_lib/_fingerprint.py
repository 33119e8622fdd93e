"""Which code makes a result: a hash of an experiment's module, and of all of the library's physics it can reach."""

import ast
import hashlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

LIBRARY = Path(__file__).resolve().parent
FLOORS = ("data", "nets", "training", "measure", "experiments")  # what runs a point; how it is told changes no result


@cache  # asked again in the same process, the files may have changed and the code in memory has not
def fingerprint(experiment: Callable[..., Any]) -> str:
    """Sixteen hex digits that change with the code of an experiment, and not with comments, docstrings or layout.

    What counts is the module that the function stands in, and the modules of `landscape_lib` that it imports, directly
    or through others. Other packages do not count: their versions are in the provenance of each point.
    """
    trees = {"": _source(experiment)}
    todo = [*_imports(trees[""])]
    while todo:
        name = todo.pop()
        if name in trees or (file := _file(name)) is None:
            continue
        trees[name] = ast.parse(file.read_bytes())
        todo += _imports(trees[name])
    text = repr([(name, _shape(tree)) for name, tree in sorted(trees.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
            parts = name.split(".")
            if parts[0] == "landscape_lib" and len(parts) > 1 and parts[1] in FLOORS:
                yield from (".".join(parts[:end]) for end in range(2, len(parts) + 1))


def _file(name: str) -> Path | None:
    place = LIBRARY.joinpath(*name.split(".")[1:])
    return next((file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file()), None)


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
