"""The code of a notebook: a hash of each definition of the library, and of each file beside it, that it uses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from landscape_lib._fingerprint._closure import Closure
from landscape_lib._fingerprint._experiments import OWN, Parts
from landscape_lib._fingerprint._modules import AT_IMPORT, LIBRARY, Module, digest, find, parse, shape

MAGIC = re.compile(r"^(\s*)([%!?].*|.*\?)$|^(\s*)(.*=\s*[%!].*)$", re.MULTILINE)
WORDS = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def notebook_parts(sources: Sequence[str]) -> Parts:
    """The code cells of a notebook (`OWN`), and a hash of each definition that they use, by module and name.

    All of the library counts here, how results are told as well; of a package that is reached, also the files that are
    no code, by their path in it. Lines for IPython (``%…``, ``!…``) use every word that is a name.
    """
    tree, words = ast.Module([], []), []
    for source in sources:
        cell, other = _cell(source)
        tree.body += cell
        words += other
    own = Module(OWN, tree)
    own.never_runs |= {use.name for statement in tree.body for use in own.uses(statement)}  # IPython's, if not bound
    closure = Closure(_module, telling=True)
    closure.enter(own)
    closure.follow(own, *tree.body)
    for word in words:
        name, *attributes = word.split(".")
        if name in own.bindings:
            closure.name(own, name, tuple(attributes))
    definitions = closure.definitions()
    definitions[OWN] = {AT_IMPORT: digest([shape(tree), words])}
    for module in closure.modules.values():
        if module.is_package and module.folder is not None and module.folder.is_relative_to(LIBRARY):
            definitions.setdefault(module.name, {}).update(_files(module.folder))
    return definitions


def _module(name: str) -> Module | None:
    place = find(name)
    return None if place is None else parse(name, place)


def _cell(source: str) -> tuple[list[ast.stmt], list[str]]:
    """The statements of a cell, and the words of what is no Python in it."""
    words = [word for match in MAGIC.finditer(source) for word in WORDS.findall(match.group())]
    try:
        return ast.parse(source).body, []
    except SyntaxError:
        pass
    try:
        return ast.parse(MAGIC.sub(lambda match: f"{match[1] or match[3] or ''}pass", source)).body, words
    except SyntaxError:
        return [], WORDS.findall(source)


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    """The files of a package that are no Python, with their hashes; packages inside have their own."""
    todo = [folder]
    while todo:
        for path in todo.pop().iterdir():
            if path.is_dir():
                if path.name != "__pycache__" and not (path / "__init__.py").is_file():
                    todo.append(path)
            elif path.suffix != ".py":
                yield path.relative_to(folder).as_posix(), sha256(path.read_bytes()).hexdigest()[:16]
