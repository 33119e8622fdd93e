"""The fingerprint changes with all that can change a number, and with nothing else."""

from __future__ import annotations

import ast
import importlib
import linecache
import sys
import types

import cheap
import pytest

from landscape_lib._fingerprint import OWN, _experiments, _modules, differences, fingerprint, notebook_parts, parts
from landscape_lib._fingerprint._closure import TELLING
from landscape_lib._fingerprint._names import uses
from landscape_lib.experiments import double_descent, ensembles, jamming, packings
from landscape_lib.measure.jamming import gaps
from landscape_lib.measure.packings import forces, picture
from landscape_lib.nets import CNN, MLP
from landscape_lib.report import claim, explore
from landscape_lib.training import gd, minimum_norm, soft_hinge

EXPERIMENTS = [module.EXPERIMENT for module in (jamming, double_descent, ensembles, packings)]

# A user's own experiment, with helpers beside it, in every way that Python has to use one from another.
FILES = {
    "experiment.py": '''
"""Words."""
from __future__ import annotations
import math
import numpy as np
import toys.numbers as numbers
import toys.deep.inner
import star_user, passed_on
from toys import Square, losses
from toys.losses import LOSSES, hinge as loss
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toys.unused import Hint

WIDTHS = (3, 4)  # for the grid
DEPTH = 3
unused = 1


def grid(count):
    """Points."""
    return [{"x": width} for width in WIDTHS[:count]]


def other(x):
    return numbers.other(x)


def experiment(x: Hint, scale=numbers.SCALE):
    """More words."""
    from late import shift

    grid = Square(DEPTH)  # its own name, not the function
    value = numbers.twice(x) + losses.chosen("hinge") + loss(x) + toys.deep.inner.VALUE + shift(x)
    value += math.pi + np.pi + sum(numbers.weight(i) for i in range(3)) + star_user.starred() + passed_on.total()
    return [{"x": x, "area": scale * grid.area(), "value": value}]


if __name__ == "__main__":
    points = grid(2)
    print(points)
''',
    "toys/__init__.py": "from .shapes import Square\nfrom . import losses\n",
    "toys/numbers.py": """
SCALE = 1.5
OTHER = 7


def twice(x):
    return 2 * x


def other(x):
    return x + OTHER


def weight(i):
    return _table()[i]


def _table():
    return [1, 2, 3]
""",
    "toys/shapes.py": """
from toys.tools import logged


class Shape:
    SIDES = 4

    def area(self):
        return 0.0


class Square(Shape):
    def __init__(self, side):
        self.side = side

    @logged(level=1)
    def area(self):
        return self.side**2


class Circle(Shape):
    def area(self):
        return 3.0
""",
    "toys/tools.py": """
import functools


def logged(level):
    def decorate(function):
        @functools.wraps(function)
        def inner(*args):
            return function(*args) + OFFSET
        return inner
    return decorate


OFFSET = 0
""",
    "toys/losses.py": """
def hinge(x):
    return 1.0


def square(x):
    return 4.0


def cubic(x):
    return 8.0


LOSSES = {"hinge": hinge}
LOSSES["square"] = square


def chosen(name):
    return LOSSES[name](1)
""",
    "toys/unused.py": "class Hint:\n    word = 1\n",
    "toys/deep/__init__.py": "",
    "toys/deep/inner.py": "from .. import numbers as up\nVALUE = up.SCALE + 5\nother = 5\n",
    "late.py": "import effects\n\n\ndef shift(x):\n    return 0.25\n\n\ndef back(x):\n    return 0.5\n",
    "effects.py": "import state\n\nstate.settings.update(level=1)\nidle = 1\n",
    "state.py": "settings = {}\nlevel = 2\n",
    "star_user.py": "from star import *\n\n\ndef starred():\n    return hidden() + sum([1])\n",
    "star.py": "def hidden():\n    return 1\n\n\ndef sum(x):\n    return 2\n",
    "passed_on.py": "import values\n\n\ndef total():\n    return sum(v for k, v in vars(values).items() if k > 'a')\n",
    "values.py": "a1 = 1\na2 = 2\n",
}

