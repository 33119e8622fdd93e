"""The code of an experiment: a hash of each definition it uses."""

from __future__ import annotations

import ast
import inspect
import pickle
import sys
import textwrap
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from landscape_lib._fingerprint._closure import Closure
from landscape_lib._fingerprint._modules import Module, digest, find, parse
from landscape_lib._fingerprint._names import uses

OWN = ""  # stands for the experiment's own module, which has other names elsewhere
Parts = Mapping[str, Mapping[str, str]]

_read: dict[str, tuple[object, Module | None]] = {}  # what a module's text was when Python loaded it
_known: dict[Callable[..., Any], tuple[Parts, dict[str, object]]] = {}


def parts(experiment: Callable[..., Any]) -> Parts:
    """A hash of each definition that an experiment uses, by module and name.

    What Python has loaded counts as it was first read, until it is loaded anew: files may change, the code in memory
    does not.
    """
    kept, stamps = _known.get(experiment, (None, {}))
    if kept is not None and all(_is_same(_stamp(name), stamp) for name, stamp in stamps.items()):
        return kept
    own, is_file = _own(experiment)
    closure = Closure(_module)
    closure.enter(own)
    root = experiment.__qualname__.partition(".")[0]
    if root in own.bindings:
        closure.name(own, root)
    else:  # made by other means than a definition
        closure.whole(own)
    definitions = closure.definitions()
    if is_file:  # a function that was typed in may find other values around it next time
        _known[experiment] = definitions, {name: _stamp(name) for name in closure.modules if name != OWN}
    return definitions


def fingerprint(experiment: Callable[..., Any]) -> str:
    """Sixteen hex digits that change with the code of an experiment."""
    return digest(sorted((name, sorted(part.items())) for name, part in parts(experiment).items()))


def differences(experiment: Callable[..., Any], expected: Parts) -> list[str]:
    """The modules whose code here is not the expected one. A function that travels by value brings its own."""
    try:
        here = parts(experiment)
    except ValueError:  # it has no source here: what it calls is what can differ
        modules = {name: _module(name) for name in expected if name != OWN}
        here = {
            name: {part: module.hash(part) or "" for part in expected[name]}
            for name, module in modules.items()
            if module
        }
        here[OWN] = expected[OWN]
    own = {OWN: experiment.__module__}
    return sorted(own.get(name, name) for name in expected if here.get(name) != expected[name])


def _stamp(name: str) -> object:
    """What tells whether the text of a module is still the one that was read; loading makes a new spec each time."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    if spec is None and (place := find(name)) is not None:
        return place, place.stamp()
    return spec


def _is_same(stamp: object, other: object) -> bool:
    return stamp is other or (isinstance(stamp, tuple) and stamp == other)  # two specs may be equal


def _module(name: str) -> Module | None:
    stamp = _stamp(name)
    if name not in _read or not _is_same(_read[name][0], stamp):
        place = find(name)
        _read[name] = stamp, None if place is None else parse(name, place)
    return _read[name][1]


def _own(experiment: Callable[..., Any]) -> tuple[Module, bool]:
    """The module of the function; of one that was typed in, what it needs of what was typed in with it."""
    function, module = inspect.unwrap(experiment), sys.modules.get(experiment.__module__)
    file, code = getattr(module, "__file__", None), getattr(function, "__code__", None)
    try:
        if module is not None and file:
            if code is not None and Path(code.co_filename).name != Path(file).name:
                raise OSError("another module of that name")  # where the function came from by value
            tree = ast.parse(inspect.getsource(module))
            return Module(OWN, tree, module.__package__ or "", Path(file).absolute().parent), True
        return Module(OWN, ast.parse(_typed_in(function))), False
    except (OSError, TypeError, SyntaxError):
        raise ValueError(
            f"sweep: the source of {experiment.__module__}.{experiment.__qualname__} is not to be found, and a store "
            "must know which code made a point; put the function into a module of its own"
        ) from None


def _typed_in(function: Any) -> str:
    """A module that defines the function and what it uses of the session it was typed into, as that is now."""
    around = getattr(function, "__globals__", {})
    texts: dict[str, str] = {}
    todo: list[tuple[str, Any]] = [(function.__name__, function)]
    while todo:
        name, value = todo.pop()
        if name not in texts:
            texts[name] = _text(name, value, function)
            used = {use.name for use in uses(ast.parse(texts[name]))}
            todo += [(other, around[other]) for other in used if other in around]
    return "\n".join(texts[name] for name in sorted(texts))


def _text(name: str, value: Any, user: Callable[..., Any]) -> str:
    if isinstance(value, ModuleType):
        return f"import {value.__name__} as {name}"
    home, title = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if isinstance(home, str) and isinstance(title, str) and home != user.__module__:
        return f"from {home} import {title.partition('.')[0]} as {name}"
    if isinstance(title, str):
        text = textwrap.dedent(_source(value))
        return text if value.__name__ in (name, "<lambda>") else f"{text}\n{name} = {value.__name__}"
    try:
        return f"{name} = {sha256(pickle.dumps(value)).hexdigest()!r}"
    except Exception:
        kind = type(value).__name__
        raise ValueError(
            f"sweep: {user.__qualname__} uses {name}, a {kind}, and a store must know whether it is the same next time;"
            " put the function, and what it uses, into a module of its own"
        ) from None


def _source(value: Any) -> str:
    """The text of a function or class. Of a class that was typed in, Python may know it by its methods only."""
    value = inspect.unwrap(value)
    try:
        return inspect.getsource(value)
    except (OSError, TypeError):
        if not isinstance(value, type):
            raise
    methods = [method for method in vars(value).values() if hasattr(method, "__code__")]
    for method in methods:
        lines, _ = inspect.findsource(method)
        for node in ast.parse("".join(lines)).body:
            if isinstance(node, ast.ClassDef) and node.name == value.__name__:
                return ast.unparse(node)
    raise OSError(f"no source of {value.__qualname__}")
