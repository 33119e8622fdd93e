"""A module as text: what it defines, imports, and does when it is imported. Nothing is imported to find that out."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any, NamedTuple

from landscape_lib._fingerprint._names import Use, binds, uses

LIBRARY = Path(__file__).resolve().parents[1]
AT_IMPORT = ""  # stands, among the names of a module, for what it does when it is imported
STANDARD = Path(sysconfig.get_path("stdlib")).resolve()
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
# What is called to define something, and changes nothing else: of the standard library by module, and of the builtins.
PURE = {
    *("abc", "collections", "contextlib", "dataclasses", "enum", "fractions", "functools", "itertools", "math"),
    *("operator", "pathlib", "re", "string", "types", "typing"),
}
PURE_BUILTINS = {
    *("abs", "bool", "bytes", "classmethod", "complex", "dict", "divmod", "enumerate", "filter", "float", "frozenset"),
    *("int", "isinstance", "len", "list", "map", "max", "min", "object", "pow", "property", "range", "repr"),
    *("reversed", "round", "set", "slice", "sorted", "staticmethod", "str", "sum", "tuple", "type", "zip"),
}


class Import(NamedTuple):
    """What an imported name stands for: a module, an attribute of it, or (``*``) all of them."""

    module: str
    attribute: str = ""


class Module:
    """The text of a module, sorted. ``package`` is what its relative imports start from, ``folder`` where it lies."""

    def __init__(self, name: str, tree: ast.Module, package: str = "", folder: Path | None = None) -> None:
        self.name, self.package, self.folder = name, package, folder
        self.is_package = bool(name) and name == package
        self.knows_subclasses = any(map(_knows_subclasses, ast.walk(tree)))
        self.bindings: dict[str, list[ast.stmt | Import]] = {}
        self.imports: list[Import] = []  # that happen when it is imported itself
        self.never_runs: set[str] = set()  # names for type checkers only
        self._uses: dict[int, list[Use]] = {}
        self._hashes: dict[str, str] = {}
        candidates: list[ast.stmt] = []
        self._sort(tree.body, candidates)
        self.has_stars = "*" in self.bindings
        self.at_import = [statement for statement in candidates if self._acts(statement)]

    def _sort(self, statements: Sequence[ast.stmt], candidates: list[ast.stmt] | None) -> None:
        for statement in statements:
            if isinstance(statement, ast.If) and _is_for_types(statement.test):
                for inner in statement.body:
                    self.never_runs |= {*binds(inner), *(name for name, _ in imports(inner, self.package))}
                self._sort(statement.orelse, candidates)
            elif isinstance(statement, ast.If) and _is_for_main(statement.test):
                self._sort(statement.body, None)
                self._sort(statement.orelse, candidates)
            else:
                at_top = [*imports(statement, self.package)] if not isinstance(statement, Definition) else []
                for name, target in at_top:
                    self.bindings.setdefault(name, []).append(target)
                    if candidates is not None:
                        self.imports.append(target)
                for name in dict.fromkeys(binds(statement)):
                    self.bindings.setdefault(name, []).append(statement)
                if candidates is not None:
                    candidates.append(statement)

    def _acts(self, statement: ast.stmt) -> bool:
        """Whether a statement may do more than bind names: then it counts, whoever uses these."""
        if isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
            return False
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            return False
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(isinstance(node, ast.Attribute | ast.Subscript) for t in targets for node in ast.walk(t)):
                return True
        elif not isinstance(statement, Definition) and type(statement).__name__ != "TypeAlias":
            return True
        if isinstance(statement, ast.ClassDef) and statement.keywords:  # a metaclass, or words for a base
            return True
        return any(not self._is_pure(called) for called in _called(statement))

    def _is_pure(self, called: ast.expr) -> bool:
        while isinstance(called, ast.Attribute | ast.Subscript | ast.Call):
            called = called.func if isinstance(called, ast.Call) else called.value
        if not isinstance(called, ast.Name):
            return True  # a method of a literal
        bound = self.bindings.get(called.id)
        if bound is None:
            return called.id in PURE_BUILTINS
        return all(isinstance(binding, Import) and binding.module.partition(".")[0] in PURE for binding in bound)

    def uses(self, statement: ast.stmt) -> list[Use]:
        """The names that a statement of this module looks up."""
        if id(statement) not in self._uses:
            self._uses[id(statement)] = [*dict.fromkeys(uses(statement))]
        return self._uses[id(statement)]

    def hash(self, name: str) -> str | None:
        """Of all that binds a name here; None if nothing does."""
        if name not in self._hashes:
            bound = self.at_import if name == AT_IMPORT else self.bindings.get(name)
            if not bound:
                return None
            self._hashes[name] = digest(
                [tuple(binding) if isinstance(binding, Import) else shape(binding) for binding in bound]
            )
        return self._hashes[name]


def imports(node: ast.AST, package: str) -> Iterator[tuple[str, Import]]:
    """The names that code imports, at any depth, and what they stand for. A dotted import binds its first part."""
    for statement in ast.walk(node):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield (
                    alias.asname or alias.name.partition(".")[0],
                    Import(alias.name if alias.asname else alias.name.partition(".")[0]),
                )
                if not alias.asname and "." in alias.name:
                    yield alias.name, Import(alias.name)  # no name at all, but it is imported
        elif isinstance(statement, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - statement.level] if statement.level else []
            module = ".".join([*above, *([statement.module] if statement.module else [])])
            for alias in statement.names:
                yield alias.asname or alias.name, Import(module, alias.name)


def _called(node: ast.AST) -> Iterator[ast.expr]:
    """What is called when a statement runs: not in the bodies of its functions, but in what they are decorated with."""
    if isinstance(node, Definition):
        yield from node.decorator_list
    if isinstance(node, ast.Call):
        yield node.func
    runs = ast.iter_child_nodes(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        runs = iter([*node.decorator_list, node.args])
    elif isinstance(node, ast.Lambda):
        runs = iter([node.args])
    for child in runs:
        yield from _called(child)


def _knows_subclasses(node: ast.AST) -> bool:
    """Something that acts when a class is derived, such as a metaclass, or asks what was derived from one."""
    if isinstance(node, ast.ClassDef):
        return any(isinstance(base, ast.Name) and base.id == "type" for base in node.bases)
    name = getattr(node, "name", None) if isinstance(node, ast.FunctionDef) else getattr(node, "attr", None)
    return name in ("__init_subclass__", "__subclasses__")


def _is_for_types(test: ast.expr) -> bool:
    return isinstance(test, ast.Name | ast.Attribute) and ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _is_for_main(test: ast.expr) -> bool:
    return ast.unparse(test) in ("__name__ == '__main__'", "'__main__' == __name__")


class Place(NamedTuple):
    """Where a module's text is. A package that is a mere folder has no file."""

    file: Path | None
    folder: Path
    is_package: bool

    def stamp(self) -> tuple[int, int] | None:
        """Changes when the file does."""
        if self.file is None:
            return None
        status = self.file.stat()
        return status.st_mtime_ns, status.st_size