# file, what stands there, what stands there instead
SAME = [
    ("experiment.py", "Words.", "Other words."),
    ("experiment.py", '"""More words."""', ""),
    ("experiment.py", "  # for the grid", ""),
    ("experiment.py", "\n\ndef other", "\n\n\n\n# a comment\ndef other"),
    ("experiment.py", "(3, 4)", "(3, 4, 5)"),
    ("experiment.py", "WIDTHS[:count]", "WIDTHS[count:]"),
    ("experiment.py", "numbers.other(x)", "numbers.twice(x)"),
    ("experiment.py", "unused = 1", "unused = 2"),
    ("experiment.py", "print(points)", "print(len(points))"),
    ("experiment.py", "import math", "import math, json"),
    ("toys/numbers.py", "x + OTHER", "x - OTHER"),
    ("toys/numbers.py", "OTHER = 7", "OTHER = 8"),
    ("toys/shapes.py", "3.0", "3.1"),
    ("toys/losses.py", "8.0", "9.0"),
    ("toys/unused.py", "word = 1", "word = 2"),
    ("toys/deep/inner.py", "other = 5", "other = 6"),
    ("late.py", "0.5", "0.75"),
    ("effects.py", "idle = 1", "idle = 2"),
]
CHANGED = [
    ("experiment.py", "DEPTH = 3", "DEPTH = 4"),
    ("experiment.py", "range(3)", "range(2)"),
    ("experiment.py", "range(3)", "range(3.0)"),
    ("experiment.py", "scale=numbers.SCALE", "scale=2 * numbers.SCALE"),
    ("experiment.py", "hinge as loss", "square as loss"),  # both are used anyway
    ("experiment.py", "import numpy as np", "import math as np"),
    ("experiment.py", "unused = 1", "math.landscape_toy = 3"),
    ("toys/__init__.py", "import Square", "import Circle as Square"),
    ("toys/numbers.py", "SCALE = 1.5", "SCALE = 1.6"),
    ("toys/numbers.py", "2 * x", "3 * x"),
    ("toys/numbers.py", "[1, 2, 3]", "[1, 2, 4]"),
    ("toys/shapes.py", "SIDES = 4", "SIDES = 5"),  # of a base
    ("toys/shapes.py", "return 0.0", "return 0.1"),
    ("toys/shapes.py", "side**2", "side**3"),
    ("toys/shapes.py", "level=1", "level=2"),
    ("toys/tools.py", "OFFSET = 0", "OFFSET = 1"),
    ("toys/losses.py", "1.0", "1.5"),
    ("toys/losses.py", "4.0", "5.0"),
    ("toys/losses.py", '["square"] = square', '["square"] = cubic'),
    ("toys/deep/inner.py", "SCALE + 5", "SCALE + 6"),
    ("late.py", "0.25", "0.3"),
    ("effects.py", "level=1", "level=2"),
    ("effects.py", "idle = 1", "idle = state.settings.clear()"),
    ("state.py", "{}", "{'level': 2}"),
    ("star.py", "return 1", "return 3"),
    ("star.py", "return 2", "return 3"),  # which hides a builtin
    ("values.py", "a2 = 2", "a2 = 3"),
]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The experiment of these files, as a fresh start would import it."""
    monkeypatch.syspath_prepend(tmp_path)
    names = set()

    def forget():
        for name in [name for name in sys.modules if name.partition(".")[0] in names]:
            del sys.modules[name]

    def written(files):
        for name, text in files.items():
            names.add(name.split("/")[0].removesuffix(".py"))
            (file := tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
            file.write_text(text)
        forget()
        importlib.invalidate_caches()
        return importlib.import_module("experiment").experiment

    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode  # files may change within a second
    yield written
    sys.dont_write_bytecode = before
    forget()


def edited(file, old, new):
    assert FILES[file].count(old) >= 1
    return {**FILES, file: FILES[file].replace(old, new)}


@pytest.mark.parametrize("edit", SAME)
def test_what_cannot_change_a_number_does_not_count(edit, written):
    before = fingerprint(written(FILES))
    assert fingerprint(written(edited(*edit))) == before


@pytest.mark.parametrize("edit", CHANGED)
def test_what_can_change_a_number_counts(edit, written):
    before = fingerprint(written(FILES))
    assert fingerprint(written(edited(*edit))) != before
    assert fingerprint(written(FILES)) == before


@pytest.mark.parametrize(
    "use",
    [
        "import importlib\n    return importlib.import_module(name).x",
        "from importlib import import_module as load\n    return load(name).x",
        "return __import__(name).x",
        "return registry.made()",
    ],
)
def test_what_only_running_would_tell_counts_whole(use, written):
    files = {"experiment.py": f"import registry\n\n\ndef experiment(name):\n    {use}\n", "guest.py": "x = 1\n"}
    files["registry.py"] = """
class Base:
    def __init_subclass__(cls):
        made.kind = cls


