"""Which names a piece of code looks up outside itself, and which it binds, by Python's rules of scope."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
NOTHING: frozenset[str] = frozenset()


class Use(NamedTuple):
    """A name that is looked up, with the attributes taken of it: ``a.b.c`` is ("a", ("b", "c"))."""

    name: str
    attributes: tuple[str, ...] = ()
    perhaps: bool = False  # it may be one of the class body around it instead


def uses(node: ast.AST, bound: frozenset[str] = NOTHING, perhaps: frozenset[str] = NOTHING) -> Iterator[Use]:
    """The names that code takes from around it. ``bound`` are those of the functions that it stands in."""
    if isinstance(node, ast.Name | ast.Attribute):
        root, attributes = unwind(node)
        if not isinstance(root, ast.Name):
            yield from uses(root, bound, perhaps)
        elif root.id not in bound and isinstance(root.ctx, ast.Load):
            yield Use(root.id, attributes, root.id in perhaps)
        return
    bound |= {parameter.name for parameter in getattr(node, "type_params", ())}
    if isinstance(node, Comprehension):
        yield from _uses_of_comprehension(node, bound, perhaps)
        return
    body: list[ast.AST] = []
    inside = bound, perhaps
    if isinstance(node, Function):
        body = [*node.body] if isinstance(node.body, list) else [node.body]
        inside = bound | _locals(node, body), NOTHING
    elif isinstance(node, ast.ClassDef):
        body = [*node.body]
        inside = bound, frozenset(name for item in body for name in binds(item))
    own = {id(item) for item in body}
    for child in ast.iter_child_nodes(node):  # decorators, defaults and bases belong to the scope around
        yield from uses(child, *(inside if id(child) in own else (bound, perhaps)))


def _uses_of_comprehension(node: Comprehension, bound: frozenset[str], perhaps: frozenset[str]) -> Iterator[Use]:
    inside = bound | {name for generator in node.generators for name in binds(generator.target)}
    first = node.generators[0].iter  # where it iterates, its own names are not known yet
    yield from uses(first, bound, perhaps)
    for child in ast.iter_child_nodes(node):
        parts = ast.iter_child_nodes(child) if isinstance(child, ast.comprehension) else [child]
        for part in parts:
            if part is not first:
                yield from uses(part, inside, perhaps)


def unwind(node: ast.expr) -> tuple[ast.expr, tuple[str, ...]]:
    """What stands at the left end of ``a.b.c``, and the attributes."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.insert(0, node.attr)
        node = node.value
    return node, tuple(attributes)


def binds(node: ast.AST, inside: bool = False) -> Iterator[str]:
    """The names that a statement binds in its scope, but for those it imports; ``inside`` a comprehension."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and not inside:
        yield node.id
    elif isinstance(node, ast.NamedExpr):
        yield node.target.id
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    for child in ast.iter_child_nodes(node):
        yield from binds(child, inside or isinstance(node, Comprehension))


def _locals(function: Function, body: list[ast.AST]) -> frozenset[str]:
    arguments = function.args
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    shared = {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
    names = {name for statement in body for name in binds(statement)} - shared
    return frozenset(names | {parameter.arg for parameter in parameters if parameter})