def find(name: str) -> Place | None:
    """Where a module is that counts: of the library, or of the user's own. None for all others."""
    top, *rest = name.split(".")
    if top == LIBRARY.name:
        place = LIBRARY.joinpath(*rest)
        if (place / "__init__.py").is_file():
            return Place(place / "__init__.py", place, True)
        return Place(place.with_suffix(".py"), place.parent, False) if place.with_suffix(".py").is_file() else None
    try:
        spec: ModuleSpec | None = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):  # a module made by hand has no spec
        return None
    if spec is None or not _is_own(spec):
        return None
    for end in range(2, len(rest) + 2):
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = PathFinder.find_spec(".".join(name.split(".")[:end]), spec.submodule_search_locations)
    if spec is None or (spec.has_location and not str(spec.origin).endswith(".py")):
        return None
    file = Path(str(spec.origin)) if spec.has_location else None
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    return Place(file, folders[0] if folders else Path(str(spec.origin)).parent, bool(folders))


def _is_own(spec: ModuleSpec) -> bool:
    places = [*([str(spec.origin)] if spec.has_location else []), *(spec.submodule_search_locations or ())]
    return bool(places) and not any(_is_installed(Path(place).parent) for place in places)


@cache
def _is_installed(folder: Path) -> bool:
    for path in (folder, folder.resolve()):
        if {"site-packages", "dist-packages"} & {*path.parts} or path.is_relative_to(STANDARD):
            return True
    return next(folder.glob("*.dist-info"), None) is not None  # pip's --target


def parse(name: str, place: Place) -> Module:
    """The module at a place, read anew when its file has changed."""
    return _parse(name, place, place.stamp())


@lru_cache(1000)
def _parse(name: str, place: Place, stamp: tuple[int, int] | None) -> Module:
    try:
        tree = ast.parse(place.file.read_bytes() if place.file else "")
    except (SyntaxError, ValueError):  # nobody can import it
        tree = ast.Module([], [])
    return Module(name, tree, name if place.is_package else name.rpartition(".")[0], place.folder)


def digest(value: Any) -> str:
    """Sixteen hex digits of a nested list."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def shape(node: Any) -> Any:
    """A syntax tree as nested lists: without positions, docstrings, and fields that newer Pythons add or leave out."""
    if isinstance(node, list):
        return [shape(item) for item in node]
    if not isinstance(node, ast.AST):
        return node
    fields = dict(ast.iter_fields(node))
    first = fields["body"][0] if isinstance(fields.get("body"), list) and fields["body"] else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        fields["body"] = fields["body"][1:]
    return [type(node).__name__, *((name, shape(value)) for name, value in fields.items() if value not in (None, []))]