def made():
    return made.kind.x


class Kind(Base):
    x = 1
"""
    before = fingerprint(written(files))
    file = "registry.py" if "registry" in use else "guest.py"
    assert fingerprint(written({**files, file: files[file].replace("x = 1", "x = 2")})) != before


def test_a_module_that_is_loaded_anew_is_read_anew(written, tmp_path):
    experiment = written(FILES)
    before = fingerprint(experiment)
    (tmp_path / "toys/numbers.py").write_text(FILES["toys/numbers.py"].replace("2 * x", "3 * x"))
    assert fingerprint(experiment) == before, "the code in memory is the old one"
    importlib.reload(sys.modules["toys.numbers"])
    assert fingerprint(experiment) != before


SCOPES = [
    ("def f(x, *y, z=1, **w): return x, y, z, w", ""),
    ("def f(x=default): return x", "default"),
    ("def f():\n    a = b\n    return a", "b"),
    ("def f():\n    global a\n    a = 1\n    return a", "a"),
    ("def f():\n    x = 1\n    def g(): return x + y\n    return g", "y"),
    ("def f():\n    def g():\n        nonlocal x\n        x = z\n    x = 1", "z"),
    ("def f(): return [x for x in x]", "x"),
    ("def f(): return [y for x in a if (y := b)] + [y]", "a b"),
    ("def f(): return {k: v for k, v in items for w in k if w}", "items"),
    ("f = lambda x: x + y", "y"),
    ("class A(B, metaclass=M):\n    x: int = a\n    y = x\n    def g(self): return x", "B M int a x"),
    ("class A:\n    width = width", "width"),
    (
        "def f(x):\n    match x:\n        case C(a=1) | [2, *a]: return a\n        case {'k': v, **w}: return v, w",
        "C",
    ),
    ("def f():\n    try: pass\n    except E as e: return e", "E"),
    ("def f():\n    with open(p) as h: return h", "open p"),
    ("def f():\n    import m.n\n    return m.n.x", "m"),
    ("@d(e)\ndef f() -> R: ...", "d e R"),
    ("def f(a: T): b: U = 1; return b", "T U"),
]


@pytest.mark.parametrize("source, expected", SCOPES)
def test_names_are_those_that_python_looks_up_outside(source, expected):
    statement = ast.parse(source).body[0]
    assert {use.name for use in uses(statement)} - {"self"} == set(expected.split())


# The library


def test_modules_are_followed_wherever_they_are_imported_from():
    """Relative imports, and names that packages pass on."""
    used = parts(packings.EXPERIMENT)
    assert "landscape_lib.measure.packings._fire" in used
    assert {"meet", "resultants"} <= set(used["landscape_lib.measure.packings._interactions"])
    assert "CNN" in parts(ensembles.EXPERIMENT)["landscape_lib.nets"]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_does_not_depend_on_how_it_is_told_or_on_its_grid(experiment):
    used = parts(experiment)
    assert not [name for name in used if name != OWN and set(name.split(".")[1:2]) & TELLING]
    assert not [name for module in used.values() for name in module if name == "grid" or name.endswith("_WIDTHS")]


TINY = {
    jamming.EXPERIMENT: {
        "dataset": "digits",
        "labels": "parity",
        "P": 20,
        "widths": (3, 8),
        "seeds": (0, 1),
        "steps": 20,
    },
    double_descent.EXPERIMENT: {"dataset": "digits", "P": 20, "widths": (3,), "seeds": (0, 1), "steps": 20},
    ensembles.EXPERIMENT: {
        **{"network": "cnn", "dataset": "digits", "P": 20, "h": 2, "task_seeds": (1,), "members": 2, "steps": 20}
    },
    packings.EXPERIMENT: {"aspect": 1.3, "n": 16, "seeds": (0,), "densities": (0.9,)},
}


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_what_runs_is_counted(experiment):
    """Watch it run: each function of the library that is called is one of its parts."""
    called = set()

    def watch(frame, event, _):
        if event == "call":
            called.add((frame.f_globals.get("__name__", ""), frame.f_code.co_qualname.partition(".")[0]))

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        experiment(**TINY[experiment])
    finally:
        sys.setprofile(before)
    ran = {(module, name) for module, name in called if module.startswith("landscape_lib.") and name[0] not in "<_"}
    counted = {(module or experiment.__module__, name) for module, names in parts(experiment).items() for name in names}
    assert len(ran) > 10
    assert ran - counted == set()


@pytest.fixture
def changed(monkeypatch):
    """The fingerprint of an experiment, as if a module of the library had another text."""

    def changed(experiment, name, text):
        package = name if _modules.find(name).is_package else name.rpartition(".")[0]
        module = _modules.Module(name, ast.parse(text), package)
        monkeypatch.setattr(_experiments, "_known", {})
        monkeypatch.setitem(_experiments._read, name, (_experiments._stamp(name), module))
        return fingerprint(experiment)

    return changed


def text(module):
    return _modules.find(module).file.read_text()


PUSH = "math.sqrt(packings.aspect)"


@pytest.mark.parametrize(
    "experiment, module, old, new, same",
    [
        (packings.EXPERIMENT, forces.__module__, PUSH, f"2 * {PUSH}", False),
        (packings.EXPERIMENT, forces.__module__, PUSH, f"{PUSH}  # a comment", True),
        (jamming.EXPERIMENT, CNN.__module__, "KERNEL = 3", "KERNEL = 5", True),
        (ensembles.EXPERIMENT, CNN.__module__, "KERNEL = 3", "KERNEL = 5", False),
        (jamming.EXPERIMENT, gaps.__module__, "def gaps(", "# words\n\n\ndef gaps(", True),
        (jamming.EXPERIMENT, gaps.__module__, "return ", "return 2 * ", False),
        (jamming.EXPERIMENT, soft_hinge.__module__, "BETA = 20.0", "BETA = 10.0", False),
        (jamming.EXPERIMENT, minimum_norm.__module__, "def minimum_norm(", "def minimum_norm(x, ", True),
        (jamming.EXPERIMENT, minimum_norm.__module__, "def min", "torch.manual_seed(1)\n\n\ndef min", False),
    ],
)
def test_an_edit_of_the_library(experiment, module, old, new, same, changed):
    before, other = fingerprint(experiment), text(module).replace(old, new, 1)
    assert other != text(module)
    assert (changed(experiment, module, other) == before) is same


def test_every_definition_that_is_reached_counts_and_no_other(changed):
    """Something more in each function, class and constant of the library in turn."""
    experiment, before = packings.EXPERIMENT, parts(packings.EXPERIMENT)
    count = 0
    for module in [*before, picture.__module__]:
        lines = text(module).splitlines() if module != OWN else []
        for node in ast.parse("\n".join(lines)).body:
            names = (
                {node.name}
                if hasattr(node, "name")
                else {t.id for t in getattr(node, "targets", ()) if hasattr(t, "id")}
            )
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                more = [*lines[: node.end_lineno], "    7", *lines[node.end_lineno :]]
            elif isinstance(node, ast.Assign) and names:
                more = [*lines[: node.lineno - 1], f"{max(names)} = 7", *lines[node.lineno - 1 :]]
            else:
                continue
            same = changed(experiment, module, "\n".join(more)) == fingerprint_of(before)
            assert same == (not names & set(before.get(module, ()))), (module, names)
            count += 1
        if lines:
            assert changed(experiment, module, text(module)) == fingerprint_of(before)
    assert count > 40


def fingerprint_of(used):
    return _modules.digest(sorted((name, sorted(part.items())) for name, part in used.items()))


# Workers


def test_a_worker_with_other_code_is_told_which(changed):
    experiment, expected = jamming.EXPERIMENT, parts(jamming.EXPERIMENT)
    assert differences(experiment, expected) == []
    losses = soft_hinge.__module__
    changed(experiment, losses, text(losses).replace("BETA = 20.0", "BETA = 10.0"))
    assert differences(experiment, expected) == [losses]
    assert differences(experiment, {**expected, OWN: {}}) == [
        "landscape_lib.experiments.jamming",
        losses,
    ]


def test_a_function_that_travels_by_value_is_compared_by_what_it_calls(changed):
    expected = parts(jamming.EXPERIMENT)
    travelled = type(cheap.logged)(cheap.logged.__code__, {}, "logged")
    travelled.__module__ = "a module that is only with the client"
    travelled.__code__ = travelled.__code__.replace(co_filename="/nowhere.py")
    with pytest.raises(ValueError, match="is not to be found, and a store must know which code made a point"):
        parts(travelled)
    assert differences(travelled, expected) == []
    assert differences(travelled, {**expected, "landscape_lib.nets": {"MLP": "other"}}) == ["landscape_lib.nets"]
    travelled.__module__ = "__main__"  # which is another one where a worker runs
    assert differences(travelled, expected) == []
    assert differences(travelled, {**expected, "nowhere": {"lost": "1"}}) == ["nowhere"]


def test_newer_pythons_fields_do_not_count():
    """3.12 gave functions type parameters, 3.13 leaves empty fields out of its dumps."""
    tree = ast.parse("def f(x):\n    return x")
    plain = _modules.shape(tree)
    tree.body[0].type_params = []
    tree.body[0]._fields = tuple(dict.fromkeys((*tree.body[0]._fields, "type_params")))
    assert _modules.shape(tree) == plain


# Where a function is typed in


@pytest.fixture
def typed(monkeypatch):
    """Run lines as a session does, which keeps their text for tracebacks."""
    session = types.ModuleType("a session")
    monkeypatch.setitem(sys.modules, session.__name__, session)
    vars(session)["__name__"] = session.__name__

    def typed(text):
        file = f"<cell {len(linecache.cache)}>"
        monkeypatch.setitem(linecache.cache, file, (len(text), None, text.splitlines(True), file))
        exec(compile(text, file, "exec"), vars(session))
        return vars(session)["experiment"]

    return typed


CELLS = """
import numpy as np
from landscape_lib.report import claim, explore
from landscape_lib.training import gd as descent
from landscape_lib.measure import jamming
depth, unused = (3, [1, 2]), 4
class Net:
    def size(self): return depth
