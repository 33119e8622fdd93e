"""All that a piece of code uses, directly or not: definitions by module."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from pathlib import Path

from landscape_lib._fingerprint._modules import AT_IMPORT, LIBRARY, Import, Module, imports
from landscape_lib._fingerprint._names import Use

# How results are told and runs are scheduled changes no number: these are not followed for being imported alone.
TELLING = {"report", "figures", "sweeps", "_sweeps", "_sweep_command", "cli", "_fingerprint", "_origin"}
NAMESPACE = {"globals", "locals", "vars", "dir", "eval", "exec"}  # reach any name of a module

Definitions = dict[str, dict[str, str]]


class Closure:
    """Grows by what it is given to `follow`. ``read`` gives the text of a module that counts, by name."""

    def __init__(self, read: Callable[[str], Module | None], *, telling: bool = False) -> None:
        self._read, self._telling = read, telling
        self.modules: dict[str, Module] = {}  # that are imported on the way
        self._texts: dict[str, Module | None] = {}
        self._reached: dict[str, dict[str, Module]] = {}
        self._todo: list[tuple[Module, ast.stmt]] = []
        self._seen: set[object] = set()

    def definitions(self) -> Definitions:
        """A hash of each definition that was reached, by module and name."""
        self._run()
        if any(module.knows_subclasses for module in self.modules.values()):  # used or not, they count
            for module in [*self.modules.values()]:
                self.whole(module)
            self._run()
        return {
            name: {part: module.hash(part) or "" for part, module in sorted(parts.items())}
            for name, parts in sorted(self._reached.items())
        }

    def enter(self, module: Module) -> None:
        """What the module does, and what it imports, when it is imported."""
        if self._is_new(module.name):
            self.modules[module.name] = module
            if module.at_import:
                self._reach(module, AT_IMPORT)
                self.follow(module, *module.at_import)
            for target in module.imports:
                self._import(target)

    def name(self, module: Module, name: str, attributes: tuple[str, ...] = ()) -> None:
        """What a name of a module stands for; the attributes are looked up while it is a module itself."""
        if self._is_new((module.name, name, attributes)):
            self._reach(module, name)
            for bound in module.bindings[name]:
                if isinstance(bound, Import):
                    self._target(bound, attributes)
                else:
                    self.follow(module, bound)

    def whole(self, module: Module) -> None:
        """All that a module defines or passes on, and its own modules, if it is a package."""
        if not self._is_new((module.name, "*")):
            return
        self.enter(module)
        for name in module.bindings:
            self.name(module, name)
        for target in module.imports:
            if target.attribute == "*":
                self._module(target.module)
        if module.is_package and module.folder is not None:
            self._modules_in(module.folder, module.name)

    def follow(self, module: Module, *statements: ast.stmt) -> None:
        """What statements of a module use, and so on."""
        for statement in statements:
            if self._is_new((module.name, id(statement))):
                self._todo.append((module, statement))

    def use(self, module: Module, use: Use, inner: dict[str, list[Import]]) -> None:
        """What a name stands for that is used in a module; ``inner`` are those imported right there."""
        for target in inner.get(use.name, ()):
            self._target(target, use.attributes)
        if use.name in module.bindings:
            self.name(module, use.name, use.attributes)
        elif use.name in NAMESPACE or module.has_stars or not (use.name in inner or _is_known(use, module)):
            self.whole(module)
        if use.name == "__import__" or any(
            target.module.startswith("importlib") and "import_module" in (target.attribute, *use.attributes)
            for target in (*inner.get(use.name, ()), *module.bindings.get(use.name, ()))
            if isinstance(target, Import)
        ):
            self._anything(module)

    def _run(self) -> None:
        while self._todo:
            module, statement = self._todo.pop()
            inner: dict[str, list[Import]] = {}
            for name, target in imports(statement, module.package):
                inner.setdefault(name, []).append(target)
                self._import(target)
            for use in module.uses(statement):
                self.use(module, use, inner)
            if _takes_a_loaded_module(statement):
                self.whole(module)

    def _target(self, target: Import, attributes: tuple[str, ...]) -> None:
        if target.attribute != "*":
            self._module(target.module, (target.attribute, *attributes) if target.attribute else attributes)

    def _module(self, name: str, attributes: tuple[str, ...] = ()) -> None:
        """What ``name.a.b`` is, where ``name`` is a module: one of its names, a module inside, or unknown."""
        module = self._get(name)
        if module is None or not self._is_new((name, attributes)):
            return
        self.enter(module)
        if not attributes:
            self.whole(module)
            return
        first, *rest = attributes
        inside, bound = f"{name}.{first}", module.bindings.get(first, ())
        if bound:
            self.name(module, first, tuple(rest))
        if any(isinstance(target, Import) and target.module == inside for target in bound):
            return  # a name that a package takes from its module of the same name hides that
        if self._get(inside) is not None:
            self._module(inside, tuple(rest))
        elif not bound:
            self.whole(module)

    def _import(self, target: Import) -> None:
        """What happens when something is imported: the module and the packages around it run."""
        names = [target.module, *([f"{target.module}.{target.attribute}"] if target.attribute else [])]
        for name in names:
            steps = name.split(".")
            for end in range(1, len(steps) + 1):
                if not self._telling and steps[0] == LIBRARY.name and {*steps[1:2]} & TELLING:
                    continue
                if (module := self._get(".".join(steps[:end]))) is not None:
                    self.enter(module)

    def _anything(self, module: Module) -> None:
        """An import by a name that only running would tell: all of the library, and all that stands beside."""
        self.whole(module)
        for name in filter(None, {LIBRARY.name, module.package.partition(".")[0]}):
            self._module(name)
        if module.folder is not None:
            self._modules_in(module.folder, module.package)

    def _modules_in(self, folder: Path, package: str) -> None:
        for file in sorted(folder.iterdir()):
            if (file.suffix == ".py" and file.stem != "__init__") or (file / "__init__.py").is_file():
                self._module(".".join([*filter(None, [package]), file.stem]))

    def _get(self, name: str) -> Module | None:
        if name not in self._texts:
            self._texts[name] = self._read(name)
        return self._texts[name]

    def _reach(self, module: Module, name: str) -> None:
        self._reached.setdefault(module.name, {})[name] = module

    def _is_new(self, key: object) -> bool:
        return key not in self._seen and not self._seen.add(key)  # type: ignore[func-returns-value]


def _is_known(use: Use, module: Module) -> bool:
    """Whether a name that the module does not bind needs no explanation."""
    is_given = hasattr(builtins, use.name) or (use.name.startswith("__") and use.name.endswith("__"))
    return is_given or use.perhaps or use.name in module.never_runs


def _takes_a_loaded_module(statement: ast.stmt) -> bool:
    """Whether it takes something out of ``sys.modules``, and does not just ask what is in there."""
    nodes = [*ast.walk(statement)]
    asked = {id(side) for node in nodes if isinstance(node, ast.Compare) for side in node.comparators}
    taken = [node for node in nodes if isinstance(node, ast.Attribute) and node.attr == "modules"]
    return any(ast.unparse(node) == "sys.modules" and id(node) not in asked for node in taken)