def grow(x): return x + 1
half = lambda x: x / 2
def experiment(x): return [{"x": grow(x) + half(Net().size()[0]), "g": jamming.gaps(descent)}]
"""


@pytest.mark.parametrize(
    "again, same",
    [
        ("unused = 5", True),
        ("def other(x): return grow(x)", True),
        ("depth = (3, [1, 2])", True),
        ("depth = (3, [1, 3])", False),
        ("def grow(x): return x + 2", False),
        ("half = lambda x: x / 3", False),
        ("from landscape_lib.training import adam as descent", False),
        ("class Net:\n    def size(self): return depth * 2", False),
        ("import math as jamming", False),
    ],
)
def test_a_function_that_was_typed_in_counts_with_what_it_uses(again, same, typed):
    before = fingerprint(experiment := typed(CELLS))
    assert {"gd"} <= set(parts(experiment)[gd.__module__])
    assert "gaps" in parts(experiment)["landscape_lib.measure.jamming"]
    assert (fingerprint(typed(again)) == before) is same


def test_what_cannot_be_compared_is_refused(typed):
    with pytest.raises(ValueError, match="experiment uses lock, a lock, and a store must know whether it is the same"):
        parts(typed("import threading\nlock = threading.Lock()\ndef experiment(x): return lock"))


# Notebooks


def test_a_notebook_depends_on_what_its_cells_use():
    used = notebook_parts(
        ["from landscape_lib.report import claim\nfrom landscape_lib.measure import jamming", "jamming.gaps; claim"]
    )
    assert "gaps" in used["landscape_lib.measure.jamming"] and "transition" not in used["landscape_lib.measure.jamming"]
    assert claim.__module__ in used and explore.__module__ not in used
    assert {"page/cards.css", "page/cards.js"} <= set(used["landscape_lib.report"])
    assert "CNN" not in used.get("landscape_lib.nets", {})


@pytest.mark.parametrize(
    "cells, same",
    [
        (["import landscape_lib.nets as nets\nx = nets.MLP  # words", "y = 1"], True),
        (["import landscape_lib.nets as nets\nx = nets.MLP", "y = 2"], False),
        (["import landscape_lib.nets as nets\nx = nets.CNN", "y = 1"], False),
    ],
)
def test_words_in_a_notebook_do_not_count(cells, same):
    before = notebook_parts(["import landscape_lib.nets as nets\nx = nets.MLP", "y = 1"])
    assert (notebook_parts(cells) == before) is same
    assert "MLP" in before["landscape_lib.nets"] and "CNN" not in before["landscape_lib.nets"]


@pytest.mark.parametrize(
    "cell",
    [
        "%timeit nets.MLP(1, 1, 1)",
        "%%time\nnets.MLP(1, 1, 1)",
        "x = %timeit -o nets.MLP(1, 1, 1)",
        "if 1:\n    !echo {nets.MLP}",
        "nets.MLP?",
        "%%capture out\nfor x in !ls\nnets.MLP",
        "from landscape_lib.nets import *\nMLP",
        "display(nets.MLP)",
        "getattr(nets, 'ML' + 'P')",
    ],
)
def test_lines_for_ipython_are_borne(cell):
    used = notebook_parts(["import landscape_lib.nets as nets", cell])
    assert "MLP" in used[MLP.__module__]
